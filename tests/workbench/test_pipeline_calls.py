"""What Python on the notebook makes of the definition of a pipeline."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from tests.support.hooked_clients import PREFIX, Hooked
from tests.support.lifecycle_scripts import TAG_LIST

pytestmark = pytest.mark.usefixtures("kernel")

ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/seat"}


def steps_of(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give a pipeline's definition as it is sent."""
    text = json.dumps({"Version": "2020-12-01", "Steps": steps, **more})
    hooked = Hooked()
    hooked.client("sagemaker").create_pipeline(
        PipelineName="p", PipelineDefinition=text, ClientRequestToken="1" * 32, **ROLE
    )
    found: dict[str, Any] = json.loads(hooked.bodies()[0]["PipelineDefinition"])
    return found


def variant(model: str) -> dict[str, Any]:
    return {"VariantName": "AllTraffic", "ModelName": model}


def a_step(kind: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments}


def test_what_a_pipeline_names_gets_the_seats_prefix_and_the_steps_name() -> None:
    steps = steps_of(
        a_step("Training", "Train_Abalone"),
        a_step("Processing", "prepare", ProcessingJobName="mine"),
        a_step("Model", "create-the-best-model-of-all-times-and-places"),
        a_step("Model", "b", ModelName="own"),
        a_step("Transform", "c", ModelName={"Get": "Steps.b.ModelName"}),
        a_step("EndpointConfig", "e", ProductionVariants=[variant("own")]),
        a_step("Tuning", "f"),
        a_step("QualityCheck", "g"),
        a_step("ClarifyCheck", "h"),
        a_step("AutoML", "i"),
    )["Steps"]
    arguments = [step["Arguments"] for step in steps]
    assert [part.pop("Tags") for part in arguments] == [TAG_LIST] * len(steps)
    assert arguments == [
        {"TrainingJobName": "vision-ada-Train-Abalone"},
        {"ProcessingJobName": "vision-ada-mine"},
        {"ModelName": "vision-ada-create-the-best-model-of"},
        {"ModelName": "vision-ada-own"},
        {"TransformJobName": "vision-ada-c", "ModelName": {"Get": "Steps.b.ModelName"}},
        {"ProductionVariants": [variant("vision-ada-own")]},
        {},
        {},
        {},
        {},
    ]


def test_the_group_that_a_step_registers_in_is_made_with_tags_before_the_pipeline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beside = Hooked()
    made = beside.client("sagemaker")
    beside.session.create_client = lambda *_, **__: made  # type: ignore[method-assign]
    monkeypatch.setattr(botocore.session, "get_session", lambda: beside.session)
    there = {"__type": "ValidationException", "message": "ModelPackageGroup already exists"}
    beside.answer({}, 200)
    beside.answer(there, 400)
    gotten = {"Get": "Parameters.Group"}
    given = {"Name": "Group", "Type": "String", "DefaultValue": "second"}
    definition = steps_of(
        a_step("RegisterModel", "a", ModelPackageGroupName="first"),
        a_step("RegisterModel", "b", ModelPackageGroupName=gotten),
        Parameters=[given, {"Name": "Other", "Type": "String", "DefaultValue": "second"}],
    )
    arguments = [step["Arguments"] for step in definition["Steps"]]
    assert arguments == [
        {"ModelPackageGroupName": f"{PREFIX}first"},
        {"ModelPackageGroupName": gotten},
    ]
    values = [each["DefaultValue"] for each in definition["Parameters"]]
    assert values == [f"{PREFIX}second", "second"]
    asked = sorted(body["ModelPackageGroupName"] for body in beside.bodies())
    assert asked == [f"{PREFIX}first", f"{PREFIX}second"]
    assert all(body["Tags"] == TAG_LIST for body in beside.bodies())
    hooked = Hooked()
    hooked.client("sagemaker").start_pipeline_execution(
        PipelineName="p",
        PipelineParameters=[{"Name": "Group", "Value": "third"}, {"Name": "Other", "Value": "x"}],
    )
    values = [each["Value"] for each in hooked.bodies()[0]["PipelineParameters"]]
    assert values == [f"{PREFIX}third", "x"]


def test_the_experiment_of_a_pipeline_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    config = {"ExperimentName": {"Get": "Execution.PipelineName"}}
    assert "PipelineExperimentConfig" not in steps_of(PipelineExperimentConfig=config)
    assert "pipelines run without an experiment here" in capsys.readouterr().err


def test_a_step_that_will_be_denied_is_said_as_the_pipeline_is_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps_of(a_step("Training", "a", ResourceConfig={"InstanceType": "ml.p5.48xlarge"}))
    said = capsys.readouterr().err
    assert "the step a will be denied: ml.p5.48xlarge is not open for training here" in said
