"""Packs what is in a private repository with the organiser's own git, for notebooks to unpack.

A bundle of git that holds the files as they are now in a single commit: no history, no author and
no address, so that nothing of the repository but its files goes to AWS.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from workshop.agent.content import BRANCH
from workshop.config.content import Content
from workshop.errors import WorkshopError

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "workshop"),
        ("EMAIL", "workshop@example.invalid"),
        ("DATE", "2000-01-01T00:00:00Z"),
    )
}


def pack(content: Content, folder: Path) -> tuple[Path, str]:
    """Clone a repository into ``folder`` and return the bundle and the id of its one commit.

    The same files give the same commit. Raise WorkshopError where git cannot clone it.
    """
    # git -C counts paths from another folder.
    clone, bundle = folder.resolve() / "clone", folder.resolve() / "content.bundle"
    address = str(content.repository)
    _git(
        *("clone", "--quiet", "--bare", "--depth=1", f"--branch={content.branch}", "--"),
        *(address, str(clone)),
        failure=f"{address}, branch or tag {content.branch}, could not be cloned",
        cure=f"try it by hand: git clone --branch={content.branch} -- {address}",
    )
    failed, cure = f"{address} could not be packed", "see whether your git is a recent one"
    tree = _git("-C", str(clone), "rev-parse", "HEAD^{tree}", failure=failed, cure=cure)
    commit = _git(
        *("-C", str(clone), "commit-tree", tree, "-m", "The workshop's content"),
        failure=failed,
        cure=cure,
        more=_NOBODY,
    )
    ref = f"refs/heads/{BRANCH}"
    _git("-C", str(clone), "update-ref", ref, commit, failure=failed, cure=cure)
    _git(
        *("-C", str(clone), "bundle", "create", "--quiet", str(bundle), ref),
        failure=failed,
        cure=cure,
    )
    return bundle, commit


def _git(*arguments: str, failure: str, cure: str, more: Mapping[str, str] | None = None) -> str:
    """Run the organiser's git with all its settings; return what it prints."""
    try:
        ran = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the organiser's own, wherever that is
            env={**os.environ, **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise WorkshopError(f"{failure} (git: {error.strerror}); install git") from error
    if ran.returncode != 0:
        # An address that the organiser's settings put in place of ours may hold a password.
        output = re.sub(r"//[^/@\s]+@", "//...@", ran.stderr.strip() or "git ended")
        raise WorkshopError(f"{failure} ({output.splitlines()[-1][:300]}); {cure}")
    return ran.stdout.strip()
