"""Hands the seat's tokens to its kernels and terminals, from an object in the seat's own bucket.

They lie in memory, for the notebook's user alone to read: never on the disk, whose files are saved,
and in no report. ``workshop_messages.py`` and ``profile.d`` read them from there.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from workshop.agent import files
from workshop.agent.saving import BucketStore

KEY = ".workshop/tokens.json"
FILE = "tokens.sh"


def bring(
    own: BucketStore, environment: Mapping[str, str], run: Path, remembered: dict[str, Any]
) -> None:
    """Write the tokens of which the YAML has the names, once they have changed."""
    names = environment.get("WORKSHOP_TOKENS", "").split()
    if not names:
        remembered.pop("tokens", None)
        return
    etag = (remembered.get("tokens") or {}).get("etag", "")
    try:
        answer = own.get(KEY, **({"IfNoneMatch": etag} if etag else {}))
        found, etag = files.document(answer["Body"].read()), answer["ETag"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("304", "NotModified"):
            return
        if code not in ("NoSuchKey", "404"):
            raise
        found, etag = {}, ""
    there = {
        name: value
        for name, value in sorted(found.items())
        if name in names and isinstance(value, str) and value.isprintable()
    }
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in there.items())
    write(run / FILE, lines)
    remembered["tokens"] = {"etag": etag, "missing": [name for name in names if name not in there]}


def write(path: Path, text: str) -> None:
    """Write a file that its owner alone reads, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
