"""Whoever makes things in a test of a teardown: one session that signs in as each in turn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from tests.support.direct_calls import Lines
from tests.support.small_workshop import HOME
from workshop.naming import Names


class Session:
    """One boto3 session for all seats, in turn: making clients takes longer than using them."""

    def __init__(self, endpoint: str, lines: Lines | None = None) -> None:
        self._session = boto3.Session(
            aws_access_key_id="nobody",
            aws_secret_access_key="unknown",
            aws_session_token="none",
            region_name=HOME.region,
        )
        self._endpoint = endpoint
        self._lines = lines
        self._clients: dict[str, Any] = {}

    def sign_in(self, **given: Any) -> None:
        """Be somebody else from now on; all clients that were made follow."""
        credentials: Any = self._session.get_credentials()
        credentials.access_key = given["AccessKeyId"]
        credentials.secret_key = given["SecretAccessKey"]
        credentials.token = given["SessionToken"]

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self._endpoint,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
            if self._lines is not None:
                self._lines.carry(self._clients[service], attempts=1)
        return self._clients[service]


@cache
def session_at(endpoint: str) -> Session:
    return Session(endpoint)


@cache
def session_over(lines: Lines, endpoint: str) -> Session:
    return Session(endpoint, lines)


@dataclass(frozen=True)
class Maker:
    """Whoever makes things: with which role, under which names, with or without tags."""

    session: Session
    names: Names
    role: str
    prefix: str
    tags: tuple[tuple[str, str], ...]
    forced: tuple[tuple[str, str], ...] = ()
    """The tags of what serves models: IAM lets no seat make it without."""

    def called(self, word: str) -> str:
        return f"{self.prefix}{word}"

    def client(self, service: str) -> Any:
        return self.session.client(service)

    @property
    def tagged(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.tags]

    @property
    def forced_tags(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.forced]

    @property
    def bucket(self) -> str:
        return self.names.bucket("data")
