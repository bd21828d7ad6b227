"""A file of the organiser's own, written where there is none yet."""

from __future__ import annotations

from pathlib import Path

from workshop.errors import WorkshopError
from workshop.files import shown


def write(path: Path, text: str) -> None:
    """Write it, with the folders it needs; raise WorkshopError where it is there or cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise WorkshopError(
            f"{shown(path)} cannot be written ({error.strerror}); check the folder"
        ) from None
