"""Jobs that a job makes by itself, in its own role, and how they end.

What made them keeps their names in its record, as ``children``. It passes on when the last of them
has ended, and not before its own time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.sagemaker.resources import jobs

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType


def make(
    engine: SageMakerEngine,
    parent: Record,
    kind: SageMakerResourceType,
    request: Members,
    moment: float,
) -> Record:
    """Make one; ``ApiError`` as for anybody who asks."""
    record = engine.create(kind, request, moment)
    parent.setdefault("children", []).append([kind.noun, record["key"]])
    return record


def of(engine: SageMakerEngine, parent: Record, noun: str = "") -> list[Record]:
    """Give those that are still there, oldest first; of one kind only if ``noun`` is given."""
    found = (
        engine.record(engine.kinds[child_noun], key)
        for child_noun, key in parent.get("children", [])
        if noun in ("", child_noun)
    )
    return [record for record in found if record is not None]


def count(parent: Record) -> int:
    """Give how many were made, whether they are still there or not."""
    return len(parent.get("children", []))


def running(engine: SageMakerEngine, parent: Record) -> list[Record]:
    """Give those that have not ended."""
    return [record for record in of(engine, parent) if record["status"] in jobs.RUNNING]


def stop(engine: SageMakerEngine, parent: Record, moment: float) -> None:
    """Stop those that run."""
    for noun, key in parent.get("children", []):
        kind = engine.kinds[noun]
        record = engine.record(kind, key)
        if record is not None and record["status"] == "InProgress":
            engine.statuses.enter(kind, record, "Stopping", moment)


def pass_on(
    engine: SageMakerEngine, kind: SageMakerResourceType, parent: Record, moment: float
) -> None:
    """Let a parent pass on, now that it waits for none of them any more."""
    own = parent["since"] + engine.delays[kind.steps[parent["status"]].delay]
    engine.statuses.ask_at(kind, parent, max(moment, own))
