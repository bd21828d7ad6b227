"""What an organiser opens on purpose: extra statements and console roles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.assemblies import synthesize
from tests.support.config_folder import HEAD, SEATS, load, mistakes, write
from workshop.access import permissions
from workshop.access.permissions import AccessQuestion
from workshop.naming import Names

ACCESS = f"{HEAD}{SEATS}profiles:\n  attendee:\n    access:\n"
PRICES = "arn:aws:dynamodb:eu-west-1:111122223333:table/prices"
EXTRA = f"""\
      extra_statements:
        - sid: ReadPrices
          actions: [dynamodb:GetItem, dynamodb:Query]
          resources: ["{PRICES}"]
"""
ENTRANCE = "arn:aws:iam::111122223333:role/entrance"
ADA = Names("vision", "seat01", "111122223333", "eu-west-1")


def statements(document: Any) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_an_extra_statement_opens_what_it_says_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, ACCESS + EXTRA)
    settings = load(tmp_path).settings
    asked = permissions.cell(ADA, settings.profiles["attendee"], settings)
    assert str(asked.decide(AccessQuestion("dynamodb:GetItem", PRICES))) == (
        "allowed by ReadPrices (attendee-extra)"
    )
    assert not asked.decide(AccessQuestion("dynamodb:GetItem", f"{PRICES}2")).allowed
    assert not asked.decide(AccessQuestion("dynamodb:PutItem", PRICES)).allowed


def test_the_boundary_lets_it_through_in_the_templates_too(tmp_path: Path) -> None:
    write(tmp_path, ACCESS + EXTRA)
    assembly = synthesize(load(tmp_path), ["seat01"])
    made = {
        name: statements(one["Properties"]["PolicyDocument"])
        for name, one in assembly.template("vision-cohort")["Resources"].items()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
    }
    by_sid = {sid: one for some in made.values() for sid, one in some.items()}
    assert "dynamodb:Query" in by_sid["ServicesOfTheWorkshop"]["Action"]
    assert by_sid["ReadPrices"]["Resource"] == PRICES
    assert "cohort-${AWS::Region}-attendee-extra" in assembly.text("vision-seat01-access")


def test_what_is_opened_is_named(tmp_path: Path) -> None:
    write(tmp_path, ACCESS + EXTRA)
    assert load(tmp_path).warnings == (
        "profiles.attendee.access.extra_statements opens dynamodb:GetItem, dynamodb:Query on"
        f" {PRICES} to every seat of the profile",
    )


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (
            "iam:CreateRole",
            "'iam:CreateRole' would let a seat give itself more; leave iam to the organiser",
        ),
        (
            "sagemaker:CreateDomain",
            "'sagemaker:CreateDomain' would open others' work, or hide one's own"
            " ('sagemaker:*teDomain'); remove it, since no statement can open it",
        ),
        (
            "sagemaker:Create*",
            "'sagemaker:Create*' runs what nothing could cap"
            " ('sagemaker:Create*tion*Job'); remove it, since no statement can open it",
        ),
    ],
)
def test_what_cannot_or_must_not_be_opened_is_a_mistake(
    tmp_path: Path, actions: str, told: str
) -> None:
    write(tmp_path, ACCESS + EXTRA.replace("dynamodb:GetItem, dynamodb:Query", actions))
    assert mistakes(tmp_path) == [
        f"11: profiles.attendee.access.extra_statements[0]: {told}",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("dynamodb:GetItem", '"*"', "is not an action; write service and name"),
        ("sid: ReadPrices", "sid: Read prices", "cannot name a statement; use letters and digits"),
        (f'"{PRICES}"', "prices", "is not an ARN; write 'arn:aws:...', or '*' for all"),
    ],
)
def test_a_statement_that_is_not_well_formed_is_told(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    write(tmp_path, (ACCESS + EXTRA).replace(before, after))
    (mistake,) = mistakes(tmp_path)
    assert told in mistake


def test_a_console_role_is_made_for_those_who_are_named_and_for_nobody_else(
    tmp_path: Path,
) -> None:
    write(tmp_path, f"{ACCESS}      console_principals: ['{ENTRANCE}']\n")
    template = synthesize(load(tmp_path), ["seat01"]).template("vision-seat01-access")
    roles = {
        json.dumps(one["Properties"]["RoleName"]): one["Properties"]
        for one in template["Resources"].values()
    }
    assert len(roles) == 2
    (console,) = (role for name, role in roles.items() if "console" in name)
    (execution,) = (role for name, role in roles.items() if "execution" in name)
    trust = statements(console["AssumeRolePolicyDocument"])
    assert trust.keys() == {"TaggedPrincipals"}
    assert trust["TaggedPrincipals"]["Principal"] == {"AWS": [ENTRANCE]}
    assert trust["TaggedPrincipals"]["Condition"]["StringEquals"] == {
        "aws:PrincipalTag/attendee": {"Fn::Sub": "${AttendeeId}"}
    }
    assert console["PermissionsBoundary"] == execution["PermissionsBoundary"]
    assert console["Tags"] == execution["Tags"]
    mine, theirs = (
        [arn["Fn::Sub"].rpartition("${AWS::Region}-")[2] for arn in role["ManagedPolicyArns"]]
        for role in (console, execution)
    )
    assert mine == [*theirs, "console"]


def test_without_principals_there_is_no_console_role(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}")
    template = synthesize(load(tmp_path), ["seat01"]).template("vision-seat01-access")
    assert len(template["Resources"]) == 1


def test_required_spot_training_says_that_quotas_have_to_do_it(tmp_path: Path) -> None:
    write(tmp_path, f"{ACCESS}      managed_spot: required\n")
    (warning,) = load(tmp_path).warnings
    assert "ask Service Quotas for 0 of '<type> for training job usage'" in warning


def test_organisers_can_be_every_seat_and_the_warning_says_so(tmp_path: Path) -> None:
    write(tmp_path, f"{ACCESS}      console_organisers: ['{ENTRANCE}']\n")
    loaded = load(tmp_path)
    assert loaded.warnings == (
        f"profiles.attendee.access.console_organisers: {ENTRANCE} can be every seat of the profile;"
        " name attendees' principals in console_principals",
    )
    text = synthesize(loaded, ["seat01"]).text("vision-seat01-access")
    assert "Organisers" in text
    assert "TaggedPrincipals" not in text


def test_shared_logs_are_named(tmp_path: Path) -> None:
    write(tmp_path, f"{ACCESS}      logs: shared\n")
    assert load(tmp_path).warnings == (
        "profiles.attendee.access.logs is shared: every seat of the profile reads the logs of all"
        " jobs and endpoints of the account, a neighbour's as well",
    )


@pytest.mark.parametrize("name", ["s3://sagemaker-sample-files", "ab", "Sample-Files", "a..b", "*"])
def test_a_public_bucket_is_a_bucket(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{ACCESS}      public_buckets: ['{name}']\n")
    (mistake,) = mistakes(tmp_path)
    assert "is no bucket's name; write it alone, such as 'sagemaker-sample-files'" in mistake


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (
            EXTRA.replace(
                "dynamodb:GetItem, dynamodb:Query",
                ", ".join(f"dynamodb:{'DescribeSomething' * 5}{number}" for number in range(20)),
            ),
            "7: profiles: the policy boundary has ",
        ),
        (
            "      training_instance_types: ["
            + ", ".join(f"ml.m5.{number}xlarge" for number in range(400))
            + "]\n",
            "9: profiles.attendee.access: the policy attendee-caps has ",
        ),
    ],
)
def test_a_policy_that_iam_would_refuse_is_a_mistake_with_its_cure(
    tmp_path: Path, access: str, told: str
) -> None:
    write(tmp_path, ACCESS + access)
    (mistake, *_) = mistakes(tmp_path)
    assert mistake.startswith(told)
    assert re.search(r" characters and IAM takes 6,144; (open|allow) fewer ", mistake), mistake
