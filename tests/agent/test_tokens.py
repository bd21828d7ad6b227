"""Tokens reach kernels and terminals from memory, and nothing that is kept."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.workbenches import OWN, Workbench
from workbench import packed
from workshop.agent import tokens

GIVEN = "hf_very$secret'x"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    made = Workbench(tmp_path, environment={"WORKSHOP_TOKENS": "HF_TOKEN WANDB_API_KEY"})
    _given(made, HF_TOKEN=GIVEN, PATH="/evil", WANDB_API_KEY="two\nlines")
    return made


def _of_kernel() -> str | None:
    return os.environ.get("HF_TOKEN")


def _given(bench: Workbench, **values: str) -> None:
    bench.buckets.objects[OWN, tokens.KEY] = json.dumps(values).encode()


def test_a_token_is_in_memory_for_its_owner_alone_and_in_nothing_that_is_kept(
    bench: Workbench,
) -> None:
    bench.write("answers.ipynb", "42")
    assert bench.round() == []
    file = bench.root / "run/workshop-agent/tokens.sh"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = {key: body for key, body in bench.buckets.objects.items() if key[1] != tokens.KEY}
    assert kept
    assert not any(b"very$secret" in body for body in kept.values())
    assert "very$secret" not in json.dumps(bench.agent.remembered)
    assert not any("very$secret" in text for text in bench.work().values())
    assert bench.report["no_tokens"] == ["WANDB_API_KEY"]


def test_a_terminal_reads_it_and_no_other_variable(bench: Workbench) -> None:
    bench.round()
    file = bench.root / "run/workshop-agent/tokens.sh"
    ran = subprocess.run(
        ["/bin/bash", "-c", f'PATH=/usr/bin; . {file}; printf "%s %s" "$HF_TOKEN" "$PATH"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"{GIVEN} /usr/bin"


def test_a_running_kernel_gets_a_new_one_and_loses_one_that_is_taken_away(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel: dict[str, Any] = runpy.run_path(str(packed.SCRIPTS / "workshop_messages.py"))
    kernel["give"].__globals__["TOKENS"] = bench.root / "run/workshop-agent/tokens.sh"
    monkeypatch.setenv("HF_TOKEN", "to be put back")
    monkeypatch.delenv("HF_TOKEN")
    bench.round()
    cells: dict[str, Any] = {}
    kernel["load_ipython_extension"](
        SimpleNamespace(events=SimpleNamespace(register=cells.setdefault))
    )
    assert _of_kernel() == GIVEN
    assert cells["pre_run_cell"] is kernel["give"]

    _given(bench, HF_TOKEN="rotated")
    bench.round(30)
    kernel["give"]()
    assert _of_kernel() == "rotated"

    bench.buckets.objects.pop((OWN, tokens.KEY))
    bench.round(30)
    kernel["give"]()
    assert _of_kernel() is None


def test_a_token_that_the_attendee_set_stays(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel: dict[str, Any] = runpy.run_path(str(packed.SCRIPTS / "workshop_messages.py"))
    kernel["give"].__globals__["TOKENS"] = bench.root / "run/workshop-agent/tokens.sh"
    monkeypatch.setenv("HF_TOKEN", "their own")
    bench.round()
    kernel["give"]()
    assert _of_kernel() == "their own"


def test_without_tokens_in_the_yaml_nothing_is_asked(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "other")
    _given(bench, HF_TOKEN=GIVEN)
    assert bench.round() == []
    assert not (bench.root / "run/workshop-agent/tokens.sh").exists()
