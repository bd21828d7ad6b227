"""``workshop content``: the workshop's material in every notebook, brought once more."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.aws import agent_reports as reports
from workshop.aws.reads import Unavailable, side_by_side
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.requests import refreshing

app = typer.Typer(help="The workshop's material in every notebook: bring it again, see who has it.")


@app.command()
def refresh(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDER...]", help="Of content; all without.")
    ] = None,
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Bring the content of the YAML to every notebook, again where it is already.

    Private repositories are cloned here, with your own git, and their files are sent to the
    cohort's datasets, which every seat may read; notebooks clone public ones and read S3 by
    themselves. A file that an attendee has changed is never written over: the new version lies
    beside it. Notebooks that are stopped bring it when they start, and so do those made later.

    For example:

        workshop content refresh -e prod

        workshop content refresh -e prod solutions
    """
    work = opened(env, config_dir)
    wanted = refreshing.chosen(work.loaded, folders or [])
    refreshing.refresh(work.clients, work.loaded, work.account_regions, wanted, console.say)
    console.say(
        f"version {wanted.version} of {', '.join(wanted.places)} comes to every running notebook"
        f" within minutes; see: {work.loaded.command('content show')}"
    )


@app.command()
def show(*, env: Env, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False) -> None:
    """Show which version of which folder each notebook brought, as its agent reports.

    For example:

        workshop content show -e prod
    """
    work = opened(env, config_dir)
    read = side_by_side(
        lambda seat: reports.read(work.clients, work.loaded, seat), work.seats, threads=16
    )
    rows = [row for seat, report in read.items() for row in _rows(seat, report)]
    if as_json:
        console.print_json(rows, indent=2)
        return
    table = console.table("seat", "folder", "version", "beside", right=("beside",))
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("seat", "folder", "version", "beside")))
    console.print_table(table)
    lacking = sum(not row["folder"] for row in rows)
    if lacking:
        console.say(f"{count_of(lacking, 'seat')} brought nothing by refresh so far")


def _rows(seat: Seat, report: reports.AgentReport | Unavailable) -> list[dict[str, object]]:
    if isinstance(report, Unavailable):
        return [{"seat": seat.id, "folder": "", "version": report.reason, "beside": ""}]
    return [
        {
            "seat": seat.id,
            "folder": folder,
            "version": about.get("version", "not yet"),
            "beside": about.get("beside", 0),
        }
        for folder, about in report.brought.items()
    ] or [{"seat": seat.id, "folder": "", "version": "", "beside": ""}]
