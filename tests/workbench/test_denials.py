"""A denial that Python on the notebook meets ends with the rule of the workshop that it is."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.iam import reference
from tests.support.hooked_clients import BUCKET, ENVIRONMENT, PREFIX, Hooked
from workbench.scripts import workshop_reasons
from workshop.policies import extra
from workshop.policies.actions import EXECUTION_USE, FEATURE_STORE_USE, MADE_OF, TAGGED_USE

ROLE = {"RoleArn": ENVIRONMENT["WORKSHOP_ROLE_ARN"]}
AWS = "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to do this"
ORGANISER = "ask the organiser, who can open it with access."


pytestmark = pytest.mark.usefixtures("kernel")


def told(operation: str, service: str = "sagemaker", region: str = "eu-west-1", **more: Any) -> str:
    """Give the sentence at the end of the error, with its code and AWS's own text checked."""
    hooked = Hooked()
    hooked.answer({"__type": "AccessDeniedException", "message": more.pop("aws", AWS)}, 400)
    client = hooked.client(service, region)
    with pytest.raises(ClientError) as raised:
        getattr(client, operation)(**more)
    error = raised.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    text, _, why = error["Message"].partition(" (workshop: ")
    assert text.startswith("User: arn:")
    assert f"{text} (workshop: {why}" in str(raised.value)
    return why.removesuffix(")")


def training(instance: str = "ml.m5.large", hours: int = 1, **resources: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "t",
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/"},
        "ResourceConfig": {"InstanceType": instance, "VolumeSizeInGB": 1, **resources},
        "StoppingCondition": {"MaxRuntimeInSeconds": hours * 3600},
        **ROLE,
    }


def variant(**more: Any) -> dict[str, Any]:
    return {
        "EndpointConfigName": "c",
        "ProductionVariants": [{"VariantName": "a", "ModelName": "m", **more}],
    }


COMPUTE: list[tuple[str, dict[str, Any], str]] = [
    (
        "create_training_job",
        training("ml.m5.xlarge"),
        "ml.m5.xlarge is not open for training here, ml.m5.large and ml.g5.* are; "
        f"{ORGANISER}training_instance_types",
    ),
    (
        "create_endpoint_config",
        variant(InstanceType="ml.g5.12xlarge", InitialInstanceCount=1),
        "ml.g5.12xlarge is not open for endpoints here, ml.m5.large and ml.g5.xlarge are; "
        f"{ORGANISER}endpoint_instance_types",
    ),
    (
        "create_training_job",
        training("ml.g5.2xlarge", hours=48),
        "a job may take 24 h here and this one asks for 48 h (max_run, MaxRuntimeInSeconds); "
        f"{ORGANISER}max_runtime_hours",
    ),
    (
        "create_training_job",
        training(KeepAlivePeriodInSeconds=600),
        "warm pools are not open here and this job asks for 10 minutes"
        f" (keep_alive_period_in_seconds); {ORGANISER}warm_pools",
    ),
    (
        "create_training_job",
        training() | {"RemoteDebugConfig": {"EnableRemoteDebug": True}},
        "remote debugging of training is closed in workshops",
    ),
    (
        "create_endpoint_config",
        variant(ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5}),
        f"serverless is closed here; {ORGANISER}serverless",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "why"), COMPUTE)
def test_the_cap_that_a_request_breaks_is_said_and_what_is_open(
    operation: str, request_: dict[str, Any], why: str
) -> None:
    assert told(operation, **request_) == why


def test_minutes_of_warm_pools_are_said_where_some_are_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKSHOP_WARM_POOL_MINUTES", "5")
    why = told("create_training_job", **training(KeepAlivePeriodInSeconds=600))
    assert why.startswith("warm pools are kept for 5 minutes at most here")


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    (
        "list_tags",
        {"ResourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/vision-ben-churn"},
        "vision-ben-churn belongs to the seat ben; what is yours begins with vision-ada-",
    ),
    (
        "create_auto_ml_job_v2",
        {
            "AutoMLJobName": "a",
            "AutoMLJobInputDataConfig": [{"ChannelType": "training"}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/"},
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
            **ROLE,
        },
        "Autopilot is closed in workshops: it chooses its machines by itself, and nothing could"
        " cap what they cost",
    ),
    (
        "describe_monitoring_schedule",
        {"MonitoringScheduleName": "m"},
        "Model Monitor is closed in workshops: AWS has closed it to new customers",
    ),
    ("list_domains", {}, "Studio is closed in workshops"),
    (
        "describe_feature_group",
        {"FeatureGroupName": "f"},
        f"the feature store is not open here; {ORGANISER}feature_store",
    ),
    (
        "create_processing_job",
        {
            "ProcessingJobName": "p",
            "AppSpecification": {
                "ImageUri": "1.dkr.ecr.eu-west-1.aws/sagemaker-clarify-processing:1"
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 1,
                }
            },
            **ROLE,
        },
        "Clarify is closed in workshops: AWS has closed it to new customers",
    ),
    (
        "create_experiment",
        {"ExperimentName": "e", "Tags": [{"Key": "attendee", "Value": "ben"}]},
        "the tag attendee of what you make is ada, not ben; leave it out",
    ),
    (
        "create_experiment",
        {"ExperimentName": "e"},
        "the workshop may be over, or your seat may have been stopped; ask the organiser",
    ),
    (
        "delete_endpoint",
        {"EndpointName": "typo"},
        f"there is no {PREFIX}typo that is yours: it may be gone, or was never made",
    ),
    (
        "list_workteams",
        {},
        f"sagemaker:ListWorkteams is not open here; {ORGANISER}extra_statements",
    ),
    (
        "create_model",
        {
            "ModelName": "m",
            "PrimaryContainer": {"Image": "1.dkr.ecr.us-west-2.amazonaws.com/pytorch:2"},
        },
        "the image is in us-west-2 and the workshop in eu-west-1: take that of eu-west-1",
    ),
    (
        "create_model",
        {"ModelName": "m", "aws": f"{AWS} iam:PassRole on resource: r"},
        f"the role has to be your own, {ROLE['RoleArn']}",
    ),
    (
        "create_model",
        {"ModelName": "m", "aws": f"{AWS}: policy/ws/vision/vision-cohort-eu-west-1-end"},
        "the workshop has ended and nothing new can be made; ask the organiser",
    ),
]


def test_the_action_is_named_as_iam_does() -> None:
    said = "User: arn:aws:sts::1:r is not authorized to perform: bedrock:InvokeModel on resource: m"
    why = told("invoke_model", "bedrock-runtime", aws=said, modelId="m", body=b"")
    assert why == f"bedrock:InvokeModel is not open here; {ORGANISER}extra_statements"


def test_nobody_is_sent_to_the_organiser_for_what_no_yaml_opens() -> None:
    closed = {action for actions in extra.CLOSED.values() for action in actions}
    assert {f"sagemaker:{name}" for name in workshop_reasons.SHUT.split()} == closed
    for action in sorted(reference.load().actions):
        why = workshop_reasons.reason("sagemaker", action, {})
        if extra.why_closed(f"sagemaker:{action}"):
            assert "extra_statements" not in why, action
        else:
            assert "whatever the YAML says" not in why, action


def test_only_of_what_a_seat_may_do_to_its_own_it_is_said_that_it_is_not_there() -> None:
    own = {*TAGGED_USE, *EXECUTION_USE, *FEATURE_STORE_USE} - {*MADE_OF}
    assert {f"sagemaker:{name}" for name in workshop_reasons.USES.split()} == own
    job = {"TrainingJobName": f"{PREFIX}t"}
    assert told("stop_training_job", **job) == (
        f"there is no {PREFIX}t that is yours: it may be gone, or was never made"
    )
    assert told("update_training_job", **job) == (
        f"sagemaker:UpdateTrainingJob is not open here; {ORGANISER}extra_statements"
    )


@pytest.mark.parametrize("variable", ["", "arn:aws:sagemaker:eu-west-1:1:mlflow-app/app-1"])
def test_another_mlflow_than_ones_own_is_told_apart_from_making_one(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-0AB1"
    why = told("create_presigned_mlflow_app_url", Arn=arn)
    closed = "MLflow is not here; ask the organiser, who can open it with mlflow"
    assert why == (f"the MLflow that you use is {variable}" if variable else closed)
    assert told("delete_mlflow_app", Arn=arn).startswith("an MLflow server of one's own is closed")


@pytest.mark.parametrize(("operation", "request_", "why"), OTHERS)
def test_whatever_else_is_closed_says_why(
    operation: str, request_: dict[str, Any], why: str
) -> None:
    assert told(operation, **request_) == why


def test_what_is_opened_is_not_said_to_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    group = {"FeatureGroupName": "f"}
    assert told("delete_feature_group", **group).startswith("the feature store is not open here")
    monkeypatch.setenv("WORKSHOP_OPENED", "search,feature_store,serverless")
    assert told("delete_feature_group", **group).startswith(f"there is no {PREFIX}f that is yours")
    large = variant(ServerlessConfig={"MemorySizeInMB": 6144, "MaxConcurrency": 5})
    why = told("create_endpoint_config", **large)
    assert why.startswith("serverless is open here, but not that large")


def test_another_region_is_said() -> None:
    why = told("list_models", region="us-west-2")
    assert why == "the workshop is in eu-west-1 and nothing is open in us-west-2"


DENIED = "<Error><Code>AccessDenied</Code><Message>User: arn: x</Message></Error>"
READ = f"yours is {BUCKET}, to read also sagemaker-sample-files and jumpstart-cache-prod-eu-west-1"


@pytest.mark.parametrize(
    ("operation", "request_", "why"),
    [
        (
            "get_object",
            {"Bucket": "amazon-reviews-pds", "Key": "a"},
            f"the bucket amazon-reviews-pds is not open here, {READ}; {ORGANISER}public_buckets",
        ),
        (
            "put_object",
            {"Bucket": "sagemaker-sample-files", "Key": "a"},
            f"sagemaker-sample-files is open to get and list its objects alone; write to {BUCKET}",
        ),
        (
            "put_object",
            {"Bucket": "vision-cohort-datasets-123456789012-eu-west-1", "Key": "a"},
            f"the workshop's datasets are to be read alone; write to {BUCKET}",
        ),
        (
            "get_object",
            {"Bucket": "vision-ben-data-123456789012-eu-west-1", "Key": "a"},
            "vision-ben-data-123456789012-eu-west-1 belongs to the seat ben; what is yours begins"
            f" with {PREFIX}",
        ),
        (
            "put_object",
            {"Bucket": BUCKET, "Key": "a", "StorageClass": "GLACIER"},
            "objects are of the storage class STANDARD here",
        ),
        ("list_buckets", {}, f"buckets are not listed; yours is {BUCKET}"),
    ],
)
def test_a_bucket_that_is_not_open_is_said_with_those_that_are(
    operation: str, request_: dict[str, Any], why: str
) -> None:
    hooked = Hooked()
    hooked.answer(DENIED, 403)
    with pytest.raises(ClientError) as raised:
        getattr(hooked.client("s3"), operation)(**request_)
    error = raised.value.response["Error"]
    assert error == {"Code": "AccessDenied", "Message": f"User: arn: x (workshop: {why})"}


def test_the_text_of_a_denied_head_stays_for_the_sdk_and_the_rule_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hooked = Hooked()
    hooked.answer("", 403)
    with pytest.raises(ClientError) as raised:
        hooked.client("s3").head_bucket(Bucket="my-lab")
    assert raised.value.response["Error"] == {"Code": "403", "Message": "Forbidden"}
    assert f"workshop: the bucket my-lab is not open here, {READ}" in capsys.readouterr().err


def test_an_error_that_is_no_denial_stays_as_it_is() -> None:
    hooked = Hooked()
    hooked.answer({"__type": "ValidationException", "message": "no"}, 400)
    with pytest.raises(ClientError) as raised:
        hooked.client("sagemaker").describe_model(ModelName="m")
    assert raised.value.response["Error"]["Message"] == "no"
