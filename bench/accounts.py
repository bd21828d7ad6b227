"""Seats with accounts of their own: 100 and 1,000 members of an organization, nine stacks each.

``accounts``: ours is what ``workshop deploy`` takes from its first stack to its last, one account
as a canary among them; the floor is the bare calls of StackSets by plain boto3 (see
``bench.bare_accounts``): each stack set once, one operation for each in the order of their needs,
and waiting for it, without a canary, a plan or an account's result. The local cloud makes the
stacks of both one after the other, which is most of the time.

``accounts-calls``: the calls to CloudFormation and Organizations for each member, in the home
account and in members together.

``accounts-again``: the whole command once more, with nothing to do; the floor is the listing of all
instances of all stack sets. Ours looks into each account as well, by two calls and a role that is
taken on (``workshop.accounts.seen_accounts``): about 30 ms of CPU for each, most of it for clients.

``accounts-status`` and ``accounts-teardown``: whole commands, the latter a plan and what it shows,
until every account is proven to be empty. ``accounts-status-calls`` and
``accounts-teardown-calls``: all their calls for each member, of which there are ``MOST_CALLS``.

Ours begins no more than two operations a second after the first six
(``workshop.accounts.stack_sets.CALL_SPACING``): 27 calls for one profile, however many members.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import boto3

from bench import counted, environment
from bench.measure import Measure, Result, process, reported, side_by_side
from localcloud import environment as cloud_environment
from localcloud import process as local_cloud
from localcloud.record import Running
from workshop.config import assignment
from workshop.config.assignment import AssignedAccount, Assignment

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
SIZES = (100, 1000)
HOME, REGION = "111122223333", "eu-west-1"
COUNTED = ("cloudformation:*", "organizations:*")
MOST_CALLS = {"status": 30, "teardown": 1000}
"""For each member: a teardown looks at everything five times."""

MORE = """\
accounts: {mode: ou, units: [UNIT], parallel_percent: 100}
deploy: {failure_percent: 0}
"""


@dataclass(frozen=True)
class OrganizationCloud:
    """A local cloud with an organization, and the folder of an environment of its members."""

    running: Running
    folder: Path
    seats: int

    @cached_property
    def variables(self) -> dict[str, str]:
        chosen = cloud_environment.variables(self.running, self.folder / "cloud")
        return cloud_environment.applied(os.environ, chosen)

    def found(self) -> None:
        """Empty the cloud and make an organization whose members are the seats' accounts."""
        local_cloud.reset(self.running)
        session = boto3.Session(
            self.variables["AWS_ACCESS_KEY_ID"],
            self.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        organizations = session.client("organizations", endpoint_url=self.running.endpoint)
        cloudformation = session.client("cloudformation", endpoint_url=self.running.endpoint)
        root = organizations.list_roots()["Roots"][0]["Id"]
        cloudformation.activate_organizations_access()
        accounts = [
            organizations.create_account(Email=f"seat{n}@example.org", AccountName=f"seat{n}")[
                "CreateAccountStatus"
            ]["AccountId"]
            for n in range(1, self.seats + 1)
        ]
        environment.write(self.folder, [""] * self.seats, MORE.replace("UNIT", root))
        ids = [f"seat{n}" for n in range(1, self.seats + 1)]
        rows = tuple(map(AssignedAccount, accounts, ids))
        text = assignment.text(Assignment(rows))
        (self.folder / "bench.accounts.csv").write_text(text, encoding="utf-8")
        counted.count(self.running, *COUNTED)

    @property
    def calls(self) -> int:
        """How many calls were made since they are counted."""
        return counted.calls(self.running)

    def ours(self, part: str = "") -> Measure:
        """``workshop deploy``: what its ``part`` took, or all."""
        run, printed = reported(self._command("deploy"), cwd=str(ROOT), variables=self.variables)
        end = json.loads(printed.splitlines()[-1])
        return replace(run, seconds=end["seconds"][part]) if part else run

    def status(self) -> Measure:
        """``workshop status``; a seat that is not ready is an error."""
        return process(self._command("status"), cwd=str(self.folder), variables=self.variables)

    def teardown(self) -> Measure:
        """``workshop teardown``, to plan and to apply; what is not proven is an error."""
        plan = self._command("teardown", "--early")
        act = [*plan, "--apply", "--yes", "bench", "--interval", "0"]
        shown, done = (
            process(command, cwd=str(self.folder), variables=self.variables)
            for command in (plan, act)
        )
        return Measure(shown.seconds + done.seconds, max(shown.peak_mb, done.peak_mb))

    def _command(self, verb: str, *more: str) -> list[str]:
        folder = ("--config-dir", str(self.folder))
        return [str(PROGRAMS / "workshop"), verb, "-e", "bench", *folder, "--json", *more]

    def bare(self, what: str) -> Measure:
        """``bench.bare_accounts``: what the calls took."""
        run, printed = reported(
            [sys.executable, "-m", "bench.bare_accounts", what, str(self.folder)],
            cwd=str(ROOT),
            variables=self.variables,
        )
        return replace(run, seconds=json.loads(printed.splitlines()[-1])["seconds"])


def results() -> Iterator[Result]:
    """Seven results of each size."""
    for seats in SIZES:
        with _organization(seats) as cloud:
            cloud.found()
            floor = cloud.bare("deploy")
            bare_calls = cloud.calls / seats
            cloud.found()
            ours = cloud.ours("stacks")
            calls = cloud.calls / seats
            yield _result("accounts", "s", seats, ours, floor)
            yield _result(
                *("accounts-calls", "calls", seats),
                *(replace(ours, seconds=calls), replace(floor, seconds=bare_calls)),
            )
            yield side_by_side(
                "accounts-again",
                size=seats,
                runs=3,
                ours=cloud.ours,
                floor=partial(cloud.bare, "listing"),
            )
            for verb, run in (("status", cloud.status), ("teardown", cloud.teardown)):
                counted.count(cloud.running, "*")
                taken = run()
                calls = cloud.calls / seats
                yield _result(f"accounts-{verb}", "s", seats, taken)
                asked = replace(taken, seconds=calls)
                yield _result(f"accounts-{verb}-calls", "calls", seats, asked)
                assert calls <= MOST_CALLS[verb], "too many calls"


def _result(name: str, unit: str, size: int, ours: Measure, floor: Measure | None = None) -> Result:
    mine, least = ours.seconds, floor.seconds if floor else None
    ratio = mine / least if least else None
    return Result(name, unit, size, mine, least, None, ratio, None, ours.peak_mb, runs=1)


@contextmanager
def _organization(seats: int) -> Iterator[OrganizationCloud]:
    with tempfile.TemporaryDirectory(prefix="bench-accounts-") as name:
        folder = Path(name)
        options = {"account": HOME, "region": REGION, "delays": {"notebook": 0}}
        with environment.running_cloud(folder / "cloud", **options) as running:
            yield OrganizationCloud(running, folder, seats)
