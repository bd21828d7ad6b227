"""Under which keys files of a dataset lie, and which of them are for training."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workshop.errors import UsageError
from workshop.files import shown

OWN = "workshop/"
"""Below it the tool keeps what agents read: no dataset gets there."""
TRAIN, VAL = "train/", "val/"
SEED = 1
LONGEST_KEY = 1024
_LEFT_OUT = frozenset({".git", ".DS_Store", ".ipynb_checkpoints", "__pycache__", "Thumbs.db"})


@dataclass(frozen=True)
class DatasetFile:
    """A file of this machine, ``name`` below its folder, with slashes."""

    name: str
    path: Path
    size: int


def files_of(folder: Path) -> list[DatasetFile]:
    """Return the files below a folder, ordered by name; raise UsageError where there is none.

    Links, and what file managers and git leave, are left out.
    """
    if not folder.is_dir():
        raise UsageError(f"{shown(folder)} is no folder; name one, or s3://bucket/prefix/")
    found = sorted(_walked(folder), key=lambda file: file.name)
    if not found:
        raise UsageError(f"{shown(folder)} has no files; name the folder that has")
    return found


def _walked(folder: Path) -> Iterator[DatasetFile]:
    for below, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = Path(below, name)
            if name not in _LEFT_OUT and path.is_file() and not path.is_symlink():
                yield DatasetFile(path.relative_to(folder).as_posix(), path, path.stat().st_size)


def prefix_of(text: str) -> str:
    """Return a prefix as keys begin with it; raise UsageError for one that is not the caller's."""
    prefix = f"{text.strip('/')}/" if text.strip("/") else ""
    if f"{prefix}/".startswith(OWN):
        raise UsageError(f"{OWN} is where the tool keeps what notebooks read; use another prefix")
    return prefix


def keys(names: Iterable[str], prefix: str, *, split: float | None = None) -> dict[str, str]:
    """Return the key of each file, by its name.

    ``split`` is the share for training: the rest goes to ``val/``, the same files each time. In
    each folder as many are chosen, so that every class has its share. Raise UsageError where files
    are laid out already, and for keys that S3 or the tool does not take.
    """
    names = list(names)
    if split is not None:
        if there := [name for name in names if name.startswith((TRAIN, VAL))]:
            raise UsageError(f"{there[0]} is laid out already; leave out --split, or the folder")
        validation = _validation(names, split)
        laid = {name: f"{VAL if name in validation else TRAIN}{name}" for name in names}
    else:
        laid = {name: name for name in names}
    found = {name: f"{prefix}{key}" for name, key in laid.items()}
    for name, key in found.items():
        if key.startswith(OWN):
            raise UsageError(
                f"{name} would lie where the tool keeps what notebooks read; use --prefix, or"
                " rename it"
            )
        if len(os.fsencode(key)) > LONGEST_KEY or not key.isprintable():
            raise UsageError(f"{key[:100]!r} can be no name in S3; rename it")
    return found


def _validation(names: Iterable[str], split: float) -> set[str]:
    folders: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folders[str(PurePosixPath(name).parent)].append(name)
    chosen: set[str] = set()
    for folder, there in folders.items():
        if len(there) > 1:
            count = min(len(there) - 1, max(1, round((1 - split) * len(there))))
            # No secret: the same files are to be chosen on every machine.
            chosen.update(random.Random(f"{SEED} {folder}").sample(sorted(there), count))  # noqa: S311
    return chosen
