"""An environment with its way to AWS, as the commands that talk to AWS begin."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop.account_region import AccountRegion
from workshop.aws import account_guard
from workshop.aws.clients import Clients
from workshop.cli import console
from workshop.cli.options import CONFIG_DIR, seats
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions
from workshop.environments import loader


@dataclass(frozen=True)
class CommandContext:
    """An environment, the chosen seats, and clients for accounts that have proven to be right."""

    loaded: LoadedEnvironment
    seats: tuple[Seat, ...]
    clients: Clients
    options: tuple[str, ...]
    """How the environment and the seats were named on the command line."""

    def command(self, verb: str, *more: str) -> str:
        """Return the command that does ``verb`` with the same seats."""
        return shlex.join(["workshop", verb, *self.options, *more])

    def command_for(self, verb: str, ids: Iterable[str]) -> str:
        """Return the command that does ``verb`` with some of the seats alone."""
        words = ["workshop", verb, "-e", self.loaded.name, "--only", ",".join(ids)]
        if "--config-dir" in self.options:
            words += self.options[self.options.index("--config-dir") :]
        return shlex.join(words)

    @property
    def places(self) -> Sequence[AccountRegion]:
        """Return where the chosen seats are."""
        return account_regions(self.seats)


def opened(
    env: str,
    config_dir: Path,
    *,
    only: str | None = None,
    profile: str | None = None,
) -> CommandContext:
    """Load an environment, choose its seats and check whose account it is.

    Raises ConfigError and UsageError before AWS is asked anything, and GuardError when the caller's
    account is another than the environment's.
    """
    loaded = loader.load(env, config_dir)
    chosen = seats(loaded, only, profile)
    for warning in loaded.warnings:
        console.warn(warning)
    clients = Clients(loaded.home, role=loaded.settings.deploy.role)
    account_guard.check_accounts(clients, loaded, [loaded.home, *account_regions(chosen)])
    options = named(env, config_dir, only=only, profile=profile)
    return CommandContext(loaded, chosen, clients, options)


def named(
    env: str, config_dir: Path, *, only: str | None = None, profile: str | None = None
) -> tuple[str, ...]:
    """Return the options that name an environment and its seats on a command line."""
    options = ["-e", env]
    options += ["--only", only] if only else []
    options += ["--profile", profile] if profile else []
    options += ["--config-dir", str(config_dir)] if config_dir != CONFIG_DIR else []
    return tuple(options)
