"""The AWS CLI, for a process that is prepared: see :mod:`tests.support.workshop_command`."""

from __future__ import annotations

import importlib

import awscli
from awscli import clidriver


def main() -> int:
    """Run a command; where botocore's data is, the CLI's import tells in a variable."""
    importlib.reload(awscli)
    code: int = clidriver.main()
    return code
