"""The pages of the handout: one for each seat, and two for whoever hands them out.

These are a page of the room, and sheets of slips to cut out.

Each is one HTML file that asks nothing of any network. Every text in it is escaped, and characters
that steer and are not seen are shown.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import segno

from workshop import page_templates, tags
from workshop.connect import lines
from workshop.connect.ways import INSTALLING
from workshop.counting import count_of
from workshop.handout import links
from workshop.handout.export import has_boxes
from workshop.handout.slips import Handout, Slip
from workshop.handout.texts import Words

ROOM_FILE = "the-room.html"
SHEETS_FILE = "the-slips.html"
"""Their names can be no seat's, whose ids have no hyphen."""


def seat_file(seat: str) -> str:
    """Return the name of a seat's page: its id and nothing of its person."""
    return f"{seat}.html"


def seat_page(handout: Handout, slip: Slip, *, form_token: str = "") -> str:
    """Return what an attendee needs on the table, a page of paper where the lists are short.

    With the token of a server's forms it has a button that opens the notebook.
    """
    return _TEMPLATES.get_template("seat.html.j2").render(
        handout=handout,
        slip=slip,
        names=slip.names,
        profile=slip.profile,
        links=links,
        lines=lines,
        installing=INSTALLING,
        tags=tags,
        form_token=form_token,
        words=Words(handout.languages[0]),
    )


def room_page(handout: Handout, *, form_token: str = "") -> str:
    """Return the page with a row for each seat, which links to the pages of the seats beside it."""
    locations = {(slip.names.account, slip.names.region) for slip in handout.slips}
    return _TEMPLATES.get_template("room.html.j2").render(
        handout=handout,
        locations=locations,
        boxes=has_boxes(handout),
        seat_file=seat_file,
        form_token=form_token,
        words=Words("en"),
    )


def sheets_page(handout: Handout) -> str:
    """Return the sheets with a slip for each seat: several on each, to be cut out.

    A slip says everything in each language.
    """
    languages = [Words(language) for language in handout.languages]
    return _TEMPLATES.get_template("sheets.html.j2").render(
        handout=handout, form_token="", words=languages[0], languages=languages
    )


def mark(handout: Handout) -> str:
    """Return what every page says of who made it, and by which such a page is known again."""
    return f"workshop handout of {handout.workshop}"


def is_marked(text: str, handout: Handout) -> bool:
    """Whether a page was made by a handout of this workshop."""
    return f'<meta name="generator" content="{mark(handout)}">' in text


def style_digest(page: str) -> str:
    """Return the digest of a page's style, as a content security policy names it."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"


def qr_image(url: str) -> str:
    """Return ``url`` for a camera: black on white with the quiet zone of four modules."""
    # M mends 15 % of damage, enough for paper (ISO/IEC 18004).
    drawn = segno.make(url, error="m", micro=False)
    return drawn.svg_data_uri(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )


_TEMPLATES = page_templates.html(Path(__file__).with_name("templates"))
_TEMPLATES.globals["count_of"] = count_of
_TEMPLATES.filters |= {"mark": mark, "qr_image": qr_image}
