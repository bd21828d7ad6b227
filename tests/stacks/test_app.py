"""What the app makes of an environment: which stacks, where, and what stops a mistake."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_iam as iam

from stacks import build
from tests.support.assemblies import WITHOUT_DOOR, Synthesized, synthesize
from tests.support.usual_stacks import USUAL_STACKS
from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader
from workshop.errors import UsageError, WorkshopError
from workshop.naming import Names

BASE = {
    "workshop": "lab",
    "account": "111122223333",
    "region": "eu-west-1",
    "start": "2026-01-01T09:00:00+00:00",
    "end": "2099-12-31T17:00:00+00:00",
    "roster": {"seats": 2},
}


def loaded(tmp_path: Path, **changes: object) -> LoadedEnvironment:
    """An environment from plain values; JSON is YAML."""
    (tmp_path / "lab.yaml").write_text(json.dumps({**BASE, **changes}, indent=1))
    return loader.load("lab", tmp_path)


def only(assembly: Synthesized, stack: str, kind: str) -> dict[str, Any]:
    (resource,) = (
        resource
        for resource in assembly.template(stack)["Resources"].values()
        if resource["Type"] == kind
    )
    return dict(resource)


def with_profile(**sections: Mapping[str, object]) -> dict[str, object]:
    return {"profiles": {"attendee": sections}}


def test_keep_retains_the_bucket_the_repository_and_the_datasets_and_nothing_else(
    tmp_path: Path,
) -> None:
    assembly = synthesize(
        loaded(
            tmp_path,
            cohort={"keep_datasets": True},
            **with_profile(
                storage={"buckets": {"data": {"keep": True}, "tmp": {}}},
                registry={"repositories": {"training": {"keep": True}}},
            ),
        ),
        ["seat01"],
    )
    policies = {
        f"{stack}/{name}": resource["DeletionPolicy"]
        for stack in assembly.stacks()
        for name, resource in assembly.template(stack)["Resources"].items()
        if "DeletionPolicy" in resource
    }
    kept = {name.split("/")[1][:8] for name, policy in policies.items() if policy != "Delete"}
    assert set(policies.values()) == {"Delete", "RetainExceptOnCreate"}
    assert kept == {"DataBuck", "Training", "Datasets"}
    repository = only(assembly, "lab-seat01-registry", "AWS::ECR::Repository")
    assert repository["Properties"].get("EmptyOnDelete", False) is False


def test_a_vpc_takes_the_notebook_off_the_internet(tmp_path: Path) -> None:
    network = {
        "subnet_id": "subnet-0abc1234def567890",
        "security_group_ids": ["sg-0abc1234def567890"],
    }
    assembly = synthesize(loaded(tmp_path, **with_profile(notebook={"network": network})))
    properties = only(assembly, "lab-seat01-notebook", "AWS::SageMaker::NotebookInstance")[
        "Properties"
    ]
    assert properties["SubnetId"] == network["subnet_id"]
    assert properties["SecurityGroupIds"] == network["security_group_ids"]
    assert properties["DirectInternetAccess"] == "Disabled"


def test_managed_mode_attaches_the_three_policies_under_the_boundary_and_warns(
    tmp_path: Path,
) -> None:
    assembly = synthesize(loaded(tmp_path, **with_profile(access={"mode": "managed"})))
    properties = only(assembly, "lab-seat01-access", "AWS::IAM::Role")["Properties"]
    arns = [arn["Fn::Sub"].rpartition("/") for arn in properties["ManagedPolicyArns"]]
    assert [name.rpartition("-cohort-${AWS::Region}-")[2] for *_, name in arns] == [
        "limits",
        "attendee-caps",
        "end",
        "AmazonSageMakerFullAccess",
        "AmazonS3FullAccess",
        "AmazonEC2ContainerRegistryFullAccess",
    ]
    assert "Policies" not in properties
    assert properties["PermissionsBoundary"]
    report = (assembly.directory / "validation-report.json").read_text(encoding="utf-8")
    assert "profiles.attendee.access.mode is managed" in report


def test_termination_protection_is_the_cohorts_alone(tmp_path: Path) -> None:
    assembly = synthesize(loaded(tmp_path, cohort={"termination_protection": True}))
    protected = {
        name
        for name, artifact in assembly.manifest()["artifacts"].items()
        if artifact.get("properties", {}).get("terminationProtection")
    }
    assert protected == {"lab-cohort"}


def test_each_account_and_region_has_a_cohort_of_its_own(tmp_path: Path) -> None:
    one = loaded(tmp_path)
    first, second = one.seats
    away = dataclasses.replace(second, account="444455556666", region="us-east-1")
    assembly = synthesize(dataclasses.replace(one, seats=(first, away)))
    artifacts = assembly.manifest()["artifacts"]
    cohorts = sorted(
        (artifacts[name]["environment"], artifacts[name]["properties"].get("stackName", name))
        for name in assembly.stacks()
        if "cohort" in name
    )
    kinds = ("", "-start", "-watch")
    assert cohorts == [
        *(("aws://111122223333/eu-west-1", f"lab-cohort{kind}") for kind in kinds),
        *(("aws://444455556666/us-east-1", f"lab-cohort{kind}") for kind in kinds),
    ]
    assert artifacts["lab-seat02-access"]["dependencies"] == ["lab-cohort-444455556666-us-east-1"]


def test_an_attendee_is_asked_for_once_however_often_named(tmp_path: Path) -> None:
    assembly = synthesize(loaded(tmp_path), ["seat02", "seat02"])
    assert len(assembly.stacks()) == len(USUAL_STACKS) + len(WITHOUT_DOOR)


def test_an_unknown_attendee_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        build.build(
            build.new_app(str(tmp_path / "out")), loaded(tmp_path), ["seat01", "eve", "bob"]
        )
    assert str(told.value) == (
        "no seat 'eve', 'bob' in environment 'lab'; known: seat01, seat02; see all with: workshop"
        f" roster -e lab --config-dir {tmp_path}"
    )


def test_a_notebook_in_a_vpc_has_a_role_that_can_make_network_interfaces(tmp_path: Path) -> None:
    network = {
        "subnet_id": "subnet-0abc1234def567890",
        "security_group_ids": ["sg-0abc1234def567890"],
    }
    assembly = synthesize(loaded(tmp_path, **with_profile(notebook={"network": network})))
    role = only(assembly, "lab-seat01-access", "AWS::IAM::Role")["Properties"]
    opened = {"Fn::Sub": Names.placeholders("lab").cohort_policy_arn("attendee-opened")}
    assert opened in role["ManagedPolicyArns"]
    assert "MakeInterfaces" in assembly.text("lab-cohort")


def test_a_script_that_sagemaker_would_refuse_is_refused_at_synthesis(tmp_path: Path) -> None:
    tags = {f"a-long-tag-{number:02d}": "x" * 250 for number in range(34)}
    with pytest.raises(WorkshopError, match="lab-seat01-notebook: the on-start script has"):
        synthesize(loaded(tmp_path, tags=tags))


def test_synthesis_fails_on_a_wildcard_that_nobody_has_explained(tmp_path: Path) -> None:
    """cdk-nag runs in every synthesis; this is what it does to a statement slipped in."""
    made = build.new_app(str(tmp_path / "out"))
    build.build(made, loaded(tmp_path), ["seat01"])
    stack = made.node.find_child("lab-seat01-access")
    iam.CfnManagedPolicy(
        stack,  # type: ignore[arg-type]
        "Slipped",
        policy_document={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        },
    )
    with pytest.raises(RuntimeError, match=r"AwsSolutions-IAM5\[Action::s3:\*\]"):
        made.synth()
