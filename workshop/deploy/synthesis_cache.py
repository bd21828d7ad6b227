"""Keeps what a synthesis wrote, by the digest of its inputs, so that it is not repeated.

What is read here is deployed. A file counts only where nobody but the caller can have written it:
it and the folders that hold it belong to the caller, and no other may write there. It counts only
whole, which its own digest tells, and under the key that it was written for. Anything else is
thrown away, and the synthesis is run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop import files

KEPT = 4
"""Newest entries: both ways of ``--only``, and a YAML that is changed and changed back."""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What the CDK app wrote: by artifact id each stack's template and whether it is protected.

    ``said`` is what it printed for people.
    """

    stacks: Mapping[str, tuple[str, bool]]
    said: str = ""


@dataclass(frozen=True, slots=True)
class SynthesisCache:
    """The syntheses of one environment, in ``<state>/<environment>/synthesis``."""

    environment: str
    state: Path = files.STATE

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self.state / self.environment / "synthesis"

    def get(self, key: str) -> Synthesis | None:
        """Return what was kept for a key; None where nothing was that can be trusted."""
        path = self._path(key)
        folders = (self.folder, self.folder.parent, self.state)
        if not all(map(files.is_own_folder, folders)):
            return None
        try:
            kept = _parsed(files.own_content(path) or b"", key)
            if kept is None:
                path.unlink()
            else:
                os.utime(path)  # the newest are kept
        except OSError:
            return None
        return kept

    def put(self, key: str, synthesis: Synthesis) -> None:
        """Keep a synthesis; where the folder cannot be written to, it is only not kept."""
        document = {
            "key": key,
            "stacks": {name: list(stack) for name, stack in synthesis.stacks.items()},
            "said": synthesis.said,
        }
        body = json.dumps(document).encode()
        with suppress(OSError):
            files.make_folder(self.folder)
            files.write(self._path(key), b"%s\n%s" % (_digest(body), body))
            self._prune()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _prune(self) -> None:
        entries = sorted(self.folder.glob("*.json"), key=_changed, reverse=True)
        for path in entries[KEPT:]:
            path.unlink(missing_ok=True)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another run has just removed it
        return 0


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _parsed(raw: bytes, key: str) -> Synthesis | None:
    digest, _, body = raw.partition(b"\n")
    if digest != _digest(body):
        return None
    try:
        document: dict[str, Any] = json.loads(body)
        if document["key"] != key:
            return None
        stacks = {
            str(name): (str(text), bool(protected))
            for name, (text, protected) in document["stacks"].items()
        }
        return Synthesis(stacks, str(document["said"]))
    except (ValueError, KeyError, TypeError, AttributeError):  # an older form
        return None
