"""What the function does with a request: looks who it is, does one thing, and answers a page.

GET changes nothing but cookies. What is logged names the route, the answer, the seat and how long
it took: never a code, a cookie, a link or a word.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from workshop.door.boxes import NoMachineError, box_of, box_states, has_box, start_box
from workshop.door.claims import Claiming, ClaimRefusedError, claimed, source
from workshop.door.codes import CLASS, all_subjects, code_of, spelled, subject_of
from workshop.door.pages import (
    BOX_CHANGING,
    CHANGING,
    STYLE_HASH,
    WORD,
    Page,
    check_page,
    claim_page,
    files_page,
    helper_page,
    moved_page,
    seat_page,
    sign_in_page,
    word_page,
)
from workshop.door.request import LANGUAGE, DoorRequest
from workshop.door.seats import (
    ClosedError,
    TooSoonError,
    file_link,
    form_targets,
    notebook_address,
    open_link,
    saved_files,
    start,
    state_of,
    statuses,
)
from workshop.door.sessions import COOKIE, HOURS, DoorSession, is_token, session_of
from workshop.door.state import FIRST, HANDS, OPENED, BusyError, DoorState
from workshop.door.visit import MEMORY, DoorSettings, Visit, now_of

SECONDS_KEPT = 5.0
"""For which generations of codes, and whether claiming is open, are remembered."""
LOOK_AGAIN = 15
"""Seconds after which a page looks again while a notebook starts."""
CLAIM_SAID = ("claim_closed", "claim_none", "claim_wait", "claim_most")
SAID = ("no_session", "not_open", "no_machine", "closed", "busy", "left", "soon", *CLAIM_SAID)
"""The texts that an address may ask for, after something was done."""
LOG = logging.getLogger("door")
LOG.setLevel(logging.INFO)


@dataclass
class Reply:
    """An answer: a page, or the way to another."""

    status: int = 200
    body: str = ""
    to: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    refresh: int | None = None
    targets: list[str] = field(default_factory=list)
    """Where forms of the page may lead to."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda gives it
    """Answer one request of the function's URL."""
    return serve(Visit(DoorSettings.given(), now_of(event), memory=MEMORY), event)


def serve(visit: Visit, event: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one request, and log what anybody may read of it."""
    began = time.monotonic()
    request = DoorRequest.of(event)
    door = DoorRoutes(visit, request)
    try:
        reply = door.answer()
    except (ClientError, BotoCoreError, BusyError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        LOG.warning("%s %s", type(error).__name__, code)
        reply = Reply(503, word_page(door.page("busy", is_bad=True), "sign_in"))
    milliseconds = int(1000 * (time.monotonic() - began))
    told = {"route": door.route, "status": reply.status, "seat": door.seat, "ms": milliseconds}
    LOG.info("%s", json.dumps({"method": request.method, **told}))
    return answered(reply, request)


def answered(reply: Reply, request: DoorRequest) -> dict[str, Any]:
    """Return the answer as a function URL takes it, with what every answer says to browsers."""
    targets = " ".join(["'self'", *reply.targets])
    policy = (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:;"
        f" form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }
    if not request.is_loopback:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if reply.to:
        headers["Location"] = reply.to
    if reply.refresh is not None:
        headers["Refresh"] = f"{reply.refresh};url=/"
    secure = "" if request.is_loopback else "; Secure"
    cookies = [
        f"{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={HOURS * 3600 if value else 0}"
        f"{secure}"
        for name, value in reply.cookies.items()
    ]
    return {
        "statusCode": reply.status,
        "headers": headers,
        "cookies": cookies,
        "body": reply.body,
        "isBase64Encoded": False,
    }


@dataclass
class DoorRoutes:
    """One request on its way to an answer."""

    visit: Visit
    request: DoorRequest
    route: str = "other"
    session: DoorSession | None = None

    @property
    def seat(self) -> str:
        """The seat that the visitor has, empty for none."""
        return self.session.name if self.session and self.session.kind == "seat" else ""

    @property
    def state(self) -> DoorState:
        return state_of(self.visit)

    def key(self) -> bytes:
        """Return the key of all codes, read once for as long as the function stays warm."""
        known: bytes = self.visit.remembered("key", 1e9, self.state.key)
        return known

    def generations(self) -> dict[str, int]:
        known: dict[str, int] = self.visit.remembered(
            "generations", SECONDS_KEPT, self.state.generations
        )
        return known

    def page(self, notice: str = "", *, is_bad: bool = False) -> Page:
        """Return what a page of this visitor has."""
        language = self.request.language(self.visit.settings.languages)
        token = self.session.token(self.key()) if self.session else ""
        return Page(self.visit, language, token, notice, is_bad)

    # --- routes ----------------------------------------------------------------------------------

    def answer(self) -> Reply:
        """Return the answer to the request."""
        method, path = self.request.method, self.request.path
        name = "c" if path.startswith("/c/") else path.strip("/") or "front"
        routes = METHODS.get(method, {})
        if name not in routes:
            return Reply(404, word_page(self.page("not_found", is_bad=True), "sign_in"))
        self.route = name
        if not self.visit.gives_saved_work and name not in ALWAYS_ROUTES:
            return Reply(410, word_page(self.page("all_over"), "sign_in"))
        if method == "POST" and self.request.is_foreign:
            return self._foreign()
        self.session = self._known_session()
        if name not in OPEN_ROUTES:
            if self.session is None:
                return self._said("no_session")
            given = self.request.form.get("token", "")
            if method == "POST" and not is_token(self.key(), self.session, given):
                return self._foreign()
        reply = routes[name](self)
        chosen = self.request.query.get(LANGUAGE, "")
        if chosen in self.visit.settings.languages:
            reply.cookies[LANGUAGE] = chosen
        return reply

    def _known_session(self) -> DoorSession | None:
        """Return the session of the visitor's cookie, None without one that holds."""
        cookie = self.request.cookies.get(COOKIE, "")
        if not cookie:
            return None
        session = session_of(self.key(), cookie, self.generations(), self.visit.time)
        if session and session.kind == "seat" and session.name not in self.visit.seats:
            return None
        return session

    def _said(self, notice: str) -> Reply:
        return Reply(303, to=f"/?say={notice}")

    def _foreign(self) -> Reply:
        return Reply(403, word_page(self.page("foreign_form", is_bad=True), "sign_in"))

    def _has_seat(self) -> bool:
        """Return whether the visitor has a seat that may do something now."""
        return bool(self.seat) and not self.visit.is_over

    def front(self) -> Reply:
        say = self.request.query.get("say", "")
        notice = say if say in SAID else ""
        page = self.page(notice, is_bad=bool(notice) and notice != "left")
        if self.session is None:
            return Reply(body=sign_in_page(self.page(notice)))
        if self.seat:
            return self._seats_page(page, say)
        if self.session.kind == "helper":
            # What it says of seats is what everybody's listing says.
            states = {**box_states(self.visit), **statuses(self.visit)}
            body = helper_page(page, self.session.name, states, self.state.hands())
            return Reply(body=body, refresh=self._looks_again(2 * LOOK_AGAIN))
        if not self._may_claim():
            return Reply(body=word_page(self.page(notice or "claim_closed", is_bad=True), "claim"))
        return Reply(body=claim_page(page))

    def _looks_again(self, seconds: int) -> int | None:
        return None if "still" in self.request.query else seconds

    def _seats_page(self, page: Page, say: str) -> Reply:
        if say == "claimed" and self.session:
            code = spelled(code_of(self.key(), self.session.subject, self.session.generation))
            page = self.page(page.texts["claimed"].format(code=code))
        if self.visit.is_over:
            return Reply(body=seat_page(page, self.seat, "", {}))
        status = statuses(self.visit).get(self.seat, "")
        box = box_of(self.visit, self.seat) if has_box(self.visit, self.seat) else None
        changes = status in CHANGING or (box is not None and box.state in BOX_CHANGING)
        hand, _condition = self.state.read(f"{HANDS}{self.seat}.json")
        return Reply(
            body=seat_page(page, self.seat, status, hand, box),
            refresh=self._looks_again(LOOK_AGAIN) if changes else None,
            targets=form_targets(self.visit, self.seat),
        )

    # --- codes -----------------------------------------------------------------------------------

    def _admitted(self, text: str) -> DoorSession | None:
        """Return the session that a code opens, None for a code that opens nothing."""
        generations = self.generations()
        subject = subject_of(self.key(), all_subjects(self.visit.seats), generations, text)
        if not subject:
            return None
        if subject == CLASS and self.session and self.session.kind != "helper":
            return self.session  # who has a seat and reads the class's code again takes no second
        kind, _, name = subject.partition(":")
        name = name or secrets.token_hex(8)
        return DoorSession(kind, name, generations.get(subject, 0), int(self.visit.time))

    def code(self) -> Reply:
        session = self._admitted(self.request.form.get("code", ""))
        if session is None:
            return Reply(403, sign_in_page(self.page("wrong_code", is_bad=True)))
        self.session = session
        return Reply(303, to="/", cookies={COOKIE: session.cookie(self.key())})

    def scanned(self) -> Reply:
        """Take the code of an address; the page leads on, so that its own cookie travels along."""
        session = self._admitted(unquote(self.request.path.removeprefix("/c/")))
        if session is None:
            return Reply(403, sign_in_page(self.page("wrong_code", is_bad=True)))
        self.session = session
        cookies = {COOKIE: session.cookie(self.key())}
        return Reply(body=moved_page(self.page()), cookies=cookies, refresh=0)

    def leave(self) -> Reply:
        return Reply(303, to="/?say=left", cookies={COOKIE: ""})

    # --- claims ----------------------------------------------------------------------------------

    def _may_claim(self) -> bool:
        """Return whether seats can be claimed now, as far as is known since some seconds."""
        read = partial(Claiming.read, self.state)
        claiming: Claiming = self.visit.remembered("claiming", SECONDS_KEPT, read)
        return bool(claiming.free(self.visit))

    def claim(self) -> Reply:
        # What the organiser has closed or renewed holds for claims at once.
        generations = self.state.generations()
        known = self.session and generations.get(self.session.subject, 0)
        if self.session is None or (self.session.kind, self.session.generation) != (CLASS, known):
            return self._said("claim_closed")
        claiming = Claiming.read(self.state)
        if not claiming.free(self.visit):
            return self._said("claim_closed")
        address = source(self.key(), self.visit, self.request.address)
        try:
            seat = claimed(self.visit, self.state, claiming, self.session.name, address)
        except ClaimRefusedError as error:
            return self._said(str(error))
        if not seat:
            return self._said("claim_none")
        generation = self.state.generations().get(f"seat:{seat}", 0)
        self.session = DoorSession("seat", seat, generation, int(self.visit.time))
        return Reply(303, to="/?say=claimed", cookies={COOKIE: self.session.cookie(self.key())})

    # --- the seat --------------------------------------------------------------------------------

    def open(self) -> Reply:
        if self.session is None or not self._has_seat():
            return Reply(303, to="/")
        view = "tree" if self.request.form.get("view") == "tree" else "lab"
        try:
            link = open_link(self.visit, self.seat, view)
        except ClosedError:
            return self._said("closed")
        except TooSoonError:
            return self._said("soon")
        if not link:
            return self._said("not_open")
        with suppress(ClientError, BotoCoreError):  # it is counted for organisers alone
            name = f"opened {self.seat} {self.session.generation}"
            self.visit.remembered(name, 1e9, self._note_opened)
        return Reply(303, to=link)

    def _note_opened(self) -> bool:
        return self.state.write(f"{OPENED}{self.seat}", b"", FIRST) is not None

    def start(self) -> Reply:
        if self._has_seat():
            try:
                with suppress(TooSoonError):  # it was asked to start a moment ago
                    if self.request.form.get("what") == "box":
                        start_box(self.visit, self.seat)
                    else:
                        start(self.visit, self.seat)
            except ClosedError:
                return self._said("closed")
            except NoMachineError:
                return self._said("no_machine")
        return Reply(303, to="/")

    def hand(self) -> Reply:
        if not self._has_seat():
            return Reply(303, to="/")
        name = f"{HANDS}{self.seat}.json"
        if self.request.form.get("up") == "0":
            self.state.delete(name)
        else:
            word = " ".join(self.request.form.get("word", "").split())[:WORD]
            self.state.write(name, {"word": word, "at": self.visit.time}, FIRST)
        return Reply(303, to="/")

    def taken(self) -> Reply:
        seat = self.request.form.get("seat", "")
        if self.session and self.session.kind == "helper" and seat in self.visit.seats:
            self.state.take_hand(seat, self.session.name)
        return Reply(303, to="/")

    # --- saved work, and the network -------------------------------------------------------------

    def files(self) -> Reply:
        if not self.seat:
            return Reply(303, to="/")
        found, more = saved_files(self.visit, self.seat, self.request.query.get("after", ""))
        body = files_page(self.page(), found, more=more)
        return Reply(body=body, targets=form_targets(self.visit, self.seat))

    def file(self) -> Reply:
        path = self.request.form.get("path", "")
        if not self.seat or not path:
            return Reply(303, to="/")
        return Reply(303, to=file_link(self.visit, self.seat, path))

    def check(self) -> Reply:
        address = notebook_address(self.visit, f"{self.visit.settings.workshop}-check")
        return Reply(body=check_page(self.page(), address))

    def healthz(self) -> Reply:
        return Reply(body="ok")


GET_ROUTES: dict[str, Callable[[DoorRoutes], Reply]] = {
    "front": DoorRoutes.front,
    "c": DoorRoutes.scanned,
    "files": DoorRoutes.files,
    "check": DoorRoutes.check,
    "healthz": DoorRoutes.healthz,
}
POST_ROUTES: dict[str, Callable[[DoorRoutes], Reply]] = {
    "code": DoorRoutes.code,
    "claim": DoorRoutes.claim,
    "open": DoorRoutes.open,
    "start": DoorRoutes.start,
    "hand": DoorRoutes.hand,
    "file": DoorRoutes.file,
    "leave": DoorRoutes.leave,
    "taken": DoorRoutes.taken,
}
METHODS = {"GET": GET_ROUTES, "HEAD": GET_ROUTES, "POST": POST_ROUTES}
ALWAYS_ROUTES = ("check", "healthz")
"""What needs no workshop."""
OPEN_ROUTES = ("front", "c", "code", "check", "healthz")
"""What needs no code before."""
