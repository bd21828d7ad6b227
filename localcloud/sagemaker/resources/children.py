"""Jobs that a job creates in its own role, and how they end.

The parent keeps their names in its record, as ``children``. Its status ends when the last of them
has ended, and not before its own time.
"""

from __future__ import annotations

from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType
from localcloud.sagemaker.resources import jobs


def make(
    engine: SageMakerEngine,
    parent: Record,
    kind: SageMakerResourceType,
    request: Members,
    moment: float,
) -> Record:
    """Create a child; ``ApiError`` as for any caller."""
    record = engine.create(kind, request, moment)
    parent.setdefault("children", []).append([kind.noun, record["key"]])
    return record


def of(engine: SageMakerEngine, parent: Record, noun: str = "") -> list[Record]:
    """Return the children that still exist, oldest first; of one type only if ``noun`` is given."""
    found = (
        engine.record(engine.kinds[child_noun], key)
        for child_noun, key in parent.get("children", [])
        if noun in ("", child_noun)
    )
    return [record for record in found if record is not None]


def count(parent: Record) -> int:
    """Return how many children were created, whether they still exist or not."""
    return len(parent.get("children", []))


def running(engine: SageMakerEngine, parent: Record) -> list[Record]:
    """Return the children that have not ended."""
    return [record for record in of(engine, parent) if record["status"] in jobs.RUNNING]


def stop(engine: SageMakerEngine, parent: Record, moment: float) -> None:
    """Stop the running children."""
    for noun, key in parent.get("children", []):
        kind = engine.kinds[noun]
        record = engine.record(kind, key)
        if record is not None and record["status"] == "InProgress":
            engine.statuses.enter(kind, record, "Stopping", moment)


def pass_on(
    engine: SageMakerEngine, kind: SageMakerResourceType, parent: Record, moment: float
) -> None:
    """End the status of a parent whose children have ended."""
    own = parent["since"] + engine.delays[kind.steps[parent["status"]].delay]
    engine.statuses.ask_at(kind, parent, max(moment, own))
