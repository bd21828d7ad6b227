"""The local SageMaker through boto3: rules, filters, paging, tags, accounts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import refusals
from tests.support.local_cloud import Cloud

SCRIPT = [{"Content": base64.b64encode(b"#!/bin/sh\ntrue\n").decode()}]


def notebook(cloud: Cloud, name: str, role: str, **more: Any) -> None:
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role, **more
    )


def refusal(call: Any, **request: Any) -> str:
    return "{1}: {2}".format(*refusals.refusal(call, **request))


def test_a_new_notebook_has_the_defaults_of_the_service(cloud: Cloud) -> None:
    notebook(cloud, "nb", role := cloud.role())
    seen = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName="nb")
    assert seen["NotebookInstanceStatus"] == "InService"
    assert seen["PlatformIdentifier"] == "notebook-al2023-v1"
    assert seen["VolumeSizeInGB"] == 5
    assert seen["RootAccess"] == "Enabled"
    assert seen["DirectInternetAccess"] == "Enabled"
    assert seen["InstanceMetadataServiceConfiguration"] == {
        "MinimumInstanceMetadataServiceVersion": "1"
    }
    assert seen["RoleArn"] == role
    local = f".notebook.us-east-1.sagemaker.localhost:{cloud.running.port}"
    assert seen["Url"].endswith(local)


def test_a_notebook_needs_a_role_that_exists_and_trusts_sagemaker(cloud: Cloud) -> None:
    create = cloud.client("sagemaker").create_notebook_instance
    request = {"NotebookInstanceName": "nb", "InstanceType": "ml.t3.medium"}
    missing = "arn:aws:iam::000000000000:role/nobody"
    assert refusal(create, **request, RoleArn=missing) == (
        f"ValidationException: Could not assume role {missing}. Please ensure that the role "
        "exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
    )
    wrong: dict[str, dict[str, Any]] = {
        "other": {"Principal": {"Service": "lambda.amazonaws.com"}},
        "denied": {"Effect": "Deny"},
        "elsewhere": {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
    }
    for name, trust in wrong.items():
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": ["sagemaker.amazonaws.com"]},
            "Action": ["sts:AssumeRole"],
            **trust,
        }
        made = cloud.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        )
        assert "Could not assume role" in refusal(create, **request, RoleArn=made["Role"]["Arn"])


def test_a_notebook_cannot_name_what_does_not_exist(cloud: Cloud) -> None:
    create = cloud.client("sagemaker").create_notebook_instance
    request = {
        "NotebookInstanceName": "nb",
        "InstanceType": "ml.t3.medium",
        "RoleArn": cloud.role(),
    }
    assert "Notebook Instance Lifecycle Config does not exist" in refusal(
        create, **request, LifecycleConfigName="none"
    )
    assert "Cannot find CodeRepository" in refusal(create, **request, DefaultCodeRepository="none")
    assert "only if a SubnetId is given" in refusal(
        create, **request, DirectInternetAccess="Disabled"
    )


def test_a_name_that_is_taken_is_refused_whatever_its_case(cloud: Cloud) -> None:
    notebook(cloud, "nb", role := cloud.role())
    for name in ("nb", "NB"):
        with pytest.raises(ClientError, match="Cannot create a duplicate Notebook Instance"):
            notebook(cloud, name, role)


def test_start_stop_and_update_follow_the_clock(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    cloud.delays(notebook=60)
    cloud.freeze()
    notebook(cloud, "nb", cloud.role())

    def status() -> str:
        seen = sagemaker.describe_notebook_instance(NotebookInstanceName="nb")
        return str(seen["NotebookInstanceStatus"])

    seen = [status()]
    cloud.advance(60)
    seen.append(status())
    sagemaker.stop_notebook_instance(NotebookInstanceName="nb")
    seen.append(status())
    cloud.advance(60)
    seen.append(status())
    sagemaker.update_notebook_instance(NotebookInstanceName="nb", InstanceType="ml.t3.xlarge")
    seen.append(status())
    cloud.advance(60)
    sagemaker.start_notebook_instance(NotebookInstanceName="nb")
    seen.append(status())
    assert seen == ["Pending", "InService", "Stopping", "Stopped", "Updating", "Pending"]
    changed = sagemaker.describe_notebook_instance(NotebookInstanceName="nb")
    assert changed["InstanceType"] == "ml.t3.xlarge"
    assert changed["LastModifiedTime"] > changed["CreationTime"]


def test_an_update_detaches_a_lifecycle_config_and_never_shrinks_the_volume(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="lc", OnStart=SCRIPT
    )
    notebook(cloud, "nb", cloud.role(), LifecycleConfigName="lc", VolumeSizeInGB=50)
    sagemaker.stop_notebook_instance(NotebookInstanceName="nb")
    update = sagemaker.update_notebook_instance
    assert "can only grow" in refusal(update, NotebookInstanceName="nb", VolumeSizeInGB=20)
    update(NotebookInstanceName="nb", DisassociateLifecycleConfig=True, VolumeSizeInGB=60)
    seen = sagemaker.describe_notebook_instance(NotebookInstanceName="nb")
    assert "NotebookInstanceLifecycleConfigName" not in seen
    assert seen["VolumeSizeInGB"] == 60


def test_a_lifecycle_config_in_use_cannot_be_deleted(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    name = {"NotebookInstanceLifecycleConfigName": "lc"}
    sagemaker.create_notebook_instance_lifecycle_config(**name, OnCreate=SCRIPT)
    notebook(cloud, "nb", cloud.role(), LifecycleConfigName="lc")
    delete = sagemaker.delete_notebook_instance_lifecycle_config
    assert "is in use by Notebook Instance" in refusal(delete, **name)
    sagemaker.stop_notebook_instance(NotebookInstanceName="nb")
    sagemaker.delete_notebook_instance(NotebookInstanceName="nb")
    delete(**name)
    assert "does not exist" in refusal(
        sagemaker.describe_notebook_instance_lifecycle_config, **name
    )


def test_a_presigned_url_is_given_only_for_a_notebook_in_service(cloud: Cloud) -> None:
    presign = cloud.client("sagemaker").create_presigned_notebook_instance_url
    assert refusal(presign, NotebookInstanceName="nb") == "ValidationException: RecordNotFound"
    notebook(cloud, "nb", cloud.role())
    assert presign(NotebookInstanceName="nb")["AuthorizedUrl"].startswith("http://nb-")
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName="nb")
    assert "Status (Stopped) not in ([InService])" in refusal(presign, NotebookInstanceName="nb")


@pytest.mark.parametrize("count", [26, 51])
def test_every_page_of_a_listing_is_reached(cloud: Cloud, count: int) -> None:
    role = cloud.role()
    names = [f"seat{number:03}" for number in range(count)]
    for name in names:
        notebook(cloud, name, role)
    sagemaker = cloud.client("sagemaker")
    first = sagemaker.list_notebook_instances()
    assert len(first["NotebookInstances"]) == 10
    listed = [
        instance["NotebookInstanceName"]
        for page in sagemaker.get_paginator("list_notebook_instances").paginate()
        for instance in page["NotebookInstances"]
    ]
    assert listed == names
    backwards = sagemaker.list_notebook_instances(SortOrder="Descending", MaxResults=100)
    assert [
        instance["NotebookInstanceName"] for instance in backwards["NotebookInstances"]
    ] == names[::-1]


def test_a_page_loses_nothing_when_items_go_in_between(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    for letter in "abcd":
        sagemaker.create_model_package_group(ModelPackageGroupName=letter)
    page = sagemaker.list_model_package_groups(SortBy="Name", MaxResults=2)
    sagemaker.delete_model_package_group(ModelPackageGroupName="a")
    rest = sagemaker.list_model_package_groups(
        SortBy="Name", MaxResults=2, NextToken=page["NextToken"]
    )
    names = [item["ModelPackageGroupName"] for item in rest["ModelPackageGroupSummaryList"]]
    assert names == ["c", "d"]
    assert "Invalid NextToken" in refusal(sagemaker.list_model_package_groups, NextToken="none")


def test_tags_are_added_listed_and_removed_by_arn(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    arn = sagemaker.create_model_package_group(
        ModelPackageGroupName="group", Tags=[{"Key": "a", "Value": "1"}]
    )["ModelPackageGroupArn"]
    sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]
    )
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b", "c"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    add = sagemaker.add_tags
    assert "Could not find" in refusal(add, ResourceArn=arn + "x", Tags=[])
    assert "aws: prefixed" in refusal(
        add, ResourceArn=arn, Tags=[{"Key": "aws:cloudformation:stack-name", "Value": "mine"}]
    )
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    assert "at most 50 tags" in refusal(add, ResourceArn=arn, Tags=many)


def test_accounts_and_regions_do_not_see_each_other(cloud: Cloud) -> None:
    for account, region in (("111111111111", "us-east-1"), ("111111111111", "eu-west-1")):
        client = cloud.client("sagemaker", account=account, region=region)
        made = client.create_model_package_group(ModelPackageGroupName="group")
        assert made["ModelPackageGroupArn"] == (
            f"arn:aws:sagemaker:{region}:{account}:model-package-group/group"
        )
    other = cloud.client("sagemaker", account="222222222222")
    assert other.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_boto3s_own_waiters_see_the_status_they_wait_for(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    name = {"NotebookInstanceName": "nb"}
    once = {"WaiterConfig": {"MaxAttempts": 1}}
    notebook(cloud, "nb", cloud.role())
    sagemaker.get_waiter("notebook_instance_in_service").wait(**name, **once)
    sagemaker.stop_notebook_instance(**name)
    sagemaker.get_waiter("notebook_instance_stopped").wait(**name, **once)
    sagemaker.delete_notebook_instance(**name)
    sagemaker.get_waiter("notebook_instance_deleted").wait(**name, **once)


def test_an_operation_the_local_cloud_lacks_says_so(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    said = refusal(sagemaker.describe_hub, HubName="none")
    assert said == "NotPlayedHere: The local cloud does not play DescribeHub of SageMaker."
    # Nobody can make one here, so there is none.
    assert sagemaker.list_hubs()["HubSummaries"] == []


def test_what_the_data_planes_do_not_play_is_refused_by_its_name(cloud: Cloud) -> None:
    runtime = cloud.client("sagemaker-runtime")
    said = refusal(runtime.invoke_endpoint_with_response_stream, EndpointName="e", Body=b"1")
    assert said.startswith("NotPlayedHere: ")
    assert said.endswith(" does not play InvokeEndpointWithResponseStream of SageMaker.")
