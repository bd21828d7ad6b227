"""What a resource type is: the declarative half of the engine.

A new type is a new table (see ``resources/notebook_instance.py``). Operations are those of the
service model: ``Create<noun>``, ``Describe<noun>``, ``List<noun>s``, ``Update<noun>`` and
``Delete<noun>`` exist here if, and only if, the service has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine

Record = dict[str, Any]
"""One stored resource: ``key`` (its place in the store), ``name``, ``arn``, ``created``,
``modified`` and ``since`` (seconds since the epoch), ``status`` (or None), ``failure`` (or None),
``by`` (who made it), ``tick`` (when it last wrote, or None), ``tags`` (name -> value) and
``members`` (the API's own names). Plain JSON values only, so that it survives a restart."""

Members = dict[str, Any]
Check = Callable[["SageMakerEngine", Members, Members], None]
"""Called with the request and the members the resource would have; raises ``ApiError``."""
Effect = Callable[["SageMakerEngine", Record, float], None]
"""What a resource does at a moment (seconds since the epoch): write a log, an object, a metric."""


@dataclass(frozen=True)
class TransitionStep:
    """A status that ends by itself after the named delay; ``to=None``: the resource is gone.

    ``blocked`` keeps the status and is asked again one delay later. ``fails`` returns a failure
    reason, with which it goes to ``Failed`` instead. ``seconds`` returns how long it takes where
    the delay alone does not say, ``instead`` another status than ``to``.
    """

    delay: str
    to: str | None
    blocked: Callable[[SageMakerEngine, Record], bool] | None = None
    fails: Callable[[SageMakerEngine, Record], str | None] | None = None
    seconds: Callable[[SageMakerEngine, Record], float] | None = None
    instead: Callable[[SageMakerEngine, Record], str | None] | None = None


@dataclass(frozen=True)
class Move:
    """An operation that changes the status, allowed only from some statuses.

    ``refusal`` may hold ``{status}``, ``{STATUS}``, ``{allowed}``, ``{to}``, ``{words}``,
    ``{arn}``, ``{name}``.
    ``to=None``: the resource is gone at once.
    """

    operation: str
    allowed: tuple[str, ...]
    to: str | None
    refusal: str = (
        "Status ({status}) not in ([{allowed}]). Unable to transition to ({to}) for {words} ({arn})"
    )
    code: str = "ValidationException"
    missing: str = ""
    """The message for a missing resource, if not the type's; ``{arn}``, ``{name}``."""


@dataclass(frozen=True)
class Filter:
    """A member of a List request that compares one member of the resource.

    ``of`` returns what is compared where no member holds it.
    """

    member: str
    accepts: Callable[[Any, Any], bool] = lambda value, asked: value == asked
    of: Callable[[SageMakerEngine, Record], Any] | None = None


@dataclass(frozen=True)
class SageMakerResourceType:
    """One kind of SageMaker resource. ``{arn}`` and ``{name}`` are filled into the messages.

    What its names repeat of the noun is given only where they differ: the name is in ``<noun>Name``
    and the ARN in ``<noun>Arn``, with the noun in lower case and hyphens before the name in it.
    """

    noun: str
    words: str
    missing: str
    duplicate: str
    name: str = ""
    """The request member with the resource's name."""
    arn: str = ""
    """The member with its ARN."""
    arn_type: str = ""
    missing_code: str = "ValidationException"
    duplicate_code: str = "ValidationException"
    operations: Mapping[str, str] = field(default_factory=dict)
    """Role (create, describe, list, update, delete) -> operation, where the service calls it
    otherwise than its noun says; the value "" stands for an operation made by hand."""
    parents: tuple[str, ...] = ()
    """Request members that identify a resource besides its name: ``DomainId`` of a user profile."""
    identify: Callable[[SageMakerEngine, Members], str] | None = None
    """Returns the name of a new resource where the request has none: ``d-...`` of a domain."""
    locate: Callable[[SageMakerEngine, Members], str | None] | None = None
    """Returns the key of the resource that a request names, where parents and name do not."""
    sort_by: str = "CreationTime"
    descending: bool = True
    lowercase_arn: bool = False
    takes_arn: bool = False
    status: str | None = None
    first_status: str | None = None
    failed: str = "Failed"
    """The status of a failed resource."""
    replaceable: frozenset[str] = frozenset()
    """Statuses in which the name is free for another resource."""
    steps: Mapping[str, TransitionStep] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    update: Move | None = None
    delete: Move | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Request member -> member of the resource, where they differ."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Flag of an Update request -> the member that it takes away."""
    forgotten: frozenset[str] = frozenset()
    """Request members that no answer shows."""
    hidden: frozenset[str] = frozenset()
    """Members that checks keep in a resource for later; no answer shows them either."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    derived: Callable[[SageMakerEngine, Record], Members] | None = None
    """Returns members that are computed for each answer."""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    summarized: Mapping[str, str] = field(default_factory=dict)
    """Member of the summary -> member of the resource, where they differ; a dotted path leads into
    its structures."""
    on_list: tuple[Callable[[SageMakerEngine, Members], None], ...] = ()
    """Called with a List request before anything is listed; raises ``ApiError``."""
    on_create: tuple[Check, ...] = ()
    on_update: tuple[Check, ...] = ()
    on_delete: tuple[Check, ...] = ()
    on_enter: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    """Status -> what happens when it is entered; "" stands for creation and "gone" for the end."""
    on_tick: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    """Status -> what happens again and again while it lasts, every ``tick`` seconds."""
    on_child: Effect | None = None
    """What happens when a child has ended (see ``resources/jobs.py``)."""
    uses: Callable[[Record], Mapping[str, float]] | None = None
    """Quota name -> amount that one resource takes while it is in a status of ``live``."""
    live: frozenset[str] = frozenset()
    no_capacity: str = (
        "CapacityError: Unable to provision requested ML compute capacity due to "
        "InsufficientInstanceCapacity error. Please retry using a different ML instance type "
        "({instance_type}) or after some time."
    )
    """The failure reason for a missing machine of an ``{instance_type}``."""
    instance_types: Callable[[Members], Iterable[str]] | None = None
    """The instance types that a resource runs on, for capacity errors."""

    def __post_init__(self) -> None:
        """Fill in the names that were not given."""
        derived = {
            "name": f"{self.noun}Name",
            "arn": f"{self.noun}Arn",
            "arn_type": xform_name(self.noun, "-"),
        }
        for member, value in derived.items():
            if not getattr(self, member):
                object.__setattr__(self, member, value)  # The dataclass is frozen.
