"""``workshop data``: what the cohort's datasets hold, and how it gets there."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from workshop.account_region import AccountRegion
from workshop.aws import places
from workshop.aws.reads import attempt, known_and_not, read_each
from workshop.cli import agreement, console, interrupts
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.counting import count_of
from workshop.datasets import copying, layout, pushing
from workshop.datasets.copying import CopyPlan
from workshop.datasets.pushing import DatasetsBucket, PushPlan
from workshop.errors import UsageError, WorkshopError
from workshop.teardown.saving import of_bytes

app = typer.Typer(help="The cohort's datasets, which every seat reads: fill them, see them.")

FEW = 10
"""Of what is deleted, as many are named."""
TENTH = 10

Plan = PushPlan | CopyPlan


@app.command()
def push(
    source: Annotated[
        str, typer.Argument(metavar="DIR|s3://...", help="A folder, or a prefix of a bucket.")
    ],
    *,
    env: Env,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="PREFIX", help="Below it in the datasets.")
    ] = "",
    split: Annotated[
        float | None,
        typer.Option(
            "--split",
            metavar="SHARE",
            min=0.01,
            max=0.99,
            help="Lay files out in train/ (this share of each folder) and val/ (the rest).",
        ),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what is there and not in the source.")
    ] = False,
    yes: Annotated[
        str | None,
        typer.Option(
            "--yes", metavar="NAME", help="The workshop's name, instead of typing it, to delete."
        ),
    ] = None,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Bring a dataset to the cohort's bucket, in each account and Region that has seats.

    Only what differs is sent, by size and checksum, so that a push that was interrupted goes on
    where it was when it is run again. Folders train/ and val/ stay as they are; --split makes them,
    the same each time, with the same share of every folder below, such as of every class. A bucket
    is copied inside S3. Seats read the datasets and cannot write them; a teardown deletes them
    unless cohort.keep_datasets says otherwise.

    For example:

        workshop data push ./flowers -e prod --prefix flowers --split 0.8

        workshop data push s3://sagemaker-sample-files/datasets/image/ -e prod
    """
    below = layout.prefix_of(prefix)
    from_bucket = source.startswith("s3:")
    found = {} if from_bucket else {file.name: file for file in layout.files_of(Path(source))}
    keys = layout.keys(found, below, split=split)
    work = opened(env, config_dir)
    buckets = [DatasetsBucket(work.clients, work.loaded, where) for where in work.account_regions]
    with interrupts.ending(work.clients):
        try:
            console.say("comparing with what is there ...")

            def planned_for(bucket: DatasetsBucket) -> Plan:
                if from_bucket:
                    read = copying.read(work.clients, bucket, source)
                    names = layout.keys(read.entries, below, split=split)
                    objects = {key: read.entries[name] for name, key in names.items()}
                    return copying.plan(bucket, read.source, objects, below, delete=delete)
                files = {key: found[name] for name, key in keys.items()}
                return pushing.plan(bucket, files, below, delete=delete)

            plans, left_out = _planned(work, buckets, planned_for)
            _tell(work, plans, below)
            _agree(work, plans, yes)
        except KeyboardInterrupt:
            raise WorkshopError("interrupted; nothing was sent") from None
        progress = PushProgress(plans)
        try:
            for planned in plans:
                if isinstance(planned, CopyPlan):
                    copying.copy(planned, progress)
                else:
                    pushing.push(planned, progress, work.clients.go_on)
        except KeyboardInterrupt:
            raise WorkshopError(
                f"interrupted after {progress}; run this again: what has arrived is not sent again"
            ) from None
    sent = sum(len(planned.send) for planned in plans)
    console.say(f"{count_of(sent, 'file')} sent; all that should be there is, size and checksum")
    if left_out:
        raise WorkshopError(
            f"{count_of(left_out, 'account')} left out; see to those above, and run this again"
        )


def _planned(
    work: CommandContext,
    buckets: Sequence[DatasetsBucket],
    planned_for: Callable[[DatasetsBucket], Plan],
) -> tuple[list[Plan], int]:
    """Return what is to be sent to each bucket, and how many are left out.

    One that cannot be read keeps no other from it where each seat has an account of its own.
    """
    if not work.loaded.settings.accounts.are_own:
        return [planned_for(bucket) for bucket in buckets], 0
    plans: dict[AccountRegion, Plan]
    plans, unread = known_and_not(
        {bucket.account_region: attempt(partial(planned_for, bucket)) for bucket in buckets}
    )
    for why in places.told_unread(work.loaded, unread.items()):
        console.warn(why)
    if not plans:
        raise WorkshopError("nothing was sent; see to those above, and run this again")
    return [*plans.values()], len(unread)


@app.command("list")
def list_datasets(*, env: Env, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False) -> None:
    """Show what the datasets hold, by the first folder of their keys, and what that costs.

    For example:

        workshop data list -e prod
    """
    work = opened(env, config_dir)
    rows: list[dict[str, Any]] = []
    found, unread = read_each(
        lambda where: DatasetsBucket(work.clients, work.loaded, where).entries(),
        work.account_regions,
    )
    if unread and not found:
        raise WorkshopError("; ".join(places.told_unread(work.loaded, unread.items())))
    for where, entries in found.items():
        counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for key, entry in entries.items():
            folder = f"{key.partition('/')[0]}/" if "/" in key else "(no folder)"
            counted[folder][0] += 1
            counted[folder][1] += entry.size
        rows += [
            {
                "account": where.account,
                "region": where.region,
                "folder": folder,
                "files": files,
                "bytes": size,
                "usd_a_month": round(pushing.month_usd(size), 2),
            }
            for folder, (files, size) in sorted(counted.items())
        ]
    if as_json:
        console.print_json(rows)
    else:
        _print(rows)
    for why in places.told_unread(work.loaded, unread.items()):
        console.warn(why)
    if unread:
        raise typer.Exit(1)


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    numbers = ("files", "size", "USD a month")
    table = console.table("account", "region", "folder", *numbers, right=numbers)
    for row in rows:
        table.add_row(
            *(str(row[part]) for part in ("account", "region", "folder")),
            f"{row['files']:,}",
            of_bytes(row["bytes"]),
            f"{row['usd_a_month']:,.2f}",
        )
    console.print_table(table)


class PushProgress:
    """Says each tenth of the bytes, or of the files where those are empty."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._files, self._all_files = 0, sum(len(planned.send) for planned in plans)
        self._bytes, self._all_bytes = 0, sum(planned.bytes for planned in plans)
        self._tenth = 0
        self._lock = threading.Lock()

    def __call__(self, sent: int, *, files: int = 0) -> None:
        """Count what has arrived."""
        with self._lock:
            self._bytes += sent
            self._files += files
            tenth = TENTH * (self._bytes + self._files) // max(1, self._all_bytes + self._all_files)
            if tenth > self._tenth:
                self._tenth = tenth
                console.say(str(self))

    def __str__(self) -> str:
        files = f"{self._files:,} of {count_of(self._all_files, 'file')}"
        return f"{files}, {of_bytes(self._bytes)} of {of_bytes(self._all_bytes)}"


def _tell(work: CommandContext, plans: Sequence[Plan], prefix: str) -> None:
    """Say what will be sent, what that costs, and what is deleted."""
    told = [(planned.bucket, "\n".join(_lines(planned))) for planned in plans]
    if work.loaded.settings.accounts.are_own:
        lines = places.told(work.loaded, [(bucket.account_region, what) for bucket, what in told])
    else:
        lines = [f"s3://{bucket.name}/{prefix}: {what}" for bucket, what in told]
    for line in lines:
        console.say(line)


def _lines(planned: Plan) -> Iterator[str]:
    sent, size = count_of(len(planned.send), "file"), of_bytes(planned.bytes)
    yield (
        f"{sent} to send ({size}, about ${pushing.month_usd(planned.bytes):,.2f} a month),"
        f" {planned.same:,} there already"
    )
    yield from (f"  deletes {key}" for key in planned.delete[:FEW])
    if len(planned.delete) > FEW:
        yield f"  deletes {len(planned.delete) - FEW:,} more"


def _agree(work: CommandContext, plans: Sequence[Plan], yes: str | None) -> None:
    """Have the workshop's name typed where something is deleted; UsageError for another."""
    count = sum(len(planned.delete) for planned in plans)
    if not count:
        return
    name = work.loaded.settings.workshop
    files = count_of(count, "file")
    typed = agreement.typed_name(f"This deletes {files}", name) if yes is None else yes
    if typed != name:
        raise UsageError(f"{typed!r} is not {name}; nothing was sent or deleted")
