"""``workshop rehearse`` without AWS: the labs, run on this machine as a seat on a local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from localcloud import environment as cloud_environment
from localcloud import process
from localcloud.record import Running
from workshop import files
from workshop.aws import regions
from workshop.cli import console
from workshop.cli.rehearse_cloud import STATE_DIR
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.rehearse import (
    content,
    installs,
    interpreters,
    rehearsal,
    samples,
    ways_out,
    workbench,
)
from workshop.rehearse.enclosed import EnclosureLimits
from workshop.rehearse.judging import CellOutcome
from workshop.rehearse.rehearsal import NotebookEvent, SeatPermissions, TimeLimits
from workshop.rehearse.samples import Samples
from workshop.rehearse.workbench import Workbench


@dataclass(frozen=True)
class LocalRehearsal:
    """What is run, and how: ``sdk`` and ``packages`` are requirements of pip.

    ``confined``: what is run sees nothing else of this machine. ``data`` is a folder of files for
    the seat's bucket; with ``fetch`` data of other accounts' buckets is fetched, else made up.
    """

    source: Path
    notebooks: list[str]
    sdk: str
    packages: tuple[str, ...]
    pace: TimeLimits
    confined: bool
    replacing: dict[str, str]
    data: Path | None
    fetch: bool


def run(
    loaded: LoadedEnvironment, seat: Seat, running: Running, wanted: LocalRehearsal
) -> Iterator[NotebookEvent | CellOutcome]:
    """Run the notebooks as a seat that is deployed to the local cloud; yield what happens."""
    names = regions.placed(loaded.names(seat))
    profile = loaded.settings.profiles[seat.profile]
    with ExitStack() as stack:
        bench = _workbench(stack, running, wanted)
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
            permissions=SeatPermissions(names, profile, loaded.settings),
            refused=lambda after: process.refusals(running, after),
            pace=wanted.pace,
            limits=EnclosureLimits(seconds=wanted.pace.all + wanted.pace.cell + 60),
        )


def _workbench(stack: ExitStack, running: Running, wanted: LocalRehearsal) -> Workbench:
    """Return a workbench with a Python that has the SDK and what the notebooks install."""
    index = interpreters.index()
    opened = stack.enter_context(ways_out.opened(running.port, index.hosts))
    ways = workbench.ways(opened.folder, running.port, confined=wanted.confined)
    for host in index.left_out:
        console.warn(f"pip's index at {host} has a password, which the code does not get")
    kept = files.make_folder(STATE_DIR / "python").resolve()
    console.say(f"Python with {wanted.sdk or 'no SageMaker Python SDK'}; a new one takes minutes")

    def packages(some: list[str]) -> Path:
        return interpreters.prepared(kept, some, index, confined=wanted.confined, ways=ways)

    base = interpreters.with_installs(
        packages,
        interpreters.requirements(wanted.sdk, wanted.packages),
        installs.requirements(wanted.source, wanted.notebooks),
        warn=console.warn,
    )
    has_command = content.uses_aws_command(
        wanted.source, content.code(wanted.source, wanted.notebooks)
    )
    root = Path(stack.enter_context(TemporaryDirectory(dir=STATE_DIR, prefix="run-"))).resolve()
    return Workbench(
        root / "notebook",
        wanted.confined,
        base,
        index,
        ways,
        packages(["awscli"]) if has_command else None,
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
    loaded: LoadedEnvironment, running: Running, wanted: LocalRehearsal, own: frozenset[str]
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
