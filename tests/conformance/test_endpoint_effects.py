"""Conformance: what endpoints leave in logs and metrics."""

from __future__ import annotations

import pytest

from tests.support.conformance import TICK, Aws
from tests.support.endpoints import GROUP, NAME, create, deploy, prepare, status, variant


def streams(aws: Aws) -> list[str]:
    return [name.partition("/")[0] for name in aws.streams(GROUP)]


def test_every_instance_of_an_endpoint_writes_a_log_stream_of_its_own(aws: Aws) -> None:
    prepare(aws, variant("a", InitialInstanceCount=2), variant("b"))
    create(aws)
    assert aws.streams(GROUP) == []
    aws.pass_time()
    assert streams(aws) == ["a", "a", "b"]
    assert all("/i-" in name for name in aws.streams(GROUP))


def test_other_machines_write_other_streams_after_an_update(aws: Aws) -> None:
    deploy(aws)
    before = aws.streams(GROUP)
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="first")
    aws.pass_time()
    after = aws.streams(GROUP)
    assert len(after) == 2
    assert set(before) < set(after)


@pytest.mark.parametrize("deleting", [False, True])
def test_the_log_group_of_an_endpoint_comes_back_while_it_is_there(
    aws: Aws, *, deleting: bool
) -> None:
    deploy(aws)
    if deleting:
        aws.sagemaker.delete_endpoint(**NAME)
    aws.client("logs").delete_log_group(logGroupName=GROUP)
    aws.advance(TICK)
    assert status(aws) == ("Deleting" if deleting else "InService")
    assert streams(aws) == ["AllTraffic"]


def test_what_is_gone_writes_no_more_and_leaves_its_log_group(aws: Aws) -> None:
    deploy(aws)
    aws.sagemaker.delete_endpoint(**NAME)
    aws.pass_time()
    assert streams(aws) == ["AllTraffic"]
    aws.client("logs").delete_log_group(logGroupName=GROUP)
    aws.pass_time()
    assert aws.streams(GROUP) == []


def test_an_endpoint_publishes_how_busy_its_machines_are(aws: Aws) -> None:
    deploy(aws, variant("cpu"), variant("gpu", InstanceType="ml.g5.xlarge"))
    found = aws.client("cloudwatch").list_metrics(Namespace="/aws/sagemaker/Endpoints")["Metrics"]
    names: dict[str, set[str]] = {"cpu": set(), "gpu": set()}
    for metric in found:
        dimensions = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
        assert dimensions.pop("EndpointName") == "ep"
        names[dimensions.pop("VariantName")].add(metric["MetricName"])
        assert dimensions == {}
    assert names["cpu"] == {"CPUUtilization", "MemoryUtilization", "DiskUtilization"}
    assert names["gpu"] - names["cpu"] == {"GPUUtilization", "GPUMemoryUtilization"}
