"""What an organiser opens on purpose: ``access.extra_statements`` of a profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from workshop.policies.documents import Document, Statement, allow, document
from workshop.settings import ExtraStatement

ESCALATING = ("iam", "sts", "organizations", "account", "sso", "sso-admin", "identitystore")
"""Services with which one gives oneself more than one has."""


def extra_policy(statements: Sequence[ExtraStatement]) -> Document:
    """Give the statements as a policy document."""
    return document(*(_statement(one) for one in statements))


def refused(statement: ExtraStatement, boundary: Document) -> Iterator[str]:
    """Give why a statement could open nothing, or must not: a sentence for each action.

    Only what the boundary denies whatever the circumstances; what it denies under a condition
    (another Region, a neighbour's things) stays denied too and hinders nobody else.
    """
    for action in statement.actions:
        service = action.partition(":")[0]
        if service in ESCALATING:
            yield f"'{action}' would let a seat give itself more; leave {service} to the organiser"
            continue
        for sid, denied in _always_denied(boundary):
            if _overlap(action, denied):
                yield (
                    f"'{action}' is denied by the permissions boundary ({sid}: '{denied}'); "
                    "remove it, since no statement can open it"
                )
                break


_HARMLESS = (
    *("Get", "List", "Describe", "BatchGet", "Query", "Scan", "Search", "Select", "Head", "Lookup"),
    *("Check", "Verify", "Validate", "Estimate", "Simulate", "Detect", "View", "Read", "Filter"),
    *("Invoke", "Converse", "Retrieve", "Receive", "Download", "Decrypt", "Encrypt", "Delete"),
    *("Stop", "Cancel", "Untag", "Unsubscribe", "Deregister"),
)
"""How actions begin that leave nothing behind."""


def making(statement: ExtraStatement) -> Iterator[str]:
    """Give the actions of a statement that may make something, as far as their names tell."""
    for action in statement.actions:
        service, _, name = action.partition(":")
        if service == "*" or not name.startswith(_HARMLESS):
            yield action


def opened(statement: ExtraStatement) -> str:
    """Say in words what a statement opens."""
    conditions = " under conditions" if statement.conditions else ""
    return f"{', '.join(statement.actions)} on {', '.join(statement.resources)}{conditions}"


def _statement(extra: ExtraStatement) -> Statement:
    rest = {"Condition": extra.conditions} if extra.conditions else {}
    return allow(extra.sid, extra.actions, extra.resources, **rest)


def _always_denied(boundary: Document) -> Iterator[tuple[str, str]]:
    for statement in boundary["Statement"]:
        if statement["Effect"] == "Deny" and "Condition" not in statement:
            if statement.get("Resource") != ["*"]:
                continue
            for action in statement["Action"]:
                yield statement["Sid"], action


def _overlap(one: str, other: str) -> bool:
    """Whether two patterns of actions have an action in common, as far as a wildcard tells."""
    first, second = one.lower(), other.lower()
    return fnmatchcase(first, second) or fnmatchcase(second, first)
