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
from tests.support.seats import ADA, Seats, registering, two_seats
from tests.support.small_workshop import ending

TICK = timedelta(minutes=5)
WATCH = ADA.cohort.watch


@dataclass(frozen=True)
class Watched:
    """The cloud of two seats, and what its watch does when time passes."""

    seats: Seats
    end: datetime

    @property
    def root(self) -> Cloud:
        return self.seats.root

    def go_to(self, moment: datetime) -> None:
        """Let time pass until then, and wait for the functions that this starts."""
        now = process.set_clock(self.root.running)["now"]
        self.pass_by(timedelta(seconds=moment.timestamp() - now + 1))

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
        client = self.root.client("sagemaker")
        jobs = {
            "TrainingJob": client.list_training_jobs,
            "ProcessingJob": client.list_processing_jobs,
            "TransformJob": client.list_transform_jobs,
            "HyperParameterTuningJob": client.list_hyper_parameter_tuning_jobs,
        }
        found = [
            one[f"{noun}Name"]
            for noun, listing in jobs.items()
            for one in listing(MaxResults=100)[f"{noun}Summaries"]
            if one[f"{noun}Status"] in ("InProgress", "Stopping")
        ]
        found += [one["EndpointName"] for one in client.list_endpoints(MaxResults=100)["Endpoints"]]
        books = client.list_notebook_instances(MaxResults=100)["NotebookInstances"]
        return found + [
            one["NotebookInstanceName"]
            for one in books
            if one["NotebookInstanceStatus"] != "Stopped"
        ]


@contextmanager
def watched_seats(
    state_dir: Path, budget: dict[str, Any] | None = None, **delays: float
) -> Iterator[Watched]:
    """Deploy two seats with work under way, and the watch; time stands still until it is moved."""
    with two_seats(state_dir, **delays) as seats:
        root = seats.root
        root.freeze()
        now = process.set_clock(root.running)["now"]
        end = datetime.fromtimestamp(now // 60 * 60, UTC) + timedelta(minutes=50)
        body = ending(registering().text("demo-cohort"), end)
        assert root.update("demo-cohort", body, **IAM) == "UPDATE_COMPLETE"
        text = _capped(ending(registering().text(WATCH), end), budget)
        status = root.deploy(WATCH, text, **IAM)
        assert status == "CREATE_COMPLETE", root.reasons(WATCH, "CREATE_FAILED")
        yield Watched(seats, end)


def _capped(text: str, budget: dict[str, Any] | None) -> str:
    """Return the watch's template with caps in it."""
    template = json.loads(text)
    for resource in template["Resources"].values():
        if budget and resource["Type"] == "AWS::Lambda::Function":
            told = resource["Properties"]["Environment"]["Variables"]["WATCH"]
            settings = {**json.loads(told["Fn::Sub"]), "budget": budget}
            told["Fn::Sub"] = json.dumps(settings)
    return json.dumps(template)
