"""Conformance: pipelines, their executions and what these make."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.conformance import Aws, listed

NAME = {"PipelineName": "Flow"}
TOKEN = {"ClientRequestToken": "t" * 32}
WAIT = {"Name": "Wait", "Type": "Lambda", "Arguments": {}}
FAIL = {"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}
PARAMETERS = [
    {"Name": "Rounds", "Type": "Integer", "DefaultValue": 3},
    {"Name": "Where", "Type": "String"},
]


def training(bucket: str, role: str, **more: Any) -> dict[str, Any]:
    """Return a step that trains, writing below the parameter ``Where``."""
    return {
        "Name": "Train",
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {
                "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/t:1",
                "TrainingInputMode": "File",
            },
            "RoleArn": role,
            "OutputDataConfig": {
                "S3OutputPath": {
                    "Std:Join": {"On": "/", "Values": [bucket, {"Get": "Parameters.Where"}]}
                }
            },
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
        **more,
    }


def make(aws: Aws, *steps: dict[str, Any], role: str | None = None) -> Any:
    """Make the pipeline; the client."""
    definition = {"Version": "2020-12-01", "Parameters": PARAMETERS, "Steps": list(steps)}
    aws.sagemaker.create_pipeline(
        **NAME, **TOKEN, PipelineDefinition=json.dumps(definition), RoleArn=role or aws.role()
    )
    return aws.sagemaker


def start(aws: Aws, **parameters: str) -> str:
    given = [{"Name": name, "Value": value} for name, value in parameters.items()]
    started = aws.sagemaker.start_pipeline_execution(**NAME, **TOKEN, PipelineParameters=given)
    return str(started["PipelineExecutionArn"])


def status(aws: Aws, execution: str) -> str:
    found = aws.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
    return str(found["PipelineExecutionStatus"])


def test_a_name_in_a_steps_arguments_is_the_beginning_of_the_name(aws: Aws) -> None:
    bucket, role = aws.bucket(), aws.role()
    step = training(bucket, role)
    step["Arguments"]["TrainingJobName"] = "a-base-of-mine-" + "x" * 40
    client = make(aws, step, role=role)
    executions = [start(aws, Where="here") for _ in range(2)]
    names = [job["TrainingJobName"] for job in client.list_training_jobs()["TrainingJobSummaries"]]
    assert len(set(names)) == len(executions)
    for execution in executions:
        (name,) = [name for name in names if execution.rpartition("/")[2] in name]
        assert re.fullmatch(r"a-base-of-mine-x+-[a-z0-9]{12}-[A-Za-z0-9]{10}-0", name)
        assert len(name) == 63


def test_an_execution_makes_what_its_steps_say_and_succeeds_after_them(aws: Aws) -> None:
    bucket, role = aws.bucket(), aws.role()
    after = {"Name": "After", "Type": "Lambda", "DependsOn": ["Train"]}
    client = make(aws, training(bucket, role), after, role=role)
    execution = start(aws, Where="here")
    jobs = client.list_training_jobs()["TrainingJobSummaries"]
    assert len(jobs) == 1
    assert jobs[0]["TrainingJobName"].startswith("pipelines-")
    steps = client.list_pipeline_execution_steps(PipelineExecutionArn=execution)
    assert [step["StepName"] for step in steps["PipelineExecutionSteps"]] == ["Train"]
    assert (
        steps["PipelineExecutionSteps"][0]["Metadata"]["TrainingJob"]["Arn"]
        == (jobs[0]["TrainingJobArn"])
    )
    assert status(aws, execution) == "Executing"
    aws.pass_time(2)
    assert status(aws, execution) == "Succeeded"
    steps = client.list_pipeline_execution_steps(PipelineExecutionArn=execution)
    assert [(step["StepName"], step["StepStatus"]) for step in steps["PipelineExecutionSteps"]] == [
        ("Train", "Succeeded"),
        ("After", "Succeeded"),
    ]
    assert [key for key in aws.keys(bucket) if key.startswith("here/")]


def processing(bucket: str, role: str) -> dict[str, Any]:
    """Return a step that prepares the output ``train``."""
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    local = {"LocalPath": "/opt/ml/processing/train", "S3UploadMode": "EndOfJob"}
    output = {"OutputName": "train", "S3Output": {"S3Uri": f"{bucket}/prepared", **local}}
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/t:1"
    return {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": machines},
            "AppSpecification": {"ImageUri": image},
            "RoleArn": role,
            "ProcessingOutputConfig": {"Outputs": [output]},
        },
    }


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri", "Succeeded"),
        ("ProcessingOutputConfig.Outputs[0].S3Output.S3Uri", "Succeeded"),
        # What a step has not is no address, and the step that asks for it fails.
        ("ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri", "Failed"),
    ],
)
def test_a_step_reads_the_output_of_an_earlier_one_by_its_name(
    aws: Aws, path: str, ends: str
) -> None:
    bucket, role = aws.bucket(), aws.role()
    train = training(bucket, role)
    source = {"S3DataType": "S3Prefix", "S3Uri": {"Get": f"Steps.Prepare.{path}"}}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    train["Arguments"]["InputDataConfig"] = [channel]
    make(aws, processing(bucket, role), train, role=role)
    execution = start(aws, Where="here")
    for _ in range(4):
        aws.pass_time()
    assert status(aws, execution) == ends


def test_stopping_an_execution_stops_its_jobs(aws: Aws) -> None:
    bucket, role = aws.bucket(), aws.role()
    client = make(aws, training(bucket, role), role=role)
    execution = start(aws, Where="here")
    client.stop_pipeline_execution(PipelineExecutionArn=execution, **TOKEN)
    assert status(aws, execution) == "Stopping"
    job = client.list_training_jobs()["TrainingJobSummaries"][0]
    assert job["TrainingJobStatus"] == "Stopping"
    aws.pass_time()
    assert status(aws, execution) == "Stopped"
    assert aws.refusal(
        "stop_pipeline_execution", PipelineExecutionArn=execution, **TOKEN
    ).startswith("ConflictException: Only pipelines with 'Executing' status can be stopped")


def test_a_failed_step_fails_the_execution_which_can_be_retried(aws: Aws) -> None:
    client = make(aws, WAIT, FAIL)
    execution = start(aws)
    aws.pass_time()
    found = client.describe_pipeline_execution(PipelineExecutionArn=execution)
    assert found["PipelineExecutionStatus"] == "Failed"
    assert "not good enough" in found["FailureReason"]
    client.retry_pipeline_execution(PipelineExecutionArn=execution, **TOKEN)
    assert status(aws, execution) == "Executing"
    assert aws.refusal(
        "retry_pipeline_execution", PipelineExecutionArn=execution, **TOKEN
    ).startswith("ConflictException")


def test_a_pipeline_with_a_running_execution_stays_and_goes_with_all_of_them(aws: Aws) -> None:
    client = make(aws, WAIT)
    execution = start(aws)
    assert aws.refusal("delete_pipeline", **NAME, **TOKEN).startswith("ConflictException")
    aws.pass_time()
    client.delete_pipeline(**NAME, **TOKEN)
    assert client.list_pipelines()["PipelineSummaries"] == []
    assert aws.refusal("describe_pipeline_execution", PipelineExecutionArn=execution).startswith(
        "ResourceNotFound"
    )


@pytest.mark.parametrize("definition", ["", "{}", '{"Steps": [{"Type": "Fail"}]}', "no json"])
def test_a_definition_without_named_steps_is_refused(aws: Aws, definition: str) -> None:
    role = aws.role()
    refusal = aws.refusal(
        "create_pipeline", **NAME, **TOKEN, PipelineDefinition=definition or "[]", RoleArn=role
    )
    assert refusal.startswith("ValidationException: ")


def test_a_definition_can_come_from_s3(aws: Aws) -> None:
    bucket = aws.bucket().removeprefix("s3://")
    body = json.dumps({"Version": "2020-12-01", "Steps": [WAIT]})
    aws.client("s3").put_object(Bucket=bucket, Key="flow.json", Body=body)
    place = {"Bucket": bucket, "ObjectKey": "flow.json"}
    request = {**NAME, **TOKEN, "RoleArn": aws.role()}
    aws.sagemaker.create_pipeline(**request, PipelineDefinitionS3Location=place)
    assert aws.sagemaker.describe_pipeline(**NAME)["PipelineDefinition"] == body


def test_what_runs_keeps_the_definition_and_parameters_it_was_started_with(aws: Aws) -> None:
    client = make(aws, WAIT)
    execution = start(aws, Where="there")
    changed = json.dumps({"Version": "2020-12-01", "Steps": [FAIL]})
    client.update_pipeline(**NAME, PipelineDefinition=changed, PipelineDescription="new")
    client.update_pipeline_execution(
        PipelineExecutionArn=execution, PipelineExecutionDescription="first"
    )
    asked = {"PipelineExecutionArn": execution}
    values = client.list_pipeline_parameters_for_execution(**asked)["PipelineParameters"]
    assert values == [{"Name": "Rounds", "Value": "3"}, {"Name": "Where", "Value": "there"}]
    aws.pass_time()
    assert status(aws, execution) == "Succeeded"


def test_what_is_unknown_is_refused(aws: Aws) -> None:
    make(aws, WAIT)
    unknown = [{"Name": "Nothing", "Value": "1"}]
    assert aws.refusal(
        "start_pipeline_execution", **NAME, **TOKEN, PipelineParameters=unknown
    ).startswith("ValidationException: Unknown parameters in the request: Nothing")
    for operation in ("start_pipeline_execution", "delete_pipeline"):
        assert aws.refusal(operation, PipelineName="none", **TOKEN).startswith("ResourceNotFound")
    assert aws.refusal("list_pipeline_executions", PipelineName="none").startswith(
        "ResourceNotFound"
    )
    assert aws.refusal(
        "create_pipeline",
        **NAME,
        **TOKEN,
        PipelineDefinition=json.dumps({"Steps": [WAIT]}),
        RoleArn=aws.role("second"),
    ).startswith("ValidationException: Pipeline names must be unique")


@pytest.mark.parametrize("amount", [26, 51])
def test_every_execution_of_a_pipeline_is_listed_once_newest_first(aws: Aws, amount: int) -> None:
    client = make(aws, WAIT)
    made = [start(aws) for _ in range(amount)]
    found = listed(
        client, "list_pipeline_executions", "PipelineExecutionSummaries", 25, PipelineName="flow"
    )
    assert sorted(execution["PipelineExecutionArn"] for execution in found) == sorted(made)


def test_lists_filter_by_prefix(aws: Aws) -> None:
    client = make(aws, WAIT)
    assert len(client.list_pipelines(PipelineNamePrefix="Fl")["PipelineSummaries"]) == 1
    assert client.list_pipelines(PipelineNamePrefix="low")["PipelineSummaries"] == []
