"""What is said to whoever left out ``-e``: the environments of this folder."""

from __future__ import annotations

from collections.abc import Sequence

from workshop.cli import typed
from workshop.counting import first_of
from workshop.environments import loader

SHIPPED = frozenset({"demo", "dev", "prod"})
"""What this project brings along as examples."""

_LISTED = 5


def hint(arguments: Sequence[str]) -> str:
    """Return a sentence for a command line without ``-e``, empty for any other."""
    if any(word.startswith("--env") or word[:2] == "-e" for word in arguments):
        return ""
    config_dir = typed.config_dir(arguments)
    names = loader.known(config_dir)
    own = [name for name in names if name not in SHIPPED] or names
    if len(own) == 1:
        return f"your environment is {own[0]}: add -e {own[0]}"
    if own:
        return f"add -e with one of: {first_of(own, _LISTED)}"
    return f"{loader.nothing_in(config_dir)}; go to the folder that holds your workshop"
