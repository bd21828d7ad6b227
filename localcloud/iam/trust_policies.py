"""Trust policies as IAM takes them: JSON, members that belong there, and principals that exist.

IAM looks a user or role up when it is named in a trust policy. Of other accounts than those of
this cloud nothing is known, so their principals are taken for existing.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud import ministack_adapter

_TRUST = re.compile(
    r"sts:(AssumeRole\w*|TagSession|SetSourceIdentity|SetContext|\*)", re.IGNORECASE
)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?|[a-z0-9-]+\.amazon\.com")
_OTHER = re.compile(r"\d{12}|arn:aws:.+|A[A-Z0-9]{15,}")
"""Accounts, sessions and ids; ARNs of other partitions come in as those of the usual one."""
_IDENTITY = re.compile(r"arn:[\w-]+:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")


def patch_trust_policies() -> None:
    """Have CreateRole and UpdateAssumeRolePolicy refuse what IAM refuses."""
    iam = ministack_adapter.module("services.iam")
    checked = iam._trust_policy_not_principal_error
    iam._trust_policy_not_principal_error = lambda document: mistake(document) or checked(document)


def mistake(document: Any) -> str | None:
    """Return what IAM says about a trust policy, or None if it takes it."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return "This policy contains invalid Json"
    if not isinstance(document, dict):
        return "Syntax errors in policy."
    for statement in _statements(document):
        for member in ("Resource", "NotResource"):
            if member in statement:
                return f"Has prohibited field {member}"
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        actions = _listed(statement.get("Action", []))
        if not all(_TRUST.fullmatch(str(action)) for action in actions):
            return "AssumeRole policy may only specify STS AssumeRole actions."
    return unknown_principal(document)


def unknown_principal(document: dict[str, Any]) -> str | None:
    """Return what IAM and S3 say of a policy whose principal does not exist, or None."""
    for kind, principal in _principals(document):
        known = exists(principal) if kind == "AWS" else _SERVICE.fullmatch(principal)
        if not known:
            return f'Invalid principal in policy: "{kind}":"{principal}"'
    return None


def _statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in _listed(document.get("Statement", [])):
        if isinstance(statement, dict):
            yield statement


def _principals(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in _statements(document):
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            for kind in ("AWS", "Service"):
                yield from ((kind, str(named)) for named in _listed(principal.get(kind, [])))


def exists(principal: str) -> bool:
    """Whether there is such an account, user or role, as far as this cloud can know."""
    found = _IDENTITY.fullmatch(principal)
    if found is None:
        return principal == "*" or _OTHER.fullmatch(principal) is not None
    iam = ministack_adapter.module("services.iam")
    account, kind, name = found.groups()
    of_kind = iam._roles if kind == "role" else iam._users
    known = {owner for owner, *_ in (*iam._roles._data, *iam._users._data)}
    if account not in known | {ministack_adapter.account()}:
        return True
    with ministack_adapter.request_scope(account, ministack_adapter.region()):
        return name in of_kind and of_kind[name]["Arn"] == principal


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
