"""Managed warm pools: machines that a training job keeps for the next one like it.

InUse -> Available -> Reused | Terminated. A pool has no operations of its own: it shows in the
``WarmPoolStatus`` of its job. Source: "SageMaker AI Managed Warm Pools" and "Request a warm pool
quota increase" in the developer guide.
"""

from __future__ import annotations

from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Members,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import jobs

QUOTA = "{type} for training warm pool usage"
JOB_QUOTA = "{type} for training job usage"
TOTAL = "Number of instances across all training jobs"

_SAME = (
    "RoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
)
"""Members in which two jobs have to be alike, besides all of ResourceConfig but the period."""


def _uses(record: Record) -> dict[str, float]:
    """What a pool takes; while a job runs on it, the job counts among the jobs."""
    fleet = [(instance_type, count) for instance_type, count in record["members"]["Fleet"]]
    waiting = record["status"] == "Available"
    return _retained(fleet) | (jobs.usage(fleet, JOB_QUOTA, TOTAL) if waiting else {})


def _retained(fleet: jobs.Fleet) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for instance_type, count in fleet:
        quota = QUOTA.format(type=instance_type)
        amounts[quota] = amounts.get(quota, 0.0) + count
    return amounts


def _end(engine: SageMakerEngine, record: Record, moment: float) -> None:  # noqa: ARG001
    record["members"]["Ended"] = moment


KIND = SageMakerResourceType(
    noun="WarmPool",
    words="Warm Pool",
    name="TrainingJobName",
    missing="",
    duplicate="",
    status="Status",
    steps={
        "Available": TransitionStep(
            "stopping",
            "Terminated",
            seconds=lambda _, record: float(record["members"]["KeepAlivePeriodInSeconds"]),
        ),
    },
    on_enter={"Terminated": (_end,), "Reused": (_end,)},
    uses=_uses,
    live=frozenset({"InUse", "Available"}),
)


def of(engine: SageMakerEngine, job: Record) -> Record | None:
    """Return the pool of a training job, None if it has none."""
    return engine.record(KIND, job["key"])


def take(engine: SageMakerEngine, name: str, members: Members) -> None:
    """Give a new job the machines of a pool that waits for one like it."""
    pools = engine.records(KIND)
    for pool in pools:
        # The job that it was meant for was not created.
        pool.pop("handed_to", None)
    likeness = _likeness(members)
    for pool in pools:
        if pool["status"] == "Available" and pool["members"]["Likeness"] == likeness:
            pool["handed_to"] = pool["members"]["ReusedByJob"] = name
            engine.statuses.enter(KIND, pool, "Reused", engine.clock.now())
            return


def use(engine: SageMakerEngine, job: Record, fleet: jobs.Fleet, moment: float) -> None:
    """Show a job that took a pool as running on one."""
    if any(pool.pop("handed_to", None) == job["name"] for pool in engine.records(KIND)):
        _enter(engine, job, fleet, "InUse", moment)


def retain(engine: SageMakerEngine, job: Record, fleet: jobs.Fleet, moment: float) -> None:
    """Keep the machines of a job that has ended, if it asked for it and quotas allow it."""
    pool = of(engine, job)
    if _period(job["members"]):
        _enter(engine, job, fleet, "Available", moment)
    elif pool is not None:
        engine.statuses.enter(KIND, pool, "Terminated", moment)


def keep_for(engine: SageMakerEngine, job: Record, seconds: int) -> None:
    """Change how long the machines of a job are kept, 0 to let them go."""
    pool = of(engine, job)
    if pool is None or pool["status"] != "Available":
        # Not measured on AWS, which documents that the pool has to be Available.
        raise invalid(
            "KeepAlivePeriodInSeconds can be updated only while the warm pool of the training job "
            f"({job['arn']}) is Available"
        )
    pool["members"]["KeepAlivePeriodInSeconds"] = seconds
    engine.statuses.ask_at(KIND, pool, max(engine.clock.now(), pool["since"] + seconds))
    engine.statuses.run_due()


def forget(engine: SageMakerEngine, job: Record, moment: float) -> None:
    """Drop the pool of a job that is deleted."""
    pool = of(engine, job)
    if pool is not None:
        engine.statuses.remove(KIND, pool, moment)


def shown(engine: SageMakerEngine, job: Record) -> Members:
    """Return the member that shows the pool of a job."""
    pool = of(engine, job)
    if pool is None:
        return {}
    members = pool["members"]
    seconds = 0.0 if pool["status"] == "InUse" else _kept_seconds(engine, pool)
    status: Members = {
        "Status": pool["status"],
        "ResourceRetainedBillableTimeInSeconds": int(seconds),
    }
    if "ReusedByJob" in members:
        status["ReusedByJob"] = members["ReusedByJob"]
    return {"WarmPoolStatus": status}


def _kept_seconds(engine: SageMakerEngine, pool: Record) -> float:
    until: float = pool["members"].get("Ended", engine.clock.now())
    since: float = pool["members"].get("Kept", until)
    return until - since


def _enter(
    engine: SageMakerEngine, job: Record, fleet: jobs.Fleet, status: str, moment: float
) -> None:
    pool = of(engine, job)
    if pool is None:
        request = {
            "TrainingJobName": job["key"],
            "Likeness": _likeness(job["members"]),
            "Fleet": fleet,
        }
        try:
            pool = engine.create(KIND, request, moment)
        except ApiError:
            # A pool beyond the quota is no error: it is not created.
            return
    pool["members"]["KeepAlivePeriodInSeconds"] = _period(job["members"])
    if status == "Available":
        pool["members"]["Kept"] = moment
    engine.statuses.enter(KIND, pool, status, moment)


def _period(members: Members) -> int:
    return int(members.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0))


def _likeness(members: Members) -> Members:
    resources = dict(members.get("ResourceConfig", {}))
    resources.pop("KeepAlivePeriodInSeconds", None)
    return {"ResourceConfig": resources, **{name: members.get(name) for name in _SAME}}
