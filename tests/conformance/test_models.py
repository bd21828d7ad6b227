"""Conformance: models and endpoint configurations, as AWS treats them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.conformance import Aws, listed

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serving:1"
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "model",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}


def make(aws: Aws, name: str = "model", **more: Any) -> str:
    made = aws.sagemaker.create_model(
        ModelName=name, **({"PrimaryContainer": {"Image": IMAGE}} | more)
    )
    return str(made["ModelArn"])


def configure(aws: Aws, name: str = "config", **more: Any) -> str:
    made = aws.sagemaker.create_endpoint_config(
        EndpointConfigName=name, **({"ProductionVariants": [VARIANT]} | more)
    )
    return str(made["EndpointConfigArn"])


def test_a_model_shows_what_it_was_made_of(aws: Aws) -> None:
    container = {"Image": IMAGE, "Environment": {"A": "1"}}
    role = aws.role()
    arn = make(aws, "My-Model", PrimaryContainer=container, ExecutionRoleArn=role)
    seen = aws.sagemaker.describe_model(ModelName="My-Model")
    assert seen["PrimaryContainer"] == container
    assert seen["ExecutionRoleArn"] == role
    assert seen["EnableNetworkIsolation"] is False
    assert seen["ModelArn"] == arn
    assert arn.endswith(":model/my-model")


def test_a_model_can_be_a_pipeline_of_containers(aws: Aws) -> None:
    containers = [{"Image": IMAGE, "ContainerHostname": name} for name in ("first", "second")]
    aws.sagemaker.create_model(ModelName="model", Containers=containers)
    seen = aws.sagemaker.describe_model(ModelName="model")
    assert seen["Containers"] == containers
    assert "PrimaryContainer" not in seen


@pytest.mark.parametrize(
    "request_",
    [
        {"PrimaryContainer": {"Image": IMAGE}, "Containers": [{"Image": IMAGE}]},
        {"Containers": []},
        {"PrimaryContainer": {"ContainerHostname": "host"}},
    ],
    ids=["both", "neither", "no image"],
)
def test_a_model_has_either_one_container_or_several_each_with_an_image(
    aws: Aws, request_: dict[str, Any]
) -> None:
    refused = aws.refusal("create_model", ModelName="model", **request_)
    assert refused.startswith("ValidationException: ")
    assert aws.sagemaker.list_models()["Models"] == []


def test_a_model_needs_a_role_that_sagemaker_can_assume(aws: Aws) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    assert aws.refusal(
        "create_model",
        ModelName="model",
        PrimaryContainer={"Image": IMAGE},
        ExecutionRoleArn=role,
    ) == (
        f'ValidationException: The execution role ARN "{role}" is invalid. Please ensure that the '
        'role exists and that its trust relationship policy allows the action "sts:AssumeRole" '
        'for the service principal "sagemaker.amazonaws.com".'
    )


def test_model_data_has_to_be_there_when_the_model_is_made(aws: Aws) -> None:
    address = f"{aws.bucket()}/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": address}
    refused = aws.refusal("create_model", ModelName="model", PrimaryContainer=container)
    assert refused == f"ValidationException: Could not find model data at {address}."
    aws.client("s3").put_object(Bucket="conformance-bucket", Key="model.tar.gz", Body=b"")
    make(aws, PrimaryContainer=container)


def test_uncompressed_model_data_is_looked_for_by_its_prefix(aws: Aws) -> None:
    source = {
        "S3Uri": f"{aws.bucket()}/model/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}}
    refused = aws.refusal("create_model", ModelName="model", PrimaryContainer=container)
    assert "Could not find model data" in refused
    aws.client("s3").put_object(Bucket="conformance-bucket", Key="model/weights", Body=b"")
    make(aws, PrimaryContainer=container)


def test_a_model_of_that_name_in_whatever_case_cannot_be_made_again(aws: Aws) -> None:
    arn = make(aws)
    assert (
        aws.refusal("create_model", ModelName="MODEL", PrimaryContainer={"Image": IMAGE})
        == f'ValidationException: Cannot create already existing model "{arn}".'
    )


def test_a_model_in_use_can_be_deleted(aws: Aws) -> None:
    make(aws)
    configure(aws)
    aws.sagemaker.delete_model(ModelName="model")
    assert aws.sagemaker.list_models()["Models"] == []


def test_every_model_is_listed_once_whatever_the_number(aws: Aws) -> None:
    for amount in range(1, 202):
        make(aws, f"model-{amount:03}")
        if amount in (26, 51, 101, 201):
            found = listed(aws.sagemaker, "list_models", "Models", 25)
            names = [model["ModelName"] for model in found]
            assert names == [f"model-{number:03}" for number in range(amount, 0, -1)]


def test_the_youngest_model_and_configuration_are_listed_first(aws: Aws) -> None:
    for name in ("b", "a", "c"):
        make(aws, name)
        configure(aws, name, ProductionVariants=[{**VARIANT, "ModelName": name}])
        aws.advance(1)
    models = aws.sagemaker.list_models()["Models"]
    configs = aws.sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert [model["ModelName"] for model in models] == ["c", "a", "b"]
    assert [endpoint_config["EndpointConfigName"] for endpoint_config in configs] == ["c", "a", "b"]


def test_models_are_found_by_name_and_by_time(aws: Aws) -> None:
    for name in ("a-1", "b-1", "b-2"):
        make(aws, name)
        aws.advance(10)
    created = aws.sagemaker.describe_model(ModelName="b-1")["CreationTime"]
    middle = created + timedelta(seconds=5)

    def names(**request: Any) -> list[str]:
        found = aws.sagemaker.list_models(SortBy="Name", SortOrder="Ascending", **request)
        return [model["ModelName"] for model in found["Models"]]

    assert names(NameContains="b-") == ["b-1", "b-2"]
    assert names(CreationTimeAfter=middle) == ["b-2"]
    assert names(CreationTimeBefore=middle) == ["a-1", "b-1"]


def test_models_and_configurations_carry_tags(aws: Aws) -> None:
    model = make(aws, Tags=[{"Key": "seat", "Value": "ada"}])
    config = configure(aws)
    for arn in (model, config):
        aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "x"}])
    aws.sagemaker.delete_tags(ResourceArn=model, TagKeys=["team"])
    assert aws.sagemaker.list_tags(ResourceArn=model)["Tags"] == [{"Key": "seat", "Value": "ada"}]
    assert aws.sagemaker.list_tags(ResourceArn=config)["Tags"] == [{"Key": "team", "Value": "x"}]


def test_a_configuration_shows_what_it_was_made_of(aws: Aws) -> None:
    make(aws)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    later = {"OutputConfig": {"S3OutputPath": "s3://bucket/later"}}
    arn = configure(aws, DataCaptureConfig=capture, AsyncInferenceConfig=later)
    seen = aws.sagemaker.describe_endpoint_config(EndpointConfigName="config")
    assert seen["EndpointConfigArn"] == arn
    assert seen["ProductionVariants"] == [{**VARIANT, "InitialVariantWeight": 1.0}]
    assert seen["DataCaptureConfig"] == capture
    assert seen["AsyncInferenceConfig"] == later


def test_a_variant_can_be_serverless_and_another_a_shadow(aws: Aws) -> None:
    make(aws)
    serverless = {
        "VariantName": "serverless",
        "ModelName": "model",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    configure(aws, "serverless", ProductionVariants=[serverless])
    shadow = {**VARIANT, "VariantName": "shadow"}
    configure(aws, "shadowed", ShadowProductionVariants=[shadow])
    seen = aws.sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")
    assert [variant["VariantName"] for variant in seen["ShadowProductionVariants"]] == ["shadow"]


SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}


@pytest.mark.parametrize(
    "variants",
    [
        {"ProductionVariants": [VARIANT, VARIANT]},
        {"ProductionVariants": [{"VariantName": "a", "ModelName": "model"}]},
        {"ProductionVariants": [{**VARIANT, "ServerlessConfig": SERVERLESS}]},
        {
            "ProductionVariants": [
                {"VariantName": "a", "ModelName": "model", "InstanceType": "ml.m5.large"}
            ]
        },
        {
            "ProductionVariants": [
                {
                    "VariantName": "a",
                    "ModelName": "model",
                    "ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 5},
                }
            ]
        },
        {
            "ProductionVariants": [VARIANT, {**VARIANT, "VariantName": "b"}],
            "ShadowProductionVariants": [{**VARIANT, "VariantName": "c"}],
        },
        {
            "ProductionVariants": [
                {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ]
        },
    ],
    ids=[
        "two of a name",
        "no machines",
        "machines and serverless",
        "no count",
        "memory between steps",
        "a shadow of two",
        "neither model nor role",
    ],
)
def test_a_variant_that_makes_no_sense_is_refused(aws: Aws, variants: dict[str, Any]) -> None:
    make(aws)
    refused = aws.refusal("create_endpoint_config", EndpointConfigName="config", **variants)
    assert refused.startswith("ValidationException: ")
    assert aws.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


def test_a_configuration_needs_models_that_exist_and_a_role_that_can_be_assumed(aws: Aws) -> None:
    create = {"EndpointConfigName": "config", "ProductionVariants": [VARIANT]}
    assert aws.refusal("create_endpoint_config", **create).startswith(
        'ValidationException: Could not find model "arn:aws:sagemaker:us-east-1:'
    )
    make(aws)
    nobody = "arn:aws:iam::000000000000:role/nobody"
    refused = aws.refusal("create_endpoint_config", **create, ExecutionRoleArn=nobody)
    assert f'The execution role ARN "{nobody}" is invalid' in refused


def test_a_configuration_exists_once_or_not_at_all(aws: Aws) -> None:
    make(aws)
    arn = configure(aws)
    create = {"EndpointConfigName": "config", "ProductionVariants": [VARIANT]}
    assert aws.refusal("create_endpoint_config", **create) == (
        f'ValidationException: Cannot create already existing endpoint configuration "{arn}".'
    )
    aws.sagemaker.delete_endpoint_config(EndpointConfigName="config")
    for operation in ("describe_endpoint_config", "delete_endpoint_config"):
        assert aws.refusal(operation, EndpointConfigName="config") == (
            f'ValidationException: Could not find endpoint configuration "{arn}".'
        )
