"""``workshop connect``: the ways into a seat's EC2 instance, with what people work with."""

from __future__ import annotations

import platform
from enum import StrEnum
from typing import Annotated, Any

import typer

from workshop.aws import regions
from workshop.cli import box_session, console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, SeatId
from workshop.config.roster import Seat
from workshop.connect import boxes, federation, identity, ways
from workshop.connect.boxes import SeatBox
from workshop.connect.lines import System
from workshop.connect.ways import INSTALLING, ConnectStep, ConnectWay, Ide
from workshop.errors import UsageError, WorkshopError
from workshop.naming import BOX_USER


class OperatingSystem(StrEnum):
    """Of the machine from which people connect."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


AnyIde = Annotated[
    Ide | None,
    typer.Option(
        "--ide",
        help="jupyter: JupyterLab in the browser; code: VS Code in the browser; vscode: VS Code of"
        " this machine; jetbrains: JetBrains Gateway; ssh: a terminal; shell: one without SSH.",
        show_default="all of them",
    ),
]
OfSystem = Annotated[
    OperatingSystem | None,
    typer.Option("--os", help="Of the machine from which to connect.", show_default="this one's"),
]


def connect(
    *,
    seat: SeatId,
    env: Env,
    ide: AnyIde = None,
    system: OfSystem = None,
    run: Annotated[
        bool, typer.Option("--run", help="Do it here, for jupyter, code, ssh and shell.")
    ] = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Print how to get into a seat's EC2 instance, or get in.

    No port of it is open: each way is a session of AWS Systems Manager, by the AWS CLI and its
    Session Manager plug-in. Nothing else has to be installed for an IDE in the browser. The lines
    hold no secret; who may use them has the seat's credentials, see: workshop credentials. Exits
    with 1 while nobody can get in, such as into an instance that is stopped.

    With --run the session is the seat's if you may take on its console role as one of
    access.console_organisers, and otherwise yours. For SSH, a key pair is made that lasts as long
    as the command.

    For example:

        workshop connect ada -e gpu

        workshop connect ada -e gpu --ide vscode --os windows

        workshop connect ada -e gpu --ide jupyter --run
    """
    if run and (ide is None or ide not in box_session.RUNNABLE):
        names = ", ".join(sorted(box_session.RUNNABLE))
        raise UsageError(
            f"'--run' is for one of {names}; add it as --ide, or leave out --run and open the IDE"
            " after its lines are in ~/.ssh/config"
        )
    if run and (as_json or system):
        raise UsageError("'--run' connects from this machine; leave out --json and --os")
    work = opened(env, config_dir, only=seat, with_strays=False)
    (chosen,) = work.seats
    box = boxes.of_seat(work.clients, work.loaded, chosen)
    problem = _problem(work, chosen, box)
    if run and ide:
        if problem:
            raise WorkshopError(problem)
        raise typer.Exit(box_session.run(work, chosen, box, ide))
    address = identity.address(work.loaded, chosen, box.id)
    of_system = this_system(system)
    found = [ways.way(chosen_ide, address, of_system) for chosen_ide in ([ide] if ide else Ide)]
    if as_json:
        console.print_json(_document(work, chosen, box, found, system=of_system, problem=problem))
    else:
        _print(work, chosen, box, found)
    if not address.profile:
        console.warn(
            f"seats of the profile {chosen.profile!r} have no role for people, so these lines are"
            " for whoever may use Systems Manager in the account; for attendees, name somebody in"
            " its access.console_organisers or access.console_principals"
        )
    if problem:
        raise WorkshopError(problem)


def _problem(work: CommandContext, seat: Seat, box: SeatBox) -> str:
    """Return why nobody gets in now, with its cure; empty where nothing is known against it."""
    if box.problem:
        return f"{seat.id}: {box.problem}{boxes.cure(work.loaded, seat.id, box.state)}"
    if boxes.is_online(work.clients, seat, box) is False:
        return (
            f"{seat.id}: Systems Manager does not reach the EC2 instance, which takes some minutes"
            " after a start; if it lasts, see what its network lets out, and its role"
        )
    return ""


def this_system(chosen: OperatingSystem | None) -> System:
    """Return the system that was chosen, or that of this machine."""
    if chosen is not None:
        return chosen.value
    names: dict[str, System] = {"Darwin": "macos", "Windows": "windows"}
    return names.get(platform.system(), "linux")


def _print(work: CommandContext, seat: Seat, box: SeatBox, found: list[ConnectWay]) -> None:
    where = ", ".join(filter(None, (box.instance_type, box.zone)))
    console.print_line(f"# {seat.id}: {work.loaded.names(seat).box}, {box.id}")
    console.print_line(f"# {box.state} ({where})")
    console.print_line("# On the machine there have to be:")
    for need in dict.fromkeys(need for way in found for need in way.needs):
        console.print_line(f"#   {need}: {INSTALLING[need]}")
    steps = [*identity.steps(work.loaded, seat), *(step for way in found for step in way.steps)]
    # What several ways have in common is said once.
    for step in dict.fromkeys([*steps, *_through_notebook(work, seat)]):
        _print_step(step)
    for step in _without_installation(work, seat, box):
        _print_step(step)


def _print_step(step: ConnectStep) -> None:
    in_file = f", in {step.file}" if step.file else ""
    console.print_text(f"\n# {step.about}{in_file}\n{step.text}\n")


def _through_notebook(work: CommandContext, seat: Seat) -> tuple[ConnectStep, ...]:
    """Return the way through the seat's notebook, for a seat that has both."""
    if not work.loaded.settings.profiles[seat.profile].has_notebook:
        return ()
    return (ways.through_notebook(),)


def _without_installation(
    work: CommandContext, seat: Seat, box: SeatBox
) -> tuple[ConnectStep, ...]:
    """Return what needs a browser alone: a shell in AWS's console, by a sign-in link."""
    if not identity.cli_profile(work.loaded, seat):
        return ()
    command = work.loaded.command(f"credentials {seat.id}", "--sign-in")
    page = federation.shell_page(work.loaded.names(seat), box.id)
    return (
        ConnectStep(
            "Without any installation: a link that leads to a shell in the browser, from"
            " the organiser",
            command,
        ),
        ConnectStep("The same for whoever is signed in to the console with the role", page),
    )


def _document(
    work: CommandContext,
    seat: Seat,
    box: SeatBox,
    found: list[ConnectWay],
    *,
    system: System,
    problem: str,
) -> dict[str, Any]:
    names = regions.placed(work.loaded.names(seat))
    has_role = bool(identity.cli_profile(work.loaded, seat))
    return {
        "seat": seat.id,
        "host": names.box,
        "instance": box.id,
        "state": box.state,
        "instance_type": box.instance_type,
        "zone": box.zone,
        "region": names.region,
        "user": BOX_USER,
        "role": names.console_role_arn if has_role else None,
        "profile": identity.cli_profile(work.loaded, seat) or None,
        "os": system,
        "identity": [_step(step) for step in identity.steps(work.loaded, seat)],
        "ways": [
            {
                "ide": way.ide,
                "needs": way.needs,
                "address": way.address or None,
                "steps": [_step(step) for step in way.steps],
            }
            for way in found
        ],
        "through_notebook": [_step(step) for step in _through_notebook(work, seat)],
        "console": federation.shell_page(names, box.id) if has_role else None,
        "problem": problem or None,
    }


def _step(step: ConnectStep) -> dict[str, Any]:
    return {"about": step.about, "file": step.file or None, "text": step.text}
