"""The words of a teardown: what is found, whose it is, and what a resource type can do.

Nothing here talks to AWS; resource types do, through the ``Clients`` they are given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.naming import ALONE, Names


class Ownership(StrEnum):
    """How sure it is that a resource belongs to the workshop."""

    OWNED = "owned"
    """Proven: by its execution role, by who created it, or as a resource of a workshop's stack."""
    CLAIMED = "claimed"
    """Only a tag or a name says so, and anybody can write those."""
    FOREIGN = "foreign"
    """It looks alike, and is proven to be somebody else's, or nothing proves it ours."""
    UNKNOWN = "unknown"
    """Whose it is could not be read: it is neither touched nor called gone."""


Key = tuple[str, str, AccountRegion]
"""Type and id of a resource, and where it is."""
Identity = tuple[str, str, AccountRegion, str]
"""The same with its moment of creation."""


@dataclass(frozen=True)
class Resource:
    """One resource.

    ``id`` is what its API takes (a name, an ARN); ``seat`` is the seat it belongs to, ``cohort`` or
    empty where that is not known; ``why`` tells what the ownership rests on. ``state`` is the
    service's own word. ``hourly`` is what it costs an hour in US dollars now, None where that is
    not known, 0 where it costs nothing by the hour. ``details`` holds what deleting it needs.
    """

    resource_type: str
    id: str
    account_region: AccountRegion
    ownership: Ownership
    why: str
    seat: str = ""
    arn: str = ""
    state: str = ""
    hourly: Decimal | None = Decimal(0)
    created: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict, hash=False)
    stack: str = ""
    """The workshop's stack that holds it and takes it away; discovery fills it in."""
    unattributable: bool = False
    """Whether it could be read, and nothing in it tells whose it is."""
    of_environment: str = ""
    """The other environment of the workshop that tags only the provisioner writes name."""
    stack_tag: str | None = None
    """The id of the stack that CloudFormation's own tag names, empty where there is no such tag.
    None for a resource type that is not asked for it."""

    account_of: str = ""
    """The seat whose own account it is in, empty in an account of others; discovery fills it in.
    What seats have is called alike in each of these."""

    @property
    def label(self) -> str:
        """Its type and id, and the account where others have the same."""
        where = f" in account {self.account_region.account}" if self.account_of else ""
        return f"{self.resource_type} {self.id}{where}"

    @property
    def owner(self) -> str:
        """Its seat; in an account that is a seat's own, whose that is for what is not the seat's.

        Such as ``cohort, ada``.
        """
        if not self.account_of or self.seat == self.account_of:
            return self.seat
        return f"{self.seat}, {self.account_of}".removeprefix(", ")

    @property
    def is_unread(self) -> bool:
        """Whether it is there, and what tells whose it is could not be read."""
        return self.ownership == Ownership.UNKNOWN and not self.unattributable

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "resource_type": self.resource_type,
            "id": self.id,
            "account": self.account_region.account,
            "region": self.account_region.region,
            "seat": self.seat,
            "ownership": self.ownership.value,
            "why": self.why,
            "state": self.state,
            "stack": self.stack,
            "usd_per_hour": None if self.hourly is None else str(self.hourly),
        }

    @property
    def key(self) -> Key:
        """What tells it from every other resource."""
        return self.resource_type, self.id, self.account_region

    @property
    def order(self) -> tuple[AccountRegion, str, str, str]:
        """By what lists of resources are sorted: where it is, its seat, type and id."""
        return self.account_region, self.seat, self.resource_type, self.id

    @property
    def identity(self) -> Identity:
        """What tells it also from a later one of the same name."""
        return *self.key, "" if self.created is None else self.created.isoformat()


@dataclass(frozen=True)
class Scope:
    """Whose resources are looked for in one account and Region.

    ``seats`` holds the ids of all seats that are torn down, whether on the roster or strays;
    ``whole`` is true when these are all of the environment, and the cohort goes as well.
    """

    workshop: str
    environment: str
    account_region: AccountRegion
    seats: frozenset[str]
    whole: bool
    keep: frozenset[str] = frozenset()
    """Physical names of the buckets and repositories that the YAML keeps."""
    subnets: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    """The subnets of the profiles, with the security groups that seats may use there."""

    alone_as: str = ""
    """Who the seat is to people in whose own account this is; empty in an account of others."""

    def known(self, seat: str) -> str:
        """Return a seat as people know it."""
        return self.alone_as if self.alone_as and seat == ALONE else seat

    def names(self, seat: str) -> Names:
        """Return the names of one seat."""
        return Names(self.workshop, seat, self.account_region.account, self.account_region.region)


CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much two services may tell the same moment differently."""

STILL_THERE = datetime.max.replace(tzinfo=UTC)
"""When a role that is there now was last seen."""


@dataclass(frozen=True)
class SeenRole:
    """A role of the workshop that was there once: its id, and when it was made and last seen.

    The id is empty where only the stack that holds the role is known. A name can be used again by
    somebody else, an id never
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
    """

    account: str
    name: str
    id: str
    created: datetime
    seen: datetime

    def made(self, name: str, principal: str, created: datetime | None) -> bool:
        """Return whether something was made by a session of this role.

        ``principal`` is ``<role id>:<session>``. Where the service does not tell it, whoever had
        the name at that moment made it: two roles never have one name at once.
        """
        if principal and self.id:
            return principal.partition(":")[0] == self.id
        if name != self.name or created is None:
            return False
        return self.created - CLOCKS_DIFFER <= created <= self.seen


class ScanCache:
    """What was found out once and stays true, by whatever key; shared by threads.

    Failures are not kept: the next one who asks tries again.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._finding: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """Return what is known under ``key``, else what ``find`` returns, called by one thread."""
        if key not in self._known:
            with self._finding.setdefault(key, threading.Lock()):
                if key not in self._known:
                    self._known[key] = find()
        return self._known[key]

    def note(self, key: Hashable, value: Any) -> None:
        """Keep what somebody found out."""
        self._known[key] = value

    def recall(self, key: Hashable) -> Any:
        """Return what is known under ``key``, None where nothing is."""
        return self._known.get(key)


@dataclass(frozen=True)
class ScanContext:
    """What resource types get: clients, and the scope they work in. Shared by threads.

    ``tagged`` are the tags of whatever carries the workshop's tag, by ARN, as far as the tagging
    service knows it.
    """

    clients: Clients
    scope: Scope
    tagged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    memory: ScanCache = field(default_factory=ScanCache)
    """What one scan found out."""
    lasting: ScanCache = field(default_factory=ScanCache)
    """What stays true from one scan to the next."""
    proven: Mapping[Identity, str] = field(default_factory=dict)
    """What an earlier scan proved, and its seat: what proved it may have been deleted since."""
    since: datetime | None = None
    """When the first of the workshop's stacks and roles here was made, None where none is known."""
    roles: tuple[SeenRole, ...] = ()
    """The workshop's roles of this account that are there, or were when somebody looked."""
