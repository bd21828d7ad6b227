"""What README.md, docs/ and the papers beside them say is run, or held against the code.

Every ``console`` block is run, with the output it shows; every link, path and name leads somewhere.

In a block, ``$ `` begins a command, ``...`` stands for any text, and the rest is what is printed. A
page's commands run one after the other in one shell, in a copy of the project.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bench.__main__ import ENTRIES
from tests.support.assemblies import ROOT
from tests.support.cdk_command import without_aws
from tests.support.workshop_command import on_the_path
from workshop.cli import application
from workshop.config.profiles import Profile
from workshop.handout.notebooks import LONGEST
from workshop.naming import ALONE, COHORT, COHORT_STACKS, ORGANISER, SEAT_STACKS, Names
from workshop.status import describe
from workshop.teardown import verification
from workshop.watch.messages import INBOX

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / ".github").rglob("*.md")),
]
DAYS = ROOT / "docs" / "your-workshop.md"
MINUTES = {
    *("access.md", "deploying.md", "door.md", "into-a-box.md"),
    *("local-cloud-services.md", DAYS.name),
}
"""Pages whose commands take long; the README has a workshop from beginning to end as well."""
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = (
    ".git",
    ".venv",
    ".venv-*",
    "node_modules",
    "cdk.out",
    ".workshop",
    ".cache",
)
SECONDS = 500
ACTIVATED = ". .venv/bin/activate"
"""The README's own environment has the real ``workshop``; what comes then starts at once."""
COMMAND_LINE: Any = typer.main.get_command(application())


@dataclass(frozen=True)
class Command:
    """One command of a page and what the page says it prints."""

    text: str
    expected: str


def blocks(page: Path, language: str) -> list[str]:
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [body for kind, body in found if kind == language]


def commands(page: Path) -> list[Command]:
    """The commands of a page's console blocks, in their order."""
    found = []
    for body in blocks(page, "console"):
        first, *rest = re.split(r"^\$ ", body, flags=re.MULTILINE)
        assert not first, f"{page.name}: a console block begins with '$ '"
        for part in rest:
            text, _, expected = part.partition("\n")
            found.append(Command(text, expected))
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether the output is the shown one, the number of blanks between words aside.

    ``...`` alone on a line stands for any number of lines, inside a line for any text of it.
    """

    def lines(text: str) -> list[str]:
        return [" ".join(line.split()) for line in text.strip("\n").splitlines()]

    def as_pattern(line: str) -> str:
        if line == "...":
            return r"(?:[^\n]*\n)*?"
        return re.escape(line).replace(r"\.\.\.", ".*") + r"\n"

    pattern = "".join(map(as_pattern, lines(expected)))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines(printed))) is not None


def test_dots_stand_for_what_they_should() -> None:
    assert matches("...\na ... d\n...\n", "x\ny\na b c d\n")
    assert matches("a\n...\n", "a\n")
    assert not matches("a\n...\nb", "a\nx\nc\n")
    assert not matches("a ... d", "a b\nc d")
    assert not matches("5 seats", "6 seats")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that uses the tools of this one and has nothing left to set up.

    Its ``.venv`` and ``node_modules`` are folders of its own with links in them: whatever a command
    would install or remove there, this project's own tools stay as they are.
    """
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for folder in (".venv", "node_modules"):
        (copy / folder).mkdir()
        for entry in (ROOT / folder).iterdir():
            (copy / folder / entry.name).symlink_to(entry)
    for stamp in (".python", ".runtime", ".dev"):
        (copy / ".venv" / stamp).unlink(missing_ok=True)
        (copy / ".venv" / stamp).touch()
    return copy


def at_home(project: Path) -> dict[str, str]:
    """An environment without AWS, whose home keeps sign-ins apart and shares its caches."""
    home = project.parent / "home"
    home.mkdir()
    real = without_aws()
    cache = real.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return {**real, "HOME": str(home), "XDG_CACHE_HOME": cache}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.long] * (page.name in MINUTES), id=page.name)
        for page in PAGES
        if commands(page)
    ],
)
def test_the_commands_of_a_page_do_what_it_says(page: Path, project: Path) -> None:
    told = commands(page)
    at_once = f"export PATH={on_the_path()}:$PATH"
    script = ["export PATH=$PWD/.venv/bin:$PATH", at_once]
    for command in told:
        script += ["printf '\\036'", command.text, "printf '\\037%s' $?"]
        if command.text == ACTIVATED:
            script += [
                '[ "$(command -v workshop)" = "$VIRTUAL_ENV/bin/workshop" ] || exit',
                at_once,
            ]
    script += ["printf '\\036'", "workshop cloud stop --yes 2>/dev/null"]
    done = subprocess.run(
        ["/bin/bash", "-c", "\n".join(script)],
        cwd=project,
        env=at_home(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    answers = done.stdout.split("\x1e")[1:-1]
    assert len(answers) == len(told), done.stdout
    for command, answer in zip(told, answers, strict=True):
        printed, _, code = answer.partition("\x1f")
        assert code == "0", f"$ {command.text}\n{printed}"
        if command.expected:
            assert matches(command.expected, printed), f"$ {command.text}\n{printed}"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("docs/deploying.md", f"at most {describe.DESCRIPTIONS} in one scan"),
        ("docs/deploying.md", f"a session of up to {LONGEST // timedelta(hours=1)} hours"),
        (
            "docs/cli.md",
            f"One scan describes {describe.DESCRIPTIONS} processing",
        ),
        ("docs/glossary.md", f"two scans, {verification.INTERVAL:g} seconds apart"),
        ("docs/teardown.md", f"two scans, {verification.INTERVAL:g} seconds apart"),
    ],
)
def test_a_figure_of_a_page_is_that_of_the_code(page: str, sentence: str) -> None:
    assert sentence in " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_no_block_goes_unchecked() -> None:
    kinds = {kind for page in PAGES for kind, _ in _BLOCK.findall(page.read_text(encoding="utf-8"))}
    assert kinds <= {"console", "mermaid", "python", "sh", "text", "yaml"}
    # Pictures are generated, and held by test_generated_pages; those of the days and of accounts
    # are held here, and that of labs by test_labs_page.
    pictures = {page.name for page in PAGES if blocks(page, "mermaid")}
    assert pictures == {"README.md", "accounts.md", "architecture.md", "labs.md", DAYS.name}
    # The one program is run by test_sagemaker_sdk.
    programs = {page.name: len(list(blocks(page, "python"))) for page in PAGES}
    assert {page: count for page, count in programs.items() if count} == {
        "local-cloud-services.md": 1
    }


def test_the_picture_of_the_days_has_the_pages_parts_and_commands_that_these_run() -> None:
    [picture] = blocks(DAYS, "mermaid")
    text = DAYS.read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    drawn = re.split(r"^  section (.*)\n", picture, flags=re.MULTILINE)[1:]
    assert drawn[::2] == [*parts]
    for name, lines in zip(drawn[::2], drawn[1::2], strict=True):
        [block] = [body for kind, body in _BLOCK.findall(parts[name]) if kind == "console"]
        for command in (word for line in lines.splitlines() for word in line.split(" : ")[1:]):
            assert f"$ workshop {command} " in block


def test_the_picture_of_accounts_has_stack_sets_and_a_role_as_they_are_called() -> None:
    [picture] = blocks(ROOT / "docs" / "accounts.md", "mermaid")
    seat, cohort = Names("lab", ALONE, "", ""), Names("lab", COHORT, "", "")
    made = {cohort.stack_set(kind, "attendee") for kind in COHORT_STACKS}
    made |= {seat.stack_set(kind, "attendee") for kind in SEAT_STACKS}
    drawn = set(re.findall(r"\blab-[a-z-]+", picture))
    assert cohort.organiser_role in drawn
    assert drawn - {cohort.organiser_role} <= made


def test_an_account_holds_as_many_seats_as_the_page_says() -> None:
    text = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
    shared = {*COHORT_STACKS} - {ORGANISER}
    seats = (2_000 - len(shared)) // len(Profile().stacks)
    assert f"| {seats} for each Region with five stacks a seat" in text
    assert "what all seats share has four stacks more" in text
    assert (len(Profile().stacks), len(shared)) == (5, 4)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(
        re.findall(r"\bmake ([a-z-]+)\b", "".join(re.findall(r"`[^`]+`", page.read_text())))
    )
    for block in blocks(page, "sh"):
        lines = block.splitlines()
        assert all(line.startswith("make ") for line in lines), f"{page.name}: {block}"
        named |= {line.split()[1] for line in lines}
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()
    benches = set(re.findall(r"make bench ONLY=([a-z-]+)", page.read_text(encoding="utf-8")))
    assert benches <= ENTRIES.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, _, heading in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]*))?\)", text):
        found = page.parent / target if target else page
        assert found.exists(), target
        assert not heading or heading in headings(found), f"{target}#{heading}"


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_of_the_project_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    # What commands write is in config/, one folder must not exist, and one name is an object's.
    folders = "app|bench|constructs|docs|localcloud|stacks|tests|tools|workshop"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", text)) - {"tests/constructs/", INBOX}
    assert {path for path in named if not (ROOT / path).exists()} == set(), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    typed = [one.text for one in commands(page) if one.text.startswith("workshop ")]
    for named in [
        *re.findall(r"`workshop ([a-z][^`]*)`", text),
        *(one.removeprefix("workshop ") for one in typed),
    ]:
        command = COMMAND_LINE
        for word in named.split():
            command = getattr(command, "commands", {}).get(word, command)
        assert command is not COMMAND_LINE, f"workshop {named}"
        known = {option for one in command.params for option in one.opts} | {
            "-h",
            "--help",
            "--debug",
        }
        used = {option.partition("=")[0] for option in re.findall(r"(?<= )--?[a-z][\w=-]*", named)}
        assert used <= known, f"workshop {named}"


def test_every_extra_that_is_named_exists_and_the_package_has_a_program_of_its_name() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {
        extra
        for page in PAGES
        for extra in re.findall(r"workshop-provisioner\[([a-z,]+)\]", page.read_text())
    }
    assert {"all"} <= named <= settings["optional-dependencies"].keys()
    assert settings["name"] in settings["scripts"]  # uvx and pipx run it


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_that_is_said_to_be_in_a_file_is_there(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    for name, path in re.findall(r"`(\w+)` (?:in|of) `([\w./-]+\.\w+)`", text):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_blocks_are_yaml_and_shown_messages_are_tested(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(block), dict)
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    joined = re.sub(r'"\s+"', "", tests)
    for block in blocks(page, "text"):
        for line in block.splitlines():
            message = line.split(": ", 1)[-1]
            assert message in joined, f"no test holds: {message}"
