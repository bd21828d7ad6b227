"""What all types of jobs share: how they run, end and stop, and what they write meanwhile.

InProgress -> Completed | Failed | Stopping -> Stopped. A job that has run as long as it is allowed
to is stopped. What runs writes to its log until the end, so a log group that somebody deletes
before is there again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from urllib.parse import urlsplit

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker import objects, roles, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Check,
    Effect,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)

SERVICE = "sagemaker"
TERMINAL = ("Completed", "Failed", "Stopped")
RUNNING = frozenset({"InProgress", "Stopping"})
STARTING = 0.1
"""Part of its time that a job waits for its machines."""
DEFAULT_RUNTIME = 24 * 60 * 60
"""Seconds a job may run that does not say (service model: 1 day)."""

NOT_TERMINAL = (
    "The {words} {arn} is in status {status}, not in a terminal state, and cannot be deleted."
)
"""Refusal of a deletion; of the sentence "not in a terminal state" is known."""

NONE_TO_UPDATE = "Could not find job to update with name: {name}"
"""The refusal to stop a missing job; its beginning is known of transform jobs."""

PARENTS = ("TuningJobArn", "AutoMLJobArn")
"""Members that name the parent of a job."""

Fleet = list[tuple[str, int]]
"""Instance types and how many machines of each."""


@dataclass(frozen=True)
class Job:
    """One type of job: names of its members, machines, log group and metrics."""

    words: str
    transition: str
    group: str
    """Its log group and the namespace of its metrics, below ``/aws/sagemaker/``."""
    starts: str
    ends: str
    machines: Callable[[Members], Fleet]
    lines: Callable[[Record, float], Iterable[str]]
    """The log lines of a machine at a moment."""
    host: Callable[[Record, int], str] = lambda _, number: f"algo-{number}"
    metrics: tuple[str, ...] = side_effects.MACHINE_METRICS
    """Of every machine, without those of an accelerator."""

    def steps(
        self, fails: Callable[[SageMakerEngine, Record], str | None] | None = None
    ) -> dict[str, TransitionStep]:
        """Return its transitions; ``fails`` is asked at its end unless its time was cut short."""

        def reason(engine: SageMakerEngine, record: Record) -> str | None:
            if record["lacking"] is not None:
                return SageMakerResourceType.no_capacity.format(instance_type=record["lacking"])
            cut = self.is_cut_short(engine, record)
            return None if cut or fails is None else fails(engine, record)

        return {
            "InProgress": TransitionStep(
                self.transition,
                "Completed",
                fails=reason,
                seconds=self.seconds,
                instead=lambda engine, record: (
                    "Stopping" if self.is_cut_short(engine, record) else None
                ),
            ),
            "Stopping": TransitionStep("stopping", "Stopped"),
        }

    def stop(self, operation: str, missing: str = "") -> Move:
        """Return its Stop operation; the refusal is known of training and transform jobs."""
        refusal = f"The request was rejected because the {self.words} is in status {{status}}."
        return Move(operation, ("InProgress",), "Stopping", refusal=refusal, missing=missing)

    def seconds(self, engine: SageMakerEngine, record: Record) -> float:
        """Return how long it is InProgress."""
        usual = engine.delays[self.transition]
        if record["lacking"] is not None:
            return STARTING * usual
        return min(usual, STARTING * usual + allowed(record))

    def is_cut_short(self, engine: SageMakerEngine, record: Record) -> bool:
        """Whether it would run longer than its StoppingCondition allows."""
        return (1 - STARTING) * engine.delays[self.transition] > allowed(record)

    def look_for_machines(self, engine: SageMakerEngine, record: Record, moment: float) -> None:  # noqa: ARG002
        """Keep as ``lacking`` the type of which there is no machine for it, if there is one."""
        lacking = (
            instance_type
            for instance_type, _ in self.machines(record["members"])
            if engine.faults.lacks_capacity(instance_type)
        )
        record["lacking"] = next(lacking, None)

    def started(self, engine: SageMakerEngine, record: Record, moment: float) -> float | None:
        """Return when its machines began to work, None if they have not by a moment."""
        if record["status"] != "InProgress":
            found: float | None = record["members"].get(self.starts)
            return found
        start = record["created"] + STARTING * engine.delays[self.transition]
        return start if start <= moment and record["lacking"] is None else None

    def work(self, engine: SageMakerEngine, record: Record, moment: float) -> None:
        """Write a log line and the metrics of every machine."""
        start = self.started(engine, record, moment)
        if start is None:
            return
        number = 0
        for instance_type, count in self.machines(record["members"]):
            for _ in range(count):
                number += 1
                host = f"{record['name']}/{self.host(record, number)}"
                stream = f"{host}-{int(start)}"
                side_effects.write_log(self.group, stream, moment, *self.lines(record, moment))
                side_effects.publish_machine(
                    side_effects.LOG_GROUP + self.group,
                    {"Host": host},
                    instance_type,
                    moment,
                    self.metrics,
                )

    def leave(self, engine: SageMakerEngine, record: Record, moment: float) -> None:
        """Keep when it started and whether its time was up, once it is InProgress no more."""
        if "cut_short" in record:
            return
        up = moment >= record["created"] + self.seconds(engine, record)
        record["cut_short"] = up and self.is_cut_short(engine, record)
        start = record["created"] + STARTING * engine.delays[self.transition]
        if start <= moment and record["lacking"] is None:
            record["members"][self.starts] = start

    def end(self, engine: SageMakerEngine, record: Record, moment: float) -> None:
        """Keep when it ended, and notify its parent."""
        self.work(engine, record, moment)
        record["members"][self.ends] = moment
        tell_parent(engine, record, moment)

    def effects(
        self, more: Mapping[str, tuple[Effect, ...]] | None = None
    ) -> Mapping[str, tuple[Effect, ...]]:
        """Return the effects of entering a status; ``more`` by status, before what ends it."""
        given = more or {}
        return {
            **given,
            "InProgress": (self.look_for_machines, *given.get("InProgress", ())),
            "Stopping": (self.leave, self.work, *given.get("Stopping", ())),
            **{status: (self.leave, *given.get(status, ()), self.end) for status in TERMINAL},
        }

    def ticks(self, *more: Effect) -> Mapping[str, tuple[Effect, ...]]:
        """Return the effects of each tick while it runs."""
        return dict.fromkeys(RUNNING, (self.work, *more))

    def times(self, engine: SageMakerEngine, record: Record) -> Members:
        """Return when it started, as far as that is not kept yet."""
        return {self.starts: self.started(engine, record, engine.clock.now())}

    def at_most(self, quota: str) -> Check:
        """Return the check that no single job has more machines than a quota allows."""

        def check(engine: SageMakerEngine, request: Members, members: Members) -> None:  # noqa: ARG001
            asked = sum(count for _, count in self.machines(members))
            engine.quotas.require(SERVICE, {quota: asked}, lambda _: 0.0)

        return check


def usage(machines: Fleet, name: str, total: str) -> dict[str, float]:
    """Quota -> machines: one for each type (``name`` holds ``{type}``) and one for them all."""
    amounts: dict[str, float] = {total: float(sum(count for _, count in machines))}
    for instance_type, count in machines:
        quota = name.format(type=instance_type)
        amounts[quota] = amounts.get(quota, 0.0) + count
    return amounts


def tell_parent(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Notify the parent of a job that has ended."""
    for member in PARENTS:
        found = engine.by_arn(record["members"].get(member, ""))
        if found is not None and found[0].on_child is not None:
            found[0].on_child(engine, found[1], moment)


def role_is_assumable(engine: SageMakerEngine, request: Members, members: Members) -> None:  # noqa: ARG001
    """Refuse a role that SageMaker could not assume."""
    roles.require_assumable(members["RoleArn"])


def role_is_gone(role_arn: str) -> str | None:
    """Return the failure reason of a job whose role is gone, else None (not measured on AWS)."""
    return None if roles.is_assumable(role_arn) else f"ClientError: Cannot assume role {role_arn}"


def require_inputs(uris: Iterable[str], role_arn: str) -> None:
    """Refuse, as the service does at once, input data that is not there."""
    for uri in uris:
        if not objects.keys_under(uri):
            bucket = urlsplit(uri).netloc
            raise invalid(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                "ensure that the bucket exists in the selected region "
                f"({ministack_adapter.region()}), that objects exist under that S3 prefix, and "
                f'that the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".'
            )


def upload_failure(uri: str) -> str:
    """Return the failure reason for a missing output bucket (worded after a refused one)."""
    bucket = uri.split("/")[2]
    return (
        "ClientError: Artifact upload failed:Error 7: NoSuchBucket (404): The specified bucket "
        f"does not exist ({bucket})"
    )


def in_use(message: str) -> ApiError:
    """Return the refusal of what is in use."""
    return ApiError("ResourceInUse", message)


def allowed(record: Record) -> float:
    """Return the seconds that a job may run."""
    condition = record["members"].get("StoppingCondition", {})
    return float(condition.get("MaxRuntimeInSeconds", inf))
