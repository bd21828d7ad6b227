"""``workshop swap`` of a seat with an EC2 instance: what each of its machines saved goes along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_reports import BOX_KEY, KEY
from tests.support.local_cloud import Cloud
from tests.support.small_workshop import REGION, Fleet
from workshop import events
from workshop.agent import inbox
from workshop.notebooks import start_stop
from workshop.requests import ask
from workshop.requests.ask import AgentWaits
from workshop.swap import swapping

PROFILES = (
    "profiles: {box: {notebook: {enabled: false}, ec2: {instance_types: [g5.xlarge]}},"
    " both: {ec2: {instance_types: [g4dn.xlarge]}}}"
)
ENTRY = [4, 1, "0" * 64, 0o644]


class SwappedBoxes:
    """A seat whose agents have saved a file each, and a spare whose agents do what is asked."""

    def __init__(self, cloud: Cloud, folder: Path, profile: str) -> None:
        cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
        self.fleet = Fleet(cloud, folder)
        self.fleet.write(1, PROFILES, roster=f"roster: {{file: people.csv, profile: {profile}}}")
        environment = self.fleet.config / "dev.yaml"
        environment.write_text(environment.read_text().replace("{file", "{spares: 1, file"))
        (self.fleet.config / "people.csv").write_text("id\nada\n")
        assert self.fleet.deploy().good
        self.s3 = cloud.client("s3")

    def bucket(self, seat: str) -> str:
        return f"demo-{seat}-data-000000000000-us-east-1"

    def saves(self, below: str, name: str) -> None:
        """Lay what an agent of ada's saved."""
        manifest = json.dumps({"files": {name: ENTRY}}).encode()
        self.s3.put_object(Bucket=self.bucket("ada"), Key=f"{below}manifest.json", Body=manifest)
        self.s3.put_object(Bucket=self.bucket("ada"), Key=f"{below}files/{name}", Body=b"work")

    def requests(self) -> list[dict[str, Any]]:
        held = self.fleet.loaded().names(self.fleet.seats()[0]).datasets_bucket
        body = self.s3.get_object(Bucket=held, Key=inbox.KEY)["Body"].read()
        asked: list[dict[str, Any]] = json.loads(body)["requests"]
        return asked

    def answer(self, _: float) -> bool:
        """Have every agent report that it did what it was asked for."""
        handled = [one["id"] for one in self.requests()]
        report = json.dumps({"time": events.now().timestamp(), "handled": handled}).encode()
        for seat in ("ada", "spare01"):
            for key in (KEY, BOX_KEY):
                self.s3.put_object(Bucket=self.bucket(seat), Key=key, Body=report)
        return False


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 0.01)
    monkeypatch.setattr(ask, "POLL_SECONDS", 0.01)
    return monkeypatch


@pytest.mark.parametrize(
    ("profile", "saved"),
    [
        ("box", {"saved/": "train.py"}),
        ("both", {"saved/": "a.ipynb", "saved/box/": "train.py"}),
    ],
)
def test_what_the_machines_of_a_seat_saved_goes_to_the_machines_of_the_spare(
    cloud: Cloud, tmp_path: Path, waits: pytest.MonkeyPatch, profile: str, saved: dict[str, str]
) -> None:
    made = SwappedBoxes(cloud, tmp_path, profile)
    for below, name in saved.items():
        made.saves(below, name)
    waits.setattr(
        swapping,
        "AgentWaits",
        lambda _, minutes: AgentWaits(made.answer, minutes, clock=lambda: 0.0),
    )
    ran = made.fleet.run("swap", "ada", "spare01", "--yes")
    assert ran.code == 0, ran.err
    assert "spare01 is ready" in ran.err
    for below, name in saved.items():
        key = f"{below}from-ada/files/{name}"
        laid = made.s3.get_object(Bucket=made.bucket("spare01"), Key=key)
        assert laid["Body"].read() == b"work"
    asked = [(one["kind"], one["seats"], one.get("prefix")) for one in made.requests()]
    assert asked == [
        ("save", ["ada"], None),
        *(("restore", ["spare01"], f"{below}from-ada/") for below in saved),
    ]
