"""Starts the CDK app before the command that needs it is even loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workshop import extras
from workshop.cli import typed
from workshop.deploy import app_process
from workshop.deploy.synthesis_cache import SynthesisCache

COMMANDS = ("deploy", "plan")
"""Commands that make templates."""


@contextmanager
def head_start(arguments: Sequence[str]) -> Iterator[None]:
    """Have the app load aside where the command will certainly need it.

    That is where nothing was kept of an environment: what was kept is likely to be used.
    """
    if _needs_app(arguments):
        app_process.begin_early()
    try:
        yield
    finally:
        app_process.stop_early()


def _needs_app(arguments: Sequence[str]) -> bool:
    if next(iter(arguments), "") not in COMMANDS or {"-h", "--help"} & {*arguments}:
        return False
    name = typed.environment(arguments)
    return (
        bool(name)
        and (typed.config_dir(arguments) / f"{name}.yaml").is_file()
        and not SynthesisCache(name).folder.is_dir()
        and extras.is_installed("cdk")
    )
