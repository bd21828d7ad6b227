"""The HTML of the pages: texts of others are escaped; what steers and is not seen, is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workshop import page_templates
from workshop.handout.pages import qr_image

STATIC = Path(__file__).with_name("static")


def page(name: str, /, **values: Any) -> str:
    """Return a page by the name of its template."""
    return _TEMPLATES.get_template(f"{name}.html.j2").render(**values)


_TEMPLATES = page_templates.html(Path(__file__).with_name("templates"))
_TEMPLATES.filters["qr_image"] = qr_image
