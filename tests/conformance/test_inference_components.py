"""Conformance: inference components on endpoints that name no model, as AWS treats them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.conformance import TICK, Aws

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serving:1"
NAME = {"InferenceComponentName": "component"}
ENDPOINT = {"EndpointName": "ep"}
NEEDS = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}
OF_MODEL = {"ModelName": "model", "ComputeResourceRequirements": NEEDS}
GROUP = "/aws/sagemaker/InferenceComponents/component"


def host(aws: Aws, *, model: bool = False) -> None:
    """Return an endpoint that is being created, for components or of one model."""
    role = aws.role()
    aws.sagemaker.create_model(
        ModelName="model", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=role
    )
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **({"ModelName": "model"} if model else {}),
    }
    aws.sagemaker.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[variant], ExecutionRoleArn=role
    )
    aws.sagemaker.create_endpoint(**ENDPOINT, EndpointConfigName="config")


REQUEST: dict[str, Any] = {
    **ENDPOINT,
    "VariantName": "AllTraffic",
    "Specification": OF_MODEL,
    "RuntimeConfig": {"CopyCount": 2},
}


def create(aws: Aws, name: str = "component", **more: Any) -> str:
    made = aws.sagemaker.create_inference_component(InferenceComponentName=name, **(REQUEST | more))
    return str(made["InferenceComponentArn"])


def running(aws: Aws, **more: Any) -> str:
    """Return a component that is InService."""
    host(aws)
    aws.pass_time()
    arn = create(aws, **more)
    aws.pass_time()
    return arn


def seen(aws: Aws, name: str = "component") -> dict[str, Any]:
    return dict(aws.sagemaker.describe_inference_component(InferenceComponentName=name))


def status(aws: Aws) -> str:
    return str(seen(aws)["InferenceComponentStatus"])


def test_a_component_comes_into_service_with_its_copies(aws: Aws) -> None:
    host(aws)
    aws.pass_time()
    arn = create(aws)
    first = seen(aws)
    assert first["InferenceComponentStatus"] == "Creating"
    assert first["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 0}
    aws.pass_time()
    then = seen(aws)
    assert then["InferenceComponentStatus"] == "InService"
    assert then["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    assert then["InferenceComponentArn"] == arn
    assert then["EndpointArn"].endswith(":endpoint/ep")
    assert then["Specification"] == OF_MODEL


def test_a_component_can_bring_its_own_container(aws: Aws) -> None:
    own = {"Container": {"Image": IMAGE}, "ComputeResourceRequirements": NEEDS}
    running(aws, Specification=own)
    container = seen(aws)["Specification"]["Container"]
    assert container["DeployedImage"]["SpecifiedImage"] == IMAGE


def test_an_endpoint_with_a_component_cannot_be_deleted(aws: Aws) -> None:
    running(aws)
    assert aws.refusal("delete_endpoint", **ENDPOINT).startswith("ValidationException: ")
    aws.sagemaker.delete_inference_component(**NAME)
    assert aws.refusal("delete_endpoint", **ENDPOINT).startswith("ValidationException: ")
    aws.pass_time()
    aws.sagemaker.delete_endpoint(**ENDPOINT)


def test_a_component_needs_an_endpoint_that_serves(aws: Aws) -> None:
    refused = aws.refusal("create_inference_component", **NAME, **REQUEST)
    assert refused.startswith("ValidationException: Could not find endpoint")
    host(aws)
    refused = aws.refusal("create_inference_component", **NAME, **REQUEST)
    assert refused.startswith("ValidationException: ")
    aws.pass_time()
    create(aws)


def test_an_endpoint_of_a_model_takes_no_components(aws: Aws) -> None:
    host(aws, model=True)
    aws.pass_time()
    assert aws.refusal("create_inference_component", **NAME, **REQUEST) == (
        "ValidationException: Inference Components are not supported in this Endpoint. Please "
        "make sure this endpoint can deploy inference components."
    )


@pytest.mark.parametrize(
    "more",
    [
        {"VariantName": "other"},
        {"Specifications": [OF_MODEL]},
        {"Specification": {"ComputeResourceRequirements": NEEDS}},
        {"Specification": {**OF_MODEL, "ModelName": "other"}},
    ],
    ids=["no such variant", "two specifications", "nothing to run", "no such model"],
)
def test_a_component_that_makes_no_sense_is_refused(aws: Aws, more: dict[str, Any]) -> None:
    host(aws)
    aws.pass_time()
    refused = aws.refusal("create_inference_component", **NAME, **(REQUEST | more))
    assert refused.startswith("ValidationException: ")
    assert aws.sagemaker.list_inference_components()["InferenceComponents"] == []


def test_a_component_exists_once_or_not_at_all(aws: Aws) -> None:
    running(aws)
    refused = aws.refusal("create_inference_component", **NAME, **REQUEST)
    assert "Cannot create already existing inference component" in refused
    aws.sagemaker.delete_inference_component(**NAME)
    aws.pass_time()
    for operation, more in {
        "describe_inference_component": {},
        "delete_inference_component": {},
        "update_inference_component": {"RuntimeConfig": {"CopyCount": 1}},
        "update_inference_component_runtime_config": {"DesiredRuntimeConfig": {"CopyCount": 1}},
    }.items():
        refused = aws.refusal(operation, **NAME, **more)
        assert refused.startswith("ValidationException: Could not find inference component")


def test_a_component_that_is_being_created_can_be_neither_changed_nor_deleted(aws: Aws) -> None:
    host(aws)
    aws.pass_time()
    create(aws)
    scale = {"DesiredRuntimeConfig": {"CopyCount": 1}}
    for operation, more in {
        "delete_inference_component": {},
        "update_inference_component": {"RuntimeConfig": {"CopyCount": 1}},
        "update_inference_component_runtime_config": scale,
    }.items():
        assert aws.refusal(operation, **NAME, **more).startswith("ValidationException: ")


def test_a_component_that_is_being_deleted_says_so(aws: Aws) -> None:
    running(aws)
    aws.sagemaker.delete_inference_component(**NAME)
    assert status(aws) == "Deleting"
    assert "DELETE_IN_PROGRESS" in aws.refusal("delete_inference_component", **NAME)


def test_the_number_of_copies_can_be_changed(aws: Aws) -> None:
    running(aws)
    aws.sagemaker.update_inference_component_runtime_config(
        **NAME, DesiredRuntimeConfig={"CopyCount": 3}
    )
    assert status(aws) == "Updating"
    assert seen(aws)["RuntimeConfig"] == {"DesiredCopyCount": 3, "CurrentCopyCount": 2}
    aws.pass_time()
    assert status(aws) == "InService"
    assert seen(aws)["RuntimeConfig"]["CurrentCopyCount"] == 3


def test_an_update_can_bring_other_specifications(aws: Aws) -> None:
    running(aws)
    by_type = [{**OF_MODEL, "InstanceType": "ml.m5.large"}]
    aws.sagemaker.update_inference_component(**NAME, Specifications=by_type)
    assert status(aws) == "Updating"
    aws.pass_time()
    now = seen(aws)
    assert now["Specifications"] == by_type
    assert "Specification" not in now
    assert aws.refusal("update_inference_component", **NAME).startswith("ValidationException: ")


def test_a_base_stays_while_it_carries_an_adapter(aws: Aws) -> None:
    running(aws)
    adapter = {
        "BaseInferenceComponentName": "component",
        "Container": {"ArtifactUrl": "s3://bucket/adapter.tar.gz"},
    }
    aws.sagemaker.create_inference_component(
        InferenceComponentName="adapter", **ENDPOINT, Specification=adapter
    )
    assert seen(aws, "adapter")["VariantName"] == "AllTraffic"
    aws.pass_time()
    assert "is a base inference component" in aws.refusal("delete_inference_component", **NAME)
    aws.sagemaker.delete_inference_component(InferenceComponentName="adapter")
    aws.pass_time()
    aws.sagemaker.delete_inference_component(**NAME)


def test_a_component_writes_a_log_group_of_its_own(aws: Aws) -> None:
    running(aws)
    assert len(aws.streams(GROUP)) == 2
    aws.client("logs").delete_log_group(logGroupName=GROUP)
    aws.advance(TICK)
    status(aws)
    assert len(aws.streams(GROUP)) == 2


def test_an_invocation_names_the_component_it_is_for(aws: Aws) -> None:
    running(aws)
    invoke = aws.client("sagemaker-runtime").invoke_endpoint
    answer = invoke(**ENDPOINT, **NAME, Body=b"1,2", ContentType="text/csv")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"1,2", "text/csv")
    with pytest.raises(ClientError, match="Inference Component Name header is required"):
        invoke(**ENDPOINT, Body=b"")
    create(aws, "starting")
    for name in ("starting", "other"):
        with pytest.raises(ClientError, match="not found"):
            invoke(**ENDPOINT, InferenceComponentName=name, Body=b"")


def test_components_are_found_by_endpoint_variant_and_status(aws: Aws) -> None:
    running(aws)
    create(aws, "another", Tags=[{"Key": "seat", "Value": "ada"}])

    def names(**request: Any) -> list[str]:
        found = aws.sagemaker.list_inference_components(**request)["InferenceComponents"]
        return [component["InferenceComponentName"] for component in found]

    assert names(EndpointNameEquals="ep") == ["another", "component"]
    assert names(EndpointNameEquals="other") == names(VariantNameEquals="other") == []
    assert names(VariantNameEquals="AllTraffic", StatusEquals="Creating") == ["another"]
    assert names(NameContains="comp") == ["component"]
    arn = seen(aws, "another")["InferenceComponentArn"]
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "seat", "Value": "ada"}]
