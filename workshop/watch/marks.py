"""Marks the notebooks of frozen seats: whoever opens notebooks for others is denied the marked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workshop.watch.machines import listed_notebooks
from workshop.watch.roles import ATTACHING
from workshop.watch.work import Work

MARK = {"Key": "frozen", "Value": "true"}


def mark_all(work: Work) -> None:
    """Tag the notebooks of ``work.seats``; twice is as good as once."""

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
