"""The words of a teardown: what is found, whose it is, and what a kind of thing can do.

Nothing here talks to AWS; kinds do, through the ``Clients`` they are given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.naming import Names


class Ownership(StrEnum):
    """How sure it is that a thing belongs to the workshop."""

    OWNED = "owned"
    """Proven: by its execution role, by who created it, or as a resource of a workshop's stack."""
    CLAIMED = "claimed"
    """Only a tag or a name says so, and anybody can write those."""
    FOREIGN = "foreign"
    """It looks alike, and is proven to be somebody else's, or nothing proves it ours."""
    UNKNOWN = "unknown"
    """Whose it is could not be read: it is neither touched nor called gone."""


Identity = tuple[str, str, AccountRegion, str]
"""Kind, id, place and moment of creation."""


@dataclass(frozen=True)
class Resource:
    """One resource.

    ``id`` is what its API takes (a name, an ARN); ``seat`` is the seat it belongs to, ``cohort`` or
    empty where that is not known; ``why`` tells what the ownership rests on. ``state`` is the
    service's own word. ``hourly`` is what it costs an hour in US dollars now, None where that is
    not known, 0 where it costs nothing by the hour. ``details`` holds what deleting it needs.
    """

    kind: str
    id: str
    place: AccountRegion
    ownership: Ownership
    why: str
    seat: str = ""
    arn: str = ""
    state: str = ""
    hourly: Decimal | None = Decimal(0)
    created: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict, hash=False)
    stack: str = ""
    """The workshop's stack that holds it and takes it away; discovery fills it in, kinds do not."""
    untold: bool = False
    """Whether it could be read, and nothing in it tells whose it is."""
    of_environment: str = ""
    """The other environment of the workshop that tags only the provisioner writes name."""
    stack_tag: str | None = None
    """The id of the stack that CloudFormation's own tag names, empty where there is no such tag.
    None for a resource type that is not asked for it."""

    @property
    def is_unread(self) -> bool:
        """Whether it is there, and what tells whose it is could not be read."""
        return self.ownership == Ownership.UNKNOWN and not self.untold

    @property
    def key(self) -> tuple[str, str, AccountRegion]:
        """What tells it from every other thing."""
        return self.kind, self.id, self.place

    @property
    def identity(self) -> Identity:
        """What tells it also from a later one of the same name."""
        return *self.key, "" if self.created is None else self.created.isoformat()


@dataclass(frozen=True)
class Scope:
    """Whose things are looked for in one place.

    ``seats`` holds the ids of all seats that are torn down, whether on the roster or strays;
    ``whole`` is true when these are all of the environment, and the cohort goes as well.
    """

    workshop: str
    environment: str
    place: AccountRegion
    seats: frozenset[str]
    whole: bool
    keep: frozenset[str] = frozenset()
    """Physical names of the buckets and repositories that the YAML keeps."""
    subnets: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    """The subnets of the profiles, with the security groups that seats may use there."""

    def names(self, seat: str) -> Names:
        """The names of one seat."""
        return Names(self.workshop, seat, self.place.account, self.place.region)


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
        """Whether something was made by a session of this role.

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
        """What is known under ``key``, else what ``find`` gives; others who ask wait for that."""
        if key not in self._known:
            with self._finding.setdefault(key, threading.Lock()):
                if key not in self._known:
                    self._known[key] = find()
        return self._known[key]

    def note(self, key: Hashable, value: Any) -> None:
        """Keep what somebody found out."""
        self._known[key] = value

    def recall(self, key: Hashable) -> Any:
        """What is known under ``key``, None where nothing is."""
        return self._known.get(key)


@dataclass(frozen=True)
class ScanContext:
    """What kinds get: clients, and the scope they work in. Shared by threads.

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
    """What an earlier look proved, and its seat: what proved it may have been deleted since."""
    since: datetime | None = None
    """When the first of the workshop's stacks and roles here was made, None where none is known."""
    roles: tuple[SeenRole, ...] = ()
    """The workshop's roles of this account that are there, or were when somebody looked."""


class ResourceType(Protocol):
    """One kind of thing: how to list, prove, stop and delete it. One instance serves all threads.

    botocore's errors pass through all methods: whoever calls records them, so that a listing that
    fails makes the kind unknown and never empty. "Not found" while deleting is no error: it is
    gone.
    """

    @property
    def name(self) -> str:
        """Singular, as people say it: ``training job``."""
        ...

    @property
    def after(self) -> tuple[str, ...]:
        """Kinds of which everything has to be gone before anything of this kind is deleted."""
        ...

    @property
    def resource_type(self) -> str:
        """CloudFormation's name for it, ``AWS::S3::Bucket``; empty where it has none."""
        ...

    @property
    def needs_role(self) -> bool:
        """Whether SageMaker needs the seat's execution role to end or delete one of these."""
        ...

    def find(self, world: ScanContext) -> Iterator[Resource]:
        """Everything of this kind that could be the workshop's, look-alikes included; paged."""
        ...

    def stop(self, world: ScanContext, thing: Resource) -> bool:
        """End what it costs by the hour; whether there was anything to stop."""
        ...

    def delete(self, world: ScanContext, thing: Resource) -> None:
        """Ask for its deletion; raises Undeletable where AWS has no way to delete it."""
        ...

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        """Its state now, None when it is gone."""
        ...

    def deletable_in(self, state: str) -> bool:
        """Whether it can be deleted in this state, or has to be waited for."""
        ...


@runtime_checkable
class Emptying(Protocol):
    """A kind whose things hold others, and can be deleted by their stack once they are empty."""

    def empty(self, world: ScanContext, thing: Resource) -> None:
        """Take everything out of it, and return when it is empty."""
        ...


@runtime_checkable
class ByHand(Protocol):
    """A kind whose things people have to delete themselves, whatever is included."""

    @property
    def by_hand(self) -> bool:
        """Whether they have to."""
        ...


@runtime_checkable
class DeletesAtOnce(Protocol):
    """A kind whose things need not be waited for once their deletion was answered."""

    @property
    def prompt(self) -> bool:
        """Whether they are, so that the look after the sweep is enough."""
        ...


@runtime_checkable
class Permanent(Protocol):
    """A kind whose records may stay for ever, since AWS has no way to delete them."""

    @property
    def permanent(self) -> bool:
        """Whether they do; what of it runs can be stopped all the same."""
        ...


class Undeletable(Exception):  # noqa: N818 - a fact about AWS's API, not an error
    """AWS's API has no way to delete this: its record stays, and costs nothing."""


def ordered(kinds: Iterable[ResourceType]) -> list[ResourceType]:
    """Kinds in an order that keeps every ``after``; raises ValueError for a circle."""
    left = {kind.name: kind for kind in kinds}
    done: list[ResourceType] = []
    while left:
        free = [kind for kind in left.values() if not set(kind.after) & left.keys()]
        if not free:
            raise ValueError(f"kinds wait for each other: {', '.join(left)}")
        done += [left.pop(kind.name) for kind in free]
    return done
