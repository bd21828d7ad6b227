"""What a terminal that points to a local cloud is told, where others are told to sign in."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from workshop import files
from workshop.account_region import AccountRegion

STATE_DIR = "LOCAL_CLOUD_STATE_DIR"
"""The variable in which ``workshop cloud env`` says which local cloud a terminal points to."""

DEFAULT_STATE_DIR = files.STATE / "localcloud"


def command(*words: str) -> str:
    """Return a ``workshop cloud`` command about the local cloud that this terminal points to."""
    there = os.environ.get(STATE_DIR)
    is_default = not there or Path(there) == DEFAULT_STATE_DIR.resolve()
    where = () if is_default else ("--state-dir", str(there))
    return shlex.join(("workshop", "cloud", *words, *where))


def pointing() -> str:
    """Return what points a terminal to that local cloud."""
    return f'eval "$({command("env")})"'


def starting(account_region: AccountRegion) -> str:
    """Return how to have a local cloud that is of an account."""
    of = ("--account", account_region.account, "--region", account_region.region)
    return f"{command('start', *of)}, and point this terminal to it with: {pointing()}"


def instead(account_region: AccountRegion) -> str:
    """Return how to have one of this account where there is one of another."""
    return (
        f"end the local cloud that this terminal points to with: {command('stop')}, start one of"
        f" that account with: {starting(account_region)}"
    )
