"""What keys of the YAML open, by force: a seat's own, and nothing of the seat beside it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.refusals import refusal
from tests.support.seats import (
    ADA,
    BEN,
    SAMPLES,
    Case,
    Seats,
    attempt,
    endpoint_config,
    image,
    opened,
    tagged,
    training,
    two_seats,
)
from workshop.naming import Names

NEEDS = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}
POOL = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}


@pytest.fixture(scope="module")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(
        tmp_path_factory.mktemp("opened"), opened, inference_component=0.0, mlflow_app=0.0
    ) as made:
        for names, cloud in ((ADA, made.ada), (BEN, made.ben)):
            sagemaker = cloud.client("sagemaker")
            host = f"{names.job_prefix}host"
            attempt(cloud, hosting(names))
            sagemaker.create_endpoint(
                EndpointName=host, EndpointConfigName=host, Tags=tagged(names)
            )
        yield made


def hosting(names: Names) -> Case:
    """A configuration for inference components."""
    variant = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return (
        "sagemaker",
        "create_endpoint_config",
        {
            "EndpointConfigName": f"{names.job_prefix}host",
            "ProductionVariants": [{**variant, "ManagedInstanceScaling": {"Status": "ENABLED"}}],
            "ExecutionRoleArn": names.role_arn,
            "Tags": tagged(names),
        },
    )


def serverless(names: Names, name: str, concurrency: int, memory: int = 2048) -> Case:
    variant = {
        "VariantName": "all",
        "ModelName": f"{names.job_prefix}own",
        "ServerlessConfig": {"MaxConcurrency": concurrency, "MemorySizeInMB": memory},
    }
    return endpoint_config(names, name, ProductionVariants=[variant])


def component(names: Names, name: str, endpoint: str, model: str) -> Case:
    return (
        "sagemaker",
        "create_inference_component",
        {
            "InferenceComponentName": name,
            "EndpointName": endpoint,
            "VariantName": "all",
            "Specification": {"ModelName": model, "ComputeResourceRequirements": NEEDS},
            "RuntimeConfig": {"CopyCount": 1},
            "Tags": tagged(names),
        },
    )


def target(names: Names) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{names.job_prefix}own/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def scaled(names: Names, by: Names, **more: Any) -> Case:
    tags = {one["Key"]: one["Value"] for one in tagged(by)}
    request = {**target(names), "MinCapacity": 1, "MaxCapacity": 2, "Tags": tags, **more}
    return "application-autoscaling", "register_scalable_target", request


def alarm(names: Names, **more: Any) -> Case:
    return (
        "cloudwatch",
        "put_metric_alarm",
        {
            "AlarmName": f"{names.job_prefix}slow",
            "Namespace": "AWS/SageMaker",
            "MetricName": "ModelLatency",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        },
    )


def repository(name: str, by: Names | None) -> Case:
    request = {"repositoryName": name, **({"tags": tagged(by)} if by else {})}
    return "ecr", "create_repository", request


def pool(names: Names, name: str, seconds: int) -> Case:
    return training(names, name, ResourceConfig={**POOL, "KeepAlivePeriodInSeconds": seconds})


def denied(cloud: Any, case: Case) -> str:
    _, code, message = refusal(attempt, cloud, case)
    assert code in {"AccessDenied", "AccessDeniedException"}, message
    return message


def app_of(seats: Seats, names: Names) -> str:
    """The ARN of a seat's App, as the organiser sees it."""
    found = seats.root.client("sagemaker").list_mlflow_apps()["Summaries"]
    (arn,) = (one["Arn"] for one in found if one["Name"] == names.mlflow)
    return str(arn)


def test_a_seat_opens_its_own_mlflow_and_no_other(seats: Seats) -> None:
    mine, theirs = app_of(seats, ADA), app_of(seats, BEN)
    client = seats.ada.client("sagemaker")
    assert client.describe_mlflow_app(Arn=mine)["Status"] == "Created"
    assert client.create_presigned_mlflow_app_url(Arn=mine)["AuthorizedUrl"].startswith("https://")
    assert {one["Arn"] for one in client.list_mlflow_apps()["Summaries"]} == {mine, theirs}
    for operation, arn in (
        ("describe_mlflow_app", theirs),
        ("create_presigned_mlflow_app_url", theirs),
        ("update_mlflow_app", mine),
        ("delete_mlflow_app", mine),
    ):
        denied(seats.ada, ("sagemaker", operation, {"Arn": arn}))
    made = {"ArtifactStoreUri": f"s3://{ADA.bucket('data')}/x", "RoleArn": ADA.role_arn}
    another = {"Name": f"{ADA.job_prefix}second", **made, "Tags": tagged(ADA)}
    denied(seats.ada, ("sagemaker", "create_mlflow_app", another))


def test_the_notebook_knows_the_app_by_its_arn(seats: Seats) -> None:
    client = seats.root.client("sagemaker")
    config = client.describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=ADA.lifecycle_config
    )
    script = b64decode(config["OnStart"][0]["Content"]).decode()
    assert f"export MLFLOW_TRACKING_URI={app_of(seats, ADA)}" in script.replace("'", "")


def test_serverless_endpoints_are_as_large_as_the_yaml_says(seats: Seats) -> None:
    attempt(seats.ada, serverless(ADA, "small", 5))
    assert "with an explicit deny" in denied(seats.ada, serverless(ADA, "many", 6))
    assert "with an explicit deny" in denied(seats.ada, serverless(ADA, "large", 5, 3072))


def test_pools_are_kept_as_long_as_the_yaml_says(seats: Seats) -> None:
    attempt(seats.ada, pool(ADA, "none", 0))
    attempt(seats.ada, pool(ADA, "short", 600))
    assert "with an explicit deny" in denied(seats.ada, pool(ADA, "long", 660))


def test_a_component_is_put_on_ones_own_endpoint_with_ones_own_model(seats: Seats) -> None:
    own, host, theirs = f"{ADA.job_prefix}own", f"{ADA.job_prefix}host", f"{BEN.job_prefix}host"
    attempt(seats.ada, component(ADA, f"{ADA.job_prefix}part", host, own))
    sagemaker = seats.ada.client("sagemaker")
    part = {"InferenceComponentName": f"{ADA.job_prefix}part"}
    sagemaker.update_inference_component_runtime_config(
        **part, DesiredRuntimeConfig={"CopyCount": 2}
    )
    denied(seats.ada, component(ADA, f"{ADA.job_prefix}guest", theirs, own))
    denied(seats.ada, component(ADA, f"{ADA.job_prefix}thief", host, f"{BEN.job_prefix}own"))
    for operation in ("describe_inference_component", "delete_inference_component"):
        denied(seats.ben, ("sagemaker", operation, part))


def test_a_seat_scales_its_own_endpoint_and_no_other(seats: Seats) -> None:
    attempt(seats.ada, scaled(ADA, ADA))
    client = seats.ada.client("application-autoscaling")
    policy = {"PolicyName": "load", **target(ADA)}
    client.put_scaling_policy(**policy)
    denied(seats.ada, scaled(ADA, BEN))
    with pytest.raises(ClientError, match="UpdateEndpointWeightsAndCapacities is missing"):
        attempt(seats.ada, scaled(BEN, ADA))
    denied(seats.ben, ("application-autoscaling", "put_scaling_policy", policy))
    denied(seats.ben, ("application-autoscaling", "deregister_scalable_target", target(ADA)))
    client.deregister_scalable_target(**target(ADA))


def test_an_alarm_is_ones_own_and_does_nothing_but_scale(seats: Seats) -> None:
    attempt(seats.ada, alarm(ADA))
    denied(seats.ada, alarm(BEN))
    stops = f"arn:aws:automate:{ADA.region}:ec2:terminate"
    denied(seats.ada, alarm(ADA, AlarmActions=[stops]))
    delete = ("cloudwatch", "delete_alarms", {"AlarmNames": [f"{ADA.job_prefix}slow"]})
    denied(seats.ben, delete)
    attempt(seats.ada, delete)


def test_a_repository_is_made_below_ones_own_name_with_ones_own_tags(seats: Seats) -> None:
    lab = ADA.repository("lab")
    denied(seats.ada, repository(lab, None))
    denied(seats.ada, repository(lab, BEN))
    denied(seats.ada, repository(BEN.repository("lab"), ADA))
    denied(seats.ada, repository("lab", ADA))
    attempt(seats.ada, repository(lab, ADA))
    denied(seats.ada, ("ecr", "delete_repository", {"repositoryName": lab}))


def test_a_tag_is_pushed_twice_and_the_image_taken_away_by_its_owner_alone(seats: Seats) -> None:
    attempt(seats.ada, image(ADA, "latest", config="first"))
    attempt(seats.ada, image(ADA, "latest", config="second"))
    delete: Case = (
        "ecr",
        "batch_delete_image",
        {"repositoryName": ADA.repository("training"), "imageIds": [{"imageTag": "latest"}]},
    )
    denied(seats.ben, delete)
    assert attempt(seats.ada, delete)["failures"] == []


def test_a_public_bucket_of_another_account_is_read_if_the_yaml_names_it(seats: Seats) -> None:
    others = seats.root.client("s3", account="999999999999")
    for name in (SAMPLES, "samples-not-named"):
        others.create_bucket(Bucket=name)
        others.delete_public_access_block(Bucket=name)
        reading = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"]}
        statement = {**reading, "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        others.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        others.put_object(Bucket=name, Key="a.csv", Body=b"1,2")
    mine = seats.ada.client("s3")
    assert mine.get_object(Bucket=SAMPLES, Key="a.csv")["Body"].read() == b"1,2"
    assert [one["Key"] for one in mine.list_objects_v2(Bucket=SAMPLES)["Contents"]] == ["a.csv"]
    refused = denied(
        seats.ada, ("s3", "get_object", {"Bucket": "samples-not-named", "Key": "a.csv"})
    )
    assert "explicit deny" not in refused
    denied(seats.ada, ("s3", "put_object", {"Bucket": SAMPLES, "Key": "b.csv", "Body": b"1"}))


def test_everybody_knows_who_they_are(seats: Seats) -> None:
    assert f"/{ADA.role}/" in seats.ada.client("sts").get_caller_identity()["Arn"]


def test_a_query_without_a_workgroup_is_one_of_the_primary(seats: Seats) -> None:
    athena = seats.ada.client("athena")
    query = {"QueryString": "select 1"}
    with pytest.raises(ClientError, match="NotPlayedHere"):  # it is allowed
        athena.start_query_execution(**query)
    with pytest.raises(ClientError, match="AccessDenied"):
        athena.start_query_execution(**query, WorkGroup="others")


def test_awss_own_hub_is_named_as_no_accounts(seats: Seats) -> None:
    client = seats.ada.client("sagemaker")
    hub = {"HubName": "SageMakerPublicHub", "HubContentType": "Model"}
    for operation, more in (
        ("list_hub_contents", {}),
        ("describe_hub_content", {"HubContentName": "m"}),
    ):
        # It is allowed, and not played.
        with pytest.raises(ClientError, match="NotPlayedHere"):
            getattr(client, operation)(**hub, **more)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.describe_hub(HubName="a-hub-of-the-account")
