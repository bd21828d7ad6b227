"""The secondary statuses of a training job, and when each of them began.

While a job is InProgress they follow from the part of its time that has passed; afterwards they are
kept. The messages are those that the service shows.
"""

from __future__ import annotations

from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record
from localcloud.sagemaker.resources import jobs

TRAINING = 0.25
"""Part of its time after which a job trains."""

PHASES = (
    ("Starting", 0.0, "Preparing the instances for training"),
    ("Downloading", jobs.STARTING, "Downloading input data"),
    ("Training", TRAINING, "Training image download completed. Training in progress."),
    ("Uploading", 0.9, "Uploading generated training model"),
)

MESSAGES = {
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}


def so_far(record: Record, seconds: float, moment: float) -> list[Members]:
    """Return the transitions of a job that is InProgress and takes so many seconds."""
    began = [
        (status, record["created"] + part * seconds, message) for status, part, message in PHASES
    ]
    reached = [phase for phase in began if phase[0] == "Starting" or phase[1] <= moment]
    ends = [start for _, start, _ in reached[1:]]
    return [
        {"Status": status, "StartTime": start, "StatusMessage": message}
        | ({"EndTime": ends[number]} if number < len(ends) else {})
        for number, (status, start, message) in enumerate(reached)
    ]


def shown(engine: SageMakerEngine, record: Record, job: jobs.Job) -> Members:
    """Return the members with the progress of a job."""
    if record["status"] != "InProgress":
        return {}
    moment = engine.clock.now() if record["lacking"] is None else record["created"]
    transitions = so_far(record, engine.delays[job.transition], moment)
    return {
        "SecondaryStatus": transitions[-1]["Status"],
        "SecondaryStatusTransitions": transitions,
    }


def keep(engine: SageMakerEngine, record: Record, moment: float, job: jobs.Job) -> None:
    """Keep the progress of a job that enters another status."""
    members = record["members"]
    if "SecondaryStatusTransitions" not in members:
        reached = moment if job.starts in members else record["created"]
        members["SecondaryStatusTransitions"] = so_far(
            record, engine.delays[job.transition], reached
        )
    status = record["status"]
    if status == "Stopped" and record["cut_short"]:
        status = "MaxRuntimeExceeded"
    transitions = members["SecondaryStatusTransitions"]
    transitions[-1]["EndTime"] = moment
    transitions.append(
        {"Status": status, "StartTime": moment, "StatusMessage": MESSAGES[status]}
        | ({} if status == "Stopping" else {"EndTime": moment})
    )
    members["SecondaryStatus"] = status
