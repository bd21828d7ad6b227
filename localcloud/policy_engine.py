"""The engine that evaluates policies: ministack's, with variables such as ``${aws:username}``.

It is a library that needs no server, and what the local cloud with IAM enforced asks as well.
ministack leaves variables as text
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
"""

# Private names of ministack, held by ministack_names.HELD and its contract tests.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, lru_cache, wraps
from importlib import import_module
from typing import Any

Statement = Any
"""ministack's parsed statement, a dataclass."""
FirstMatch = Callable[[Any, list[Statement], str], Statement | None]

_VARIABLE = re.compile(r"\$\{\s*([^,}]+?)\s*(?:,\s*'([^']*)'\s*)?\}")


@cache
def evaluator() -> Any:
    """Return ministack's module that evaluates policies, with patterns that match whole values."""
    found: Any = import_module("ministack.core.iam_evaluator")
    found._fnmatch_compile = _whole(found._fnmatch_compile)
    found._FNMATCH_CACHE.clear()
    found._action_matches = _at_once(found._action_matches, found._fnmatch_compile)
    found._resolve_condition_key = _by_our_clock(found._resolve_condition_key)
    found.parse_policy_document = _once(found.parse_policy_document)
    return found


_clocks: list[Callable[[], float]] = []


def keep_time(now: Callable[[], float]) -> None:
    """Take ``aws:CurrentTime`` from a clock of seconds since the epoch.

    Without one the key is not there: whoever asks the engine alone asks at no time.
    """
    _clocks[:] = [now]


def _by_our_clock(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    @wraps(resolve)
    def value(key: str, context: Any) -> Any:
        name = key.lower()
        if name not in {"aws:currenttime", "aws:epochtime"}:
            return resolve(key, context)
        if not _clocks:
            return None
        moment = datetime.fromtimestamp(_clocks[-1](), UTC)
        return moment.isoformat() if name == "aws:currenttime" else str(int(moment.timestamp()))

    return value


def _whole(compiled: Callable[[str, bool], re.Pattern[str]]) -> Callable[..., re.Pattern[str]]:
    """Match line breaks, which a key may hold, with ``*`` and ``?``, and the end strictly."""

    @lru_cache(maxsize=4096)
    @wraps(compiled)
    def over_line_breaks(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001
        found = compiled(pattern, ignore_case)
        return re.compile(found.pattern.removesuffix("$") + r"\Z", found.flags | re.DOTALL)

    return over_line_breaks


def _at_once(
    given: Callable[..., bool], compiled: Callable[..., re.Pattern[str]]
) -> Callable[..., bool]:
    """Match an action with all patterns of a statement at once: it is asked of most statements."""

    @lru_cache(maxsize=4096)
    def of_all(patterns: tuple[str, ...]) -> re.Pattern[str]:
        each = (compiled(pattern, ignore_case=True) for pattern in patterns)
        return re.compile("|".join(pattern.pattern for pattern in each), re.IGNORECASE | re.DOTALL)

    @wraps(given)
    def matches(request_action: str, actions: list[str], not_actions: list[str]) -> bool:
        if actions:
            return of_all(tuple(actions)).match(request_action) is not None
        return not not_actions or of_all(tuple(not_actions)).match(request_action) is None

    return matches


def _once(parse: Callable[[Any], list[Statement]]) -> Callable[[Any], list[Statement]]:
    """Parse each text once: every call of a seat is judged by the same dozen policies."""
    of_text = lru_cache(maxsize=4096)(parse)

    @wraps(parse)
    def parsed(document: Any) -> list[Statement]:
        return of_text(document) if isinstance(document, str) else parse(document)

    return parsed


def aware(first_match: FirstMatch) -> FirstMatch:
    """Return ministack's search for a matching statement, with variables filled in before."""

    def search(context: Any, statements: list[Statement], effect: str) -> Statement | None:
        # Of most statements the action says already that they say nothing of it.
        matches = evaluator()._action_matches
        some = [
            filled(context, statement)
            for statement in statements
            if statement.effect == effect
            and matches(context.action, statement.actions, statement.not_actions)
        ]
        return first_match(context, some, effect)

    return search


def filled(context: Any, statement: Statement) -> Statement:
    """Return a statement with the variables of its resources and conditions filled in."""
    if "${" not in f"{statement.resources}{statement.not_resources}{statement.conditions}":
        return statement
    return replace(
        statement,
        resources=[_text(context, resource) for resource in statement.resources],
        not_resources=[_text(context, resource) for resource in statement.not_resources],
        conditions={
            operator: {key: _expected(context, value) for key, value in tests.items()}
            for operator, tests in statement.conditions.items()
        },
    )


def _expected(context: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_expected(context, item) for item in value]
    return _text(context, value) if isinstance(value, str) else value


def _text(context: Any, text: str) -> str:
    return _VARIABLE.sub(lambda found: _value(context, found), text)


def _value(context: Any, variable: re.Match[str]) -> str:
    """Return a variable's value, else its default.

    One without either stays as it is written: no ARN and no tag holds ``${``, so it matches
    nothing, neither what a statement allows nor what ``NotResource`` spares from its denial. The
    same goes for ``${*}``, since ministack's patterns know no literal asterisk.
    """
    value = evaluator()._resolve_condition_key(variable[1], context)
    if isinstance(value, str):
        return value
    return variable[0] if variable[2] is None else variable[2]
