"""An answer of AWS, or why there is none: what could not be read never counts as nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws import errors
from workshop.errors import SignInError, WorkshopError

ACCOUNTS_AT_ONCE = 16
"""Accounts and Regions that are asked side by side."""

SLOW_SECONDS = 10.0
"""Who has not answered for so long, once or twice, is said to be waited for; and again so often."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

Slow = Callable[[int, int, Sequence[K]], None]
"""Is told how many have answered, of how many, and whose answers are waited for."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """What AWS was asked for and did not answer.

    ``reason`` is part of a sentence, such as ``ListBuckets: AccessDenied``.
    """

    reason: str


def attempt(call: Callable[[], T]) -> T | Unavailable:
    """Return what ``call`` returns, or Unavailable for an error of AWS or of the way to it.

    A role in another account that cannot be assumed is such an error, too. SignInError passes
    through: no other call would be answered either.
    """
    try:
        return call()
    except SignInError:
        raise
    except (BotoCoreError, ClientError, WorkshopError) as error:
        return Unavailable(errors.reason(error))


def known(answer: Mapping[K, T] | Unavailable) -> Mapping[K, T]:
    """Return what was read, and nothing where it could not be, for what says so elsewhere."""
    return {} if isinstance(answer, Unavailable) else answer


def known_and_not(answers: Mapping[K, T | Unavailable]) -> tuple[dict[K, T], dict[K, str]]:
    """Return what was read, and the reasons for the rest."""
    read = {key: answer for key, answer in answers.items() if not isinstance(answer, Unavailable)}
    return read, {
        key: answer.reason for key, answer in answers.items() if isinstance(answer, Unavailable)
    }


def side_by_side(
    read: Callable[[K], T],
    keys: Collection[K],
    *,
    threads: int,
    slow: Slow[K] = lambda *_: None,
) -> dict[K, T]:
    """Return what ``read`` returns for each key, from so many threads at most.

    ``slow`` is called with whose answers are waited for. After an error, or Ctrl-C, no further key
    is read.
    """
    with ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(read, key): key for key in keys}
        waiting, before = set(futures), set[Future[T]]()
        try:
            while waiting:
                done, waiting = wait(waiting, SLOW_SECONDS, return_when=FIRST_EXCEPTION)
                if any(future.exception() for future in done):
                    break
                now = {future for future in waiting if future.running()}
                if late := now & before:
                    late_keys = [key for future, key in futures.items() if future in late]
                    slow(len(futures) - len(waiting), len(futures), late_keys)
                before = now
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return {key: future.result() for future, key in futures.items() if not future.cancelled()}


def attempt_each(
    read: Callable[[K], T], keys: Collection[K], *, threads: int = ACCOUNTS_AT_ONCE
) -> dict[K, T | Unavailable]:
    """Return what ``read`` returns for each key, or why there is nothing, as :func:`attempt`."""
    return side_by_side(lambda key: attempt(partial(read, key)), keys, threads=threads)


def read_each(
    read: Callable[[K], T], keys: Collection[K], *, threads: int = ACCOUNTS_AT_ONCE
) -> tuple[dict[K, T], dict[K, str]]:
    """Return what ``read`` returns for each key, and the reasons for those that it fails for."""
    return known_and_not(attempt_each(read, keys, threads=threads))
