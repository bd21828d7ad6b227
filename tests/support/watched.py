"""Two seats and the watch over them, in a local cloud that enforces IAM; its clock is moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from localcloud import process
from tests.support.local_cloud import IAM, Cloud
from tests.support.seats import ADA, BEN, SHARED, Seats, registering, two_seats
from tests.support.small_workshop import ending
from tests.support.teardown_demo import is_frozen
from workbench import inline_source
from workshop.naming import FREEZE

JOBS = {
    "AutoMLJob": "list_auto_ml_jobs",
    "HyperParameterTuningJob": "list_hyper_parameter_tuning_jobs",
    "ProcessingJob": "list_processing_jobs",
    "TrainingJob": "list_training_jobs",
    "TransformJob": "list_transform_jobs",
}
TICK = timedelta(minutes=5)
LENGTH = timedelta(minutes=50)
WATCH = ADA.cohort.watch
""":func:`watched_seats`' stack, and its function."""


@dataclass
class Watched:
    """The cloud of two seats, and what its watch does when time passes."""

    seats: Seats
    end: datetime
    budget: dict[str, Any] | None = None

    @property
    def root(self) -> Cloud:
        return self.seats.root

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(process.set_clock(self.root.running)["now"], UTC)

    def go_on(self) -> None:
        """Let the workshop go on until a later end, with no seat frozen and nothing amiss."""
        self.root.faults()
        iam = self.root.client("iam")
        for names in (ADA, BEN):
            if is_frozen(self.root, names):
                arn = names.cohort_policy_arn(FREEZE)
                iam.detach_role_policy(RoleName=names.role, PolicyArn=arn)
        later = self.now.replace(second=0, microsecond=0) + LENGTH
        self.end = max(later, self.end + timedelta(minutes=1))
        cohort = ending(registering().text("demo-cohort"), self.end)
        assert self.root.update("demo-cohort", cohort, **IAM) == "UPDATE_COMPLETE"
        self.redeploy()

    def redeploy(self, *edits: tuple[str, str]) -> None:
        """Update the watch; ``edits`` are texts of its template or source, and their successors."""
        text = ending(capped(registering().text(WATCH), self.budget), self.end)
        for before, after in edits:
            text = text.replace(before, after) if before in text else _edited(text, before, after)
        assert self.root.update(WATCH, text, **IAM) == "UPDATE_COMPLETE"

    def wake(self, event: dict[str, Any]) -> dict[str, Any]:
        """Have the function run with an event; its report."""
        body = json.dumps({"time": f"{self.now:%Y-%m-%dT%H:%M:%SZ}", **event}).encode()
        answer = self.root.client("lambda").invoke(FunctionName=WATCH, Payload=body)
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        return report

    def go_to(self, moment: datetime) -> None:
        """Let time pass until then, and wait for the functions that this starts."""
        self.pass_by(moment - self.now + timedelta(seconds=1))

    def pass_by(self, span: timedelta = TICK) -> None:
        self.root.advance(span.total_seconds())
        self.settle()

    def settle(self) -> None:
        """Wait for the functions that are under way."""
        while process.post(self.root.running, "/_localcloud/functions", {})["running"]:
            pass

    @property
    def state(self) -> dict[str, Any]:
        """What the watch has written down last."""
        return self._document("state.json")

    @property
    def spending(self) -> dict[str, dict[str, float]]:
        """What the watch has counted, by seat and kind."""
        usd: dict[str, dict[str, float]] = self._document("spending.json")["usd"]
        return usd

    def _document(self, key: str) -> dict[str, Any]:
        body = self.root.client("s3").get_object(Bucket=ADA.watch_bucket, Key=key)["Body"]
        document: dict[str, Any] = json.loads(body.read())
        return document

    @property
    def messages(self) -> list[str]:
        """The subjects of what the topic was sent."""
        sent = process.post(self.root.running, "/_localcloud/messages", {})["messages"]
        return [message["subject"] for message in sent]

    def running(self) -> list[str]:
        """What bills by the hour now."""
        found = [
            one[f"{noun}Name"]
            for noun, operation in JOBS.items()
            for one in self._listed(operation, f"{noun}Summaries")
            if one[f"{noun}Status"] in ("InProgress", "Stopping")
        ]
        found += [one["EndpointName"] for one in self._listed("list_endpoints", "Endpoints")]
        return found + [
            one["NotebookInstanceName"]
            for one in self._listed("list_notebook_instances", "NotebookInstances")
            if one["NotebookInstanceStatus"] != "Stopped"
        ]

    def _listed(self, operation: str, member: str) -> list[dict[str, Any]]:
        pages = self.root.client("sagemaker").get_paginator(operation)
        return [one for page in pages.paginate() for one in page[member]]


@contextmanager
def watched_seats(
    state_dir: Path,
    budget: dict[str, Any] | None = None,
    length: timedelta = LENGTH,
    **delays: float,
) -> Iterator[Watched]:
    """Deploy two seats with work under way, and the watch; time stands still until it is moved."""
    with two_seats(state_dir, **delays) as seats:
        root = seats.root
        root.freeze()
        now = process.set_clock(root.running)["now"]
        end = datetime.fromtimestamp(now // 60 * 60, UTC) + length
        body = ending(registering().text("demo-cohort"), end)
        assert root.update("demo-cohort", body, **IAM) == "UPDATE_COMPLETE"
        text = capped(ending(registering().text(WATCH), end), budget)
        status = root.deploy(WATCH, text, Tags=SHARED, **IAM)
        assert status == "CREATE_COMPLETE", root.reasons(WATCH, "CREATE_FAILED")
        yield Watched(seats, end, budget)


def capped(text: str, budget: dict[str, Any] | None) -> str:
    """Return the watch's template with caps in it."""
    template = json.loads(text)
    for resource in template["Resources"].values():
        if budget and resource["Type"] == "AWS::Lambda::Function":
            told = resource["Properties"]["Environment"]["Variables"]["WATCH"]
            settings = {**json.loads(told["Fn::Sub"]), "budget": budget}
            told["Fn::Sub"] = json.dumps(settings)
    return json.dumps(template)


def _edited(template: str, before: str, after: str) -> str:
    """Return the template with another source of the function."""
    packed = "".join(inline_source.packed(inline_source.WATCH).split())
    source = inline_source.unpacked(packed)
    assert before in source
    assert packed in template
    return template.replace(packed, inline_source.pack(source.replace(before, after)))
