"""Who people are to AWS when they enter an instance: a profile of the AWS CLI, of a seat's role."""

from __future__ import annotations

import shlex

from workshop.aws import regions
from workshop.config import command_line
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.connect.lines import BoxAddress, cli_section
from workshop.connect.ways import ConnectStep
from workshop.naming import Names


def cli_profile(loaded: LoadedEnvironment, seat: Seat) -> str:
    """Return the AWS CLI's profile of a seat, empty where there is no role for people."""
    has_console = loaded.settings.profiles[seat.profile].access.has_console
    return f"{loaded.settings.workshop}-{seat.id}" if has_console else ""


def address(loaded: LoadedEnvironment, seat: Seat, instance: str) -> BoxAddress:
    """Return a seat's instance as its lines name it."""
    return BoxAddress(
        loaded.names(seat).box, instance, seat.region, profile=cli_profile(loaded, seat)
    )


def steps(loaded: LoadedEnvironment, seat: Seat) -> tuple[ConnectStep, ...]:
    """Return how an organiser or an attendee becomes the seat; none where nobody can."""
    access = loaded.settings.profiles[seat.profile].access
    name = cli_profile(loaded, seat)
    found: list[ConnectStep] = []
    if access.console_principals:
        about = "Once: who you are, from a profile in which you sign in yourself"
        found.append(ConnectStep(about, role_profile(loaded.names(seat), name), "~/.aws/config"))
    if access.console_organisers:
        here = command_line.environment_anywhere(loaded.name, loaded.path.parent)
        process = shlex.join(["workshop", "credentials", seat.id, *here, "--format", "process"])
        of_process = f"[profile {name}]\ncredential_process = {process}\nregion = {seat.region}"
        handed = loaded.command(f"credentials {seat.id}", "--format", "profile")
        found += [
            ConnectStep("Once: who you are, as an organiser", of_process, "~/.aws/config"),
            ConnectStep(
                "Or for somebody else, an hour at a time in ~/.aws/credentials: what this prints",
                handed,
            ),
        ]
    return tuple(found)


def role_profile(names: Names, name: str) -> str:
    """Return a section of ``~/.aws/config`` that takes on the seat's role from another profile."""
    return cli_section(name, regions.placed(names).console_role_arn, names.region)
