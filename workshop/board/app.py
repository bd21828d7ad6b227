"""The routes of the board: pages, the stream of events, and what buttons send."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from workshop import events
from workshop.aws import errors, places
from workshop.board import actions, connecting, hands, pages, progress, tiles
from workshop.board.action_runs import ActionRuns
from workshop.board.actions import ACTIONS, BoardAction
from workshop.board.guard import PageGuard, PageKeys
from workshop.board.live import LiveBoard
from workshop.board.opening import notebook_origins, opened
from workshop.board.posters import posters_of
from workshop.board.reading import BoardSource, messages_in
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.connect.lines import SYSTEMS
from workshop.errors import UsageError, WorkshopError
from workshop.escaping import printable
from workshop.ledger import Ledger
from workshop.status import watch_state
from workshop.teardown import guard

LABELS = {
    "state": "State",
    "box": "EC2",
    "idle": "Idle",
    "jobs": "Jobs",
    "endpoints": "Endpoints",
    "money": "Money",
    "hand": "Hand",
    "message": "Told",
}


@dataclass
class Board:
    """The pages of one board."""

    source: BoardSource
    live: LiveBoard
    runs: ActionRuns
    keys: PageKeys
    readonly: bool = False

    def app(self) -> ASGIApp:
        """Return the application, behind its guard."""
        routes = [
            Route("/", self.front),
            Route("/events", self.events),
            Mount("/static", StaticFiles(directory=pages.STATIC)),
        ]
        if not self.readonly:
            routes += [
                Route("/confirm/{name}", self.confirm),
                Route("/run/{number:int}", self.run),
                Route("/run/{number:int}/state", self.run_state),
                Route("/actions", self.actions),
                Route("/day", self.day),
                Route("/room", self.room),
                Route("/connect/{seat}", self.connect),
                Route("/do/{name}", self.do, methods=["POST"]),
                Route("/open", self.open, methods=["POST"]),
                Route("/take", self.take, methods=["POST"]),
            ]
        app = Starlette(routes=routes, exception_handlers={Exception: self._broken})
        return PageGuard(
            app,
            self.keys,
            forms_to=notebook_origins(self.source.clients, self._loaded.seats),
            readonly=self.readonly,
        )

    @property
    def _loaded(self) -> LoadedEnvironment:
        return self.source.known

    # --- what everybody sees ------------------------------------------------------------------

    async def front(self, request: Request) -> Response:
        view = (await self.live.view()).document(public=self.readonly)
        kind, text = (request.query_params.get(name, "") for name in ("kind", "text"))
        chosen = {tile["seat"] for tile in tiles.chosen(view["tiles"], kind, text)}
        return self._page(
            "board",
            view=view,
            tiles=view["tiles"],
            chosen=chosen,
            kinds=tiles.KINDS,
            labels=LABELS,
            nothing_to_open=tiles.NOTHING_TO_OPEN,
            actions=ACTIONS,
            chosen_kind=kind,
            chosen_text=text,
        )

    async def events(self, _: Request) -> Response:
        stream = self.live.events(public=self.readonly)
        return StreamingResponse(stream, media_type="text/event-stream")

    # --- what organisers do ------------------------------------------------------------------

    async def confirm(self, request: Request) -> Response:
        name = request.path_params["name"]
        return self._confirm(
            name,
            tuple(request.query_params.getlist("seat")),
            dict(request.query_params),
        )

    async def do(self, request: Request) -> Response:
        form: Mapping[str, list[str]] = request.scope["form"]
        name, only = request.path_params["name"], tuple(form.get("seat", ()))
        words = {key: some[0] for key, some in form.items() if key not in ("seat", "form")}
        try:
            action, seats = self._action(name, only)
            if name == "swap":  # what cannot be is said where it is asked for
                await asyncio.to_thread(actions.swap_plan, self._loaded, seats, words)
            if actions.NAME in action.fields:
                guard.check_name(self._loaded, words.get("name", ""))
            run = self.runs.begin(name, action, seats, words)
        except WorkshopError as error:
            return self._confirm(name, only, words, problem=str(error))
        return RedirectResponse(f"{self.keys.root}/run/{run.number}", 303)

    async def run(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["number"])
        if run is None:
            return self._said("Actions", "this action is not known any more", 404)
        follow = [("seat", seat) for seat in run.only] + [("digest", run.digest)]
        return self._page(
            "run",
            run=run,
            follow=f"{self.keys.root}/confirm/{run.name}-apply?{urlencode(follow)}",
        )

    async def run_state(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["number"])
        if run is None:
            return JSONResponse({}, 404)
        # The result first: what is said before it is among the lines then.
        told = {"result": run.result, "follows": bool(run.digest)}
        return JSONResponse({**told, "lines": [printable(line) for line in run.lines]})

    async def actions(self, _: Request) -> Response:
        earlier = await asyncio.to_thread(self.runs.earlier)
        return self._page("actions", runs=self.runs.latest(), earlier=earlier, zone=self._zone)

    async def open(self, request: Request) -> Response:
        try:
            answer = await opened(self.source.clients, self._loaded, self._seat(request))
        except (WorkshopError, BotoCoreError, ClientError) as error:
            answer = _sentence(error)
        if isinstance(answer, str):
            return self._said("There is no link now", answer, 409)
        return answer

    async def take(self, request: Request) -> Response:
        try:
            seat = self._seat(request)
            why_not = await asyncio.to_thread(
                hands.take, self.source.clients, self._loaded, seat.account_region, seat.attendee
            )
        except (WorkshopError, BotoCoreError, ClientError) as error:
            return self._said("Taking a hand", _sentence(error), 400)
        self.live.changed()
        return (
            self._said("Hand", why_not) if why_not else RedirectResponse(f"{self.keys.root}/", 303)
        )

    async def day(self, _: Request) -> Response:
        lines, problems = await asyncio.to_thread(self._day)
        return self._page("day", lines=lines, problems=problems, zone=self._zone)

    async def room(self, _: Request) -> Response:
        try:
            posters = await asyncio.to_thread(posters_of, self.source.clients, self._loaded)
        except (WorkshopError, BotoCoreError, ClientError) as error:
            return self._said("The page for the room", _sentence(error), 409)
        command = self._loaded.command("handout", "--serve")
        return self._page("room", posters=posters, command=command)

    async def connect(self, request: Request) -> Response:
        chosen = request.query_params.get("os", "linux")
        try:
            (seat,) = self._loaded.chosen([request.path_params["seat"]])
            found = await asyncio.to_thread(
                connecting.of_seat, self.source.clients, self._loaded, seat, chosen
            )
        except (WorkshopError, BotoCoreError, ClientError) as error:
            return self._said("There is nothing to connect to", _sentence(error), 409)
        return self._page("connect", seat=seat.id, found=found, systems=SYSTEMS)

    def _day(self) -> tuple[list[progress.DayLine], list[str]]:
        loaded, now = self._loaded, events.now()
        everywhere = account_regions_of(loaded.seats)
        messages, unread = messages_in(self.source.clients, loaded)
        problems = places.unread(
            loaded, {where: {"messages": why} for where, why in unread.items()}
        )
        watch = watch_state.read(self.source.clients, loaded, everywhere)
        ran = [] if watch is None else [*watch.of.items()]
        problems += [] if watch is None else watch.sentences_of_unread(loaded)
        return progress.day(
            Ledger(loaded.name).runs(),
            [*{message["id"]: message for some in messages.values() for message in some}.values()],
            [
                progress.DayLine(seen_watch.ran, f"{where}: the watch ran last")
                for where, seen_watch in ran
                if seen_watch.ran is not None
            ],
            progress.midnight(now, self._zone),
        ), problems

    # --- words and pages ----------------------------------------------------------------------

    def _confirm(
        self, name: str, only: tuple[str, ...], words: Mapping[str, str], problem: str = ""
    ) -> Response:
        try:
            action, seats = self._action(name, only)
        except WorkshopError as error:
            return self._said("This cannot be done", str(error), 400)
        ids = tuple(seat.id for seat in seats)
        return self._page(
            "confirm",
            status=400 if problem else 200,
            name=name,
            action=action,
            only=ids,
            words={field.name: words.get(field.name, "") for field in action.fields},
            digest=words.get("digest", ""),
            problem=problem,
            command=action.command(self._loaded, ids),
        )

    def _action(self, name: str, only: tuple[str, ...]) -> tuple[BoardAction, tuple[Seat, ...]]:
        """Return an action and its seats; raise UsageError where they do not fit."""
        action = ACTIONS.get(name)
        if action is None:
            raise UsageError(f"the board has no action {name!r}; choose one of its buttons")
        if not action.seats:
            return action, ()
        if not only:
            raise UsageError("no seat is ticked; go back and tick the seats that it is for")
        if action.for_one_seat and len(only) > 1:
            raise UsageError("this is for one seat at a time; tick one")
        return action, self._loaded.chosen(only)

    def _seat(self, request: Request) -> Seat:
        (seat,) = self._loaded.chosen(request.scope["form"].get("seat", [""])[:1])
        return seat

    @property
    def _zone(self) -> Any:
        return self._loaded.settings.start.tzinfo

    def _page(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        settings = self._loaded.settings
        text = pages.page(
            template,
            title=settings.title or settings.workshop,
            readonly=self.readonly,
            root=self.keys.root,
            form_token="" if self.readonly else self.keys.form_token,
            **values,
        )
        return HTMLResponse(text, status)

    async def _broken(self, _: Request, error: Exception) -> Response:
        return self._said("This should not have happened", repr(error), 500)

    def _said(self, heading: str, sentence: str, status: int = 200) -> Response:
        return self._page("said", heading=heading, sentence=sentence, status=status)


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, WorkshopError) else errors.reason(error)
