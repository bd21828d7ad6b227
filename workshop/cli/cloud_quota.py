"""``workshop cloud quota``: what the local cloud's accounts may use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from localcloud import process
from workshop.cli import console
from workshop.cli.options import AsJson, StateDir
from workshop.errors import UsageError

app = typer.Typer(
    help="The quotas of the local cloud: what an account may use, and how to change it.",
    no_args_is_help=True,
)

Account = Annotated[
    str | None, typer.Option(help="The account, instead of the cloud's own.", show_default=False)
]
Region = Annotated[
    str | None, typer.Option(help="The Region, instead of the cloud's own.", show_default=False)
]


@app.command("list")
def list_quotas(
    *,
    service: Annotated[
        str | None, typer.Option(help="Only this service, such as sagemaker.", show_default=False)
    ] = None,
    contains: Annotated[
        str, typer.Option(help="Only quotas with this text in their names.", show_default=False)
    ] = "",
    account: Account = None,
    region: Region = None,
    state_dir: StateDir = process.DEFAULT_STATE_DIR,
    as_json: AsJson = False,
) -> None:
    """List quotas: what is allowed now, and what AWS allows by default."""
    rows = _change(state_dir, account, region, show="all")["quotas"]
    known = sorted({row["service"] for row in rows})
    if service is not None and service not in known:
        raise UsageError(f"no quotas of a service '{service}'; known are: {', '.join(known)}")
    found = [
        row
        for row in rows
        if service in {None, row["service"]} and contains.lower() in row["name"].lower()
    ]
    if as_json:
        console.print_json(found)
        return
    table = console.table(
        "service", "quota", "value", "default", "code", right=("value", "default")
    )
    for row in sorted(found, key=lambda row: (row["service"], row["name"])):
        value, default = f"{row['value']:.12g}", f"{row['default']:.12g}"
        table.add_row(row["service"], row["name"], value, default, row["code"])
    console.print_table(table)


@app.command("set")
def set_quota(
    quota: Annotated[str, typer.Argument(help="Name or code of a quota.", show_default=False)],
    value: Annotated[float, typer.Argument(help="What is allowed from now on.")],
    *,
    service: Annotated[str, typer.Option(help="The service that has it.")] = "sagemaker",
    account: Account = None,
    region: Region = None,
    state_dir: StateDir = process.DEFAULT_STATE_DIR,
) -> None:
    """Change one quota until the local cloud is reset; grants an increase that was asked for."""
    answer = _change(state_dir, account, region, **{service: {quota: value}})
    for row in answer["quotas"]:
        if row["service"] == service and quota in {row["name"], row["code"]}:
            where = f"{answer['account']}, {answer['region']}"
            console.say(f"{service}: {row['name']} is now {row['value']:.12g} ({where})")


def _change(
    state_dir: Path, account: str | None, region: str | None, **change: Any
) -> dict[str, Any]:
    running = process.require(state_dir)
    return process.set_quotas(
        running, account=account or running.account, region=region or running.region, **change
    )
