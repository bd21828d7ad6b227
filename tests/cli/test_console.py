"""What reaches a terminal: everything through one place, in any encoding, and never obeyed."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.assemblies import ROOT
from tests.support.config_folder import write, write_roster
from tests.support.workshop_command import run
from workshop import cli, escaping
from workshop.cli import console
from workshop.cli.progress import saying_pause
from workshop.errors import WorkshopError

WORKSHOP = Path(sys.executable).with_name("workshop")
HOSTILE = (
    "\x1b]0;owned\x07\r\nforged\x9b2J\u202egpj.\u200b[bold red]x[/] [link=http://evil]y[/link]"
)
SHOWN = r"\x1b]0;owned\x07\r\nforged\x9b2J\u202egpj.\u200b[bold red]x[/] [link=http://evil]y[/link]"


def on_screen(encoding: str, *, errors: str = "strict") -> io.TextIOWrapper:
    """A stream as Python makes one for this encoding; closed files are no terminal."""
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, write_through=True)


def written(stream: io.TextIOWrapper) -> bytes:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


def test_a_name_is_one_line_of_talk_of_data_and_of_a_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = console.table("seat", "name", right=("seat",))
    table.add_row("ada", HOSTILE)
    console.say(f"stuck: {HOSTILE}")
    console.warn(HOSTILE)
    console.print_line(HOSTILE)
    console.print_table(table)
    console.print_text(f"two\nlines{HOSTILE}\n")
    out, err = capsys.readouterr()
    assert err.splitlines() == [f"stuck: {SHOWN}", f"warning: {SHOWN}"]
    lines = SHOWN.replace(r"\n", "\n").splitlines()
    assert out.splitlines() == [
        SHOWN,
        "seat  name",
        f" ada  {SHOWN}",
        "two",
        f"lines{lines[0]}",
        lines[1],
    ]


def test_a_live_view_and_a_bar_obey_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "500")
    active = console.grid()
    active.add_row(f"  {HOSTILE}", HOSTILE)
    with console.Bar(HOSTILE) as bar:
        bar.add_task(HOSTILE, total=1)
        view = console.live(lambda: console.above(active))
        with view:
            pass
    caption = console.table(HOSTILE)
    caption.explain([HOSTILE, "second"])
    shown = screen.getvalue() + console.table_text(caption)
    assert escaping.printable(shown, keep="\n") == shown
    assert shown.count(SHOWN) >= 4


def test_json_is_what_it_was_for_a_program_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.print_json({HOSTILE: ["Zoë", HOSTILE]})
    out = capsys.readouterr().out
    assert json.loads(out) == {HOSTILE: ["Zoë", HOSTILE]}
    assert escaping.printable(out, keep="\n") == out
    assert "Zoë" in out


def test_a_question_shows_a_name_and_does_not_obey_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("typed\n"))
    assert console.ask(f"Type {HOSTILE}") == "typed"
    out, err = capsys.readouterr()
    assert (out.strip(), err.startswith(f"Type {SHOWN}")) == ("", True)


def test_an_error_is_one_sentence_and_another_programs_words_are_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise WorkshopError(f"AWS says {HOSTILE}", details="first\nsecond\x1b[2J")

    monkeypatch.setattr(cli, "application", lambda *_: broken)
    assert run("roster").err.splitlines() == [
        f"workshop: AWS says {SHOWN}",
        "first",
        r"second\x1b[2J",
    ]
    monkeypatch.setattr(cli, "application", lambda *_: _denied)
    assert run("roster").err == "workshop: \\x1b]0;x: no\\x07\n"


def _denied(*_: object, **__: object) -> None:
    raise OSError(13, "no\x07", "\x1b]0;x")


def test_an_unexpected_error_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="forged") as caught:
        int(HOSTILE)
    console.show_traceback(caught.type, caught.value, caught.tb)
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):\n")
    assert escaping.printable(err, keep="\n") == err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", ["roster", "roster --json", "check", "--help"])
def test_no_encoding_ends_a_command(
    encoding: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_roster(tmp_path, "id,name,email\nada,Zoë 山田 👩🏽\u200d🔬,zoë@example.com\n")
    out, err = on_screen(encoding), on_screen(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    words = command.split()
    where = [] if command == "--help" else ["-e", "dev", "--config-dir", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["workshop", *words, *where])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0, written(err)
    shown = written(out).decode(encoding)
    if "--json" in words:
        assert json.loads(shown)[0]["name"] == "Zoë 山田 👩🏽\u200d🔬"
    elif command == "roster":
        name = "Zoë 山田 👩🏽\u200d🔬".encode(encoding, "backslashreplace").decode(encoding)
        assert re.search(rf"^ada +{re.escape(name)} +zo", shown, re.MULTILINE)
    else:
        assert shown.strip()


def test_a_process_in_the_poorest_of_locales_shows_a_roster(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,name\nada,Zoë 山田\n")
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [WORKSHOP, "roster", "-e", "dev", "--config-dir", str(tmp_path)],
        env={**os.environ, **poor, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Zo\\xeb \\u5c71\\u7530" in done.stdout


def test_a_title_that_steers_is_shown_by_check(tmp_path: Path) -> None:
    text = (ROOT / "config" / "demo.yaml").read_text()
    title = 'title: "x\\u202Ey\\u200b"'
    write(tmp_path, re.sub(r"^title: .*$", title.replace("\\", r"\\"), text, flags=re.MULTILINE))
    (tmp_path / "rosters").mkdir()
    (tmp_path / "rosters" / "demo.csv").write_text("id\nada\n")
    shown = run("check", "-e", "dev", "--config-dir", str(tmp_path))
    assert shown.code == 0, shown.err
    assert shown.out.splitlines()[0] == r"demo: x\u202ey\u200b"


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("print('x')\n", "T201"),
        ("import sys\n\nsys.stdout.write('x')\n", "TID251"),
        ("from sys import stderr\n\nstderr.write('x')\n", "TID251"),
        ("import typer\n\ntyper.echo('x')\n", "TID251"),
        ("from rich import print as show\n\nshow('x')\n", "TID251"),
        ("from rich.console import Console\n\nConsole().print('x')\n", "TID251"),
        ("import click\n\nclick.echo('x')\n", "TID251"),
    ],
)
@pytest.mark.parametrize("place", ["cli/new.py", "teardown/new.py", "fleet/handout/new.py"])
def test_nothing_else_prints(source: str, rule: str, place: str) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("ruff"), "check", "--output-format", "json"),
            *("--no-cache", "--select", "T201,TID251", "--stdin-filename", f"workshop/{place}"),
            "-",
        ],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert rule in {one["code"] for one in json.loads(done.stdout)}


def test_nobody_is_excused_from_that_but_the_console_and_the_cdk_app() -> None:
    folders = (ROOT / "workshop", ROOT / "stacks", ROOT / "constructs")
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    excused = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if re.search(r"noqa: [A-Z0-9, ]*(T201|TID251)", path.read_text(encoding="utf-8"))
    }
    assert excused == {"stacks/__main__.py", "stacks/app.py", "workshop/cli/console.py"}


def test_who_waits_is_told_every_half_minute_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    left = iter(["9 notebooks to save", "1 notebook to save"])
    pause = saying_pause(lambda: next(left))
    assert not any(pause(0) for _ in range(12))
    assert capsys.readouterr().err.splitlines() == [
        "waiting for 9 notebooks to save ...",
        "waiting for 1 notebook to save ...",
    ]
