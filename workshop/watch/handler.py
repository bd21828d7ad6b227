"""What the function does when it is woken: by the clock, and by SageMaker's own events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workshop.watch.budget import hold_at_event, hold_to_budget
from workshop.watch.endpoints import note_event
from workshop.watch.hours import keep_hours
from workshop.watch.machines import stop_all, stop_one
from workshop.watch.marks import mark_all
from workshop.watch.messages import first_time, keep, say, tell_attendees
from workshop.watch.roles import FROZEN, freeze_all
from workshop.watch.work import Settings, Work, now_of, time_of

WARNING = timedelta(minutes=15)
"""How long before the end attendees are told, and files are saved."""

STALE = timedelta(minutes=6)
"""How old an event is that nothing is done about: a run by the clock has looked since. Of a flood
that Lambda keeps waiting, no more than this is worked off before such a run has its turn."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do what is due by now; to do it twice is to do it once."""
    work = Work(
        Settings.given(), now_of(event), lambda: context.get_remaining_time_in_millis() / 1000
    )
    if event.get("source") == "aws.sagemaker":
        note_event(work, event["detail"])
        if work.now - time_of(event, work.now) > STALE:
            return work.report()
        if work.now >= work.end:
            stop_one(work, event["detail"])
        else:
            hold_at_event(work, event["detail"])
        return work.report()
    if work.now >= work.end:
        end(work)
    elif work.now >= work.end - WARNING:
        warn(work)
    else:
        keep_hours(work)
    hold_to_budget(work)
    keep(work)
    return work.report()


def warn(work: Work) -> None:
    """Tell attendees of the end, once, and have their files saved."""
    with work.noting("attendees were not told of the end"), first_time(work, "warned") as first:
        if first:
            at = work.end.strftime("%H:%M UTC")
            boxes = work.settings.boxes
            machines = "jobs, notebooks and EC2 instances" if boxes else "jobs and notebooks"
            text = (
                f"The workshop ends at {at}: endpoints are deleted, {machines} are"
                " stopped. Your files are being saved now."
            )
            tell_attendees(work, "end", text, save=True)


def end(work: Work) -> None:
    """Freeze all seats, stop what bills, and say so once."""
    freeze_all(work)
    stop_all(work)
    mark_all(work)
    left = bool(work.pending or work.problems or work.unfinished)
    done = ", ".join(f"{count} {what}" for what, count in work.done.items()) or "nothing was left"
    name = f"workshop {work.settings.workshop}"
    text = f"The {name} ended at {work.settings.end}: {done}."
    if left:
        more = ["There was no time for everything yet." if work.unfinished else "", *work.pending]
        more += dict.fromkeys(work.problems)
        text += " It goes on every five minutes.\n\n" + "\n".join(filter(None, more))[:20_000]
    say(work, "over", f"{name}: the end", text)
    if not left and not work.done.keys() - {FROZEN}:
        say(
            work,
            "quiet",
            f"{name}: nothing runs any more",
            f"Nothing of the {name} runs any more. Disks and files still cost a little:"
            " workshop teardown takes all of it away.",
        )
