"""The command line: wires, prints, exits. What it calls lives in the other rooms."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from localcloud.errors import LocalCloudError
from workshop import extras
from workshop.cli import completion, console, signed_out, wrong_usage
from workshop.cli.head_start import head_start
from workshop.errors import SignInError, UsageError, WorkshopError

COMMANDS = {
    "init": "init",
    "fit": "fit",
    "check": "check",
    "roster": "roster",
    "accounts": "accounts",
    "plan": "plan",
    "preflight": "preflight",
    "deploy": "deploy",
    "status": "status",
    "bill": "bill",
    "stop": "start_stop",
    "start": "start_stop",
    "extend": "extend",
    "freeze": "freeze",
    "reopen": "extend",
    "end": "end",
    "save": "save",
    "tell": "tell",
    "share": "share",
    "ready": "ready",
    "rehearse": "rehearse",
    "swap": "swap",
    "handout": "handout",
    "connect": "connect",
    "credentials": "credentials",
    "board": "board",
    "teardown": "teardown",
    "sweep": "sweep",
    "leftovers": "leftovers",
    "demo": "demo",
}
"""Command -> the module of this package with a function of the command's name."""

GROUPS = ("access", "cloud", "content", "data", "door", "image", "token")
"""Modules of this package whose ``app`` has commands of its own."""

OF_ENVIRONMENT = {*COMMANDS, *GROUPS} - {"init", "demo", "leftovers", "cloud"}
"""Commands that work with one environment, named with ``-e``."""


GARBAGE = 100_000
"""New objects after which Python looks for garbage; it would after 700."""


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        console.print_line(f"workshop {version('workshop-provisioner')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - done by its callback
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options that stand before any command."""
    context.obj = {"debug": debug}


def application(*wanted: str) -> typer.Typer:
    """Return the command line with these commands, or with all of them.

    To import all commands takes longer than many of them run. A command whose extra is not
    installed says so.
    """
    app = _empty()
    for name, module in {**COMMANDS, **dict.fromkeys(GROUPS, "")}.items():
        if wanted and name not in wanted:
            continue
        if error := extras.missing(name):
            _stand_in(app, name, error)
        elif module:
            app.command(name)(getattr(import_module(f"{__name__}.{module}"), name))
        else:
            app.add_typer(import_module(f"{__name__}.{name}").app, name=name)
    return app


def _empty() -> typer.Typer:
    app = typer.Typer(
        name="workshop",
        help="Workbenches for every attendee of a machine-learning workshop, from one YAML file.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def _stand_in(app: typer.Typer, name: str, error: WorkshopError | None = None) -> None:
    """Add a command that takes any arguments and ends with ``error``."""
    anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

    shown = "Not installed; run it to see how to install it." if error else None

    @app.command(name, help=shown, context_settings=anything)
    def _() -> None:
        if error:
            raise error


def _chosen(arguments: list[str]) -> typer.Typer:
    """Return the command line with as many commands as the arguments, or a shell's TAB, need."""
    typed = completion.typed()
    first = next(iter(arguments if typed is None else typed), "")
    if first in (*COMMANDS, *GROUPS):
        return application(first)
    if typed is None:
        wrong_usage.refuse_other_word(first)
        return application()
    app = _empty()
    for name in (*COMMANDS, *GROUPS):
        _stand_in(app, name)
    return app


def main() -> None:
    """Run the command line; the one place where a WorkshopError becomes text and an exit code."""
    console.never_fail()
    # What commands import stays: looking through it for garbage is a tenth of a short one's time.
    gc.set_threshold(GARBAGE)
    # Accepted anywhere: whoever wants a traceback has typed the whole command already.
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        with head_start(arguments):
            _chosen(arguments)(arguments, prog_name=Path(sys.argv[0]).name)
    except (WorkshopError, LocalCloudError, OSError) as error:
        if "--debug" in sys.argv[1:]:
            raise
        lines, code = _ending(error, arguments)
        for line in lines:
            console.say(line)
        raise SystemExit(code) from None
    except SystemExit as end:
        if end.code == UsageError.exit_code and arguments[:1] and arguments[0] in OF_ENVIRONMENT:
            _hint_at_environment(arguments)
        raise


def _hint_at_environment(arguments: list[str]) -> None:
    """Say which environments there are, where a command line that typer refused names none.

    Where it names one, say how seats are named.
    """
    from workshop.cli import which_environment  # noqa: PLC0415 - rarely needed, and slow to load

    if hint := which_environment.hint(arguments) or wrong_usage.seats_hint(arguments):
        console.say(f"workshop: {hint}")


def _ending(error: Exception, arguments: list[str]) -> tuple[list[str], int]:
    """Return what is said of an error that ends a command, and the exit code."""
    match error:
        case SignInError():
            command = next(iter(arguments), "")
            return [signed_out.sentence(error, arguments)], signed_out.exit_code(command)
        case WorkshopError():
            return error.lines(), error.exit_code
        case LocalCloudError():
            return [f"workshop: {error.sentence}", *error.details], 1
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return [f"workshop: {where}{error.strerror or error}"], 1
    raise error
