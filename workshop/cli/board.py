"""``workshop board``: the organisers' page on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from workshop.aws import account_guard
from workshop.aws.clients import Clients
from workshop.bill import so_far
from workshop.board.action_runs import ActionRuns
from workshop.board.app import Board
from workshop.board.guard import PageKeys
from workshop.board.live import EVERY, LiveBoard
from workshop.board.reading import BoardSource
from workshop.cli import console, serving
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env, Port
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.counting import count_of
from workshop.environments import loader
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache


def board(
    *,
    env: Env,
    port: Port = 0,
    readonly: Annotated[
        bool,
        typer.Option(
            "--readonly", help="For a projector: seat ids and states, no names, no buttons."
        ),
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=2, metavar="SECONDS", help="Between two scans.")
    ] = EVERY,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Show a page with a tile for each seat, and buttons that do what the commands do.

    It is served to this machine alone, at an address that nobody can guess: whoever has it can do
    all that you can. Each button says what it does and asks first. The state is read as by status,
    once for all browsers, and not while nobody looks. Ctrl-C ends it.

    For example:

        workshop board -e prod

        workshop board -e prod --readonly --port 8900
    """
    work = opened(env, config_dir)
    made = made_for(work, lambda: loader.load(env, config_dir), every=every, readonly=readonly)
    try:
        serving.serve(made.app(), made.keys, port, "the board")
    finally:
        if made.runs.under_way:
            console.say(f"waiting for {count_of(made.runs.under_way, 'action')} under way")
        made.runs.close()


def made_for(
    work: CommandContext, load: Callable[[], LoadedEnvironment], *, every: float, readonly: bool
) -> Board:
    """Return the board of an environment, whose state is read as by ``workshop status``."""
    cache = DescribeCache()

    def take(clients: Clients, loaded: LoadedEnvironment) -> StatusScan:
        seen = scan(loaded, loaded.seats, clients, cache)
        so_far.note(loaded, seen, console.say)
        return seen

    def connect() -> Clients:
        loaded = load()
        clients = Clients.of(loaded)
        account_guard.check_accounts(
            clients, loaded, [loaded.home, *account_regions_of(loaded.seats)]
        )
        return clients

    source = BoardSource(work.clients, load, take, connect)
    live = LiveBoard(source, every=every)
    return Board(source, live, ActionRuns(source, live.changed), PageKeys(), readonly=readonly)
