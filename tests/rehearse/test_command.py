"""What ``workshop rehearse`` prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcloud.record import Running
from tests.support.rehearsals import PACKAGES, write_notebook
from tests.support.seats import BEN, Seats
from tests.support.workshop_command import Ran, run
from workshop.cli import rehearse_cloud
from workshop.environments import loader
from workshop.rehearse import interpreters

CONFIG = str(Path("config").resolve())
GOOD = """
import boto3
listed = boto3.client("s3").list_objects_v2(Bucket="placeholder")
assert "train/played.csv" in [one["Key"] for one in listed["Contents"]]
"""
BENS = BEN.bucket("data")
DENIED = f"boto3.client('s3').put_object(Bucket='{BENS}', Key='a')"


@pytest.fixture
def rehearsing(seats: Seats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder to rehearse in: ada is deployed, her Python is there."""

    @contextmanager
    def cloud(*_: Any, **__: Any) -> Iterator[Running]:
        yield seats.root.running

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rehearse_cloud, "running", cloud)
    monkeypatch.setattr(interpreters, "prepared", lambda *_, **__: PACKAGES)
    return tmp_path


def rehearse(*more: str) -> Ran:
    return run(
        *("rehearse", "-e", "demo", "--config-dir", CONFIG, "--seat", "ada", "--unconfined"),
        *("--content", "labs", "--sdk", "none", "--run", *more),
    )


def test_all_is_well_and_the_data_and_the_bucket_are_there(rehearsing: Path) -> None:
    write_notebook(rehearsing / "labs/lab.ipynb", GOOD)
    ran = rehearse("--replace", "placeholder=$WORKSHOP_BUCKET", "--json")
    document = json.loads(ran.out)
    assert (ran.code, document["summary"]["calling AWS and ok"]) == (0, 1), document
    (cell,) = document["cells"]
    assert (cell["result"], cell["calls"][0]["operation"]) == ("ok", "ListObjectsV2")


def test_a_denial_is_a_row_with_its_cause_and_the_exit_code(rehearsing: Path) -> None:
    write_notebook(rehearsing / "labs/lab1.ipynb", "import boto3", DENIED, "1")
    ran = rehearse()
    assert ran.code == 1
    row = next(line for line in ran.out.splitlines() if "denied" in line)
    assert f"s3:PutObject on arn:aws:s3:::{BENS}/a" in row
    assert "BucketsOfOthers (boundary)" in row
    assert row.rstrip().endswith("nothing")
    assert "3 cells: 2 ok, 1 denied" in ran.out
    assert "of those that call AWS: 0 of 1 ok, 0 %" in ran.out
    assert ran.err.splitlines()[-1] == (
        "workshop: not all of it runs in a seat: 1 of 3 cells denied, failed or not reached"
    )
    assert not list((rehearsing / ".workshop/rehearsals").glob("run-*"))


def test_a_replacement_that_is_none_and_one_that_is_nowhere_are_told(rehearsing: Path) -> None:
    write_notebook(rehearsing / "labs/lab.ipynb", "1")
    ran = rehearse("--replace", "nowhere=1")
    assert "'nowhere' is nowhere in the content" in ran.err
    assert rehearse("--replace", "nowhere").err.endswith(
        "'nowhere' is not of the form --replace TEXT=NEW\n"
    )


@pytest.mark.parametrize("mode", ["ou", "roster"])
def test_a_seat_in_another_account_is_rehearsed_there_under_its_names(
    mode: str, tmp_path: Path
) -> None:
    """The rehearsal's cloud has one account, and neither roles nor an organization."""
    config, account = tmp_path / "config", "222222222222"
    config.mkdir()
    accounts = {"ou": "{mode: ou, permissions: self-managed}", "roster": "{mode: roster}"}[mode]
    (config / "lab.yaml").write_text(
        'workshop: vision\naccount: "111122223333"\nregion: us-east-1\n'
        'start: "2026-01-01T09:00:00+00:00"\nend: 2099-12-31T17:00:00+00:00\n'
        f"roster: {{file: people.csv}}\naccounts: {accounts}\ndeploy: {{role: deployer}}\n"
        "profiles: {attendee: {}, author: {}}\n"
    )
    own = f"account,seat\n{account},ada\n"
    if mode == "ou":
        (config / "lab.accounts.csv").write_text(own)
    rows = f"id,profile,region,account\nada,author,eu-west-1,{account if mode == 'roster' else ''}"
    (config / "people.csv").write_text(rows)
    loaded = loader.load("lab", config)
    (ada,) = loaded.seats
    made = loader.load("lab", rehearse_cloud.in_its_account(loaded, ada, tmp_path / "there"))
    (there,) = made.seats
    assert made.home == ada.account_region
    assert made.names(there) == loaded.names(ada)
    assert made.kinds(there) == loaded.kinds(ada)
    assert made.settings.end == loaded.settings.end
