"""Repositories of git in folders, under addresses that git of a test finds there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org")


class Repository:
    """A repository with one branch, ``main``, found at ``address`` with ``variables``."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    @property
    def variables(self) -> dict[str, str]:
        """What makes git find it: an address of nobody's stands for the folder."""
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{self.folder}.insteadOf",
            "GIT_CONFIG_VALUE_0": self.address,
        }

    def commit(self, **files: str) -> None:
        """Write files, ``.ipynb`` added to their names, and commit them."""
        for name, text in files.items():
            (self.folder / f"{name}.ipynb").write_text(text)
        self._git("add", ".")
        self._git(*AUTHOR, "commit", "--quiet", "--message=more")

    def _git(self, *words: str) -> None:
        subprocess.run(
            ["/usr/bin/env", "git", "-C", str(self.folder), *words],
            check=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        )
