"""Marks the notebooks of frozen seats: whoever opens notebooks for others is denied the marked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workshop.watch.machines import listed_arns
from workshop.watch.work import AWS_ERRORS, Work

MARK = {"Key": "frozen", "Value": "true"}
MARKING = 8
"""Threads that tag side by side."""


def mark_all(work: Work) -> None:
    """Tag the notebooks of ``work.seats``; twice is as good as once."""

    def mark(arn: str) -> str:
        try:
            sagemaker.add_tags(ResourceArn=arn, Tags=[MARK])
        except AWS_ERRORS as error:
            return f"{arn} is not marked as frozen, and may stay open: {error}"
        return ""

    sagemaker = work.client("sagemaker")
    with (
        work.noting("the notebooks of frozen seats could not be listed"),
        ThreadPoolExecutor(MARKING) as pool,
    ):
        work.problems.extend(filter(None, pool.map(mark, list(listed_arns(work)))))
