"""Names that the deployment needs and that something has which no stack of ours made.

CloudFormation makes nothing of a name that there is already, whoever made it: what an earlier
edition kept, what was made by hand, or, of a bucket, what another account has. A role and a policy
may have any path, and a dashboard any Region.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from botocore.exceptions import ClientError

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, side_by_side
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import first_of
from workshop.deploy.plan import cure_of_kept
from workshop.naming import COHORT
from workshop.policies import layout
from workshop.preflight.checks import Check, CheckState, unknown

SHOWN = 3
"""How many names a sentence has."""

HEADING = 8
"""How many buckets are asked about at once."""

_NOTHING_MADE = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
"""Statuses of a stack that has no resource: whatever has the name is not of it."""

BUCKET, REPOSITORY, NOTEBOOK, ROLE, POLICY, DASHBOARD = (
    "bucket",
    "repository",
    "notebook",
    "role",
    "policy",
    "dashboard",
)
CURES = {
    BUCKET: "save what is in it, then empty and delete it in the S3 console",
    REPOSITORY: "save what is in it, then aws ecr delete-repository --force"
    " --repository-name {name} --region {region}",
    NOTEBOOK: "stop it, then aws sagemaker delete-notebook-instance --notebook-instance-name {name}"
    " --region {region}",
    ROLE: "delete it in the IAM console",
    POLICY: "aws iam delete-policy --policy-arn {arn}",
    DASHBOARD: "aws cloudwatch delete-dashboards --dashboard-names {name} --region {region}",
}
"""By kind, how to get rid of one; all else that helps is another name."""

KEPT = (BUCKET, REPOSITORY)
"""What the YAML can keep beyond a teardown."""

Names = Mapping[str, str]
"""Name of a resource -> the stack that is to make it."""


@dataclass(frozen=True)
class DesiredNames:
    """The names of one account and Region that stacks will have to make, by kind."""

    by_kind: Mapping[str, Names]

    def of(self, kind: str) -> Names:
        return self.by_kind.get(kind, {})

    def __bool__(self) -> bool:
        return any(self.by_kind.values())


def desired(
    loaded: LoadedEnvironment,
    account_region: AccountRegion,
    seats: Iterable[Seat],
    stacks: Mapping[str, StackSummary],
) -> DesiredNames:
    """Return the names that stacks make of which nothing is there yet."""
    cohort = loaded.cohort_names(account_region)
    shared = cohort.stack(COHORT)
    found: dict[str, dict[str, str]] = {kind: {} for kind in CURES}
    found[BUCKET][cohort.datasets_bucket] = shared
    watch = cohort.stack(naming.WATCH)
    found[BUCKET][cohort.watch_bucket] = watch
    found[ROLE][cohort.watch_role] = watch
    if loaded.settings.door:
        found[ROLE][cohort.door_role] = cohort.stack(naming.DOOR)
    for part in layout.cohort_policies(cohort, loaded.settings.profiles, end=loaded.settings.end):
        found[POLICY][cohort.cohort_policy(part)] = shared
    for seat in seats:
        names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]

        def add(kind: str, resource_type: str, *some: str, names: naming.Names = names) -> None:
            stack = names.stack(naming.stack_that_makes(resource_type))
            found[kind].update(dict.fromkeys(some, stack))

        add(BUCKET, "AWS::S3::Bucket", *map(names.bucket, profile.storage.buckets))
        repositories = map(names.repository, profile.registry.repositories)
        add(REPOSITORY, "AWS::ECR::Repository", *repositories)
        if profile.has_notebook:
            add(NOTEBOOK, "AWS::SageMaker::NotebookInstance", names.notebook)
        roles = (names.role, names.console_role) if profile.access.has_console else (names.role,)
        add(ROLE, "AWS::IAM::Role", *roles)
        add(DASHBOARD, "AWS::CloudWatch::Dashboard", names.dashboard)
    return DesiredNames(
        {
            kind: {name: stack for name, stack in names.items() if _unmade(stack, stacks)}
            for kind, names in found.items()
        }
    )


def still_unmade(names: Names, stacks: Mapping[str, StackSummary]) -> Names:
    """Return those names that no stack makes by now: another organiser may have begun since."""
    return {name: stack for name, stack in names.items() if _unmade(stack, stacks)}


def _unmade(stack: str, stacks: Mapping[str, StackSummary]) -> bool:
    return stack not in stacks or stacks[stack].status in _NOTHING_MADE


# --- what there is --------------------------------------------------------------------------------


def roles(clients: Clients, account_region: AccountRegion) -> dict[str, str]:
    """Return the ARNs of all roles of the account, by name, whatever their paths."""
    pages = clients.client("iam", account_region).get_paginator("list_roles").paginate()
    return {role["RoleName"]: role["Arn"] for page in pages for role in page["Roles"]}


def policies(clients: Clients, account_region: AccountRegion) -> dict[str, str]:
    """Return the ARNs of all customer managed policies of the account, by name."""
    pages = (
        clients.client("iam", account_region).get_paginator("list_policies").paginate(Scope="Local")
    )
    return {policy["PolicyName"]: policy["Arn"] for page in pages for policy in page["Policies"]}


def dashboards(clients: Clients, account_region: AccountRegion, prefix: str) -> dict[str, str]:
    """Return the ARNs of the dashboards whose names begin with ``prefix``, by name."""
    paginator = clients.client("cloudwatch", account_region).get_paginator("list_dashboards")
    return {
        dashboard["DashboardName"]: dashboard["DashboardArn"]
        for page in paginator.paginate(DashboardNamePrefix=prefix)
        for dashboard in page["DashboardEntries"]
    }


@dataclass(frozen=True)
class BucketNames:
    """Of the names that were asked about, those that a bucket has: one to use, or another's."""

    usable: frozenset[str]
    of_others: frozenset[str]


def buckets(clients: Clients, account_region: AccountRegion, names: Collection[str]) -> BucketNames:
    """Return which of the names have a bucket, in any account.

    S3 answers 403 for a bucket of another account, and for every name to whoever may not ask at
    all: then the error of the call passes through.
    """
    client = clients.client("s3", account_region)

    def denial(name: str) -> ClientError | None:
        """Raise ClientError unless there is such a bucket; return the error if it is another's."""
        try:
            client.head_bucket(Bucket=name)
        except ClientError as error:
            if not errors.is_denied(error):
                raise
            return error
        return None

    def head(name: str) -> tuple[bool, ClientError | None]:
        with errors.gone_is_fine():
            return True, denial(name)
        return False, None

    answers = side_by_side(head, sorted(names), threads=HEADING)
    others = frozenset(name for name, (_, denied) in answers.items() if denied)
    if others:
        _, denied = head(f"nobody-{uuid4().hex}")
        if denied:
            raise denied
    return BucketNames(
        frozenset(name for name, (there, _) in answers.items() if there) - others, others
    )


# --- what it means --------------------------------------------------------------------------------


def check(
    account_region: AccountRegion,
    kind: str,
    desired: Names,
    there: Mapping[str, str] | Collection[str] | Unavailable,
    command: Callable[..., str],
) -> Check:
    """Return whether nothing has a name of this kind that a stack has to make.

    ``there`` holds the names that there are, with their ARNs where the cure needs them.
    """
    subject = f"{kind} names"
    if isinstance(there, Unavailable):
        return unknown(account_region, subject, there.reason)
    taken = sorted(desired.keys() & set(there))
    if not taken:
        return Check(
            account_region, subject, CheckState.OK, f"none of {len(desired)} is there already"
        )
    arn = there[taken[0]] if isinstance(there, Mapping) else ""
    cure = CURES[kind].format(name=taken[0], region=account_region.region, arn=arn)
    if kind in KEPT:
        seats = dict.fromkeys(naming.seat_of_stack(desired[name]) for name in taken)
        cure = f"{cure_of_kept(command, [*seats])}; else {cure}"
    message = f"{_there(taken)}, and no stack of this workshop made it; {cure}; or {_OTHER_NAME}"
    return Check(account_region, subject, CheckState.FAILED, message)


_OTHER_NAME = "write another 'workshop' name, or other ids and keys"


def check_buckets(
    account_region: AccountRegion,
    desired: Names,
    there: BucketNames | Unavailable,
    command: Callable[..., str],
) -> Iterator[Check]:
    """Yield the same for buckets, whose names are shared with all other accounts."""
    usable = there if isinstance(there, Unavailable) else there.usable
    yield check(account_region, BUCKET, desired, usable, command)
    if not isinstance(there, Unavailable) and there.of_others:
        message = f"{_there(sorted(there.of_others))} in another account; {_OTHER_NAME}"
        yield Check(account_region, "bucket names of other accounts", CheckState.FAILED, message)


def _there(names: Collection[str]) -> str:
    verb = "exists" if len(names) == 1 else "exist"
    return f"{first_of([*names], SHOWN)} {verb} already"
