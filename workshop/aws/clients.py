"""boto3 clients for every account and Region of a workshop, made once and shared by all threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from botocore.model import OperationModel

from workshop.account_region import AccountRegion
from workshop.aws import errors, local_cloud, regions, retries, speedups
from workshop.aws.sign_in import SignIn
from workshop.config.environment import LoadedEnvironment
from workshop.errors import WorkshopError

SESSION_NAME = "workshop-provisioner"

MOST_ATTEMPTS = 12
"""Of one call, the first included; the waits between them grow to 20 seconds.

Where three calls of ten are refused, one of two million is given up.
"""

ATTEMPTS_TO_SIGN_IN = 8
"""Of the first call of a command: without a network, that is told within half a minute."""

PAGE = 100
"""Of a listing; most services list no more at once."""

CONNECTIONS = 128
"""As many as threads may use one client at once: a teardown empties 24 buckets with 5 calls each.

One more is not refused, but made anew for each call, with a warning.
"""


MOST_ACCOUNTS = 32
"""Whose clients are kept at once, besides the home account's: those of 15 services weigh 2 MB."""


class Clients:
    """Clients by service, account and Region.

    The home account is reached with the caller's own credentials; every other one by taking on
    ``role`` there, with ``external_id`` where it asks for one. Once AWS takes the caller's
    credentials no more, every call raises SignInError.
    """

    def __init__(
        self,
        home: AccountRegion,
        *,
        role: str | None = None,
        external_id: str | None = None,
    ) -> None:
        self.home = home
        self._role = role
        self._external_id = external_id
        self._throttles = 0
        self._lock = threading.Lock()
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[str, dict[tuple[str, AccountRegion, int], Any]] = {}
        """By account, those that were used last behind the others."""
        self._calls: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._taking = threading.Lock()
        self._takers: dict[tuple[tuple[str, Any], ...], Any] = {}
        """By the caller's credentials, of which there are others once they were renewed."""
        self._interrupted = False
        self._here = threading.local()
        self._sign_in = SignIn(home, self._unwatched_sts)

    @classmethod
    def of(cls, loaded: LoadedEnvironment) -> Clients:
        """Return the clients of an environment."""
        return cls(loaded.home, role=loaded.member_role, external_id=loaded.external_id)

    def client(
        self, service: str, account_region: AccountRegion, *, attempts: int | None = None
    ) -> Any:
        """Return the client of ``service``, which tries a call up to ``attempts`` times.

        Raises WorkshopError when the account's and Region's account is another one and no role is
        named.
        """
        with self._lock:  # making a client is not safe in two threads at once
            most = attempts or MOST_ATTEMPTS
            key = (service, account_region, most)
            clients = self._of_account(account_region.account)
            if key not in clients:
                session = self._session(account_region.account)
                made = session.client(  # type: ignore[call-overload]
                    service,
                    region_name=account_region.region,
                    config=_config(most),
                )
                self._sign_in.watch(made, account_region, session)
                made.meta.events.register(f"needs-retry.{service}", self._count_throttle)
                made.meta.events.register_last("needs-retry", partial(retries.wait, most))
                speedups.client(made)
                made.meta.events.register_first("before-call", self.go_on)
                made.meta.events.register("before-call", self._count)
                clients[key] = made
            return clients[key]

    def _of_account(self, account: str) -> dict[tuple[str, AccountRegion, int], Any]:
        """Return the clients of an account; let go of those that nobody has used for longest."""
        if account == self.home.account:
            return self._clients.setdefault(account, {})
        found = self._clients[account] = self._clients.pop(account, {})
        others = [account_id for account_id in self._clients if account_id != self.home.account]
        for account_id in others[: max(0, len(others) - MOST_ACCOUNTS)]:
            del self._clients[account_id]
        return found

    def interrupt(self) -> None:
        """Make no further call, in whatever thread: each raises KeyboardInterrupt from now on.

        What was sent is not taken back. A handler of signals may call this: it takes no lock.
        """
        self._interrupted = True

    def go_on(self, **_: object) -> None:
        """Raise KeyboardInterrupt once :meth:`interrupt` was called."""
        if self._interrupted and not getattr(self._here, "clears_up", False):
            raise KeyboardInterrupt

    @contextmanager
    def clearing_up(self) -> Iterator[None]:
        """Let this thread take back what it has begun, though it was interrupted."""
        self._here.clears_up = True
        try:
            yield
        finally:
            self._here.clears_up = False

    def _unwatched_sts(self, account_region: AccountRegion) -> Any:
        with self._lock:
            session = self._session(account_region.account)
            return session.client("sts", region_name=account_region.region, config=_config(2))

    def call(
        self, account_region: AccountRegion, service: str, operation: str, **request: Any
    ) -> dict[str, Any]:
        """Call an operation, named as in the API; botocore's errors pass through."""
        answer: dict[str, Any] = getattr(
            self.client(service, account_region), xform_name(operation)
        )(**request)
        return answer

    def pages(
        self,
        account_region: AccountRegion,
        service: str,
        operation: str,
        *,
        size: int = 0,
        **request: Any,
    ) -> Iterator[dict[str, Any]]:
        """Return a listing, PAGE or ``size`` items a page; botocore's errors pass through."""
        paginator = self.client(service, account_region).get_paginator(xform_name(operation))
        pages: Iterator[dict[str, Any]] = iter(
            paginator.paginate(**request, PaginationConfig={"PageSize": size or PAGE})
        )
        return pages

    @property
    def calls(self) -> Counter[str]:
        """How many calls were made so far, by ``service:Operation``; retries are left out."""
        with self._counting:
            return Counter(dict(sorted(self._calls.items())))

    @property
    def throttles(self) -> int:
        """How many calls AWS turned away as too many, whether they were retried or not."""
        return self._throttles

    def caller(self, account_region: AccountRegion) -> str:
        """Return the account that calls made for ``account_region`` act in, as STS says."""
        try:
            sts = self.client("sts", account_region, attempts=ATTEMPTS_TO_SIGN_IN)
            return str(sts.get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            if regions.knows_no_key(error) and self._is_known_elsewhere(account_region):
                raise WorkshopError(regions.not_enabled(account_region)) from error
            if errors.is_nowhere(error):
                raise WorkshopError(_nobody_at(error, self.home)) from error
            if isinstance(error, ProfileNotFound):
                raise WorkshopError(
                    f"{str(error)[0].lower()}{str(error)[1:]}, which AWS_PROFILE names; see which"
                    " there are with: aws configure list-profiles, or go on without one with: unset"
                    " AWS_PROFILE"
                ) from error
            raise WorkshopError(
                f"AWS did not say who is calling for account {account_region.account} ({error});"
                " sign in, or check your credentials with: aws sts get-caller-identity"
            ) from error

    @property
    def is_local(self) -> bool:
        """Whether calls go to a local cloud, which nobody signs in to."""
        sts = self.client("sts", self.home, attempts=ATTEMPTS_TO_SIGN_IN)
        return errors.is_local(sts.meta.endpoint_url)

    def _is_known_elsewhere(self, account_region: AccountRegion) -> bool:
        for region in {self.home.region, regions.home(account_region.region)} - {
            account_region.region
        }:
            try:
                sts = self.client(
                    "sts",
                    AccountRegion(account_region.account, region),
                    attempts=ATTEMPTS_TO_SIGN_IN,
                )
                sts.get_caller_identity()
            except (BotoCoreError, ClientError):
                continue
            return True
        return False

    def _count(self, model: OperationModel, **_: object) -> None:
        with self._counting:
            self._calls[f"{model.service_model.service_name}:{model.name}"] += 1

    def _count_throttle(self, response: object = None, **_: object) -> None:
        if isinstance(response, tuple) and len(response) == 2:  # noqa: PLR2004
            parsed = response[1]
            if isinstance(parsed, Mapping) and errors.code(parsed) in errors.THROTTLED:
                with self._counting:
                    self._throttles += 1

    def _session(self, account: str) -> boto3.Session:
        if account not in self._sessions:
            if self.home.account not in self._sessions:
                found = speedups.session()
                self._sign_in.find(found)
                self._sessions[self.home.account] = found
            own = self._sessions[self.home.account]
            if account != self.home.account:
                self._sessions[account] = self._assumed(own, account)
        return self._sessions[account]

    def _assumed(self, own: boto3.Session, account: str) -> boto3.Session:
        if self._role is None:
            raise WorkshopError(
                f"seats in account {account} need a role to take on there; name it in the"
                " environment's file as deploy.role, or run with that account as the environment's"
            )
        partition = regions.partition(self.home.region).name
        raw = own._session  # noqa: SLF001 - boto3 gives no other way to refreshed credentials
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(self._role_taker, raw),
            source_credentials=raw.get_credentials(),
            role_arn=f"arn:{partition}:iam::{account}:role/{self._role}",
            extra_args={
                "RoleSessionName": SESSION_NAME,
                **({"ExternalId": self._external_id} if self._external_id else {}),
            },
        )
        credentials = DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return speedups.session_with(own, credentials)

    def _role_taker(self, raw: Any, service: str, **credentials: Any) -> Any:
        """Return the client that takes on roles, made once for all accounts and all threads."""
        with self._taking:
            key = tuple(sorted(credentials.items()))
            if key not in self._takers:
                given = {"region_name": self.home.region, **credentials}
                self._takers = {key: raw.create_client(service, **given)}
            return self._takers[key]


def _nobody_at(error: Exception, home: AccountRegion) -> str:
    """Return where calls go in vain, with the cure: it is no use to sign in."""
    url = str(getattr(error, "kwargs", {}).get("endpoint_url", "")).rstrip("/")
    if not errors.is_local(url):
        return f"{url} is not to be found ({error}); check the network, the Region and its name"
    return (
        f"this terminal points to a local cloud at {url}, and nobody is there; start it with:"
        f" {local_cloud.starting(home)}, or open another terminal for AWS itself"
    )


@cache
def _config(attempts: int) -> Config:
    """Return what all clients have in common, made once: the version is read from a file."""
    return Config(
        # Slows down all calls of a client by itself once one of them was throttled
        # (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=CONNECTIONS,
        user_agent_extra=f"workshop-provisioner/{version('workshop-provisioner')}",
    )
