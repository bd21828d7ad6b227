"""Serves the handout: a page for each seat, whose button makes a link at the click."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from workshop import events
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.board.guard import PageGuard, PageKeys
from workshop.board.opening import notebook_origins, opened
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.connect import boxes
from workshop.connect.boxes import SeatBox
from workshop.errors import WorkshopError
from workshop.handout import notebooks, pages, slips
from workshop.handout.notebooks import HandoutNotebook
from workshop.handout.slips import Handout


@dataclass
class SlipPages:
    """The pages of some seats, made anew at every look."""

    clients: Clients
    loaded: LoadedEnvironment
    seats: tuple[Seat, ...]
    keys: PageKeys
    with_names: bool = False
    session: timedelta = notebooks.LONGEST

    def app(self) -> ASGIApp:
        """Return the application, behind its guard."""
        routes = [
            Route("/", self.room),
            Route("/open", self.open, methods=["POST"]),
            Route("/{seat}.html", self.seat),
        ]
        unread = {seat.id: HandoutNotebook(notebooks.UNKNOWN) for seat in self.seats}
        style = pages.style_digest(self._room_page(self._handout(unread)))
        return PageGuard(
            Starlette(routes=routes),
            self.keys,
            forms_to=notebook_origins(self.clients, self.seats),
            styles=(style,),
        )

    async def room(self, _: Request) -> Response:
        handout = await asyncio.to_thread(self._now, self.seats)
        return HTMLResponse(self._room_page(handout))

    async def seat(self, request: Request) -> Response:
        seats = [seat for seat in self.seats if seat.id == request.path_params["seat"]]
        if not seats:
            return PlainTextResponse("there is no page of this seat\n", 404)
        handout = await asyncio.to_thread(self._now, tuple(seats))
        return HTMLResponse(
            pages.seat_page(handout, handout.slips[0], form_token=self.keys.form_token)
        )

    async def open(self, request: Request) -> Response:
        wanted = request.scope["form"].get("seat", [""])[0]
        seat = next((seat for seat in self.seats if seat.id == wanted), None)
        if seat is None:
            return PlainTextResponse("there is no page of this seat\n", 404)
        try:
            answer = await opened(self.clients, self.loaded, seat, self.session)
        except (WorkshopError, BotoCoreError, ClientError) as error:
            answer = errors.reason(error)
        if isinstance(answer, str):
            start = self.loaded.command("start", "--only", seat.id)
            return PlainTextResponse(
                f"there is no link now: {answer}; if it is stopped, start it with: {start}\n", 409
            )
        return answer

    def _now(self, seats: tuple[Seat, ...]) -> Handout:
        found = notebooks.statuses(self.clients, self.loaded, seats)
        return self._handout(found, seats, boxes.of_seats(self.clients, self.loaded, seats))

    def _handout(
        self,
        found: dict[str, HandoutNotebook],
        seats: tuple[Seat, ...] | None = None,
        instances: dict[str, SeatBox] | None = None,
    ) -> Handout:
        return slips.handout(
            self.loaded,
            seats or self.seats,
            found,
            made=events.now().replace(microsecond=0),
            presigned=False,
            with_names=self.with_names,
            boxes=instances,
        )

    def _room_page(self, handout: Handout) -> str:
        return pages.room_page(handout, form_token=self.keys.form_token)
