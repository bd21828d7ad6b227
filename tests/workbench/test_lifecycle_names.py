"""Names that Python on the notebook puts the seat's prefix before: models, and steps' things."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.support.lifecycle_scripts import TAG_LIST, Sandbox
from tests.support.notebook_calls import Call, call, run
from workbench.scripts import workshop_seat

PREFIX = "vision-ada-"
SDK = "pytorch-inference-2027-03-15-10-00-00-123"
SAID = "workshop: names of models begin with vision-ada- here, and get it where they do not"
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/seat"}
S3 = "s3://bucket/"


@pytest.fixture
def seat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of a seat whose models have to have its prefix."""
    monkeypatch.setenv("WORKSHOP_TAGS", json.dumps(TAG_LIST))
    monkeypatch.setenv("WORKSHOP_JOB_PREFIX", PREFIX)
    monkeypatch.setenv("WORKSHOP_MODEL_PREFIX", PREFIX)


def variant(model: str) -> dict[str, Any]:
    return {"VariantName": "AllTraffic", "ModelName": model}


def transform(model: str) -> dict[str, Any]:
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": S3}}}
    return {
        "TransformJobName": "t",
        "ModelName": model,
        "TransformInput": source,
        "TransformOutput": {"S3OutputPath": S3},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Environment": {"ModelName": "a map's own key"},
    }


def requests(model: str) -> list[Call]:
    """Give a request of every kind that an attendee makes with a model's name."""
    return [
        call("create_model", ModelName=model),
        call("describe_model", ModelName=model),
        call("delete_model", ModelName=model),
        call(
            "create_endpoint_config",
            EndpointConfigName="c",
            ProductionVariants=[variant(model), variant(model)],
            ShadowProductionVariants=[variant(model)],
        ),
        call("create_transform_job", **transform(model)),
        call(
            "create_inference_component",
            InferenceComponentName="i",
            EndpointName="e",
            Specification={"ModelName": model},
        ),
    ]


def test_every_request_names_a_model_with_the_seats_prefix(sandbox: Sandbox) -> None:
    made = run(sandbox, [*requests(SDK), *requests(f"{PREFIX}{SDK}")])
    for sent, whole in zip(made.sent[:6], made.sent[6:], strict=True):
        assert sent == whole
        assert f'"{PREFIX}{SDK}"' in json.dumps(sent)
        assert f'"{SDK}"' not in json.dumps(sent)
    assert made.sent[4]["Environment"] == {"ModelName": "a map's own key"}
    assert made.sent[4]["TransformJobName"] == "t"
    assert made.said == [SAID]
    # What the program has in its hands stays as it was.
    assert made.requests == [
        request for _, _, request, _, _ in [*requests(SDK), *requests(PREFIX + SDK)]
    ]


def test_names_stay_where_a_seat_may_name_models_as_it_likes(sandbox: Sandbox) -> None:
    calls = [call("describe_model", ModelName=SDK), call("delete_model", ModelName=SDK)]
    made = run(sandbox, calls, model_prefix=False)
    assert made.sent == [{"ModelName": SDK}] * 2
    assert made.said == []


@pytest.mark.usefixtures("seat")
def test_no_operation_of_the_api_names_a_model_past_the_hook() -> None:
    """A request that fills every member of every operation, and the same as it is sent."""
    service = boto3.client("sagemaker", region_name="eu-west-1").meta.service_model
    found = 0
    for operation in service.operation_names:
        shape = service.operation_model(operation).input_shape
        if shape is not None:
            params = full(shape, ())
            count = json.dumps(params).count(f'"{SDK}"')
            workshop_seat.asked(params, service.operation_model(operation))
            assert f'"{SDK}"' not in json.dumps(params), operation
            assert json.dumps(params).count(f'"{PREFIX}{SDK}"') == count, operation
            found += bool(count)
    assert found >= 12


def full(shape: Any, above: tuple[str, ...]) -> Any:
    """Give a value for a shape, with a model's name wherever the API's models have one."""
    if shape.name in above:
        return {}
    inside = (*above, shape.name)
    if shape.type_name == "structure":
        return {name: full(part, inside) for name, part in shape.members.items()}
    if shape.type_name == "list":
        return [full(shape.member, inside)]
    if shape.type_name == "map":
        return {"ModelName": full(shape.value, inside)}
    return SDK if shape.name == "ModelName" else "other"


@pytest.mark.usefixtures("seat")
@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("m", "vision-ada-m"),
        ("Vision-ada-m", "vision-ada-Vision-ada-m"),
        ("vision-adam-m", "vision-ada-vision-adam-m"),
        ("vision-ada-m", "vision-ada-m"),
        ("m" * 52, "vision-ada-" + "m" * 52),
        ("m" * 53, "vision-ada-" + "m" * 43 + "-7065159a"),
    ],
)
def test_a_name_gets_the_prefix_once_and_stays_short_enough(name: str, whole: str) -> None:
    assert workshop_seat.prefixed(name) == whole
    assert workshop_seat.prefixed(whole) == whole
    assert len(whole) <= 63


@pytest.mark.usefixtures("seat")
def test_long_names_that_differ_at_their_ends_stay_apart() -> None:
    names = [
        f"huggingface-pytorch-inference-2027-03-15-10-00-00-{number:03}-x" for number in range(9)
    ]
    assert len({workshop_seat.prefixed(f"{name}{'y' * 10}") for name in names}) == len(names)


# Pipelines


def steps_of(*steps: dict[str, Any], sandbox: Sandbox, **changes: Any) -> list[dict[str, Any]]:
    """Give the steps of a pipeline as they are sent."""
    text = json.dumps({"Version": "2020-12-01", "Steps": steps})
    asked = call("create_pipeline", PipelineName="p", PipelineDefinition=text, **ROLE)
    (sent,) = run(sandbox, [asked], **changes).sent
    found: list[dict[str, Any]] = json.loads(sent["PipelineDefinition"])["Steps"]
    return found


def a_step(kind: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments | {"Tags": TAG_LIST}}


def test_what_a_pipeline_names_gets_the_seats_prefix_and_the_steps_name(sandbox: Sandbox) -> None:
    steps = steps_of(
        a_step("Training", "Train_Abalone"),
        a_step("Processing", "prepare", ProcessingJobName="mine"),
        a_step("Model", "create-the-best-model-of-all-times-and-places"),
        a_step("Model", "b", ModelName="own"),
        a_step("Transform", "c", ModelName={"Get": "Steps.b.ModelName"}),
        a_step("Transform", "d", ModelName="own"),
        a_step("EndpointConfig", "e", ProductionVariants=[variant("own")]),
        a_step("Tuning", "f"),
        sandbox=sandbox,
    )
    arguments = [step["Arguments"] for step in steps]
    assert [part.pop("Tags") for part in arguments] == [TAG_LIST] * len(steps)
    assert arguments == [
        {"TrainingJobName": "vision-ada-Train-Abalone"},
        {"ProcessingJobName": "mine"},
        {"ModelName": "vision-ada-create-the-best-model-of"},
        {"ModelName": "vision-ada-own"},
        {"TransformJobName": "vision-ada-c", "ModelName": {"Get": "Steps.b.ModelName"}},
        {"TransformJobName": "vision-ada-d", "ModelName": "vision-ada-own"},
        {"ProductionVariants": [variant("vision-ada-own")]},
        {},
    ]


def test_a_pipeline_names_what_a_seat_makes_where_models_are_free_too(sandbox: Sandbox) -> None:
    steps = steps_of(
        a_step("Training", "a"),
        a_step("Transform", "b", ModelName="own"),
        sandbox=sandbox,
        model_prefix=False,
    )
    assert steps[0]["Arguments"]["TrainingJobName"] == "vision-ada-a"
    assert steps[1]["Arguments"]["ModelName"] == "own"
