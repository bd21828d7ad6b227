"""The notebook of a frozen seat carries a mark, and what is wrong with that stops no freeze."""

from __future__ import annotations

import pytest

from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, is_frozen, is_marked, role
from tests.support.watch_runs import END, PLENTY, SETTINGS, run, watch_without_stacks
from workshop import tags
from workshop.naming import Names
from workshop.watch import marks
from workshop.watch.work import Work

OTHER = Names("demonstration", "ada", ADA.account, ADA.region)


@pytest.fixture(autouse=True)
def _watched(cloud: Cloud) -> None:
    cloud.delays(notebook=0)
    watch_without_stacks(cloud)
    for names in (ADA, BEN, OTHER):
        cloud.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=names.notebook,
            InstanceType="ml.t3.medium",
            RoleArn=role(cloud, names),
        )


def test_the_mark_is_the_tag_that_everybody_else_knows() -> None:
    assert marks.MARK == {"Key": tags.FROZEN, "Value": tags.FROZEN_VALUE}


def test_the_end_marks_the_workshops_notebooks_and_no_other(cloud: Cloud) -> None:
    for _ in range(2):
        made = run(cloud)
        assert made.problems == []
        assert [is_marked(cloud, names) for names in (ADA, BEN, OTHER)] == [True, True, False]
    # It is not told as something that was done: the second run found nothing to do.
    assert made.done.keys() == {"roles frozen"}


def test_one_seat_s_freeze_marks_that_seat(cloud: Cloud) -> None:
    work = Work(SETTINGS, END, lambda: PLENTY, client=cloud.client, seats=frozenset({"ben"}))
    marks.mark_all(work)
    assert [is_marked(cloud, names) for names in (ADA, BEN)] == [False, True]


@pytest.mark.parametrize("operation", ["AddTags", "ListNotebookInstances"])
def test_a_mark_that_cannot_be_made_is_told_and_stops_no_freeze(
    cloud: Cloud, operation: str
) -> None:
    cloud.faults({"effect": "denied", "operation": f"sagemaker:{operation}"})
    made = run(cloud)
    assert is_frozen(cloud, ADA)
    assert is_frozen(cloud, BEN)
    assert not is_marked(cloud, ADA)
    assert any("frozen" in problem and "denied" in problem.lower() for problem in made.problems)
    if operation == "AddTags":
        assert made.done["notebooks stopped"] == 2
