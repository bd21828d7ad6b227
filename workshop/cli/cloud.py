"""``workshop cloud``: the embedded local cloud, on and off."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from localcloud import environment, process, record
from localcloud.transitions import TRANSITIONS, delays
from workshop import files, naming, tags
from workshop.cli import agreement, cloud_fault, cloud_quota, console
from workshop.cli.options import AsJson, StateDir
from workshop.counting import count_of
from workshop.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", help="Throw away what is in it without asking.")]

app = typer.Typer(
    help="The embedded local cloud: AWS's interfaces on this machine, without an account.",
    no_args_is_help=True,
)
app.add_typer(cloud_fault.app, name="fault")
app.add_typer(cloud_quota.app, name="quota")


def _document(running: record.Running, state_dir: Path) -> dict[str, object]:
    return {
        "running": True,
        **{name: value for name, value in asdict(running).items() if name != "secret"},
        "endpoint": running.endpoint,
        "log": str(state_dir / record.LOG),
    }


def _twelve_digits(account: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", account):
        raise UsageError(f"'{account}' is no account id; give 12 digits")
    return account


def _seconds(delay: str) -> tuple[str, float]:
    name, _, seconds = delay.partition("=")
    try:
        return name, delays({name: float(seconds)})[name]
    except ValueError:
        raise UsageError(f"'{delay}' is no delay; give one such as notebook=3") from None


def _region(region: str) -> str:
    if not re.fullmatch(naming.REGION_PATTERN, region):
        raise typer.BadParameter(f"'{region}' is no Region; give its code, such as eu-west-1")
    return region


@app.command()
def start(
    *,
    state_dir: StateDir = process.DEFAULT_STATE_DIR,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    account: Annotated[str, typer.Option(callback=_twelve_digits, help="12 digits.")] = (
        process.DEFAULT_ACCOUNT
    ),
    region: Annotated[
        str, typer.Option(callback=_region, help="Region of clients that name none.")
    ] = (process.DEFAULT_REGION),
    persist: Annotated[bool, typer.Option("--persist", help="Keep everything when stopped.")] = (
        False
    ),
    enforce_iam: Annotated[
        bool, typer.Option("--enforce-iam", help="Let IAM policies decide what a role may do.")
    ] = False,
    delay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SECONDS",
            help=f"How long a transition takes; repeatable. Names: {', '.join(TRANSITIONS)}.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local cloud, unless it runs already."""
    files.make_folder(state_dir)
    started = process.start(
        state_dir,
        port=port,
        account=account,
        region=region,
        persist=persist,
        enforce_iam=enforce_iam,
        delays=dict(_seconds(text) for text in delay or []),
    )
    running = started.running
    if as_json:
        console.print_json({**_document(running, state_dir), "already": started.already})
        return
    how = "already runs" if started.already else f"started in {started.seconds:.1f} s"
    where = f"account {running.account}, {running.region}"
    console.say(f"local cloud {how}: {running.endpoint} ({where})")
    asked = (port or running.port, account, region, persist, enforce_iam)
    own = (running.port, running.account, running.region, running.persist, running.enforce_iam)
    if asked != own:
        command = process.command("stop", state_dir)
        console.say(f"it keeps its own settings; to apply yours, run: {command}")
    console.say(f'point a shell at it with: eval "$({process.command("env", state_dir)})"')


@app.command()
def stop(*, state_dir: StateDir = process.DEFAULT_STATE_DIR, yes: Yes = False) -> None:
    """Stop the local cloud; it is no error if none runs.

    Asks before it throws stacks away; a cloud that was started with --persist keeps them.
    """
    running = process.status(state_dir)
    if running is not None and not running.persist:
        _ask(_lost(process.stacks(running)), state_dir, yes=yes)
    stopped = process.stop(state_dir)
    console.say("no local cloud was running" if stopped is None else "local cloud stopped")


def _lost(stacks: Sequence[Mapping[str, Any]]) -> str:
    """Return what goes with the cloud, such as ``14 seats with 71 stacks``; empty for no stacks."""
    if not stacks:
        return ""
    seats = {
        (stack["account"], stack["tags"].get(tags.WORKSHOP), seat)
        for stack in stacks
        if (seat := stack["tags"].get(tags.ATTENDEE)) not in (None, naming.COHORT)
    }
    count = count_of(len(stacks), "stack")
    return f"{count_of(len(seats), 'seat')} with {count}" if seats else count


def _ask(lost: str, state_dir: Path, *, yes: bool) -> None:
    """Raise GuardError unless somebody agrees that ``lost`` is thrown away; empty needs nobody."""
    if not lost:
        return
    if yes:
        console.say(f"{lost}, and everything else in the local cloud, are thrown away")
        return
    again = f"{process.command('stop', state_dir)} --yes"
    agreement.require_yes(
        f"This throws {lost} and everything else in it away. Type yes to go on",
        nobody=f"this would throw {lost} away; agree with: {again}",
        refused="nothing was done; the local cloud goes on",
    )


@app.command()
def status(*, state_dir: StateDir = process.DEFAULT_STATE_DIR, as_json: AsJson = False) -> None:
    """Say whether the local cloud runs, and where."""
    running = process.status(state_dir)
    if as_json:
        document = {"running": False} if running is None else _document(running, state_dir)
        console.print_json(document)
    elif running is None:
        console.print_line("not running")
    else:
        console.print_line(
            f"running at {running.endpoint}, account {running.account}, {running.region}, "
            f"process {running.pid}" + (", IAM enforced" if running.enforce_iam else "")
        )


@app.command()
def reset(state_dir: StateDir = process.DEFAULT_STATE_DIR) -> None:
    """Empty the running local cloud."""
    process.reset(process.require(state_dir))
    console.say("local cloud is empty again")


@app.command()
def env(
    *,
    state_dir: StateDir = process.DEFAULT_STATE_DIR,
    account: Annotated[
        str | None, typer.Option(help="Work in this account instead of the cloud's own.")
    ] = None,
    sso: Annotated[
        bool,
        typer.Option("--sso", help="Sign in as with aws sso login: a profile instead of keys."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a shell has to export so that aws, cdk and boto3 use the local cloud."""
    running = process.require(state_dir)
    if account is not None:
        _twelve_digits(account)
    if sso:
        process.sign_in(running, state_dir, account)
    given = environment.signed_in if sso else environment.variables
    chosen = given(running, state_dir, account)
    if as_json:
        console.print_json({"set": chosen, "unset": environment.unset(os.environ)})
    else:
        console.print_text(f"{environment.shell_lines(os.environ, chosen)}\n")
