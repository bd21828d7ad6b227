"""A program that is forked from a prepared process does what it does when it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import shared_folder
from tests.support.prepared import Prepared, for_good, prepared

PROGRAM = """
import os, pathlib, sys, threading
print(sys.argv[1:], os.getcwd(), os.environ["SEAT"], sys.stdin.read(), pathlib.__name__)
threading.Thread(target=lambda: print("to the end")).start()
if sys.argv[1] == "fails":
    raise LookupError("what is wrong")
sys.exit(sys.argv[1] if sys.argv[1] == "in words" else 3)
"""


@pytest.fixture(scope="module")
def process() -> Iterator[Prepared]:
    with prepared("pathlib", "workshop.cli:application") as made:
        yield made


def ran(*words: str | Path, folder: Path, **variables: str) -> tuple[int, str, str]:
    """Return the exit code and both streams; of a traceback, its last line."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **variables},
        input="given",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.rstrip().rpartition("\n")[2]


@pytest.mark.parametrize("word", ["ends", "fails", "in words"])
def test_arguments_variables_folder_streams_and_the_end_are_its_own(
    process: Prepared, tmp_path: Path, word: str
) -> None:
    (tmp_path / "shown.py").write_text(PROGRAM)
    given = {"SEAT": "ada", "PYTHONPATH": str(tmp_path)}
    program = process.program("shown", "shown")
    forked = ran(program, word, "two words", folder=tmp_path, **given)
    real = (sys.executable, "-m", "shown")
    assert forked == ran(*real, word, "two words", folder=tmp_path, **given)
    assert "to the end" in forked[1]
    assert forked[0] == {"ends": 3}.get(word, 1)


@pytest.mark.parametrize("command", ["check -e nobody", "roster --wrong"])
def test_the_command_line_says_and_ends_as_it_does_when_it_is_started(
    process: Prepared, tmp_path: Path, command: str
) -> None:
    program = process.program("workshop", "workshop.cli:main")
    forked = ran(program, *command.split(), folder=tmp_path)
    real = Path(sys.executable).with_name("workshop")
    assert forked == ran(real, *command.split(), folder=tmp_path)
    assert forked[0] == 2


def test_whoever_is_killed_takes_the_program_along(process: Prepared, tmp_path: Path) -> None:
    (tmp_path / "lasting.py").write_text(
        "import sys, threading\nprint(1, flush=True)\nthreading.Event().wait()"
    )
    program = process.program("lasting", "lasting")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen([program], env=variables, stdout=subprocess.PIPE, cwd=tmp_path) as stub:
        assert stub.stdout is not None
        assert stub.stdout.readline() == b"1\n"
        stub.kill()
        assert stub.stdout.read() == b""  # its end: nobody has the stream any more


def test_one_for_all_workers_ends_when_their_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TESTS_SHARED_FOLDER")
    end = shared_folder.share_folder()
    (tmp_path / "parent.py").write_text("import os\nprint(os.getppid())")
    told = {
        ran(
            for_good("pathlib").program("parent", "parent"),
            folder=tmp_path,
            PYTHONPATH=str(tmp_path),
        )
        for _ in range(2)
    }
    [(code, pid, _)] = told
    assert code == 0
    lasting = psutil.Process(int(pid))
    end()
    lasting.wait(60)
