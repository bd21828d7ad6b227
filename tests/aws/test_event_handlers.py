"""What clients share of their handlers, none of them can change for another."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import pytest

from workshop.aws.event_handlers import SharedEmitter


def heard(emitter: Any, name: str = "before-call.s3.ListObjects") -> list[str]:
    """Return what handlers answer to an event, the first one's answer first."""
    return [answer for _, answer in emitter.emit(name)]


def saying(word: str) -> Any:
    return lambda **_: word


def test_a_copy_of_handlers_and_what_it_was_copied_from_change_alone() -> None:
    session: Any = SharedEmitter()
    of_all = saying("all")
    session.register("before-call", of_all)
    session.register("before-call.*.ListObjects", saying("any service"))
    first, second = copy.copy(session), copy.copy(session)
    first.register("before-call.s3.ListObjects", saying("first"))
    first.register_first("before-call", saying("first of first"))
    session.register_last("before-call", saying("session"))
    third = copy.copy(first)
    third.register("before-call.*.ListObjects", saying("third"))
    first.register("before-call.*.ListObjects", saying("later"))
    third.unregister("before-call", of_all)
    assert heard(session) == ["any service", "all", "session"]
    assert heard(second) == ["any service", "all"]
    assert heard(first) == ["any service", "later", "first", "first of first", "all"]
    assert heard(third) == ["any service", "third", "first", "first of first"]


def test_a_handler_has_to_take_any_keyword() -> None:
    emitter = SharedEmitter()
    for handler in (saying, partial(saying)):
        with pytest.raises(ValueError, match="must accept keyword"):
            emitter.register("before-call", handler)
    emitter.register("before-call", partial(lambda one, **_: one, "given"))
    assert heard(emitter) == ["given"]
