"""Where each seat has an account of its own: what another account has, and what is new in its own.

The rows are asked of both policy engines, over the templates of the stack sets, and some are tried
with the role of a seat on a local cloud that enforces IAM.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support import own_accounts, own_teardowns, simulation
from tests.support.local_cloud import started
from tests.support.own_accounts import OwnAccounts, organiser_key
from tests.support.sessions import Session
from workshop.access import matrix
from workshop.access.permissions import OTHER_SIDE, AccessDecision, EffectivePermissions, cell
from workshop.config.profiles import Profile
from workshop.naming import ALONE, Names

PROFILE = "attendee"
ACCOUNTS = ("222222222222", "333333333333")
ME, OTHER = (Names(own_accounts.WORKSHOP, ALONE, one, own_accounts.REGION) for one in ACCOUNTS)
ON_THE_OTHER_SIDE = (
    *("sagemaker:*", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:CreateRepository"),
)
"""What a seat's own policies allow of another account: its tags are its own there as well."""


@pytest.fixture(scope="module")
def profile() -> Profile:
    return own_accounts.exemplar().loaded.settings.profiles[PROFILE]


@pytest.fixture(scope="module")
def asked(profile: Profile) -> EffectivePermissions:
    return cell(ME, profile, own_accounts.exemplar().loaded.settings)


def decided(
    asked: EffectivePermissions, profile: Profile, *, shared: bool
) -> dict[str, AccessDecision]:
    """The decisions about what another account has, by the action."""
    return {
        f"{case.action} {case.about}": asked.decide(
            replace(case.question(ME, OTHER), shared=shared)
        )
        for case in matrix.denied(profile, own_account=True)
        if case.foreign
    }


def test_two_engines_say_of_every_row_what_the_table_says(
    asked: EffectivePermissions, profile: Profile
) -> None:
    role = simulation.role(own_accounts.exemplar(), ALONE, ME, profile=PROFILE)
    told, questions = [], []
    for expected in (True, False):
        some = (matrix.allowed if expected else matrix.denied)(profile, own_account=True)
        for case in some:
            told.append((case.about, case.action, expected))
            questions.append(case.question(ME, OTHER))
    answers = simulation.ask([role.simulation(one) for one in questions])
    wrong = [
        (*row, ours, answer)
        for row, question, answer in zip(told, questions, answers, strict=True)
        if not (row[-1] == (ours := asked.decide(question).allowed) == (answer == "Allowed"))
        or answer.startswith("error")
    ]
    assert wrong == []


def test_what_another_account_has_is_kept_by_two_sides_and_mostly_by_the_seats_own(
    asked: EffectivePermissions, profile: Profile
) -> None:
    """Were it shared, a seat could use what services know by its tags, and pull images."""
    kept, were_it_shared = (decided(asked, profile, shared=one) for one in (False, True))
    assert len(kept) > 80
    assert not any(one.allowed for one in kept.values())
    open_ones = {what for what, one in were_it_shared.items() if one.allowed}
    assert {what for what, one in kept.items() if one.document == OTHER_SIDE} == open_ones
    strange = [
        what
        for what in open_ones
        if not any(fnmatchcase(what.split()[0], one) for one in ON_THE_OTHER_SIDE)
    ]
    assert open_ones
    assert strange == []


def test_a_row_that_only_names_a_neighbour_is_not_asked_where_all_have_one_name(
    profile: Profile,
) -> None:
    """A tag of a neighbour is one's own there; what is in the other account keeps its account."""
    rows = matrix.denied(profile, own_account=True)
    assert not [case for case in rows if case.names_neighbour and not case.foreign]
    for case in rows:
        question = case.question(ME, OTHER)
        mine = f":{ME.account}:" in question.resource or question.resource.startswith(
            ME.bucket_arn("data")
        )
        assert not (case.foreign and mine), case
    known: list[Any] = [case.about for case in matrix.denied(profile)]
    assert "takes on the organiser's role" not in known
    assert "takes on the organiser's role" in [case.about for case in rows]


SHARED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ORGANISER_ROLE = "vision-cohort-organiser"
REFUSALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAccounts]:
    """Ada and ben, each in an account of a local cloud that enforces IAM."""
    with started(tmp_path_factory.mktemp("cloud"), enforce_iam=True) as cloud:
        folder = tmp_path_factory.mktemp("own")
        made = own_accounts.founded(cloud, folder, "ada", "ben", key=organiser_key(cloud))
        made.deploy()
        yield made


def names_of(own: OwnAccounts, seat: str) -> Names:
    return Names(own_accounts.WORKSHOP, ALONE, own.account(seat), own_accounts.REGION)


def stack_of(own: OwnAccounts, seat: str, kind: str) -> str:
    (name,) = (one for one in own.stacks(seat) if f"-{kind}-" in one)
    return name


def refusal(call: Callable[..., Any], **request: Any) -> str:
    try:
        answer = call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return f"allowed: {answer}"


def tried(own: OwnAccounts) -> Iterator[tuple[str, str]]:
    """What ada tries by force, and how it is refused; all that can name another account does."""
    mine, theirs = names_of(own, "ada"), names_of(own, "ben")
    session = Session(own.cloud.endpoint)
    session.sign_in(**process.role_credentials(own.cloud.running, mine.role_arn))
    s3, ecr, sts = (session.client(one) for one in ("s3", "ecr", "sts"))
    iam, stacks = session.client("iam"), session.client("cloudformation")
    bucket, image = theirs.bucket("data"), {"imageTag": "1"}
    repository = {"repositoryName": theirs.repository("training"), "registryId": theirs.account}
    known = own.loaded().external_id
    organiser = {"RoleName": ORGANISER_ROLE}
    boundary = {"PolicyArn": mine.boundary_arn}
    access = {"StackName": stack_of(own, "ada", "access")}
    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (s3.get_object, {"Bucket": bucket, "Key": "train/a.csv"}),
        (s3.put_object, {"Bucket": bucket, "Key": "train/b.csv", "Body": b"b"}),
        (s3.list_objects_v2, {"Bucket": bucket}),
        (s3.put_bucket_policy, {"Bucket": bucket, "Policy": SHARED}),
        (s3.put_bucket_policy, {"Bucket": mine.bucket("data"), "Policy": SHARED}),
        (ecr.batch_get_image, {**repository, "imageIds": [image]}),
        (ecr.set_repository_policy, {**repository, "policyText": SHARED}),
        (sts.assume_role, {"RoleArn": theirs.role_arn, "RoleSessionName": "ada"}),
        *(
            (
                sts.assume_role,
                {
                    "RoleArn": f"arn:aws:iam::{one.account}:role{one.iam_path}{ORGANISER_ROLE}",
                    "RoleSessionName": "ada",
                    "ExternalId": known,
                },
            )
            for one in (mine, theirs)
        ),
        (iam.update_assume_role_policy, {**organiser, "PolicyDocument": SHARED}),
        (iam.detach_role_policy, {**organiser, "PolicyArn": ADMINISTRATOR}),
        (iam.delete_role, organiser),
        (iam.create_policy_version, {**boundary, "PolicyDocument": SHARED, "SetAsDefault": True}),
        (iam.delete_policy, boundary),
        (iam.delete_role_permissions_boundary, {"RoleName": mine.role}),
        (iam.attach_role_policy, {"RoleName": mine.role, "PolicyArn": ADMINISTRATOR}),
        (stacks.update_stack, {**access, "TemplateBody": "{}"}),
        (stacks.delete_stack, access),
    ]
    for call, request in calls:
        yield call.__name__, refusal(call, **request)


def test_by_force_nothing_of_another_account_nor_of_the_organisers_is_reached(
    own: OwnAccounts,
) -> None:
    """Not even where the owner of the other account opens its bucket to ada's."""
    accounts = [own.account(seat) for seat in own.seats]
    bucket = names_of(own, "ben").bucket("data")
    own.within("s3", "ben").put_object(Bucket=bucket, Key="train/a.csv", Body=b"a")
    before = own_teardowns.held(own, accounts)
    refused = [*tried(own)]
    assert {one for one in refused if one[1] not in REFUSALS} == set()
    assert own_teardowns.touched(before, own_teardowns.held(own, accounts)) == {}
    opened_bucket = {
        "Effect": "Allow",
        "Principal": {"AWS": own.account("ada")},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [opened_bucket]})
    own.within("s3", "ben").put_bucket_policy(Bucket=bucket, Policy=policy)
    opened = [*tried(own)]
    assert [one for one in opened if one[1] not in REFUSALS] == []
    # The organiser's user is let in, by the same call.
    with own.calling():
        assert own.clients().client("sts", own.place("ben")).get_caller_identity()["Account"] == (
            own.account("ben")
        )


def test_the_command_asks_about_another_account_under_the_rosters_ids(own: OwnAccounts) -> None:
    ran = own.run("access matrix", "--json")
    rows = json.loads(ran.out)
    assert [row for row in rows if not row["as_expected"]] == []
    assert ran.code == 0, ran.err
    assert {row["seat"] for row in rows} == {"ada", "me"}
    theirs = [row for row in rows if row["about"] == "stops another account's training job"]
    assert [row["by"] for row in theirs] == ["not shared by that account"] * 2
    names = names_of(own, "ben")
    job, read = names.sagemaker_arn("training-job", "vision-seat-a"), "s3:GetObject"
    tags = ("--tag", "attendee=seat", "--tag", "workshop=vision")
    told = [
        own.run("access explain", "ada", "sagemaker:StopTrainingJob", job, *tags).out,
        own.run("access explain", "ada", read, f"{names.bucket_arn('data')}/a").out,
        own.run("access explain", "ben", read, f"{names.bucket_arn('data')}/a").out,
    ]
    assert told == [
        "denied: the account that has it shares it with nobody\n",
        "denied: no statement allows it\n",
        "allowed by OwnObjects (data)\n",
    ]
