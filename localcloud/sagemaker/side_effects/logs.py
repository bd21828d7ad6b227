"""Log lines of what runs, written as the service does: group and stream come with the first line.

A group that somebody deletes while a job still runs is there again after the next line.
"""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from localcloud import ministack_adapter

GROUP = "/aws/sagemaker/"
"""What the names of all log groups of the service begin with."""


def write(group: str, stream: str, moment: float, *lines: str) -> None:
    """Write lines to ``/aws/sagemaker/<group>`` at a moment (seconds since the epoch)."""
    logs = ministack_adapter.module("services.cloudwatch_logs")
    name = {"logGroupName": GROUP + group}
    place = {**name, "logStreamName": stream}
    # What exists already is refused, and that is what is wanted.
    logs._create_log_group(name)
    logs._create_log_stream(place)
    stamp = int(moment * 1000)
    events = [{"timestamp": stamp, "message": line} for line in lines]
    logs._put_log_events({**place, "logEvents": events})
