"""Pack the notebook's on-start script: ``python -m tools.pack_scripts --write|--check``."""

from __future__ import annotations

import base64
import lzma
import sys
from collections.abc import Sequence

from tools import generated_files
from workbench import packed

WIDTH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the packed text; return the exit code."""
    wanted = {packed.packed_file(): _current()}
    return generated_files.main("tools.pack_scripts", __doc__, wanted, arguments)


def _current() -> str:
    """Return the packed file as it is if it holds the script, made anew if not."""
    script = packed.set_up()
    try:
        if packed.unpacked(packed.packed()) == script:
            return packed.packed() + "\n"
    except (OSError, ValueError, lzma.LZMAError):
        pass  # it is not there, or damaged
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9, "pb": 0}]
    content = lzma.compress(script.encode(), lzma.FORMAT_ALONE, filters=filters)
    text = base64.a85encode(content).decode("ascii")
    return "".join(f"{text[at : at + WIDTH]}\n" for at in range(0, len(text), WIDTH))


if __name__ == "__main__":
    sys.exit(main())
