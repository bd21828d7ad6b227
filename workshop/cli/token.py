"""``workshop token``: tokens of other services for attendees, such as Hugging Face's."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from workshop.aws.reads import read_each, side_by_side
from workshop.cli import console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Only
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.errors import SignInError, UsageError, WorkshopError
from workshop.requests import tokens
from workshop.requests.tokens import SeatTokens

app = typer.Typer(help="Tokens of other services, such as HF_TOKEN, on the machines of seats.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The variable, such as HF_TOKEN.")]
THREADS = 16


@app.command("set")
def set_token(
    name: Name,
    *,
    env: Env,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="CSV", help="One token for each seat, in columns id and token."
        ),
    ] = None,
    only: Only = None,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Give seats a token, or another one in place of the one they have.

    The YAML names the variable below notebook.tokens of a profile. The value of a shared one is
    that of the variable of the same name here; one per seat comes from a file. Kernels, new
    terminals and new machines have it within a minute. It is never in a file that is saved.
    Whoever is given a token can copy it: give tokens that may do little, and revoke them after the
    workshop where they come from.

    For example:

        HF_TOKEN=$(cat token.txt) workshop token set HF_TOKEN -e prod

        workshop token set HF_TOKEN -e prod --file tokens.csv
    """
    work = opened(env, config_dir, only=only)
    values = _values(name, tokens.kinds(work.loaded, name, work.seats), file)
    if shared := len(values) - len({*values.values()}):
        console.warn(f"{count_of(shared + 1, 'seat')} share a token: whoever has it can copy it")
    _change(work, values, lambda seat: lambda known: {**known, name: values[seat]}, f"{name} now")


@app.command()
def remove(name: Name, *, env: Env, only: Only = None, config_dir: ConfigDir = CONFIG_DIR) -> None:
    """Take a token away from seats; kernels that run lose it as well, with the next cell.

    What was copied meanwhile is not taken back: revoke it where it comes from.

    For example:

        workshop token remove HF_TOKEN -e prod
    """
    work = opened(env, config_dir, only=only)

    def without(known: tokens.Tokens) -> tokens.Tokens:
        return {key: value for key, value in known.items() if key != name}

    _change(work, work.seats, lambda _: without, f"no {name} any more")


@app.command()
def show(
    *, env: Env, only: Only = None, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False
) -> None:
    """Show which seats have which tokens; no value is shown.

    For example:

        workshop token show -e prod
    """
    work = opened(env, config_dir, only=only)
    read, unread = read_each(
        lambda seat: SeatTokens(work.clients, work.loaded, seat).names(),
        work.seats,
        threads=THREADS,
    )
    if unread and not read:
        raise WorkshopError(next(iter(unread.values())))
    rows = []
    for seat, names in read.items():
        wanted = work.loaded.settings.profiles[seat.profile].notebook.tokens
        lacking = sorted({*wanted} - {*names})
        rows.append({"seat": seat.id, "tokens": names, "missing": lacking})
    if as_json:
        console.print_json(rows)
    else:
        table = console.table("seat", "tokens", "missing")
        for row in rows:
            table.add_row(str(row["seat"]), ", ".join(row["tokens"]), ", ".join(row["missing"]))
        console.print_table(table)
    for why in unread.values():
        console.warn(why)
    work.warn_of_lost(unread.items())
    if unread:
        raise typer.Exit(1)


def _values(name: str, kinds: Mapping[Seat, str], file: Path | None) -> dict[Seat, str]:
    """Return each seat's token; raise UsageError where one is not given."""
    given = tokens.of_file(file) if file else {}
    if unknown := sorted({*given} - {seat.id for seat in kinds}):
        raise UsageError(f"{', '.join(unknown)}: no seat of this id has a token {name}; mend that")
    alone = [seat for seat, kind in kinds.items() if kind == "per_seat"]
    lacking = [seat.id for seat in alone if seat.id not in given]
    if alone and not file:
        raise UsageError(f"{name} is one for each seat; give them with: --file CSV")
    if lacking:
        raise UsageError(f"{file} has no token for {', '.join(lacking)}; add a line for each")
    if len(alone) == len(kinds):
        return {seat: given[seat.id] for seat in kinds}
    if not (value := os.environ.get(name)):
        raise UsageError(
            f"{name} is shared, and this terminal has no such variable; set it without writing its"
            f" value into the history: read -rs {name} && export {name}"
        )
    shared = tokens.checked(value, f"the variable {name}")
    return {seat: given.get(seat.id, shared) for seat in kinds}


def _change(
    work: CommandContext,
    seats: Collection[Seat],
    edit: Callable[[Seat], Callable[[tokens.Tokens], tokens.Tokens]],
    done: str,
) -> None:
    """Change the tokens of seats side by side; exit with 1 where one was not changed."""

    def change(seat: Seat) -> str:
        try:
            SeatTokens(work.clients, work.loaded, seat).change(edit(seat))
        except SignInError:
            raise
        except WorkshopError as error:
            return str(error)
        return ""

    done_with = side_by_side(change, [*seats], threads=THREADS)
    failed = {seat: why for seat, why in done_with.items() if why}
    for why in failed.values():
        console.say(f"workshop: {why}")
    work.warn_of_lost(failed.items())
    changed = len(seats) - len(failed)
    console.say(f"{count_of(changed, 'seat')} {'has' if changed == 1 else 'have'} {done}")
    if failed:
        raise typer.Exit(1)
