"""``workshop access``: who may do what, and which statement says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.assemblies import ROOT
from tests.support.config_folder import HEAD, SEATS, write
from tests.support.workshop_command import run
from tools import access_page
from workshop.access import matrix
from workshop.access.permissions import AccessQuestion, cell
from workshop.environments.loader import load
from workshop.naming import Names
from workshop.policies import documents, people
from workshop.policies.actions import CONSOLE_VIEWS

CONFIG = ("--config-dir", str(ROOT / "config"))
DEMO = ("-e", "demo", *CONFIG)
TRAIN = "sagemaker:CreateTrainingJob"
OWN = ("--tag", "attendee=ada", "--tag", "workshop=demo")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("ada", TRAIN, *OWN, "--instance-type", "ml.m5.large"), "allowed by MakeOwn (sagemaker)"),
        (
            ("ada", TRAIN, *OWN, "--instance-type", "ml.p5.48xlarge"),
            "denied by TrainingInstanceTypes (attendee-caps)",
        ),
        (("ada", "sagemaker:CreateExperiment"), "denied: no statement allows it"),
        (("ada", "sagemaker:CreateModel"), "denied by ModelsOfOtherNames (attendee-caps)"),
        (("ada", TRAIN, *OWN), "denied by ComputeWithoutInstances (attendee-caps)"),
        (("ada", "dynamodb:GetItem"), "denied: the boundary does not let it through"),
        (("ada", "sts:GetCallerIdentity"), "allowed: AWS asks for no permission"),
        (
            ("ada", "s3:GetObject", "arn:aws:s3:::sagemaker-sample-files/a"),
            "denied: no statement allows it",
        ),
        (
            ("ada", "s3:GetObject", "arn:aws:s3:::sagemaker-us-east-1-000000000000/a"),
            "denied by BucketsOfOthers (boundary)",
        ),
        (
            ("ada", "ecr:BatchGetImage", "arn:aws:ecr:us-east-1:763104351884:repository/pytorch"),
            "allowed by BaseImagesOfOtherAccounts (data)",
        ),
        (
            ("ada", "sagemaker:CreateMonitoringSchedule"),
            "denied: the boundary does not let it through; it is part of what AWS closed to new"
            " customers",
        ),
        (
            ("ada", "sagemaker:StopTrainingJob", "--tag", "attendee=grace"),
            "denied by ThingsOfOthers (boundary)",
        ),
        (
            ("ada", "sagemaker:CreateTrial", *OWN, "--context", "aws:RequestedRegion=ap-south-1"),
            "denied by OtherRegions (boundary)",
        ),
    ],
)
def test_it_explains_by_which_statement(asked: tuple[str, ...], told: str) -> None:
    explained = run("access", "explain", *asked, *DEMO)
    assert (explained.code, explained.out, explained.err) == (0, f"{told}\n", "")


def test_json_says_what_was_asked_and_decided() -> None:
    explained = run("access", "explain", "ada", "sagemaker:CreatePipeline", *OWN, *DEMO, "--json")
    assert json.loads(explained.out) == {
        "allowed": True,
        "document": "sagemaker",
        "statement": "MakeOwn",
        "action": "sagemaker:CreatePipeline",
        "resource": "*",
        "context": {"aws:RequestTag/attendee": "ada", "aws:RequestTag/workshop": "demo"},
    }


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            ("explain", "adda", TRAIN),
            "no seat 'adda' in environment 'demo'; did you mean 'ada'? known: grace, ada, alan,"
            " edsger, zoe; see all with: workshop roster -e demo",
        ),
        (("explain", "ada", "train"), "'train' is not an action; write service and name:"),
        (("explain", "ada", TRAIN, "--tag", "team"), "'team' is not of the form --tag key=value"),
        (("matrix", "--profile", "atendee"), "no profile 'atendee' in environment 'demo';"),
    ],
)
def test_what_is_misspelt_is_told(asked: tuple[str, ...], told: str) -> None:
    refused = run("access", *asked, *DEMO)
    assert refused.code == 2
    assert refused.err.startswith(f"workshop: {told}")


def test_the_matrix_asks_every_case_of_every_profile() -> None:
    asked = run("access", "matrix", *DEMO, "--json")
    profiles = load("demo", ROOT / "config").settings.profiles
    rows = json.loads(asked.out)
    expected = sum(len(matrix.allowed(one)) + len(matrix.denied(one)) for one in profiles.values())
    assert (asked.code, len(rows)) == (0, expected)
    assert all(row["as_expected"] for row in rows)


def test_a_cell_that_leaks_is_shown_and_ends_in_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(names: Names, *rest: object) -> object:
        made = cell(names, *rest)  # type: ignore[arg-type]
        caps = {**made.documents["attendee-caps"], "Statement": []}
        return replace(made, documents={**made.documents, "attendee-caps": caps})

    monkeypatch.setattr("workshop.cli.access.cell", leaking)
    asked = run("access", "matrix", *DEMO, "--profile", "attendee")
    assert asked.code == 1
    assert "trains on ml.p5.48xlarge" in asked.out
    assert "allowed  <- LEAK" in asked.out
    assert "not as they should be: " in asked.err


def test_the_documents_of_a_seat_are_shown_whole() -> None:
    shown = json.loads(run("access", "show", "ada", *DEMO).out)
    names = Names("demo", "ada", "000000000000", "us-east-1")
    assert shown["role"] == names.role_arn
    assert shown["policies"].keys() == {
        *("data", "sagemaker", "observation", "limits", "end"),
        *("attendee-caps", "attendee-opened"),
    }
    assert shown["people"] == people.people_policy(names)
    for document in (*shown["policies"].values(), shown["boundary"], shown["people"]):
        assert documents.characters(document) <= documents.MANAGED_LIMIT
    assert "console" not in shown


def test_of_a_console_role_it_is_shown_what_it_has_besides_and_who_takes_it_on(
    tmp_path: Path,
) -> None:
    door = "arn:aws:iam::111122223333:role/door"
    access = f"{{access: {{console_principals: ['{door}']}}}}"
    write(tmp_path, f"{HEAD}{SEATS}profiles: {{attendee: {access}}}\n")
    there = ("-e", "dev", "--config-dir", str(tmp_path))
    shown = json.loads(run("access", "show", "seat01", *there).out)
    names = Names("vision", "seat01", "111122223333", "eu-west-1")
    assert shown["console"] == {
        "role": names.console_role_arn,
        "policies": {"console": people.console_policy()},
        "trust": people.console_trust_policy(names, principals=[door], organisers=[], alone=False),
    }
    asked = json.loads(run("access", "matrix", *there, "--json").out)
    assert [row["by"] for row in asked if row["action"] in CONSOLE_VIEWS] == [
        "console: ConsoleViews"
    ] * len(CONSOLE_VIEWS)


def test_one_permission_set_serves_every_seat_of_a_profile() -> None:
    made = json.loads(run("access", "permission-set", "--profile", "attendee", *DEMO).out)
    assert [one["Name"] for one in made["CustomerManagedPolicyReferences"]] == [
        f"demo-cohort-us-east-1-{part}"
        for part in (
            *("data", "sagemaker", "observation", "limits"),
            *("attendee-caps", "attendee-opened", "end"),
        )
    ]
    assert {one["Path"] for one in made["CustomerManagedPolicyReferences"]} == {"/ws/demo/"}
    assert made["PermissionsBoundary"] == {
        "CustomerManagedPolicyReference": {
            "Name": "demo-cohort-us-east-1-boundary",
            "Path": "/ws/demo/",
        }
    }
    assert "ManagedPolicies" not in made
    sids = [statement["Sid"] for statement in made["InlinePolicy"]["Statement"]]
    assert len(sids) == len(set(sids))


def test_managed_seats_are_asked_as_if_all_else_were_allowed() -> None:
    settings = load("demo", ROOT / "config").settings
    profile = settings.profiles["attendee"]
    managed = profile.model_copy(
        update={"access": profile.access.model_copy(update={"mode": "managed"})}
    )
    names = Names("demo", "ada", "000000000000", "us-east-1")
    asked = cell(names, managed, settings)
    assert asked.decide(
        AccessQuestion("s3:GetObject", f"{names.bucket_arn('data')}/a")
    ).document == ("managed")


def test_the_page_shows_the_table_as_it_is() -> None:
    assert access_page.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("region", "partition", "other"),
    [("us-gov-west-1", "aws-us-gov", "aws"), ("cn-north-1", "aws-cn", "aws")],
)
def test_policies_and_answers_are_of_the_partition_of_the_region(
    tmp_path: Path, region: str, partition: str, other: str
) -> None:
    write(tmp_path, f"{HEAD}{SEATS}".replace("eu-west-1", region))
    where = ("-e", "dev", "--config-dir", str(tmp_path))
    for command in (("show", "seat01"), ("permission-set", "--profile", "attendee")):
        printed = run("access", *command, *where).out
        assert "arn:aws:" not in printed
        assert command[0] == "permission-set" or f"arn:{partition}:" in printed
    for where_it_is, answer in ((partition, "allowed"), (other, "denied")):
        bucket = f"arn:{where_it_is}:s3:::vision-seat01-data-111122223333-{region}/train/a.csv"
        said = run("access", "explain", "seat01", "s3:GetObject", bucket, *where).out
        assert said.startswith(answer)
    checked = run("access", "matrix", *where)
    assert checked.code == 0, checked.out
