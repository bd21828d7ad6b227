"""Whatever seats try in accounts of their own, and however StackSets is let in: both invariants."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support import adversary, own_teardowns
from tests.support.account_snapshots import Held
from tests.support.adversary import Attempt
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import SETTINGS, OwnAccounts, founded, organiser_key
from tests.support.own_teardowns import handed_back, held, taken_down, touched
from tests.support.stacksets import EXECUTION
from tests.support.teardown_runs import RECORDS
from tests.support.teardown_workshop import QUIET
from workshop.policies.data import JOB_GROUPS

EMPTY = "handed back empty"


@pytest.fixture
def own(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Three seats with an account each, whose owners have things of their own there."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, key=organiser_key(enforcing))
    enforcing.delays(**QUIET)
    for seat in made.seats:
        own_teardowns.owners(made, seat)
    return made


def everything(number: int) -> list[Attempt]:
    """Every operation that changes something, once each, about names that are drawn."""
    drawn = random.Random(number)  # noqa: S311 - draws requests, guards nothing
    tries = [
        Attempt(
            service,
            operation,
            name=drawn.randrange(1000),
            ref=drawn.randrange(1000),
            deep=drawn.randrange(1000),
            extra=drawn.randrange(1000),
            first=drawn.random() < 0.5,
            tagged=drawn.random() < 0.7,
        )
        for service in adversary.SERVICES
        for operation in adversary.changing(service)
    ]
    drawn.shuffle(tries)
    return tries


@pytest.mark.long
@pytest.mark.parametrize("number", range(3))
def test_nothing_foreign_is_touched_and_empty_means_empty(own: OwnAccounts, number: int) -> None:
    """Ada and ben try all there is, in accounts of which each is one's own; cleo does nothing."""
    before = held(own)
    own.deploy()
    for place, seat in enumerate(("ada", "ben")):
        own_teardowns.at_work(own, seat, *everything(10 * number + place))
    worked = held(own)
    foreign = {
        account: {what: is_ for what, is_ in worked[account].items() if what in before[account]}
        for account in worked
    }
    done = taken_down(own, "--include-claimed")
    after = held(own)
    for account, some in foreign.items():
        kept = {what: after[account].get(what) for what in some}
        assert not touched({account: some}, {account: kept})
    hands = handed_back(own)
    assert hands["cleo"] == EMPTY
    for seat, how in hands.items():
        account = own.account(seat)
        left = set(lasting(after[account])) - before[account].keys()
        assert (how == EMPTY) == (not left), (seat, how, left)
    assert (done.code == 0) == (set(hands.values()) == {EMPTY})


def lasting(there: Held) -> list[str]:
    """What is there without records of what has ended, and the groups that hold everybody's logs.

    AWS cannot delete the former, and of the latter none is anybody's.
    """
    shared = {f"LogGroup /aws/sagemaker/{group}" for group in (*JOB_GROUPS, "NotebookInstances")}
    return [what for what in there if not what.startswith(RECORDS) and what not in shared]


def workshops(own: OwnAccounts, seat: str) -> set[str]:
    """The workshop's stacks in the account of a seat."""
    return {name for name in own.stacks(seat) if "vision" in name}


@pytest.mark.long
def test_stack_sets_that_are_let_in_by_roles_of_the_accounts(own: OwnAccounts) -> None:
    """Self-managed permissions; from ben's account the role has gone by which StackSets is in."""
    before = held(own)
    own.administrator.may_administer()
    own.administrator.may_execute(*(own.account(seat) for seat in own.seats))
    for seat in own.seats:
        own.within("iam", seat).attach_role_policy(
            RoleName=EXECUTION, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
    mode = "accounts: {mode: ou, permissions: self-managed}"
    own.write(settings=SETTINGS.replace("accounts: {mode: ou, units: [UNIT]}", mode))
    with own_teardowns.quick(own):
        made = own.run("deploy")
    assert made.code == 0, made.out + made.err
    iam = own.within("iam", "ben")
    iam.detach_role_policy(
        RoleName=EXECUTION, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    iam.delete_role(RoleName=EXECUTION)
    done = taken_down(own)
    assert handed_back(own)["ada"] == handed_back(own)["cleo"] == EMPTY
    # All has gone through the organiser's role, but for that role itself.
    assert done.code == 4
    assert workshops(own, "ada") == workshops(own, "cleo") == set()
    assert len(workshops(own, "ben")) == 1
    own.administrator.may_execute(own.account("ben"))
    iam.attach_role_policy(
        RoleName=EXECUTION, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert own.sets() == set()
    left = held(own)
    for account, some in before.items():
        assert not touched(
            {account: some}, {account: {what: left[account].get(what) for what in some}}
        )
