"""What attendees make in the middle of a teardown: each time both invariants hold."""

from __future__ import annotations

import json

import pytest

from tests.support import attendee_resources as pieces
from tests.support.local_cloud import TRUST, Cloud
from tests.support.sessions import Maker
from tests.support.teardown_runs import proving, teardown
from tests.support.teardown_workshop import Site, busy, small
from workshop.teardown.events import TeardownEvent, TeardownStep


def works_on(room: Site, *, at: TeardownStep, times: int = 1) -> list[str]:
    """Ada makes something each time a step is told of; what she made comes into the list."""
    made: list[str] = []

    def hear(event: TeardownEvent) -> None:
        if event.step == at and len(made) < times:
            made.append(pieces.training(room.attendee("ada"), f"late{len(made)}"))
            pieces.endpoint(room.attendee("ada"), f"late{len(made)}")

    room.hear = hear
    return made


@pytest.mark.parametrize("at", [TeardownStep.FREEZE, TeardownStep.STOP, TeardownStep.DELETE])
def test_what_comes_in_the_middle_goes_as_well(cloud: Cloud, at: TeardownStep) -> None:
    room = busy(cloud)
    made = works_on(room, at=at)
    run = teardown(room, hear=room.hear)
    proving(run)
    assert len(made) == 1


def test_what_comes_between_the_two_looks_is_seen(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.training(room.attendee("ada"))
    looks: list[float] = []

    def pause(seconds: float) -> None:
        if seconds:
            return  # not between two scans, which here are at once
        looks.append(seconds)
        if len(looks) == 1:
            # Such as a job of a role whose session was still open.
            role = room.names("ada").role_arn
            late = Maker(room.session, room.names("ada"), role, "late-", ())
            _remake_role(room)
            pieces.training(late)

    run = teardown(room, pause=pause)
    proving(run)
    assert len(looks) == 2


def _remake_role(room: Site) -> None:
    names = room.names("ada")
    room.cloud.client("iam").create_role(
        RoleName=names.role,
        Path=names.iam_path,
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )


def test_what_comes_again_and_again_goes_in_the_end(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.training(room.attendee("ada"))
    made = works_on(room, at=TeardownStep.DELETE, times=3)
    proving(teardown(room, hear=room.hear))
    assert len(made) == 3
