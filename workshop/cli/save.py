"""``workshop save``: all running notebooks and EC2 instances save their files now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import typer

from workshop.aws.machine_kinds import machines_of
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Minutes, OfProfile, Only
from workshop.cli.progress import Progress, saying_pause
from workshop.counting import count_of
from workshop.requests import saving
from workshop.requests.ask import AgentAnswer, AgentWaits


def save(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    minutes: Minutes = saving.MINUTES,
    as_json: AsJson = False,
) -> None:
    """Have all running machines save their files now, and show up to when each is saved.

    Notebooks and EC2 instances do so by themselves every six minutes and before they stop: into
    saved/files/ of the seat's first bucket, an instance beside a notebook into saved/box/files/.
    Links, caches, environments and files above 200 MB are left out; a new machine gets the rest
    back by itself. One that has never reported is told at once if it runs for more than five
    minutes: its agent is not there. The exit code is 1 where a running machine did not save.

    For example:

        workshop save -e prod

        workshop save -e prod --only ada,ben
    """
    work = opened(env, config_dir, only=only, profile=profile)
    left = {*machines_of(work.seats)}
    progress = Progress("save", len(left))
    most = count_of(minutes, "minute")
    console.say(f"asking {count_of(len(left), 'machine')} to save, for {most} at most ...")

    def report(answer: AgentAnswer) -> None:
        left.discard(answer.machine)
        progress.end(saving.sentence(answer), good=answer.result in saving.GOOD)

    with progress.shown():
        pause = saying_pause(lambda: f"{count_of(len(left), 'machine')} to save")
        waits = AgentWaits(pause, minutes)
        answers = saving.save(work.clients, work.loaded, work.seats, waits, report=report)
    if as_json:
        console.print_json([_document(answer) for answer in answers])
    else:
        _print(answers)
    failed = [answer for answer in answers if answer.result not in saving.GOOD]
    saved = sum(answer.result == "done" for answer in answers)
    idle = len(answers) - saved - len(failed)
    console.say(f"{saved} saved, {len(failed)} not, {idle} not running")
    work.warn_of_lost((answer.seat, answer.reason) for answer in failed)
    if failed:
        again = work.command_for("save", [answer.seat.id for answer in failed])
        console.say(f"try again with: {again}")
        raise typer.Exit(1)


def _print(answers: Sequence[AgentAnswer]) -> None:
    numbers = ("files", "MB", "left out")
    several = len({answer.machine.kind for answer in answers}) > 1
    which = ["machine"] if several else []
    table = console.table("seat", *which, "result", "saved until", *numbers, "why", right=numbers)
    for answer in answers:
        report = answer.report
        table.add_row(
            answer.seat.id,
            *([answer.machine.kind.noun] if several else []),
            saving.WORDS[answer.result],
            clock(report.saved_until),
            str(report.files),
            f"{report.bytes / 1e6:,.1f}",
            str(report.left_out),
            answer.reason or "; ".join(report.left_out_first[:2]),
        )
    console.print_table(table)


def clock(moment: float) -> str:
    """Return a moment as people read it, ``-`` for none."""
    if not 0 < moment < float("1e11"):
        return "-"
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _document(answer: AgentAnswer) -> dict[str, Any]:
    return {
        "seat": answer.seat.id,
        "machine": answer.machine.kind.noun,
        "result": answer.result,
        "reason": answer.reason or None,
        "saved_until": answer.report.saved_until or None,
        "files": answer.report.files,
        "bytes": answer.report.bytes,
        "left_out": answer.report.left_out,
        "left_out_first": list(answer.report.left_out_first),
    }
