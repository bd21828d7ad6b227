"""Pack what travels packed: ``python -m tools.pack_scripts --write|--check``.

It is the notebook's on-start script, and what the door says.
"""

from __future__ import annotations

import base64
import lzma
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import generated_files
from workbench import packed

WIDTH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the packed text; return the exit code."""
    wanted = {
        packed.packed_file(): _current(packed.packed_file(), packed.set_up()),
        packed.door_texts_file(): _current(packed.door_texts_file(), packed.door_texts()),
    }
    return generated_files.main("tools.pack_scripts", __doc__, wanted, arguments)


def _current(file: Path, content: str) -> str:
    """Return the packed file as it is if it holds the content, made anew if not."""
    try:
        text = packed.packed(file)
        if packed.unpacked(text) == content:
            return text + "\n"
    except (OSError, ValueError, lzma.LZMAError):
        pass  # it is not there, or damaged
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9, "pb": 0}]
    compressed = lzma.compress(content.encode(), lzma.FORMAT_ALONE, filters=filters)
    text = base64.a85encode(compressed).decode("ascii")
    return "".join(f"{text[at : at + WIDTH]}\n" for at in range(0, len(text), WIDTH))


if __name__ == "__main__":
    sys.exit(main())
