"""The environment in which ``aws``, ``cdk`` and boto3 talk to a local cloud and to nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from localcloud.authentication import keys
from localcloud.record import Running

EMPTY_CONFIG = "no-aws-config"
"""An empty file in the state directory that stands in for the user's AWS files."""

STATE_DIR = "LOCAL_CLOUD_STATE_DIR"
"""The variable that says which state directory the cloud is of that a terminal points to."""

LOCAL = "127.0.0.1,localhost"
_PROXY_EXCEPTIONS = ("NO_PROXY", "no_proxy")

SSO_PROFILE = "local-cloud"
SSO_CONFIG = "sso-config"
"""The file in the state directory with the profile of who signed in with a browser."""

UNSET = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
)
"""Variables that go before a profile, or lead a client to a real account or past the endpoint.

Those of one service each, such as ``AWS_ENDPOINT_URL_S3``, are too many to list: see ``unset``.
"""

_SERVICE_ENDPOINT = re.compile(r"AWS_ENDPOINT_URL_[A-Z0-9_]+")


def variables(running: Running, state_dir: Path, account: str | None = None) -> dict[str, str]:
    """Return the variables to set; ``account`` works in another account than the cloud's own.

    The access key is the account id: that is how the emulator tells accounts apart.
    """
    nothing = str((state_dir / EMPTY_CONFIG).resolve())
    here = account or running.account
    return {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": here,
        "AWS_SECRET_ACCESS_KEY": keys.account_secret(running.secret, here),
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": here,
        "CDK_DEFAULT_REGION": running.region,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        STATE_DIR: str(state_dir.resolve()),
        "NO_PROXY": LOCAL,
        "no_proxy": LOCAL,
    }


def signed_in(running: Running, state_dir: Path, account: str | None = None) -> dict[str, str]:
    """Return the variables of somebody who signed in with a browser: a profile, and no keys."""
    chosen = variables(running, state_dir, account)
    keys_of_account = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    kept = {name: value for name, value in chosen.items() if name not in keys_of_account}
    config = str((state_dir / SSO_CONFIG).resolve())
    return {**kept, "AWS_CONFIG_FILE": config, "AWS_PROFILE": SSO_PROFILE}


def unset(base: Mapping[str, str]) -> list[str]:
    """Return the names to take out of ``base`` (such as ``os.environ``).

    ``UNSET`` always, and the endpoints ``base`` has for single services: they outrank the general.
    """
    return [*UNSET, *sorted(name for name in base if _SERVICE_ENDPOINT.fullmatch(name))]


def applied(base: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` (such as ``os.environ``) with ``chosen`` as its only AWS variables."""
    gone = set(unset(base))
    kept = {name: value for name, value in base.items() if name not in gone}
    exceptions = {name: f"{LOCAL},{base[name]}" for name in _PROXY_EXCEPTIONS if base.get(name)}
    return {**kept, **chosen, **exceptions}


def shell_lines(base: Mapping[str, str], chosen: Mapping[str, str]) -> str:
    """Return lines for ``eval`` in a POSIX shell whose exported variables are ``base``."""
    lines = [f"unset {' '.join(unset(base))}"]
    for name, value in chosen.items():
        # Proxy exceptions that are set already stay in force.
        more = f"${{{name}:+,${name}}}" if name in _PROXY_EXCEPTIONS else ""
        lines.append(f"export {name}={shlex.quote(value)}{more}")
    return "\n".join(lines)
