"""Any world, anything that goes wrong, a crash anywhere: both invariants hold, and it all ends.

The worlds are tiny, of the kinds whose order and proofs matter most; those of all kinds, with real
stacks, are in ``test_teardown_scenarios``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import teardown_pieces as pieces
from tests import teardown_snapshots as snapshots
from tests.localcloud import TRUST, Cloud
from tests.quick_calls import lines_to
from tests.teardown_hands import Hand, session_over
from tests.teardown_runs import IMPATIENT, Crash, proving, teardown
from tests.teardown_scenarios import QUIET, Room
from workshop.teardown.happenings import Happening
from workshop.teardown.kinds import ALL

NOUNS = (
    *("TrainingJob", "ProcessingJob", "TransformJob", "Model", "EndpointConfig", "Endpoint"),
    *("Experiment", "Trial", "TrialComponent", "ModelPackageGroup"),
)
NAMES = frozenset(
    {
        *("training job", "processing job", "transform job", "model", "endpoint"),
        *("endpoint configuration", "experiment", "trial", "trial component"),
        *("model package", "model package group"),
    }
)
KINDS = [
    replace(kind, after=tuple(one for one in kind.after if one in NAMES))  # type: ignore[type-var]
    for kind in ALL
    if kind.name in NAMES
]

Make = Callable[[Hand], object]
MAKES: list[Make] = [
    *(pieces.training, pieces.processing, pieces.model, pieces.endpoint, pieces.experiments),
    pieces.packages,
]
OWN = ["demo-ada-", "mine-", "demo2-", "demo-ben-"]
"""How ada calls her things: as she should, freely, or as others would."""
THEIRS = ["their-", "demo-ada-their-", "demo2-ada-their-", "demo-adax-their-"]

OPERATIONS = [
    *("sagemaker:List*", "sagemaker:Describe*", "sagemaker:Delete*", "sagemaker:Stop*"),
    *("sagemaker:ListEndpoints", "sagemaker:DescribeModel", "sagemaker:DeleteEndpoint"),
    *("sagemaker:DescribeEndpointConfig", "sagemaker:ListModelPackages", "iam:*", "iam:ListRoles"),
    *("iam:GetRole", "iam:DeleteRole", "cloudformation:*", "resourcegroupstaggingapi:*", "*"),
]
FAULTS = st.builds(
    lambda effect, operation, times, after: {
        "effect": effect,
        "operation": operation,
        "after": after,
        **({"times": times} if times else {}),
    },
    effect=st.sampled_from(["throttle", "error", "denied"]),
    operation=st.sampled_from(OPERATIONS),
    times=st.sampled_from([0, 1, 2, 7, 20]),
    after=st.sampled_from([0, 0, 3, 30]),
)
MADE = st.lists(st.tuples(st.integers(0, len(MAKES) - 1), st.sampled_from(OWN)), max_size=4)
FOREIGN = st.lists(st.tuples(st.integers(0, len(MAKES) - 1), st.sampled_from(THEIRS)), max_size=2)


@dataclass(frozen=True)
class World:
    """What there is, and what happens."""

    own: list[tuple[int, str]]
    theirs: list[tuple[int, str]]
    tagged: bool
    faults: list[dict[str, Any]]
    crash: int | None


WORLDS = st.builds(
    World,
    own=MADE,
    theirs=FOREIGN,
    tagged=st.booleans(),
    faults=st.lists(FAULTS, max_size=2),
    crash=st.none() | st.integers(0, 12),
)


def held(cloud: Cloud) -> snapshots.Held:
    return snapshots.of_some(cloud, NOUNS)


def build(cloud: Cloud, world: World) -> tuple[Room, snapshots.Held]:
    """The world and what of it is strangers'; ada's role is of no stack, as one left behind."""
    cloud.reset()
    cloud.freeze()
    cloud.delays(**QUIET)
    room = Room(cloud, session_over(lines_to(cloud.running), cloud.endpoint))
    for number, (which, prefix) in enumerate(world.theirs):
        MAKES[which](room.stranger(prefix=f"{prefix}{number}-"))
    theirs = held(cloud) if world.theirs else {}
    room.others = set(theirs)
    names = room.names("ada")
    cloud.client("iam").create_role(
        RoleName=names.role, Path=names.iam_path, AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    for number, (which, prefix) in enumerate(world.own):
        hand = room.attendee("ada", prefix=f"{prefix}{number}-", tagged=world.tagged)
        MAKES[which](hand)
    return room, theirs


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(world=WORLDS)
def test_nothing_unproven_is_touched_and_gone_means_gone(
    running_cloud: Cloud, world: World
) -> None:
    room, theirs = build(running_cloud, world)
    heard: list[Happening] = []

    def hear(happening: Happening) -> None:
        heard.append(happening)
        if world.crash is not None and len(heard) > world.crash:
            raise Crash

    first = teardown(
        room,
        planned=lambda: running_cloud.faults(*world.faults),
        hear=hear,
        kinds=KINDS,
        patience=IMPATIENT,
        snapshot=held,
        before=theirs,
    )
    first.check()
    if first.report is None or first.code != 0:
        proving(teardown(room, kinds=KINDS, snapshot=held, before=first.after))
    calm = world.crash is None and not world.faults
    assert not calm or (first.report is not None and first.code == 0)
