"""Names that Python on the notebook puts the seat's prefix before, whatever names them."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from tests.support.hooked_clients import PREFIX, Hooked
from tests.support.lifecycle_scripts import TAG_LIST, Sandbox
from tests.support.notebook_calls import Call, call, run
from workbench.scripts import workshop_names

pytestmark = pytest.mark.usefixtures("kernel")

SDK = "pytorch-inference-2027-03-15-10-00-00-123"
SAID = "workshop: names of what you make begin with vision-ada- here, and get it where they do not"
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/seat"}


@pytest.fixture(scope="session")
def service() -> Any:
    return botocore.session.Session().get_service_model("sagemaker")


# What the API's model names


def made_by(service: Any) -> dict[str, tuple[str, int]]:
    """Give the operations that make what has tags and is described by a name of its own."""
    found = {}
    for operation in service.operation_names:
        kind = operation.removeprefix("Create")
        if kind == operation or f"Describe{kind}" not in service.operation_names:
            continue
        members = service.operation_model(operation).input_shape.members
        asked = service.operation_model(f"Describe{kind}").input_shape.required_members
        names = [name for name in asked if name in members and kind.endswith(name[: -len("Name")])]
        names = [name for name in names if name.endswith("Name") and name != "Name"]
        if names and "Tags" in members:
            # As ``SpaceName`` beside ``DomainId``: that of the type is the longest.
            name = max(names, key=len)
            found[operation] = (name, members[name].metadata.get("max", 63))
    return found


def test_what_a_seat_makes_is_found_by_the_same_name_by_every_operation(service: Any) -> None:
    made = made_by(service)
    assert len(made) >= 40
    assert made["CreateModelPackageGroup"] == ("ModelPackageGroupName", 63)
    asked = 0
    for operation, (name, longest) in made.items():
        for given in ("lab", SDK, "x" * longest):
            whole = sent_as(service, operation, name, given)
            assert whole.startswith(PREFIX), operation
            assert len(whole) <= longest, operation
            for other in service.operation_names:
                shape = service.operation_model(other).input_shape
                if shape is not None and name in shape.members:
                    assert sent_as(service, other, name, given) == whole, other
                    assert sent_as(service, other, name, whole) == whole, other
                    asked += 1
    assert asked >= 3 * 200


def sent_as(service: Any, operation: str, member: str, name: str) -> str:
    """Give what a name becomes in a request."""
    params = {member: name}
    workshop_names.requested(params, service.operation_model(operation), {})
    return params[member]


def test_no_request_names_a_thing_past_the_hook(service: Any) -> None:
    """A request that fills every member of every operation, and the same as it is sent."""
    names = {name for name, _ in made_by(service).values()}
    types = {"ModelName", "EndpointName", "ProcessingJobName", "InferenceComponentName"}
    found = 0
    for operation in service.operation_names:
        shape = service.operation_model(operation).input_shape
        if shape is not None:
            params = full(shape, (), names, types)
            count = json.dumps(params).count('"lab"')
            workshop_names.requested(params, service.operation_model(operation), {})
            assert '"lab"' not in json.dumps(params), operation
            assert json.dumps(params).count(f'"{PREFIX}lab"') == count, operation
            found += count
    assert found >= 300


def full(shape: Any, above: tuple[str, ...], names: set[str], types: set[str], at: str = "") -> Any:
    """Give a value for a shape, with a name wherever the API's model has one."""
    if shape.name in above:
        return {}
    inside = (*above, shape.name)
    if shape.type_name == "structure":
        return {
            name: full(part, inside, names, types, name) for name, part in shape.members.items()
        }
    if shape.type_name == "list":
        return [full(shape.member, inside, names, types, at)]
    if shape.type_name == "map":
        return {"ModelName": full(shape.value, inside, names, types)}
    ours = at in names or (shape.name in types and not at.endswith("Contains"))
    return "lab" if ours and shape.type_name == "string" else "other"


def test_two_seats_with_the_same_name_do_not_collide(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dict(made_by(service).values())
    for seat in ("vision-ada-", "vision-ben-", "abcdefghijkl-abcdefghijkl-"):
        monkeypatch.setenv("WORKSHOP_JOB_PREFIX", seat)
        for given in ("lab", "x" * 32, "x" * 31 + "y"):
            for longest in made.values():
                whole = workshop_names.prefixed(given, longest)
                assert whole.startswith(seat)
                assert len(whole) <= longest
                assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", whole)
    assert workshop_names.prefixed("x" * 32, 32) != workshop_names.prefixed("x" * 31 + "y", 32)


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("m", "vision-ada-m"),
        ("Vision-ada-m", "vision-ada-Vision-ada-m"),
        ("vision-adam-m", "vision-ada-vision-adam-m"),
        ("vision-ada-m", "vision-ada-m"),
        ("vision-endpoint-1", "vision-ada-vision-endpoint-1"),
        ("m" * 52, "vision-ada-" + "m" * 52),
        ("m" * 53, "vision-ada-" + "m" * 43 + "-7065159a"),
        ("group/3", "vision-ada-group/3"),
    ],
)
def test_a_name_gets_the_prefix_once_and_stays_short_enough(name: str, whole: str) -> None:
    assert workshop_names.prefixed(name) == whole
    assert workshop_names.prefixed(whole) == whole


@pytest.mark.parametrize(
    "name",
    [
        "SageMakerPublicHub",
        "vision-cohort-llm",
        "shared-llm",
        "",
        "arn:aws:sagemaker:us-east-1:865070037744:model-package/bert-1",
    ],
)
def test_what_is_not_the_seats_to_make_keeps_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSHOP_KEPT_NAMES", "shared-*,other")
    assert workshop_names.prefixed(name) == name


# Requests and answers


def test_an_answer_reads_as_the_program_named_it() -> None:
    hooked = Hooked()
    client, whole = hooked.client("sagemaker"), f"{PREFIX}lab"
    hooked.answer({"EndpointArn": f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{whole}"})
    client.create_endpoint(EndpointName="lab", EndpointConfigName="lab-config")
    described = {"EndpointName": whole, "EndpointConfigName": f"{whole}-config"}
    for asked in ("lab", whole):
        hooked.answer(described)
        assert client.describe_endpoint(EndpointName=asked)["EndpointName"] == asked
    hooked.answer({"Endpoints": [{"EndpointName": whole}, {"EndpointName": f"{PREFIX}other"}]})
    listed = client.list_endpoints(NameContains="lab")["Endpoints"]
    assert [each["EndpointName"] for each in listed] == ["lab", f"{PREFIX}other"]
    assert hooked.bodies()[0]["EndpointName"] == whole
    assert [body.get("EndpointName") for body in hooked.bodies()[1:3]] == [whole, whole]
    assert hooked.bodies()[3] == {"NameContains": "lab"}


def test_an_arn_that_a_program_makes_up_is_that_of_what_it_has_made() -> None:
    hooked, arn = Hooked(), "arn:aws:sagemaker:eu-west-1:123456789012:{}"
    client = hooked.client("sagemaker")
    client.describe_pipeline(PipelineName="lab")
    for named in ("pipeline/lab", "pipeline/lab/execution/1", "pipeline/other"):
        client.list_tags(ResourceArn=arn.format(named))
    assert [body["ResourceArn"] for body in hooked.bodies()[1:]] == [
        arn.format(f"pipeline/{PREFIX}lab"),
        arn.format(f"pipeline/{PREFIX}lab/execution/1"),
        arn.format("pipeline/other"),
    ]


def test_search_looks_for_the_names_that_there_are() -> None:
    hooked = Hooked()
    filters = [
        {"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": "lab"},
        {"Name": "TrainingJobName", "Operator": "Contains", "Value": "lab"},
        {"Name": "TrialName", "Operator": "In", "Value": "one,two"},
    ]
    nested = [{"NestedPropertyName": "InputDataConfig", "Filters": filters[:1]}]
    hooked.client("sagemaker").search(
        Resource="ExperimentTrialComponent",
        SearchExpression={"Filters": filters, "NestedFilters": nested},
    )
    (sent,) = [body["SearchExpression"] for body in hooked.bodies()]
    values = [each["Value"] for each in sent["Filters"]]
    assert values == [f"{PREFIX}lab", "lab", f"{PREFIX}one,{PREFIX}two"]
    assert sent["NestedFilters"][0]["Filters"][0]["Value"] == f"{PREFIX}lab"


def test_other_services_are_asked_about_the_same_thing() -> None:
    hooked = Hooked()
    hooked.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="lab", InferenceComponentName="part", Body=b""
    )
    assert hooked.paths() == [f"endpoints/{PREFIX}lab/invocations"]
    request = hooked.sent.pop()
    assert request.headers["X-Amzn-SageMaker-Inference-Component"] == f"{PREFIX}part".encode()
    hooked.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName="lab", RecordIdentifierValueAsString="1"
    )
    assert hooked.paths()[0].startswith(f"FeatureGroup/{PREFIX}lab?")
    hooked.sent.clear()
    hooked.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/lab/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )
    (body,) = hooked.bodies()
    assert body["ResourceId"] == f"endpoint/{PREFIX}lab/variant/AllTraffic"
    assert body["Tags"] == {tag["Key"]: tag["Value"] for tag in TAG_LIST}
    hooked.sent.clear()
    dimension = {"Name": "EndpointName", "Value": "lab"}
    hooked.client("cloudwatch").list_metrics(
        Namespace="AWS/SageMaker",
        Dimensions=[dimension, {"Name": "VariantName", "Value": "AllTraffic"}],
    )
    assert f"{PREFIX}lab" in str(hooked.sent[0].body)
    assert f"{PREFIX}AllTraffic" not in str(hooked.sent[0].body)
    names = ["slow", "TargetTracking-endpoint/vision-ada-lab/variant/AllTraffic-AlarmHigh-1"]
    hooked.client("cloudwatch").delete_alarms(AlarmNames=names)
    assert f"{PREFIX}slow" in str(hooked.sent[1].body)
    assert f"{PREFIX}Target" not in str(hooked.sent[1].body)


def requests(model: str) -> list[Call]:
    """Give requests that an attendee makes with a model's name."""
    return [
        call("create_model", ModelName=model),
        call("delete_model", ModelName=model),
        call(
            "create_endpoint_config",
            EndpointConfigName=f"{PREFIX}c",
            ProductionVariants=[variant(model), variant(model)],
            ShadowProductionVariants=[variant(model)],
        ),
    ]


def variant(model: str) -> dict[str, Any]:
    return {"VariantName": "AllTraffic", "ModelName": model}


def test_a_notebooks_program_says_so_once_and_keeps_what_it_has_in_its_hands(
    sandbox: Sandbox,
) -> None:
    made = run(sandbox, [*requests(SDK), *requests(f"{PREFIX}{SDK}")])
    assert made.sent[:3] == made.sent[3:]
    assert made.said == [SAID]
    assert made.requests == [
        request for _, _, request, _, _ in [*requests(SDK), *requests(PREFIX + SDK)]
    ]


def test_names_of_models_stay_where_a_seat_may_serve_those_of_others(
    monkeypatch: pytest.MonkeyPatch, service: Any
) -> None:
    monkeypatch.delenv("WORKSHOP_MODEL_PREFIX")
    assert sent_as(service, "DescribeModel", "ModelName", SDK) == SDK
    assert sent_as(service, "DescribeEndpoint", "EndpointName", SDK) == PREFIX + SDK


@pytest.mark.parametrize("value", [5, None, "text", ["text"], [5], {"a": 5}, [{"a": 5}], {"a": {}}])
def test_what_a_program_gets_wrong_is_left_to_botocore_to_say(service: Any, value: Any) -> None:
    for operation in service.operation_names:
        model = service.operation_model(operation)
        if model.input_shape is not None:
            params = dict.fromkeys(model.input_shape.members, value)
            workshop_names.requested(params, model, {})
            assert params.keys() == model.input_shape.members.keys()


def test_an_error_of_aws_says_the_real_name() -> None:
    hooked = Hooked()
    hooked.answer({"__type": "ValidationException", "message": f"no {PREFIX}lab"}, 400)
    with pytest.raises(ClientError, match=f"no {PREFIX}lab"):
        hooked.client("sagemaker").describe_model(ModelName="lab")
