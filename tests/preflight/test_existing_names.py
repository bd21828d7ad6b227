"""What has a name already that a stack has to make is refused before anything is made."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

import pytest

from tests.preflight.test_preflight import ALLOW
from tests.support.local_cloud import Cloud
from tests.support.preflights import HOME, THREE, Preflights, one, refused
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import on_the_path
from workshop.preflight import CheckState, existing_names

BUCKET = "vision-seat02-data-000000000000-eu-west-1"


def _bucket(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket=BUCKET)


def _repository(cloud: Cloud) -> None:
    cloud.client("ecr", region=HOME.region).create_repository(
        repositoryName="vision/seat02/training"
    )


def _notebook(cloud: Cloud) -> None:
    cloud.client("sagemaker", region=HOME.region).create_notebook_instance(
        NotebookInstanceName="vision-seat02-notebook",
        InstanceType="ml.t3.medium",
        RoleArn=cloud.role("theirs"),
    )
    cloud.client("sagemaker", region=HOME.region).stop_notebook_instance(
        NotebookInstanceName="vision-seat02-notebook"
    )


def _role(cloud: Cloud) -> None:
    cloud.role("vision-seat02-eu-west-1-execution")


def _policy(cloud: Cloud) -> None:
    cloud.client("iam").create_policy(
        PolicyName="vision-cohort-eu-west-1-boundary", PolicyDocument=ALLOW
    )


def _dashboard(cloud: Cloud) -> None:
    cloud.client("cloudwatch", region=HOME.region).put_dashboard(
        DashboardName="vision-seat02-eu-west-1", DashboardBody='{"widgets": []}'
    )


CASES = {
    "bucket": (_bucket, BUCKET),
    "repository": (_repository, "vision/seat02/training"),
    "notebook": (_notebook, "vision-seat02-notebook"),
    "role": (_role, "vision-seat02-eu-west-1-execution"),
    "policy": (_policy, "vision-cohort-eu-west-1-boundary"),
    "dashboard": (_dashboard, "vision-seat02-eu-west-1"),
}


@pytest.mark.parametrize(
    "kind",
    [
        *("bucket", "notebook", "role"),
        *(
            pytest.param(kind, marks=pytest.mark.long)
            for kind in ("repository", "policy", "dashboard")
        ),
    ],
)
def test_a_name_that_no_stack_of_ours_made_is_refused_and_its_cure_works(
    preflights: Preflights, kind: str
) -> None:
    make: Callable[[Cloud], None]
    make, name = CASES[kind]
    make(preflights.cloud)
    report = preflights.ask(THREE)
    assert refused(report) == [f"{kind} names"]
    message = one(report, f"{kind} names").message
    assert message.startswith(f"{name} exists already, and no stack of this workshop made it; ")
    other = THREE.replace("workshop: vision", "workshop: seeing")
    assert "write another 'workshop' name" in message
    assert preflights.ask(other).passed
    command = message.partition("aws ")[2].partition(";")[0]
    if not command:
        assert "in the " in message
        return
    subprocess.run(
        [on_the_path() / "aws", *shlex.split(command)],
        env=preflights.cloud.environment(),
        check=True,
        timeout=120,
    )
    assert preflights.ask(THREE).passed


def test_a_bucket_name_of_another_account_is_refused_and_cannot_be_deleted(
    preflights: Preflights,
) -> None:
    preflights.cloud.client("s3", account="111122223333").create_bucket(Bucket=BUCKET)
    report = preflights.ask(THREE)
    assert refused(report) == ["bucket names of other accounts"]
    assert one(report, "bucket names of other accounts").message == (
        f"{BUCKET} exists already in another account; write another 'workshop' name, or other ids"
        " and keys"
    )


def test_whoever_may_not_ask_about_buckets_is_not_told_that_others_have_them(
    preflights: Preflights,
) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "s3:HeadBucket"})
    check = one(preflights.ask(THREE), "bucket names")
    assert (check.state, check.reason) == (CheckState.UNKNOWN, "HeadBucket: 403")


@pytest.mark.parametrize(
    "operation", ["iam:ListRoles", "iam:ListPolicies", "cloudwatch:ListDashboards"]
)
def test_what_cannot_be_listed_is_unknown(preflights: Preflights, operation: str) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": operation})
    (subject,) = refused(preflights.ask(THREE))
    assert subject in {"role names", "policy names", "dashboard names"}


def test_what_our_own_stacks_made_is_nobody_elses(preflights: Preflights) -> None:
    for kind in USUAL_STACKS:
        preflights.stack(f"vision-seat02-{kind}")
    preflights.stack("vision-cohort")
    for make, _ in CASES.values():
        make(preflights.cloud)
    assert preflights.ask(THREE).passed


def test_many_names_are_counted(preflights: Preflights) -> None:
    for number in range(1, 6):
        preflights.cloud.role(f"vision-seat0{number}-eu-west-1-execution")
    report = preflights.ask(THREE.replace("seats: 3", "seats: 5"))
    assert one(report, "role names").message.startswith(
        "vision-seat01-eu-west-1-execution, vision-seat02-eu-west-1-execution,"
        " vision-seat03-eu-west-1-execution and 2 more exist already"
    )
    assert existing_names.SHOWN == 3
