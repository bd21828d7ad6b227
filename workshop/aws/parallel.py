"""Many calls side by side, few of them at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


def windowed(
    pool: Executor,
    function: Callable[[Asked], Answered],
    items: Iterable[Asked],
    size: int,
) -> Iterator[Answered]:
    """Yield what ``function`` gives for each item, in their order, with up to ``size`` at a time.

    Unlike the pool's own ``map`` it takes an item only when there is room, so that a long listing
    is never held as a whole: it is read on while earlier items are worked on.
    """
    flying: deque[Future[Answered]] = deque()
    for item in items:
        if len(flying) == size:
            yield flying.popleft().result()
        flying.append(pool.submit(function, item))
    while flying:
        yield flying.popleft().result()
