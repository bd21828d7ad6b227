"""What on-start does for every seat, as it stands in a lifecycle script: packed, never stale."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import generated_files, pack_scripts
from workbench import packed

SMALL = '''"""All of this goes."""
# A comment.
LIMIT: int = 3
"""How many."""

class Refused(Exception):
    """What is all there is of it stays."""

@dataclass
class Found:
    """A dataclass reads annotations."""

    number: int
    """How many."""
    name: str = ""

def long(
    text: str, *more: dict[str, int], last: bool = False, **rest: object
) -> dict[str, tuple[int, str]]:
    """Give it
    back."""
    kept: str = "# no comment -> str"
    return {text: (LIMIT, kept)}
'''
BARE = '''LIMIT = 3
class Refused(Exception):
 """What is all there is of it stays."""
@dataclass
class Found:
 number: int
 name: str = ""
def long(
 text, *more, last = False, **rest
):
 kept = "# no comment -> str"
 return {text: (LIMIT, kept)}'''


def test_the_packed_text_is_the_script_in_the_sources_with_the_files_that_it_writes() -> None:
    text = packed.packed()
    assert packed.unpacked(text) == packed.set_up()
    assert {len(line) for line in text.splitlines()[:-1]} == {pack_scripts.WIDTH}
    assert "{" not in text
    agent = [f"agent/{file.name}" for file in packed.AGENT.glob("[!_]*.py")]
    assert agent
    for name in (
        *("agent.sh", "box.sh", "idle_stop.py", "install_packages.sh", "workshop_box.sh"),
        *(
            "workshop_messages.py",
            "workshop_seat.py",
            "workshop_names.py",
            "workshop_reasons.py",
            *agent,
        ),
    ):
        assert f"<<'WORKSHOP'\n{packed.bare(name)}\nWORKSHOP\n" in packed.set_up()


def test_each_part_fits_into_a_standard_parameter_and_says_which_it_is() -> None:
    values = packed.parameters()
    parts = [value.split(" ") for value in values]
    assert {len(value) <= packed.PARAMETER_LIMIT for value in values} == {True}
    assert len({digest for digest, *_ in parts}) == 1
    assert [part[1:3] for part in parts] == [
        [str(at + 1), str(len(parts))] for at in range(len(parts))
    ]
    assert packed.unpacked("".join(part[3] for part in parts)) == packed.set_up()


def test_a_bare_program_lacks_comments_annotations_and_docstrings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "SCRIPTS", tmp_path)
    (tmp_path / "small.py").write_text(SMALL)
    assert packed.bare("small.py") == BARE
    ast.parse(BARE)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("", marks=pytest.mark.long),
        pytest.param("~ no Ascii85", marks=pytest.mark.long),
        "87cURDZBb;",
        pytest.param("é", marks=pytest.mark.long),
    ],
)
def test_a_stale_text_is_told_and_packed_anew(
    damage: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for file in packed.SCRIPTS.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(packed, "SCRIPTS", tmp_path)
    monkeypatch.setattr(generated_files, "ROOT", tmp_path)
    assert pack_scripts.main(["--check"]) == 0
    (tmp_path / "set_up.sh.packed").write_text(damage, encoding="utf-8")
    assert pack_scripts.main(["--check"]) == 1
    told = "stale, run 'python -m tools.pack_scripts --write': set_up.sh.packed\n"
    assert capsys.readouterr().err == told
    assert pack_scripts.main(["--write"]) == 0
    assert packed.unpacked(packed.packed()) == packed.set_up()
    assert pack_scripts.main(["--check"]) == 0
