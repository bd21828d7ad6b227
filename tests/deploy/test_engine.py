"""The engine against a scripted CloudFormation, whose answers come at odd moments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.support.small_workshop import HOME, QUICK, desired, found
from workshop.aws.stacks import StackSummary
from workshop.deploy import next_call, plan, polling
from workshop.deploy.cloudformation import Answer, CallResult, CloudFormation, PollResult
from workshop.deploy.desired import DesiredStack
from workshop.deploy.engine import DeployEngine
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import FailureTolerance, Limits, StackJob, Stage
from workshop.deploy.plan import StackPlan
from workshop.deploy.templates import Template

NOW = datetime(2098, 3, 8, 9, tzinfo=UTC)
REFUSED = CallResult(Answer.REFUSED, cause=Cause(FailureClass.PERMANENT, "no"))
OVERTAKEN = CallResult(Answer.OVERTAKEN)


class Scripted:
    """One place's CloudFormation, which does at once what it is asked unless a test says more."""

    def __init__(self, *there: StackSummary) -> None:
        self.account_region = HOME
        self.polls = SimpleNamespace(ready_in=lambda: 0.0)
        self.there = {one.name: one for one in there}
        self.asked: list[tuple[str, str, str]] = []
        self.creates: Callable[[DesiredStack], CallResult | None] = lambda _: None
        self.updates: Callable[[StackSummary], StackSummary] = lambda one: one
        self.polled: Callable[[], None] = lambda: None
        self.why: Callable[[], Cause] = lambda: Cause(FailureClass.PERMANENT, "no reason")

    def create(self, one: DesiredStack, template: Template) -> CallResult:
        self.asked.append(("create", one.name, template.digest))
        answer = self.creates(one)
        if answer is None:
            self.there[one.name] = found(one, tags=one.tagged(template))
            answer = CallResult(Answer.ACCEPTED, self.there[one.name].id)
        return answer

    def update(self, one: DesiredStack, template: Template, before: StackSummary) -> CallResult:
        self.asked.append(("update", one.name, template.digest))
        after = replace(before, status="UPDATE_COMPLETE", changed=NOW, tags=one.tagged(template))
        self.there[one.name] = self.updates(after)
        return CallResult(Answer.ACCEPTED, before.id)

    def delete(self, before: StackSummary) -> CallResult:
        self.asked.append(("delete", before.name, ""))
        return CallResult(Answer.ACCEPTED)

    def roll_back(self, before: StackSummary) -> CallResult:
        self.asked.append(("roll back", before.name, ""))
        self.there[before.name] = replace(before, status="UPDATE_ROLLBACK_COMPLETE")
        return CallResult(Answer.ACCEPTED, before.id)

    def document(self, stack_id: str) -> dict[str, Any]:
        assert stack_id
        return {}

    def seen(self, names: Collection[str], *, whole: bool) -> PollResult:
        assert whole in (True, False)
        self.polled()
        return PollResult(
            {name: self.there[name] for name in names if name in self.there}, complete=True
        )

    def cause(self, stack_id: str) -> Cause:
        assert stack_id
        return self.why()


class Driven:
    """An engine over scripted answers, and what it reported."""

    def __init__(
        self, aws: Scripted, *stacks: DesiredStack, limits: Limits = QUICK, percent: int = 100
    ) -> None:
        self.events: list[DeployEvent] = []
        self.errors: list[Exception] = []
        self.hear: Callable[[DeployEvent], object] = lambda _: None
        plans = [plan.decide(one, aws.there.get(one.name), NOW) for one in stacks]
        self.engine = self.of(aws, plans, limits, percent)

    def of(
        self, aws: Scripted, plans: list[StackPlan], limits: Limits, percent: int
    ) -> DeployEngine:
        def sink(event: DeployEvent) -> None:
            self.events.append(event)
            self.hear(event)

        tolerance = FailureTolerance(len(plans), percent)
        return DeployEngine(cast("CloudFormation", aws), plans, limits, tolerance, sink)

    def start(self) -> threading.Thread:
        """Run it in a thread; what it raises is in ``errors``."""

        def run() -> None:
            try:
                self.engine.run()
            except Exception as error:  # noqa: BLE001 - looked at by the test
                self.errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def messages(self, *what: DeployStep) -> list[tuple[str, str]]:
        return [(one.stack or one.seat, one.message) for one in self.events if one.what in what]

    def stages(self) -> list[Stage]:
        return [job.stage for job in self.engine.jobs.values()]


def test_a_seat_ends_once_even_if_what_others_need_fails_last() -> None:
    others_done = threading.Event()
    aws = Scripted()
    stacks = (
        desired("demo-a-storage", seat="a"),
        desired("demo-a-access", seat="a"),
        desired("demo-a-notebook", seat="a", needs="demo-a-access"),
    )

    def creates(one: DesiredStack) -> CallResult | None:
        if one.kind != "access":
            return None
        assert others_done.wait(60)
        return REFUSED

    aws.creates = creates
    driven = Driven(aws, *stacks)
    driven.hear = lambda event: others_done.set() if event.what == DeployStep.DONE else None
    driven.engine.run()
    assert driven.messages(DeployStep.SEAT_FAILED) == [("a", "demo-a-access: no")]
    assert driven.messages(DeployStep.FAILED) == [
        ("demo-a-access", "no"),
        ("demo-a-notebook", "needs demo-a-access, which is not as it should be"),
    ]


def test_a_stack_that_only_a_person_can_repair_is_not_tried_again() -> None:
    one = desired()
    aws = Scripted(found(one, tags={**found(one).tags, "template": "old"}))
    aws.updates = lambda after: replace(after, status="UPDATE_ROLLBACK_FAILED")
    aws.why = lambda: Cause(FailureClass.TRANSIENT, "Rate exceeded", "Bucket")
    driven = Driven(aws, one)
    driven.engine.run()
    assert [operation for operation, *_ in aws.asked] == ["update"]
    ((_, message),) = driven.messages(DeployStep.FAILED)
    assert message.startswith("Bucket: Rate exceeded; UPDATE_ROLLBACK_FAILED; repair it with: aws")


def test_a_reason_that_comes_after_the_end_changes_nothing() -> None:
    given_up = threading.Event()

    def creates(one: DesiredStack) -> CallResult:
        aws.there[one.name] = found(one, "ROLLBACK_IN_PROGRESS")
        return CallResult(Answer.ACCEPTED, aws.there[one.name].id)

    def why() -> Cause:
        assert given_up.wait(60)
        return Cause(FailureClass.PERMANENT, "too late")

    aws = Scripted()
    aws.creates, aws.why = creates, why
    driven = Driven(aws, desired(), limits=replace(QUICK, deadline=0.2))
    driven.hear = lambda event: given_up.set() if event.what == DeployStep.STUCK else None
    driven.engine.run()
    assert driven.messages(DeployStep.FAILING) == []
    assert driven.stages() == [Stage.STUCK]
    (job,) = driven.engine.jobs.values()
    assert str(job.cause).startswith("still in progress after")


def test_a_reason_that_cannot_be_read_at_first_is_asked_for_again_at_the_end() -> None:
    one = desired()
    aws = Scripted()
    polls = iter(["ROLLBACK_IN_PROGRESS"] * 5)
    reasons = [
        Cause(FailureClass.TRANSIENT, "its events could not be read", known=False),
        Cause(FailureClass.PERMANENT, "the name is taken", "Bucket"),
    ]

    def creates(_: DesiredStack) -> CallResult:
        aws.there[one.name] = found(one, "CREATE_IN_PROGRESS")
        return CallResult(Answer.ACCEPTED, aws.there[one.name].id)

    def polled() -> None:
        aws.there[one.name] = found(one, next(polls, "ROLLBACK_COMPLETE"))

    aws.creates, aws.polled, aws.why = creates, polled, lambda: reasons.pop(0)
    driven = Driven(aws, one)
    running = driven.start()
    running.join(60)
    driven.engine.stop()  # or it would wait for ever for a reason that nobody asked for
    running.join(60)
    assert reasons == []
    # Once, and as it was read the second time; one that is not known would have been retried.
    assert driven.messages(DeployStep.FAILING) == [(one.name, "Bucket: the name is taken")]
    assert driven.messages(DeployStep.FAILED) == [(one.name, "Bucket: the name is taken")]
    assert [operation for operation, *_ in aws.asked] == ["create"]


def test_a_seat_to_be_cleared_or_waited_for_is_no_canary() -> None:
    broken, theirs, new = (desired(f"demo-{seat}-storage", seat=seat) for seat in ("a", "b", "c"))
    aws = Scripted(
        found(broken, "ROLLBACK_COMPLETE"), found(theirs, "CREATE_IN_PROGRESS", id="arn:theirs")
    )

    def polled() -> None:
        aws.there[theirs.name] = found(theirs, id="arn:theirs")
        if ("delete", broken.name, "") in aws.asked and aws.there[broken.name].id != "arn:new":
            del aws.there[broken.name]

    def creates(one: DesiredStack) -> CallResult:
        aws.there[one.name] = found(one, id="arn:new")
        return CallResult(Answer.ACCEPTED, "arn:new")

    aws.polled, aws.creates = polled, creates
    driven = Driven(aws, broken, theirs, new)
    driven.engine.run()
    order = [(one.what, one.seat) for one in driven.events]
    assert order.index((DeployStep.SEAT_DONE, "c")) < order.index((DeployStep.BEGUN, "a"))
    assert order.index((DeployStep.SEAT_DONE, "c")) < order.index((DeployStep.JOINED, "b"))
    assert set(driven.stages()) == {Stage.DONE}


def test_a_stop_counts_what_was_accepted_meanwhile_and_calls_the_rest_off() -> None:
    called = threading.Event()

    def creates(_: DesiredStack) -> None:
        called.set()
        pool = driven.engine._threads._pool
        while not pool._shutdown:
            called.wait(0.001)
        with pool._shutdown_lock:  # by now, what had not begun is called off
            return

    aws = Scripted()
    aws.creates = creates
    first, second = desired("demo-a-storage", seat="a"), desired("demo-a-access", seat="a")
    driven = Driven(aws, first, second, limits=replace(QUICK, threads=1))
    running = driven.start()
    assert called.wait(60)
    driven.engine.stop()
    running.join(60)
    assert not running.is_alive()
    assert driven.errors == []
    assert [name for _, name, _ in aws.asked] == [first.name]
    assert driven.messages(DeployStep.BEGUN) == [(first.name, "")]
    assert driven.stages() == [Stage.WATCHED, Stage.READY]
    assert [job.name for job in driven.engine.in_flight] == [first.name]


def test_a_stop_in_the_middle_of_a_poll_asks_for_nothing_more() -> None:
    polling = threading.Event()

    def creates(one: DesiredStack) -> CallResult:
        aws.there[one.name] = found(one, "ROLLBACK_COMPLETE")
        return CallResult(Answer.ACCEPTED, aws.there[one.name].id)

    def polled() -> None:
        polling.set()
        while not driven.engine._threads._pool._shutdown:
            polling.wait(0.001)

    def why() -> Cause:
        raise AssertionError("asked for after the stop")

    aws = Scripted()
    aws.creates, aws.polled, aws.why = creates, polled, why
    driven = Driven(aws, desired())
    running = driven.start()
    assert polling.wait(60)
    driven.engine.stop()
    running.join(60)
    assert not running.is_alive()
    assert driven.stages() == [Stage.WATCHED]
    assert driven.errors == []


def test_somebody_elses_fallback_keeps_its_type_when_only_tags_differ() -> None:
    one = desired("demo-a-notebook", seat="a", variants=2)
    theirs = found(one, tags={**one.tagged(one.templates[1]), "more": "1"}, id="arn:theirs")

    def creates(_: DesiredStack) -> CallResult:
        aws.there[one.name] = theirs
        return OVERTAKEN

    aws = Scripted()
    aws.creates = creates
    driven = Driven(aws, one)
    driven.engine.run()
    assert aws.asked == [
        ("create", one.name, "digest0"),
        ("update", one.name, "digest1"),
    ]
    assert driven.stages() == [Stage.DONE]


def test_two_that_overtake_each_other_for_ever_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "SHOWS_WITHIN", 0.0)
    aws = Scripted()
    aws.creates = lambda _: OVERTAKEN
    driven = Driven(aws, desired())
    driven.engine.run()
    assert len(aws.asked) == QUICK.attempts
    assert driven.messages(DeployStep.FAILED) == [
        ("demo-seat1-storage", "somebody else keeps changing it")
    ]


def test_a_state_that_nobody_changes_is_told_in_the_words_of_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "SHOWS_WITHIN", 0.0)
    one = desired()
    aws = Scripted(found(one, tags={**found(one).tags, "template": "old"}))
    words = "ValidationError: Stack:arn is in UPDATE_COMPLETE state and can not be updated."
    refused = CallResult(Answer.OVERTAKEN, cause=Cause(FailureClass.PERMANENT, words))
    monkeypatch.setattr(aws, "update", lambda *_: refused)
    driven = Driven(aws, one)
    driven.engine.run()
    assert driven.messages(DeployStep.FAILED) == [(one.name, words)]


def test_an_update_that_failed_and_stayed_is_rolled_back_and_then_made() -> None:
    one = desired()
    aws = Scripted(found(one, "UPDATE_FAILED", tags={**found(one).tags, "template": "old"}))
    driven = Driven(aws, one)
    driven.engine.run()
    assert [operation for operation, *_ in aws.asked] == ["roll back", "update"]
    assert driven.messages(DeployStep.BEGUN) == [
        (one.name, "rolling back the update that failed"),
        (one.name, ""),
    ]
    assert driven.stages() == [Stage.DONE]


def test_a_stack_that_somebody_else_cleared_and_makes_anew_is_waited_for_once() -> None:
    one = desired()
    aws = Scripted(found(one, "ROLLBACK_COMPLETE", id="arn:old"))
    polls = iter(["CREATE_IN_PROGRESS"] * 5 + ["CREATE_COMPLETE"] * 5)

    def polled() -> None:
        aws.there[one.name] = found(one, next(polls), id="arn:new")

    aws.polled = polled
    driven = Driven(aws, one)
    driven.engine.run()
    assert [operation for operation, *_ in aws.asked] == ["delete"]
    assert driven.messages(DeployStep.JOINED) == [(one.name, "CREATE_IN_PROGRESS")]
    assert driven.messages(DeployStep.DONE) == [(one.name, "made by somebody else")]


def test_an_error_that_nobody_foresaw_ends_the_engine_and_is_raised() -> None:
    def creates(_: DesiredStack) -> CallResult:
        raise RuntimeError("a mistake in our own code")

    aws = Scripted()
    aws.creates = creates
    driven = Driven(aws, desired())
    with pytest.raises(RuntimeError, match="a mistake in our own code"):
        driven.engine.run()
    assert driven.engine._threads._pool._shutdown


def test_an_update_that_is_reviewed_is_not_made_where_its_template_cannot_be_read() -> None:
    one = desired()
    before = found(one, tags={**one.tags, "template": "another"})
    job = StackJob(plan.decide(one, before, NOW))
    job.review = True

    def document(_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetTemplate")

    aws = SimpleNamespace(document=document)  # which makes no update
    sent = next_call.send(cast("CloudFormation", aws), job)
    assert sent.answer == Answer.REFUSED
    assert str(sent.cause).startswith(
        "its template could not be read (GetTemplate: AccessDenied), so that nobody knows"
    )
