"""Endpoints for tests of the conformance suite: models, configurations and what runs of them."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serving:1"
NAME = {"EndpointName": "ep"}
GROUP = "/aws/sagemaker/Endpoints/ep"


def variant(name: str = "AllTraffic", **more: Any) -> dict[str, Any]:
    """Return a variant of a configuration: one instance of the model."""
    return {
        "VariantName": name,
        "ModelName": "model",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **more,
    }


def configure(aws: Aws, name: str, *variants: dict[str, Any], **more: Any) -> None:
    """Make a configuration of these variants, or of one."""
    aws.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=list(variants) or [variant()], **more
    )


def prepare(aws: Aws, *variants: dict[str, Any], **more: Any) -> None:
    """Make a role, a model of it and the configuration ``first``."""
    aws.sagemaker.create_model(
        ModelName="model", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=aws.role()
    )
    configure(aws, "first", *variants, **more)


def create(aws: Aws, name: str = "ep", config: str = "first", **more: Any) -> str:
    """Make an endpoint and give its ARN."""
    made = aws.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
    return str(made["EndpointArn"])


def deploy(aws: Aws, *variants: dict[str, Any], **more: Any) -> None:
    """Return an endpoint ``ep`` that is InService."""
    prepare(aws, *variants, **more)
    create(aws)
    aws.pass_time()


def seen(aws: Aws) -> dict[str, Any]:
    """Return what the endpoint shows of itself."""
    return dict(aws.sagemaker.describe_endpoint(**NAME))


def status(aws: Aws) -> str:
    """Return the endpoint's status."""
    return str(seen(aws)["EndpointStatus"])


def refused(aws: Aws, operation: str) -> str:
    """Return the refusal of a change, deletion or description of the endpoint."""
    requests: dict[str, dict[str, Any]] = {
        "update_endpoint": {"EndpointConfigName": "first"},
        "update_endpoint_weights_and_capacities": {
            "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 1}]
        },
    }
    return aws.refusal(operation, **NAME, **requests.get(operation, {}))


CHANGES = ["update_endpoint", "update_endpoint_weights_and_capacities", "delete_endpoint"]
"""Operations that change an endpoint."""
