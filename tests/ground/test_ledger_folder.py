"""The ledger's folder: made private once a run, and made again where somebody took it away."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from workshop.ledger import Ledger


def test_the_folder_is_made_private_and_made_again_when_it_was_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "dev"
    folder.mkdir(parents=True, mode=0o755)
    ledger = Ledger("dev", tmp_path / "state", "run")
    ledger.note_step("one", "first")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shutil.rmtree(tmp_path / "state")
    ledger.note_step("two", "second")
    assert [line["step"] for line in ledger._lines()] == ["two"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
