"""What ``workshop demo --stay`` adds: a door, the board, and time to click through a class."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workshop.aws.clients import Clients
from workshop.board import server
from workshop.board.guard import address
from workshop.board.live import EVERY
from workshop.cli import console
from workshop.cli.board import made_for
from workshop.cli.context import CommandContext
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.demo import own_copy
from workshop.handout import doors

DOOR = "\ndoor: {languages: [en, de]}\n"
SEATS, HELPERS = 5, 1
"""Of as many a code is shown."""


def with_door(loaded: LoadedEnvironment, folder: Path) -> LoadedEnvironment:
    """Return an environment that has a door: itself, or a copy in ``folder`` with a door added.

    Raise UsageError where it cannot be copied.
    """
    if loaded.settings.door is not None:
        return loaded
    return own_copy.copy(loaded, folder, more=DOOR)


def wait_for_interrupt() -> None:
    """Wait until Ctrl-C."""
    threading.Event().wait()


def stay(
    loaded: LoadedEnvironment,
    clients: Clients,
    shell: str,
    wait: Callable[[], None] = wait_for_interrupt,
) -> None:
    """Say where door and board are and which codes open the door, and wait until Ctrl-C.

    ``shell`` is the command that points another terminal at the local cloud.
    """
    account_regions = account_regions_of(loaded.seats)
    table = console.table("for", "code", "address")
    for account_region, door in doors.doors(clients, loaded, account_regions)[0].items():
        seats = [seat for seat in loaded.seats if seat.account_region == account_region]
        for code in (*door.seats_codes(seats[:SEATS]).values(), *door.shared_codes(HELPERS)):
            table.add_row(code.subject.removeprefix("seat:"), code.code, door.address)
    console.say("   open the address in a browser of this machine, and type a code:")
    console.print_text(console.table_text(table))
    console.say(f'   for commands in another terminal: eval "$({shell})"')
    console.say(f"   such as: {loaded.command('status')}")
    work = CommandContext(loaded, loaded.seats, clients, ())
    board = made_for(work, lambda: loaded, every=EVERY, readonly=False)
    listening = server.bound(0)
    try:
        with server.served(board.app(), listening), suppress(KeyboardInterrupt):
            console.say("   the organisers' board:")
            console.print_line(address(server.port_of(listening), board.keys))
            console.say("   Ctrl-C goes on with the teardown")
            wait()
    finally:
        board.runs.close()
