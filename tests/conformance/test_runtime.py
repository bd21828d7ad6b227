"""Conformance: what endpoints answer and what experiments log, as AWS treats it.

Nothing runs in the local cloud: there an endpoint answers with what it was sent.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import refusals
from tests.support.conformance import Aws
from tests.support.endpoints import GROUP, NAME, configure, create, deploy, prepare, seen, variant


def invoke(aws: Aws, **more: Any) -> dict[str, Any]:
    request = {"Body": b'{"rows": [[1, 2]]}', "ContentType": "application/json", **NAME, **more}
    return dict(aws.client("sagemaker-runtime").invoke_endpoint(**request))


def refusal(aws: Aws, **more: Any) -> str:
    return "{1}: {2}".format(*refusals.refusal(invoke, aws, **more))


NOT_FOUND = "ValidationError: Endpoint ep of account 000000000000 not found."


def test_an_endpoint_in_service_answers_in_the_type_it_was_asked_in(aws: Aws) -> None:
    deploy(aws)
    answer = invoke(aws)
    assert answer["Body"].read() == b'{"rows": [[1, 2]]}'
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


@pytest.mark.parametrize(
    ("content", "body", "rows"),
    [
        ("text/csv", b"1,2\n3,4\n", 2),
        ("application/json", b'{"instances": [[1], [2], [3]]}', 3),
        ("application/json", b"[[1, 2], [3, 4]]", 2),
    ],
)
def test_tensorflow_serving_answers_with_a_prediction_for_each_row_in_json(
    aws: Aws, content: str, body: bytes, rows: int
) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.16-cpu"
    aws.sagemaker.create_model(
        ModelName="served", PrimaryContainer={"Image": image}, ExecutionRoleArn=aws.role()
    )
    configure(aws, "first", variant(ModelName="served"))
    create(aws)
    aws.pass_time()
    answer = invoke(aws, Body=body, ContentType=content)
    assert answer["ContentType"] == "application/json"
    assert len(json.loads(answer["Body"].read())["predictions"]) == rows


def test_images_of_hugging_face_answer_with_a_list(aws: Aws) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:2.1"
    aws.sagemaker.create_model(
        ModelName="served", PrimaryContainer={"Image": image}, ExecutionRoleArn=aws.role()
    )
    configure(aws, "first", variant(ModelName="served"))
    create(aws)
    aws.pass_time()
    for asked, entries in ((b'{"inputs": "good"}', 1), (b'{"inputs": ["good", "bad"]}', 2)):
        answer = json.loads(invoke(aws, Body=asked)["Body"].read())
        assert [{"label", "score"} <= entry.keys() for entry in answer] == [True] * entries


def test_only_an_endpoint_that_serves_is_found(aws: Aws) -> None:
    prepare(aws)
    assert refusal(aws) == NOT_FOUND
    create(aws)
    assert refusal(aws) == NOT_FOUND
    aws.pass_time()
    invoke(aws)
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="first")
    invoke(aws)
    aws.pass_time()
    aws.sagemaker.delete_endpoint(**NAME)
    assert refusal(aws) == NOT_FOUND


def test_the_case_of_the_name_matters_to_whoever_asks(aws: Aws) -> None:
    deploy(aws)
    assert refusal(aws, EndpointName="EP") == NOT_FOUND.replace("ep", "EP")


def test_requests_are_shared_out_by_weight_or_go_where_they_are_sent(aws: Aws) -> None:
    deploy(aws, variant("a", InitialVariantWeight=3.0), variant("b"), variant("c"))
    change = {"VariantName": "c", "DesiredWeight": 0}
    aws.sagemaker.update_endpoint_weights_and_capacities(
        **NAME, DesiredWeightsAndCapacities=[change]
    )
    aws.pass_time()
    served = [invoke(aws)["InvokedProductionVariant"] for _ in range(8)]
    assert sorted(served) == ["a"] * 6 + ["b"] * 2
    assert invoke(aws, TargetVariant="c")["InvokedProductionVariant"] == "c"
    assert refusal(aws, TargetVariant="d").startswith("ValidationError: ")


def total(aws: Aws, metric: str) -> float:
    now = seen(aws)["LastModifiedTime"]
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": "ep"},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(float(point["Sum"]) for point in found["Datapoints"])


def test_requests_are_counted_and_timed_and_written_to_the_log(aws: Aws) -> None:
    deploy(aws)
    before = aws.streams(GROUP)
    assert total(aws, "Invocations") == 0
    for _ in range(3):
        invoke(aws)
    assert total(aws, "Invocations") == 3
    assert total(aws, "Invocation5XXErrors") == 0
    assert total(aws, "ModelLatency") > 0
    assert aws.streams(GROUP) == before
    events = aws.client("logs").get_log_events(logGroupName=GROUP, logStreamName=before[0])
    lines = [event["message"] for event in events["events"]]
    assert sum("POST /invocations" in line for line in lines) == 3


def test_metrics_that_are_put_show_on_their_trial_component(aws: Aws) -> None:
    aws.sagemaker.create_trial_component(TrialComponentName="run")
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    put = aws.client("sagemaker-metrics").batch_put_metrics(
        TrialComponentName="run",
        MetricData=[
            {"MetricName": "loss", "Timestamp": moment, "Step": step, "Value": value}
            for step, value in enumerate((3.0, 1.0, 2.0))
        ],
    )
    assert put.get("Errors", []) == []
    [loss] = aws.sagemaker.describe_trial_component(TrialComponentName="run")["Metrics"]
    assert loss["MetricName"] == "loss"
    assert (loss["Min"], loss["Max"], loss["Last"], loss["Count"]) == (1.0, 3.0, 2.0, 3)


def test_metrics_for_nothing_are_answered_with_an_error_for_each(aws: Aws) -> None:
    data = {"MetricName": "loss", "Timestamp": datetime(2026, 11, 1, tzinfo=UTC), "Value": 1.0}
    put = aws.client("sagemaker-metrics").batch_put_metrics(
        TrialComponentName="nothing", MetricData=[data]
    )
    assert put["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}]


def test_an_asynchronous_endpoint_answers_into_s3(aws: Aws) -> None:
    deploy(aws)
    later = {"S3OutputPath": "s3://answers/out", "S3FailurePath": "s3://answers/failed"}
    aws.client("s3").create_bucket(Bucket="answers")
    aws.client("s3").put_object(Bucket="answers", Key="in.csv", Body=b"1,2")
    aws.sagemaker.create_endpoint_config(
        EndpointConfigName="later",
        ProductionVariants=[variant("a")],
        AsyncInferenceConfig={"OutputConfig": later},
    )
    aws.sagemaker.create_endpoint(EndpointName="later", EndpointConfigName="later")
    aws.pass_time()
    runtime = aws.client("sagemaker-runtime")
    request = {"EndpointName": "later", "InputLocation": "s3://answers/in.csv"}
    answer = runtime.invoke_endpoint_async(**request, InferenceId="one")
    assert answer["OutputLocation"] == "s3://answers/out/one.out"
    assert answer["FailureLocation"] == "s3://answers/failed/one-error.out"
    body = aws.client("s3").get_object(Bucket="answers", Key="out/one.out")["Body"].read()
    assert (answer["InferenceId"], body) == ("one", b"1,2")
    with pytest.raises(ClientError, match="Endpoint ep is not configured for asynchronous use"):
        runtime.invoke_endpoint_async(**{**request, **NAME})
