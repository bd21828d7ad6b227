"""The command line: wires, prints, exits. What it calls lives in the other rooms."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from workshop.cli import access, cloud
from workshop.cli.check import check
from workshop.cli.demo import demo
from workshop.cli.deploy import deploy
from workshop.cli.handout import handout
from workshop.cli.init import init
from workshop.cli.leftovers import leftovers
from workshop.cli.plan import plan
from workshop.cli.power import start, stop
from workshop.cli.preflight import preflight
from workshop.cli.roster import roster
from workshop.cli.status import status
from workshop.cli.sweep import sweep
from workshop.cli.teardown import teardown
from workshop.errors import WorkshopError

app = typer.Typer(
    name="workshop",
    help="Workbenches for every attendee of a machine-learning workshop, from one YAML file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init)
app.command("check")(check)
app.command("roster")(roster)
app.command("plan")(plan)
app.command("preflight")(preflight)
app.command("deploy")(deploy)
app.command("status")(status)
app.command("stop")(stop)
app.command("start")(start)
app.command("handout")(handout)
app.command("teardown")(teardown)
app.command("sweep")(sweep)
app.command("leftovers")(leftovers)
app.command("demo")(demo)
app.add_typer(access.app, name="access")
app.add_typer(cloud.app, name="cloud")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        print(f"workshop {version('workshop-provisioner')}")
        raise typer.Exit


@app.callback()
def root(
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


def main() -> None:
    """Run the command line; the one place where a WorkshopError becomes text and an exit code."""
    # Accepted anywhere: whoever wants a traceback has typed the whole command already.
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(arguments)
    except WorkshopError as error:
        if "--debug" in sys.argv[1:]:
            raise
        print(error.told(), file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        if "--debug" in sys.argv[1:]:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"workshop: {where}{error.strerror or error}", file=sys.stderr)
        raise SystemExit(1) from None
