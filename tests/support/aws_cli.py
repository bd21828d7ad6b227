"""The AWS CLI, for a process that is prepared: see :mod:`tests.support.workshop_command`."""

from __future__ import annotations

import importlib

import awscli
from awscli import clidriver
from awscli.customizations import assumerole


def main() -> int:
    """Run a command, after what the CLI's modules take from the environment as they are imported.

    In a variable the CLI tells where botocore's data is; below the home folder it keeps credentials
    of roles, which another cloud does not know.
    """
    importlib.reload(awscli)
    importlib.reload(assumerole)
    code: int = clidriver.main()
    return code
