"""One check of a preflight, and the report of all."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from workshop.account_region import AccountRegion


class CheckState(StrEnum):
    """What one check came to; ``failed``, ``short`` and ``unknown`` refuse a deployment."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SHORT = "short"
    """Enough for some seats at once and not for all; unless turns are accepted, it refuses."""
    UNKNOWN = "unknown"
    WAIVED = "waived"
    """Short or unknown, and accepted by name."""


REFUSING = (CheckState.FAILED, CheckState.SHORT, CheckState.UNKNOWN)
WAIVABLE = (CheckState.SHORT, CheckState.UNKNOWN)


@dataclass(frozen=True)
class DeniedAction:
    """An action that the caller may not do, as IAM names it, and the ARN of what it is done to."""

    action: str
    resource: str


@dataclass(frozen=True)
class Check:
    """One question to one account and Region, and its answer.

    ``subject`` names it; for a quota it is AWS's name of the quota. ``message`` is a sentence with
    the cure. ``need`` is what is still to be made, or what all seats need at once, ``used`` what is
    there, ``quota`` the value that applies; None where they do not apply or are not known.
    ``request`` is the command that would raise the quota, empty where none would help.
    """

    account_region: AccountRegion
    subject: str
    state: CheckState
    message: str
    need: int | None = None
    used: int | None = None
    quota: int | None = None
    service_code: str = ""
    quota_code: str = ""
    request: str = ""
    parts: tuple[str, ...] = ()
    """Names that stand for it as well, once all of them are accepted."""
    denied: tuple[DeniedAction, ...] = ()
    """What the caller may not do, where that is what the check is about."""
    raise_to: int = 0
    """What the quota should be, 0 where it need not be raised."""
    reason: str = ""
    """Why the answer is unknown, without how to go on."""

    def is_accepted(self, accepted: Collection[str]) -> bool:
        """Return whether it, or each of its parts, is among the names that are accepted."""
        folded = {name.casefold() for name in accepted}
        parts = {part.casefold() for part in self.parts}
        return any(map(self.is_named, accepted)) or (bool(parts) and parts <= folded)

    def is_named(self, name: str) -> bool:
        """Return whether ``name`` is its quota's code or its subject, in any case of letters."""
        return name.casefold() in {self.subject.casefold(), self.quota_code.casefold()} - {""}


@dataclass(frozen=True)
class PreflightReport:
    """All checks, in the order in which they are read."""

    checks: tuple[Check, ...]
    seats: Mapping[str, str] = field(default_factory=dict)
    """The seats by their accounts, where each has one of its own."""

    @property
    def passed(self) -> bool:
        return not any(check.state in REFUSING for check in self.checks)

    def of(self, *states: CheckState) -> tuple[Check, ...]:
        """Return the checks in one of these states."""
        return tuple(check for check in self.checks if check.state in states)

    def unmatched(self, accepted: Iterable[str]) -> tuple[str, ...]:
        """Return those of the accepted names that no check has: misspelt, most likely."""
        return tuple(
            name
            for name in accepted
            if not any(check.is_named(name) or name in check.parts for check in self.checks)
        )


def unknown(account_region: AccountRegion, subject: str, reason: str) -> Check:
    """Return a check without an answer; it says how to go on without one."""
    message = not_known(reason, subject)
    return Check(account_region, subject, CheckState.UNKNOWN, message, reason=reason)


def not_known(reason: str, name: str) -> str:
    """Return the sentence of a check without an answer, which is accepted by ``name``."""
    cure = waiver(CheckState.UNKNOWN, name)
    return f"{reason}; find it out, or go on without: {cure}"


def waiver(state: CheckState, name: str) -> str:
    """Return the option that accepts a check: ``--accept-short L-B6D80D9C``."""
    return f"--accept-{state.value} {shlex.quote(name)}"


def waived(checks: Iterable[Check], accepted: Collection[str]) -> tuple[Check, ...]:
    """Return the checks, those that are short or unknown and accepted by name being waived."""
    return tuple(
        replace(check, state=CheckState.WAIVED)
        if check.state in WAIVABLE and check.is_accepted(accepted)
        else check
        for check in checks
    )
