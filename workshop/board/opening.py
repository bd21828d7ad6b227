"""Opens a seat's notebook at the click: a link is made when it is needed, and written nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse

from workshop.account_region import AccountRegion
from workshop.aws import consoles, errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.handout import notebooks


def notebook_origins(clients: Clients, seats: Sequence[Seat]) -> tuple[str, ...]:
    """Return where the links of these seats lead, as a CSP names it."""
    return tuple(dict.fromkeys(_origin(clients, where) for where in account_regions_of(seats)))


def _origin(clients: Clients, where: AccountRegion) -> str:
    url = clients.client("sagemaker", where).meta.endpoint_url
    if errors.is_local(url):
        return f"http://*.notebook.{where.region}.sagemaker.localhost:{urlsplit(url).port}"
    return f"https://{consoles.notebooks(where.region)}"


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
