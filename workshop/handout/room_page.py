"""The page for the room: every seat in a row, for whoever hands them out."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from workshop.handout.markup import link, moment, node, page, period
from workshop.handout.slips import Handout, Slip

FILE = "the-room.html"
"""Its name can be no seat's, whose ids have no hyphen."""


def seat_file(seat: str) -> str:
    """The name of a seat's page: its id and nothing of its person."""
    return f"{seat}.html"


def room_page(handout: Handout) -> str:
    """One self-contained HTML file that links to the pages of the seats beside it."""
    places = {(slip.names.account, slip.names.region) for slip in handout.slips}
    apart = len(places) > 1
    people = ("Name", "E-mail") if handout.with_names else ()
    where = ("Account and Region",) if apart else ()
    columns = ("Seat", *people, "Profile", *where, "Notebook", "Link", "Given")
    count = len(handout.slips)
    ready = sum(not slip.notebook.problem for slip in handout.slips)
    caption = (
        f"{count} seat{'s' if count > 1 else ''}, {ready} with an open notebook, as of ",
        moment(handout.made),
    )
    table = node(
        "table",
        node("caption", *caption),
        node("thead", node("tr", *(node("th", one, scope="col") for one in columns))),
        node("tbody", *(_row(handout, slip, apart=apart) for slip in handout.slips)),
    )
    header = node(
        "header",
        node("div", node("h1", handout.title), node("p", f"Environment {handout.environment}")),
        node("p", node("strong", "The room"), class_="seat"),
        node("p", *period(handout.start, handout.end), class_="when"),
    )
    home = "" if apart else _home(*places.pop())
    return page(f"{handout.title}: the room", header, node("main", node("p", home), table))


def _home(account: str, region: str) -> str:
    return f"All seats are in account {account}, Region {region}."


def _row(handout: Handout, slip: Slip, *, apart: bool) -> Element:
    people = (slip.name, slip.email) if handout.with_names else ()
    where = (f"{slip.names.account} {slip.names.region}",) if apart else ()
    state = slip.notebook.problem or "open"
    mark = {"class": "problem"} if slip.notebook.problem else {}
    page_link = node("a", slip.seat, href=seat_file(slip.seat))
    return node(
        "tr",
        node("th", page_link, scope="row"),
        *(node("td", one, class_="long") for one in people),
        *(node("td", one) for one in (slip.profile_name, *where)),
        node("td", state, **mark),
        node("td", *_given(handout, slip)),
        # Told to whoever listens; on paper it is a box to tick.
        node("td", node("span", role="img", class_="box", **{"aria-label": "not ticked"})),
    )


def _given(handout: Handout, slip: Slip) -> tuple[Element | str, ...]:
    given = slip.notebook.link
    whose = f"notebook of {slip.seat}"
    if not handout.presigned:
        return (link(slip.console_url, "console", whose),)
    if given is None:
        return ("none",)
    return link(given.url, "open", whose), f" before {given.open_before:%H:%M:%S} UTC"
