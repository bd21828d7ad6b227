"""``workshop teardown`` itself: refused by its guards, killed in the middle, run twice at once."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support import account_snapshots as snapshots
from tests.support import attendee_resources as pieces
from tests.support import teardown_workshop as scenarios
from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import WORKSHOP as COMMAND
from tests.support.teardown_runs import TeardownRun, at_once, job, proving, teardown
from tests.support.teardown_workshop import Site
from tests.support.workshop_command import Ran, run
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.ledger import FOLDER
from workshop.teardown.plan import Choices
from workshop.teardown.report import TeardownReport


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Ada's bucket, role and work, and the environment in the present folder."""
    made = scenarios.room(cloud)
    scenarios.look_alikes(made)
    made.others_are_here()
    made.cohort()
    made.seat("ada", "storage", "access")
    ada = made.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.data, pieces.training, pieces.endpoint, pieces.experiments, pieces.log):
        make(ada)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "demo.yaml").write_text(
        'workshop: demo\naccount: "000000000000"\nregion: us-east-1\n'
        "start: 2026-01-01T09:00:00Z\nend: 2099-12-31T17:00:00Z\n"
        "roster: {file: demo.csv}\n",
        encoding="utf-8",
    )
    (tmp_path / "config" / "demo.csv").write_text("id\nada\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return made


APPLY = ("--apply", "--early", "--yes", "demo", "--interval", "0")


def command(room: Site, *more: str, **variables: str) -> Ran:
    with calling(room.cloud, **variables):
        return run("teardown", "-e", "demo", *more)


def test_the_guards_refuse_and_nothing_changes(room: Site) -> None:
    before = snapshots.of(room.cloud)
    assert command(room).code == 0
    there = room.cloud.environment(account="111122223333")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    elsewhere = command(room, *APPLY, **{name: there[name] for name in names})
    assert elsewhere.code == 3
    assert "your credentials are for account 111122223333" in elsewhere.err
    early = command(room, *(one for one in APPLY if one != "--early"))
    assert (early.code, "the workshop lasts until 2099-12-31" in early.err) == (3, True)
    other = command(room, "--apply", "--early", "--yes", "dmeo")
    assert (other.code, "is not the workshop's name" in other.err) == (3, True)
    unknown = command(room, "--apply", "000000000000", "--early", "--yes", "demo")
    assert (unknown.code, "is not the plan that holds now" in unknown.err) == (3, True)
    assert snapshots.of(room.cloud) == before
    room.seat("ada", "registry")
    before = snapshots.of(room.cloud)
    stale = command(room, *APPLY)
    assert (stale.code, "the plan is stale: stack demo-ada-registry" in stale.err) == (3, True)
    assert snapshots.of(room.cloud) == before


def ended_by(room: Site, signal_: int) -> tuple[int, str]:
    """A command that gets a signal once something is deleted: its exit code, and what it told."""
    room.cloud.faults({"effect": "latency", "operation": "sagemaker:Delete*", "seconds": 0.5})
    with subprocess.Popen(
        [COMMAND, "teardown", "-e", "demo", *APPLY, "--json"],
        env=room.cloud.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("outcome") == "deleted":
                break
        process.send_signal(signal_)
        _, told = process.communicate()
    room.cloud.faults()
    return process.returncode, told


def test_a_command_that_is_killed_can_simply_be_run_again(room: Site) -> None:
    assert command(room).code == 0
    before = snapshots.of(room.cloud)
    code, _ = ended_by(room, signal.SIGKILL)
    assert code == -signal.SIGKILL
    between = snapshots.of(room.cloud)
    assert {"Endpoint mine-serve", "Stack demo-ada-access"} & between.keys()
    again = command(room, *APPLY)
    assert again.code == 0, again.out + again.err
    assert command(room).code == 0
    third = command(room, *APPLY)
    assert third.code == 0
    after = snapshots.of(room.cloud)
    assert after.keys() == room.others
    assert {what: before[what] for what in room.others} == after
    assert len(list((FOLDER / "demo").glob("teardown-*.html"))) > 0


def test_an_interrupted_command_says_how_to_go_on_and_that_nothing_is_proven(
    room: Site,
) -> None:
    assert command(room).code == 0
    code, told = ended_by(room, signal.SIGINT)
    assert code == 4, told
    assert "To go on from here: workshop teardown -e demo --early --interval 0 --apply" in told
    assert command(room, *APPLY).code == 0
    assert snapshots.of(room.cloud).keys() == room.others


def test_two_teardowns_at_once_do_each_other_no_harm(room: Site) -> None:
    before = snapshots.of(room.cloud)
    reports: list[TeardownReport] = []
    here = AccountRegion(room.cloud.running.account, room.cloud.running.region)

    def one(clients: Clients) -> None:
        work = job(room, clients, seats=["ada"])
        reports.append(work.apply(work.plan(Choices())))

    with at_once(room):
        threads = [threading.Thread(target=one, args=(Clients(here),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    after = snapshots.of(room.cloud)
    assert len(reports) == 2
    for report in reports:
        both = TeardownRun(room, Choices(), before, None, report, after)  # type: ignore[arg-type]
        both.check()
    assert after.keys() == room.others
    proving(teardown(room))
