"""What an organiser opens on purpose: ``access.extra_statements`` of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from workshop.config.profiles import ExtraStatement
from workshop.policies.actions import BOX_NEVER, CLOSED_BY_AWS, COMPUTE_WITHOUT_TYPE, NEVER
from workshop.policies.documents import Document, Statement, allow, document

ESCALATING = ("iam", "sts", "organizations", "account", "sso", "sso-admin", "identitystore")
"""Services with which one gives oneself more than one has."""

CLOSED = {
    "runs what nothing could cap": COMPUTE_WITHOUT_TYPE,
    "is part of what AWS closed to new customers": CLOSED_BY_AWS,
    "would open others' work, or hide one's own": NEVER,
}
"""Why an action stays closed -> such actions."""
CLOSED_WITH_BOXES = {"would open others' instances, or hide one's own": BOX_NEVER}
"""The same where seats have EC2 instances."""


def extra_policy(statements: Sequence[ExtraStatement]) -> Document:
    """Return the statements as a policy document."""
    return document(*(_statement(statement) for statement in statements))


@cache
def why_closed(action: str) -> str:
    """Return why no YAML can open an action, empty where one can."""
    for why, patterns in CLOSED.items():
        if any(fnmatchcase(action.lower(), each.lower()) for each in patterns):
            return why
    return ""


def refused(statement: ExtraStatement, *, boxes: bool = False) -> Iterator[str]:
    """Yield why a statement must not open something: a sentence for each action.

    ``boxes``: some seat of the environment has an EC2 instance.

    What the boundary denies under a condition (another Region, a neighbour's tags) stays denied and
    hinders nobody else.
    """
    closed = {**CLOSED, **(CLOSED_WITH_BOXES if boxes else {})}
    for action in statement.actions:
        service = action.partition(":")[0].lower()
        if service in ESCALATING:
            yield f"'{action}' would let a seat give itself more; leave {service} to the organiser"
            continue
        for why, patterns in closed.items():
            denied = next((each for each in patterns if _overlap(action, each)), None)
            if denied is not None:
                yield f"'{action}' {why} ('{denied}'); remove it, since no statement can open it"
                break


def still_denied(extra: ExtraStatement, denials: Iterable[Statement]) -> list[str]:
    """Return the Sids of denials that are about an action which a statement opens."""
    return [
        denial["Sid"]
        for denial in denials
        if any(
            _overlap(action, pattern)
            for action in extra.actions
            for pattern in denial.get("Action", ())
        )
    ]


_HARMLESS = (
    *("Get", "List", "Describe", "BatchGet", "Query", "Scan", "Search", "Select", "Head", "Lookup"),
    *("Check", "Verify", "Validate", "Estimate", "Simulate", "Detect", "View", "Read", "Filter"),
    *("Invoke", "Converse", "Retrieve", "Receive", "Download", "Decrypt", "Encrypt", "Delete"),
    *("Stop", "Cancel", "Untag", "Unsubscribe", "Deregister"),
)
"""How actions begin that leave nothing behind."""


def making(actions: Iterable[str]) -> Iterator[str]:
    """Yield those of some actions that may make something, as far as their names tell."""
    for action in actions:
        service, _, name = action.partition(":")
        if service == "*" or not name.startswith(_HARMLESS):
            yield action


def summarize_statement(statement: ExtraStatement) -> str:
    """Return in words what a statement opens."""
    conditions = " under conditions" if statement.conditions else ""
    return f"{', '.join(statement.actions)} on {', '.join(statement.resources)}{conditions}"


def _statement(extra: ExtraStatement) -> Statement:
    rest = {"Condition": extra.conditions} if extra.conditions else {}
    return allow(extra.sid, extra.actions, extra.resources, **rest)


def _overlap(action: str, other: str) -> bool:
    """Whether two patterns of actions have an action in common, as far as a wildcard tells."""
    first, second = action.lower(), other.lower()
    return fnmatchcase(first, second) or fnmatchcase(second, first)
