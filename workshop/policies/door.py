"""What the door's function may do: open and start notebooks until the end, and give saved work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from workshop import tags
from workshop.naming import Names
from workshop.policies.documents import Document, allow, deny, document
from workshop.policies.watch import FIND_BOXES, INBOX, boxes_statement

OPENS = ("sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker:StartNotebookInstance")
"""A session that a link opened is judged by the role that made it, at each of its requests."""
STARTS_BOXES = ("ec2:StartInstances",)
"""What the door does to EC2 instances: people go into them with credentials of their own."""
PREFIX = "door/"
"""What the door keeps, in the watch's bucket (``workshop.door.state``)."""
SPENDING = "spending.json"
"""What the watch counts there (``workshop.watch.spending``)."""
SAVED = "saved/"
"""What agents save, in the first bucket of a seat (``workshop.agent.saving``)."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def door_policy(
    names: Names, *, end: datetime, saved_until: datetime | None = None, boxes: bool = False
) -> Document:
    """Return what the door may do in the cohort of ``names``.

    It opens nothing after ``end``, nothing without the workshop's tag and nothing that is frozen;
    it gives no saved work after ``saved_until``, which None leaves open. ``boxes``: seats have EC2
    instances, which it starts.
    """
    cohort = names.cohort
    here = f"{cohort.region}:{cohort.account}"
    seats = replace(names, seat="*")
    tagged = {f"aws:ResourceTag/{tags.WORKSHOP}": names.workshop}
    frozen = {"StringEquals": {f"aws:ResourceTag/{tags.FROZEN}": tags.FROZEN_VALUE}}
    buckets = seats.bucket_arn("*")
    only_saved = {"StringLike": {"s3:prefix": f"{SAVED}*"}, **_before(saved_until)}
    starting = boxes_statement(cohort, "StartBoxes", STARTS_BOXES, **_before(end))
    of_boxes = [FIND_BOXES, starting]
    return document(
        allow("ListNotebooks", ["sagemaker:ListNotebookInstances"], ["*"]),
        allow(
            "OpenNotebooks",
            OPENS,
            [seats.notebook_arn],
            Condition={"StringEquals": tagged, **_before(end)},
        ),
        *(of_boxes if boxes else ()),
        deny("Frozen", (*OPENS, *(STARTS_BOXES if boxes else ())), ["*"], Condition=frozen),
        # A missing object is told from a closed one by who may list.
        allow("Buckets", ["s3:ListBucket"], [cohort.watch_bucket_arn, cohort.datasets_bucket_arn]),
        allow(
            "KeepDoor",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{cohort.watch_bucket_arn}/{PREFIX}*"],
        ),
        allow(
            "ReadMoneyAndMessages",
            ["s3:GetObject"],
            [f"{cohort.watch_bucket_arn}/{SPENDING}", f"{cohort.datasets_bucket_arn}/{INBOX}"],
        ),
        allow("SeeSaved", ["s3:ListBucket"], [buckets], Condition=only_saved),
        allow(
            "GiveSaved",
            ["s3:GetObject"],
            [f"{buckets}/{SAVED}*"],
            **({"Condition": _before(saved_until)} if saved_until else {}),
        ),
        allow(
            "WriteDoorLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"arn:{names.partition}:logs:{here}:log-group:{cohort.door_log_group}:*"],
        ),
    )


def _before(moment: datetime | None) -> dict[str, Any]:
    if moment is None:
        return {}
    return {"DateLessThan": {"aws:CurrentTime": moment.astimezone(UTC).strftime(_TIME)}}
