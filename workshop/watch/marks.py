"""Marks the machines of frozen seats: whoever opens them for others is denied the marked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workshop.watch.boxes import listed_boxes
from workshop.watch.machines import listed_notebooks
from workshop.watch.roles import ATTACHING
from workshop.watch.work import Work

MARK = {"Key": "frozen", "Value": "true"}
TAGGED_AT_ONCE = 500
"""Fewer than the 1,000 resources that CreateTags takes."""


def mark_all(work: Work) -> None:
    """Tag the machines of ``work.seats``; twice is as good as once."""

    def mark(arn: str) -> None:
        work.go_on()
        with work.noting(f"{arn} is not marked as frozen"):
            sagemaker.add_tags(ResourceArn=arn, Tags=[MARK])

    sagemaker = work.client("sagemaker")
    with (
        work.sharing(),
        work.noting("frozen notebooks"),
        ThreadPoolExecutor(ATTACHING) as pool,
    ):
        list(pool.map(mark, [arn for _, _, arn in listed_notebooks(work)]))
    if work.settings.boxes:
        with work.sharing(), work.noting("frozen EC2 instances"):
            ids = [box.id for box in listed_boxes(work) if box.is_tagged]
            for first in range(0, len(ids), TAGGED_AT_ONCE):
                some = ids[first : first + TAGGED_AT_ONCE]
                work.client("ec2").create_tags(Resources=some, Tags=[MARK])
