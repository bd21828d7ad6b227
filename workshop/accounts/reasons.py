"""What is said of an account, a stack set or an operation that is not as it should be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.accounts.stack_sets import INOPERABLE, StackInstance
from workshop.aws import errors
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy import failures
from workshop.deploy.diff import noun
from workshop.deploy.failures import Cause, FailureClass

_OF_RESOURCE = re.compile(
    r"ResourceLogicalId: ?(?P<id>[^,]+), ResourceType: ?(?P<type>[^,]+),"
    r" ResourceStatusReason: ?(?P<reason>.*?)\.?",
    re.DOTALL,
)
"""How StackSets tells which resource of a stack failed first, and why."""
_BROKEN = re.compile(r"\b(?:CREATE_FAILED|DELETE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED)\b")
_HAS_MORE = re.compile(r"must (?:detach|delete|remove) .* first", re.IGNORECASE)
"""How IAM refuses to delete a role to which somebody has given policies by hand."""
_IS_THERE = re.compile(r"\balready exists\b")
_SUSPENDED = re.compile(r"account is suspended", re.IGNORECASE)
_QUOTA = re.compile(
    r"ServiceLimitExceeded|LimitExceeded|ResourceLimitExceeded|account-level service limit"
    r"|(?:exceeds?|reached) (?:the |your )?(?:[\w-]+ ){0,3}(?:limit|quota)",
    re.IGNORECASE,
)

TAKES_ON = "sts:AssumeRole"

DRIFTED = "StackSets' last drift detection found it changed by hand (DRIFTED)"


def changed_by_hand(parameters: Iterable[str]) -> str:
    """Return that somebody has updated a stack in its account."""
    names = ", ".join(sorted(parameters))
    return f"somebody has changed its parameters by hand ({names}): they are set again"


def cause_of(reason: str) -> Cause:
    """Return the cause behind what StackSets tells of an account in which an operation failed."""
    told = _OF_RESOURCE.fullmatch(reason.strip())
    if told:
        return failures.of_text(told["reason"], noun(told["type"]))
    if not reason:
        return Cause(FailureClass.PERMANENT, "StackSets tells no reason", known=False)
    return failures.of_text(reason)


def of_failure(loaded: LoadedEnvironment, seat: Seat, cause: Cause) -> str:
    """Return why a stack failed in a seat's account, with what helps where that is known."""
    if _SUSPENDED.search(cause.message):
        return suspended(loaded, seat, "SUSPENDED")
    again = loaded.command("deploy", "--only", seat.id)
    for refusal, cure in (
        (errors.BY_ORGANIZATION, "have the organization's policies allow it"),
        (_HAS_MORE, "take from it what somebody has added by hand"),
        (_IS_THERE, "save what you need of it and delete it, which is in no stack,"),
    ):
        if refusal.search(cause.message):
            return f"{cause}; {cure} in account {seat.account}, then run: {again}"
    if cause.kind == FailureClass.CAPACITY:
        return (
            f"{cause}; with accounts of their own, seats try no other type: try again later with:"
            f" {again}, or give the profile {seat.profile!r} another type"
        )
    if cause.kind == FailureClass.LIMIT or _QUOTA.search(cause.message):
        ask = loaded.command("preflight", "--only", seat.id, "--request-quotas")
        return f"{cause}; ask AWS for more with: {ask}, and once it is granted run: {again}"
    if _BROKEN.search(cause.message):
        return f"{cause}; {torn_down(loaded, seat)}"
    return str(cause)


def torn_down(loaded: LoadedEnvironment, seat: Seat) -> str:
    """Return how to begin a seat's account anew."""
    only = ("--only", seat.id)
    down = loaded.command("teardown", "--early", *only, "--save-to", "FOLDER")
    return f"tear it down with: {down}, then run: {loaded.command('deploy', *only)}"


def still_closed(loaded: LoadedEnvironment, seat: str, why: str) -> str:
    """Return that nobody can be in an account, though its organiser's role has just been made."""
    return (
        f"nobody can look into the account, though the organiser's role is as it should be ({why});"
        " see to it that you may take it on (sts:AssumeRole) and that no policy of the organization"
        f" denies it, then run: {loaded.command('deploy', '--only', seat)}"
    )


def may_not_be_there(loaded: LoadedEnvironment) -> str:
    """Return that it is the caller who may not take on the role in an account."""
    return (
        f"you may not take on the role {loaded.member_role} there, whomever it lets in; have"
        f" {TAKES_ON} allowed to you, as the policies do which are written by:"
        f" {loaded.command('preflight', '--policy', 'FOLDER')}"
    )


def nobody_lets_in(loaded: LoadedEnvironment, place: AccountRegion, why: str) -> str:
    """Return that no account lets the caller in, and that nobody can tell why."""
    seat = loaded.assignment.seat_of.get(place.account, "SEAT")
    return (
        f"no account lets you in, and whether you may not take on roles or theirs were changed is"
        f" not known ({why}); have {TAKES_ON} and iam:SimulatePrincipalPolicy allowed to you, as"
        " the policies do which are written by:"
        f" {loaded.command('preflight', '--policy', 'FOLDER')}; where you have them, have a role"
        f" made again with: {loaded.command('deploy', '--only', seat)}"
    )


def suspended(loaded: LoadedEnvironment, seat: Seat, state: str) -> str:
    """Return that a seat's account cannot be worked in."""
    return f"account {seat.account} is {state}; have it reopened, {_another_account(loaded, seat)}"


def elsewhere(loaded: LoadedEnvironment, seat: Seat) -> str:
    """Return that a seat's account is in none of the units."""
    units = ", ".join(loaded.settings.accounts.units)
    return (
        f"account {seat.account} is not in {units}; move it there, name its unit in"
        f" 'accounts.units', {_another_account(loaded, seat)}"
    )


def _another_account(loaded: LoadedEnvironment, seat: Seat) -> str:
    replace = loaded.command("accounts", "--replace", seat.id, "--write")
    return f"or give {seat.id} another account with: {replace}"


def inoperable(loaded: LoadedEnvironment, seat: Seat, instance: StackInstance) -> str:
    """Return that StackSets cannot go on with a stack."""
    return f"{not_deleted(instance)}; {torn_down(loaded, seat)}"


def not_deleted(instance: StackInstance) -> str:
    """Return that the deletion of a stack has failed."""
    why = f": {instance.reason}" if instance.reason else ""
    return f"its deletion has failed ({INOPERABLE}{why})"


def other_profile(loaded: LoadedEnvironment, seat: Seat, profile: str) -> str:
    """Return that a seat's account has the stacks of another profile."""
    return (
        f"account {seat.account} has the stacks of profile {profile!r}, whose names are the same;"
        f" {torn_down(loaded, seat)}"
    )


def other_region(loaded: LoadedEnvironment, seat: Seat, region: str) -> str:
    """Return that a seat's account has its stacks in another Region."""
    return f"account {seat.account} has its stacks in {region}; {torn_down(loaded, seat)}"


def foreign(loaded: LoadedEnvironment, name: str, environment: str) -> str:
    """Return that a stack set's name is taken."""
    whose = f"environment {environment!r}" if environment else "something else"
    return (
        f"a stack set {name} in {loaded.home} belongs to {whose}; rename the workshop, or remove"
        " that stack set"
    )


def others_first(loaded: LoadedEnvironment, name: str) -> str:
    """Return that a set cannot be changed before stacks that nobody has asked for."""
    return (
        f"the template of {name} has changed, and a stack set changes with one of its stacks at"
        " least, of which each would lose something, or could not be read; see what with:"
        f" {loaded.command('plan')}, then run: {loaded.command('deploy')}"
    )


def refused(loaded: LoadedEnvironment, error: BotoCoreError | ClientError) -> str:
    """Return why StackSets has refused a call at home, with what helps where that is known."""
    refusal = errors.describe(error)
    home = loaded.home.account
    if "organizations access" in refusal or "activate" in refusal.lower():
        return (
            f"{refusal}; in the management account run: aws cloudformation"
            " activate-organizations-access"
        )
    if "delegated admin" in refusal.lower():
        return (
            f"{refusal}; in the management account run: aws organizations"
            " register-delegated-administrator --service-principal"
            f" member.org.stacksets.cloudformation.amazonaws.com --account-id {home}, and write"
            " 'delegated_administrator: true'"
        )
    if "is not part of the organization" in refusal:
        return f"{refusal}; correct 'accounts.units'"
    return refusal
