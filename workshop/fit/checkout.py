"""Labs from a git repository, fetched with the organiser's own git into a folder that goes again.

A single commit is fetched, without hooks, submodules or large files, and git asks nobody anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workshop.errors import UsageError, WorkshopError
from workshop.files import shown

SECONDS = 600
"""After so long, git is given up."""

_SHORT = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_ADDRESS = re.compile(r"(?:https|ssh|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEAD = re.compile(r"ref: refs/heads/(\S+)\s+HEAD")
_REF = re.compile(r"[A-Za-z0-9_][\w./-]{0,254}")


@dataclass(frozen=True)
class Checkout:
    """A folder of labs; what says where it was fetched from is empty for one that was there."""

    folder: Path
    address: str = ""
    commit: str = ""
    branch: str = ""
    """The branch or tag, empty where a commit was asked for."""

    @property
    def title(self) -> str:
        """Return how messages name it."""
        if not self.address:
            return shown(self.folder)
        return f"{self.address} at {self.commit[:12]}"


@contextmanager
def opened(source: str, ref: str | None = None) -> Iterator[Checkout]:
    """Yield the labs of a folder, of ``owner/name`` on GitHub, or of a git address.

    Raises UsageError for what is none of these, and WorkshopError where git fails.
    """
    folder = Path(source)
    if folder.is_dir():
        if ref is not None:
            raise UsageError("'--ref' is for a repository; check out what you want in the folder")
        yield Checkout(folder)
        return
    address = f"https://github.com/{source}" if _SHORT.fullmatch(source) else source
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"{without_secret(source)!r} is no folder and no repository; name a folder,"
            " owner/name, or an address such as 'https://github.com/example/labs.git'"
        )
    if ref is not None and (not _REF.fullmatch(ref) or ".." in ref):
        raise UsageError(f"{ref!r} is no branch, tag or commit; name one of the repository")
    with tempfile.TemporaryDirectory(prefix="workshop-fit-") as made:
        yield _fetched(Path(made) / "labs", address, ref or "HEAD")


def without_secret(text: str) -> str:
    """Return an address without the user, password or token that it may hold."""
    return _SECRET.sub("", text)


def _fetched(folder: Path, address: str, ref: str) -> Checkout:
    folder.mkdir()
    _git(folder, "init", "--quiet", "--template=")
    _git(folder, "fetch", "--quiet", "--depth=1", "--no-tags", "--", address, ref)
    _git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    commit = _git(folder, "rev-parse", "HEAD").strip()
    return Checkout(folder, without_secret(address), commit, _branch(folder, address, ref))


def _branch(folder: Path, address: str, ref: str) -> str:
    """Return the branch or tag of a ref: that which the repository shows first, for none."""
    if ref != "HEAD":
        return "" if _COMMIT.fullmatch(ref) else ref
    for line in _git(folder, "ls-remote", "--symref", "--", address, "HEAD").splitlines():
        if found := _HEAD.match(line):
            return found[1]
    return ""


def _git(folder: Path, *arguments: str) -> str:
    settings = ("core.hooksPath=/dev/null", "core.symlinks=false", "protocol.ext.allow=never")
    options = [word for setting in settings for word in ("-c", setting)]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    git = shutil.which("git")
    if git is None:
        raise WorkshopError("git is not there; install it, or name a folder")
    try:
        done = subprocess.run(
            [git, *options, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkshopError(
            f"git took more than {SECONDS} seconds; clone it yourself, and name the folder"
        ) from None
    if done.returncode:
        reason = without_secret(done.stderr.strip().splitlines()[-1]) if done.stderr.strip() else ""
        raise WorkshopError(
            f"git cannot fetch it ({reason or 'no reason given'}); check the address, the ref and"
            " your access"
        )
    return done.stdout
