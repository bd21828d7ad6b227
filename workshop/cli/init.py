"""``workshop init``: the files to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from workshop import events
from workshop.cli import console, new_file
from workshop.cli.options import CONFIG_DIR
from workshop.config import command_line, json_schema, rules, scaffold
from workshop.errors import UsageError
from workshop.files import shown

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="2 to 12 lower-case letters and digits, a letter first.",
        show_default=False,
    ),
]
Directory = Annotated[
    Path, typer.Option("--config-dir", metavar="DIR", help="Where to write them.")
]
Account = Annotated[
    str | None,
    typer.Option(
        "--account", metavar="ID", help="The AWS account's 12 digits.", show_default=False
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="CODE",
        help="The AWS Region.",
        show_default=f"{scaffold.REGION}, or that of the example",
    ),
]
Like = Annotated[
    str | None,
    typer.Option(
        "--like",
        metavar="EXAMPLE",
        help=f"As a published workshop needs it: {', '.join(scaffold.examples())}.",
        autocompletion=scaffold.examples,
    ),
]


def init(
    name: Name,
    directory: Directory = CONFIG_DIR,
    account: Account = None,
    region: Region = None,
    like: Like = None,
) -> None:
    """Write a commented environment and a roster to start from, and what cdk runs.

    Nothing that is there already is touched. An example has seats in place of a roster.

    For example:

        workshop init vision

        workshop init vision --account 111122223333 --region us-east-1

        workshop init scans --like imaging
    """
    for text, rule in ((name, rules.WORKSHOP), (account, rules.ACCOUNT), (region, rules.REGION)):
        if text is not None and not rule.holds(text):
            raise UsageError(f"{text!r} {rule.message}")
    environment = directory / f"{name}.yaml"
    roster = directory / "rosters" / f"{name}.csv"
    today = events.now()
    if like is None:
        text = scaffold.environment_text(
            name, account=account, region=region or scaffold.REGION, today=today
        )
        files = {environment: text, roster: scaffold.roster_text()}
    else:
        text = scaffold.example_text(like, name, account=account, region=region, today=today)
        files = {environment: text}
    for path in files:
        if path.exists():
            raise UsageError(f"{shown(path)} is there already; choose another name or remove it")
    _write(files)
    editors = directory / json_schema.FILE
    if not editors.exists():
        _write({editors: json_schema.text()})
    app = Path("cdk.json")
    if not app.exists():
        _write({app: scaffold.cdk_json(_python(), directory)})
    _next_steps(environment, roster if roster in files else None, directory, account)


def _python() -> Path:
    """Return the Python that runs this; inside this folder, by its place in it."""
    python = Path(sys.executable)
    return python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        new_file.write(path, text)
        console.say(f"wrote {shown(path)}")


def _next_steps(
    environment: Path, roster: Path | None, directory: Path, account: str | None
) -> None:
    name, written = environment.stem, shown(environment)
    ids = command_line.command("roster", name, directory, "--write")
    check = command_line.command("check", name, directory)
    steps = [] if account else [f"write your account's 12 digits into {written}"]
    if roster is None:
        steps += [f"set start and end in {written}, and who comes", f"check it:  {check}"]
    else:
        steps += [
            f"set start and end in {written}, and list the people in {shown(roster)}",
            f"give them ids:  {ids}",
            f"check it:       {check}",
        ]
    console.say_next(steps)
