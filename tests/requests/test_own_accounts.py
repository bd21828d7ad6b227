"""``save`` and ``ready`` of a seat in an account of its own, with the agent of its notebook."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.requests.test_ready import lay_kernel
from tests.support.live_workbenches import LiveWorkbench
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import REGION, WORKSHOP, OwnAccounts, founded, organiser_key
from tests.support.seats import Seats
from workshop.cli import ready, save
from workshop.naming import ALONE, Names
from workshop.requests.ask import AgentWaits


@pytest.mark.long
def test_an_agent_in_an_account_of_its_own_saves_and_says_that_its_notebook_is_ready(
    enforcing: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ben has no agent that runs: his name is ada's, and his account is not."""
    enforcing.reset()
    own = founded(enforcing, tmp_path, "ada", "ben", key=organiser_key(enforcing))
    own.deploy()
    names = Names(WORKSHOP, ALONE, own.account("ada"), REGION)
    ada = LiveWorkbench(tmp_path / "ada", cast("Seats", SimpleNamespace(root=own.cloud)), names)
    started = ada.start()
    assert (started.returncode, started.stderr) == (0, "")
    lay_kernel(ada, "ok")
    ada.write("answers.ipynb", "42")
    said: list[str] = []

    def waits(_: object, minutes: float) -> AgentWaits:
        def pause(_: float) -> bool:
            said.append(ada.round())
            return False

        return AgentWaits(pause, minutes, clock=count(step=1).__next__)

    for command in (save, ready):
        monkeypatch.setattr(command, "AgentWaits", waits)
    answers = {row["seat"]: row for row in document(own, "save", "--minutes", "0.5", code=1)}
    assert (answers["ada"]["result"], answers["ada"]["files"]) == ("done", 1), said
    assert answers["ben"]["result"] == "silent"
    for seat, saved in (("ada", b"42"), ("ben", None)):
        bucket = Names(WORKSHOP, ALONE, own.account(seat), REGION).bucket("data")
        s3 = own.within("s3", seat)
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="saved/files/").get("Contents", [])
        bodies = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
        assert bodies == ([saved] if saved else [])
    (row,) = document(own, "ready", "--only", "ada", code=0)
    assert (row["ready"], row["reasons"]) == (True, []), said


def document(own: OwnAccounts, command: str, *arguments: str, code: int) -> list[dict[str, Any]]:
    ran = own.run(command, *arguments, "--json")
    assert ran.code == code, ran.out + ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found
