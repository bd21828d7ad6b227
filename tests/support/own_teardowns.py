"""Teardowns of seats with accounts of their own, and what all of these accounts hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud import process
from tests.support import adversary
from tests.support.account_snapshots import Held, changed
from tests.support.adversary import Attempt
from tests.support.adversary_arena import at_once_in
from tests.support.attendee_resources import IMAGE, PROVEN
from tests.support.direct_calls import QuickClients, lines_to
from tests.support.local_cloud import TRUST
from tests.support.own_accounts import REGION, WORKSHOP, OwnAccounts
from tests.support.played_time import played_waits
from tests.support.sessions import Maker, Session
from tests.support.stacksets import HANDLE
from tests.support.workshop_command import Ran
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.naming import ALONE, Names
from workshop.teardown.events import TeardownEvent
from workshop.teardown.run import Teardown

Hear = Callable[[TeardownEvent], object]

APPLY = ("--apply", "--yes", WORKSHOP, "--interval", "0")


def held(own: OwnAccounts, accounts: Iterable[str] = ()) -> dict[str, Held]:
    """Return all that the accounts hold now, those of the seats unless others are named."""
    found = {}
    for account in accounts or [own.account(seat) for seat in own.seats]:
        asked = {"account": account, "region": REGION, "by_seats": False}
        found[account] = process.post(own.cloud.running, "/_localcloud/held", asked)
    return found


def touched(before: Mapping[str, Held], after: Mapping[str, Held]) -> dict[str, set[str]]:
    """Return what is not as it was, by account, but for what each account's own watch logs."""
    found = {
        account: {
            what
            for what in changed(before[account], after[account])
            if not what.startswith("LogStream /aws/lambda/vision-cohort-watch:")
        }
        for account in before
    }
    return {account: some for account, some in found.items() if some}


@contextmanager
def quick(own: OwnAccounts, hear: Hear = lambda _: None) -> Iterator[None]:
    """Let commands call by the shortest way, play their waits, and tell ``hear`` what happens."""

    def made(loaded: LoadedEnvironment) -> Clients:
        lines = lines_to(own.cloud.running)
        return QuickClients(
            lines, loaded.home, role=loaded.member_role, external_id=loaded.external_id
        )

    def teardown(clients: Any, target: Any, types: Any, sink: Any, **more: Any) -> Teardown:
        def heard(event: TeardownEvent) -> None:
            sink(event)
            hear(event)

        return Teardown(
            clients, target, types, heard, **{**more, **played_waits(own.cloud, deadline=60)}
        )

    with (
        at_once_in(own.cloud),
        mock.patch.object(Clients, "of", made),
        mock.patch("workshop.teardown.session.Teardown", teardown),
    ):
        yield


def planned(own: OwnAccounts, *options: str) -> Ran:
    """``workshop teardown``, to plan alone."""
    with quick(own):
        return own.run("teardown", "--early", *options)


def taken_down(own: OwnAccounts, *options: str, hear: Hear = lambda _: None) -> Ran:
    """``workshop teardown`` twice, to plan and to apply."""
    shown = planned(own, *options)
    assert shown.code == 0, shown.err
    with quick(own, hear):
        return own.run("teardown", "--early", *options, *APPLY)


def report(own: OwnAccounts) -> dict[str, Any]:
    """Return what the last teardown wrote."""
    files = (own.folder / ".workshop/vision").glob("teardown-2*.json")
    # Of two in one second the later is called as the other, with a number.
    last = max(files, key=lambda path: path.stem)
    newest: dict[str, Any] = json.loads(last.read_text())
    return newest


def handed_back(own: OwnAccounts) -> dict[str, str]:
    """Return how the last teardown hands back the account of each seat."""
    return {one["seat"]: one["handed_back"] for one in report(own)["accounts"]}


def at_work(own: OwnAccounts, seat: str, *tries: Attempt) -> list[str]:
    """Let a seat make everything in its own account that its role allows; the refusals' codes.

    ``tries`` go beyond that: they aim at names of others.
    """
    names = Names(WORKSHOP, ALONE, own.account(seat), REGION)
    person = adversary.seat(names, ALONE)
    session = Session(own.cloud.endpoint)
    session.sign_in(**process.role_credentials(own.cloud.running, names.role_arn))
    hand = Maker(
        *(session, names, names.role_arn, names.job_prefix),
        tags=person.tags,
        forced=person.tags,
    )
    codes: list[str] = []
    for make in MAKES:
        try:
            make(hand)
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    def call(service: str, operation: str, request: dict[str, Any]) -> Any:
        return getattr(session.client(service), xform_name(operation))(**request)

    for one in tries:
        codes += adversary.attempts(person, one, call)
    return codes


MAKES = [make for name, make in PROVEN.items() if name not in ("automl", "transform")]
"""What AWS can delete of all that attendees make."""


def owners(own: OwnAccounts, seat: str) -> None:
    """Let the owner of a seat's account have things of their own there, with names alike."""
    own.within("s3", seat).create_bucket(Bucket=f"fraud-prod-data-{own.account(seat)}")
    sagemaker, iam = own.within("sagemaker", seat), own.within("iam", seat)
    role = iam.create_role(RoleName="fraud-prod", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = role["Role"]["Arn"]
    for name in ("fraud-prod", "vision-data-science-x"):
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=arn, PrimaryContainer={"Image": IMAGE}
        )
    own.within("cloudformation", seat).create_stack(
        StackName="StackSet-fraud-prod", TemplateBody=HANDLE
    )
