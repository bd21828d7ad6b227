"""``workshop demo``: the whole story on the local cloud, in under a minute."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import boto3
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from workshop import environment
from workshop.cli import console
from workshop.cli.options import CONFIG_DIR, Env
from workshop.demo import attendee, toolkit
from workshop.demo.leftovers import leftovers
from workshop.demo.toolkit import Toolkit
from workshop.environment import LoadedEnvironment
from workshop.errors import GuardError, WorkshopError
from workshop.localcloud import environment as cloud_environment
from workshop.localcloud import process
from workshop.localcloud.record import Running

STATE_DIR = Path(".workshop") / "demo"
CONCURRENCY = "8"


class Clock:
    """How long each step took, in the order of the steps."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        console.say(f"\n{len(self.steps) + 1}. {title}")
        began = time.monotonic()
        yield
        self.steps.append((title, time.monotonic() - began))


def demo(
    *,
    env: Env = "demo",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local cloud running for a look around.")
    ] = False,
) -> None:
    """Deploy, look at, use and destroy a workshop on a local cloud of its own.

    Uses the real CDK command line and talks to no AWS account.
    """
    loaded = environment.load(env, CONFIG_DIR)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        # A closed terminal ends the demo like Ctrl-C, so that its cloud is stopped as well; under
        # nohup it goes on.
        if signal.getsignal(sign) != signal.SIG_IGN:
            signal.signal(sign, lambda *_: sys.exit(1))
    clock = Clock()
    with _alone():
        try:
            with clock.step("Start a local cloud"):
                running = _started(loaded)
                console.say(f"   {running.endpoint}, account {running.account}, {running.region}")
            _story(loaded, running, clock)
        finally:
            if keep:
                console.say(f'still running: eval "$(workshop cloud env --state-dir {STATE_DIR})"')
            else:
                process.stop(STATE_DIR)
    timings = console.table("step", "seconds", right=("seconds",))
    for title, seconds in clock.steps:
        timings.add_row(title, f"{seconds:.1f}")
    timings.add_row("all", f"{sum(seconds for _, seconds in clock.steps):.1f}")
    print()
    console.print_table(timings)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep a second demo in the same folder from stopping this one's cloud."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    with (STATE_DIR / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GuardError("another demo runs in this folder; wait until it has ended") from None
        yield


def _started(loaded: LoadedEnvironment) -> Running:
    places = {(seat.account, seat.region) for seat in loaded.seats}
    home = (loaded.settings.account, loaded.settings.region)
    if places != {home}:
        raise GuardError("the demo shows one account and one Region; use the environment 'demo'")
    process.stop(STATE_DIR)
    account, region = home
    return process.start(STATE_DIR, account=account, region=region).running


def _story(loaded: LoadedEnvironment, running: Running, clock: Clock) -> None:
    variables = cloud_environment.variables(running, STATE_DIR)
    whole = cloud_environment.applied(os.environ, variables)
    cdk = Toolkit(Path.cwd(), STATE_DIR, whole)
    session = _session(variables)
    assembly = STATE_DIR / "cdk.out"

    with clock.step("cdk synth: the templates of every seat, checked"):
        console.say("   up to a minute the first time")
        cdk.run("synth", "--quiet", "-c", f"env={loaded.name}", "-o", str(assembly))
        stacks = toolkit.stacks(assembly)
        console.say(f"   {len(stacks)} stacks for {len(loaded.seats)} seats")

    with clock.step("cdk deploy: all of them"), _progress("deployed", stacks) as finished:
        cdk.run(
            *("deploy", "--app", str(assembly), "--all", "--concurrency", CONCURRENCY),
            *("--require-approval", "never", "--progress", "events"),
            finished=finished,
        )

    with clock.step("What every seat has now, read back through boto3"):
        _show([attendee.read_back(session, loaded, seat) for seat in loaded.seats])

    first = loaded.seats[0]
    mine = loaded.names(first)
    bucket = mine.bucket(next(iter(loaded.settings.profiles[first.profile].storage.buckets)))
    with clock.step(f"An attendee at work: {first.id}"):
        versions = attendee.put_object(session, bucket, "train/labels.csv", b"cat,1")
        console.say(f"   s3://{bucket}/train/labels.csv: {versions} versions")
        stopped, started = attendee.stop_and_start(session, mine.notebook)
        console.say(f"   {mine.notebook}: {stopped}, then {started}")

    with clock.step("cdk destroy: all of them"), _progress("destroyed", stacks) as finished:
        # CloudFormation does not delete a bucket that somebody has used.
        gone = attendee.empty_bucket(session, bucket)
        console.say(f"   emptied {bucket} first: {gone} versions")
        cdk.run(
            *("destroy", "--app", str(assembly), "--all", "--force"),
            *("--concurrency", CONCURRENCY),
            finished=finished,
        )

    with clock.step("Prove that nothing is left"):
        found = leftovers(session, loaded.settings.workshop)
        for kind, left in found.items():
            console.say(f"   {kind}: {', '.join(left) or 'none'}")
        count = sum(map(len, found.values()))
        if count:
            raise WorkshopError(f"{count} things of the workshop are still there")


def _session(variables: dict[str, str]) -> boto3.Session:
    """A session for this process that cannot reach anything but the local cloud."""
    for name in cloud_environment.unset(os.environ):
        os.environ.pop(name, None)
    os.environ.update(variables)
    return boto3.Session()


def _show(workbenches: Sequence[attendee.Workbench]) -> None:
    shown = console.table("seat", "has", "name", "state")
    for one in workbenches:
        rows = [
            *(("bucket", name, "") for name in one.buckets),
            *(("repository", name, "") for name in one.repositories),
            ("role", one.role, ""),
            ("notebook", one.notebook, one.status),
            ("notebook URL", one.url.partition("?")[0], "presigned"),
            ("dashboard", one.dashboard, ""),
        ]
        for number, row in enumerate(rows):
            shown.add_row(f"{one.seat} ({one.profile})" if number == 0 else "", *row)
    console.print_table(shown)


@contextmanager
def _progress(done: str, stacks: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, a line for each stack in a pipe."""
    if not console.talks_to_terminal():
        yield lambda stack: console.say(f"   {done} {stack}")
        return
    columns = (TextColumn("  "), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console.talk()) as bar:
        task = bar.add_task("", total=len(stacks))
        yield lambda stack: bar.update(task, advance=1, description=f"{done} {stack}")
