"""What axe-core finds on a page, and pictures of pages for people to look at."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / ".cache" / "pages"
"""Where pictures are kept; CI hands them out."""


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong: the rule, and the elements that break it."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run()")
    return [
        f"{one['id']}: {', '.join(node['html'] for node in one['nodes'])}"
        for one in found["violations"]
    ]


def picture(page: Page, name: str) -> Path:
    """Keep a picture of the whole page and return its path."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
