"""The page of one seat: what an attendee needs on the table, printed or on a screen."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from workshop import tags
from workshop.handout import links
from workshop.handout.markup import code, link, moment, node, page, period, qr
from workshop.handout.slips import Handout, Slip


def seat_page(handout: Handout, slip: Slip) -> str:
    """One self-contained HTML file, a page of paper where the lists are not very long."""
    for_whom = (node("p", "For ", node("strong", slip.name)),) if slip.name else ()
    header = node(
        "header",
        node("div", node("h1", handout.title), *for_whom),
        node("p", node("span", "Seat "), node("strong", slip.seat), class_="seat"),
        node("p", *period(handout.start, handout.end), class_="when"),
    )
    main = node("main", _way_in(handout, slip), _things(slip), _images(slip), _rules(handout, slip))
    return page(f"{handout.title}: seat {slip.seat}", header, main)


def _way_in(handout: Handout, slip: Slip) -> Element:
    names = slip.names
    role = (" with the role ", code(slip.console_role)) if slip.console_role else ()
    console = node("li", f"Sign in to the AWS console, account {names.account}", *role, ".")
    opening = node(
        "li",
        "Then ",
        link(slip.console_url, "open your notebook in the console"),
        ": click, scan the code, or type the address below.",
    )
    stopped = node(
        "li",
        "If it has stopped, start ",
        code(names.notebook),
        " in the console, or ask; that takes some minutes. What you saved is still there.",
    )
    shown = node(
        "figure",
        qr(slip.console_url, f"QR code of the address that opens notebook {names.notebook}"),
    )
    steps = node("ol", console, opening, stopped)
    address = node("p", link(slip.console_url, slip.console_url), class_="address")
    asking = node(
        "p",
        "No sign-in to the console? Ask the organiser for a link, which has to be opened within"
        " five minutes. Either of these makes one:",
    )
    return node(
        "section",
        node("h2", "Your notebook"),
        *_now(handout, slip),
        node("div", node("div", steps, address), shown, class_="way"),
        asking,
        node("pre", code(f"{slip.fresh}\n{links.fresh_link(names)}")),
    )


def _now(handout: Handout, slip: Slip) -> Iterator[Element]:
    """What holds at this moment alone."""
    if told := slip.notebook.problem:
        yield node("p", "As of ", moment(handout.made), f": {told}.", class_="problem")
    if given := slip.notebook.link:
        yield node(
            "p",
            link(given.url, "Open your notebook"),
            f" before {given.open_before:%H:%M:%S} UTC. This link needs no sign-in: keep it to"
            " yourself. Later on:",
            class_="fresh",
        )


def _things(slip: Slip) -> Element:
    names = slip.names
    pairs: list[tuple[str, tuple[Element | str, ...]]] = [
        ("Region", (names.region,)),
        ("Notebook", (code(names.notebook),)),
    ]
    for key, name in slip.buckets.items():
        prefixes = ", ".join(slip.profile.storage.buckets[key].prefixes)
        inside = (f" with {prefixes}",) if prefixes else ()
        pairs.append((f"Bucket {key}", (code(f"s3://{name}/"), *inside)))
    datasets = code(f"s3://{names.datasets_bucket}/")
    pairs.append(("Datasets, to read", (datasets,)))
    pairs += [(f"Repository {key}", (code(uri),)) for key, uri in slip.repositories.items()]
    pairs.append(("Dashboard", (link(slip.dashboard_url, names.dashboard),)))
    return node(
        "section",
        node("h2", "What is yours"),
        node("dl", *(node("div", node("dt", what), node("dd", *told)) for what, told in pairs)),
        node(
            "p",
            "Your notebook has all of this in the file ",
            code("WORKSHOP.md"),
            " and in variables that begin with ",
            code("WORKSHOP_"),
            ".",
        ),
    )


def _images(slip: Slip) -> Element:
    uri = next(iter(slip.repositories.values()))
    fixed = any(one.immutable_tags for one in slip.profile.registry.repositories.values())
    rule = (node("p", "A tag, once pushed, stays: give each image a new one."),) if fixed else ()
    lines = f"{links.registry_login(slip.names)}\ndocker build --tag {uri}:1 .\ndocker push {uri}:1"
    return node(
        "section",
        node("h2", "Pushing an image"),
        node("pre", code(lines)),
        *rule,
    )


def _rules(handout: Handout, slip: Slip) -> Element:
    return node(
        "section",
        node("h2", "Good to know"),
        node("ul", *(node("li", *told) for told in _told(handout, slip))),
    )


def _told(handout: Handout, slip: Slip) -> Iterator[tuple[Element | str, ...]]:
    access, notebook = slip.profile.access, slip.profile.notebook
    prefix = code(slip.names.job_prefix)
    if access.logs == "own":
        why = ": only then can you read their logs."
    else:
        why = ", so that everybody sees whose they are."
    # Python on the notebook does it by itself.
    models = ", and outside Python those of models," if access.model_prefix else ""
    yield (f"Begin the names of jobs and endpoints{models} with ", prefix, why)
    seat = code(f"{tags.ATTENDEE}={slip.seat}")
    workshop = code(f"{tags.WORKSHOP}={slip.names.workshop}")
    if access.mode == "scoped":
        yield (
            "Python kernels of your notebook tag what you make. In a terminal, give the tags ",
            seat,
            " and ",
            workshop,
            " yourself, or AWS refuses; ",
            code("$WORKSHOP_TAGS"),
            " has them.",
        )
    else:
        yield ("Tag what you make in a terminal with ", seat, " and ", workshop, ".")
    if notebook.idle_stop_minutes is not None:
        bound = notebook.busy_stop_hours
        yield (
            f"The notebook stops after {notebook.idle_stop_minutes} minutes in which nothing runs",
            f", and after {bound} hours without a pause, whatever runs." if bound else ".",
        )
    yield ("Only ", code("/home/ec2-user/SageMaker"), " outlives a stop of the notebook.")
    yield ("All of it is removed after ", moment(handout.end), ": take along what you want.")
