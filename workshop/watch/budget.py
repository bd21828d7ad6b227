"""Holds seats to their caps: at each tick by what they have spent, at an event by what they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workshop.watch.counted import Spending
from workshop.watch.machines import is_deleting, stop_all, tags_of
from workshop.watch.marks import mark_all
from workshop.watch.messages import SAID, TRIES, say, tell_seat
from workshop.watch.roles import freeze_all
from workshop.watch.spending import (
    KINDS,
    count_all,
    read_spending,
    write_spending,
)
from workshop.watch.work import Work

ABOVE = "above-"
"""How the names begin of what is said of a seat above a cap; the seat comes next."""
REFUSED = "refused/"
"""Below which names are kept of what was above a cap and could not be stopped yet."""


class Excess(NamedTuple):
    """Why a seat is above a cap; it is said once for as long as ``key`` and the excess last."""

    key: str
    text: str


def hold_to_budget(work: Work) -> None:
    """Count what seats spend, warn once, and do what is to be done to those above a cap."""
    if not work.settings.budget:
        return
    with work.noting("what seats spend could not be counted"):
        for _ in range(TRIES):
            spending, condition = read_spending(work)
            count_all(work, spending)
            # Another run may have written meanwhile: what it has counted is not counted again.
            if write_spending(work, spending, condition):
                break
        if work.now < work.end:
            above = _above(work, spending)
            _forget_said(work, above)
            _warn_seats(work, spending)
            _hold(work, above)
            _stop_refused(work)


def hold_at_event(work: Work, detail: dict[str, Any]) -> None:
    """Look at the seat that one of SageMaker's events is about; the next tick counts the money."""
    limits = work.settings.budget
    arns = [arn for key, arn in detail.items() if arn and key.endswith(("JobArn", "EndpointArn"))]
    if not limits or not arns:
        return
    if is_deleting(detail):
        with work.noting("an endpoint's end was not counted"):
            spending, condition = read_spending(work)
            spending.end(arns[0], work.now.timestamp())
            write_spending(work, spending, condition, whole=False)
        return
    tags = tags_of(work, arns[0]) or {}
    if tags.get("workshop") != work.settings.workshop:
        return
    with work.noting("what a seat runs could not be read"):
        spending, condition = read_spending(work)
        seat = tags.get("attendee", "")
        count_all(work, spending, seat, _kinds(arns[0]))
        if seat in _above(work, spending):
            # What has ended since of other kinds was not seen to, and no event tells of it.
            count_all(work, spending, seat)
        # Its record may be deleted before the next tick.
        write_spending(work, spending, condition, whole=False)
        above = _above(work, spending)
        _hold(work, {seat: above[seat]} if seat in above else {})


def _kinds(arn: str) -> tuple[str, ...]:
    """Return what is to be counted of what an ARN is of: a tuning job's are training jobs."""
    noun = arn.split(":")[5].partition("/")[0]
    kind = noun.removesuffix("-job").replace("hyper-parameter-tuning", "training")
    return (kind,) if kind in KINDS else KINDS


def _above(work: Work, spending: Spending) -> dict[str, Excess]:
    """Return the seats that are above a cap, each with the first of them."""
    seats = {resource.seat for resource in spending.resources.values()} | {*spending.usd}
    limits, hour = work.settings.budget, f"{work.now:%Y%m%dT%H}"
    found = {seat: excess_of(limits, spending, seat, hour) for seat in sorted(seats - {""})}
    return {seat: excess for seat, excess in found.items() if excess is not None}


def excess_of(
    limits: Mapping[str, Any], spending: Spending, seat: str, hour: str = ""
) -> Excess | None:
    """Return why a seat is above a cap, by the first of them; None where it is above none."""
    # A seat that is not frozen may be above a cap again at once: that is said once an hour.
    hour = "" if limits["on_cap"] == "freeze" else f"-{hour}"
    used, hourly = spending.used(seat), spending.hourly(seat)
    instances = spending.instances(seat)
    cap, most = limits.get("per_seat_usd"), limits.get("max_instances")
    an_hour = limits.get("per_hour_usd")
    if cap and used >= cap:
        return Excess(f"cap-{cap}", f"used {used:.2f} USD, and the cap is {cap:.2f} USD")
    if most and instances > most:
        text = f"ran {instances} instances in jobs and endpoints, and may have {most}"
        return Excess(f"instances{hour}", text)
    if an_hour and hourly > an_hour:
        text = f"ran for {hourly:.2f} USD an hour, and the cap is {an_hour:.2f} USD"
        return Excess(f"hourly{hour}", text)
    return None


def _warn_seats(work: Work, spending: Spending) -> None:
    limits = work.settings.budget
    cap = limits.get("per_seat_usd")
    if not cap:
        return
    for seat in sorted(spending.usd):
        used = spending.used(seat)
        if cap * limits["warn_percent"] / 100 <= used < cap:
            text = (
                f"You have used {used:.2f} USD of the {cap:.2f} USD of your seat. Delete the"
                " endpoints and stop the jobs that you do not need."
            )
            tell_seat(work, f"warned-{seat}-{cap}", seat, text)


def _hold(work: Work, above: dict[str, Excess]) -> None:
    """Freeze and stop the seats above a cap, as far as the YAML says; neighbours go on."""
    if not above:
        return
    on_cap, name = work.settings.budget["on_cap"], f"workshop {work.settings.workshop}"
    done = {
        "freeze": "The seat is frozen, and what bills of it is stopped.",
        "stop": "What bills of the seat is stopped.",
        "tell": "Nothing is stopped.",
    }[on_cap]
    work.seats = frozenset(above)
    try:
        if on_cap == "freeze":
            freeze_all(work)
        if on_cap != "tell":
            stop_all(work)
        if on_cap == "freeze":
            mark_all(work)
    finally:
        work.seats = None
    _note_refused(work)
    for seat, excess in above.items():
        text = f"{seat} {excess.text}. {done}"
        say(work, f"{ABOVE}{seat}-{excess.key}", f"{name}: {seat} is above a cap", text)
        tell_seat(work, f"{ABOVE}{seat}-{excess.key}", seat, f"Your seat {excess.text}. {done}")


def _forget_said(work: Work, above: dict[str, Excess]) -> None:
    """Let what was said of seats be said again once they are below their caps, if they were frozen.

    Somebody has reopened a seat that is above a cap again.
    """
    if work.settings.budget["on_cap"] != "freeze":
        return
    s3, bucket = work.client("s3"), work.settings.bucket
    with work.noting("what was said could not be read"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{SAID}{ABOVE}")
        for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
            if key.removeprefix(f"{SAID}{ABOVE}").partition("-")[0] not in above:
                s3.delete_object(Bucket=bucket, Key=key)


def _note_refused(work: Work) -> None:
    """Keep the names of what AWS does not let be stopped yet.

    When it does, the seat may be below its caps, as all else of it is stopped.
    """
    for name in work.refused:
        with work.noting(f"it was not noted that {name} goes on"):
            work.client("s3").put_object(Bucket=work.settings.bucket, Key=f"{REFUSED}{name}")


def _stop_refused(work: Work) -> None:
    """Stop what earlier runs could not, and nothing else of its seat."""
    s3, bucket = work.client("s3"), work.settings.bucket
    with work.noting("what goes on could not be read"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=REFUSED)
        kept = {
            entry["Key"].removeprefix(REFUSED)
            for page in pages
            for entry in page.get("Contents", [])
        }
        if not kept:
            return
        work.only = frozenset(kept - work.refused)
        late, problems = work.unfinished, len(work.problems)
        work.unfinished = False
        try:
            stop_all(work)
            # What was not looked at may go on.
            if not work.unfinished and len(work.problems) == problems:
                for name in kept - work.refused:
                    s3.delete_object(Bucket=bucket, Key=f"{REFUSED}{name}")
        finally:
            work.only, work.unfinished = None, work.unfinished or late
