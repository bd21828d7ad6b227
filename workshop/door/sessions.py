"""Who a visitor is after a code was accepted: a cookie that the key signs, and tokens of forms."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

COOKIE = "door"
HOURS = 12
AHEAD = 60
"""Seconds that the clock of one machine may be ahead of another's."""
_FORM = re.compile(
    r"(seat|helper|class)\.([a-z0-9]{1,40})\.([0-9]{1,6})\.([0-9]{1,12})\.([0-9a-f]{64})"
)


@dataclass(frozen=True)
class DoorSession:
    """A visitor: ``kind`` is seat, helper or class; ``name`` the seat, the number, or a random id.

    ``generation`` is that of the code, ``issued`` in epoch seconds.
    """

    kind: str
    name: str
    generation: int
    issued: int

    @property
    def subject(self) -> str:
        """What the code was for."""
        return self.kind if self.kind == "class" else f"{self.kind}:{self.name}"

    def _signed(self, key: bytes) -> tuple[str, str]:
        text = f"{self.kind}.{self.name}.{self.generation}.{self.issued}"
        return text, hmac.digest(key, f"session:{text}".encode(), "sha256").hex()

    def cookie(self, key: bytes) -> str:
        """Return the cookie's value."""
        return ".".join(self._signed(key))

    def token(self, key: bytes) -> str:
        """Return what each form of this session carries, and no other site can know."""
        return hmac.digest(key, f"form:{self.cookie(key)}".encode(), "sha256").hex()


def session_of(
    key: bytes, cookie: str, generations: Mapping[str, int], now: float
) -> DoorSession | None:
    """Return the session of a cookie, None where it is forged, too old or of an old code."""
    found = _FORM.fullmatch(cookie)
    if not found:
        return None
    session = DoorSession(found[1], found[2], int(found[3]), int(found[4]))
    if not hmac.compare_digest(session.cookie(key).encode(), cookie.encode()):
        return None
    is_fresh = -AHEAD <= now - session.issued < HOURS * 3600
    # A later one than is known was given since: what is known of generations is some seconds old.
    is_current = session.generation >= generations.get(session.subject, 0)
    return session if is_fresh and is_current else None


def is_token(key: bytes, session: DoorSession, given: str) -> bool:
    """Return whether a form was made for this session."""
    return hmac.compare_digest(session.token(key).encode(), given.encode())
