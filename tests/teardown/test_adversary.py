"""Whatever a seat tries with its own credentials, and whoever stands by: both invariants hold."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, seed, settings

from tests.support import account_snapshots as snapshots
from tests.support import adversary_machines
from tests.support.account_snapshots import Held
from tests.support.adversary import Attempt
from tests.support.adversary_arena import AdversarialSeat, Arena, Contest
from tests.support.adversary_machines import MachineAttempt
from tests.support.adversary_worlds import contests, played
from tests.support.direct_calls import lines_to
from tests.support.local_cloud import started
from tests.support.sessions import Session
from tests.support.workshop_command import Ran
from workshop import tags
from workshop.errors import GuardError, NotProvenError
from workshop.policies.data import JOB_GROUPS

SHARED_STREAMS = re.compile(rf"LogStream /aws/sagemaker/(?:{'|'.join(JOB_GROUPS)}):")
"""Into these every seat may write, since SageMaker names them after jobs, whose names are free:
docs/access.md says so."""

CLOSED_IN_ANY_MODE = ("Model ", "EndpointConfig ", "NotebookInstance")
"""Whose name says whose they are: a seat changes only its own, whatever tags they carry."""

HOLDING = ("protect", "tag", "untag", "make an image", "copy an image", "attach")
"""How somebody keeps what is claimed: an instance by its protection, and disks and groups by an
instance or an image of theirs that uses them and is not claimed."""

RECORDS = ("TransformJob ", "AutoMLJob ")
"""What AWS has no way to delete."""


def _alone(
    *tries: Attempt,
    beside: str = "",
    mode: str = "scoped",
    moved: str = "",
    neighbour: bool = False,
    meanwhile: Sequence[Attempt] = (),
    strangers: Sequence[Attempt] = (),
    imitations: Sequence[MachineAttempt] = (),
) -> Contest:
    """Ada with these tries, beside one bystander at most."""
    seats = (AdversarialSeat("ada", mode, tries), AdversarialSeat("ben", "scoped", ()))
    return Contest(
        bystanders=(beside,) if beside else (),
        strangers=strangers,
        seats=seats if neighbour else seats[:1],
        meanwhile=meanwhile,
        late=(),
        moved=moved,
        only=False,
        imitations=imitations,
    )


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with started(tmp_path_factory.mktemp("adversary"), enforce_iam=True) as cloud:
        session = Session(cloud.endpoint, lines_to(cloud.running))
        yield Arena(cloud, tmp_path_factory.mktemp("folder"), session)


OWN, FREE, ORGANISERS, NEIGHBOURS = 0, 1, 3, 4
"""Places in the table of names."""

WORKSHOPS_TAG, OF_A_DISK = 2, 1
"""Places in the table of EC2's tags, and among all that has some."""

CONTESTS = 5
"""Random worlds of every run; the long proof goes through 2,000."""

KNOWN: dict[str, Contest] = {
    "a scaled endpoint": _alone(
        Attempt("sagemaker", "CreateEndpoint", OWN, OWN, OWN),
        Attempt("application-autoscaling", "RegisterScalableTarget", OWN, OWN, first=False),
    ),
    "a component on one's own endpoint": _alone(
        Attempt("sagemaker", "CreateInferenceComponent", OWN, OWN, OWN)
    ),
    "a repository of one's own making": _alone(Attempt("ecr", "CreateRepository", FREE)),
    "an endpoint with the organiser's model": _alone(
        Attempt("sagemaker", "CreateEndpoint", OWN, OWN, ORGANISERS), beside="production"
    ),
    "a transform job with the organiser's model": _alone(
        Attempt("sagemaker", "CreateTransformJob", FREE, ORGANISERS, first=False),
        beside="production",
    ),
    "a scan-alike stack that holds a foreign bucket": _alone(beside="look-alike stack"),
    "a transform job of a free name, with a model of one's own": _alone(
        Attempt("sagemaker", "CreateTransformJob", FREE, OWN, tagged=False), mode="managed"
    ),
    "experiments of a team whose role is gone": _alone(beside="deleted role"),
    "a log group of a free name": _alone(Attempt("logs", "CreateLogGroup", FREE)),
    "a log stream in a neighbour's name": _alone(
        Attempt("logs", "CreateLogStream", OWN, NEIGHBOURS - 1, first=False)
    ),
    "lines in a stranger's log stream": _alone(
        Attempt("logs", "PutLogEvents", 7, 2, 4),
        strangers=[Attempt("logs", "CreateLogStream", OWN, 6)],
    ),
    "a bucket of one's own": _alone(Attempt("s3", "CreateBucket", FREE), mode="managed"),
    "a locked bucket": _alone(
        Attempt("s3", "PutObjectLockConfiguration", OWN),
        Attempt("s3", "PutBucketPolicy", OWN),
        mode="managed",
    ),
    "a repository of one's own": _alone(Attempt("ecr", "CreateRepository", FREE), mode="managed"),
    "an alarm and a dashboard": _alone(
        Attempt("cloudwatch", "PutMetricAlarm", FREE),
        Attempt("cloudwatch", "PutDashboard", FREE),
        mode="managed",
    ),
    "a model made since the plan": _alone(
        meanwhile=[Attempt("sagemaker", "CreateModel", OWN, first=False)]
    ),
    "an edited Region": _alone(moved="region"),
    "a renamed environment": _alone(moved="renamed"),
    "a row that was removed": _alone(moved="row", neighbour=True),
    "a row of another Region that was removed": _alone(moved="far row"),
    "a copy of a seat's disk with the workshop's tag alone": _alone(
        mode="managed", imitations=[MachineAttempt("make a snapshot", 0, WORKSHOPS_TAG)]
    ),
    "copies of copies of a seat's disk": _alone(
        mode="managed",
        imitations=[
            MachineAttempt("make a snapshot"),
            MachineAttempt("restore a volume"),
            MachineAttempt("make a snapshot"),
            MachineAttempt("copy a snapshot"),
        ],
    ),
    "a volume of somebody's that is attached to a seat's instance": _alone(
        mode="both", imitations=[MachineAttempt("make a volume"), MachineAttempt("attach")]
    ),
    "a disk that somebody took off its instance, tags and all": _alone(
        mode="managed",
        imitations=[
            MachineAttempt("stop"),
            MachineAttempt("detach"),
            MachineAttempt("untag", OF_A_DISK),
        ],
    ),
}
"""Worlds in which a teardown once went wrong."""

OF_EACH_SORT = {
    "a scaled endpoint",
    "an endpoint with the organiser's model",
    "a scan-alike stack that holds a foreign bucket",
    "experiments of a team whose role is gone",
    "a log stream in a neighbour's name",
    "a locked bucket",
    "a model made since the plan",
    "a renamed environment",
    "a row of another Region that was removed",
    "copies of copies of a seat's disk",
}
"""Those of every run; the long lane goes through all."""


@pytest.mark.parametrize(
    "what",
    [pytest.param(what, marks=[pytest.mark.long] * (what not in OF_EACH_SORT)) for what in KNOWN],
)
def test_what_once_went_wrong_does_not(arena: Arena, what: str) -> None:
    check(arena, KNOWN[what])
    ended = arena.codes[-1:]
    assert ended in ([], [""], ["AccessDenied"], ["AccessDeniedException"]), arena.codes


def test_no_adversary_gets_at_others_or_hides_from_a_teardown(arena: Arena) -> None:
    # The same worlds at every run of the suite; new ones are for the long proof.
    contend(arena, CONTESTS, seed(1))


@pytest.mark.long
def test_no_adversary_of_two_thousand_gets_at_others_or_hides(arena: Arena) -> None:
    contend(arena, int(os.environ.get("ADVERSARY_WORLDS", "2000")))


def contend(arena: Arena, contexts: int, chosen: Callable[[Any], Any] = lambda test: test) -> None:
    """Let as many random contests come true, each in turn; ``chosen`` says which."""

    @chosen
    @settings(
        max_examples=contexts,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(contest=contests(played(arena)))
    def holds(contest: Contest) -> None:
        event(check(arena, contest))

    holds()


def check(arena: Arena, contest: Contest) -> str:
    """Let a contest come true and end it; how it ended."""
    arena.build(contest)
    before = arena.held()
    managed = any(seat.mode == "managed" for seat in contest.seats)
    damage = {
        key
        for key, held in arena.others.items()
        if before.get(key) != held
        and not (key in before and SHARED_STREAMS.match(key))
        and not (managed and carries_no_seats_tag(key, held))
    }
    assert not damage, f"a seat changed what is not its own: {sorted(damage)}"
    env = arena.configure(contest)
    if contest.imitations:
        # A disk that is off its instance and has no tags is known to whoever has seen it there.
        arena.plan(env)
        arena.imitate(contest)
        before = arena.held()
    arena.cloud.faults(*map(dict, contest.faults))
    if contest.moved == "renamed":
        # All of it is another environment's.
        ran = arena.teardown(env)
        assert not snapshots.changed(before, arena.held()), ran.err
        assert ran.code == GuardError.exit_code, ran.err
        return "renamed: refused"
    if contest.only and len(contest.seats) > 1:
        ran = arena.teardown(env, "--only", "ada")
        after = arena.held()
        untouched(before, after, {**arena.others, **arena.neighbours}, ran.err)
        if ran.code == 0:
            nothing_left(after, {**arena.others, **arena.neighbours}, ran.err)
        before = after
    ran = arena.teardown(env, meanwhile=contest.meanwhile, late=contest.late)
    after = arena.held()
    untouched(before, after, arena.others, ran.err)
    ended = f"{contest.moved or 'as it was'}: exit {ran.code}"
    refusing = {GuardError.exit_code} if contest.moved else set()
    assert ran.code in {0, NotProvenError.exit_code} | refusing, ran.err
    arena.cloud.faults()
    if ran.code == NotProvenError.exit_code and contest.has_boxes and not contest.moved:
        # Without what went wrong, and without the instances: what was made of them is known.
        before, ran = after, arena.teardown(env)
        after = arena.held()
        untouched(before, after, arena.others, ran.err)
    if ran.code == 0:
        nothing_left(after, arena.others, ran.err)
    elif not contest.moved:
        # What only claims to be the workshop's may go as well; then there is an end to it.
        ran = arena.teardown(env, "--include-claimed")
        last = arena.held()
        untouched(after, last, unclaimed(arena.others), ran.err)
        if ran.code == NotProvenError.exit_code and is_held(contest):
            return f"{ended}; held"
        assert ran.code == 0, f"no end to it: {stuck(ran)}"
        nothing_left(last, arena.others, ran.err)
    return ended


def carries_no_seats_tag(key: str, held: Any) -> bool:
    """Whether managed access leaves something of SageMaker's open, as docs/access.md says."""
    if key.startswith(CLOSED_IN_ANY_MODE) or "tags" not in held:
        return False
    return all(tag["Key"] != tags.ATTENDEE for tag in held["tags"]["Tags"])


def unclaimed(others: Held) -> Held:
    """What nothing claims for the workshop; the disks of an instance are claimed with it."""
    claimed = {key for key, one in others.items() if claims(key, one)}
    machines = {key.split()[1] for key in claimed if key.startswith("DescribeInstances ")}
    claimed |= {
        key
        for key, one in others.items()
        if key.startswith("DescribeVolumes ") and any(f">{id_}<" in one for id_ in machines)
    }
    return {key: one for key, one in others.items() if key not in claimed}


def claims(key: str, one: Any) -> bool:
    """Whether a name, or a tag of EC2's, says that something is the workshop's."""
    if key.startswith(adversary_machines.TAGGED):
        return adversary_machines.says(one, "workshop", "demo")
    return re.search(r"\bdemo[-/]", key) is not None


def is_held(contest: Contest) -> bool:
    """Whether somebody keeps something of EC2's from being deleted, which nobody can help."""
    return any(one.operation in HOLDING for one in contest.imitations)


def stuck(ran: Ran) -> str:
    return "; ".join(
        line for line in ran.out.splitlines() + ran.err.splitlines() if "stuck" in line
    )


def untouched(before: Held, after: Held, others: Held, told: str) -> None:
    ours = adversary_machines.attached_no_more
    changed = {
        key
        for key in snapshots.changed(before, after) & others.keys()
        if key not in after or ours(key, before.get(key, "")) != ours(key, after[key])
    }
    assert not changed, f"touched what is not the workshop's: {sorted(changed)}\n{told}"


def nothing_left(after: Held, others: Held, told: str) -> None:
    left = [
        key
        for key, one in after.items()
        if key not in others and not (key.startswith(RECORDS) and "Stopped" in one["is"].values())
    ]
    assert not left, f"gone, exit 0, and there is: {sorted(left)}\n{told}"
