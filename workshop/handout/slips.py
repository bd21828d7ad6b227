"""What is written about each seat in any format: plain values, without a call of AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.connect import identity
from workshop.connect.boxes import SeatBox
from workshop.connect.lines import BoxAddress
from workshop.handout import links
from workshop.handout.doors import DoorCode
from workshop.handout.notebooks import NO_NOTEBOOK, HandoutNotebook
from workshop.naming import Names


@dataclass(frozen=True)
class Slip:
    """One seat's part of the handout; ``name`` and ``email`` are empty unless asked for."""

    seat: str
    profile: Profile
    profile_name: str
    names: Names
    notebook: HandoutNotebook
    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    door: str = ""
    """The address of the door; empty where slips lead elsewhere."""
    code: DoorCode | None = field(default=None, repr=False)
    box: SeatBox | None = None
    """The EC2 instance; None where the profile has none."""
    address: BoxAddress | None = None
    """That instance as lines name it; None until there is one."""
    own_profile: str = ""
    """What of ``~/.aws/config`` lets people be the seat who sign in themselves."""

    @property
    def door_url(self) -> str:
        """Return the address that opens the door with the seat's code; it is a secret."""
        return f"{self.door}{self.code.path}" if self.code else ""

    @property
    def notebook_name(self) -> str:
        """Return the notebook's name; empty where the seat has none."""
        return "" if self.notebook.status == NO_NOTEBOOK else self.names.notebook

    @property
    def console_url(self) -> str:
        """Return where the console shows the notebook, or the dashboard of a seat without one."""
        return links.notebook(self.names) if self.notebook_name else self.dashboard_url

    @property
    def url(self) -> str:
        """Return the door's address with the code, a presigned link, or else the console's."""
        if self.code:
            return self.door_url
        return self.notebook.link.url if self.notebook.link else self.console_url

    @property
    def dashboard_url(self) -> str:
        return links.dashboard(self.names)

    @property
    def buckets(self) -> dict[str, str]:
        """Return bucket names by key."""
        return {key: self.names.bucket(key) for key in self.profile.storage.buckets}

    @property
    def repositories(self) -> dict[str, str]:
        """Return what ``docker push`` takes, by key."""
        keys = self.profile.registry.repositories
        return {key: self.names.repository_uri(key) for key in keys}

    @property
    def console_role(self) -> str:
        """Return the console role of this seat; empty where there is none."""
        return self.names.console_role if self.profile.access.has_console else ""


@dataclass(frozen=True)
class Handout:
    """Everything that is handed out of a workshop."""

    title: str
    environment: str
    workshop: str
    start: datetime
    end: datetime
    made: datetime
    presigned: bool
    with_names: bool
    slips: tuple[Slip, ...]
    by_door: bool = False
    languages: tuple[str, ...] = ("en",)
    """What attendees read is in the first of them, and on slips in each."""


def handout(
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    notebooks: Mapping[str, HandoutNotebook],
    *,
    made: datetime,
    presigned: bool,
    with_names: bool,
    by_door: Mapping[str, tuple[str, DoorCode]] | None = None,
    boxes: Mapping[str, SeatBox] | None = None,
) -> Handout:
    """Return the handout of some seats; with people's names only if ``with_names``.

    ``by_door`` has the address of the door and the code of each seat, ``boxes`` the EC2 instances
    of the seats that have one.
    """
    settings = loaded.settings
    known = boxes or {}
    return Handout(
        title=settings.title or settings.workshop,
        environment=loaded.name,
        workshop=settings.workshop,
        start=settings.start,
        end=settings.end,
        made=made,
        presigned=presigned,
        with_names=with_names,
        by_door=by_door is not None,
        languages=settings.door.languages if settings.door else ("en",),
        slips=tuple(
            Slip(
                seat=seat.id,
                profile=settings.profiles[seat.profile],
                profile_name=seat.profile,
                names=links.placed(loaded.names(seat)),
                notebook=notebooks[seat.id],
                name=seat.name if with_names else "",
                email=seat.email if with_names else "",
                door=by_door[seat.id][0] if by_door else "",
                code=by_door[seat.id][1] if by_door else None,
                box=known.get(seat.id),
                address=_address(loaded, seat, known.get(seat.id)),
                own_profile=_own_profile(loaded, seat),
            )
            for seat in seats
        ),
    )


def _address(loaded: LoadedEnvironment, seat: Seat, box: SeatBox | None) -> BoxAddress | None:
    return identity.address(loaded, seat, box.id) if box and box.id else None


def _own_profile(loaded: LoadedEnvironment, seat: Seat) -> str:
    if not loaded.settings.profiles[seat.profile].access.console_principals:
        return ""
    return identity.role_profile(loaded.names(seat), identity.cli_profile(loaded, seat))
