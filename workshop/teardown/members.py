"""Where a workshop is whose seats have accounts of their own, and who can be looked at there.

What tells of an account: the roster, the file that assigns accounts, the ledger and the plan that
was shown last, and the instances of the workshop's stack sets, which are in no file. Each account
is taken whole: there is nobody else's workbench in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial

from workshop import events
from workshop.account_region import AccountRegion
from workshop.accounts import organization
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.errors import SignInError, WorkshopError
from workshop.ledger import Ledger
from workshop.teardown import own_sets
from workshop.teardown.own_sets import OwnSet
from workshop.teardown.scan_target import Unknown

ACCOUNT = "account"
"""What stands in place of a resource type for an account that could not be looked at."""

AT_ONCE = 16
"""Accounts that are asked side by side."""

_NO_MEMBER = "no member"


@dataclass(frozen=True)
class MemberAccounts:
    """The accounts that seats have as their own, as a teardown needs to know them.

    ``ids`` are the seats' by their accounts, as the roster and people know them. ``makes_role``
    tells whether the way into them is the workshop's own, and goes last. Of ``handed_back`` an
    earlier teardown has shown that they are empty, and taken the way into them; nothing tells that
    anything was ever in those that are ``unused``. Nobody looks into either.
    """

    calls: StackSetCalls
    ids: Mapping[str, str]
    makes_role: bool = True
    handed_back: frozenset[AccountRegion] = frozenset()
    unused: frozenset[AccountRegion] = frozenset()

    @property
    def home(self) -> AccountRegion:
        """Where the stack sets are administered."""
        return self.calls.home

    def ways_in(self, places: Iterable[AccountRegion]) -> frozenset[AccountRegion]:
        """Return those of these places in which a stack of the workshop's is the way in."""
        return frozenset(place for place in places if self.makes_role and place != self.home)

    @property
    def unvisited(self) -> str:
        """Which accounts nobody looks into, and why not; empty where there are none."""
        handed_back = count_of(len(self.handed_back), "account")
        unused = count_of(len(self.unused), "account")
        parts = [
            *([f"{handed_back}, handed back empty before"] if self.handed_back else []),
            *([f"{unused}, of which nothing tells of anything there"] if self.unused else []),
        ]
        return f"not looked at: {'; '.join(parts)}" if parts else ""

    def id_of(self, account_region: AccountRegion) -> str:
        """Return whose an account is: the seat's id, or the account's where nobody has it."""
        return self.ids.get(account_region.account, account_region.account)


@dataclass(frozen=True)
class Evidence:
    """Where something tells of the workshop: by whom it is known, and by what."""

    seats: Mapping[AccountRegion, str]
    recorded: Collection[AccountRegion]
    sets: Sequence[OwnSet]
    gone: Collection[AccountRegion] = ()
    """Where nothing was left when somebody looked last, as the ledger tells."""

    @property
    def ids(self) -> dict[str, str]:
        """The seats by their accounts."""
        return {place.account: seat for place, seat in self.seats.items()}

    @property
    def places(self) -> list[AccountRegion]:
        deployed = own_sets.places_of(self.sets)
        return [*dict.fromkeys((*self.seats, *self.recorded, *deployed))]

    @cached_property
    def _kinds(self) -> dict[AccountRegion, set[bool]]:
        """Where sets have instances -> whether of these make the way in, or something else."""
        found: dict[AccountRegion, set[bool]] = {}
        for own in self.sets:
            for instance in own.instances:
                found.setdefault(instance.account_region, set()).add(own.makes_way_in)
        return found

    @cached_property
    def _recorded(self) -> frozenset[str]:
        return frozenset(place.account for place in self.recorded)

    def tells_of(self, account_region: AccountRegion) -> bool:
        """Return whether anything was ever there, as far as record and stack sets tell."""
        return account_region in self._kinds or account_region.account in self._recorded

    def has_seat_stacks(self, account_region: AccountRegion) -> bool:
        """Return whether sets have more there than the way in."""
        return False in self._kinds.get(account_region, ())

    def is_handed_back(self, account_region: AccountRegion) -> bool:
        """Return whether it was shown to be empty, and nothing but the way into it was left."""
        return account_region in self.gone and not self.has_seat_stacks(account_region)


def evidence(
    calls: StackSetCalls,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    recorded: Collection[AccountRegion],
    gone: Collection[AccountRegion],
    *,
    whole: bool,
) -> Evidence:
    """Return what tells of the accounts of ``seats``, or of all.

    Raise WorkshopError where the stack sets cannot be listed: nothing else tells of accounts that
    are in no file.
    """
    sets = _sets(calls, loaded)
    known = {seat.account_region: seat.id for seat in seats}
    if whole:
        there = {place.account for place in known}
        for account, seat in loaded.assignment.seat_of.items():
            if account not in there:
                known[AccountRegion(account, loaded.home.region)] = seat
        return Evidence(known, [place for place in recorded if place != loaded.home], sets, gone)
    asked = {place.account for place in known}
    mine = [
        replace(own, instances=tuple(i for i in own.instances if i.account_region.account in asked))
        for own in sets
    ]
    return Evidence(known, [place for place in recorded if place.account in asked], mine, gone)


@dataclass(frozen=True)
class ReachableAccounts:
    """Where one can look, what is known of where nobody can, and what nobody has to look at."""

    places: Sequence[AccountRegion]
    unknown: Sequence[Unknown]
    handed_back: frozenset[AccountRegion]
    unused: frozenset[AccountRegion]


def reach(clients: Clients, loaded: LoadedEnvironment, found: Evidence) -> ReachableAccounts:
    """Return where one can look.

    An account that cannot be looked at, and of which nothing but a file tells, has never had
    anything, or nothing since it was handed back.
    """
    places = found.places
    with ThreadPoolExecutor(AT_ONCE) as pool:
        whys = dict(zip(places, pool.map(partial(_why_not, clients), places), strict=True))
        handed_back = {place for place in places if whys[place] and found.is_handed_back(place)}
        unused = {
            place for place in places if whys[place] and not found.tells_of(place)
        } - handed_back
        lost = [place for place in places if whys[place] and place not in handed_back | unused]
        states = dict(zip(lost, pool.map(partial(_state, clients, loaded), lost), strict=True))
    unknown = [
        Unknown(
            ACCOUNT,
            place,
            _sentence(loaded, found, place, whys[place], state),
            tried=False,
            named=place.account,
        )
        for place, state in states.items()
    ]
    reached = [place for place in places if not whys[place]]
    return ReachableAccounts(reached, unknown, frozenset(handed_back), frozenset(unused))


def given_up(unlooked: Iterable[Unknown], accepted: Collection[str]) -> set[AccountRegion]:
    """Return the accounts that nobody can look into and that a teardown is to go on without."""
    return {
        unknown.account_region
        for unknown in unlooked
        if unknown.resource_type == ACCOUNT and unknown.accepted_as in accepted
    }


def _why_not(clients: Clients, account_region: AccountRegion) -> str:
    """Return why nobody can be in an account, empty where one can."""
    try:
        sts = clients.client("sts", account_region)
        caller = sts.get_caller_identity()["Account"]
    except SignInError:
        raise
    except (*errors.Refusal, WorkshopError) as error:
        policy = errors.BY_ORGANIZATION.search(str(error))
        return ", ".join([errors.reason(error), *([policy[0]] if policy else [])])
    return "" if caller == account_region.account else f"calls for it act in account {caller}"


def _state(clients: Clients, loaded: LoadedEnvironment, account_region: AccountRegion) -> str:
    """Return an account's state as its organization knows it, empty where nobody says."""
    client = clients.client("organizations", loaded.home)
    try:
        found = client.describe_account(AccountId=account_region.account)["Account"]
    except errors.Refusal as error:
        return _NO_MEMBER if "AccountNotFound" in errors.describe(error) else ""
    return str(found.get("State") or found["Status"])


def _sentence(
    loaded: LoadedEnvironment, found: Evidence, place: AccountRegion, why: str, state: str
) -> str:
    if state in organization.CLOSED:
        return (
            f"account {place.account} is closed ({state}), and nobody can look: AWS deletes it with"
            " all that is in it 90 days after it was closed"
        )
    at = ("--account", place.account, "--region", place.region)
    look = f"look with credentials of its own: {loaded.command('leftovers', *at)}"
    if state == _NO_MEMBER:
        return f"account {place.account} left the organization, and nobody can look ({why}); {look}"
    way_in = _way_in(loaded, found, place)
    cure = f"{way_in}, or {look}" if way_in else look
    if errors.BY_ORGANIZATION.search(why):
        cure = "have the organization's policies let you in, and run this again"
    return f"nobody can look into account {place.account} ({why}); {cure}"


def _way_in(loaded: LoadedEnvironment, found: Evidence, place: AccountRegion) -> str:
    """Return how one can look into an account again, empty where nobody but its own people can.

    A deployment makes the organiser's role again, unless nothing else is left there, which it would
    make as well, or the workshop is over or the seat is not on the roster, which it refuses.
    """
    accounts = loaded.settings.accounts
    if not accounts.makes_role:
        return f"have its role {accounts.role} let you in"
    seat = found.seats.get(place, "")
    on_roster = any(other.id == seat for other in loaded.seats)
    if on_roster and found.has_seat_stacks(place) and events.now() < loaded.settings.end:
        deploy = loaded.command("deploy", "--only", seat)
        return f"have the organiser's role made again, and let you in, with: {deploy}"
    for own in found.sets:
        unit = next(
            (instance.unit for instance in own.instances if instance.account_region == place), None
        )
        if own.makes_way_in and unit is not None:
            again = "aws cloudformation {}-stack-instances " + _instances(loaded, own, place, unit)
            return (
                "if the organiser's role lets in others alone, let one of them run this; if"
                f" somebody deleted it, have it made again with: {again.format('delete')}"
                f" --no-retain-stacks, and once that has ended: {again.format('create')}"
            )
    return ""


def _instances(loaded: LoadedEnvironment, own: OwnSet, place: AccountRegion, unit: str) -> str:
    """Return the options of the AWS CLI that name one instance of a stack set."""
    accounts, home = loaded.settings.accounts, loaded.home.region
    where = (
        f"--deployment-targets OrganizationalUnitIds={unit},Accounts={place.account},"
        "AccountFilterType=INTERSECTION"
        if unit
        else f"--accounts {place.account}"
    )
    as_delegate = " --call-as DELEGATED_ADMIN" if unit and accounts.delegated_administrator else ""
    return (
        f"--stack-set-name {own.name} {where} --regions {place.region} --region {home}{as_delegate}"
    )


def _sets(calls: StackSetCalls, loaded: LoadedEnvironment) -> list[OwnSet]:
    try:
        return own_sets.find(calls, loaded.settings.workshop, loaded.name)
    except errors.Refusal as error:
        raise WorkshopError(
            f"the stack sets of account {loaded.home.account} could not be listed"
            f" ({errors.reason(error)}), and nothing else tells of every account; have that allowed"
        ) from error


def emptied(clients: Clients, loaded: LoadedEnvironment) -> list[str]:
    """Return the accounts that teardowns handed back empty, and that have had nothing since.

    Raise WorkshopError where the stack sets cannot be listed.
    """
    return proven_empty(loaded, Ledger(loaded.name), _sets(StackSetCalls(clients, loaded), loaded))


def proven_empty(loaded: LoadedEnvironment, ledger: Ledger, sets: Iterable[OwnSet]) -> list[str]:
    """Return the accounts that were shown to be empty, and have had nothing since.

    What was kept there on request counts, and so does an instance of a stack set.
    """
    deployed = {place.account for place in own_sets.places_of(sets)}
    gone = ledger.gone_from()
    some = {place.account for place in gone & ledger.kept().keys()} | deployed
    some |= {place.account for place in ledger.account_regions()}
    empty = dict.fromkeys(place.account for place in sorted(gone))
    return [account for account in empty if account not in some and account != loaded.home.account]
