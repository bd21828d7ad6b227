"""The local cloud answers as AWS was recorded to answer, or a page says where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import answers_cloudformation, answers_sagemaker, answers_services
from tests.support.local_cloud import Cloud
from tests.support.recorded_answers import PROVOCATIONS, Provoker, differences, load, seen, world

RECORDED = load()
PAGE = Path(__file__).parents[2] / "docs" / "local-cloud-answers.md"
SOURCES = (answers_cloudformation, answers_sagemaker, answers_services)


def listed(heading: str) -> dict[str, str]:
    """Return id and reason of the answers in the table below a heading of the page."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    table = below.partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w, -]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    return {
        one: reason for ids, _, reason in rows for one in ids.split(", ") if re.search(r"\d", one)
    }


WORDED_DIFFERENTLY = listed("In other words")
NOT_PLAYED = listed("Not played")


@pytest.fixture(scope="module")
def cloud_of_answers(running_cloud: Cloud) -> Iterator[Provoker]:
    yield world(running_cloud)
    problems, running_cloud.watch.problems = running_cloud.watch.problems, []
    assert problems == []


@pytest.mark.parametrize("one", PROVOCATIONS)
def test_the_answer_is_the_recorded_one(cloud_of_answers: Provoker, one: str) -> None:
    got = seen(one, cloud_of_answers)
    allowed = ["text"] if one in WORDED_DIFFERENTLY else []
    assert differences(RECORDED[one], got) == allowed, (RECORDED[one], got)


def test_each_recorded_answer_is_played_or_has_a_reason() -> None:
    same = PROVOCATIONS.keys() - WORDED_DIFFERENTLY.keys()
    counts = {
        "same": len(same),
        "in other words": len(WORDED_DIFFERENTLY),
        "not played": len(NOT_PLAYED),
    }
    print(f"{len(RECORDED)} recorded answers: {counts}")
    assert WORDED_DIFFERENTLY.keys() <= PROVOCATIONS.keys()
    assert PROVOCATIONS.keys() & NOT_PLAYED.keys() == set()
    assert PROVOCATIONS.keys() | NOT_PLAYED.keys() == RECORDED.keys()
    assert sum(counts.values()) == len(RECORDED)
    total = re.search(
        r"(\d+) answers: (\d+) the same, (\d+) in other words, (\d+) not played",
        PAGE.read_text(encoding="utf-8"),
    )
    assert total is not None
    assert [int(number) for number in total.groups()] == [len(RECORDED), *counts.values()]
