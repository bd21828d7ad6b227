"""Starts notebooks and EC2 instances before class and stops them after it, on each day.

An attendee's file ``KEEP-RUNNING`` holds against the idle stop of a notebook alone: it is on the
disk, where nobody reads it from outside, and hours are the organiser's word. Whoever needs the
night starts the notebook again half an hour after class.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone, tzinfo

from workshop.watch.boxes import start_boxes, stop_boxes
from workshop.watch.machines import ask, listed_notebooks, stop_notebooks
from workshop.watch.messages import first_time, tell_attendees
from workshop.watch.work import OutOfTimeError, Work, moment

LEAD = timedelta(minutes=30)
"""How long before class the first notebooks are started."""
STARTING = timedelta(minutes=10)
"""What a notebook takes to start: none should begin later than that."""
NOTICE = timedelta(minutes=15)
"""How long before the end of class attendees are told, and files are saved."""
LATE = timedelta(minutes=30)
"""For how long after class what runs is stopped; what somebody starts later goes on."""
BETWEEN = timedelta(minutes=5)
"""From one run to the next."""


def keep_hours(work: Work) -> None:
    """Start or stop notebooks where the time has come; without hours, do nothing."""
    if not work.settings.hours:
        return
    first = moment(work.settings.start)
    here = work.now.astimezone(_zone(work, first.tzinfo))
    opening, closing = ([*map(int, at.split(":"))] for at in work.settings.hours.split("-"))
    soon = here + LEAD
    opens = soon.replace(hour=opening[0], minute=opening[1], second=0, microsecond=0)
    closed = here.replace(hour=closing[0], minute=closing[1], second=0, microsecond=0)
    if closed > here:
        closed -= timedelta(days=1)
    try:
        if here < opens <= soon and opens.date() >= first.date():
            if work.settings.boxes:
                with work.noting("EC2 instances were not started"):
                    start_boxes(work, _frozen_seats(work))
            with work.noting("notebooks were not started"):
                _start_some(work, opens - here)
        elif here - closed < LATE and closed.date() >= first.date():
            if work.settings.boxes:
                with work.noting("EC2 instances"):
                    stop_boxes(work)
            with work.noting("notebooks"):
                stop_notebooks(work)
        elif closed + timedelta(days=1) - here <= NOTICE and here.date() >= first.date():
            _tell_of_closing(work, closed + timedelta(days=1))
    except OutOfTimeError:
        work.unfinished = True


def _zone(work: Work, first: tzinfo | None) -> tzinfo | None:
    """Return how far clocks are from UTC now: as at the start, or as they were changed since."""
    passed = [to for at, to in sorted(work.settings.changes.items()) if moment(at) <= work.now]
    return timezone(timedelta(minutes=passed[-1])) if passed else first


def _tell_of_closing(work: Work, closes: datetime) -> None:
    """Tell attendees, and have files saved, once a day; each saves once more while it stops."""
    what = f"closing-{closes:%Y%m%d}"
    failed = "attendees were not told that notebooks are stopped, and files not saved before"
    with work.noting(failed), first_time(work, what) as first:
        if first:
            machines = "notebooks and EC2 instances" if work.settings.boxes else "notebooks"
            text = (
                f"Class ends at {closes:%H:%M}: {machines} are stopped then, whatever"
                " KEEP-RUNNING says. Your files are being saved now. Jobs and endpoints go on."
            )
            tell_attendees(work, what, text, save=True)


def _start_some(work: Work, left: timedelta) -> None:
    """Start as many as this run has to, for all to run when class begins; no frozen seat's."""
    frozen = _frozen_seats(work)
    waiting = [
        name
        for name, status, _ in listed_notebooks(work)
        if status in ("Stopped", "Failed") and name.split("-")[1] not in frozen
    ]
    runs = max(1, (left - STARTING) // BETWEEN)
    for name in waiting[: math.ceil(len(waiting) / runs)]:
        work.go_on()
        ask(
            work,
            f"notebook {name}",
            "notebooks started",
            "start_notebook_instance",
            NotebookInstanceName=name,
        )


def _frozen_seats(work: Work) -> set[str]:
    pages = work.client("iam").get_paginator("list_entities_for_policy")
    found = pages.paginate(PolicyArn=work.settings.freeze, EntityFilter="Role")
    return {role["RoleName"].split("-")[1] for page in found for role in page["PolicyRoles"]}
