"""Calls that other threads make, and whose answers one thread handles."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

Answered = TypeVar("Answered")


class CallThreads:
    """Threads for calls of AWS; each answer waits for the thread that takes it.

    Polls have a thread of their own: they must not queue behind what is being begun. As a context
    it ends with the calls under way; what was not begun is called off.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._arrived: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="aws")
        self._poller = ThreadPoolExecutor(1, thread_name_prefix="poll")
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._poller.shutdown()

    def call(
        self,
        ask: Callable[[], Answered],
        answered: Callable[[Answered], None],
        *,
        polls: bool = False,
    ) -> None:
        """Have ``ask`` run by another thread, and ``answered`` by the one that takes its answer."""

        def arrived(future: Future[Answered]) -> None:
            if not future.cancelled():
                self._arrived.put(lambda: answered(future.result()))

        (self._poller if polls else self._pool).submit(ask).add_done_callback(arrived)

    def wake(self) -> None:
        """Let whoever waits for an answer go on; any thread may call this."""
        self._arrived.put(None)

    def take(self, seconds: float) -> None:
        """Wait for the answer to a call, then handle all that have come."""
        try:
            handle = self._arrived.get(timeout=seconds)
            while True:
                if handle is not None:
                    handle()
                handle = self._arrived.get_nowait()
        except queue.Empty:
            return
