"""The real SageMaker Python SDK against the local cloud, as an attendee uses it in a notebook.

``tests/sdk/attendee.py`` runs once, in the SDK's own environment, with the variables and the
defaults file that the on-start script lays down; then everything it did is looked at with boto3.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.assemblies import ROOT
from tests.support.lifecycle_scripts import NAMES, VALUES, Sandbox, on_start, substituted
from tests.support.local_cloud import TRUST, Cloud

PYTHON = Path(f"{sys.prefix}-sdk", "bin", "python")
PAGE = ROOT / "docs" / "local-cloud-services.md"
ACCOUNT, REGION = VALUES["AWS::AccountId"], VALUES["AWS::Region"]
BUCKET = substituted(NAMES.bucket("data"))
ROLE_ARN = substituted(NAMES.role_arn)
PREFIX = substituted(NAMES.job_prefix)
SECONDS = 120

OPT_OUT = """
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


@dataclass(frozen=True)
class Story:
    """What the attendee's program saw, what it said, and the cloud it did it in."""

    cloud: Cloud
    report: dict[str, Any]
    said: str
    strangers: int
    """Connections that were tried to anything but the local cloud."""

    def client(self, service: str) -> Any:
        return self.cloud.client(service, account=ACCOUNT, region=REGION)


def example() -> str:
    """The program in the page about the local cloud."""
    found = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{PAGE.name} shows no Python program"
    return found[1]


def seat(cloud: Cloud) -> None:
    """Make the role and the bucket of the seat whose notebook this is."""
    path, _, name = ROLE_ARN.partition(":role")[2].rpartition("/")
    cloud.client("iam", account=ACCOUNT, region=REGION).create_role(
        RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    cloud.client("s3", account=ACCOUNT, region=REGION).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )


def waiting(listener: socket.socket) -> int:
    """How many connections were made to a listener that never answers."""
    count = 0
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return count
        connection.close()
        count += 1


@pytest.fixture(scope="module")
def story(running_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Story:
    assert PYTHON.exists(), f"the SDK's environment is missing ({PYTHON}): make test makes it"
    running_cloud.reset()
    running_cloud.delays(
        training=0.4, processing=0.4, endpoint=0.3, model_package=0.1, stopping=0.1, tick=0.1
    )
    seat(running_cloud)
    notebook = Sandbox(tmp_path_factory.mktemp("notebook"))
    assert notebook.run(on_start()).returncode == 0
    (notebook.root / "user.yaml").write_text(OPT_OUT)
    (notebook.root / "example.py").write_text(example())
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.settimeout(0)
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        etc = notebook.root / "etc"
        program = [PYTHON, ROOT / "tests/sdk/attendee.py", notebook.root / "example.py"]
        done = subprocess.run(
            ["/bin/bash", "-c", '. "$0" && exec "$@"', etc / "profile.d/workshop.sh", *program],
            cwd=notebook.home,
            env={
                **running_cloud.environment(account=ACCOUNT),
                **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy),
                **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "HOME": str(notebook.root),
                "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(etc / "xdg/sagemaker/config.yaml"),
                "SAGEMAKER_USER_CONFIG_OVERRIDE": str(notebook.root / "user.yaml"),
                # On AWS an attendee may not ask IAM what a role may do; here everybody may.
                "SAGEMAKER_VALIDATE_ROLE": "false",
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        strangers = waiting(nobody)
    assert done.returncode == 0, done.stderr
    return Story(running_cloud, json.loads(done.stdout), done.stderr, strangers)


def test_the_documented_example_trains_a_model(story: Story) -> None:
    seen = story.report["training"]
    job = story.client("sagemaker").describe_training_job(TrainingJobName=seen["name"])
    assert seen["name"].startswith(f"{PREFIX}train-")
    assert (seen["status"], job["TrainingJobStatus"]) == ("Completed", "Completed")
    assert seen["phases"][-1] == "Completed"
    assert job["RoleArn"] == ROLE_ARN
    assert seen["artifact"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    assert seen["artifact"].startswith(f"s3://{BUCKET}/")
    key = seen["artifact"].removeprefix(f"s3://{BUCKET}/")
    assert key.endswith("/output/model.tar.gz")
    assert story.client("s3").head_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0


@pytest.mark.parametrize(("group", "step"), [("Training", "train"), ("Processing", "prepare")])
def test_the_sdk_shows_the_log_of_a_job(story: Story, group: str, step: str) -> None:
    logs, where = story.client("logs"), f"/aws/sagemaker/{group}Jobs"
    found = logs.describe_log_streams(logGroupName=where, logStreamNamePrefix=f"{PREFIX}{step}-")
    (stream,) = [each["logStreamName"] for each in found["logStreams"]]
    events = logs.get_log_events(logGroupName=where, logStreamName=stream, startFromHead=True)
    lines = [event["message"] for event in events["events"]]
    assert lines
    assert lines[0] in story.said


def test_a_processing_job_runs_with_the_seats_role_and_code(story: Story) -> None:
    name = story.report["run"]["job"]
    job = story.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["RoleArn"] == ROLE_ARN
    code = job["ProcessingInputs"][-1]["S3Input"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
    body = story.client("s3").get_object(Bucket=BUCKET, Key=code)["Body"].read()
    assert body == b"print('prepared')\n"


def test_an_endpoint_is_deployed_asked_and_deleted(story: Story) -> None:
    seen, client = story.report["endpoint"], story.client("sagemaker")
    assert seen["status"] == "InService"
    assert seen["answer"] == {"type": "text/csv", "variant": "AllTraffic"}
    with pytest.raises(ClientError, match="Could not find endpoint "):
        client.describe_endpoint(EndpointName=seen["name"])
    with pytest.raises(ClientError, match="Could not find endpoint configuration "):
        client.describe_endpoint_config(EndpointConfigName=seen["name"])
    with pytest.raises(ClientError, match="Could not find model "):
        client.describe_model(ModelName=seen["model"])


def test_a_model_is_registered_and_approved(story: Story) -> None:
    seen = story.report["package"]
    package = story.client("sagemaker").describe_model_package(ModelPackageName=seen["arn"])
    assert (seen["status"], package["ModelPackageStatus"]) == ("Completed", "Completed")
    assert package["ModelPackageGroupName"] == f"{PREFIX}models"
    assert (package["ModelPackageVersion"], package["ModelApprovalStatus"]) == (1, "Approved")
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"] == story.report["image"]
    assert container["ModelDataUrl"] == story.report["training"]["artifact"]


def test_a_run_of_an_experiment_keeps_parameters_and_metrics(story: Story) -> None:
    run = story.report["run"]
    found = story.client("sagemaker").describe_trial_component(TrialComponentName=run["RunName"])
    assert found["Status"]["PrimaryStatus"] == "Completed"
    assert found["StartTime"] <= found["EndTime"]
    assert found["Parameters"] == {"eta": {"NumberValue": 0.2}, "kind": {"StringValue": "tree"}}
    (metric,) = found["Metrics"]
    assert {name: metric[name] for name in ("MetricName", "Count", "Max", "Min", "Last")} == {
        "MetricName": "loss",
        "Count": 3,
        "Max": 1.0,
        "Min": 0.25,
        "Last": 0.25,
    }


def test_a_job_inside_a_run_belongs_to_the_experiment(story: Story) -> None:
    run = story.report["run"]
    assert run["ExperimentName"] == f"{PREFIX}trees"
    listed = story.client("sagemaker").list_trial_components(ExperimentName=run["ExperimentName"])
    sources = {
        summary["TrialComponentName"]: summary.get("TrialComponentSource", {}).get("SourceArn", "")
        for summary in listed["TrialComponentSummaries"]
    }
    assert sources.pop(run["RunName"]) == ""
    (job,) = sources.values()
    assert job.endswith(f":processing-job/{run['job']}")


def test_what_is_made_carries_the_seats_tags(story: Story) -> None:
    client, report = story.client("sagemaker"), story.report
    training = client.describe_training_job(TrainingJobName=report["training"]["name"])
    processing = client.describe_processing_job(ProcessingJobName=report["run"]["job"])
    arns = (training["TrainingJobArn"], processing["ProcessingJobArn"])
    found = [client.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    for tags in [*found, *report["endpoint"]["tags"]]:
        given = {tag["Key"]: tag["Value"] for tag in tags}
        assert given.items() >= {"workshop": "vision", "attendee": "ada"}.items()


def test_the_sdk_makes_its_own_bucket_where_no_other_is_named(story: Story) -> None:
    name = story.report["default_bucket"]
    assert name == f"sagemaker-{REGION}-{ACCOUNT}"
    greeting = story.client("s3").get_object(Bucket=name, Key="greeting.txt")["Body"].read()
    assert greeting == b"hello"


def test_the_sdk_talks_to_nothing_but_the_local_cloud(story: Story) -> None:
    assert story.strangers == 0
