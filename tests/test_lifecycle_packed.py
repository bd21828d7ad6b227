"""The notebook's Python programs as they stand in a lifecycle script: packed, and never stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench import packed
from workshop import generated

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", packed.PROGRAMS)
def test_a_packed_program_is_the_one_in_the_sources(name: str) -> None:
    text = packed.packed(name)
    assert packed.unpacked(text) == packed.bare(name) + "\n"
    assert {len(line) for line in text.splitlines()[:-1]} == {packed.WIDTH}
    original = (packed.SCRIPTS / name).read_text()
    assert len(original.splitlines()) > len(packed.bare(name).splitlines())


@pytest.mark.parametrize("damage", ["", "no base64!", "H4sIAAAAAAAC/w=="])
def test_a_stale_program_is_told_and_packed_anew(
    damage: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in packed.PROGRAMS:
        (tmp_path / name).write_text((packed.SCRIPTS / name).read_text())
        text = (packed.SCRIPTS / f"{name}.gz.b64").read_text()
        (tmp_path / f"{name}.gz.b64").write_text(text)
    monkeypatch.setattr(packed, "SCRIPTS", tmp_path)
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    assert packed.main(["--check"]) == 0
    (tmp_path / "idle_stop.py.gz.b64").write_text(damage)
    assert packed.main(["--check"]) == 1
    told = "stale, run 'python -m workbench.packed --write': idle_stop.py.gz.b64\n"
    assert capsys.readouterr().err == told
    assert packed.main(["--write"]) == 0
    assert packed.unpacked(packed.packed("idle_stop.py")) == packed.bare("idle_stop.py") + "\n"
    assert packed.main(["--check"]) == 0
