"""Whether seats can have accounts of their own: StackSets, the organization, and its policies.

All of it is asked at home. What else an account lacks, whoever is in it can ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.accounts import organization, other_workshops
from workshop.accounts.assigning import planned
from workshop.accounts.organization import Organization
from workshop.aws import errors, regions
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, known
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import first_of
from workshop.policies.actions import actions
from workshop.preflight import control_policies, permissions
from workshop.preflight.checks import Check, CheckState, unknown
from workshop.preflight.control_policies import CallingRole, Denial
from workshop.preflight.request import ParallelReads

STACK_SETS, MEMBERS, POLICIES = "StackSets", "organization", "service control policies"
SHARED = "other workshops"
EXECUTION = "execution role"
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
"""StackSets, as Organizations knows it where it has a delegated administrator
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html).
"""
_MANAGED_ROLE = f"stacksets-exec-{'0' * 32}"
"""By which StackSets is in an account with service-managed permissions: its name ends so or so."""
_SHOWN = 3
_ROLES = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
    "stacksets-prereqs-self-managed.html"
)

OF_SEATS = actions(
    "sagemaker",
    "CreateTrainingJob CreateProcessingJob CreateTransformJob CreateModel CreateEndpointConfig",
    "CreateEndpoint AddTags",
)
"""What attendees do with SageMaker in most labs."""


def checks(
    ask: ParallelReads,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    stacks: Mapping[AccountRegion, Mapping[str, StackSummary]],
) -> Iterator[Check]:
    """Yield what keeps StackSets from the accounts of ``seats``, of which some have ``stacks``."""
    home, accounts = loaded.home, loaded.settings.accounts
    managed = accounts.permissions == "service-managed"
    access = ask(_access, home, loaded) if managed else ask(_administration_role, home, loaded)
    others = ask(other_workshops.of_sets, home, loaded)
    members = (
        ask(organization.read, home, accounts.units)
        if accounts.units
        else ask(organization.of_list, home, [seat.account for seat in seats])
    )
    read = members.result()
    policies = ask(_denials, home, loaded, seats, read) if isinstance(read, Organization) else None
    yield from _of_access(
        loaded, access.result(), read if managed and isinstance(read, Organization) else None
    )
    yield from _of_others(loaded, seats, stacks, others.result())
    if isinstance(read, Organization) and policies:
        yield from _of_members(loaded, seats, read)
        yield from _of_policies(home, policies.result())
    elif isinstance(read, Unavailable):
        yield unknown(home, MEMBERS, read.reason)
        yield unknown(home, POLICIES, read.reason)
    else:
        message = (
            f"account {home.account} may not read them: it neither manages the accounts'"
            " organization nor is a delegated administrator there; what they deny of a deployment"
            " shows in one account, before the others begin"
        )
        yield Check(home, POLICIES, CheckState.WARNING, message)


# --- StackSets ------------------------------------------------------------------------------------


def _access(clients: Clients, home: AccountRegion, loaded: LoadedEnvironment) -> str:
    """Return what StackSets lacks of the organization, with the cure; empty for nothing."""
    delegated = loaded.settings.accounts.delegated_administrator
    more = {"CallAs": "DELEGATED_ADMIN"} if delegated else {}
    try:
        found = clients.call(home, "cloudformation", "DescribeOrganizationsAccess", **more)
    except ClientError as error:
        if not delegated or "delegated administrator" not in errors.message(error):
            raise
        return (
            f"account {home.account} is no delegated administrator of StackSets; make it one in the"
            " management account with: aws organizations register-delegated-administrator"
            f" --service-principal {PRINCIPAL} --account-id {home.account}"
        )
    if found.get("Status") != "ENABLED":
        return (
            "StackSets has no access to the organization; give it that in the management account"
            " with: aws cloudformation activate-organizations-access"
        )
    return ""


def _administration_role(clients: Clients, home: AccountRegion, loaded: LoadedEnvironment) -> str:
    """Return that the role is not there by which StackSets begins, with the cure."""
    role = loaded.settings.accounts.administration_role
    return _lacking(clients, home, role, "in the environment's account, by which StackSets begins")


def _lacking(clients: Clients, where: AccountRegion, role: str, purpose: str) -> str:
    name = role.rpartition("/")[2]
    try:
        clients.call(where, "iam", "GetRole", RoleName=name)
    except ClientError as error:
        if errors.code(error.response) == "NoSuchEntity":
            return f"there is no role {name} {purpose}; make it as AWS says: {_ROLES}"
        raise
    return ""


def execution_role(clients: Clients, where: AccountRegion, loaded: LoadedEnvironment) -> str:
    """Return that an account has no role by which StackSets is in it, empty if it has."""
    role = loaded.settings.accounts.execution_role
    return _lacking(clients, where, role, "in the account, by which StackSets is in it")


def check_execution_role(where: AccountRegion, answer: str | Unavailable) -> Check:
    """Return whether StackSets with self-managed permissions can be in an account."""
    if isinstance(answer, Unavailable):
        return unknown(where, EXECUTION, f"the account's roles do not answer ({answer.reason})")
    if answer:
        return Check(where, EXECUTION, CheckState.FAILED, answer)
    return Check(where, EXECUTION, CheckState.OK, "StackSets has its role there")


def _of_access(
    loaded: LoadedEnvironment, answer: str | Unavailable, found: Organization | None
) -> Iterator[Check]:
    home = loaded.home
    if isinstance(answer, Unavailable):
        yield unknown(home, STACK_SETS, f"whether it may act is not known ({answer.reason})")
        return
    delegated = loaded.settings.accounts.delegated_administrator
    if not answer and found and not delegated and home.account != found.management:
        answer = (
            f"account {home.account} does not manage the organization, as {found.management} does;"
            " write that as 'account', or 'accounts.delegated_administrator: true'"
        )
    state = CheckState.FAILED if answer else CheckState.OK
    yield Check(home, STACK_SETS, state, answer or "StackSets may act in the accounts")


# --- the organization -----------------------------------------------------------------------------


def _of_members(
    loaded: LoadedEnvironment, seats: Sequence[Seat], found: Organization
) -> Iterator[Check]:
    """Yield failed for each account that is closed, or in none of the units any more."""
    ids = [seat.id for seat in loaded.seats]
    made = planned(loaded.assignment, ids, found, home=loaded.home.account, elsewhere={})
    troubles = {account.account: account for account in made.accounts if not account.is_usable}
    for where in dict.fromkeys(seat.account_region for seat in seats):
        if where.account not in troubles and where.account not in found.members:
            message = (
                "the account is not in the organization of account"
                f" {loaded.home.account}: check its id; what the policies of its own organization"
                " deny is not known here"
            )
            yield Check(where, MEMBERS, CheckState.WARNING, message)
            continue
        if where.account not in troubles:
            among = "one of the units" if found.has_units else "the organization"
            yield Check(where, MEMBERS, CheckState.OK, f"the account is active, and in {among}")
            continue
        note = troubles[where.account].note.partition(";")[0]
        seat = loaded.assignment.seat_of[where.account]
        again = loaded.command("accounts", "--write", "--replace", seat)
        message = f"the account {note}; have that undone, or give the seat another one with:"
        yield Check(where, MEMBERS, CheckState.FAILED, f"{message} {again}")


def _of_others(
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    stacks: Mapping[AccountRegion, Mapping[str, StackSummary]],
    found: Mapping[str, str] | Unavailable,
) -> Iterator[Check]:
    """Yield failed for each account in which another workshop has a seat."""
    if isinstance(found, Unavailable):
        yield unknown(loaded.home, SHARED, found.reason)
    by_sets = known(found)
    for seat in seats:
        where = seat.account_region
        there = stacks.get(where, {}).values()
        if whose := by_sets.get(seat.account) or other_workshops.of_stacks(loaded, there):
            again = loaded.command("accounts", "--write", "--replace", seat.id)
            message = (
                f"{whose}, has a seat in the account, and nobody is to have a neighbour there;"
                f" tear that down, or give the seat another account with: {again}"
            )
            yield Check(where, SHARED, CheckState.FAILED, message)


# --- service control policies ---------------------------------------------------------------------


def _askers(loaded: LoadedEnvironment, seat: Seat) -> list[CallingRole]:
    names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
    accounts = loaded.settings.accounts
    partition = regions.partition(seat.region).name
    made = permissions.questions(
        names,
        partition,
        bucket=next(iter(profile.storage.buckets)),
        repository=next(iter(profile.registry.repositories)),
        has_door=loaded.settings.door is not None,
        has_mlflow=loaded.settings.has_mlflow,
        has_box=loaded.settings.has_boxes,
    )
    managed = accounts.permissions == "service-managed"
    role = _MANAGED_ROLE if managed else accounts.execution_role
    path = f"{names.iam_path}{names.role}".lstrip("/")
    return [
        CallingRole("StackSets", role, tuple(made)),
        CallingRole("seats", path, [("*", OF_SEATS)] if profile.access.mode == "scoped" else []),
        CallingRole("you", loaded.member_role or "", [permissions.reads()]),
    ]


def _denials(
    clients: Clients,
    home: AccountRegion,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    found: Organization,
) -> dict[AccountRegion, list[Denial]]:
    units = {
        seat.account: found.members[seat.account].unit
        for seat in seats
        if seat.account in found.members
    }
    tree = control_policies.read(clients, home, units)
    denials: dict[object, list[Denial]] = {}
    answers = {}
    for seat in seats:
        # Of accounts of a unit with the same policies, one stands for all of them.
        levels = tree.levels.get(seat.account, ())
        policies = tuple(tuple(policy.id for policy in level.policies) for level in levels)
        unit = [level.target for level in levels[:-1]]
        key = (*unit, policies, seat.region, seat.profile)
        if key not in denials:
            denials[key] = tree.denials(seat.account_region, _askers(loaded, seat))
        if seat.account in units:
            answers[seat.account_region] = denials[key]
    return answers


def _of_policies(
    home: AccountRegion,
    found: Mapping[AccountRegion, list[Denial]] | Unavailable,
) -> Iterator[Check]:
    if isinstance(found, Unavailable):
        yield unknown(home, POLICIES, f"they could not be read ({found.reason})")
        return
    for where in found:
        denied = [_sentence(denial) for denial in found[where] if not denial.open]
        hanging = [_sentence(denial) for denial in found[where] if denial.open]
        if denied:
            message = f"{'; '.join(denied)}; have that allowed, or move the account to another unit"
            yield Check(where, POLICIES, CheckState.FAILED, message)
        elif hanging:
            yield unknown(where, POLICIES, "; ".join(hanging))
        else:
            yield Check(where, POLICIES, CheckState.OK, "no policy denies what is needed")


def _sentence(denial: Denial) -> str:
    some = first_of(denial.actions, _SHOWN)
    names = ", ".join(map(repr, denial.level.names)) or "what is attached"
    verb = "may deny" if denial.open else "deny" if denial.level.names[1:] else "denies"
    at = "" if denial.level.target.isdigit() else f" at {denial.level.target}"
    return f"{names}{at} {verb} {denial.who} {some}"
