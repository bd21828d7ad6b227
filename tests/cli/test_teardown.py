"""``workshop teardown``, ``sweep`` and ``leftovers`` as an organiser runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, serves, trains
from tests.support.workshop_command import Ran
from workshop.aws import clients
from workshop.bill import collector

Workshop = Callable[..., Ran]

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def workshop(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """The seat ada of the shipped environment ``demo``, deployed and used."""
    cloud.delays(training=3600, endpoint=0, stopping=0, tick=0)
    teardown_demo.connect(cloud, monkeypatch)
    teardown_demo.deploy(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    serves(cloud, "serve", ADA.role_arn, ADA)
    with teardown_demo.in_folder(tmp_path, monkeypatch) as run:
        yield run


APPLY = ("teardown", "-e", "demo", "--early", "--apply", "--interval", "0")


def digest(ran: Ran) -> str:
    found = re.search(r"^plan ([0-9a-f]{12}); to do this: (.*)$", ran.err, re.MULTILINE)
    assert found is not None, ran.err
    assert found[2].startswith(f"workshop teardown -e demo --config-dir {CONFIG} --")
    assert found[2].endswith(f" --apply {found[1]}")
    return found[1]


def test_a_bill_that_cannot_be_added_up_keeps_nothing_from_being_deleted(
    cloud: Cloud, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("InstanceType")

    monkeypatch.setattr(collector, "collect", broken)
    shown = digest(workshop("teardown", "-e", "demo"))
    ran = workshop(*APPLY, shown, "--yes", "demo")
    assert ran.code == 0, ran.err
    assert "warning: what it has cost could not be added up (KeyError('InstanceType'))" in ran.err
    assert teardown_demo.stack_names(cloud) == set()
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    assert json.loads(told.read_text())["bill"] is None


def test_a_plan_is_shown_and_nothing_is_done(cloud: Cloud, workshop: Workshop) -> None:
    before = teardown_demo.stack_names(cloud)
    ran = workshop("teardown", "-e", "demo", "--all")
    assert ran.code == 0
    assert re.search(r"^ada +endpoint +1 +delete +serve$", ran.out, re.MULTILINE)
    assert re.search(
        r"^ada +bucket +1 +everything in it is deleted +demo-ada-data-", ran.out, re.MULTILINE
    )
    assert "it costs 0.230 USD per hour" not in ran.out
    assert teardown_demo.stack_names(cloud) == before
    assert cloud.client("sagemaker").list_endpoints()["Endpoints"]
    assert digest(workshop("teardown", "-e", "demo")) == digest(ran)
    early = workshop("teardown", "-e", "demo", "--only", "ada", "--early", "--abandon")
    same = f"workshop teardown -e demo --config-dir {CONFIG} --only ada --early --abandon --apply"
    assert f"; to do this: {same} " in early.err


def test_what_was_shown_is_done_and_proven_and_written_down(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    shown = digest(workshop("teardown", "-e", "demo"))
    ran = workshop(*APPLY, shown, "--yes", "demo")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-2:] == [
        "still billed: 0.000 USD per hour",
        "gone: two scans found nothing of workshop 'demo'",
    ]
    assert "freeze: 1 role in 000000000000 us-east-1 can make nothing new" in ran.err
    assert teardown_demo.stack_names(cloud) == set()
    folder = tmp_path / ".workshop" / "demo"
    [told] = folder.glob("teardown-2*.json")
    document = json.loads(told.read_text())
    assert (document["proven"], document["exit"]) == (True, 0)
    assert [look["clean"] for look in document["scans"]] == [True, True]
    # What it had cost was read before it was deleted, and is told afterwards as well.
    [ada] = [one for one in document["bill"]["seats"] if one["seat"] == "ada"]
    assert {"notebook", "disk", "endpoint"} <= set(ada["by_kind"])
    [has_cost] = [line for line in ran.out.splitlines() if line.startswith("has cost: ")]
    assert " an estimate by us-east-1 list prices of " in has_cost
    seats = json.loads(workshop("bill", "-e", "demo", "--json").out)["seats"]
    [later] = [one for one in seats if one["seat"] == "ada"]
    assert later["by_kind"].keys() == ada["by_kind"].keys()
    assert later["usd"]["least"] == ada["usd"]["least"]
    assert "endpoint" in told.with_suffix(".md").read_text()
    page = told.with_suffix(".html").read_text()
    assert "<script" not in page
    assert "http" not in page
    again = workshop(*APPLY)
    assert again.code == 0
    assert workshop("leftovers", "-e", "demo").code == 0


def test_what_stacks_hold_is_known_from_the_plan_unless_they_have_changed(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    workshop("teardown", "-e", "demo")
    # The last of its description is what changes.
    client, changed = cloud.client("cloudformation"), ADA.stack("storage")
    body = client.get_template(StackName=changed)["TemplateBody"]
    body["Description"] += "."
    parameters = client.describe_stacks(StackName=changed)["Stacks"][0]["Parameters"]
    assert cloud.update(changed, json.dumps(body), Parameters=parameters) == "UPDATE_COMPLETE"
    ran = workshop(*APPLY, "--yes", "demo")
    assert ran.code == 0, ran.err
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    assert json.loads(told.read_text())["calls"]["cloudformation:ListStackResources"] == 1


def test_a_seat_whose_work_cannot_be_saved_stays_and_costs_nothing(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key="notes", Body=b"1")
    to = ("--save-to", str(tmp_path / "saved"))
    workshop("teardown", "-e", "demo", *to)
    cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    ran = workshop(*APPLY, "--yes", "demo", *to)
    assert ran.code == 4, ran.err
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    document = json.loads(told.read_text())
    assert list(document["not_saved"]) == ["ada"]
    assert document["not_saved"]["ada"].startswith(f"s3://{ADA.bucket('data')}/notes: AccessDenied")
    assert {one["seat"]: one["not_saved"] for one in document["saved"]} == {"ada": 1, "cohort": 0}
    assert ADA.stack("storage") in teardown_demo.stack_names(cloud)
    assert cloud.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert ran.out.splitlines()[-1] == "NOT PROVEN: nothing of workshop 'demo' was deleted"


def test_a_role_that_could_not_be_frozen_is_in_the_report(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    workshop("teardown", "-e", "demo")
    cloud.faults({"effect": "denied", "operation": "iam:AttachRolePolicy"})
    workshop(*APPLY, "--yes", "demo")
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    assert list(json.loads(told.read_text())["not_frozen"]) == [ADA.role]
    for suffix in (".md", ".html"):
        page = told.with_suffix(suffix).read_text().casefold()
        assert "not frozen" in page
        assert ADA.role in page


def test_a_new_plan_asks_again_what_stacks_hold(cloud: Cloud, workshop: Workshop) -> None:
    assert "stack resource" not in workshop("teardown", "-e", "demo").err
    cloud.faults({"effect": "denied", "operation": "cloudformation:ListStackResources"})
    assert "stack resource" in workshop("teardown", "-e", "demo").err


def test_guards_refuse_before_anything_is_touched(cloud: Cloud, workshop: Workshop) -> None:
    before = teardown_demo.stack_names(cloud)
    errors = {
        ("teardown", "-e", "demo", "--apply", "--yes", "demo"): "the workshop lasts until",
        (*APPLY, "--yes", "demo"): "no plan was shown yet",
        (*APPLY, "123456789abc", "--yes", "demo"): "is not the plan that holds now",
    }
    for words, told in errors.items():
        ran = workshop(*words)
        assert (ran.code, told in ran.err) == (3, True), ran.err
    workshop("teardown", "-e", "demo")
    ran = workshop(*APPLY, "--yes", "prod")
    assert (ran.code, "'prod' is not the workshop's name" in ran.err) == (3, True)
    ran = workshop(*APPLY)
    assert (ran.code, "nobody is there to type" in ran.err) == (3, True)
    ran = workshop(*APPLY, "--include-claimed", "--yes", "demo")
    assert (ran.code, "other options" in ran.err) == (3, True)
    assert teardown_demo.stack_names(cloud) == before
    assert not teardown_demo.is_frozen(cloud, ADA)


def test_a_stack_that_has_come_since_is_refused_before_anything_is_frozen(
    cloud: Cloud, workshop: Workshop
) -> None:
    workshop("teardown", "-e", "demo")
    teardown_demo.deploy_stack(cloud, BEN, "access")
    ran = workshop(*APPLY, "--yes", "demo")
    assert ran.code == 3
    assert ran.err.splitlines()[-1] == (
        "workshop: the plan is stale: role demo-ben-us-east-1-execution and 1 more was not in it;"
        f" look at it again with: workshop teardown -e demo --config-dir {CONFIG} --early"
        " --interval 0"
    )
    assert not teardown_demo.is_frozen(cloud, ADA)


def test_a_protected_cohort_is_refused(cloud: Cloud, workshop: Workshop) -> None:
    cloud.client("cloudformation").update_termination_protection(
        StackName="demo-cohort", EnableTerminationProtection=True
    )
    workshop("teardown", "-e", "demo")
    ran = workshop(*APPLY, "--yes", "demo")
    assert ran.code == 3
    assert "the cohort's stack, demo-cohort, is protected against deletion" in ran.err
    assert "--stack-name demo-cohort --region us-east-1" in ran.err


def test_another_account_is_refused(
    cloud: Cloud, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud.environment(account="111122223333").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "boto3", boto3)
    ran = workshop(*APPLY, "--yes", "demo")
    assert ran.code == 3
    assert "your credentials are for account 111122223333" in ran.err


def test_what_is_left_is_told_with_exit_code_4(cloud: Cloud, workshop: Workshop) -> None:
    cloud.client("sagemaker").create_model(
        ModelName="demo-ada-x", PrimaryContainer={"Image": teardown_demo.IMAGE}
    )
    shown = workshop("teardown", "-e", "demo")
    assert "stays: model demo-ada-x: only its name says so" in shown.err
    ran = workshop(*APPLY, "--yes", "demo")
    assert ran.code == 4
    assert ran.out.splitlines()[-1] == "NOT PROVEN: workshop 'demo' is not shown to be gone"
    assert "left: ada model demo-ada-x claimed: only its name says so" in ran.out


def test_leftovers_are_listed_and_changed_by_nobody(cloud: Cloud, workshop: Workshop) -> None:
    before = teardown_demo.stack_names(cloud)
    named = ("--workshop", "demo", "--account", "000000000000", "--region", "us-east-1")
    for words in (("-e", "demo"), named):
        ran = workshop("leftovers", *words)
        assert ran.code == 4
        assert re.search(r"^ada +endpoint +serve +InService +owned", ran.out, re.MULTILINE)
    assert teardown_demo.stack_names(cloud) == before
    assert workshop("leftovers").code == 2


def test_leftovers_of_a_workshop_by_name_are_those_of_all_its_environments(
    cloud: Cloud, workshop: Workshop
) -> None:
    client = cloud.client("sagemaker")
    for environment in ("another", "zoo"):
        tagged = {"workshop": "demo", "environment": environment, "attendee": "ada"}
        client.create_model(
            ModelName=f"of-{environment}",
            PrimaryContainer={"Image": teardown_demo.IMAGE},
            Tags=[{"Key": key, "Value": value} for key, value in tagged.items()],
        )
    bucket = cloud.client("s3")
    bucket.create_bucket(Bucket="demo-by-hand")
    by_hand = [{"Key": "workshop", "Value": "demo"}, {"Key": "environment", "Value": "zoo"}]
    bucket.put_bucket_tagging(Bucket="demo-by-hand", Tagging={"TagSet": by_hand})
    words = (
        "--workshop",
        "demo",
        "--account",
        teardown_demo.HERE.account,
        "--region",
        teardown_demo.HERE.region,
    )
    ran = workshop("leftovers", *words)
    assert ran.code == 4
    for name in ("of-another", "of-zoo", "demo-by-hand"):
        assert re.search(rf" {name} .* claimed ", ran.out), ran.out
    assert re.search(r" bucket +demo-ada-data-.* owned ", ran.out)


def test_tags_that_cannot_be_read_are_unknown_leftovers(cloud: Cloud, workshop: Workshop) -> None:
    cloud.faults({"effect": "denied", "operation": "resourcegroupstaggingapi:GetResources"})
    words = (
        "--workshop",
        "demo",
        "--account",
        teardown_demo.HERE.account,
        "--region",
        teardown_demo.HERE.region,
    )
    ran = workshop("leftovers", *words)
    assert (ran.code, "tags in " in ran.err) == (4, True), ran.err


def test_a_sweep_takes_what_was_made_and_leaves_the_stacks(
    cloud: Cloud, workshop: Workshop
) -> None:
    before = teardown_demo.stack_names(cloud)
    plan = workshop("sweep", "-e", "demo")
    assert f"workshop sweep -e demo --config-dir {CONFIG} --apply" in plan.err
    ran = workshop("sweep", "-e", "demo", "--apply", "--yes", "demo")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1] == "workshop 'demo' was swept"
    assert teardown_demo.stack_names(cloud) == before
    assert cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_programs_get_json(workshop: Workshop) -> None:
    plan = json.loads(workshop("teardown", "-e", "demo", "--json").out)
    assert {"resource_type": "endpoint", "action": "delete"}.items() <= next(
        one
        for one in plan["resources"]
        if one["id"] == "serve" and one["resource_type"] == "endpoint"
    ).items()
    lines = workshop(*APPLY, "--yes", "demo", "--json").out.splitlines()
    events, last = [json.loads(line) for line in lines[:-1]], json.loads(lines[-1])
    assert {"stop", "delete", "stacks", "verify"} <= {one["step"] for one in events}
    assert last["exit"] == 0
