"""``workshop preflight``: what people type, and what they see."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.support import config_folder
from tests.support.local_cloud import Cloud
from tests.support.preflights import THREE, calling
from tests.support.workshop_command import Ran, run
from workshop.cli import console, preflight_view

SOON = THREE.replace("2098-03-08", "2026-01-01")
"""Begun long ago and not over, so that only the cloud decides."""

SHORT = (
    "aws service-quotas request-service-quota-increase --service-code s3"
    " --quota-code L-DC2B2D3D --desired-value 5 --region us-east-1"
)


@pytest.fixture
def folder(cloud: Cloud, tmp_path: Path) -> Iterator[Path]:
    config_folder.write(tmp_path, SOON)
    with calling(cloud):
        yield tmp_path


def preflight(folder: Path, *arguments: str) -> Ran:
    return run("preflight", "-e", "dev", "--config-dir", str(folder), *arguments)


def test_what_is_in_order_is_only_counted_and_shown_on_request(folder: Path) -> None:
    ran = preflight(folder)
    assert (ran.code, ran.out, ran.err) == (0, "", "preflight: 29 ok\n")
    shown = preflight(folder, "--all")
    assert shown.code == 0
    stacks = "Stacks (L-0485CB21): you need 18 (18 more, 0 there), AWS allows 2000"
    assert f"ok 000000000000 eu-west-1 {stacks}" in " ".join(shown.out.split())
    assert len(re.findall("^ok ", shown.out, re.MULTILINE)) == 29


def test_a_refusal_has_its_own_exit_code_and_shows_the_request(cloud: Cloud, folder: Path) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4})
    ran = preflight(folder)
    assert ran.code == 3
    assert ran.out == (
        "failed   000000000000 us-east-1  General purpose buckets (L-DC2B2D3D)\n"
        "         you need 5 (5 more, 0 there), AWS allows 4 in all Regions: 1 too few;"
        " ask AWS for 5\n"
        "\n"
        "to raise quotas, each in its account (--request-quotas asks AWS for all of them):\n"
        "000000000000 us-east-1: General purpose buckets\n"
        "  aws service-quotas request-service-quota-increase --service-code s3 \\\n"
        "    --quota-code L-DC2B2D3D --desired-value 5 --region us-east-1\n"
    )
    assert ran.err.splitlines() == [
        "preflight: 28 ok, 1 failed",
        "workshop: preflight refuses (1 failed); each check says what cures it",
    ]


def test_json_holds_every_check_with_its_numbers(cloud: Cloud, folder: Path) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4})
    ran = preflight(folder, "--json")
    assert ran.code == 3
    told = json.loads(ran.out)
    assert (told["passed"], len(told["checks"])) == (False, 29)
    assert told["checks"][-1] == {
        "account_region": {"account": "000000000000", "region": "us-east-1"},
        "subject": "General purpose buckets",
        "state": "failed",
        "message": "you need 5 (5 more, 0 there), AWS allows 4 in all Regions: 1 too few;"
        " ask AWS for 5",
        "need": 5,
        "used": 0,
        "quota": 4,
        "service_code": "s3",
        "quota_code": "L-DC2B2D3D",
        "request": SHORT,
        "parts": [],
        "denied": [],
        "raise_to": 5,
        "reason": "",
    }


def test_what_is_unknown_is_accepted_by_name_and_a_misspelt_name_is_told(
    cloud: Cloud, folder: Path
) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:ListBuckets"})
    refused = preflight(folder, "--accept-unknown", "buckets")
    assert refused.code == 3
    assert refused.err.splitlines() == [
        "warning: buckets is accepted, but nothing that was asked has this name",
        "preflight: 27 ok, 2 unknown",
        "workshop: preflight refuses (2 unknown); each check says what cures it",
    ]
    assert "--accept-unknown L-DC2B2D3D" in refused.out
    names = ("L-DC2B2D3D", "bucket")
    accepted = preflight(folder, *(word for name in names for word in ("--accept-unknown", name)))
    assert (accepted.code, accepted.err) == (0, "preflight: 27 ok, 2 waived\n")


def test_too_few_machines_for_all_refuse_until_turns_are_accepted(
    cloud: Cloud, folder: Path
) -> None:
    cloud.quotas(region="eu-west-1", sagemaker={"ml.g5.xlarge for training job usage": 2})
    refused = preflight(folder)
    assert refused.code == 3
    assert refused.err.splitlines() == [
        "preflight: 28 ok, 1 short",
        "workshop: preflight refuses (1 short); each check says what cures it",
    ]
    assert "--accept-short L-B6D80D9C" in refused.out
    assert "--quota-code L-B6D80D9C --desired-value 3 --region eu-west-1" in refused.out
    accepted = preflight(folder, "--accept-short", "L-B6D80D9C")
    assert (accepted.code, accepted.err) == (0, "preflight: 28 ok, 1 waived\n")


def test_stacks_that_cannot_be_listed_are_told_and_unknown(cloud: Cloud, folder: Path) -> None:
    cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    ran = preflight(folder)
    assert ran.code == 3
    assert ran.err.startswith(
        "warning: the stacks of 000000000000 eu-west-1 could not be listed (DescribeStacks: "
    )
    assert "20 ok, 3 unknown" in ran.err


def test_chosen_seats_alone_are_counted(folder: Path) -> None:
    told = json.loads(preflight(folder, "--json", "--only", "seat02").out)
    needs = {check["subject"]: check["need"] for check in told["checks"]}
    assert needs["Stacks"] == 8
    assert needs["ml.m5.large for training job usage"] == 3


def test_a_workshop_that_is_over_is_refused(folder: Path) -> None:
    config_folder.write(folder, SOON.replace("2099-03-09", "2026-01-02"))
    ran = preflight(folder)
    assert ran.code == 3
    assert "set a later 'end', or tear it down" in ran.out


def test_another_account_is_refused_before_anything_is_asked(cloud: Cloud, folder: Path) -> None:
    with calling(cloud, **cloud.environment(account="444455556666")):
        ran = preflight(folder)
    assert (ran.code, ran.out) == (3, "")
    assert "your credentials are for account 444455556666" in ran.err


def denying(cloud: Cloud, *actions: str) -> dict[str, str]:
    """The variables of a user who may do everything but these."""
    iam = cloud.client("iam")
    iam.create_user(UserName="me")
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": list(actions), "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="me", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="me")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_missing_permissions_are_told_once_by_service_in_lines_that_fit_a_screen(
    cloud: Cloud, folder: Path
) -> None:
    denied = ("s3:*", "cloudwatch:DeleteDashboards", "iam:UpdateAssumeRolePolicy", "ecr:*")
    with calling(cloud, **denying(cloud, *denied)):
        ran = preflight(folder)
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= preflight_view.WIDTH
    start = lines.index(
        "not allowed to you, by service (--policy FOLDER writes all that is needed):"
    )
    assert [line for line in lines[start:] if line.startswith("  s3: ")] == [
        "  s3: CreateBucket, PutBucketTagging, PutBucketVersioning, PutBucketPolicy,"
    ]
    assert "    on arn:aws:s3:::vision-seat01-data-000000000000-eu-west-1" in lines
    assert "  cloudwatch: DeleteDashboards" in lines
    assert ran.out.count("UpdateAssumeRolePolicy") == 1
    assert ran.out.count("PutBucketPolicy,") == 1


def test_what_is_unknown_for_one_reason_is_told_together(cloud: Cloud, folder: Path) -> None:
    cloud.faults({"effect": "denied", "operation": "service-quotas:ListServiceQuotas"})
    ran = preflight(folder)
    assert ran.code == 3
    assert ran.out.count("ListServiceQuotas: AccessDenied") == 2
    assert "Stacks (L-0485CB21), Registered repositories (L-CFEB8E8D), " in ran.out
    assert max(map(len, ran.out.splitlines())) <= preflight_view.WIDTH


def requests(cloud: Cloud) -> list[tuple[str, float]]:
    """What AWS was asked for."""
    client = cloud.client("service-quotas", region="us-east-1")
    made = client.list_requested_service_quota_change_history()["RequestedQuotas"]
    return [(one["QuotaCode"], one["DesiredValue"]) for one in made]


def test_missing_quotas_are_asked_for_once_and_their_state_is_told_later(
    cloud: Cloud, folder: Path
) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4}, iam={"L-FE177D64": 3})
    asked = preflight(folder, "--request-quotas", "--yes")
    assert asked.code == 3
    assert asked.err.splitlines()[1:3] == [
        "asked for 000000000000 us-east-1 Roles per account: 4 (pending)",
        "asked for 000000000000 us-east-1 General purpose buckets: 5 (pending)",
    ]
    assert sorted(requests(cloud)) == [("L-DC2B2D3D", 5), ("L-FE177D64", 4)]
    again = preflight(folder, "--request-quotas", "--yes")
    assert again.err.splitlines()[1] == "no quota is left to be asked for"
    assert len(requests(cloud)) == 2
    told = " ".join(again.out.split())
    assert re.search(r"ask AWS for 5; asked for 5 on \d+ [A-Z][a-z]{2}, pending", told)
    assert "to raise quotas" not in again.out


def test_nothing_is_asked_for_without_a_yes(
    cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4})
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    ran = preflight(folder, "--request-quotas")
    assert ran.code == 3
    assert ran.err.endswith(
        "workshop: nobody is there to agree, and nothing was asked for; agree with --yes\n"
    )
    with (
        mock.patch.object(sys.stdin, "isatty", return_value=True),
        mock.patch.object(console, "ask", return_value="no") as asked,
    ):
        ran = preflight(folder, "--request-quotas")
    assert asked.call_args.args == ("Ask AWS for 1 increase? Type yes to go on",)
    assert ran.code == 3
    assert "workshop: nothing was asked for; run the command again once you agree\n" in ran.err
    assert requests(cloud) == []


def test_on_a_terminal_a_y_is_a_yes(cloud: Cloud, folder: Path) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4})
    with (
        mock.patch.object(sys.stdin, "isatty", return_value=True),
        mock.patch.object(console, "ask", return_value="y"),
    ):
        preflight(folder, "--request-quotas")
    assert requests(cloud) == [("L-DC2B2D3D", 5)]


def test_what_was_asked_for_cannot_be_asked_again_when_nobody_knows(
    cloud: Cloud, folder: Path
) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 4})
    history = "service-quotas:ListRequestedServiceQuotaChangeHistory"
    cloud.faults({"effect": "denied", "operation": history})
    ran = preflight(folder, "--request-quotas", "--yes")
    assert "whether it was asked for is not known" in " ".join(ran.out.split())
    cloud.faults()
    assert requests(cloud) == []
