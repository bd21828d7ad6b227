"""EventBridge's rules on the local cloud's clock, the events of SageMaker and EC2, and topics.

ministack plays rules, and has a thread that looks for due ones by the machine's clock. Here they go
by the one clock of the cloud, also at the moment at which it is moved; a jump over several
moments of a rule fires it once. Functions that a rule starts wait in a queue, as on AWS, and run
one after the other beside the requests that they make: a burst of events starts no hundred
processes, and the same day is played in the same order. Whoever moved the clock can wait for their
end.
"""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.admin import AsyncEndpoint, Document
from localcloud.clock import Clock
from localcloud.ec2 import stores
from localcloud.ec2.service import Ec2Service
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Record, SageMakerResourceType

NOUNS = {
    "Endpoint": "SageMaker Endpoint State Change",
    "HyperParameterTuningJob": "SageMaker HyperParameter Tuning Job State Change",
    "NotebookInstance": "SageMaker Notebook Instance State Change",
    "ProcessingJob": "SageMaker Processing Job State Change",
    "TrainingJob": "SageMaker Training Job State Change",
    "TransformJob": "SageMaker Transform Job State Change",
}
"""What SageMaker tells the states of, and how
(https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html)."""
PATIENCE = 4.0
"""Seconds for which a request waits for functions to end."""
MESSAGES = 1000
"""How many messages to topics are kept."""


class Invocations:
    """The functions that rules started: those that wait for their turn, and the one that runs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], object]] = deque()
        self._running = 0
        """Those that wait among them."""
        self._ended = 0

    def run(self, function: Callable[[], object]) -> None:
        """Run a function after all that were started before, beside the requests."""
        with self._changed:
            self._waiting.append(function)
            self._running += 1
            is_alone = self._running == 1
        if is_alone:
            self._begin_next()

    def _begin_next(self) -> None:
        threading.Thread(target=self._run_next, daemon=True).start()

    def _run_next(self) -> None:
        function = self._waiting.popleft()
        try:
            function()
        finally:
            with self._changed:
                self._running -= 1
                self._ended += 1
                self._changed.notify_all()
                is_next = self._running > 0
            if is_next:
                self._begin_next()

    def settled(self) -> dict[str, int]:
        """Wait until none runs, or for a while; return how many run and how many have ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0, PATIENCE)
            return {"running": self._running, "ended": self._ended}


def patch_rules(clock: Clock, invocations: Invocations) -> Callable[[], None]:
    """Let rules go by the cloud's clock, and note what they start; return what fires those due."""
    events = ministack_adapter.module("services.eventbridge")
    functions = ministack_adapter.module("services.lambda_svc")
    events._now_ts = clock.now

    def start(arn: str, payload: str) -> None:
        found, config, _ = functions._get_func_record_for_ref(arn)
        if found and config:
            record = functions._execution_record_for_config(found, config)
            event = json.loads(payload)
            invocations.run(lambda: functions._execute_function_with_config_scope(record, event))

    events._dispatch_to_lambda = start
    fire, firing = events._tick_scheduled_rules, threading.Lock()

    def fire_once() -> None:
        with firing:
            fire()

    def fire_as_time_passes() -> None:
        # While time stands still, whoever moves it fires what is due: in the same order each time.
        if not clock.frozen:
            fire_once()

    # ministack's thread calls it by its name in the module.
    events._tick_scheduled_rules = fire_as_time_passes
    return fire_once


def functions_endpoint(invocations: Invocations) -> AsyncEndpoint:
    """Wait until no function runs that a rule has started, or for a while: ask again."""

    async def answer(_: Document) -> Document:
        return await asyncio.to_thread(invocations.settled)

    return answer


# --- SageMaker's events --------------------------------------------------------------------------


def send_events(engine: SageMakerEngine, machines: Ec2Service) -> None:
    """Send an event for each state that a resource or an instance enters, where a rule listens."""
    events = ministack_adapter.module("services.eventbridge")

    def entered(kind: SageMakerResourceType, record: Record) -> None:
        if kind.noun not in NOUNS or not events._rules._data:
            return
        detail = engine.view(kind, record)
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": NOUNS[kind.noun],
            "Detail": json.dumps(detail, default=str),
            "Resources": [record["arn"]],
        }
        events._put_events({"Entries": [entry]}, allow_aws_source=True)

    engine.statuses.entered = entered
    _send_instance_events(machines)


def _send_instance_events(machines: Ec2Service) -> None:
    events = ministack_adapter.module("services.eventbridge")

    def entered(instance: Record) -> None:
        if not events._rules._data:
            return
        name = instance["InstanceId"]
        entry = {
            "Source": "aws.ec2",
            "DetailType": "EC2 Instance State-change Notification",
            "Detail": json.dumps({"instance-id": name, "state": instance["State"]["Name"]}),
            "Resources": [stores.arn("instance", name)],
        }
        events._put_events({"Entries": [entry]}, allow_aws_source=True)

    machines.world.entered = entered


# --- topics --------------------------------------------------------------------------------------


class Messages:
    """What was sent to topics, which nothing leaves this machine for."""

    def __init__(self) -> None:
        self._sent: deque[dict[str, str]] = deque(maxlen=MESSAGES)
        self._number = 0

    def reset(self) -> None:
        """Forget all of it."""
        self._sent.clear()
        self._number = 0

    def get_state(self) -> None:
        """Keep nothing between runs."""

    def load_persisted_state(self, kept: Any) -> None:
        """Take nothing from an earlier run."""

    def endpoint(self, asked: Document) -> Document:
        """Return the messages, oldest first, and how many there ever were; ``after`` so many."""
        new = self._number - int(asked.get("after", 0))
        return {"messages": list(self._sent)[-new:] if new > 0 else [], "number": self._number}

    def patch(self) -> None:
        """Note what topics are sent, in place of whom it would be delivered to."""
        topics = ministack_adapter.module("services.sns")

        def noted(topic: str, _id: str, message: str, subject: str, *_: Any, **__: Any) -> None:
            self._sent.append({"topic": topic, "subject": subject, "message": message})
            self._number += 1

        topics._fanout = noted
