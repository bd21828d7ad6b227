"""Rosters around the sizes at which listings get another page, and where things get big."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.assemblies import WITHOUT_DOOR
from tests.support.preflights import calling
from tests.support.small_workshop import HOME, QUICK, Fleet
from tests.support.usual_stacks import USUAL_STACKS

PAGE = 100


@pytest.mark.parametrize(
    "sizes", [(1, 26, 41), pytest.param((1, 26, 51, 101, 201), marks=pytest.mark.long)]
)
def test_a_roster_grows_and_only_the_new_seats_are_made(
    fleet: Fleet, sizes: tuple[int, ...]
) -> None:
    """Beyond one page of 100 stacks, and beyond ten."""
    fleet.cloud.quotas(region=HOME.region, iam={"Roles per account": 5000})
    limits = replace(QUICK, concurrency=100, deadline=300)
    there = 0
    for size in sizes:
        fleet.write(size)
        asked: list[str] = []
        with calling(fleet.cloud):
            plan = fleet.plan(fleet.clients(asked))
        assert asked == ["DescribeStacks"] * max(1, -(-there // PAGE)), size
        run = fleet.deploy(plan=plan, limits=limits)
        assert run.good, size
        everything = len(USUAL_STACKS) * size + len(WITHOUT_DOOR)
        assert run.calls["CreateStack"] == len(run.touched) == everything - there
        assert run.calls.keys() == {"CreateStack", "DescribeStacks"}
        there = everything
    statuses = fleet.statuses()
    assert len(statuses) == there
    assert set(statuses.values()) == {"CREATE_COMPLETE"}
    again = fleet.deploy()
    assert set(again.outcomes.values()) == {"unchanged"}
    assert again.calls == {}
