"""Presigned links to notebooks, and the sessions that they open.

A link can be opened for five minutes, and its session lasts as long as was asked for
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from localcloud import ministack_adapter
from localcloud.clock import Clock

TO_OPEN = 300.0
"""Seconds for which a link can be opened."""
LONGEST = 43_200.0
"""Seconds of a session, if no number is asked for."""


@dataclass(frozen=True)
class NotebookSession:
    """Somebody at a notebook, by a link or by the session that it opened."""

    host: str
    """Where the notebook is served, with the port."""
    account: str
    region: str
    name: str
    access_key: str
    """Of whoever made the link: every request is judged as theirs."""
    seconds: float
    ends: float


class NotebookSessions:
    """All links and sessions of a cloud; none outlives its process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, NotebookSession] = {}
        self._opened: dict[str, NotebookSession] = {}
        self._hosts: set[str] = set()

    def link(self, host: str, name: str, access_key: str, seconds: float) -> str:
        """Return the token of a new link to a notebook of the account and Region being served."""
        place = (ministack_adapter.account(), ministack_adapter.region())
        ends = self._clock.now() + TO_OPEN
        self._hosts.add(host)
        return self._keep(
            self._links, NotebookSession(host, *place, name, access_key, seconds, ends)
        )

    def is_linked(self, host: str) -> bool:
        """Return whether there was ever a link to a notebook at this host."""
        return host in self._hosts

    def linked(self, host: str, token: str) -> NotebookSession | None:
        """Return what a link leads to, or None if it leads nowhere any more."""
        return self._valid(self._links.get(token), host)

    def open(self, session: NotebookSession) -> str:
        """Return the token of the session that a link opens."""
        ends = self._clock.now() + session.seconds
        return self._keep(self._opened, replace(session, ends=ends))

    def opened(self, host: str, token: str) -> NotebookSession | None:
        """Return the session of a token, or None if there is none any more."""
        return self._valid(self._opened.get(token), host)

    def clear(self) -> None:
        """Forget all links and sessions."""
        for kept in (self._links, self._opened, self._hosts):
            kept.clear()

    def _keep(self, among: dict[str, NotebookSession], session: NotebookSession) -> str:
        now = self._clock.now()
        for token in [token for token, other in among.items() if other.ends <= now]:
            del among[token]
        token = secrets.token_urlsafe(32)
        among[token] = session
        return token

    def _valid(self, session: NotebookSession | None, host: str) -> NotebookSession | None:
        if session is None or session.host != host or session.ends <= self._clock.now():
            return None
        return session
