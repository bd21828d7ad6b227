"""The optional parts of the package: which command needs which, and how to install it."""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from workshop.errors import UsageError

PACKAGE = "workshop-provisioner"

_TEMPLATES = ("cdk", "makes templates with the AWS CDK, which is not installed")

_PAGES = ("board", "serves pages on this machine, and what that takes is not installed")

NEEDS = {
    "plan": _TEMPLATES,
    "deploy": _TEMPLATES,
    "extend": _TEMPLATES,
    "board": _PAGES,
    "access": ("local", "asks the policy engine of the local cloud, which is not installed"),
    "fit": ("local", "asks the policy engine of the local cloud, which is not installed"),
    "cloud": ("local", "runs the local cloud, which is not installed"),
    "rehearse": ("all", "runs notebooks on the local cloud, and not all of this is installed"),
    "demo": ("all", "runs the AWS CDK on the local cloud, and not all of this is installed"),
}
"""Command -> the extra that it needs, and what is said where that is missing."""

_EXTRA = re.compile(r"""([\w.-]+).*;.*\bextra == ["']([\w-]+)["']""")


def is_installed(extra: str) -> bool:
    """Return whether every distribution of the extra is there, in whatever version."""
    wanted = distributions()
    try:
        for distribution in wanted.get(extra) or chain.from_iterable(wanted.values()):
            metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def distributions() -> dict[str, list[str]]:
    """Return extra -> the distributions that it names; ``all`` names only other extras."""
    found: dict[str, list[str]] = {}
    for requirement in metadata.requires(PACKAGE) or ():
        matched = _EXTRA.match(requirement)
        if matched and matched[1] != PACKAGE:
            found.setdefault(matched[2], []).append(matched[1])
    return found


def missing(command: str, typed: str = "") -> UsageError | None:
    """Return the error of a command whose extra is not installed.

    ``typed`` is what was typed, where an option needs what another command needs.
    """
    extra, sentence = NEEDS.get(command, ("", ""))
    if not extra or is_installed(extra):
        return None
    return UsageError(f"{typed or command} {sentence}; {install(extra)}")


def install(extra: str) -> str:
    """Return how to install the extra, in the words of the tool that installed the package."""
    prefix, wanted = Path(sys.prefix), shlex.quote(f"{PACKAGE}[{extra}]")
    # A tool that makes a new environment has to be told where the package came from, and which
    # other extras it had: what is not named is not there afterwards.
    kept = {each for each in distributions() if is_installed(each)} if extra != "all" else set()
    anew = shlex.quote(f"{PACKAGE}[{','.join(sorted({extra, *kept}))}]{origin()}")
    if (prefix / "uv-receipt.toml").exists():
        return f"install it with: uv tool install {anew}"
    if (prefix / "pipx_metadata.json").exists():
        return f"install it with: pipx install --force {anew}"
    if prefix.parent.name.startswith("archive-"):  # of uv's cache: an environment of uvx
        return f"run it with: uvx --from {anew} workshop"
    python = shlex.quote(sys.executable)
    if find_spec("pip") is None:
        return f"install it with: uv pip install --python {python} {wanted}"
    return f"install it with: {python} -m pip install {wanted}"


def origin() -> str:
    """Return `` @ URL`` of a package that came from a file or repository, else nothing."""
    direct = metadata.distribution(PACKAGE).read_text("direct_url.json")
    found = re.search(r'"url": *"([^"]+)"', direct or "")
    return f" @ {found[1]}" if found else ""
