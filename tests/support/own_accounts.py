"""A workshop whose seats have accounts of their own, in an organization of a local cloud.

``founded`` makes the organization and the files of the environment; ``deployed`` has its stack sets
as CloudFormation makes them, without the product's own engine. Templates are synthesized once.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support import box_assembly, shared_folder
from tests.support.assemblies import Synthesized, synthesize
from tests.support.local_cloud import IAM, Cloud, root
from tests.support.organizations import MANAGED, Organization, targets
from tests.support.preflights import calling
from tests.support.small_workshop import quick_deploys
from tests.support.stacksets import Administrator, trust
from tests.support.workshop_command import Ran, run
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config import assignment
from workshop.config.assignment import AssignedAccount, Assignment
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.assembly import Assembly, chosen, read
from workshop.environments import loader
from workshop.naming import (
    ALONE,
    COHORT,
    ORGANISER,
    ORGANISER_ACCOUNT,
    ORGANISER_PRINCIPALS,
    Names,
)
from workshop.preflight import preflight

ACCOUNT, REGION = "000000000000", "us-east-1"
HOME = AccountRegion(ACCOUNT, REGION)
WORKSHOP = ENVIRONMENT = "vision"
SEATS = ("ada", "ben", "cleo")
ANYBODY = f"arn:aws:iam::{ACCOUNT}:*"

SETTINGS = f"""\
workshop: {WORKSHOP}
account: "{ACCOUNT}"
region: {REGION}
start: "2026-01-01T09:00:00+00:00"
end: "2099-12-31T17:00:00+00:00"
roster: {{file: people.csv}}
accounts: {{mode: ou, units: [UNIT]}}
profiles: {{attendee: {{}}, author: {{}}}}
"""
"""The YAML; ``UNIT`` stands for the organizational unit of the seats' accounts."""

DOOR = "door: {}"
"""A line of the YAML with which the accounts have doors; it changes no other template."""

PEOPLE = ("ada", "ben")
_USER = f"arn:aws:iam::{ACCOUNT}:user"
_PROFILE = f"""
    ec2: {{instance_types: [t3.medium], image: amazon-linux}}
    access:
      console_principals: {json.dumps([f"{_USER}/{person}" for person in PEOPLE])}
      console_organisers: ["{_USER}/organiser"]"""
BOXES = SETTINGS.replace(
    "{attendee: {}, author: {}}",
    f"\n  attendee:{_PROFILE}\n    notebook: {{enabled: false}}\n  author:{_PROFILE}",
)
"""The YAML where each seat has an EC2 instance, and an author a notebook as well.

Users of the home account, ada and ben, may each be one seat, and its organiser all.
"""


@cache
def exemplar(settings: str = SETTINGS) -> Synthesized:
    """One seat of each profile, made once by all workers of a run."""
    folder = shared_folder.folder() / f"own-accounts{'-boxes' if settings == BOXES else ''}"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = not folder.exists()
        if made:
            folder.mkdir()
            text = f"{settings}{DOOR}\n".replace("UNIT", "ou-ab12-cd345678")
            (folder / f"{ENVIRONMENT}.yaml").write_text(text)
            (folder / "people.csv").write_text("id,profile\nada,\nben,author\n")
            box_assembly.write_pins(folder)
            accounts = Assignment(
                (
                    AssignedAccount("222222222222").to("ada"),
                    AssignedAccount("333333333333").to("ben"),
                )
            )
            (folder / f"{ENVIRONMENT}.accounts.csv").write_text(assignment.text(accounts))
        loaded = loader.load(ENVIRONMENT, folder)
        if made:
            synthesize(loaded).directory.rename(folder / "assembly")
    return Synthesized(loaded, folder / "assembly")


def assembly(
    loaded: LoadedEnvironment, edits: Mapping[str, str] | None = None, settings: str = SETTINGS
) -> Assembly:
    """What ``synthesize`` gives for an environment of these profiles; ``edits`` replace texts."""
    some = chosen(loaded, loaded.seats)
    made = exemplar(settings)
    texts = {name: made.text(name) for name in made.stacks()}
    for before, after in (edits or {}).items():
        assert any(before in text for text in texts.values()), before
        texts = {name: text.replace(before, after) for name, text in texts.items()}
    return read(loaded, some, {name: (text, False) for name, text in texts.items()})


@dataclass
class OwnAccounts:
    """An environment ``vision`` in a folder, and the organization that its accounts are in.

    ``key`` are access key and secret of whoever runs commands; empty for the home account's root.
    """

    cloud: Cloud
    folder: Path
    organization: Organization
    seats: tuple[str, ...] = ()
    key: tuple[str, str] = ("", "")
    profiles: dict[str, str] = field(default_factory=dict)
    """The profile of each seat that has another than ``attendee``."""
    regions: dict[str, str] = field(default_factory=dict)
    """The Region of each seat that is in another than the workshop's."""
    settings: str = SETTINGS
    """The YAML of which templates are, SETTINGS or BOXES."""
    edits: dict[str, str] = field(default_factory=dict)
    """Texts of the templates, and what stands in their place: another edition's templates."""

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def accounts_file(self) -> Path:
        return self.config / f"{ENVIRONMENT}.accounts.csv"

    @property
    def administrator(self) -> Administrator:
        """Whoever calls StackSets by hand."""
        return Administrator(self.cloud)

    def account(self, seat: str) -> str:
        """The account that a seat was given first."""
        return self.organization.members[seat]

    def join(self, *seats: str) -> None:
        """Have further seats, each with an account of its own, and write the files."""
        for seat in seats:
            self.organization.add_member(seat, "seats")
        self.seats = (*self.seats, *seats)
        self.write()
        self.assign()

    def place(self, seat: str) -> AccountRegion:
        return AccountRegion(self.account(seat), REGION)

    def within(self, service: str, seat: str, region: str = REGION) -> Any:
        """Return a client of a seat's account, as its root."""
        return self.cloud.client(service, account=self.account(seat), region=region)

    # --- files ----------------------------------------------------------------------------------

    def write(self, *more: str, settings: str = "") -> None:
        """Write YAML and roster; ``more`` are further lines of the YAML."""
        self.config.mkdir(exist_ok=True)
        if self.settings == BOXES:
            box_assembly.write_pins(self.config)
        text = (settings or self.settings).replace("UNIT", self.organization.units["seats"])
        (self.config / f"{ENVIRONMENT}.yaml").write_text("\n".join([text, *more, ""]))
        rows = [
            f"{seat},{self.profiles.get(seat, 'attendee')},{self.regions.get(seat, '')}"
            for seat in self.seats
        ]
        (self.config / "people.csv").write_text("\n".join(["id,profile,region", *rows, ""]))

    def assign(self, *free: str) -> None:
        """Write the file of accounts: each seat has the one of its name, ``free`` ones nobody."""
        rows = [AssignedAccount(self.account(seat)).to(seat) for seat in self.seats]
        rows += [AssignedAccount(self.organization.members[name]) for name in free]
        self.accounts_file.write_text(assignment.text(Assignment(tuple(rows))))

    def loaded(self) -> LoadedEnvironment:
        return loader.load(ENVIRONMENT, self.config)

    # --- who calls ------------------------------------------------------------------------------

    def variables(self) -> dict[str, str]:
        """The environment of whoever runs commands."""
        mine = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), self.key, strict=True))
        return {**self.cloud.environment(), **(mine if self.key[0] else {})}

    @contextmanager
    def calling(self) -> Iterator[None]:
        """The process's environment as theirs."""
        with calling(self.cloud, **self.variables()):
            yield

    def call_as_root_of(self, account: str) -> None:
        """Let the root of an account run commands from now on."""
        given = root(self.cloud.running, account)
        self.key = (given["aws_access_key_id"], given["aws_secret_access_key"])

    def clients(self) -> Clients:
        """Clients of theirs; to be made and used while ``calling``."""
        return Clients.of(self.loaded())

    def run(self, command: str, *arguments: str) -> Ran:
        """``workshop COMMAND -e vision ARGUMENTS`` in the folder, in this process."""

        def made(loaded: LoadedEnvironment, *_: object, **__: object) -> tuple[Assembly, str]:
            return assembly(loaded, self.edits, self.settings), ""

        # What a teardown lists in each account is many calls, of which tests/preflight tells.
        quick = partial(preflight, tries_reads=False)
        with (
            _inside(self.folder),
            self.calling(),
            quick_deploys(),
            mock.patch("workshop.cli.preflight.checked", quick),
            mock.patch("workshop.deploy.assembly.synthesize", made),
        ):
            return run(*command.split(), "-e", ENVIRONMENT, *arguments)

    def let_in(self, seat: str, role: str) -> None:
        """Have a role in a seat's account that whoever may in the home account takes on."""
        iam = self.within("iam", seat)
        iam.create_role(
            RoleName=role, AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{ACCOUNT}:root")
        )
        iam.attach_role_policy(
            RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )

    # --- what StackSets made ----------------------------------------------------------------------

    def deploy(self, *seats: str, principals: str = ANYBODY) -> None:
        """Have the stacks of seats made by stack sets, as any deployment of them leaves them."""
        for name, template, given, request in self._sets(seats or self.seats, principals):
            self._create(name, template, given)
            done = self.administrator.finished("create_stack_instances", name, **request)
            assert done["Status"] == "SUCCEEDED", self.administrator.results(
                done["OperationId"], name
            )

    def _sets(
        self, seats: Sequence[str], principals: str
    ) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
        loaded, made = self.loaded(), exemplar(self.settings)
        by_profile: dict[str, list[str]] = {}
        for seat in loaded.chosen(seats):
            by_profile.setdefault(seat.profile, []).append(seat.account)
        for profile, accounts in by_profile.items():
            kinds = [(COHORT, kind) for kind in loaded.settings.cohort_stacks]
            kinds += [(ALONE, kind) for kind in loaded.settings.profiles[profile].stacks]
            for attendee, kind in kinds:
                name = Names(WORKSHOP, attendee, "", "").stack_set(kind, profile)
                text = made.text(name)
                carried = {
                    **loaded.tags(attendee, COHORT if attendee == COHORT else profile),
                    tags.TEMPLATE: tags.template_digest(text),
                }
                parameters = (
                    {ORGANISER_ACCOUNT: ACCOUNT, ORGANISER_PRINCIPALS: principals}
                    if kind == ORGANISER
                    else {}
                )
                given = {"Tags": carried, "Parameters": parameters}
                yield name, text, given, self.request(accounts)

    def _create(self, name: str, text: str, given: dict[str, dict[str, str]]) -> None:
        client = self.administrator.client
        known = {one["StackSetName"] for one in sets(client)}
        if name in known:
            return
        client.create_stack_set(
            StackSetName=name,
            TemplateBody=json.dumps(json.loads(text)),
            Tags=[{"Key": key, "Value": value} for key, value in given["Tags"].items()],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in given["Parameters"].items()
            ],
            ManagedExecution={"Active": True},
            **MANAGED,
            **IAM,
        )

    def request(self, accounts: Iterable[str], region: str = REGION) -> dict[str, Any]:
        """Return what an operation on the instances of these accounts is asked for with."""
        given = targets(
            self.organization,
            "seats",
            Accounts=[*accounts],
            AccountFilterType="INTERSECTION",
        )
        open_ended = {"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100}
        return {**given, "Regions": [region], "OperationPreferences": open_ended}

    # --- what is there ----------------------------------------------------------------------------

    def stacks(self, seat: str) -> set[str]:
        """Return the names of the stacks that the account of a seat has."""
        return {one["StackName"] for one in self.administrator.stacks(self.account(seat))}

    def sets(self) -> set[str]:
        """Return the stack sets of the home account that are there."""
        return {one["StackSetName"] for one in sets(self.administrator.client)}


def sets(client: Any) -> list[dict[str, Any]]:
    """Return the summaries of the stack sets that are not deleted."""
    found: list[dict[str, Any]] = client.list_stack_sets(Status="ACTIVE", MaxResults=100)[
        "Summaries"
    ]
    return found


def founded(
    cloud: Cloud,
    folder: Path,
    *seats: str,
    key: tuple[str, str] = ("", ""),
    settings: str = SETTINGS,
) -> OwnAccounts:
    """Return an environment of these seats with an account for each, and nothing deployed.

    The accounts are in the unit ``seats``, which StackSets may reach.
    """
    organization = Organization(cloud)
    organization.units["root"] = organization.client.list_roots()["Roots"][0]["Id"]
    organization.add_unit("seats")
    made = OwnAccounts(cloud, folder, organization, seats or SEATS, key, settings=settings)
    for seat in made.seats:
        organization.add_member(seat, "seats")
    cloud.client("cloudformation").activate_organizations_access()
    if settings == BOXES:
        for person in PEOPLE:
            cloud.client("iam").create_user(UserName=person)
    made.write()
    made.assign()
    return made


def organiser_key(cloud: Cloud) -> tuple[str, str]:
    """Return access key and secret of a user of the home account who may do everything there."""
    iam = cloud.client("iam")
    iam.create_user(UserName="organiser")
    iam.attach_user_policy(
        UserName="organiser", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="organiser")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
