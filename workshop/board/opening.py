"""Opens a seat's notebook at the click: a link is made when it is needed, and written nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from starlette.responses import RedirectResponse

from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.handout import notebooks

_DOMAINS = {"aws-cn": "sagemaker.com.cn"}
"""Where notebooks are, in partitions in which it is not ``sagemaker.aws``."""


def notebook_origins(seats: Iterable[Seat]) -> tuple[str, ...]:
    """Return where the links of these seats lead, as a CSP names it."""
    found = dict.fromkeys(seat.region for seat in seats)
    return tuple(
        f"https://*.notebook.{region}"
        f".{_DOMAINS.get(regions.partition(region).name, 'sagemaker.aws')}"
        for region in found
    )


async def opened(
    clients: Clients,
    loaded: LoadedEnvironment,
    seat: Seat,
    session: timedelta = notebooks.LONGEST,
) -> RedirectResponse | str:
    """Return what leads to a fresh link, or why there is none; WorkshopError passes through."""
    make = partial(notebooks.presigned, clients, loaded, [seat], session=session)
    found = (await asyncio.to_thread(make))[seat.id]
    if found.link is None:
        return f"{seat.id}: {found.problem}"
    return RedirectResponse(found.link.url, 303)
