"""Which account each seat gets: a plan over the file, the organization and other environments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workshop.accounts.organization import Organization
from workshop.config import assignment as assignment_file
from workshop.config.assignment import Assignment
from workshop.config.environment import LoadedEnvironment
from workshop.errors import UsageError
from workshop.files import shown

NO_MEMBER = "no member"
"""The state of an account that is in none of the units, or in no organization any more."""

_ONCE_EMPTY = "free once a teardown has proven it empty"
_GIVEN_UP = "is given up now: free from the next run on"
_DEPLOYED = f"has a workbench still: {_ONCE_EMPTY}"


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """An account with the seat that has it, or gets it by this plan (``is_new``).

    ``state`` is empty where no organization was asked; ``note`` says why nobody is given it, or
    what is to be done about it.
    """

    account: str
    seat: str
    state: str = ""
    name: str = field(default="", repr=False)
    unit: str = ""
    note: str = ""
    is_new: bool = False
    is_usable: bool = True

    @property
    def is_free(self) -> bool:
        """Whether a seat could be given it."""
        return self.is_usable and not self.seat


@dataclass(frozen=True)
class AssignmentPlan:
    """All accounts, what the file will hold, and the seats for which there is no account."""

    accounts: tuple[PlannedAccount, ...]
    after: Assignment
    lacking: tuple[str, ...]

    @property
    def new(self) -> tuple[PlannedAccount, ...]:
        return tuple(account for account in self.accounts if account.is_new)

    @property
    def free(self) -> tuple[PlannedAccount, ...]:
        return tuple(account for account in self.accounts if account.is_free)

    @property
    def unusable(self) -> tuple[PlannedAccount, ...]:
        return tuple(account for account in self.accounts if not account.is_usable)


def planned(
    assignment: Assignment,
    seats: Sequence[str],
    organization: Organization | None,
    *,
    home: str,
    elsewhere: Mapping[str, str],
    deployed: Collection[str] = (),
    given_up: Collection[str] = (),
) -> AssignmentPlan:
    """Return the plan that gives an account to each seat that has none.

    Whoever has one keeps it, but for those whose account is ``given_up``, which nobody is given
    now. Free accounts of the file are given first, in its order, then those of the ``organization``
    by their names; None where it is not known. ``elsewhere`` says of accounts
    what else they are used for, and ``home`` is the environment's own. In ``deployed`` the
    environment's stack sets have stacks: whoever is given one of these would have the work of its
    last seat.
    """
    known = {account.account for account in assignment.accounts}
    members = organization.members if organization else {}
    joined = sorted(
        (member for member in members.values() if member.account not in known),
        key=lambda member: (member.name.casefold(), member.account),
    )
    reasons = _reasons(
        [*known, *(member.account for member in joined)],
        organization,
        home=home,
        elsewhere=elsewhere,
    )
    kept = assignment.released(given_up)
    for account in deployed:
        if account not in kept.seat_of:
            reasons.setdefault(account, _DEPLOYED)
    for account in given_up:
        reasons.setdefault(account, _GIVEN_UP)
    wanted = [seat for seat in seats if seat not in kept.by_seat]
    free = [account for account in kept.free if account not in reasons]
    more = [member.account for member in joined if member.account not in reasons]
    after = kept.with_accounts(more[: max(0, len(wanted) - len(free))]).assigned(wanted, reasons)
    now = after.by_seat
    order = [member.account for member in after.accounts]
    order += [member.account for member in joined if member.account not in after.seat_of]
    accounts = []
    for account in order:
        seat, note = after.seat_of.get(account, ""), reasons.get(account, "")
        if seat and note and organization and organization.has_lost(account):
            note += f"; give the seat another one with --replace {seat}"
        elif seat and not note and seat not in seats:
            note = f"its seat left the roster: {_ONCE_EMPTY}"
        is_new = bool(seat) and assignment.seat_of.get(account) != seat
        made = _account(account, seat, organization, note, is_new=is_new)
        accounts.append(replace(made, is_usable=account not in reasons))
    return AssignmentPlan(tuple(accounts), after, tuple(seat for seat in wanted if seat not in now))


def _account(
    account: str, seat: str, organization: Organization | None, note: str, *, is_new: bool
) -> PlannedAccount:
    member = organization.members.get(account) if organization else None
    if member is None:
        state = NO_MEMBER if organization else ""
        return PlannedAccount(account, seat, state, note=note, is_new=is_new)
    return PlannedAccount(
        account, seat, member.state, member.name, member.unit, note=note, is_new=is_new
    )


def _reasons(
    accounts: Collection[str],
    organization: Organization | None,
    *,
    home: str,
    elsewhere: Mapping[str, str],
) -> dict[str, str]:
    """Return why no seat is given an account, of those that none can have."""
    found: dict[str, str] = {}
    for account in accounts:
        if account == home:
            found[account] = "is the environment's own account"
        elif account in elsewhere:
            found[account] = elsewhere[account]
        elif organization and (trouble := organization.trouble(account)):
            found[account] = trouble
    return found


def given_up(
    loaded: LoadedEnvironment,
    replaced: Collection[str],
    organization: Organization | None,
    empty: Collection[str],
) -> frozenset[str]:
    """Return the accounts of the seats that get another one.

    AWS must have closed each, the organization lost it, or it must be among the ``empty`` ones.
    Raises UsageError where a seat can keep its account.
    """
    found = set()
    for seat in replaced:
        account = loaded.assignment.by_seat.get(seat)
        if account is None:
            raise UsageError(f"{seat} has no account yet, and gets one without '--replace'")
        is_lost = organization is not None and organization.has_lost(account)
        if account not in empty and not is_lost:
            down = loaded.command("teardown", "--early", "--only", seat)
            file = shown(assignment_file.path(loaded.path))
            is_known = organization and account in organization.members
            closed = "" if is_known else f"; if AWS closed it, take its line out of {file}"
            raise UsageError(
                f"account {account} of {seat} is in use as far as is known; hand it back empty"
                f" with: {down}, and run this again{closed}"
            )
        found.add(account)
    return frozenset(found)
