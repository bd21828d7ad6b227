"""What a scan is about: which workshop, whose seats, and in which accounts and Regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import plural

if TYPE_CHECKING:
    from workshop.teardown.members import MemberAccounts
    from workshop.teardown.own_sets import OwnSet


@dataclass(frozen=True)
class Unknown:
    """A resource type that could not be listed, and why; or what nobody tried to scan at."""

    resource_type: str
    account_region: AccountRegion
    why: str
    tried: bool = True
    named: str = ""
    """What it can be gone on without by, where that is not its type."""

    @property
    def subject(self) -> str:
        """What was not looked at, such as an account and which."""
        return f"{self.resource_type} {self.named}".rstrip()

    @property
    def accepted_as(self) -> str:
        """The name by which a teardown can be asked to go on without it."""
        return self.named or self.resource_type

    def document(self) -> dict[str, str]:
        """Return it as plain JSON values."""
        return {
            "resource_type": self.resource_type,
            "account_region": str(self.account_region),
            "why": self.why,
        }

    @property
    def message(self) -> str:
        """All of it in a sentence."""
        if self.tried:
            types = plural(self.resource_type)
            return f"{types} in {self.account_region} could not be listed: {self.why}"
        return f"not looked at: {self.resource_type}, {self.account_region}: {self.why}"


@dataclass(frozen=True)
class ScanTarget:
    """What is looked for: one workshop, in its accounts and Regions.

    ``seats`` are those that are chosen, by account and Region; ``keep`` what the YAML keeps.
    ``whole`` when they are all, so that strays and the cohort count as well. ``unlooked`` is what
    cannot be looked at, although something of the workshop may be there, and ``began`` when it was
    first at work. Where seats have accounts of their own, ``members`` are these, and ``sets`` the
    stack sets as one scan has found them.
    """

    workshop: str
    environment: str
    seats: Mapping[AccountRegion, frozenset[str]]
    whole: bool
    keep: Mapping[AccountRegion, frozenset[str]] = field(default_factory=dict)
    unlooked: tuple[Unknown, ...] = ()
    began: Mapping[AccountRegion, datetime] = field(default_factory=dict)
    subnets: Mapping[AccountRegion, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    members: MemberAccounts | None = None
    sets: tuple[OwnSet, ...] = ()
    made: Mapping[AccountRegion, frozenset[str]] = field(default_factory=dict)
    """The ids of the stacks that these have made."""

    def is_first(self, account_region: AccountRegion) -> bool:
        """Return whether what belongs to the whole account counts in this of its Regions."""
        return account_region == min(
            seat for seat in self.seats if seat.account == account_region.account
        )

    @property
    def own_accounts(self) -> list[AccountRegion]:
        """Where seats have accounts of their own, each of which is taken for itself."""
        home = self.members and self.members.home
        return [place for place in self.seats if place != home] if self.members else []

    def alone_as(self, account_region: AccountRegion) -> str:
        """Return the seat whose own account it is, empty where it is nobody's own."""
        own = self.members is not None and account_region != self.members.home
        return self.members.id_of(account_region) if self.members and own else ""

    def made_in(self, account_region: AccountRegion) -> frozenset[str] | None:
        """Return the ids of the stacks that stack sets made there; None where none make any."""
        if self.members is None or account_region == self.members.home:
            return None
        return self.made.get(account_region, frozenset())


def configured(
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    *,
    whole: bool,
    also: Mapping[AccountRegion, Iterable[str]] | None = None,
) -> ScanTarget:
    """Return what is torn down: these seats, or the whole environment with its strays.

    ``also`` are accounts and Regions with seats of which something else tells than the
    configuration.
    """
    by_account_region: dict[AccountRegion, set[str]] = {}
    keep: dict[AccountRegion, set[str]] = {}
    if whole:
        by_account_region[loaded.home] = set()
    for seat in seats:
        account_region = seat.account_region
        by_account_region.setdefault(account_region, set()).add(seat.attendee)
        names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
        kept = keep.setdefault(account_region, set())
        kept |= {
            names.bucket(key) for key, bucket in profile.storage.buckets.items() if bucket.keep
        }
        kept |= {
            names.repository(key)
            for key, repository in profile.registry.repositories.items()
            if repository.keep
        }
    for account_region, ids in (also or {}).items():
        by_account_region.setdefault(account_region, set()).update(ids)
    alone = loaded.settings.accounts.are_own
    if (whole or alone) and loaded.settings.cohort.keep_datasets:
        for account_region in by_account_region:
            keep.setdefault(account_region, set()).add(
                loaded.cohort_names(account_region).datasets_bucket
            )
    return ScanTarget(
        workshop=loaded.settings.workshop,
        environment=loaded.name,
        seats={account_region: frozenset(ids) for account_region, ids in by_account_region.items()},
        # With an account of its own, nobody but the seat uses what seats share.
        whole=whole or alone,
        keep={account_region: frozenset(names) for account_region, names in keep.items()},
        subnets=dict.fromkeys(by_account_region, _subnets(loaded)),
    )


def _subnets(loaded: LoadedEnvironment) -> dict[str, frozenset[str]]:
    """Return the subnets of all profiles, with their security groups: both have own ids."""
    found: dict[str, frozenset[str]] = {}
    for profile in loaded.settings.profiles.values():
        vpc = profile.notebook.vpc
        if vpc is not None:
            known = found.get(vpc.subnet_id, frozenset())
            found[vpc.subnet_id] = known | frozenset(vpc.security_group_ids)
    return found
