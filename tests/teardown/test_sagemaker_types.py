"""The tables of SageMaker's kinds agree with the service model."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from workshop.teardown.resource import ordered
from workshop.teardown.resources import ALL, sagemaker_types
from workshop.teardown.resources.sagemaker_type import SageMakerType

TABLES = [kind for kind in sagemaker_types.KINDS if isinstance(kind, SageMakerType)]
MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def members(operation: str, side: str) -> dict[str, Any]:
    shape = getattr(MODEL.operation_model(operation), f"{side}_shape")
    found: dict[str, Any] = shape.members
    return found


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.name)
def test_every_operation_and_member_is_the_services(kind: SageMakerType) -> None:
    page = members(kind.lists, "output")[kind.member]
    summary = page.member.members
    assert set(kind.identity.values()) <= summary.keys()
    assert kind.arn in {*summary, *members(kind.describes, "output")}
    assert set(kind.list_request) <= members(kind.lists, "input").keys()
    for operation in filter(None, (kind.describes, kind.deletes)):
        assert set(kind.identity) <= members(operation, "input").keys()
        shape = MODEL.operation_model(operation).input_shape
        assert shape is not None
        assert set(shape.required_members) - {"ClientRequestToken"} <= set(kind.identity)
    if kind.delete_request:
        assert set(kind.delete_request) <= members(kind.deletes, "input").keys()
    if kind.stops:
        assert set(kind.identity) <= members(kind.stops, "input").keys()


@pytest.mark.parametrize(
    "kind",
    [one for one in TABLES if one.status and one.name != "pipeline"],
    ids=lambda one: one.name,
)
def test_every_status_is_one_that_the_service_knows(kind: SageMakerType) -> None:
    known = set(members(kind.describes, "output")[kind.status].enum)
    own = {"Available warm pool"}
    named = kind.billed_in | kind.stopped_from | (kind.deleted_from or frozenset()) | kind.gone_in
    assert named - own <= known


def test_what_the_service_can_delete_is_deleted() -> None:
    lasting = {kind.name for kind in TABLES if kind.permanent}
    assert lasting == {"transform job", "AutoML job", "labeling job"}
    for word in ("TransformJob", "AutoMLJob", "AutoMLJobV2", "LabelingJob"):
        assert f"Delete{word}" not in MODEL.operation_names


def test_no_kinds_wait_for_each_other_and_all_that_is_waited_for_exists() -> None:
    names = [kind.name for kind in ordered(ALL)]
    assert len(names) == len(set(names)) == len(ALL)
    assert {name for kind in ALL for name in kind.after} <= set(names)
