"""The frame of a page: one file that asks nothing of any network, built as a tree.

Texts become nodes of the standard library's element tree, which escapes them when it is written;
characters that steer and are not seen are shown.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import segno

from workshop.escaping import printable

_STYLE = Path(__file__).with_name("page.css")

# Nothing may be loaded or run, whatever a text might smuggle in.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def node(tag: str, *children: ET.Element | str, **attributes: str) -> ET.Element:
    """An element; ``class_`` stands for ``class``, other names are used as they are."""
    given = {key.rstrip("_"): printable(value) for key, value in attributes.items()}
    made = ET.Element(tag, given)
    last: ET.Element | None = None
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
            last = child
            continue
        text = printable(child, keep="\n")  # lines for a shell have line breaks, and pages no use
        if last is None:
            made.text = (made.text or "") + text
        else:
            last.tail = (last.tail or "") + text
    return made


def link(url: str, text: str, whose: str = "") -> ET.Element:
    """A link; ``whose`` tells it from others of the same text to those who only hear them."""
    told = {"aria-label": f"{text}: {whose}"} if whose else {}
    return node("a", text, href=url, rel="noreferrer", **told)


def code(text: str) -> ET.Element:
    """Something to be typed or copied as it stands."""
    return node("code", text)


def qr(url: str, alt: str) -> ET.Element:
    """``url`` for a camera: black on white with the quiet zone of four modules, in any theme."""
    # M mends 15 % of damage, enough for paper (ISO/IEC 18004).
    drawn = segno.make(url, error="m", micro=False)
    source = drawn.svg_data_uri(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return node("img", src=source, alt=alt, class_="qr")


def moment(at: datetime) -> ET.Element:
    """A time for people, in its own offset: ``Mon 15 March 2027, 09:00 (UTC+01:00)``."""
    return node("time", f"{at:%a} {at.day} {at:%B %Y, %H:%M} ({at:%Z})", datetime=at.isoformat())


def period(start: datetime, end: datetime) -> tuple[ET.Element | str, ...]:
    """From when to when."""
    return moment(start), " to ", moment(end)


def page(title: str, *body: ET.Element) -> str:
    """The text of a whole HTML file in English."""
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", **{"http-equiv": "Content-Security-Policy"}, content=_POLICY),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", name="robots", content="noindex"),
        node("meta", name="referrer", content="no-referrer"),
        node("title", title),
        node("style", _STYLE.read_text(encoding="utf-8")),
    )
    root = node("html", head, node("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}\n"
