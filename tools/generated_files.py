"""Files that are generated and checked in: written on demand, and checked for being stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def part(path: Path, begin: str, end: str, text: str) -> str:
    """Return a file's text with what stands between two lines renewed.

    Raises ValueError when one of the lines is not there.
    """
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(
            f"{path.relative_to(ROOT)} has lost the comments around its generated part"
        )
    return f"{before}{begin}\n{text}\n{end}{after}"


def main(
    module: str, doc: str | None, wanted: Mapping[Path, str], arguments: Sequence[str] | None
) -> int:
    """Write or check files of the project; the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write what is stale")
    mode.add_argument("--check", action="store_true", help="exit with 1 if anything is stale")
    options = parser.parse_args(arguments)
    stale = [path for path, text in wanted.items() if not _holds(path, text)]
    for path in stale:
        if options.write:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        verb = "wrote" if options.write else f"stale, run 'python -m {module} --write':"
        print(f"{verb} {path.relative_to(ROOT)}", file=sys.stderr)
    return 1 if stale and options.check else 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
