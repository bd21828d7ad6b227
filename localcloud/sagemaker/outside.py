"""What the engine needs of the rest of the local cloud, and its defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from localcloud import ministack_adapter

Identity = dict[str, str]
"""``Arn`` and ``PrincipalId`` of whoever calls, as ``CreatedBy.IamIdentity`` shows them."""

_caller: ContextVar[Identity | None] = ContextVar("sagemaker_caller", default=None)
_access_key: ContextVar[str] = ContextVar("sagemaker_access_key", default="")


class QuotaChecks(Protocol):
    """The applied quotas of the account and Region being served."""

    def require(
        self, service: str, asked: Mapping[str, float], in_use: Callable[[str], float]
    ) -> None:
        """Raise ``ApiError`` (ResourceLimitExceeded) if ``asked`` more of a quota is too much.

        ``asked`` maps quota names to amounts, ``in_use`` gives what is taken of one already.
        """


class Faults(Protocol):
    """Injected faults."""

    def is_stuck(self, noun: str, name: str, status: str) -> bool:
        """Whether that resource stays in that status although its time has passed."""

    def lacks_capacity(self, instance_type: str) -> bool:
        """Whether no machine of that type is available."""


class Unlimited:
    """No quota is ever reached."""

    def require(
        self, service: str, asked: Mapping[str, float], in_use: Callable[[str], float]
    ) -> None:
        """Allow everything."""


class Faultless:
    """Nothing goes wrong."""

    def is_stuck(self, noun: str, name: str, status: str) -> bool:  # noqa: ARG002
        return False

    def lacks_capacity(self, instance_type: str) -> bool:  # noqa: ARG002
        return False


def caller() -> Identity:
    """Return the caller of the present request; the account's root outside one."""
    account = ministack_adapter.account()
    return _caller.get() or {"Arn": f"arn:aws:iam::{account}:root", "PrincipalId": account}


def access_key() -> str:
    """Return the access key that signed the present request; the root's outside one."""
    return _access_key.get() or ministack_adapter.account()


def set_caller(identity: Identity | None, key: str) -> None:
    """Set who calls in the present request, and the access key that it is signed with."""
    _caller.set(identity)
    _access_key.set(key)


@contextmanager
def acting_as(identity: Identity) -> Iterator[None]:
    """Set the caller for a block: transitions of a resource are done by its maker."""
    token = _caller.set(identity)
    try:
        yield
    finally:
        _caller.reset(token)
