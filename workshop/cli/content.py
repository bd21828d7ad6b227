"""``workshop content``: the workshop's material on every machine, brought once more."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.aws import agent_reports as reports
from workshop.aws.machine_kinds import BOX, SeatMachine, machines_of
from workshop.aws.reads import Unavailable, known_and_not, side_by_side
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.counting import count_of
from workshop.requests import refreshing

app = typer.Typer(help="The workshop's material on every machine: bring it again, see who has it.")


@app.command()
def refresh(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDER...]", help="Of content; all without.")
    ] = None,
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Bring the content of the YAML to every machine, again where it is already.

    Private repositories are cloned here, with your own git, and their files are sent to the
    cohort's datasets, which every seat may read; machines clone public ones and read S3 by
    themselves. A file that an attendee has changed is never written over: the new version lies
    beside it. Machines that are stopped bring it when they start, and so do those made later.

    For example:

        workshop content refresh -e prod

        workshop content refresh -e prod solutions
    """
    work = opened(env, config_dir)
    wanted = refreshing.chosen(work.loaded, folders or [])
    refreshing.refresh(work.clients, work.loaded, work.account_regions, wanted, console.say)
    console.say(
        f"version {wanted.version} of {', '.join(wanted.places)} comes to every running machine"
        f" within minutes; see: {work.loaded.command('content show')}"
    )


@app.command()
def show(*, env: Env, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False) -> None:
    """Show which version of which folder each machine brought, as its agent reports.

    The exit code is 1 where a report could not be read.

    For example:

        workshop content show -e prod
    """
    work = opened(env, config_dir)
    machines = machines_of(work.seats)
    read = side_by_side(
        lambda machine: reports.read(
            work.clients, work.loaded, machine.seat, of_box=machine.kind is BOX
        ),
        machines,
        threads=16,
    )
    rows = [row for machine, report in read.items() for row in _rows(machine, report)]
    unread = known_and_not(read)[1]
    if as_json:
        console.print_json(rows)
    else:
        which = ["machine"] if len({machine.kind for machine in machines}) > 1 else []
        columns = ("seat", *which, "folder", "version", "beside")
        table = console.table(*columns, right=("beside",))
        for row in rows:
            table.add_row(*(str(row[key]) for key in columns))
        console.print_table(table)
        if lacking := sum(not row["folder"] for row in rows) - len(unread):
            console.say(f"{count_of(lacking, 'machine')} brought nothing by refresh so far")
    work.warn_of_lost((machine.seat, why) for machine, why in unread.items())
    if unread:
        raise typer.Exit(1)


def _rows(
    machine: SeatMachine, report: reports.AgentReport | Unavailable
) -> list[dict[str, object]]:
    about = {"seat": machine.seat.id, "machine": machine.kind.noun}
    if isinstance(report, Unavailable):
        return [{**about, "folder": "", "version": report.reason, "beside": ""}]
    return [
        {
            **about,
            "folder": folder,
            "version": brought.get("version", "not yet"),
            "beside": brought.get("beside", 0),
        }
        for folder, brought in report.brought.items()
    ] or [{**about, "folder": "", "version": "", "beside": ""}]
