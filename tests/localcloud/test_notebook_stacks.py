"""The SageMaker resource types under CloudFormation: made, changed, replaced, removed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud, template

SCRIPT = [{"Content": base64.b64encode(b"#!/bin/sh\n").decode()}]


def notebook(role: str, **more: Any) -> dict[str, Any]:
    given = {
        "NotebookInstanceName": "nb",
        "InstanceType": "ml.t3.medium",
        "RoleArn": role,
        "VolumeSizeInGB": 20,
        "Tags": [{"Key": "seat", "Value": "ada"}],
        **more,
    }
    kept = {key: value for key, value in given.items() if value is not None}
    return {"Type": "AWS::SageMaker::NotebookInstance", "Properties": kept}


def described(cloud: Cloud, name: str = "nb") -> dict[str, Any]:
    seen: dict[str, Any] = cloud.client("sagemaker").describe_notebook_instance(
        NotebookInstanceName=name
    )
    return seen


def own_tags(cloud: Cloud, arn: str) -> dict[str, str]:
    tags = cloud.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}


def outputs(cloud: Cloud, stack: str) -> dict[str, str]:
    seen = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in seen["Outputs"]}


def everything(role: str) -> str:
    return template(
        {
            "Config": {
                "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
                "Properties": {"NotebookInstanceLifecycleConfigName": "lc", "OnStart": SCRIPT},
            },
            "Notebook": notebook(
                role,
                VolumeSizeInGB={"Ref": "Volume"},
                LifecycleConfigName={"Fn::GetAtt": "Config.NotebookInstanceLifecycleConfigName"},
            ),
        },
        Parameters={"Volume": {"Type": "Number", "Default": 30}},
        Outputs={
            name: {"Value": value}
            for name, value in {
                "Notebook": {"Ref": "Notebook"},
                "NotebookName": {"Fn::GetAtt": "Notebook.NotebookInstanceName"},
                "Config": {"Ref": "Config"},
            }.items()
        },
    )


def test_all_types_are_made_with_the_documented_return_values(cloud: Cloud) -> None:
    assert cloud.deploy("s", everything(cloud.role())) == "CREATE_COMPLETE"
    prefix = "arn:aws:sagemaker:us-east-1:000000000000:"
    assert outputs(cloud, "s") == {
        "Notebook": f"{prefix}notebook-instance/nb",
        "NotebookName": "nb",
        "Config": f"{prefix}notebook-instance-lifecycle-config/lc",
    }
    made = described(cloud)
    assert made["VolumeSizeInGB"] == 30
    assert made["NotebookInstanceLifecycleConfigName"] == "lc"
    assert own_tags(cloud, made["NotebookInstanceArn"]) == {"seat": "ada"}


def test_the_stack_can_be_looked_at_from_all_sides(cloud: Cloud) -> None:
    body = everything(cloud.role())
    cloud.deploy("s", body)
    formation = cloud.client("cloudformation")
    resources = formation.describe_stack_resources(StackName="s")["StackResources"]
    assert {
        resource["LogicalResourceId"]: resource["ResourceStatus"] for resource in resources
    } == dict.fromkeys(("Config", "Notebook"), "CREATE_COMPLETE")
    # boto3 gives a JSON template as the document.
    assert formation.get_template(StackName="s")["TemplateBody"] == json.loads(body)


def test_deleting_a_stack_stops_the_notebook_and_leaves_nothing(cloud: Cloud) -> None:
    cloud.deploy("s", everything(cloud.role()))
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    sagemaker = cloud.client("sagemaker")
    assert sagemaker.list_notebook_instances()["NotebookInstances"] == []
    configs = sagemaker.list_notebook_instance_lifecycle_configs()
    assert configs["NotebookInstanceLifecycleConfigs"] == []
    assert sagemaker.list_code_repositories()["CodeRepositorySummaryList"] == []


def test_creation_waits_for_the_notebook_without_holding_up_anybody_else(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.delays(notebook=300)
    cloud.freeze()
    formation = cloud.client("cloudformation")
    for name in ("one", "two"):
        formation.create_stack(
            StackName=name, TemplateBody=template({"N": notebook(role, NotebookInstanceName=name)})
        )
    for _ in range(5000):
        listed = cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"]
        if len(listed) == 2:
            break
    assert {instance["NotebookInstanceStatus"] for instance in listed} == {"Pending"}
    stacks = formation.describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks} == {"CREATE_IN_PROGRESS"}
    cloud.advance(300)
    assert [cloud.settled(name) for name in ("one", "two")] == ["CREATE_COMPLETE"] * 2


def test_a_larger_type_stops_updates_and_starts_the_same_notebook(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    made = described(cloud)
    new = template({"N": notebook(role, InstanceType="ml.t3.xlarge", VolumeSizeInGB=40)})
    assert cloud.update("s", new) == "UPDATE_COMPLETE"
    seen = described(cloud)
    assert (seen["InstanceType"], seen["VolumeSizeInGB"]) == ("ml.t3.xlarge", 40)
    assert seen["NotebookInstanceStatus"] == "InService"
    assert seen["CreationTime"] == made["CreationTime"]


def test_a_stopped_notebook_is_updated_and_stays_stopped(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName="nb")
    new = template({"N": notebook(role, InstanceType="ml.t3.xlarge")})
    assert cloud.update("s", new) == "UPDATE_COMPLETE"
    assert described(cloud)["NotebookInstanceStatus"] == "Stopped"


def test_changed_tags_do_not_stop_the_notebook(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    made = described(cloud)
    new = template({"N": notebook(role, Tags=[{"Key": "seat", "Value": "alan"}])})
    assert cloud.update("s", new) == "UPDATE_COMPLETE"
    assert own_tags(cloud, made["NotebookInstanceArn"]) == {"seat": "alan"}
    assert described(cloud)["LastModifiedTime"] == made["LastModifiedTime"]


def test_a_property_taken_out_of_the_template_is_taken_off_the_notebook(cloud: Cloud) -> None:
    config = {
        "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        "Properties": {"NotebookInstanceLifecycleConfigName": "lc"},
    }
    role = cloud.role()
    with_config = notebook(role, LifecycleConfigName="lc") | {"DependsOn": "Config"}
    cloud.deploy("s", template({"Config": config, "N": with_config}))
    assert cloud.update("s", template({"Config": config, "N": notebook(role)})) == (
        "UPDATE_COMPLETE"
    )
    assert "NotebookInstanceLifecycleConfigName" not in described(cloud)


def test_the_same_template_again_is_no_update(cloud: Cloud) -> None:
    body = everything(cloud.role())
    cloud.deploy("s", body)
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        cloud.update("s", body)


@pytest.mark.parametrize(
    "change",
    [
        {"SubnetId": "subnet-1"},
        {"KmsKeyId": "key"},
        {"DirectInternetAccess": "Disabled", "SubnetId": "subnet-1"},
        {"PlatformIdentifier": "notebook-al2023-v1"},
    ],
)
def test_a_create_only_change_of_a_named_notebook_is_refused_as_by_cloudformation(
    cloud: Cloud, change: dict[str, str]
) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    assert cloud.update("s", template({"N": notebook(role, **change)})) == (
        "UPDATE_ROLLBACK_COMPLETE"
    )
    assert cloud.reasons("s", "UPDATE_FAILED")["N"].startswith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
    )


def test_a_create_only_change_of_an_unnamed_notebook_replaces_it(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role, NotebookInstanceName=None)}))
    listing = cloud.client("sagemaker").list_notebook_instances
    before = listing()["NotebookInstances"][0]["NotebookInstanceName"]
    new = template({"N": notebook(role, NotebookInstanceName=None, SubnetId="subnet-1")})
    assert cloud.update("s", new) == "UPDATE_COMPLETE"
    (after,) = listing()["NotebookInstances"]
    assert after["NotebookInstanceName"] != before
    assert described(cloud, after["NotebookInstanceName"])["SubnetId"] == "subnet-1"


def test_a_renamed_notebook_is_a_new_one_and_the_old_one_goes(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    new = template({"N": notebook(role, NotebookInstanceName="other")})
    assert cloud.update("s", new) == "UPDATE_COMPLETE"
    listed = cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"]
    assert [instance["NotebookInstanceName"] for instance in listed] == ["other"]


def test_a_changed_script_updates_the_lifecycle_config_in_place(cloud: Cloud) -> None:
    def body(script: list[dict[str, str]]) -> str:
        given = {"NotebookInstanceLifecycleConfigName": "lc", "OnStart": script}
        kind = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
        return template({"Config": {"Type": kind, "Properties": given}})

    cloud.deploy("s", body(SCRIPT))
    other = [{"Content": base64.b64encode(b"#!/bin/sh\necho\n").decode()}]
    assert cloud.update("s", body(other)) == "UPDATE_COMPLETE"
    seen = cloud.client("sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="lc"
    )
    assert seen["OnStart"] == other


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PlatformIdentifier": "notebook-al2-v2"}, "Platform identifier (notebook-al2-v2) is not"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/none"}, "Could not assume role"),
        ({"LifecycleConfigName": "none"}, "Lifecycle Config does not exist"),
        ({"InstanceType": "ml.huge"}, "Member must satisfy enum value set"),
        ({"RoleArn": None}, "#: required key [RoleArn] not found"),
        ({"VolumeSize": 5}, "#: extraneous key [VolumeSize] is not permitted"),
    ],
)
def test_a_notebook_that_cannot_be_made_rolls_the_stack_back_with_the_reason(
    cloud: Cloud, change: dict[str, Any], reason: str
) -> None:
    body = template({"N": notebook(cloud.role(), **change)})
    assert cloud.deploy("s", body) == "ROLLBACK_COMPLETE"
    assert reason in cloud.reasons("s", "CREATE_FAILED")["N"]
    assert cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"] == []


def test_a_failed_update_puts_the_notebook_back(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role, VolumeSizeInGB=50)}))
    smaller = template({"N": notebook(role, VolumeSizeInGB=20)})
    assert cloud.update("s", smaller) == "UPDATE_ROLLBACK_COMPLETE"
    assert "can only grow" in cloud.reasons("s", "UPDATE_FAILED")["N"]
    seen = described(cloud)
    assert (seen["VolumeSizeInGB"], seen["NotebookInstanceStatus"]) == (50, "InService")


def test_an_update_waits_until_the_notebook_is_in_service_and_fails_where_it_never_is(
    cloud: Cloud,
) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role)}))
    cloud.faults({"effect": "capacity", "instance_type": "ml.t3.large"})
    larger = template({"N": notebook(role, InstanceType="ml.t3.large")})
    assert cloud.update("s", larger) == "UPDATE_ROLLBACK_COMPLETE"
    assert "NotStabilized" in cloud.reasons("s", "UPDATE_FAILED")["N"]


def test_a_change_set_tells_replacement_from_change_in_place(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.deploy("s", template({"N": notebook(role, NotebookInstanceName=None)}))
    formation = cloud.client("cloudformation")

    def replacement(**change: Any) -> str:
        body = template({"N": notebook(role, NotebookInstanceName=None, **change)})
        made = formation.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=body)
        for _ in range(5000):
            seen = formation.describe_change_set(ChangeSetName=made["Id"])
            if seen["Status"] == "CREATE_COMPLETE":
                break
        formation.delete_change_set(ChangeSetName=made["Id"])
        return str(seen["Changes"][0]["ResourceChange"]["Replacement"])

    assert replacement(InstanceType="ml.t3.large") == "False"
    assert replacement(SubnetId="subnet-1") == "True"


def test_a_reset_ends_a_stack_that_waits_for_a_notebook(cloud: Cloud) -> None:
    role = cloud.role()
    cloud.delays(notebook=300)
    cloud.freeze()
    body = template({"N": notebook(role)})
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=body)
    cloud.reset()
    assert cloud.client("cloudformation").describe_stacks()["Stacks"] == []
    assert cloud.deploy("s", template({"N": notebook(cloud.role())})) == "CREATE_COMPLETE"
