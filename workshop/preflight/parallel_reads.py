"""Many calls of AWS at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight.reading import Unread, read

T = TypeVar("T")
P = ParamSpec("P")
Answer = Future[T | Unread]


@dataclass(frozen=True)
class ParallelReads:
    """Calls of AWS, each in a thread of the pool."""

    clients: Clients
    pool: ThreadPoolExecutor

    def __call__(
        self,
        call: Callable[Concatenate[Clients, AccountRegion, P], T],
        place: AccountRegion,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer[T]:
        """Begin ``call(clients, place, ...)``."""
        return self.pool.submit(read, partial(call, self.clients, place, *args, **kwargs))
