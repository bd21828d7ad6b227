"""The table of docs/accounts.md: each command where nobody can be in one of the seats' accounts.

Ada has a notebook and an EC2 instance, ben an instance and a role for people; the way into cleo's
account is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import count

import pytest

from tests.cli.test_own_accounts import endpoint, lose
from tests.support import own_teardowns
from tests.support.assemblies import ROOT
from tests.support.local_cloud import started
from tests.support.own_accounts import BOXES, DOOR, OwnAccounts, founded, organiser_key
from tests.support.teardown_workshop import QUIET
from workshop.cli import COMMANDS, GROUPS
from workshop.requests import ask
from workshop.requests.ask import AgentWaits

PAGE = ROOT / "docs" / "accounts.md"
HEADING = "## Where nobody can be in an account"
AGENT = "{content: [{s3: 'datasets/first/'}], tokens: {HF_TOKEN: shared}}"
SETTINGS = f"{BOXES.rstrip()}\n    notebook: {AGENT}\n"
"""The YAML once an organiser has given authors content and tokens."""


@dataclass(frozen=True)
class Row:
    """A command of the table, its exit code, and what it prints, with ``...`` for any text."""

    command: str
    code: int
    printed: tuple[str, ...]


def section() -> str:
    return PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]


def table() -> list[Row]:
    lines = [line for line in section().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [
        Row(command.strip("`"), int(code), tuple(re.findall("`([^`]+)`", f"{others} {lost}")))
        for command, code, others, lost in cells
    ]


def is_printed(expected: str, printed: str) -> bool:
    """Whether a line has this text, the number of blanks between words aside."""
    pattern = ".*".join(map(re.escape, expected.split("...")))
    pattern = pattern.replace(r"\ ", r"\s*" if "..." in expected else r"\s+")
    return re.search(pattern, printed) is not None


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAccounts]:
    with started(tmp_path_factory.mktemp("cloud"), enforce_iam=True) as cloud:
        cloud.delays(**QUIET)
        folder = tmp_path_factory.mktemp("three")
        key = organiser_key(cloud)
        made = founded(cloud, folder, "ada", "ben", "cleo", key=key, settings=BOXES)
        made.profiles = {"ada": "author", "cleo": "author"}
        made.write(DOOR)
        made.deploy(principals="arn:aws:iam::000000000000:user/organiser")
        lose(made, "cleo")
        endpoint(made, "ada")
        (folder / "data").mkdir()
        (folder / "data/a.csv").write_text("1\n")
        yield made


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that wait for agents, of which none runs, wait for a moment alone."""
    monkeypatch.setattr(ask, "POLL_SECONDS", 0.01)
    for name in ("save", "ready"):
        waits = partial(AgentWaits, clock=partial(next, count(step=30.0)))
        monkeypatch.setattr(f"workshop.cli.{name}.AgentWaits", waits)


@pytest.mark.long
@pytest.mark.usefixtures("at_once")
def test_each_command_ends_and_says_as_the_table_has_it(
    three: OwnAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.write(DOOR, settings=SETTINGS)
    monkeypatch.setenv("HF_TOKEN", "hf_a")
    wrong = []
    for row in table():
        with own_teardowns.quick(three) if row.command.startswith("teardown") else nullcontext():
            ran = three.run(row.command)
        printed = f"{ran.out}{ran.err}"
        lacking = [text for text in row.printed if not is_printed(text, printed)]
        if ran.code != row.code or lacking:
            wrong.append(f"{row.command}: {ran.code}, without {lacking}:\n{printed}")
    assert not wrong, "\n".join(wrong)


def test_the_table_and_what_stands_below_it_name_every_command() -> None:
    rows = {row.command.split()[0] for row in table()}
    below = section().rpartition("|\n")[2]
    named = {word for word in re.findall("`([a-z]+)`", below) if word not in rows}
    assert rows | named | {"board"} == {*COMMANDS, *GROUPS}
    assert not rows & named
