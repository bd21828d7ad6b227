"""A small workshop on the local cloud, whose templates are those of the shipped ``demo``.

Synthesis takes seconds and is tested elsewhere: here plans are made from one assembly for the whole
session, and real ``workshop deploy`` processes find a package ``stacks`` that only copies.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.assemblies import WITHOUT_DOOR, exemplars, shipped
from tests.support.box_assembly import box_text, boxed_demo, write_pins
from tests.support.doored import doored
from tests.support.local_cloud import Cloud, template
from tests.support.preflights import calling
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran, run
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.accounts import stack_sets
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat, account_regions_of
from workshop.deploy import app_process, planner
from workshop.deploy import cloudformation as calls
from workshop.deploy import run as deploy_run
from workshop.deploy.assembly import Assembly, CohortTemplate
from workshop.deploy.desired import DesiredStack
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.jobs import Limits
from workshop.deploy.plan import DeployPlan
from workshop.deploy.run import Deployment, DeployOutcome
from workshop.deploy.templates import Exemplar, Template, of_text
from workshop.environments import loader
from workshop.events import EventStream
from workshop.naming import COHORT, DOOR, Names
from workshop.preflight import quotas
from workshop.preflight.quotas import repositories
from workshop.watch.handler import WARNING

ACCOUNT, REGION = "000000000000", "us-east-1"
HOME = AccountRegion(ACCOUNT, REGION)
QUICK = Limits(backoff=0.01, fastest_poll=0.01, slowest_poll=0.1, deadline=600)
"""For a cloud in which everything takes no time."""

Calls = Counter[str]

WORKSHOP = str(Path(sys.executable).with_name("workshop"))

SCARCE = ("ml.g5.xlarge for training job usage", "ml.g5.xlarge for endpoint usage")
"""Quotas that the local cloud gives four of."""

APP = '''\
"""Writes what CDK would write, from an assembly that was made before."""
from tests.support.copied_assembly import write

write({source!r})
'''


def text(seats: int = 3, *more: str, roster: str = "") -> str:
    """The YAML of an environment; ``more`` are further lines."""
    return "\n".join(
        [
            "workshop: demo",
            f'account: "{ACCOUNT}"',
            f"region: {REGION}",
            "start: 2026-01-01T09:00:00+00:00",
            "end: 2099-12-31T17:00:00+00:00",
            roster or f"roster: {{seats: {seats}}}",
            *more,
            "",
        ]
    )


@cache
def exemplar(kind: str, boxed: str = "") -> Exemplar:
    """The attendees' exemplar of one kind of stack; ``boxed``, of one with an EC2 instance."""
    if boxed:
        return Exemplar(box_text(boxed, kind))
    assembly = shipped("demo")
    return Exemplar(assembly.text(f"demo-{exemplars(assembly.loaded)['attendee']}-{kind}"))


@cache
def cohort_text(kind: str = COHORT, *, boxed: bool = False) -> str:
    if boxed:
        return boxed_demo().text(Names("demo", COHORT, "", "").stack(kind))
    made = doored("demo") if kind == DOOR else shipped("demo")
    return made.text(Names("demo", COHORT, "", "").stack(kind))


def ending(text: str, end: datetime, made_for: datetime | None = None) -> str:
    """Return a template with another end of the workshop in it than the shipped environment's."""
    before_all = made_for or shipped("demo").loaded.settings.end
    once = "cron({0.minute} {0.hour} {0.day} {0.month} ? {0.year})"
    for form, earlier in (
        ("{0:%Y-%m-%dT%H:%M:%SZ}", timedelta()),
        (once, timedelta()),
        (once, WARNING),
    ):
        before, after = (
            form.format(moment.astimezone(UTC) - earlier) for moment in (before_all, end)
        )
        text = text.replace(before, after)
    return text


def assembly(loaded: LoadedEnvironment) -> Assembly:
    """What ``synthesize`` gives, all profiles looking like the demo's attendees."""
    made = {
        (profile, kind): exemplar(kind, _boxed(section))
        for profile, section in loaded.settings.profiles.items()
        for kind in section.stacks
    }
    protected = loaded.settings.cohort.termination_protection
    has_boxes = loaded.settings.has_boxes
    made_for = boxed_demo().loaded.settings.end if has_boxes else None
    shared = {
        (account_region, kind): CohortTemplate(
            of_text(ending(cohort_text(kind, boxed=has_boxes), loaded.settings.end, made_for)),
            protected and kind == COHORT,
        )
        for account_region in account_regions_of(loaded.seats)
        for kind in loaded.settings.cohort_stacks
    }
    return Assembly(made, shared)


def _boxed(profile: Profile) -> str:
    """Which profile of the workshop with EC2 instances has the same stacks; empty for none."""
    if not profile.has_box:
        return ""
    return "both" if profile.has_notebook else "box"


@contextmanager
def quick_deploys() -> Iterator[None]:
    """Let ``workshop deploy`` poll more often than AWS likes."""
    quick = partial(Limits, fastest_poll=0.01, slowest_poll=0.1, backoff=0.01)
    with (
        mock.patch.object(calls, "POLL_SPACING", 0.01),
        mock.patch.object(stack_sets, "CALL_SPACING", 0.0),
        mock.patch("workshop.cli.deploy.Limits", quick),
    ):
        yield


@contextmanager
def synthesized() -> Iterator[None]:
    """Let ``workshop`` take the templates that were made before, and start no app."""

    def made(
        loaded: LoadedEnvironment, *_: object, begin: Callable[[], None]
    ) -> tuple[Assembly, str]:
        begin()
        return assembly(loaded), ""

    with (
        mock.patch("workshop.deploy.assembly.synthesize", made),
        mock.patch.object(app_process, "begin_early"),
    ):
        yield


def found(desired: DesiredStack, status: str = "CREATE_COMPLETE", **more: Any) -> StackSummary:
    """The stack that is desired, as a listing shows it."""
    made = StackSummary(
        name=desired.name,
        id=f"arn:{desired.name}",
        status=status,
        reason="",
        created=datetime(2098, 3, 8, tzinfo=UTC),
        changed=None,
        protected=bool(desired.protected),
        tags=desired.tagged(desired.templates[0]),
    )
    return replace(made, **more)


def desired(
    name: str = "demo-seat1-storage", *, seat: str = "seat1", needs: str = "", variants: int = 1
) -> DesiredStack:
    """A stack with templates that nobody looks into."""
    return DesiredStack(
        name=name,
        kind=name.rpartition("-")[2],
        seat=seat,
        account_region=HOME,
        templates=tuple(Template("{}", f"digest{number}") for number in range(variants)),
        tags={
            tags.WORKSHOP: "demo",
            tags.ENVIRONMENT: "dev",
            tags.MANAGED_BY: tags.MANAGED_BY_VALUE,
            tags.ATTENDEE: seat,
            tags.PROFILE: "attendee",
        },
        needs=needs,
    )


def repository(seat: str) -> str:
    return f"demo/{seat}/training"


@dataclass
class Run:
    """One run of the engine: what it was, what it told, and what it asked AWS for."""

    deployment: Deployment
    events: list[DeployEvent]
    asked: list[str]

    @property
    def calls(self) -> Calls:
        """How many requests were made to CloudFormation, by operation, retries included."""
        return Counter(self.asked)

    @property
    def outcomes(self) -> dict[str, str]:
        """Seat -> outcome."""
        return {one.seat: one.outcome.value for one in self.deployment.results}

    @property
    def good(self) -> bool:
        good = (DeployOutcome.DONE, DeployOutcome.UNCHANGED)
        return all(one.outcome in good for one in self.deployment.results)

    @property
    def stopped(self) -> str:
        return next((one.stopped for one in self.deployment.engines if one.stopped), "")

    @property
    def touched(self) -> set[str]:
        """The stacks that a call was accepted for."""
        return {event.stack for event in self.of(DeployStep.BEGUN)}

    def message(self, seat: str) -> str:
        return next(one.message for one in self.deployment.results if one.seat == seat)

    def of(self, what: DeployStep) -> list[DeployEvent]:
        return [event for event in self.events if event.what == what]


@dataclass
class Fleet:
    """An environment ``dev`` in a folder, and a local cloud to deploy it in."""

    cloud: Cloud
    folder: Path
    taken: set[str] = field(default_factory=set)

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def ledger(self) -> list[dict[str, Any]]:
        lines = (self.folder / ".workshop" / "dev" / "ledger.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def write(self, seats: int = 3, *more: str, roster: str = "") -> None:
        self.config.mkdir(exist_ok=True)
        (self.config / "dev.yaml").write_text(text(seats, *more, roster=roster))
        write_pins(self.config)

    def loaded(self) -> LoadedEnvironment:
        return loader.load("dev", self.config)

    def clients(
        self,
        seen: list[str] | None = None,
    ) -> Clients:
        """Clients; each request to CloudFormation, retries too, comes into ``seen`` by its name."""
        loaded = self.loaded()
        clients = Clients(
            loaded.home,
            role=loaded.settings.deploy.role,
        )
        noted: list[str] = [] if seen is None else seen
        for account_region in dict.fromkeys([loaded.home, *account_regions_of(loaded.seats)]):
            for attempts in (None, 1):
                client = clients.client("cloudformation", account_region, attempts=attempts)
                client.meta.events.register(
                    "before-send.cloudformation",
                    lambda event_name, **_: noted.append(event_name.rpartition(".")[2]),
                )
        return clients

    def seats(self, only: Sequence[str] | None = None) -> tuple[Seat, ...]:
        return self.loaded().chosen(only)

    def plan(
        self,
        clients: Clients | None = None,
        only: Sequence[str] | None = None,
        remove: frozenset[str] = frozenset(),
    ) -> DeployPlan:
        """What ``workshop plan`` would show."""
        with calling(self.cloud):
            loaded, seats = self.loaded(), self.seats(only)
            clients = clients or self.clients()
            looked = planner.look(clients, account_regions_of(seats))
            reader = planner.reader(clients)
            zones = planner.zones(clients, loaded, seats)
            made = planner.propose(
                loaded, assembly(loaded), seats, looked, reader, remove=remove, zones=zones
            )
            return planner.see_machines(clients, loaded, made)

    def deploy(
        self,
        *,
        plan: DeployPlan | None = None,
        only: Sequence[str] | None = None,
        limits: Limits = QUICK,
        percent: int = 30,
        hear: Callable[[DeployEvent], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Run:
        """What ``workshop deploy`` does with the plan, without its checks."""
        with calling(self.cloud), mock.patch.object(calls, "POLL_SPACING", 0.01):
            run = self._begin(plan, only, limits, percent, hear=hear, clock=clock)
            run.deployment.run()
        return run

    def deploy_at_once(self, organisers: int) -> list[Run]:
        """Several deployments by plans that were made at the same moment."""
        with calling(self.cloud), mock.patch.object(calls, "POLL_SPACING", 0.01):
            runs = [self._begin(None, None, QUICK, 30) for _ in range(organisers)]
            with ThreadPoolExecutor() as pool:
                for future in [pool.submit(run.deployment.run) for run in runs]:
                    future.result()
        return runs

    def _begin(
        self,
        plan: DeployPlan | None,
        only: Sequence[str] | None,
        limits: Limits,
        percent: int,
        *,
        hear: Callable[[DeployEvent], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Run:
        asked: list[str] = []
        events: list[DeployEvent] = []

        def sink(event: DeployEvent) -> None:
            events.append(event)
            hear(event)

        clients = self.clients(asked)
        made = plan or self.plan(clients, only)
        asked.clear()
        tell = EventStream(sink)
        engines = deploy_run.engines(
            clients, made, tell, limits=limits, failure_percent=percent, clock=clock
        )
        return Run(Deployment(clients, engines, tell), events, asked)

    def made(self, **where: str) -> Counter[str]:
        """How often a stack of each name was ever made."""
        pages = self.cloud.client("cloudformation", **where).get_paginator("list_stacks")
        return Counter(
            one["StackName"] for page in pages.paginate() for one in page["StackSummaries"]
        )

    def statuses(self, **where: str) -> dict[str, str]:
        """The stacks there are, and how."""
        pages = self.cloud.client("cloudformation", **where).get_paginator("describe_stacks")
        return {
            one["StackName"]: one["StackStatus"]
            for page in pages.paginate()
            for one in page["Stacks"]
        }

    def take(self, seat: str) -> None:
        """Take the name of a seat's repository, so that its registry cannot come up.

        A preflight of ``run`` looks before that.
        """
        self.cloud.client("ecr").create_repository(repositoryName=repository(seat))
        self.taken.add(repository(seat))

    def free(self, seat: str) -> None:
        """Undo ``take``."""
        self.cloud.client("ecr").delete_repository(repositoryName=repository(seat))
        self.taken.remove(repository(seat))

    def _repositories(self, clients: Clients, account_region: AccountRegion) -> frozenset[str]:
        return repositories(clients, account_region) - self.taken

    def stack(self, name: str, tag: dict[str, str] | None = None, body: str = "") -> str:
        """Make a stack by hand; its status."""
        empty = template({"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})
        carried = [{"Key": key, "Value": value} for key, value in (tag or {}).items()]
        return self.cloud.deploy(name, body or empty, Tags=carried)

    @property
    def stand_in(self) -> Path:
        """What real processes run in place of the CDK app."""
        return self.folder / "packages" / "stacks" / "__main__.py"

    def variables(self) -> dict[str, str]:
        """The environment of a real ``workshop`` process in the folder."""
        source = self.folder / "assembly"
        if not source.exists():
            source.mkdir()
            for kind in USUAL_STACKS:
                (source / kind).write_text(exemplar(kind).text(shipped("demo").loaded.seats[0]))
            for kind in WITHOUT_DOOR:
                (source / kind).write_text(cohort_text(kind))
            self.stand_in.parent.mkdir(parents=True)
            (self.stand_in.parent / "__init__.py").touch()
            self.stand_in.write_text(APP.format(source=str(source)))
        root = str(Path(__file__).parents[2])
        return {
            **self.cloud.environment(),
            "PYTHONPATH": os.pathsep.join([str(self.stand_in.parents[1]), root]),
        }

    def run(self, command: str, *arguments: str, by_app: bool = False) -> Ran:
        """``workshop COMMAND -e dev ARGUMENTS`` in the folder, in this process.

        ``by_app``: the stand-in makes the templates, in a process of its own.
        """
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with (
                calling(self.cloud, **self.variables()),
                quick_deploys(),
                mock.patch.object(quotas, "repositories", self._repositories),
                nullcontext() if by_app else synthesized(),
            ):
                return run(*command.split(), "-e", "dev", *arguments)
        finally:
            os.chdir(before)


@pytest.fixture
def fleet(cloud: Cloud, tmp_path: Path) -> Fleet:
    """A fleet whose seats can all use at once what the default profile names."""
    cloud.quotas(region=REGION, sagemaker=dict.fromkeys(SCARCE, 500))
    return Fleet(cloud, tmp_path)
