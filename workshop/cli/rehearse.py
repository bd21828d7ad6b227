"""``workshop rehearse``: a workshop's notebooks, run as a seat on the local cloud."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import boto3
import typer
from botocore import UNSIGNED
from botocore.config import Config

from localcloud import environment as cloud_environment
from localcloud import process
from localcloud.record import Running
from workshop import files
from workshop.aws import regions
from workshop.cli import completion, console, rehearse_cloud, rehearse_on_aws, rehearse_view
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.cli.rehearse_cloud import STATE_DIR
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.environments import loader
from workshop.errors import UsageError
from workshop.rehearse import (
    content,
    enclosed,
    installs,
    interpreters,
    rehearsal,
    samples,
    ways_out,
    workbench,
)
from workshop.rehearse.enclosed import EnclosureLimits
from workshop.rehearse.judging import CellOutcome
from workshop.rehearse.rehearsal import NotebookEvent, Pace, SeatPermissions
from workshop.rehearse.samples import Samples
from workshop.rehearse.workbench import Workbench

CELL_SECONDS = 60.0
MINUTES = 5.0


@dataclass(frozen=True)
class _Wanted:
    """What the command line says."""

    source: Path
    notebooks: list[str]
    sdk: str
    packages: tuple[str, ...]
    pace: Pace
    confined: bool
    replacing: dict[str, str]
    data: Path | None
    fetch: bool


def rehearse(
    *,
    env: Env,
    source: Annotated[
        Path,
        typer.Option("--content", metavar="DIR", help="The workshop's content: its notebooks."),
    ],
    seat: Annotated[
        str | None,
        typer.Option(
            "--seat",
            metavar="ID",
            help="As this seat.",
            show_default="the first of the profile that most have",
            autocompletion=completion.seats,
        ),
    ] = None,
    notebook: Annotated[
        list[str] | None,
        typer.Option("--notebook", metavar="GLOB", help="These notebooks alone; repeatable."),
    ] = None,
    replacing: Annotated[
        list[str] | None,
        typer.Option(
            "--replace",
            metavar="TEXT=NEW",
            help="Put NEW, such as $WORKSHOP_BUCKET, in place of an author's TEXT; repeatable.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Put these files into the seat's bucket first, under their paths.",
            show_default="a file below each prefix of the bucket",
        ),
    ] = None,
    made_up_data: Annotated[
        bool,
        typer.Option(
            "--made-up-data", help="Make up what is read of other accounts' buckets; fetch nothing."
        ),
    ] = False,
    sdk: Annotated[
        str | None,
        typer.Option(
            "--sdk",
            metavar="RELEASE",
            help="The SageMaker Python SDK: 2, 3, a release such as 2.125.0, or none.",
            show_default="what the notebooks pin or import",
        ),
    ] = None,
    cell_seconds: Annotated[
        float | None,
        typer.Option(
            "--cell-seconds",
            min=1,
            help="A cell may take so long.",
            show_default="60; 1800 on AWS",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            min=0.1,
            help="All cells together may take so long.",
            show_default="5; 60 on AWS",
        ),
    ] = None,
    agreed: Annotated[
        bool, typer.Option("--run", help="Run the content's code without asking.")
    ] = False,
    unconfined: Annotated[
        bool,
        typer.Option(
            "--unconfined",
            help="Where this machine cannot lock the code away, run it as you, with all you have.",
        ),
    ] = False,
    on_aws: Annotated[
        bool,
        typer.Option(
            "--on-aws",
            help="On the seat's own notebook on AWS, where nothing is played: for money.",
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the rehearsal's cloud running for the next one.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every cell, not only those that call AWS or fail.")
    ] = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Run a workshop's notebooks as a seat on a local cloud, and say what each cell may not.

    The seat is deployed to a local cloud of its own that enforces IAM; no AWS account is asked.
    SageMaker's side is played: no image is pulled and nothing is trained, jobs end within a second,
    waits and sleeps of the code go fifty times as fast. The notebooks are copied, never changed,
    and run in the order of their names; a cell that fails stops no other. The exit code is 1 if
    any is denied or fails.

    With --on-aws the seat's notebook has to run; its agent runs the labs there, for real and for
    money, and nothing is run on this machine. What they make stays until it is deleted.

    Otherwise this runs the content's code. It gets the seat's local credentials, a home, a
    temporary folder and a Python of its own, and where Linux gives namespaces to users it sees
    nothing else of this machine: no files, no processes, and of the network public web servers
    alone.

    For example:

        workshop rehearse -e dev --content labs

        workshop rehearse -e dev --content labs --notebook 'lab1*' --run --json

        workshop rehearse -e dev --content labs --replace 'your-bucket-name=$WORKSHOP_BUCKET'

        workshop rehearse -e dev --content labs --notebook 'lab1*' --on-aws --seat ada
    """
    for sign in (signal.SIGTERM, signal.SIGHUP):
        # A closed terminal ends it like Ctrl-C, so that its cloud and the code are stopped as well.
        if signal.getsignal(sign) == signal.SIG_DFL:
            signal.signal(sign, lambda *_: sys.exit(1))
    loaded = loader.load(env, config_dir)
    (chosen,) = loaded.chosen([seat]) if seat else [_usual(loaded)]
    notebooks = content.notebooks(source, notebook or ())
    replaced = dict(map(_replacement, replacing or ()))
    if on_aws:
        here = {
            "--data": data,
            "--made-up-data": made_up_data,
            "--sdk": sdk,
            "--unconfined": unconfined,
            "--keep": keep,
        }
        if given := next((option for option, value in here.items() if value), ""):
            raise UsageError(f"{given} is for the local cloud; leave it out with --on-aws")
        pace = Pace(
            cell_seconds or rehearse_on_aws.CELL_SECONDS,
            60 * (minutes or rehearse_on_aws.MINUTES),
        )
        rehearse_on_aws.rehearse(
            opened(env, config_dir, only=chosen.id),
            source,
            notebooks,
            replaced,
            pace,
            agreed=agreed,
            as_json=as_json,
            everything=everything,
        )
        return
    confined = enclosed.require(unconfined=unconfined)
    _agree(source, len(notebooks), confined=confined, agreed=agreed)
    wanted = _Wanted(
        source,
        notebooks,
        _sdk(sdk, content.code(source, notebooks)),
        loaded.settings.profiles[chosen.profile].notebook.packages,
        Pace(cell_seconds or CELL_SECONDS, 60 * (minutes or MINUTES)),
        confined,
        replaced,
        data,
        not made_up_data,
    )
    outcomes: list[CellOutcome] = []
    events: list[NotebookEvent] = []
    with rehearse_cloud.running(loaded, chosen, keep=keep) as running:
        for event in _rehearsed(loaded, chosen, running, wanted):
            if isinstance(event, CellOutcome):
                outcomes.append(event)
            else:
                events.append(event)
            rehearse_view.progress(event, wanted.notebooks)
    if as_json:
        console.print_json(rehearse_view.document(outcomes, events, wanted.sdk), indent=2)
    else:
        rehearse_view.show(outcomes, events, everything=everything)
        console.say(
            "played: waits and sleeps went 50 times as fast, jobs ended at once, docker built"
            " nothing"
        )
    rehearse_view.judge(outcomes, events)


def _usual(loaded: LoadedEnvironment) -> Seat:
    """Return the first seat of the profile that most have."""
    profiles = [seat.profile for seat in loaded.seats]
    if not profiles:
        raise UsageError(f"nobody is on the roster of {loaded.name}; add a row to rehearse as")
    usual = max(dict.fromkeys(profiles), key=profiles.count)
    return next(seat for seat in loaded.seats if seat.profile == usual)


def _replacement(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not old or not equals:
        raise UsageError(f"'{text}' is not of the form --replace TEXT=NEW")
    return old, new


def _sdk(asked: str | None, code: str) -> str:
    match asked:
        case None:
            return content.sdk(code)
        case "none":
            return ""
        case "2" | "3":
            return f"sagemaker>={asked},<{int(asked) + 1}"
    return f"sagemaker=={asked}"


def _agree(source: Path, count: int, *, confined: bool, agreed: bool) -> None:
    """Say whose code runs and what it can reach; raise GuardError unless somebody agrees."""
    code = f"the code of {count_of(count, 'notebook')} in {source}"
    if confined:
        console.say(
            f"this runs {code}, locked away: it sees a home, a temporary folder and a Python of its"
            " own, the seat's credentials for the local cloud, and public web servers; not your"
            " files, ~/.aws, ssh-agent, git credentials, this folder or your network"
        )
    else:
        console.warn(
            f"this runs {code} as you: it has a home, a temporary folder, variables and a Python of"
            " its own, but this machine does not keep it from your files, ~/.aws, ssh keys, git"
            " credentials, this folder and your network"
        )
    rehearse_view.ask(agreed=agreed)


def _rehearsed(
    loaded: LoadedEnvironment, seat: Seat, running: Running, wanted: _Wanted
) -> Iterator[NotebookEvent | CellOutcome]:
    names = regions.placed(loaded.names(seat))
    profile = loaded.settings.profiles[seat.profile]
    permissions = SeatPermissions(names, profile, loaded.settings)
    text = content.code(wanted.source, wanted.notebooks)
    with ExitStack() as stack:
        index = interpreters.index()
        opened = stack.enter_context(ways_out.opened(running.port, index.hosts))
        ways = workbench.ways(opened.folder, running.port, confined=wanted.confined)
        for host in index.left_out:
            console.warn(f"pip's index at {host} has a password, which the code does not get")
        kept = files.make_folder(STATE_DIR / "python").resolve()
        console.say(
            f"Python with {wanted.sdk or 'no SageMaker Python SDK'}; a new one takes minutes"
        )

        def packages(some: list[str]) -> Path:
            return interpreters.prepared(kept, some, index, confined=wanted.confined, ways=ways)

        base = interpreters.with_installs(
            packages,
            interpreters.requirements(wanted.sdk, wanted.packages),
            installs.requirements(wanted.source, wanted.notebooks),
            warn=console.warn,
        )
        has_command = content.uses_aws_command(wanted.source, text)
        root = Path(stack.enter_context(TemporaryDirectory(dir=STATE_DIR, prefix="run-"))).resolve()
        bench = Workbench(
            root / "notebook",
            names,
            wanted.confined,
            base,
            index,
            ways,
            packages(["awscli"]) if has_command else None,
        )
        folder = workbench.folder_of(wanted.source)
        bench.make(wanted.source, folder)
        bench.start(
            workbench.deployed_script(_client("sagemaker", running), names),
            workbench.deployed_parameters(_client("ssm", running), names),
        )
        key, bucket = next(iter(profile.storage.buckets.items()))
        workbench.lay_data(
            _client("s3", running), names.bucket(key), wanted.data, prefixes=bucket.prefixes
        )
        variables = bench.variables(_of_seat(running, names.role_arn))
        variables |= bench.constrained(interpreters.generation(wanted.sdk))
        variables["WORKSHOP_REHEARSAL_WANTED"] = bench.seen(samples.WANTED)
        # What labs spell out and no variable of the notebook has.
        known = {
            "WORKSHOP_ACCOUNT": names.account,
            "WORKSHOP_REPOSITORY_NAME": names.repository(next(iter(profile.registry.repositories))),
            **variables,
        }
        for old in content.replace(bench.home / folder, wanted.replacing, known):
            console.warn(f"'{old}' is nowhere in the content; --replace changed nothing there")
        own = frozenset(map(names.bucket, profile.storage.buckets))
        sample_data = _samples(loaded, running, wanted, own)
        stack.enter_context(samples.given(sample_data, bench.root / samples.WANTED))
        yield from rehearsal.run(
            bench,
            wanted.notebooks,
            folder=folder,
            variables=variables,
            permissions=permissions,
            refused=lambda after: process.refusals(running, after),
            pace=wanted.pace,
            limits=EnclosureLimits(seconds=wanted.pace.all + wanted.pace.cell + 60),
        )


def _of_seat(running: Running, role_arn: str) -> dict[str, str]:
    """Return the variables with which the seat's code reaches the local cloud, and no more."""
    given = process.role_credentials(running, role_arn)
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _samples(
    loaded: LoadedEnvironment, running: Running, wanted: _Wanted, own: frozenset[str]
) -> Samples:
    """Return what gives code the data of other accounts' buckets that it reads."""
    anonymous = Config(
        signature_version=UNSIGNED,
        connect_timeout=5,
        read_timeout=30,
        retries={"total_max_attempts": 1},
    )
    return Samples(
        _client("s3", running, account=samples.OWNER, region="us-east-1"),
        content.texts(wanted.source),
        # The address is named: a shell may be pointed at a local cloud.
        boto3.Session().client(
            "s3", "us-east-1", endpoint_url="https://s3.amazonaws.com", config=anonymous
        )
        if wanted.fetch
        else None,
        files.make_folder(STATE_DIR / "samples"),
        closed=lambda bucket: bucket.startswith(f"{loaded.settings.workshop}-"),
        of_seat=_client("s3", running),
        own=own,
    )


def _client(service: str, running: Running, *, account: str = "", region: str = "") -> Any:
    """Return a client of the local cloud as its owner, whatever the shell is pointed at.

    ``account`` is another one of its accounts, ``region`` another Region.
    """
    variables = cloud_environment.variables(running, STATE_DIR / "cloud", account=account)
    return boto3.Session().client(  # type: ignore[call-overload]
        service,
        region_name=region or running.region,
        endpoint_url=running.endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}, signature_version="v4" if service != "s3" else "s3v4"),
    )
