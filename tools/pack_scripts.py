"""Pack what travels packed: ``python -m tools.pack_scripts --write|--check``.

It is the notebook's on-start script, and the sources of functions.
"""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tools import generated_files
from workbench import inline_source, packed

WIDTH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the packed texts; return the exit code."""
    wanted = {
        packed.packed_file(): _current(
            packed.packed_file(), packed.set_up(), packed.pack, packed.unpacked
        )
    }
    for package in inline_source.MODULES:
        file, text = inline_source.packed_file(package), inline_source.sources(package)
        wanted[file] = _current(file, text, inline_source.pack, inline_source.unpacked)
    return generated_files.main("tools.pack_scripts", __doc__, wanted, arguments)


def _current(
    file: Path, content: str, pack: Callable[[str], str], unpack: Callable[[str], str]
) -> str:
    """Return the packed file as it is if it holds the content, made anew if not."""
    try:
        there = file.read_text(encoding="ascii")
        if unpack(there) == content:
            return there
    except (OSError, ValueError, lzma.LZMAError, zlib.error):
        pass  # it is not there, or damaged
    text = pack(content)
    return "".join(f"{text[at : at + WIDTH]}\n" for at in range(0, len(text), WIDTH))


if __name__ == "__main__":
    sys.exit(main())
