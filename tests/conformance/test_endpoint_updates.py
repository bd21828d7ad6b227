"""Conformance: updates of endpoints, as AWS treats them."""

from __future__ import annotations

import pytest

from tests.support.conformance import Aws
from tests.support.endpoints import (
    IMAGE,
    NAME,
    configure,
    create,
    deploy,
    prepare,
    refused,
    seen,
    status,
    variant,
)


def test_an_update_shows_what_runs_until_it_has_succeeded(aws: Aws) -> None:
    deploy(aws)
    configure(aws, "second", variant("blue", InitialInstanceCount=2))
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="second")
    during = seen(aws)
    assert during["EndpointStatus"] == "Updating"
    assert during["EndpointConfigName"] == "first"
    assert [variant["VariantName"] for variant in during["ProductionVariants"]] == ["AllTraffic"]
    [asked] = during["PendingDeploymentSummary"]["ProductionVariants"]
    assert (asked["VariantName"], asked["DesiredInstanceCount"]) == ("blue", 2)
    assert asked["InstanceType"] == "ml.m5.large"
    assert asked["VariantStatus"][0]["Status"] == "Creating"
    aws.pass_time()
    after = seen(aws)
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == "second"
    assert [variant["VariantName"] for variant in after["ProductionVariants"]] == ["blue"]
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert "PendingDeploymentSummary" not in after


def test_an_update_can_keep_counts_and_weights_of_the_variants_that_stay(aws: Aws) -> None:
    deploy(aws)
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 3, "DesiredWeight": 0.5}
    aws.sagemaker.update_endpoint_weights_and_capacities(
        **NAME, DesiredWeightsAndCapacities=[change]
    )
    aws.pass_time()
    configure(aws, "second")
    aws.sagemaker.update_endpoint(
        **NAME,
        EndpointConfigName="second",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    aws.pass_time()
    [only] = seen(aws)["ProductionVariants"]
    assert (only["CurrentInstanceCount"], only["CurrentWeight"]) == (3, 1.0)


def test_a_deployment_policy_is_shown_and_kept_only_on_request(aws: Aws) -> None:
    prepare(aws)
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}
        }
    }
    create(aws, DeploymentConfig=policy)
    aws.pass_time()
    assert seen(aws)["LastDeploymentConfig"] == policy
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="first", RetainDeploymentConfig=True)
    aws.pass_time()
    assert seen(aws)["LastDeploymentConfig"] == policy
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="first")
    assert "LastDeploymentConfig" not in seen(aws)


def test_weights_and_counts_change_while_the_endpoint_serves(aws: Aws) -> None:
    deploy(aws, variant("a"), variant("b"))
    aws.sagemaker.update_endpoint_weights_and_capacities(
        **NAME,
        DesiredWeightsAndCapacities=[
            {"VariantName": "a", "DesiredWeight": 3},
            {"VariantName": "b", "DesiredInstanceCount": 2},
        ],
    )
    during = seen(aws)
    assert during["EndpointStatus"] == "Updating"
    first, second = during["ProductionVariants"]
    assert (first["CurrentWeight"], first["DesiredWeight"]) == (1.0, 3.0)
    assert (second["CurrentInstanceCount"], second["DesiredInstanceCount"]) == (1, 2)
    assert first["VariantStatus"][0]["Status"] == "Updating"
    aws.pass_time()
    after = seen(aws)
    first, second = after["ProductionVariants"]
    assert (after["EndpointStatus"], first["CurrentWeight"]) == ("InService", 3.0)
    assert second["CurrentInstanceCount"] == 2
    assert "VariantStatus" not in first


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "a"], 'The variant name "a" was non-unique within the request.'),
        (
            ["c"],
            'The variant name(s) "c" is/are not present within endpoint configuration "first".',
        ),
    ],
)
def test_weights_are_given_once_for_variants_that_there_are(
    aws: Aws, names: list[str], words: str
) -> None:
    deploy(aws, variant("a"))
    changes = [{"VariantName": name, "DesiredWeight": 1} for name in names]
    assert (
        aws.refusal(
            "update_endpoint_weights_and_capacities", **NAME, DesiredWeightsAndCapacities=changes
        )
        == f"ValidationException: {words}"
    )
    assert status(aws) == "InService"


def test_a_serverless_endpoint_has_a_concurrency_that_can_be_changed(aws: Aws) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    deploy(aws, {"VariantName": "s", "ModelName": "model", "ServerlessConfig": serverless})
    assert seen(aws)["ProductionVariants"][0]["CurrentServerlessConfig"] == serverless
    change = {"VariantName": "s", "ServerlessUpdateConfig": {"MaxConcurrency": 9}}
    aws.sagemaker.update_endpoint_weights_and_capacities(
        **NAME, DesiredWeightsAndCapacities=[change]
    )
    aws.pass_time()
    now = seen(aws)["ProductionVariants"][0]["CurrentServerlessConfig"]
    assert now == {"MemorySizeInMB": 2048, "MaxConcurrency": 9}


def test_an_endpoint_shows_capture_and_shadows_of_its_configuration(aws: Aws) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    deploy(aws, DataCaptureConfig=capture, ShadowProductionVariants=[variant("shadow")])
    now = seen(aws)
    assert now["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/captured",
        "KmsKeyId": "",
    }
    assert [variant["VariantName"] for variant in now["ShadowProductionVariants"]] == ["shadow"]


def test_an_update_that_cannot_be_done_is_rolled_back(aws: Aws) -> None:
    deploy(aws)
    aws.client("s3").create_bucket(Bucket="models")
    aws.client("s3").put_object(Bucket="models", Key="m", Body=b"")
    aws.sagemaker.create_model(
        ModelName="other", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://models/m"}
    )
    configure(aws, "second", variant(ModelName="other"))
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="second")
    aws.client("s3").delete_object(Bucket="models", Key="m")
    aws.pass_time()
    assert status(aws) == "RollingBack"
    assert "Cannot update in-progress endpoint" in refused(aws, "delete_endpoint")
    aws.pass_time()
    after = seen(aws)
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == "first"
    assert after["FailureReason"] == "Could not find model data at s3://models/m."
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="first")
    assert "FailureReason" not in seen(aws)


def test_an_endpoint_takes_no_more_machines_than_the_quota_of_its_type_allows(aws: Aws) -> None:
    prepare(aws, variant(InstanceType="ml.g5.12xlarge", InitialInstanceCount=2))
    assert aws.refusal("create_endpoint", **NAME, EndpointConfigName="first").startswith(
        "ResourceLimitExceeded: The account-level service limit 'ml.g5.12xlarge for endpoint "
        "usage' is 1 Instances, with current utilization of 0 Instances and a request delta of 2 "
        "Instances."
    )


def test_an_update_and_a_larger_count_need_quota_beside_what_runs(aws: Aws) -> None:
    deploy(aws, variant(InstanceType="ml.g5.xlarge", InitialInstanceCount=3))
    configure(aws, "second", variant(InstanceType="ml.g5.xlarge", InitialInstanceCount=2))
    words = aws.refusal("update_endpoint", **NAME, EndpointConfigName="second")
    assert "utilization of 3 Instances and a request delta of 2 Instances" in words
    change = {"VariantName": "AllTraffic", "DesiredInstanceCount": 5}
    operation = "update_endpoint_weights_and_capacities"
    words = aws.refusal(operation, **NAME, DesiredWeightsAndCapacities=[change])
    assert "utilization of 3 Instances and a request delta of 2 Instances" in words
    change["DesiredInstanceCount"] = 4
    aws.sagemaker.update_endpoint_weights_and_capacities(
        **NAME, DesiredWeightsAndCapacities=[change]
    )
    aws.pass_time()
    aws.sagemaker.delete_endpoint(**NAME)
    assert "utilization of 4 Instances" in aws.refusal(
        "create_endpoint", EndpointName="other", EndpointConfigName="first"
    )
    aws.pass_time()
    create(aws, "other")
