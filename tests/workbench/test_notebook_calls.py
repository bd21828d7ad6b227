"""What Python on the notebook adds to its calls: tags, limits, and empty pages of closed logs."""

from __future__ import annotations

import ast
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.lifecycle_scripts import TAG_LIST, Sandbox, on_start
from tests.support.notebook_calls import PACKAGES, Call, Way, call, python, run
from workbench import packed

WAYS: tuple[Way, ...] = ("kernel", "program")
PREFIX = "vision-ada-"
OWN = {"Key": "team", "Value": "mine"}
DAY = 86_400
SAID = "workshop: jobs end after 4 h here, the longest that is allowed, unless you give them less"


# Tags


@pytest.mark.parametrize("way", WAYS)
def test_what_python_makes_carries_the_seats_tags(sandbox: Sandbox, way: Way) -> None:
    made = run(
        sandbox,
        [
            call("create_experiment", ExperimentName=f"{PREFIX}e"),
            call("create_experiment", ExperimentName=f"{PREFIX}e", Tags=[OWN]),
        ],
        way,
    )
    assert made.sent[0]["Tags"] == TAG_LIST
    assert made.sent[1]["Tags"] == [OWN, *(tag for tag in TAG_LIST if tag["Key"] != "team")]
    assert made.said == []


def test_what_takes_no_tags_gets_none(sandbox: Sandbox) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model/m"
    requests: dict[str, dict[str, Any]] = {
        "list_experiments": {},
        "create_presigned_notebook_instance_url": {"NotebookInstanceName": f"{PREFIX}notebook"},
        "add_tags": {"ResourceArn": arn, "Tags": [OWN]},
        # AWS refuses tags on a version: its group has them.
        "create_model_package": {"ModelPackageGroupName": f"{PREFIX}g", "ClientToken": "t"},
    }
    made = run(sandbox, [call(name, **request) for name, request in requests.items()])
    assert made.sent == list(requests.values())


def pipeline(*steps: Any, operation: str = "create_pipeline") -> Call:
    text = json.dumps({"Version": "2020-12-01", "Steps": steps})
    return call(operation, PipelineName=f"{PREFIX}p", PipelineDefinition=text, **ROLE)


ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/seat"}
GOTTEN = {"Get": "Parameters.Tags"}


@pytest.mark.parametrize("operation", ["create_pipeline", "update_pipeline"])
def test_what_the_steps_of_a_pipeline_make_carries_the_seats_tags(
    sandbox: Sandbox, operation: str
) -> None:
    train = {"Name": "a", "Type": "Training", "Arguments": {"Tags": [OWN], "Other": 1}}
    inner = {"Name": "b", "Type": "Processing", "Arguments": {}}
    choice = {"Name": "c", "Type": "Condition", "Arguments": {"IfSteps": [inner]}}
    others = [
        {"Name": "d", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}},
        {"Name": "e", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": GOTTEN}},
        {"Name": "f", "Type": "Model", "Arguments": {"Tags": GOTTEN, "ModelName": "vision-ada-f"}},
        {"Name": "g", "Type": "Training"},
    ]
    made = run(sandbox, [pipeline(train, choice, *others, operation=operation)])
    steps = json.loads(made.sent[0]["PipelineDefinition"])["Steps"]
    own = [OWN, *(tag for tag in TAG_LIST if tag["Key"] != "team")]
    assert steps[0]["Arguments"] == {"Tags": own, "Other": 1, "TrainingJobName": "vision-ada-a"}
    (made_inside,) = steps[1]["Arguments"]["IfSteps"]
    assert made_inside["Arguments"]["Tags"] == TAG_LIST
    assert steps[2:] == others


def test_a_definition_that_is_no_json_is_left_to_the_service(sandbox: Sandbox) -> None:
    broken = call("update_pipeline", PipelineName=f"{PREFIX}p", PipelineDefinition="{")
    assert run(sandbox, [broken]).sent[0]["PipelineDefinition"] == "{"


# Limits

TRAINING: dict[str, Any] = {
    "TrainingJobName": f"{PREFIX}t",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/"},
    **ROLE,
}
PROCESSING: dict[str, Any] = {
    "ProcessingJobName": f"{PREFIX}p",
    "AppSpecification": {"ImageUri": "image"},
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    },
    **ROLE,
}


def hours(number: int) -> dict[str, str]:
    return {"MAX_RUNTIME_HOURS": str(number)}


def limit(seconds: int, **more: int) -> dict[str, Any]:
    return {"StoppingCondition": {"MaxRuntimeInSeconds": seconds, **more}}


def definition(**more: Any) -> dict[str, Any]:
    """Give one of a tuning job's, which has to name some limit."""
    return {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/"},
        **ROLE,
        **more,
    }


def tuning(**more: Any) -> Call:
    config = {
        "Strategy": "Random",
        "ResourceLimits": {"MaxParallelTrainingJobs": 1},
    }
    return call(
        "create_hyper_parameter_tuning_job",
        HyperParameterTuningJobName=f"{PREFIX}t",
        HyperParameterTuningJobConfig=config,
        **more,
    )


def test_a_job_without_a_limit_of_its_own_gets_the_longest_that_is_allowed(
    sandbox: Sandbox,
) -> None:
    calls = [
        call("create_training_job", **TRAINING),
        call("create_training_job", **TRAINING, **limit(DAY, MaxWaitTimeInSeconds=DAY)),
        call("create_processing_job", **PROCESSING),
        tuning(TrainingJobDefinition=definition(**limit(DAY))),
        tuning(TrainingJobDefinitions=[definition(**limit(60)), definition(**limit(DAY))]),
        pipeline({"Name": "a", "Type": "Training", "Arguments": limit(DAY)}),
    ]
    made = run(sandbox, calls, open_to_seats=hours(4))
    allowed = limit(4 * 3600)["StoppingCondition"]
    assert made.sent[0]["StoppingCondition"] == allowed
    assert made.sent[1]["StoppingCondition"] == allowed | {"MaxWaitTimeInSeconds": DAY}
    assert made.sent[2]["StoppingCondition"] == allowed
    assert made.sent[3]["TrainingJobDefinition"]["StoppingCondition"] == allowed
    conditions = [each["StoppingCondition"] for each in made.sent[4]["TrainingJobDefinitions"]]
    assert conditions == [{"MaxRuntimeInSeconds": 60}, allowed]
    (step,) = json.loads(made.sent[5]["PipelineDefinition"])["Steps"]
    assert step["Arguments"]["StoppingCondition"] == allowed
    assert made.said == [SAID]
    # What the program has in its hands stays as it was.
    assert made.requests == [request for _, _, request, _, _ in calls]


def test_a_limit_that_somebody_wrote_stays(sandbox: Sandbox) -> None:
    wishes = [60, 4 * 3600, 5 * 3600, DAY - 1, DAY + 1]
    calls = [call("create_training_job", **TRAINING, **limit(seconds)) for seconds in wishes]
    made = run(sandbox, calls, open_to_seats=hours(4))
    assert [one["StoppingCondition"]["MaxRuntimeInSeconds"] for one in made.sent] == wishes
    assert made.said == []


@pytest.mark.parametrize("limit_of", [{"MAX_RUNTIME_HOURS": "24"}, {}])
def test_nothing_is_limited_where_a_day_is_allowed(
    sandbox: Sandbox, limit_of: dict[str, str]
) -> None:
    calls = [
        call("create_training_job", **TRAINING),
        call("create_training_job", **TRAINING, **limit(DAY)),
    ]
    made = run(sandbox, calls, open_to_seats=limit_of)
    assert "StoppingCondition" not in made.sent[0]
    assert made.sent[1]["StoppingCondition"] == {"MaxRuntimeInSeconds": DAY}
    assert made.said == []


# Logs

DENIED = {"__type": "AccessDeniedException", "message": "no"}
PAGE = {"events": [{"message": "1"}], "nextForwardToken": "f", "nextBackwardToken": "b"}
EMPTY = {"events": [], "nextForwardToken": "f/0", "nextBackwardToken": "b/0"}
JOBS = "/aws/sagemaker/TrainingJobs"


def log(stream: str, status: int, body: Any, group: str = JOBS) -> Call:
    request = {"logGroupName": group, "logStreamName": stream}
    return ("logs", "get_log_events", request, status, body)


def test_the_log_of_a_job_is_that_of_the_job_of_the_seats_prefix(sandbox: Sandbox) -> None:
    calls = [
        log("trees-1/algo", 200, PAGE),
        log(f"{PREFIX}trees-1/algo", 200, PAGE),
        log("vision-ben-trees/algo", 200, PAGE),
        log("AllTraffic/i-1", 200, PAGE, group="/aws/sagemaker/Endpoints/live"),
        log(f"{PREFIX}notebook/jupyter.log", 200, PAGE, group="/aws/sagemaker/NotebookInstances"),
        ("logs", "describe_log_streams", streams("trees-1/"), 200, {"logStreams": []}),
    ]
    made = run(sandbox, calls)
    assert [one.get("logStreamName") for one in made.sent] == [
        f"{PREFIX}trees-1/algo",
        f"{PREFIX}trees-1/algo",
        # Logs of all can be open.
        "vision-ben-trees/algo",
        "AllTraffic/i-1",
        f"{PREFIX}notebook/jupyter.log",
        None,
    ]
    assert made.sent[3]["logGroupName"] == f"/aws/sagemaker/Endpoints/{PREFIX}live"
    assert made.sent[5] == streams(f"{PREFIX}trees-1/")


def streams(prefix: str) -> dict[str, str]:
    return {"logGroupName": JOBS, "logStreamNamePrefix": prefix}


def test_the_closed_log_of_a_neighbour_s_job_is_an_empty_page_and_said_once(
    sandbox: Sandbox,
) -> None:
    closed = log("vision-ben-1/algo-1-7", 400, DENIED)
    made = run(sandbox, [closed, closed, log("vision-ben-2/algo-1-7", 400, DENIED)])
    assert made.got == [EMPTY] * 3
    assert made.said == [
        f"workshop: no log of vision-ben-{number}: you can read those of jobs and endpoints whose"
        " names begin with vision-ada-; look at the metrics, or ask the organiser for"
        " access.logs: shared"
        for number in (1, 2)
    ]


def test_every_other_answer_about_a_log_stays(sandbox: Sandbox) -> None:
    missing = {"__type": "ResourceNotFoundException", "message": "none"}
    calls = [
        log("vision-ada-trees/algo", 200, PAGE),
        log("vision-ada-trees/algo", 400, DENIED),
        log("vision-ben-trees/algo", 400, DENIED, group="/somebody/elses"),
        log("vision-ben-trees/algo", 400, missing),
    ]
    made = run(sandbox, calls)
    codes = ["AccessDeniedException", "AccessDeniedException", "ResourceNotFoundException"]
    assert made.got == [PAGE, *codes]
    assert made.said == []


# The AWS CLI


class Answering(BaseHTTPRequestHandler):
    """Notes what is asked for, and answers with nothing."""

    asked: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.headers["X-Amz-Target"], json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        return


def test_the_aws_cli_of_an_environment_names_and_tags_as_python_does(sandbox: Sandbox) -> None:
    interpreter = python(sandbox)
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.timeout = 60
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        words = ["sagemaker", "create-experiment", "--experiment-name", "lab"]
        done = subprocess.run(
            [interpreter, "-m", "awscli", *words],
            env={
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        thread.join()
    assert done.returncode == 0, done.stderr
    ((operation, sent),) = Answering.asked
    assert operation == "SageMaker.CreateExperiment"
    assert sent == {"ExperimentName": f"{PREFIX}lab", "Tags": TAG_LIST}


def test_the_systems_own_aws_cli_gets_it_too(sandbox: Sandbox) -> None:
    packages = sandbox.root / "usr/lib/python3.9/site-packages"
    (packages / "awscli").mkdir(parents=True)
    (sandbox.root / "usr/lib/python3.11/site-packages").mkdir(parents=True)
    assert sandbox.run(on_start()).returncode == 0
    (found,) = (sandbox.root / "usr").rglob("workshop.pth")
    assert found.parent == packages
    assert found.read_text() == f"{sandbox.root}/opt/workshop/python\nimport workshop_seat\n"


# The start of an interpreter


def modules(interpreter: Path | str) -> set[str]:
    """Give what an interpreter has imported by the time that a program begins."""
    done = subprocess.run(
        [interpreter, "-c", "import sys; print(*sys.modules)"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_an_interpreter_starts_as_fast_as_before(sandbox: Sandbox) -> None:
    before = modules(sandbox.environment("plain", PACKAGES))
    assert modules(python(sandbox)) - before <= {"__future__", "workshop_seat"}


def test_without_its_variables_python_adds_nothing_and_says_so(sandbox: Sandbox) -> None:
    interpreter = python(sandbox)
    profile = sandbox.root / "etc/profile.d/workshop.sh"
    profile.unlink()
    done = subprocess.run(
        [interpreter, "-c", "from botocore import handlers; print(len(handlers.BUILTIN_HANDLERS))"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 0
    assert done.stderr.startswith("workshop: nothing is added to your calls: [Errno 2]")
    assert str(profile) in done.stderr


def test_an_environment_that_cannot_be_written_is_noted(sandbox: Sandbox) -> None:
    (file,) = python(sandbox).parents[1].glob("lib/python3*/site-packages/workshop.pth")
    file.unlink()
    file.mkdir()
    done = sandbox.run(on_start())
    assert done.returncode == 0
    assert "workshop: failed: as_user tee" in done.stderr
    assert (sandbox.home / "WORKSHOP-START.txt").exists()


@pytest.mark.parametrize("name", ["seat", "names", "reasons", "messages"])
def test_the_programs_run_on_the_oldest_python_of_a_notebook(name: str) -> None:
    ast.parse(packed.bare(f"workshop_{name}.py"), feature_version=(3, 9))
