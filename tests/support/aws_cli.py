"""The AWS CLI, for a process that is prepared: see :mod:`tests.support.workshop_command`."""

from __future__ import annotations

import importlib
from pathlib import Path

import awscli
from awscli import clidriver
from awscli.customizations import assumerole


def main() -> int:
    """Run a command; what the import of the CLI reads and sets in variables, each has anew."""
    importlib.reload(awscli)
    assumerole.CACHE_DIR = str(Path.home() / ".aws" / "cli" / "cache")
    code: int = clidriver.main()
    return code
