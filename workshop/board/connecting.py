"""How an organiser gets into a seat's EC2 instance, as the board shows it: lines, and no secret."""

from __future__ import annotations

from dataclasses import dataclass

from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.connect import boxes, identity, ways
from workshop.connect.boxes import SeatBox
from workshop.connect.lines import SYSTEMS, System
from workshop.connect.ways import INSTALLING, OVER_SSH, SERVERS, ConnectStep, Ide
from workshop.errors import UsageError

_PARTS = {
    "In the browser": tuple(SERVERS),
    "With an IDE of your own, or in a terminal": (*OVER_SSH, Ide.SHELL),
}


@dataclass(frozen=True)
class BoardConnection:
    """An instance with the steps that lead into it from a machine of some system.

    ``parts`` are those steps by heading. ``run`` is the command that does it at once, and
    ``sign_in`` the one for a browser alone.
    """

    box: SeatBox
    system: System
    needs: dict[str, str]
    parts: dict[str, tuple[ConnectStep, ...]]
    run: str
    sign_in: str
    problem: str


def of_seat(
    clients: Clients, loaded: LoadedEnvironment, seat: Seat, system: str
) -> BoardConnection:
    """Return the ways into a seat's instance; raise WorkshopError where it has none."""
    known = {system_name: system_name for system_name in SYSTEMS}
    if system not in known:
        raise UsageError(f"there are no lines for {system!r}; choose one of: {', '.join(SYSTEMS)}")
    chosen = known[system]
    box = boxes.of_seat(clients, loaded, seat)
    address = identity.address(loaded, seat, box.id)
    parts = {"Who you are": identity.steps(loaded, seat)}
    for heading, ides in _PARTS.items():
        steps = [step for ide in ides for step in ways.way(ide, address, chosen).steps]
        # What several ways have in common is said once.
        parts[heading] = tuple(dict.fromkeys(steps))
    if loaded.settings.profiles[seat.profile].has_notebook:
        parts["With a browser alone"] = (ways.through_notebook(),)
    connect, credentials = f"connect {seat.id}", f"credentials {seat.id}"
    return BoardConnection(
        box=box,
        system=chosen,
        needs=INSTALLING,
        parts={heading: steps for heading, steps in parts.items() if steps},
        run=loaded.command(connect, "--ide", Ide.JUPYTER, "--run"),
        sign_in=loaded.command(credentials, "--sign-in") if address.profile else "",
        problem=f"{box.problem}{boxes.cure(loaded, seat.id, box.state)}" if box.problem else "",
    )
