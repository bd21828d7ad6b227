"""``workshop preflight``: what people type, and what they see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import config_folder
from tests.support.local_cloud import Cloud
from tests.support.preflights import THREE, calling
from tests.support.workshop_command import Ran, run

SOON = THREE.replace("2098-03-08", "2026-01-01")
"""Begun long ago and not over, so that only the cloud decides."""

SHORT = (
    "aws service-quotas request-service-quota-increase --service-code s3"
    " --quota-code L-DC2B2D3D --desired-value 4 --region us-east-1"
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
    assert (ran.code, ran.out, ran.err) == (0, "", "preflight: 22 ok\n")
    shown = preflight(folder, "--all")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].split() == ["state", "place", "what", "need", "used", "quota", "code"]
    assert len(lines) == 23
    assert any("Stacks" in line and " 16 " in line for line in lines)


def test_a_refusal_has_its_own_exit_code_and_shows_the_request(cloud: Cloud, folder: Path) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 3})
    ran = preflight(folder)
    assert ran.code == 3
    header, row, _, title, request = ran.out.splitlines()
    assert header.startswith("state")
    assert row.split(maxsplit=3)[:3] == ["failed", "000000000000", "us-east-1"]
    assert row.endswith("4 more and the 0 there are 4 of 3, 1 too many; ask AWS for 4")
    assert title == "to raise quotas, each in its account:"
    assert request == f"000000000000: {SHORT}"
    assert ran.err.splitlines() == [
        "preflight: 21 ok, 1 failed",
        "workshop: preflight refuses (1 failed); each check says what cures it",
    ]


def test_json_holds_every_check_with_its_numbers(cloud: Cloud, folder: Path) -> None:
    cloud.quotas(s3={"L-DC2B2D3D": 3})
    ran = preflight(folder, "--json")
    assert ran.code == 3
    told = json.loads(ran.out)
    assert (told["passed"], len(told["checks"])) == (False, 22)
    assert told["checks"][-1] == {
        "place": {"account": "000000000000", "region": "us-east-1"},
        "subject": "General purpose buckets",
        "state": "failed",
        "message": "4 more and the 0 there are 4 of 3, 1 too many; ask AWS for 4",
        "need": 4,
        "used": 0,
        "quota": 3,
        "service_code": "s3",
        "quota_code": "L-DC2B2D3D",
        "request": SHORT,
        "parts": [],
    }


def test_what_is_unknown_is_accepted_by_name_and_a_misspelt_name_is_told(
    cloud: Cloud, folder: Path
) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:ListBuckets"})
    refused = preflight(folder, "--accept-unknown", "buckets")
    assert refused.code == 3
    assert refused.err.splitlines() == [
        "warning: buckets is accepted, but nothing that was asked has this name",
        "preflight: 20 ok, 2 unknown",
        "workshop: preflight refuses (2 unknown); each check says what cures it",
    ]
    assert "--accept-unknown L-DC2B2D3D" in refused.out
    names = ("L-DC2B2D3D", "bucket")
    accepted = preflight(folder, *(word for name in names for word in ("--accept-unknown", name)))
    assert (accepted.code, accepted.err) == (0, "preflight: 20 ok, 2 waived\n")


def test_too_few_machines_for_all_refuse_until_turns_are_accepted(
    cloud: Cloud, folder: Path
) -> None:
    cloud.quotas(region="eu-west-1", sagemaker={"ml.g5.xlarge for training job usage": 2})
    refused = preflight(folder)
    assert refused.code == 3
    assert refused.err.splitlines() == [
        "preflight: 21 ok, 1 short",
        "workshop: preflight refuses (1 short); each check says what cures it",
    ]
    assert "or let them take turns: --accept-short L-B6D80D9C" in refused.out
    assert "--quota-code L-B6D80D9C --desired-value 3 --region eu-west-1" in refused.out
    accepted = preflight(folder, "--accept-short", "L-B6D80D9C")
    assert (accepted.code, accepted.err) == (0, "preflight: 21 ok, 1 waived\n")


def test_stacks_that_cannot_be_listed_are_told_and_unknown(cloud: Cloud, folder: Path) -> None:
    cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    ran = preflight(folder)
    assert ran.code == 3
    assert ran.err.startswith(
        "warning: the stacks of 000000000000 eu-west-1 could not be listed (DescribeStacks: "
    )
    assert "19 ok, 3 unknown" in ran.err


def test_chosen_seats_alone_are_counted(folder: Path) -> None:
    told = json.loads(preflight(folder, "--json", "--only", "seat02").out)
    needs = {check["subject"]: check["need"] for check in told["checks"]}
    assert needs["Stacks"] == 6
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
