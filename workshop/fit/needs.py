"""One table: what labs need, and the key of a profile that opens it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from workshop.config import rules
from workshop.config.model import Model
from workshop.config.profiles import LONGEST_WARM_POOL, Access, Profile, Serverless
from workshop.fit.asking import in_region, kind_of_bucket
from workshop.fit.calls import LabCall, LabFindings
from workshop.policies.actions import (
    ALARMS,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_USE,
)

Key = tuple[str, ...]
"""A place in a profile, such as ``("access", "warm_pools")``."""

HOUR, MINUTE = 3600, 60
_OF_MLFLOW = tuple(
    f"sagemaker:{verb}Mlflow{noun}"
    for verb in ("Describe", "List", "CreatePresigned")
    for noun in ("App", "Apps", "AppUrl", "TrackingServer", "TrackingServers", "TrackingServerUrl")
)
"""What labs ask SageMaker about the MLflow that they track with."""
SMALLEST = "ml.m5.large"
"""The cheapest machine that training, processing and endpoints all have."""

HARMLESS = {
    # What shows nothing of a neighbour, and neither makes nor costs anything.
    "SeeNetworks": (
        ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        "*",
    ),
}
"""Sid -> actions that labs ask for and that can be opened to everybody, and on what."""


@dataclass(frozen=True)
class Labs:
    """What was read of the labs, with where they are to run."""

    found: LabFindings
    region: str
    base: Profile
    """The profile that is there already, or one of defaults."""
    keeps: bool
    """Whether what the profile allows already stays allowed."""
    address: str = ""
    branch: str = ""
    """Of the repository that the labs are in."""

    @property
    def calls(self) -> Sequence[LabCall]:
        return self.found.calls

    def facts(self, kind: str) -> bool:
        return any(each == kind for each, _, _ in self.found.facts)


@dataclass(frozen=True)
class Need:
    """A key, why labs need it, and the value that they need; None where they do not.

    ``is_asked``: whether the policies tell if it is needed. What they do not see, such as whether a
    tag can be pushed twice, is believed.
    """

    key: Key
    why: str
    value: Callable[[Labs], Any]
    is_asked: bool = True


def _types(*uses: str) -> Callable[[Labs], Any]:
    def value(labs: Labs) -> list[str] | None:
        counts: Counter[str] = Counter()
        for call in labs.calls:
            if call.use in uses and not call.closed_kind:
                counts.update(call.types)
        ordered = sorted(counts, key=lambda name: (-counts[name], name))
        return [name for name in ordered if rules.INSTANCE_TYPE.holds(name)] or None

    return value


def _hours(labs: Labs) -> int | None:
    longest = max((call.max_run or 0 for call in labs.calls), default=0)
    default = Access.model_fields["max_runtime_hours"].default
    hours = min(math.ceil(longest / HOUR), _most("max_runtime_hours", "le"))
    return hours if hours > max(default, labs.base.access.max_runtime_hours) else None


def _some(*actions: str) -> Callable[[Labs], Any]:
    return lambda labs: True if any(call.action in actions for call in labs.calls) else None


def _pools(labs: Labs) -> int | None:
    kept = max((call.keep_alive or 0 for call in labs.calls), default=0)
    minutes = min(math.ceil(kept / MINUTE), LONGEST_WARM_POOL)
    return minutes if minutes > labs.base.access.warm_pool_minutes else None


def _serverless(labs: Labs) -> dict[str, int] | None:
    """Return how large the largest of them are, memory in the steps that the key takes."""
    had = labs.base.access.serverless
    sizes = [call.serverless for call in labs.calls if call.serverless]
    sizes += [(had.max_concurrency, had.memory_mb)] if had else []
    if not sizes:
        return None
    concurrency, memory = (max(each) for each in zip(*sizes, strict=True))
    steps = get_args(Serverless.model_fields["memory_mb"].annotation)
    wanted = Serverless.model_validate(
        {
            "max_concurrency": min(concurrency, _most("max_concurrency", "le", Serverless)),
            "memory_mb": next((step for step in steps if step >= memory), steps[-1]),
        }
    )
    return None if wanted == had else wanted.model_dump()


def _ask(labs: Labs, service: str, actions: Collection[str]) -> bool:
    """Return whether labs ask a service for anything, or for one of these actions of others."""
    return any(call.service == service or call.action in actions for call in labs.calls)


def _scaling(labs: Labs) -> bool | None:
    return True if _ask(labs, "application-autoscaling", ALARMS) else None


def _mlflow(labs: Labs) -> str | None:
    tracked = _ask(labs, "sagemaker-mlflow", _OF_MLFLOW)
    return "app" if tracked and labs.base.mlflow is None else None


def _buckets(labs: Labs) -> list[str] | None:
    written = written_buckets(labs.calls)
    buckets = Counter(
        in_region(call.bucket, labs.region)
        for call in labs.calls
        if kind_of_bucket(call.bucket) == "other" and call.bucket not in written
    )
    names = [name for name in buckets if rules.PUBLIC_BUCKET.holds(name)]
    names.sort(key=lambda name: (-buckets[name], name))
    there = labs.base.access.public_buckets if labs.keeps else ()
    room = _most("public_buckets", "max_length") - len({*there} - {*names})
    return names[: max(0, room)] or None


def _statements(labs: Labs) -> list[dict[str, Any]] | None:
    called = {call.action for call in labs.calls}
    made = []
    for sid, (actions, resource) in HARMLESS.items():
        if wanted := [action for action in actions if action in called]:
            on = resource.format(region=labs.region)
            made.append({"sid": sid, "actions": wanted, "resources": [on]})
    return made or None


def _pushed_twice(labs: Labs) -> bool | None:
    return False if labs.facts("push") else None


def _root(labs: Labs) -> bool | None:
    return True if labs.facts("sudo") else None


def _content(labs: Labs) -> dict[str, str] | None:
    if labs.base.notebook.content or not rules.CONTENT_ADDRESS.holds(labs.address):
        return None
    branch = {"branch": labs.branch} if rules.BRANCH.holds(labs.branch) else {}
    return {"repository": labs.address, **branch}


NEEDS: tuple[Need, ...] = (
    Need(("access", "training_instance_types"), "training and tuning jobs", _types("training")),
    Need(
        ("access", "processing_instance_types"),
        "processing and batch transform jobs",
        _types("processing", "transform"),
    ),
    Need(("access", "endpoint_instance_types"), "endpoints", _types("endpoint")),
    Need(("access", "max_runtime_hours"), "jobs that ask for longer than a day", _hours),
    Need(("access", "warm_pools"), "jobs that keep their machine for the next one", _pools),
    Need(("access", "serverless"), "serverless endpoints", _serverless),
    Need(("access", "autoscaling"), "endpoints that are scaled, and alarms", _scaling),
    Need(("mlflow",), "runs that are tracked with MLflow", _mlflow),
    Need(
        ("access", "feature_store"),
        "feature groups",
        _some(*FEATURE_STORE_CREATE, *FEATURE_STORE_USE, *FEATURE_STORE_LISTS),
    ),
    Need(
        ("access", "model_packages"),
        "versions of models in the registry",
        _some(*(f"sagemaker:{verb}ModelPackage" for verb in ("Create", "Describe", "Update"))),
    ),
    Need(("access", "search"), "SageMaker's search", _some("sagemaker:Search")),
    Need(("access", "public_buckets"), "sample data of other accounts", _buckets),
    Need(("access", "extra_statements"), "what can be read without harm", _statements),
    Need(
        ("registry", "repositories", "training", "immutable_tags"),
        "images that are pushed again under the same tag",
        _pushed_twice,
        is_asked=False,
    ),
    Need(("notebook", "root_access"), "commands with sudo", _root, is_asked=False),
    Need(
        ("notebook", "content"),
        "the labs, if they can be cloned without credentials",
        _content,
        is_asked=False,
    ),
)


def written_buckets(calls: Iterable[LabCall]) -> frozenset[str]:
    """Return the buckets that labs write to: they are the author's, not everybody's."""
    return frozenset(
        call.bucket
        for call in calls
        if call.service == "s3" and not call.action.startswith(("s3:Get", "s3:List"))
    )


def differing(labs: Labs) -> Iterator[tuple[Need, Any]]:
    """Yield what labs need and the base does not have: the need, and the value of its key."""
    for need in NEEDS:
        value = need.value(labs)
        if value is None:
            continue
        there = _there(labs.base, need.key)
        if isinstance(value, list):
            had = [*there] if labs.keeps else []
            named = [each for each in value if each not in had]
            if not {*map(str, value)} - {*map(str, there)}:
                continue
            value = [*had, *named] if need.key[-1] != "extra_statements" else named
        elif value == there:
            continue
        yield need, value


def narrowing(labs: Labs) -> Iterator[tuple[Need, Any]]:
    """Yield the lists of instance types that are shorter than what the defaults open.

    Where labs use no machines of a kind, the smallest is left: a list has to name one.
    """
    for need in NEEDS:
        if need.key[-1].endswith("_instance_types"):
            used = need.value(labs) or [SMALLEST]
            if {*_there(labs.base, need.key)} - {*used}:
                yield need, used


def _there(profile: Profile, key: Key) -> Any:
    """Return what a profile has at a key; a part that is not there has its default."""
    value: Any = profile
    for part in key:
        if isinstance(value, dict):
            value = value.get(part, next(iter(value.values())))
        else:
            value = getattr(value, part)
    return value


def _most(field: str, bound: str, of: type[Model] = Access) -> int:
    """Return the bound that the configuration sets to a key: its ``le`` or ``max_length``."""
    bounds = (getattr(each, bound, None) for each in of.model_fields[field].metadata)
    return next(int(each) for each in bounds if each is not None)
