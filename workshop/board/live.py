"""Keeps the state for all browsers: one reader, and nothing is read while nobody looks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from workshop import events
from workshop.aws import errors
from workshop.board import progress
from workshop.board.reading import BoardSource
from workshop.board.tiles import BoardView, Tiles
from workshop.errors import WorkshopError
from workshop.ledger import Ledger

EVERY = 10.0
"""Seconds between two reads, as ``workshop status --watch`` has them."""
SOON = 1.0
"""Seconds after which a read may follow another one where something was done."""
HEARTBEAT = 15.0
"""Seconds after which a browser hears that the server is there."""
AGAIN = 2_000
"""Milliseconds after which a browser that lost the server tries again."""


class LiveBoard:
    """The view of a board, read at most once every so many seconds, whoever asks."""

    def __init__(
        self,
        source: BoardSource,
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._every = every
        self._clock = clock
        self._tiles = Tiles()
        self._view: BoardView | None = None
        self._due = 0.0
        self._read_at = 0.0
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def view(self) -> BoardView:
        """Return what is known, read anew where that is due."""
        self._loop = asyncio.get_running_loop()
        async with self._lock:
            if self._view is None or self._clock() >= self._due:
                self._changed.clear()
                self._due = self._clock() + self._every  # what comes meanwhile makes it due again
                self._view = await asyncio.to_thread(self._read)
                self._read_at = self._clock()
                self._due = max(self._due, self._read_at + SOON)
            return self._view

    def changed(self) -> None:
        """Have it read soon, from any thread: something was done."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._make_due)

    def _make_due(self) -> None:
        self._due = min(self._due, self._read_at + SOON)
        self._changed.set()

    async def events(self, *, public: bool) -> AsyncIterator[bytes]:
        """Give the view again whenever it changes, as server-sent events, for ever."""
        yield f"retry: {AGAIN}\n\n".encode()
        sent = ""
        while True:
            text = json.dumps((await self.view()).document(public=public))
            yield f"data: {text}\n\n".encode() if text != sent else b": still here\n\n"
            sent = text
            await self._next()

    async def _next(self) -> None:
        wait = min(max(self._due - self._clock(), 0.05), HEARTBEAT)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), wait)
            self._changed.clear()
            await asyncio.sleep(max(self._due - self._clock(), 0))

    def _read(self) -> BoardView:
        try:
            reading = self._source.read()
        except (WorkshopError, BotoCoreError, ClientError, OSError) as error:
            why = str(error) if isinstance(error, WorkshopError) else errors.reason(error)
            return self._tiles.failed(self._source.known, why, events.now())
        runs = Ledger(reading.loaded.name).runs()
        return replace(
            self._tiles.of(reading), progress=tuple(progress.running(runs, events.now()))
        )
