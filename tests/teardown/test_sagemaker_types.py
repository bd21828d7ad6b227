"""The tables of SageMaker's resource types agree with the service model."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight import permissions
from workshop.teardown.resource import ScanContext, Scope
from workshop.teardown.resources import ALL, sagemaker_types
from workshop.teardown.resources.base import ordered
from workshop.teardown.resources.sagemaker_proof import by_role
from workshop.teardown.resources.sagemaker_type import SageMakerType
from workshop.teardown.resources.tagged_resources import TaggedResources

TABLES = [
    resource_type
    for resource_type in sagemaker_types.TYPES
    if isinstance(resource_type, SageMakerType)
]
MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def members(operation: str, side: str) -> dict[str, Any]:
    shape = getattr(MODEL.operation_model(operation), f"{side}_shape")
    found: dict[str, Any] = shape.members
    return found


@pytest.mark.parametrize("resource_type", TABLES, ids=lambda resource_type: resource_type.name)
def test_every_operation_and_member_is_the_services(resource_type: SageMakerType) -> None:
    names = resource_type.operations
    page = members(names.lists, "output")[names.member]
    summary = page.member.members
    assert set(resource_type.identity.values()) <= summary.keys()
    assert names.arn in {
        *summary,
        *members(names.describes, "output"),
    }
    assert set(resource_type.list_request) <= members(names.lists, "input").keys()
    for operation in filter(None, (names.describes, names.deletes)):
        assert set(resource_type.identity) <= members(operation, "input").keys()
        shape = MODEL.operation_model(operation).input_shape
        assert shape is not None
        assert set(shape.required_members) - {"ClientRequestToken"} <= set(resource_type.identity)
    if resource_type.delete_request:
        assert set(resource_type.delete_request) <= members(names.deletes, "input").keys()
    if names.stops:
        assert set(resource_type.identity) <= members(names.stops, "input").keys()


@pytest.mark.parametrize(
    "resource_type",
    [one for one in TABLES if one.status and one.name != "pipeline"],
    ids=lambda one: one.name,
)
def test_every_status_is_one_that_the_service_knows(resource_type: SageMakerType) -> None:
    known = set(members(resource_type.operations.describes, "output")[resource_type.status].enum)
    own = {"Available warm pool"}
    named = (
        (resource_type.billed_in or frozenset())
        | resource_type.stopped_from
        | (resource_type.deleted_from or frozenset())
        | resource_type.gone_in
    )
    assert named - own <= known


def test_what_the_service_can_delete_is_deleted() -> None:
    lasting = {resource_type.name for resource_type in TABLES if resource_type.permanent}
    assert lasting == {
        *("transform job", "AutoML job", "labeling job", "inference recommendations job"),
    }
    for word in (
        *("TransformJob", "AutoMLJob", "AutoMLJobV2", "LabelingJob"),
        "InferenceRecommendationsJob",
    ):
        assert f"Delete{word}" not in MODEL.operation_names


def test_no_kinds_wait_for_each_other_and_all_that_is_waited_for_exists() -> None:
    names = [resource_type.name for resource_type in ordered(ALL)]
    assert len(names) == len(set(names)) == len(ALL)
    assert {name for resource_type in ALL for name in resource_type.after} <= set(names)


def test_all_that_is_to_be_known_of_a_new_type_stands_in_its_own_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = SageMakerType("Image", by_role("RoleArn"), also_reads=("ListImageVersions",))
    assert (new.name, new.cloudformation_type) == ("image", "AWS::SageMaker::Image")
    monkeypatch.setattr(permissions, "ALL", (*ALL, new))
    actions = {f"sagemaker:{name}" for name in ("ListImages", "DescribeImage", "ListImageVersions")}
    assert set(permissions.reads()[1]) >= actions
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:image/mine"
    tagged = {arn: {"workshop": "vision"}}
    scope = Scope(
        "vision", "dev", AccountRegion("111122223333", "eu-west-1"), frozenset(), whole=True
    )
    scan = ScanContext(cast("Clients", None), scope, tagged=tagged)
    assert [resource.id for resource in TaggedResources(ALL).find(scan)] == [arn]
    assert list(TaggedResources((*ALL, new)).find(scan)) == []


def test_what_runs_with_a_role_is_gone_before_what_it_writes_to() -> None:
    writers = {resource_type.name for resource_type in TABLES if resource_type.needs_role}
    after = {resource_type.name: set(resource_type.after) for resource_type in ALL}
    for name in ("bucket", "folder in the shared bucket", "log stream"):
        assert after[name] == writers
