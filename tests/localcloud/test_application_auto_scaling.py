"""Application Auto Scaling of the local cloud: targets and policies of SageMaker's endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.refusals import code_of, refusal

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}


def of(name: str) -> dict[str, str]:
    """What names the scalable target of an endpoint's one variant."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/all",
        "ScalableDimension": DIMENSION,
    }


@pytest.fixture
def scaling(cloud: Cloud) -> Any:
    """Two endpoints of which the first is registered."""
    cloud.freeze()
    role = cloud.role()
    for name in ("first", "second"):
        teardown_demo.serves(cloud, name, role)
    client = cloud.client("application-autoscaling")
    client.register_scalable_target(**of("first"), MinCapacity=1, MaxCapacity=4)
    return client


def put(scaling: Any, name: str, policy: str = "busy hours (50 %)", **more: Any) -> str:
    given = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": TRACKING,
        **more,
    }
    return str(scaling.put_scaling_policy(PolicyName=policy, **of(name), **given)["PolicyARN"])


def test_a_policy_is_told_as_it_was_put(scaling: Any) -> None:
    arn = put(scaling, "first")
    [told] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert told["PolicyARN"] == arn
    assert told["PolicyName"] == "busy hours (50 %)"
    assert told["PolicyType"] == "TargetTrackingScaling"
    assert told["TargetTrackingScalingPolicyConfiguration"] == TRACKING
    assert {name: told[name] for name in of("first")} == of("first")


def test_a_policy_that_is_put_again_is_the_same_one_with_other_numbers(
    cloud: Cloud, scaling: Any
) -> None:
    arn = put(scaling, "first")
    [before] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    cloud.advance(60)
    other = {**TRACKING, "TargetValue": 20.0}
    assert put(scaling, "first", TargetTrackingScalingPolicyConfiguration=other) == arn
    [after] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert after["CreationTime"] == before["CreationTime"]
    assert after["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 20.0


def test_a_policys_name_has_only_what_can_be_printed(scaling: Any) -> None:
    _, code, told = refusal(scaling.put_scaling_policy, PolicyName="tab\tbed", **of("first"))
    assert code == "ValidationException"
    assert "Member must satisfy regular expression pattern" in told


def test_what_is_not_there_is_told(scaling: Any) -> None:
    for call, request in (
        (scaling.put_scaling_policy, {"PolicyName": "one", **of("second")}),
        (scaling.deregister_scalable_target, of("second")),
        (scaling.delete_scaling_policy, {"PolicyName": "one", **of("first")}),
    ):
        assert code_of(call, **request) == "ObjectNotFoundException"
    more = {"MinCapacity": 1, "MaxCapacity": 2}
    _, code, told = refusal(scaling.register_scalable_target, **of("third"), **more)
    assert (code, told) == ("ValidationException", "No such resource: endpoint/third/variant/all")
    _, code, told = refusal(scaling.register_scalable_target, **of("second"), MinCapacity=1)
    assert (code, "MaxCapacity are required" in told) == ("ValidationException", True)


def test_targets_have_arns_of_their_own_though_others_went_before(scaling: Any) -> None:
    [first] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    size = {"MinCapacity": 1, "MaxCapacity": 2}
    second = scaling.register_scalable_target(**of("second"), **size)["ScalableTargetARN"]
    scaling.deregister_scalable_target(**of("first"))
    again = scaling.register_scalable_target(**of("first"), **size)["ScalableTargetARN"]
    assert first["ScalableTargetARN"] != second != again


def test_a_registered_target_changes_what_is_given_and_keeps_the_rest(scaling: Any) -> None:
    scaling.register_scalable_target(**of("first"), MaxCapacity=9)
    [told] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (told["MinCapacity"], told["MaxCapacity"]) == (1, 9)


def test_policies_go_with_their_target_and_no_others(scaling: Any) -> None:
    scaling.register_scalable_target(**of("second"), MinCapacity=1, MaxCapacity=2)
    for name, policy in (("first", "one"), ("first", "two"), ("second", "one")):
        put(scaling, name, policy)
    scaling.delete_scaling_policy(PolicyName="two", **of("first"))
    scaling.deregister_scalable_target(**of("first"))
    [left] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert (left["ResourceId"], left["PolicyName"]) == (of("second")["ResourceId"], "one")


@pytest.mark.parametrize("size", [1, 2])
def test_policies_are_told_in_pages_and_by_what_is_asked_for(scaling: Any, size: int) -> None:
    scaling.register_scalable_target(**of("second"), MinCapacity=1, MaxCapacity=2)
    for name, policy in (("first", "one"), ("first", "two"), ("second", "one")):
        put(scaling, name, policy)

    def told(**asked: Any) -> list[str]:
        pages = scaling.get_paginator("describe_scaling_policies").paginate(
            ServiceNamespace="sagemaker", PaginationConfig={"PageSize": size}, **asked
        )
        return [
            f"{policy['ResourceId'].split('/')[1]} {policy['PolicyName']}"
            for page in pages
            for policy in page["ScalingPolicies"]
        ]

    assert told() == ["first one", "first two", "second one"]
    assert told(ResourceId=of("first")["ResourceId"]) == ["first one", "first two"]
    assert told(PolicyNames=["one"]) == ["first one", "second one"]


def test_other_accounts_see_none_of_it(cloud: Cloud, scaling: Any) -> None:
    put(scaling, "first")
    other = cloud.client("application-autoscaling", account="111122223333")
    assert other.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert other.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
