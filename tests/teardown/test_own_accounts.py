"""A teardown of seats with accounts of their own: every account is handed back empty, or named."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import own_teardowns
from tests.support.adversary import Attempt
from tests.support.local_cloud import Cloud, root
from tests.support.organizations import STACKSETS
from tests.support.own_accounts import (
    HOME,
    REGION,
    SETTINGS,
    WORKSHOP,
    OwnAccounts,
    founded,
    organiser_key,
)
from tests.support.own_teardowns import handed_back, held, planned, report, taken_down, touched
from tests.support.stacksets import HANDLE
from tests.support.teardown_runs import Crash
from tests.support.teardown_workshop import QUIET
from tests.support.workshop_command import on_the_path
from workshop import tags
from workshop.ledger import Ledger
from workshop.teardown.events import TeardownEvent, TeardownStep

EMPTY, UNKNOWN, LEFT = "handed back empty", "unknown", "not empty"


@pytest.fixture
def own(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Three seats with an account each, and nothing deployed."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, key=organiser_key(enforcing))
    enforcing.delays(**QUIET)
    return made


TRIES = (
    Attempt("sagemaker", "CreateModel", 1, tagged=False),
    Attempt("sagemaker", "DeleteModel", 3),
    Attempt("sagemaker", "AddTags", 3),
    Attempt("logs", "CreateLogGroup", 1),
    Attempt("s3", "CreateBucket", 1),
    Attempt("s3", "DeleteBucket", 3),
    Attempt("ecr", "CreateRepository", 1),
    Attempt("cloudwatch", "PutMetricAlarm", 1),
)
"""What a seat tries beyond its own names: free ones, and those of the account's owner."""


def test_every_account_is_as_it_was_before_the_workshop(own: OwnAccounts) -> None:
    """Ada makes all that she may, and ben has left roster and file; owners keep what they have."""
    for seat in own.seats:
        own_teardowns.owners(own, seat)
    before = held(own)
    own.deploy()
    own_teardowns.at_work(own, "ada", *TRIES)
    everybody = own.seats
    own.seats = ("ada", "cleo")
    own.assign()
    own.seats = ("ada",)
    own.write()
    assert own.run("leftovers").code == 4
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    own.seats = everybody
    assert not touched(before, held(own))
    assert own.sets() == set()
    assert handed_back(own) == dict.fromkeys(("ada", "cleo", own.account("ben")), EMPTY)
    assert "accounts of seats: 3 handed back empty" in done.out
    gone = Ledger("vision", own.folder / ".workshop").gone_from()
    assert gone >= {own.place(seat) for seat in everybody}
    # Another seat may have the account of one that left; ada keeps hers.
    assert own.loaded().assignment.seat_of == {own.account("ada"): "ada"}
    assert own.account("cleo") in own.loaded().assignment.free
    # Nobody can look into them any more, and nothing tells of anything there.
    left = own.run("leftovers")
    assert left.code == 0, left.out + left.err
    assert "not looked at: 1 account, handed back empty before" in left.err
    again = taken_down(own)
    assert again.code == 0, again.out + again.err


def test_accounts_that_nobody_can_look_into_are_unknown_and_named(own: OwnAccounts) -> None:
    """Ada's account is closed, ben's has lost the organiser's role; cleo's goes as it should."""
    own.deploy()
    own.organization.client.close_account(AccountId=own.account("ada"))
    lose_the_way_into(own, "ben")
    ben = held(own, [own.account("ben")])
    done = taken_down(own)
    assert done.code == 4
    assert handed_back(own) == {"ada": UNKNOWN, "ben": UNKNOWN, "cleo": EMPTY}
    assert "account {} is closed (SUSPENDED)".format(own.account("ada")) in done.out
    assert "nobody can look into account {}".format(own.account("ben")) in done.out
    assert done.out.splitlines()[-1].startswith("NOT PROVEN")
    assert own.stacks("cleo") == set()
    assert not touched(ben, held(own, [own.account("ben")]))
    assert "vision-seat-storage-attendee" in own.sets()
    # Whoever goes on without them has them named, and the sets gone; what is there stays.
    accepted = [own.account(seat) for seat in ("ada", "ben")]
    options = [word for account in accepted for word in ("--accept-unknown", account)]
    done = taken_down(own, *options)
    assert done.code == 0, done.out + done.err
    assert set(handed_back(own).values()) == {"not looked at, as was asked", EMPTY}
    assert done.out.splitlines()[-1].startswith("gone, but for account ")
    assert own.sets() == set()
    assert not touched(ben, held(own, [own.account("ben")]))
    # That was for once: who asks again is told again.
    assert taken_down(own).code == 4


def test_who_can_look_again_with_what_the_message_says(own: OwnAccounts) -> None:
    """The organiser's role is gone from ben's account: what is told to have it again is run.

    A deployment makes it again, until the workshop is over; from then on, the AWS CLI does.
    """
    own.deploy("ben")
    own.write(settings=SETTINGS.replace("2099-12-31", "2026-01-02"))
    lose_the_way_into(own, "ben")
    shown = planned(own, "--only", "ben")
    told = shown.err.partition("have it made again with: ")[2]
    delete, _, rest = told.partition(", and once that has ended: ")
    create, _, rest = rest.partition(", or look with credentials of its own: ")
    organiser, own.key = own.key, key_of(own, "ben")
    look = shlex.split(rest.splitlines()[0])
    assert look[:4] == ["workshop", "leftovers", "-e", "vision"]
    left = own.run("leftovers", *look[4:])
    assert left.code == 4
    assert "vision-seat-storage" in left.out
    own.key = organiser
    for command in (delete, create):
        words = shlex.split(command)
        assert words[0] == "aws"
        words[0] = str(on_the_path() / "aws")
        ran = subprocess.run(words, env=own.variables(), check=True, timeout=120)
        assert ran.returncode == 0
        settled(own, "vision-cohort-organiser-attendee")
    assert "nobody can look into" not in planned(own, "--only", "ben").err
    own.write()
    lose_the_way_into(own, "ben")
    told = planned(own, "--only", "ben").err.partition("let you in, with: ")[2]
    deploy = shlex.split(told.partition(", or look with")[0])
    assert deploy == ["workshop", "deploy", "-e", "vision", "--only", "ben"]
    with own_teardowns.quick(own):
        made = own.run("deploy", *deploy[4:])
    assert made.code == 0, made.out + made.err
    done = taken_down(own, "--only", "ben")
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(
    "begins", [pytest.param("scanning twice", marks=pytest.mark.long), "vision-cohort-organiser"]
)
def test_stack_sets_that_cannot_be_listed_are_none_that_are_gone(
    own: OwnAccounts, begins: str
) -> None:
    """Nobody may list them any more while it is verified, or while the last stacks go."""
    own.deploy("ada")

    def hear(event: TeardownEvent) -> None:
        if event.message.startswith(begins):
            own.cloud.faults({"effect": "denied", "operation": "cloudformation:ListStackSets"})

    done = taken_down(own, hear=hear)
    assert done.code == 4, done.out + done.err
    assert "stack set" in done.out
    own.cloud.faults()
    assert own.sets() != set()
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert own.sets() == set()


def test_whom_the_organization_keeps_out_is_sent_to_its_policies(own: OwnAccounts) -> None:
    own.deploy("ada")
    account = own.account("ada")
    own.cloud.faults(
        {
            "effect": "denied",
            "policy": "organization",
            "operation": "sts:AssumeRole",
            "match": f"arn:aws:iam::{account}:*",
        }
    )
    shown = planned(own)
    assert f"nobody can look into account {account} (AssumeRole: AccessDenied" in shown.err
    assert "have the organization's policies let you in, and run this again" in shown.err


def key_of(own: OwnAccounts, seat: str) -> tuple[str, str]:
    """Return access key and secret of a seat's account."""
    given = root(own.cloud.running, own.account(seat))
    return given["aws_access_key_id"], given["aws_secret_access_key"]


def settled(own: OwnAccounts, name: str) -> None:
    """Wait until the operations of a stack set have ended."""
    for one in own.administrator.client.list_stack_set_operations(StackSetName=name)["Summaries"]:
        own.administrator.settled(one["OperationId"], name)


def lose_the_way_into(own: OwnAccounts, seat: str) -> None:
    """Let somebody delete the organiser's role in the account of a seat."""
    iam = own.within("iam", seat)
    name = "vision-cohort-organiser"
    for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    iam.delete_role(RoleName=name)


def test_an_account_that_denies_keeps_what_it_has_and_the_way_in(own: OwnAccounts) -> None:
    """Nobody may read ada's jobs, nor use S3 in ben's account; cleo's dashboard cannot go."""
    own.deploy()
    denied = {"effect": "denied", "policy": "organization"}
    own.cloud.faults(
        {**denied, "operation": "sagemaker:ListTrainingJobs", "account": own.account("ada")},
        {**denied, "operation": "s3:*", "account": own.account("ben")},
        {
            "effect": "handler",
            "type": "AWS::CloudWatch::Dashboard",
            "action": "delete",
            "code": "AccessDenied",
            "account": own.account("cleo"),
        },
    )
    done = taken_down(own)
    assert done.code == 4
    assert handed_back(own) == {"ada": LEFT, "ben": LEFT, "cleo": LEFT}
    assert "training jobs could not be listed" in done.out
    for seat in own.seats:
        assert "vision-cohort-organiser" in " ".join(own.stacks(seat))
    name = "vision-seat-monitoring-attendee"
    instance = own.administrator.instances(name)[(own.account("cleo"), REGION)]
    assert instance["Status"] == "INOPERABLE"
    own.cloud.faults()
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert own.sets() == own.stacks("ada") == own.stacks("ben") == own.stacks("cleo") == set()


def test_what_only_claims_to_be_of_the_workshop_stays_and_is_named(own: OwnAccounts) -> None:
    """The owner of ada's account has a stack called and tagged like a seat's, and a tagged group.

    No stack set made that one.
    """
    claim = tags.seat_tags(
        workshop=WORKSHOP, environment=WORKSHOP, attendee="seat", profile="attendee", extra={}
    )
    pairs = [{"Key": key, "Value": value} for key, value in claim.items()]
    own.within("cloudformation", "ada").create_stack(
        StackName="vision-seat-storage", TemplateBody=HANDLE, Tags=pairs
    )
    own.within("logs", "ada").create_log_group(logGroupName="theirs", tags=claim)
    before = held(own)
    own.deploy()
    shown = planned(own)
    assert "no stack set of the workshop's has made it" in shown.out + shown.err
    done = taken_down(own)
    assert done.code == 4
    assert handed_back(own) == {"ada": LEFT, "ben": EMPTY, "cleo": EMPTY}
    after = held(own)
    for account, kept in before.items():
        assert {what: after[account].get(what) for what in kept} == kept
    done = taken_down(own, "--include-claimed")
    assert "vision-seat-storage" not in own.stacks("ada")


@pytest.mark.long
def test_accounts_are_used_again(own: OwnAccounts) -> None:
    """What was handed back is deployed again, and taken away again."""
    for _ in range(2):
        with own_teardowns.quick(own):
            made = own.run("deploy")
        assert made.code == 0, made.out + made.err
        assert own.stacks("ada")
        done = taken_down(own)
        assert done.code == 0, done.out + done.err
        assert set(handed_back(own).values()) == {EMPTY}
        assert own.sets() == own.stacks("ada") == set()


def test_one_seat_alone_is_torn_down(own: OwnAccounts) -> None:
    own.deploy()
    others = held(own, [own.account("ben"), own.account("cleo")])
    done = taken_down(own, "--only", "ada")
    assert done.code == 0, done.out + done.err
    assert handed_back(own) == {"ada": EMPTY}
    assert own.stacks("ada") == set()
    assert not touched(others, held(own, others))
    assert "vision-cohort-organiser-attendee" in own.sets()
    assert report(own)["only"] == ["ada"]


def test_the_account_of_a_seat_that_stays_is_given_up_once_it_is_empty(own: OwnAccounts) -> None:
    """Whoever asks for another account before is told what hands this one back."""
    first = own.account("ada")
    own.organization.add_member("extra", "seats")
    own.deploy("ada")
    refused = own.run("accounts", "--write", "--replace", "ada")
    assert refused.code == 2
    assert f"account {first} of ada is in use as far as is known" in refused.err
    cure = refused.err.partition("hand it back empty with: ")[2].partition(", and run this")[0]
    assert cure == "workshop teardown -e vision --early --only ada"
    done = taken_down(own, "--only", "ada")
    assert done.code == 0, done.out + done.err
    given = own.run("accounts", "--write", "--replace", "ada")
    assert given.code == 0, given.out + given.err
    after = own.loaded().assignment
    assert (after.by_seat["ada"], after.free) == (own.account("extra"), (first,))
    # What came since counts: whoever has stacks again keeps the account.
    own.deploy("ada")
    assert own.run("accounts", "--replace", "ada").code == 2


def test_a_role_that_the_yaml_names_is_the_way_in_and_stays(own: OwnAccounts) -> None:
    own.write(settings=SETTINGS.replace("units: [UNIT]", "units: [UNIT], role: LabAdministrator"))
    for seat in own.seats:
        own.let_in(seat, "LabAdministrator")
    before = held(own)
    own.deploy("ada", "ben")
    assert "vision-cohort-organiser-attendee" not in own.sets()
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert set(handed_back(own).values()) == {EMPTY}
    assert own.sets() == set()
    assert not touched(before, held(own))


def test_a_delegated_administrator_takes_down_what_it_deployed(own: OwnAccounts) -> None:
    """The sets are the management account's, whoever calls, and cleo was never deployed."""
    own.organization.add_unit("staff")
    deputy = own.organization.add_member("deputy", "staff")
    given = root(own.cloud.running, deputy)
    own.key = (given["aws_access_key_id"], given["aws_secret_access_key"])
    units = "units: [UNIT], delegated_administrator: true"
    own.write(settings=SETTINGS.replace(HOME.account, deputy).replace("units: [UNIT]", units))
    own.organization.client.register_delegated_administrator(
        AccountId=deputy, ServicePrincipal=STACKSETS
    )
    before = held(own)
    with own_teardowns.quick(own):
        made = own.run("deploy", "--only", "ada,ben")
    assert made.code == 0, made.out + made.err
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    ends = handed_back(own)
    assert (ends["ada"], ends["ben"]) == (EMPTY, EMPTY)
    assert own.sets() == set()
    assert not touched(before, held(own))


def test_what_each_made_is_saved_by_seat_though_all_are_called_alike(
    own: OwnAccounts, tmp_path: Path
) -> None:
    own.deploy("ada", "ben")
    for seat in ("ada", "ben"):
        bucket = f"vision-seat-data-{own.account(seat)}-{REGION}"
        own.within("s3", seat).put_object(Bucket=bucket, Key="result.txt", Body=seat.encode())
    done = taken_down(own, "--only", "ada,ben", "--save-to", str(tmp_path / "saved"))
    assert done.code == 0, done.out + done.err
    found = {file.read_text(): file for file in (tmp_path / "saved").rglob("result.txt")}
    assert {seat: seat in file.parts for seat, file in found.items()} == {"ada": True, "ben": True}


@pytest.mark.long
def test_of_fifty_accounts_each_is_empty_or_named(enforcing: Cloud, tmp_path: Path) -> None:
    """One is closed, one denies, one is full of an attendee's things, one has lost the way in."""
    enforcing.reset()
    enforcing.delays(**QUIET)
    seats = tuple(f"s{number:02}" for number in range(50))
    own = founded(enforcing, tmp_path, *seats, key=organiser_key(enforcing))
    closed, denying, full, lost = seats[:4]
    for seat in (full, lost):
        own_teardowns.owners(own, seat)
    before = held(own)
    own.deploy()
    own_teardowns.at_work(own, full, *TRIES)
    own.organization.client.close_account(AccountId=own.account(closed))
    lose_the_way_into(own, lost)
    kept = held(own, [own.account(lost)])
    denied = {"effect": "denied", "policy": "organization", "operation": "sagemaker:*"}
    own.cloud.faults({**denied, "account": own.account(denying)})
    done = taken_down(own)
    assert done.code == 4
    others = {closed: UNKNOWN, denying: LEFT, lost: UNKNOWN}
    assert handed_back(own) == {seat: others.get(seat, EMPTY) for seat in seats}
    assert "47 handed back empty, 1 not empty, 2 unknown" in done.out
    assert not touched(kept, held(own, kept))
    empty = {own.account(seat) for seat in seats if seat not in others}
    assert not touched({account: before[account] for account in empty}, held(own, empty))
    # The one denies no more, and nobody asks for the other two.
    own.cloud.faults()
    given_up = [word for seat in (closed, lost) for word in ("--accept-unknown", own.account(seat))]
    done = taken_down(own, *given_up)
    assert done.code == 0, done.out + done.err
    assert own.sets() == set()
    account = own.account(denying)
    assert not touched({account: before[account]}, held(own, [account]))
    calls = report(own)["calls"]
    assert calls["cloudformation:DeleteStackInstances"] < 50
    assert sum(calls.values()) < 600 * len(seats)


DEATHS = ((TeardownStep.FREEZE, ""), (TeardownStep.STACKS, "vision-seat-storage"))
MORE_DEATHS = (
    (TeardownStep.FREEZE, ""),
    (TeardownStep.STOP, ""),
    *((TeardownStep.STACKS, f"vision-seat-{kind}") for kind in ("monitoring", "notebook")),
    *((TeardownStep.STACKS, f"vision-seat-{kind}") for kind in ("registry", "storage", "access")),
    *((TeardownStep.STACKS, f"vision-cohort-{kind}") for kind in ("watch", "cohort", "start")),
    (TeardownStep.VERIFY, ""),
    (TeardownStep.STACKS, "vision-cohort-organiser"),
)


@pytest.mark.parametrize(
    "deaths", [(*DEATHS, MORE_DEATHS[-1]), pytest.param(MORE_DEATHS, marks=pytest.mark.long)]
)
def test_a_process_may_die_anywhere_and_the_next_goes_on(
    own: OwnAccounts, deaths: tuple[tuple[TeardownStep, str], ...]
) -> None:
    """Once an operation was begun, nobody waits for it; the last one takes the way in away."""
    before = held(own)
    own.deploy()
    for step, begins in deaths:

        def hear(event: TeardownEvent, step: TeardownStep = step, begins: str = begins) -> None:
            if event.step == step and event.message.startswith(begins):
                raise Crash

        with pytest.raises(Crash):
            taken_down(own, hear=hear)
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert own.sets() == set()
    assert not touched(before, held(own))
    assert set(handed_back(own).values()) == {EMPTY}


@pytest.mark.long
def test_a_sweep_leaves_the_workbenches(own: OwnAccounts) -> None:
    own.deploy()
    stacks = {seat: own.stacks(seat) for seat in own.seats}
    own_teardowns.at_work(own, "ada")
    with own_teardowns.quick(own):
        shown = own.run("sweep")
        assert shown.code == 0, shown.err
        done = own.run("sweep", "--apply", "--yes", WORKSHOP)
    assert done.code == 0, done.out + done.err
    assert {seat: own.stacks(seat) for seat in own.seats} == stacks
    jobs = own.within("sagemaker", "ada").list_training_jobs()["TrainingJobSummaries"]
    assert [one["TrainingJobStatus"] for one in jobs] in ([], ["Stopped"] * len(jobs))
    assert not own.within("sagemaker", "ada").list_endpoints()["Endpoints"]
