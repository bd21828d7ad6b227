"""The source of a function that travels inline: the modules of a package, and what loads them.

The CDK command line sends a template as YAML, in which every line of a source is indented by twenty
blanks, and takes no more than 51,200 characters of it without a bootstrapped bucket. Packed, a
source takes a third, with all its comments. The packed text is checked in, written by
``tools.pack_scripts``: what a library makes of a text differs between its releases, and two
organisers must get the same template.
"""

from __future__ import annotations

import base64
import json
import zlib
from importlib.resources import files
from pathlib import Path

WATCH, DOOR = "workshop.watch", "workshop.door"
MODULES = {
    WATCH: (
        *("work", "messages", "roles", "boxes", "machines", "marks", "hours", "endpoints"),
        *("counted", "spending", "budget", "handler"),
    ),
    DOOR: (
        *("texts", "codes", "visit", "request", "state", "sessions", "claims", "seats", "boxes"),
        *("pages", "handler"),
    ),
}
"""The modules of each package: what is imported stands before what imports it."""

_INDEX = '''\
"""The modules of {package}, packed. Beside this file they are read by:

python3 -c "import index; print(*index.SOURCES.values())"
"""

import base64, json, sys, types, zlib

SOURCES = json.loads(zlib.decompress(base64.b85decode("{packed}")))
for name, source in SOURCES.items():
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), vars(sys.modules[name]))
handler = sys.modules["{package}.handler"].handler
'''


def index(package: str) -> str:
    """Return the module ``index``, whose ``handler`` is that of the package's handler."""
    return _INDEX.format(package=package, packed="".join(packed(package).split()))


def sources(package: str) -> str:
    """Return the modules' texts by their full names, in the order of their loading, as JSON."""
    return json.dumps(
        {
            f"{package}.{name}": files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
            for name in MODULES[package]
        },
        ensure_ascii=False,
    )


def packed(package: str) -> str:
    """Return the same as it is checked in."""
    return packed_file(package).read_text(encoding="ascii").rstrip("\n")


def pack(text: str) -> str:
    """Return a text as the function unpacks it."""
    return base64.b85encode(zlib.compress(text.encode(), 9)).decode("ascii")


def unpacked(text: str) -> str:
    """Return what was packed; the text may have several lines."""
    return zlib.decompress(base64.b85decode("".join(text.split()))).decode()


def packed_file(package: str) -> Path:
    """Return where the packed text of a package is checked in."""
    return Path(__file__).parent / "scripts" / f"{package.rpartition('.')[2]}.packed"
