"""The sweep's order, patience and results, with resource types that are played."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from botocore.exceptions import ClientError

from tests.support.played_time import PlayedTime
from tests.support.teardown_demo import HERE
from workshop.aws.clients import Clients
from workshop.teardown.events import DeletionOutcome, TeardownEvent, TeardownStep
from workshop.teardown.resource import Ownership, Resource, ScanContext, Scope
from workshop.teardown.resources.base import ResourceType, Undeletable
from workshop.teardown.sweep import Sweep

WORLD = ScanContext(cast("Clients", None), Scope("demo", "demo", HERE, frozenset(), whole=True))


STOPPING = "Status (Stopping) not in ([InService]). Unable to transition to (Stopping)"


@dataclass
class Played(ResourceType):
    """A type whose resources pass through the states that a test gives, the last one for ever."""

    name: str
    log: list[str]
    after: tuple[str, ...] = ()
    is_proof: bool = False
    states: dict[str, list[str | None]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    """How many stops are refused for the status."""
    deletable: frozenset[str] = frozenset({"Stopped"})
    permanent: bool = False
    lock: Any = field(default_factory=threading.Lock)

    def stop(self, context: ScanContext, resource: Resource) -> bool:  # noqa: ARG002
        if resource.state != "Running":
            return False
        self._note("stop", resource)
        with self.lock:
            left = self.early.get(resource.id, 0)
            self.early[resource.id] = left - 1
        if left > 0:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": STOPPING}}, "Stop"
            )
        return True

    def delete(self, context: ScanContext, resource: Resource) -> None:  # noqa: ARG002
        self._note("delete", resource)
        if self.permanent:
            raise Undeletable(f"AWS has no way to delete a {self.name}")
        with self.lock:
            errors = self.errors.get(resource.id)
            code = errors.pop(0) if errors else None
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Delete")

    def state(self, context: ScanContext, resource: Resource) -> str | None:  # noqa: ARG002
        with self.lock:
            states = self.states.get(resource.id, [None])
            return states.pop(0) if len(states) > 1 else states[0]

    def deletable_in(self, state: str) -> bool:
        return state in self.deletable

    def _note(self, what: str, resource: Resource) -> None:
        with self.lock:
            self.log.append(f"{what} {resource.resource_type} {resource.id}")


@dataclass
class Box(Played):
    """A resource type that holds resources."""

    has_contents = True

    def empty(self, context: ScanContext, resource: Resource) -> None:  # noqa: ARG002
        self._note("empty", resource)


def resource(resource_type: str, name: str, state: str = "Stopped", **more: Any) -> Resource:
    return Resource(
        resource_type, name, HERE, Ownership.OWNED, "", state=state, **{"seat": "ada", **more}
    )


def swept(
    resource_types: list[Played], resources: list[Resource], **more: Any
) -> tuple[dict[str, tuple[DeletionOutcome, str]], list[TeardownEvent]]:
    told: list[TeardownEvent] = []
    time = PlayedTime()
    work = Sweep(
        {HERE: WORLD},
        {resource_type.name: resource_type for resource_type in resource_types},
        resources,
        told.append,
        clock=time.clock,
        pause=time.pause,
        **more,
    )
    work.stop_spending()
    work.delete()
    return {one.resource.id: (one.outcome, one.message) for one in work.results}, told


def test_what_costs_is_stopped_before_anything_is_deleted_and_the_bill_falls() -> None:
    log: list[str] = []
    job = Played("job", log, states={"j1": ["Stopping", "Stopped", None]})
    record = Played("record", log)
    results, told = swept(
        [job, record],
        [
            resource("record", "r"),
            resource("job", "j1", "Running", hourly=Decimal("2.5")),
            resource("job", "j2", "Running", hourly=Decimal("0.5")),
        ],
    )
    assert set(log[:2]) == {"stop job j1", "stop job j2"}
    assert {outcome for outcome, _ in results.values()} == {DeletionOutcome.DELETED}
    bills = [str(one.cost) for one in told if one.step == TeardownStep.STOP]
    assert (bills[0], bills[-1]) == ("3.000", "0.000")


def test_a_kind_waits_for_those_it_depends_on_in_its_own_seat_alone() -> None:
    log: list[str] = []
    slow = Played("endpoint", log, states={"slow": ["Deleting"] * 5 + [None]})
    model = Played("model", log, after=("endpoint",))
    swept(
        [slow, model],
        [
            resource("endpoint", "slow"),
            resource("model", "hers"),
            resource("model", "his", seat="ben"),
            resource("model", "nobodys", seat=""),
        ],
    )
    assert log.index("delete model his") < log.index("delete model hers")
    assert log.index("delete endpoint slow") < log.index("delete model hers")
    assert log.index("delete endpoint slow") < log.index("delete model nobodys")


def test_a_wait_that_takes_too_long_ends_as_stuck_and_holds_what_depends_on_it() -> None:
    log: list[str] = []
    stuck = Played("endpoint", log, states={"e": ["Deleting"]})
    model = Played("model", log, after=("endpoint",))
    results, told = swept(
        [stuck, model],
        [resource("endpoint", "e"), resource("model", "m"), resource("model", "his", seat="ben")],
    )
    assert results["e"] == (DeletionOutcome.STUCK, "still Deleting after 1,800 seconds")
    assert results["m"] == (DeletionOutcome.STUCK, "waits until no endpoint of its seat is left")
    assert results["his"][0] == DeletionOutcome.DELETED
    assert "delete model m" not in log
    assert sum(one.outcome == DeletionOutcome.STUCK for one in told) == 2


def test_a_refusal_is_tried_again_and_a_denial_soon_given_up() -> None:
    log: list[str] = []
    job = Played(
        "job",
        log,
        states={"busy": ["Stopped", "Stopped", "Stopped", None], "denied": ["Stopped"]},
        errors={
            "busy": ["ThrottlingException", "ConflictException"],
            "denied": ["AccessDeniedException"] * 9,
        },
    )
    results, _ = swept([job], [resource("job", "busy"), resource("job", "denied")])
    assert results["busy"][0] == DeletionOutcome.DELETED
    assert results["denied"] == (DeletionOutcome.STUCK, "AccessDeniedException: no")
    assert log.count("delete job busy") == 3
    assert log.count("delete job denied") == 2


def test_a_stop_that_is_refused_for_the_status_is_asked_for_until_its_time_is_up() -> None:
    log: list[str] = []
    notebook = Played(
        "notebook",
        log,
        states={"behind": [*["Running"] * 30, "Stopped", None], "lost": ["Running"]},
        early={"behind": 25, "lost": 10_000},
    )
    results, _ = swept(
        [notebook],
        [resource("notebook", "behind", "Running"), resource("notebook", "lost", "Running")],
    )
    assert results["behind"] == (DeletionOutcome.DELETED, "")
    outcome, message = results["lost"]
    assert (outcome, STOPPING in message) == (DeletionOutcome.STUCK, True)
    assert log.count("stop notebook lost") > 60  # half a minute apart, half an hour long


def test_what_aws_cannot_delete_is_stopped_and_holds_up_nothing() -> None:
    log: list[str] = []
    record = Played("transform", log, permanent=True, states={"t": ["Stopping", "Stopped"]})
    model = Played("model", log, after=("transform",))
    results, _ = swept(
        [record, model],
        [resource("transform", "t", "Running", hourly=None), resource("model", "m")],
    )
    assert results["t"] == (DeletionOutcome.UNDELETABLE, "AWS has no way to delete a transform")
    assert results["m"][0] == DeletionOutcome.DELETED
    assert log[0] == "stop transform t"


def test_what_a_stack_holds_is_stopped_and_emptied_but_not_deleted() -> None:
    log: list[str] = []
    notebook = Played("notebook", log, states={"n": ["Stopping", "Stopped"]})
    bucket = Box("bucket", log, deletable=frozenset({"Stopped"}))
    resources = [
        resource("notebook", "n", "Running", stack="s", hourly=Decimal(1)),
        resource("bucket", "b", stack="s"),
        resource("notebook", "resting", stack="s"),
    ]
    results, _ = swept([notebook, bucket], resources)
    assert {name: outcome for name, (outcome, _) in results.items()} == {
        "n": DeletionOutcome.STOPPED,
        "b": DeletionOutcome.EMPTIED,
    }
    assert log == ["stop notebook n", "empty bucket b"]
    log.clear()
    swept([notebook, bucket], resources[1:], empty_stacks=False)
    assert log == []


def test_what_is_gone_already_is_told_so() -> None:
    job = Played("job", [], states={"j": [None]})
    results, _ = swept([job], [resource("job", "j", "Pending")])
    assert results["j"][0] == DeletionOutcome.ALREADY_GONE


def test_something_that_ignores_its_deletion_is_asked_again() -> None:
    log: list[str] = []
    job = Played("job", log, states={"j": ["Stopped"] * 7 + [None]})
    results, _ = swept([job], [resource("job", "j")])
    assert results["j"][0] == DeletionOutcome.DELETED
    assert log.count("delete job j") == 2


def test_many_things_are_all_brought_to_an_end() -> None:
    log: list[str] = []
    first = Played("first", log)
    second = Played("second", log, after=("first",))
    resources = [
        resource(resource_type, f"{resource_type}{number}", seat=f"seat{number % 7}")
        for resource_type in ("second", "first")
        for number in range(200)
    ]
    results, _ = swept([first, second], resources)
    assert len(results) == 400
    assert {outcome for outcome, _ in results.values()} == {DeletionOutcome.DELETED}


def test_what_proves_whose_a_resource_in_doubt_is_stays_with_it() -> None:
    log: list[str] = []
    model = Played("model", log, after=("transform job",), is_proof=True)
    log_group = Played("log group", log, after=("transform job",))
    doubted = resource("transform job", "quarterly", "InProgress")
    resources = [
        resource("model", "m"),
        resource("model", "his", seat="ben"),
        resource("log group", "l"),
    ]
    results, _ = swept([model, log_group], resources, staying=[doubted])
    assert results["m"] == (
        DeletionOutcome.STUCK,
        "stays as the proof of whose the transform job quarterly is",
    )
    assert (results["his"][0], results["l"][0]) == (DeletionOutcome.DELETED,) * 2
