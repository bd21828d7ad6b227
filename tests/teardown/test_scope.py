"""Where a teardown looks: wherever anything tells that the workshop was, not where it is to be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import account_snapshots as snapshots
from tests.support import attendee_resources as pieces
from tests.support import teardown_demo
from tests.support import teardown_workshop as scenarios
from tests.support.local_cloud import TRUST, Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from tests.support.teardown_workshop import Site
from tests.support.workshop_command import Ran, run
from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.environments import loader
from workshop.ledger import Ledger
from workshop.teardown import evidence

APPLY = ("--apply", "--early", "--yes", "demo", "--interval", "0")
ELSEWHERE = AccountRegion("111122223333", "us-east-1")


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The workshop with ada's bucket, role and endpoint, all of it in us-east-1."""
    made = scenarios.room(cloud)
    made.others_are_here()
    made.cohort()
    made.seat("ada", "storage", "access")
    pieces.endpoint(made.attendee("ada", prefix="mine-", tagged=False))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    return made


OPENED = """profiles:
  attendee:
    access:
      extra_statements:
        - {sid: Tables, actions: ["dynamodb:CreateTable", "dynamodb:GetItem"], resources: ["*"]}
"""


def configured(
    name: str = "demo", *, region: str = HOME.region, roster: str = "id\nada\n", more: str = ""
) -> None:
    Path("config", f"{name}.yaml").write_text(
        f'workshop: demo\naccount: "{HOME.account}"\nregion: {region}\n'
        "start: 2026-01-01T09:00:00Z\nend: 2099-12-31T17:00:00Z\n"
        f"roster: {{file: {name}.csv}}\n{more}",
        encoding="utf-8",
    )
    Path("config", f"{name}.csv").write_text(roster, encoding="utf-8")


def command(room: Site, *words: str, account: str = HOME.account) -> Ran:
    with calling(room.cloud, **room.cloud.environment(account=account)):
        return run(*words)


def role(room: Site, name: str) -> None:
    room.cloud.client("iam").create_role(
        RoleName=name, Path="/ws/demo/", AssumeRolePolicyDocument=json.dumps(TRUST)
    )


@pytest.mark.parametrize("only", [pytest.param((), marks=pytest.mark.long), ("--only", "ada")])
def test_a_region_that_the_configuration_no_longer_names_is_torn_down_as_well(
    room: Site, only: tuple[str, ...]
) -> None:
    configured(region="eu-west-1")
    found = command(room, "leftovers", "-e", "demo")
    assert (found.code, "mine-serve" in found.out) == (4, True), found.out + found.err
    assert command(room, "teardown", "-e", "demo", "--early", *only).code == 0
    assert "Endpoint mine-serve" in snapshots.of(room.cloud)
    ran = command(room, "teardown", "-e", "demo", *APPLY, *only)
    assert (ran.code, "gone: two scans" in ran.err + ran.out) == (0, True), ran.out + ran.err
    assert teardown_demo.stack_names(room.cloud) == ({"demo-cohort"} if only else set())
    assert not room.cloud.client("sagemaker").list_endpoints()["Endpoints"]
    if not only:
        assert command(room, "leftovers", "-e", "demo").code == 0


def test_a_workshop_that_is_looked_for_in_another_region_is_owned_where_it_is(
    room: Site,
) -> None:
    words = ("leftovers", "--workshop", "demo", "--account", HOME.account, "--region", "eu-west-1")
    ran = command(room, *words, "--json")
    assert ran.code == 4
    whose = {
        (one["resource_type"], one["id"]): one["ownership"]
        for one in json.loads(ran.out)["resources"]
    }
    assert whose["stack", "demo-ada-storage"] == "owned"
    assert whose["role", teardown_demo.ADA.role] == "owned"
    assert whose["bucket", teardown_demo.ADA.bucket("data")] == "owned"


def test_an_account_that_the_ledger_knows_and_nobody_can_look_at_is_never_called_gone(
    room: Site,
) -> None:
    configured()
    ledger = Ledger("demo")
    ledger.event(
        DeployEvent(datetime.now(UTC), ELSEWHERE, DeployStep.DONE, "zoe", "demo-zoe-storage")
    )
    assert command(room, "teardown", "-e", "demo", "--early").code == 0
    ran = command(room, "teardown", "-e", "demo", *APPLY)
    cure = "workshop leftovers -e demo --account 111122223333 --region us-east-1"
    assert (ran.code, cure in ran.out + ran.err) == (4, True), ran.out + ran.err
    Path("config").rename("my work")
    moved = command(room, "leftovers", "-e", "demo", "--config-dir", "my work")
    assert cure.replace("demo", "demo --config-dir 'my work'") in moved.err
    Path("my work").rename("config")
    assert teardown_demo.stack_names(room.cloud) == set()
    assert ledger.account_regions() == (ELSEWHERE,)
    one_seat = command(room, "teardown", "-e", "demo", "--only", "ada", *APPLY)
    assert one_seat.code == 3  # another plan than the one that was shown
    assert command(room, "leftovers", "-e", "demo").code == 4
    cured = command(room, *cure.split()[1:], account=ELSEWHERE.account)
    assert cured.code == 0, cured.out + cured.err
    assert command(room, "leftovers", "-e", "demo").code == 0


def test_what_an_extra_statement_opens_is_named_as_not_looked_at_in_plan_verdict_and_report(
    room: Site,
) -> None:
    configured(more=OPENED)
    why = "profile attendee opens dynamodb:CreateTable, and what that makes is not looked for"
    plan = command(room, "teardown", "-e", "demo", "--early")
    warned = [line for line in plan.err.splitlines() if why in line]
    assert (plan.code, len(warned)) == (0, 1), plan.err
    assert "--accept-unknown dynamodb" in plan.err
    ran = command(room, "teardown", "-e", "demo", *APPLY)
    assert (ran.code, teardown_demo.stack_names(room.cloud)) == (4, set()), ran.out + ran.err
    assert ran.out.splitlines()[-1] == "NOT PROVEN: workshop 'demo' is not shown to be gone"
    assert why in ran.out
    accepted = ("--accept-unknown", "dynamodb")
    plan = command(room, "teardown", "-e", "demo", "--early", *accepted)
    assert [line for line in plan.err.splitlines() if line.startswith("accepted as you asked: ")]
    ran = command(room, "teardown", "-e", "demo", *APPLY, *accepted)
    told = "gone, but for dynamodb, which was not looked at: two scans found nothing else of"
    assert (ran.code, ran.out.splitlines()[-1]) == (0, f"{told} workshop 'demo'"), ran.err
    for suffix in ("md", "html", "json"):
        written = Path(".workshop", "demo").glob(f"teardown-2*.{suffix}")
        last = max(written, key=lambda path: path.stem)
        assert why in last.read_text(encoding="utf-8").replace("\\", "")


def test_what_a_profile_opened_is_told_although_the_yaml_does_so_no_more(
    room: Site,
) -> None:
    configured()
    path = Path("config", "demo.yaml")
    text = path.read_text(encoding="utf-8")
    opening = "{sid: Tables, actions: [dynamodb:CreateTable], resources: ['*']}"
    some = f"profiles: {{attendee: {{access: {{extra_statements: [{opening}]}}}}}}\n"
    path.write_text(text + some, encoding="utf-8")
    evidence.note_opened(Ledger("demo"), loader.load("demo"))
    path.write_text(text, encoding="utf-8")
    command(room, "teardown", "-e", "demo", "--early")
    ran = command(room, "teardown", "-e", "demo", *APPLY)
    assert (ran.code, "profile attendee opens dynamodb:CreateTable" in ran.out) == (4, True), (
        ran.out
    )
    accepting = ("--accept-unknown", "dynamodb")
    command(room, "teardown", "-e", "demo", "--early", "--interval", "0", *accepting)
    ran = command(room, "teardown", "-e", "demo", *APPLY, *accepting)
    told = "gone, but for dynamodb, which was not looked at"
    assert (ran.code, told in ran.out) == (0, True), ran.out
    assert command(room, "leftovers", "-e", "demo").code == 0


def test_a_workshop_that_was_renamed_is_not_called_gone_under_its_new_name(
    room: Site,
) -> None:
    configured()
    assert command(room, "teardown", "-e", "demo", "--early").code == 0  # the only trace of it
    path = Path("config", "demo.yaml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("workshop: demo", "workshop: gala"), encoding="utf-8")
    apply = [word if word != "demo" else "gala" for word in APPLY]
    command(room, "teardown", "-e", "demo", "--early")
    ran = command(room, "teardown", "-e", "demo", *apply)
    told = ran.out + ran.err
    assert (ran.code, "the workshop was called 'demo' there" in told) == (4, True), told
    assert "--accept-unknown" not in told
    look = f"leftovers --workshop demo --account {HOME.account} --region {HOME.region}"
    assert look in told
    assert "mine-serve" in command(room, *look.split()).out
    assert command(room, "leftovers", "-e", "demo").code == 4
    path.write_text(text, encoding="utf-8")
    command(room, "teardown", "-e", "demo", "--early")
    assert command(room, "teardown", "-e", "demo", *APPLY).code == 0
    path.write_text(text.replace("workshop: demo", "workshop: gala"), encoding="utf-8")
    assert command(room, "leftovers", "-e", "demo").code == 0


def test_a_name_with_a_region_that_does_not_exist_neither_stops_nor_hides_anything(
    room: Site,
) -> None:
    configured()
    role(room, "demo-ada-nonsense-execution")
    role(room, "demo-ada-xx-north-9-execution")
    role(room, "helper")
    assert command(room, "teardown", "-e", "demo", "--early").code == 0
    ran = command(room, "teardown", "-e", "demo", *APPLY)
    told = ran.out + ran.err
    assert (ran.code, "Region xx-north-9, which this release does not know" in told) == (4, True)
    assert teardown_demo.roles(room.cloud) == {"demo-ada-xx-north-9-execution"}
    room.cloud.client("iam").delete_role(RoleName="demo-ada-xx-north-9-execution")
    assert command(room, "leftovers", "-e", "demo").code == 0


@pytest.mark.parametrize("left", ["stacks", pytest.param("roles", marks=pytest.mark.long)])
def test_another_environment_of_the_workshop_is_refused_by_name(room: Site, left: str) -> None:
    configured("fall")
    if left == "roles":
        room.cloud.client("sagemaker").delete_endpoint(EndpointName="mine-serve")
        for stack in ("demo-ada-access", "demo-ada-storage", "demo-cohort"):
            room.cloud.destroy(stack)
        room.cloud.client("iam").create_role(
            RoleName=teardown_demo.ADA.role,
            Path=teardown_demo.ADA.iam_path,
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=[{"Key": "workshop", "Value": "demo"}, {"Key": "environment", "Value": "demo"}],
        )
    before = snapshots.of(room.cloud)
    first = "stack demo-ada-access" if left == "stacks" else f"role {teardown_demo.ADA.role}"
    for words in (
        ("teardown", "-e", "fall", "--early"),
        ("teardown", "-e", "fall", "--only", "ada", *APPLY),
        ("teardown", "-e", "fall", *APPLY, "--include-claimed"),
        ("sweep", "-e", "fall"),
        ("leftovers", "-e", "fall"),
    ):
        ran = command(room, *words)
        assert ran.code == 3, (words, ran.out + ran.err)
        assert first in ran.err
        assert "belongs to environment 'demo' of this workshop, not to 'fall'" in ran.err
    assert snapshots.of(room.cloud) == before
