"""``workshop rehearse --on-aws``: the labs, run by the agent of a seat's own notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from workshop.cli import console, rehearse_view
from workshop.cli.context import CommandContext
from workshop.cli.progress import saying_pause
from workshop.counting import count_of
from workshop.rehearse import on_aws
from workshop.rehearse.on_aws import SeatRehearsal
from workshop.rehearse.rehearsal import TimeLimits
from workshop.requests.ask import AgentWaits

CELL_SECONDS = on_aws.CELL_SECONDS
MINUTES = on_aws.MINUTES


def rehearse(
    work: CommandContext,
    source: Path,
    notebooks: Sequence[str],
    replacing: Mapping[str, str],
    pace: TimeLimits,
    *,
    agreed: bool,
    as_json: bool,
    everything: bool,
) -> None:
    """Run the notebooks in the seat and print the same table as of the local cloud."""
    (seat,) = work.seats
    console.say(
        f"this runs the code of {count_of(len(notebooks), 'notebook')} in {source} on the notebook"
        f" of {seat.id} in account {seat.account}, {seat.region}, as its user and with its role;"
        " not here. It is no play: what the labs make costs money, and stays until it is deleted"
    )
    if not agreed:
        rehearse_view.agree()
    waits = AgentWaits(saying_pause(lambda: f"the notebook of {seat.id}"), on_aws.BEGIN_MINUTES)
    console.say(f"asking the agent of {seat.id}, which begins within minutes ...")
    with TemporaryDirectory() as folder:
        made = SeatRehearsal(work.clients, work.loaded, seat, pace)
        happening = made.run(source, notebooks, replacing, Path(folder), waits)
        outcomes, events = rehearse_view.follow(happening, notebooks)
    if as_json:
        console.print_json(rehearse_view.document(outcomes, events, "the notebook's"))
    else:
        rehearse_view.show(outcomes, events, everything=everything)
        console.say(f"what the labs made is there; see: {work.command('status')}")
    rehearse_view.judge(outcomes, events)
