"""Small archives, such as the model that a training job leaves."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping


def packed(files: Mapping[str, bytes], moment: float) -> bytes:
    """Give a ``.tar.gz`` with these files, made at a moment (seconds since the epoch)."""
    packed_files = io.BytesIO()
    with tarfile.open(fileobj=packed_files, mode="w") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(body), int(moment)
            archive.addfile(entry, io.BytesIO(body))
    return gzip.compress(packed_files.getvalue(), mtime=int(moment))
