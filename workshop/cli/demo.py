"""``workshop demo``: the whole story on the local cloud, in about a minute."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import boto3
import typer

from localcloud import environment as cloud_environment
from localcloud import process
from localcloud.record import Running
from workshop import events, files
from workshop.aws.clients import Clients
from workshop.cli import console, one_run, stay
from workshop.cli.options import CONFIG_DIR, Env
from workshop.cli.progress import Progress
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.demo import attendee_activity, attendee_view, cdk_command, machine_agent, own_copy
from workshop.demo import program as subprocess
from workshop.demo.cdk_command import CdkCommand
from workshop.demo.leftovers import leftovers
from workshop.environments import loader
from workshop.errors import GuardError, WorkshopError
from workshop.events import Stopwatch

SHIPPED = Path(attendee_view.__file__).with_name("environment")
"""The environment ``demo`` of the package, for a folder that has none."""

STATE_DIR = files.STATE / "demo-cloud"
COPY = STATE_DIR / "config"
"""Of the environment, where the demo needs another one."""
CONCURRENCY = "8"
AT_WORK = 2
"""How many attendees the demo shows at work."""


@contextmanager
def _step(title: str, clock: Stopwatch) -> Iterator[None]:
    console.say("")
    console.say(f"{len(clock.seconds) + 1}. {title}")
    with clock.step(title):
        yield


def demo(
    *,
    env: Env = "demo",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local cloud running for a look around.")
    ] = False,
    stays: Annotated[
        bool,
        typer.Option(
            "--stay", help="Add a door and the board, and wait for Ctrl-C before the teardown."
        ),
    ] = False,
) -> None:
    """Deploy, use and tear down a workshop on a local cloud of its own.

    Uses these same commands and the real CDK command line, and talks to no AWS account. With
    --stay it says where the door and the board are and which codes open the door, so that you can
    be an attendee, a helper and the organiser in your browser.
    """
    own = env in loader.known(CONFIG_DIR) or env not in loader.known(SHIPPED)
    loaded = loader.load(env, CONFIG_DIR if own else SHIPPED, pinned=False)
    one_run.end_with_terminal()
    clock = Stopwatch()
    with one_run.alone(STATE_DIR, "demo"):
        if loaded.path.read_bytes() == (SHIPPED / "demo.yaml").read_bytes():
            loaded = own_copy.with_gpu_seat(loaded, COPY)
        elif loaded.settings.has_boxes:
            loaded = own_copy.copy(loaded, COPY)
        if stays:
            loaded = stay.with_door(loaded, COPY)
        try:
            with _step("Start a local cloud", clock):
                running = _started(loaded)
                console.say(f"   {running.endpoint}, account {running.account}, {running.region}")
            _story(loaded, running, clock, stays=stays)
        finally:
            if keep:
                console.say(f'still running: eval "$({process.command("env", STATE_DIR)})"')
            else:
                process.stop(STATE_DIR)
    timings = console.table("step", "seconds", right=("seconds",))
    for title, seconds in {**clock.seconds, "all": sum(clock.seconds.values())}.items():
        timings.add_row(title, f"{seconds:.1f}")
    console.print_line()
    console.print_table(timings)


def _started(loaded: LoadedEnvironment) -> Running:
    account_regions = {(seat.account, seat.region) for seat in loaded.seats}
    home = (loaded.settings.account, loaded.settings.region)
    if account_regions != {home}:
        raise GuardError("the demo shows one account and one Region; use the environment 'demo'")
    process.stop(STATE_DIR)
    account, region = home
    files.make_folder(STATE_DIR)
    return process.start(STATE_DIR, account=account, region=region).running


def _story(loaded: LoadedEnvironment, running: Running, clock: Stopwatch, *, stays: bool) -> None:
    variables = cloud_environment.variables(running, STATE_DIR)
    whole = cloud_environment.applied(os.environ, variables)
    session = _session(variables)
    *most, last = loaded.seats
    others = ",".join(seat.id for seat in most)
    environment = ["-e", loaded.name]
    if loaded.path.parent != CONFIG_DIR:
        environment += ["--config-dir", str(loaded.path.parent)]
    cdk = CdkCommand(Path.cwd(), STATE_DIR, whole)

    if loaded.settings.has_boxes:
        with _step("workshop image pin: which image EC2 instances have", clock):
            _workshop(whole, "image", "pin", *environment)
        loaded = loader.load(loaded.name, loaded.path.parent)

    if cdk.program:
        with _step("workshop deploy: all seats but one, at the same time", clock):
            console.say("   making the templates takes up to a minute the first time")
            _workshop(whole, "deploy", *environment, "--only", others)

        with _step(f"cdk deploy: {last.id}, by plain CDK", clock):
            _deploy_by_cdk(cdk, loaded, last)
    else:
        with _step("workshop deploy: all seats, at the same time", clock):
            console.say(f"   plain cdk can deploy them as well; {cdk_command.INSTALL}")
            console.say("   making the templates takes up to a minute the first time")
            _workshop(whole, "deploy", *environment)

    with _step("What every seat has now, read back through boto3", clock):
        shown = console.table("seat", "has", "name", "state")
        for seat in loaded.seats:
            whose = f"{seat.id} ({seat.profile})"
            for row in attendee_view.read_back(session, loaded, seat):
                shown.add_row(whose, *row)
                whose = ""
        console.print_table(shown)

    with _step("Attendees at work, with the credentials of their machines", clock):
        boxes = [seat for seat in loaded.seats if _has_box(loaded, seat)][:1]
        for seat in dict.fromkeys((*loaded.seats[:AT_WORK], *boxes)):
            _work(session, loaded, seat, running)

    with _step("workshop status: what runs, and what it costs", clock):
        _workshop(whole, "status", *environment)

    if stays:
        with _step("Click through a class yourself", clock):
            stay.stay(loaded, Clients(loaded.home), process.command("env", STATE_DIR))

    with _step("workshop teardown: all of it, and what attendees made", clock):
        _workshop(whole, "teardown", *environment, "--early")
        # Half a minute lies between the two scans on AWS, whose lists are late.
        _workshop(
            whole,
            *("teardown", *environment, "--early", "--apply"),
            *("--yes", loaded.settings.workshop, "--interval", "2"),
        )

    with _step("Prove that nothing is left, by listing everything once more", clock):
        found = leftovers(session, loaded.settings.workshop)
        for kind, left in found.items():
            console.say(f"   {kind}: {', '.join(left) or 'none'}")
        count = sum(map(len, found.values()))
        if count:
            raise WorkshopError(f"still there: {count_of(count, 'thing')} of the workshop")


def _workshop(variables: Mapping[str, str], *arguments: str) -> None:
    """Run a command of this command line as its user would, in sight."""
    console.say(f"   $ workshop {' '.join(arguments)}")
    program = Path(sys.executable).with_name("workshop")
    with subprocess.running([str(program), *arguments], variables) as started:
        code = started.wait()
    if code:
        raise WorkshopError(f"workshop {arguments[0]} failed with exit code {code}")


def _deploy_by_cdk(cdk: CdkCommand, loaded: LoadedEnvironment, seat: Seat) -> None:
    context = {"env": loaded.name, "attendee": seat.id, "config": str(loaded.path.parent)}
    chosen = [word for key, value in context.items() for word in ("-c", f"{key}={value}")]
    progress = Progress("  ", len((*loaded.settings.cohort_stacks, *loaded.kinds(seat))))
    with progress.shown():
        cdk.run(
            *("deploy", *chosen, "-o", str(STATE_DIR / "cdk.out"), "--all"),
            *("--concurrency", CONCURRENCY, "--require-approval", "never", "--progress", "events"),
            finished=progress.end,
        )


def _has_box(loaded: LoadedEnvironment, seat: Seat) -> bool:
    return loaded.settings.profiles[seat.profile].has_box


def _work(mine: boto3.Session, loaded: LoadedEnvironment, seat: Seat, running: Running) -> None:
    names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
    given = (
        process.role_credentials(running, names.role_arn)
        if profile.has_notebook
        else process.instance_credentials(running, attendee_view.box(mine, names)["InstanceId"])
    )
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=seat.region,
    )
    bucket = next(iter(profile.storage.buckets))
    made = attendee_activity.run_lab(
        session, names, bucket=bucket, repository=next(iter(profile.registry.repositories))
    )
    for line in made:
        console.say(f"   {seat.id}: {line}")
    if profile.has_box and not profile.has_notebook:
        now, s3 = events.now().timestamp(), session.client("s3")
        done = machine_agent.report(s3, names, bucket=bucket, now=now, used=now, work="# 1\n")
        console.say(f"   {seat.id}: {done}")


def _session(variables: dict[str, str]) -> boto3.Session:
    """Return a session; nothing of this process can reach anything but the local cloud."""
    for name in cloud_environment.unset(os.environ):
        os.environ.pop(name, None)
    os.environ.update(variables)
    return boto3.Session()
