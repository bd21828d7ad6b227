"""What a kind of resource is: the declarative half of the engine.

A new kind is a new table (see ``notebook_instance.py``); the engine needs no change as long as the
kind is created, described, listed, moved between statuses and deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.localcloud.sagemaker.engine import Engine

Record = dict[str, Any]
"""One stored resource: ``name``, ``arn``, ``created``, ``modified`` and ``since`` (seconds since
the epoch), ``status`` (or None), ``tags`` (name -> value) and ``members`` (the API's own names).
Plain JSON values only, so that it survives a restart."""

Members = dict[str, Any]
Check = Callable[["Engine", Members, Members], None]
"""Called with the request and the members the resource would have; raises ``ApiError``."""


@dataclass(frozen=True)
class Step:
    """A status that passes by itself after the named delay; ``to=None``: the resource is gone."""

    delay: str
    to: str | None


@dataclass(frozen=True)
class Move:
    """An operation that changes the status, allowed only from some statuses."""

    operation: str
    allowed: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Filter:
    """A member of a List request that compares one member of the resource."""

    member: str
    accepts: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Kind:
    """One kind of SageMaker resource. ``{arn}`` and ``{name}`` are filled into the messages."""

    noun: str
    plural: str
    arn_type: str
    words: str
    name: str
    arn: str
    summaries: str
    missing: str
    duplicate: str
    sort_by: str = "Name"
    lowercase_arn: bool = False
    takes_arn: bool = False
    status: str | None = None
    first_status: str | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    update: Move | None = None
    delete: Move | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    derived: Callable[[Engine, Record], Members] | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    on_create: tuple[Check, ...] = ()
    on_update: tuple[Check, ...] = ()
    on_delete: tuple[Check, ...] = ()
