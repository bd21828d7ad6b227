"""The only import of ministack: every private name in use is fetched through here.

ministack promises none of them, so it is pinned to one release and ``ministack_names.HELD`` is
checked by the contract tests: an upgrade that renames or reshapes one of them fails loudly.
"""

# ruff: noqa: SLF001
from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import cache
from importlib import import_module, metadata
from typing import Any

from localcloud.errors import LocalCloudError

PINNED = "1.5.33"


@cache
def module(name: str) -> Any:
    """Return a module of ministack by its dotted name below it, such as ``services.iam``."""
    return import_module(f"ministack.{name}")


def check_release() -> None:
    """Raise ``LocalCloudError`` for any release but the one whose private names are listed."""
    found = metadata.version("ministack")
    if found != PINNED:
        raise LocalCloudError(
            f"the local cloud needs ministack {PINNED} but found {found}; "
            "install the locked requirements again"
        )


def account() -> str:
    """Return the 12-digit account of the request being served."""
    return str(module("core.responses").get_account_id())


def region() -> str:
    """Return the Region of the request being served."""
    return str(module("core.responses").get_region())


def request_scope(account_id: str, region_name: str) -> AbstractContextManager[None]:
    """Serve an account and Region outside a request."""
    scope: AbstractContextManager[None] = module("core.responses").request_scope(
        account_id, region_name
    )
    return scope


def account_of(access_key: str) -> str:
    """Return the account that a request signed with this access key is served in."""
    responses = module("core.responses")

    def served_in() -> str:
        responses.set_request_account_id(access_key)
        return account()

    # The request being served, if any, keeps its own.
    return copy_context().run(served_in)


def account_of_session(access_key: str) -> str | None:
    """Return the account of a key that STS has issued, or None."""
    found = module("core.responses")._account_from_sts_session(access_key)
    return None if found is None else str(found)


def add_state(name: str, part: Any) -> None:
    """Register a part with state: the emulator empties it on a reset and keeps it between runs.

    ``part`` has ``reset``, ``get_state`` (None: there is nothing to keep) and
    ``load_persisted_state``.
    """
    app = module("app")
    kept_as = _kept_as(name)
    app._loaded_modules[kept_as] = part
    app._state_map[kept_as] = kept_as
    app.SERVICE_REGISTRY[name] = {"module": kept_as}


def add_json_service(name: str, target_prefix: str, service: Any) -> None:
    """Register a JSON service: the emulator routes ``X-Amz-Target: <target_prefix>.*`` to it.

    It also keeps the service's state between runs and empties it on a reset.
    """
    add_state(name, service)
    app = module("app")
    app.SERVICE_HANDLERS[name] = service.handle_request
    patterns = module("core.router").SERVICE_PATTERNS
    others = dict(patterns)
    patterns.clear()
    # First, because the emulator tries them one by one and has more than eighty.
    patterns[name] = {"target_prefixes": [f"{target_prefix}."]}
    patterns.update(others)


def json_services() -> set[str]:
    """Return the names of the services of ours."""
    app = module("app")
    return {
        name
        for name in app.SERVICE_HANDLERS
        if app.SERVICE_REGISTRY[name]["module"] == _kept_as(name)
    }


def _kept_as(name: str) -> str:
    return f"localcloud_{name}"


def access_key(headers: dict[str, str]) -> str:
    """Return the access key that signed a request in its headers, or nothing."""
    return str(module("core.router").extract_access_key_id(headers))


def caller(headers: dict[str, str]) -> dict[str, str] | None:
    """Return ``Arn`` and ``PrincipalId`` of the signer of a request, or None if unknown."""
    found = module("core.iam_evaluator").resolve_caller_identity(access_key(headers))
    return found and {"Arn": found["userArn"], "PrincipalId": found["userId"]}
