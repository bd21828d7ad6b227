"""A local cloud in which an adversary, a neighbour, an organiser and a bystander meet.

Ground truth is kept by what the account holds before and after each of them works: what was there
first is somebody else's, what came with a seat is the workshop's.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest import mock

from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud import process
from localcloud.errors import LocalCloudError
from tests.support import account_snapshots as snapshots
from tests.support import adversary, adversary_machines, box_assembly
from tests.support.account_snapshots import Held
from tests.support.adversary import Attempt, Person
from tests.support.adversary_bystanders import BYSTANDERS
from tests.support.adversary_machines import MachineAttempt
from tests.support.assemblies import Synthesized, synthesize
from tests.support.config_folder import load, write
from tests.support.direct_calls import QuickClients, lines_to
from tests.support.local_cloud import IAM, TRUST, Cloud, root
from tests.support.played_time import played_waits
from tests.support.sessions import Maker, Session
from tests.support.teardown_runs import at_once, resource_types
from tests.support.teardown_workshop import QUIET
from tests.support.workshop_command import Ran, run
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config import images
from workshop.config.environment import LoadedEnvironment
from workshop.config.images import Pins
from workshop.naming import COHORT, Names
from workshop.teardown.events import TeardownStep
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.run import Teardown

ACCOUNT, REGION, ELSEWHERE = "000000000000", "us-east-1", "eu-west-1"
WORKSHOP = ENVIRONMENT = "demo"
EXEMPLARS = {"scoped": "ada", "managed": "ben", "both": "cleo"}
"""Profiles of the YAML, each with the seat of which the templates are."""
MODES = tuple(EXEMPLARS)
MACHINES = {"managed": ("box",), "both": ("notebook", "box")}
"""Stacks of the machines of a seat; of other modes, nothing here depends on a notebook.

With managed access, AWS's policies stand for all that the boundary lets through, of EC2 as well.
"""
SHARED_GROUPS = ("TrainingJobs", "ProcessingJobs", "TransformJobs", "NotebookInstances")
YAML = """\
workshop: demo
account: "000000000000"
region: {region}
start: 2026-01-01T09:00:00+00:00
end: 2099-12-31T17:00:00+00:00
roster: {{file: people.csv, profile: scoped}}
profiles:
  scoped:
    access:
      autoscaling: true
      feature_store: true
      serverless: {{max_concurrency: 5, memory_mb: 2048}}
      warm_pools: 10
  managed:
    access: {{mode: managed}}
    notebook: {{enabled: false}}
    ec2: {{instance_types: [t3.medium]}}
  both:
    ec2: {{instance_types: [t3.medium]}}
"""


@cache
def assembly() -> Synthesized:
    """The workshop's templates, of one seat for each profile."""
    folder = Path(mkdtemp(prefix="adversary-"))
    write_configuration(folder, {seat: mode for mode, seat in EXEMPLARS.items()})
    return synthesize(load(folder, ENVIRONMENT))


def write_configuration(
    folder: Path, seats: dict[str, str], *, region: str = REGION, name: str = ENVIRONMENT
) -> None:
    """Put the environment and its roster into a folder."""
    write(folder, YAML.format(region=region), name)
    here = box_assembly.pins().by_region[REGION]
    file = images.path(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(images.text(Pins({REGION: here, ELSEWHERE: here})), encoding="utf-8")
    rows = "".join(f"{seat},{seat.title()},{mode}\n" for seat, mode in seats.items())
    (folder / "people.csv").write_text(f"id,name,profile\n{rows}", encoding="utf-8")


def names_of(seat: str, workshop: str = WORKSHOP) -> Names:
    return Names(workshop, seat, ACCOUNT, REGION)


@cache
def template_of(mode: str, kind: str, seat: str) -> str:
    """A stack's template for a seat; AWS's managed policies are what they may allow at most."""
    exemplar = EXEMPLARS[mode]
    document = json.loads(assembly().text(f"{WORKSHOP}-{exemplar}-{kind}"))
    document["Parameters"]["AttendeeId"]["Default"] = seat
    # The local cloud has no AmazonSageMakerFullAccess.
    return json.dumps(document).replace("AmazonSageMakerFullAccess", "AdministratorAccess")


@dataclass(frozen=True)
class AdversarialSeat:
    """A seat, the mode of its access, and what it tries."""

    id: str
    mode: str
    tries: Sequence[Attempt]
    machines: Sequence[MachineAttempt] = ()
    """What it tries of EC2, if it has an instance."""


@dataclass(frozen=True)
class Contest:
    """Who is there, what they do, and how the configuration has changed since."""

    bystanders: Sequence[str]
    strangers: Sequence[Attempt]
    seats: Sequence[AdversarialSeat]
    meanwhile: Sequence[Attempt]
    """What ada tries between the plan and its application."""
    late: Sequence[Attempt]
    """What she tries while it is applied."""
    moved: str
    only: bool
    imitations: Sequence[MachineAttempt] = ()
    """What somebody with all rights does of EC2 once the seats have their instances."""
    faults: Sequence[Mapping[str, Any]] = ()
    """What goes wrong during the first teardown."""

    @property
    def has_boxes(self) -> bool:
        """Whether a seat has an EC2 instance."""
        return any(seat.mode in MACHINES for seat in self.seats)

    @property
    def has_notebooks(self) -> bool:
        """Whether a seat has a notebook."""
        return any(seat.mode == "both" for seat in self.seats)


EXCLUDED = (
    *("Studio app", "Studio space", "Studio user profile", "Studio domain", "code repository"),
    *("event rule", "schedule", "MLflow tracking server"),
    *("labeling job", "artifact", "context", "action", "AutoML job"),
    *("inference recommendations job", "MLflow App"),
    *("compilation job", "folder in the shared bucket"),
)
"""Resource types that nobody in these worlds can make: to list them takes a third of the time."""
WITH_NOTEBOOKS = resource_types(but_for=EXCLUDED)
WITHOUT = resource_types(but_for=(*EXCLUDED, "notebook", "lifecycle configuration"))


@dataclass
class Arena:
    """A local cloud that enforces IAM, in which a contest comes true."""

    cloud: Cloud
    folder: Path
    session: Session
    others: Held = field(default_factory=dict)
    """What is the bystander's or the organiser's own."""
    neighbours: Held = field(default_factory=dict)
    """What is the workshop's, but not ada's."""
    codes: list[str] = field(default_factory=list)
    _is_elsewhere: bool = False
    _types: Sequence[ResourceType] = field(default_factory=lambda: WITHOUT)
    _credentials: dict[str, dict[str, str]] = field(default_factory=dict)

    def held(self) -> Held:
        """All that the account holds now, wherever the workshop has been."""
        here = snapshots.of_seats(self.cloud)
        if not self._is_elsewhere:
            return here
        far = snapshots.of_seats(self.cloud, ELSEWHERE)
        return here | {
            f"{ELSEWHERE} {key}": one for key, one in far.items() if here.get(key) != one
        }

    # --- making ---------------------------------------------------------------------------------

    def build(self, contest: Contest) -> None:
        """Let the contest come true up to the teardown."""
        self.codes.clear()
        self._is_elsewhere = contest.moved == "far row"
        self._types = WITH_NOTEBOOKS if contest.has_notebooks else WITHOUT
        self.cloud.reset()
        self.cloud.freeze()
        self.cloud.delays(**QUIET)
        self._credentials.clear()
        for group in SHARED_GROUPS:
            self.cloud.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/{group}")
        for name in contest.bystanders:
            with suppress(ClientError):  # Another of them has taken the name.
                BYSTANDERS[name](self)
        if contest.strangers:
            self.try_all(self._somebody(), contest.strangers)
        self.others = self.held()
        self.deploy(f"{WORKSHOP}-{COHORT}", assembly().text(f"{WORKSHOP}-{COHORT}"), COHORT)
        ada, *rest = contest.seats
        if self._is_elsewhere:
            self._leave_behind()
        for one in rest:
            self._work(one, "ada")
        self.neighbours = self._without(self.others) if rest else {}
        self._work(ada, "ben")

    def _leave_behind(self) -> None:
        """A seat in another Region, whose row has been taken off the roster since."""
        cohort = assembly().text(f"{WORKSHOP}-{COHORT}")
        self.deploy(f"{WORKSHOP}-{COHORT}", cohort, COHORT, ELSEWHERE)
        for kind in ("storage", "access"):
            name = names_of("zoe").stack(kind)
            self.deploy(name, template_of("scoped", kind, "zoe"), "zoe", ELSEWHERE)

    def _without(self, held: Held) -> Held:
        return {key: one for key, one in self.held().items() if key not in held}

    def _work(self, one: AdversarialSeat, neighbour: str) -> None:
        for kind in ("storage", "registry", "access", *MACHINES.get(one.mode, ())):
            name = names_of(one.id).stack(kind)
            self.deploy(name, template_of(one.mode, kind, one.id), one.id)
        self.cloud.client("s3").put_object(
            Bucket=names_of(one.id).bucket("data"), Key="out/1.csv", Body=b"1"
        )
        # The stacks are made by a clock that does not stand still, and no seat works before them.
        self.cloud.advance(60)
        person = adversary.seat(names_of(one.id), neighbour)
        self.try_all(person, one.tries)
        self.try_machines(person, one.machines)

    def deploy(self, name: str, text: str, seat: str, region: str = REGION) -> None:
        """Make a stack; where somebody else has taken a name in it, there is none."""
        given = tags.seat_tags(
            workshop=WORKSHOP,
            environment=ENVIRONMENT,
            attendee=seat,
            profile="scoped",
            extra={},
        )
        pairs = [{"Key": key, "Value": one} for key, one in given.items()]
        client = self.cloud.client("cloudformation", region=region)
        client.create_stack(StackName=name, TemplateBody=text, Tags=pairs, **IAM)
        for status in self._statuses(client, name):
            if status == "ROLLBACK_COMPLETE":
                client.delete_stack(StackName=name)

    @staticmethod
    def _statuses(client: Any, name: str) -> Iterator[str]:
        """What a stack comes to, until it is there or gone."""
        for _ in range(5000):
            try:
                status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except ClientError:
                return
            yield status
            if status == "CREATE_COMPLETE":
                return
        raise AssertionError(f"{name} is still {status}")

    def try_all(self, person: Person, tries: Sequence[Attempt]) -> None:
        """Let somebody try all of it, whatever comes of it."""
        if person.role not in self._credentials:
            try:
                self._credentials[person.role] = process.role_credentials(
                    self.cloud.running, person.role
                )
            except LocalCloudError:  # A role that is gone has none.
                return
        self.session.sign_in(**self._credentials[person.role])
        for one in tries:
            self.codes += adversary.attempts(person, one, self.call)

    def try_machines(self, person: Person, tries: Sequence[MachineAttempt]) -> None:
        """Let somebody try all of it of EC2."""
        if tries:
            self.try_all(person, ())
            self.codes += [adversary_machines.attempt(self.cloud, one, self.call) for one in tries]

    def imitate(self, contest: Contest) -> None:
        """Let somebody make and tag EC2's as they can, with all rights.

        What they make is theirs, but for copies of a seat's disk and what has a seat's role.
        """
        before = self.held()
        self.try_machines(self._somebody(), contest.imitations)
        after = self.held()
        seats = adversary_machines.seats_of((before, after))
        known = self.others.keys() & after.keys()
        self.others = {key: after[key] for key in known}
        self.neighbours = {
            key: after[key] for key in self.neighbours.keys() & after.keys() - self.others.keys()
        }
        for key in after.keys() - before.keys():
            seat = adversary_machines.seat_of(key, after[key], seats)
            if not seat:
                self.others[key] = after[key]
            elif seat != "ada":
                self.neighbours[key] = after[key]

    def call(self, service: str, operation: str, request: dict[str, Any]) -> Any:
        return getattr(self.session.client(service), xform_name(operation))(**request)

    def root(self) -> None:
        """Sign in as the account's root."""
        given = root(self.cloud.running)
        self.session.sign_in(
            AccessKeyId=given["aws_access_key_id"],
            SecretAccessKey=given["aws_secret_access_key"],
            SessionToken=None,
        )

    def _somebody(self) -> Person:
        hand = self.stranger("somebody")
        names = Names("other", "somebody", ACCOUNT, REGION)
        return Person(names, "ada", hand.role, ())

    def stranger(self, role: str, *, path: str = "/") -> Maker:
        """Somebody who may do anything in the account."""
        arn = f"arn:aws:iam::{ACCOUNT}:role{path}{role}"
        if arn not in self._credentials:
            iam = self.cloud.client("iam")
            iam.create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
            iam.attach_role_policy(
                RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
            )
            self._credentials[arn] = process.role_credentials(self.cloud.running, arn)
        self.session.sign_in(**self._credentials[arn])
        names = Names("other", "nobody", ACCOUNT, REGION)
        return Maker(self.session, names, arn, "theirs-", ())

    # --- the teardown -----------------------------------------------------------------------------

    def configure(self, contest: Contest) -> str:
        """Write the configuration as it is now; the environment's name."""
        for child in self.folder.iterdir():
            shutil.rmtree(child)  # What another machine knows is not known here.
        config = self.folder / "config"
        seats = {one.id: one.mode for one in contest.seats}
        if contest.moved == "row":
            seats = {**seats, "zoe": "scoped"}
            seats.pop("ben", None)
        name = "fall" if contest.moved == "renamed" else ENVIRONMENT
        region = ELSEWHERE if contest.moved == "region" else REGION
        write_configuration(config, seats, region=region, name=name)
        return name

    def plan(self, env: str) -> None:
        """``workshop teardown``, to plan alone: it has seen the disks that there are now."""
        with self._commands(lambda _: None):
            run("teardown", "-e", env, "--early", "--config-dir", "config")

    def teardown(
        self,
        env: str,
        *options: str,
        meanwhile: Sequence[Attempt] = (),
        late: Sequence[Attempt] = (),
    ) -> Ran:
        """``workshop teardown`` twice, to plan and to apply, in this process.

        ada goes on in between and, once things are being stopped, while it is applied.
        """
        ada = adversary.seat(names_of("ada"), "ben")
        waiting = list(late)

        def hear(event: Any) -> None:
            if waiting and event.step == TeardownStep.STOP:
                tries, waiting[:] = list(waiting), []
                self.try_all(ada, tries)

        words = ("teardown", "-e", env, "--early", *options, "--config-dir", "config")
        with self._commands(hear):
            planned = run(*words)
            if planned.code != 0:
                return planned
            if meanwhile:
                self.try_all(ada, meanwhile)
            return run(*words, "--apply", "--yes", WORKSHOP, "--interval", "0")

    @contextmanager
    def _commands(self, hear: Callable[[Any], object]) -> Iterator[None]:
        def quick(clients: Any, target: Any, types: Any, sink: Any, **more: Any) -> Teardown:
            def heard(event: Any) -> None:
                sink(event)
                hear(event)

            return Teardown(
                clients, target, types, heard, **{**more, **played_waits(self.cloud, deadline=60)}
            )

        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with (
                at_once_in(self.cloud),
                mock.patch.object(Clients, "of", partial(_clients, self.cloud)),
                mock.patch("workshop.teardown.session.Teardown", quick),
                mock.patch("workshop.teardown.session.ALL", self._types),
            ):
                yield
        finally:
            os.chdir(before)


@cache
def _quick_clients(endpoint: str, lines: Any, home: AccountRegion) -> QuickClients:  # noqa: ARG001
    return QuickClients(lines, home)


def _clients(cloud: Cloud, loaded: LoadedEnvironment) -> QuickClients:
    return _quick_clients(cloud.endpoint, lines_to(cloud.running), loaded.home)


@contextmanager
def at_once_in(cloud: Cloud) -> Iterator[None]:
    """Calls to a cloud, without the waits between attempts."""

    class _ArenaRoom:
        def __init__(self) -> None:
            self.cloud = cloud

    with at_once(_ArenaRoom()):  # type: ignore[arg-type]
        yield
