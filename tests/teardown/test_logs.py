"""Logs: a seat's streams and groups go, those of all others stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, counted, found, owners, resource
from workshop.teardown.resource import Ownership, ScanCache, ScanContext
from workshop.teardown.resources import logs
from workshop.teardown.resources.logs import LogGroups, LogStreams
from workshop.teardown.resources.sagemaker_type import listed_key
from workshop.teardown.resources.unexplained import ENDPOINTS

STREAMS = LogStreams()
GROUPS = LogGroups()
TRAINING = "/aws/sagemaker/TrainingJobs"
STUDIO = "/aws/sagemaker/studio"
NOTEBOOKS = "/aws/sagemaker/NotebookInstances"


def group(cloud: Cloud, name: str, *streams: str) -> None:
    client = cloud.client("logs")
    client.create_log_group(logGroupName=name)
    for stream in streams:
        client.create_log_stream(logGroupName=name, logStreamName=stream)


def streams(cloud: Cloud, name: str) -> list[str]:
    pages = cloud.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=name)
    return [one["logStreamName"] for page in pages for one in page["logStreams"]]


def test_names_claim_streams_and_of_others_nothing_is_told(cloud: Cloud) -> None:
    group(
        cloud,
        TRAINING,
        "vision-ada-fit/algo-1-1",
        "vision-adam-fit/algo-1-1",
        "vision-cem-fit/algo-1-1",
        "visionary-ada/algo-1-1",
        "fit/algo-1-1",
    )
    group(cloud, NOTEBOOKS, "vision-ada-notebook/jupyter.log")
    group(cloud, "/aws/lambda/vision-ada-function", "vision-ada-x")
    assert owners(STREAMS, context(cloud, "ada")) == {
        f"{TRAINING}:vision-ada-fit/algo-1-1": ("claimed", "ada"),
        f"{NOTEBOOKS}:vision-ada-notebook/jupyter.log": ("claimed", "ada"),
    }


def test_a_proven_job_proves_its_streams_whatever_its_name(cloud: Cloud) -> None:
    group(cloud, TRAINING, "fit/algo-1-1", "fit/algo-2-1", "fitter/algo-1-1", "vision-ada-x/algo-1")
    group(cloud, "/aws/sagemaker/ProcessingJobs", "fit/algo-1-1")
    lasting = ScanCache()
    here = context(cloud, lasting=lasting)
    for name in ("fit", "fitter", "vision-ada-x"):
        logs.remember(here, resource(here, "training job", name))
    expected = {
        f"{TRAINING}:fitter/algo-1-1": ("owned", "ada"),
        f"{TRAINING}:fit/algo-1-1": ("owned", "ada"),
        f"{TRAINING}:fit/algo-2-1": ("owned", "ada"),
        f"{TRAINING}:vision-ada-x/algo-1": ("owned", "ada"),
    }
    assert owners(STREAMS, here) == expected
    # The next scan no longer finds the job, and knows all the same.
    assert owners(STREAMS, context(cloud, lasting=lasting)) == expected


def test_in_a_strangers_studio_only_the_seats_profile_proves_its_streams(cloud: Cloud) -> None:
    group(
        cloud,
        STUDIO,
        *("d-1/me/JupyterLab/default", "d-1/mean/JupyterLab/default", "d-1/you/JupyterLab/default"),
        *("d-2/me/JupyterLab/default", "d-2/lab/CodeEditor/default"),
    )
    lasting = ScanCache()
    here = context(cloud, lasting=lasting)
    logs.remember(here, resource(here, "Studio user profile", "d-1/me"))
    logs.remember(here, resource(here, "Studio domain", "d-2"))
    expected = {
        f"{STUDIO}:d-1/me/JupyterLab/default": ("owned", "ada"),
        f"{STUDIO}:d-2/me/JupyterLab/default": ("owned", "ada"),
        f"{STUDIO}:d-2/lab/CodeEditor/default": ("owned", "ada"),
    }
    assert owners(STREAMS, here) == expected
    # What a plan remembers of a stream proves no more than that.
    later = ScanCache()
    logs.remember_before(
        later, {("log stream", name, account_region(cloud), ""): "ada" for name in expected}
    )
    assert owners(STREAMS, context(cloud, lasting=later)) == expected


@pytest.mark.parametrize(
    ("resource_type", "name"), [("endpoint", "live"), ("log group", f"{ENDPOINTS}live")]
)
def test_what_an_earlier_run_proved_proves_its_log_for_its_seat_alone(
    cloud: Cloud, resource_type: str, name: str
) -> None:
    group(cloud, f"{ENDPOINTS}live", "AllTraffic/i-1")
    lasting = ScanCache()
    logs.remember_before(lasting, {(resource_type, name, account_region(cloud), ""): "ada"})
    expected = {f"{ENDPOINTS}live": ("owned", "ada")}
    assert owners(GROUPS, context(cloud, "ada", lasting=lasting)) == expected
    assert owners(GROUPS, context(cloud, "ben", lasting=lasting)) == {}


def test_what_is_only_claimed_claims_its_log_and_proves_none(cloud: Cloud) -> None:
    group(cloud, TRAINING, "fit/algo-1-1")
    group(cloud, f"{ENDPOINTS}live", "AllTraffic/i-1")
    here = context(cloud)
    job = resource(here, "training job", "fit")
    logs.remember(here, replace(job, resource_type="model"))
    assert found(STREAMS, here) == {}
    endpoint = resource(here, "endpoint", "live")
    for one in (job, endpoint):
        logs.remember(here, replace(one, ownership=Ownership.CLAIMED))
    assert owners(STREAMS, here) == {f"{TRAINING}:fit/algo-1-1": ("claimed", "ada")}
    assert owners(GROUPS, here) == {f"{ENDPOINTS}live": ("claimed", "ada")}


def test_a_group_of_an_endpoint_is_its_own_and_proven_by_it(cloud: Cloud) -> None:
    group(cloud, f"{ENDPOINTS}vision-ada-live", "AllTraffic/i-1")
    group(cloud, f"{ENDPOINTS}vision-cem-live", "AllTraffic/i-1")
    group(cloud, f"{ENDPOINTS}live", "AllTraffic/i-1")
    group(cloud, f"{ENDPOINTS}theirs", "AllTraffic/i-1")
    group(cloud, TRAINING, "vision-ada-fit/algo-1-1")
    here = context(cloud)
    logs.remember(here, resource(here, "endpoint", "live"))
    assert owners(GROUPS, here) == {
        f"{ENDPOINTS}vision-ada-live": ("claimed", "ada"),
        f"{ENDPOINTS}live": ("owned", "ada"),
    }
    assert all(ENDPOINTS not in name for name in found(STREAMS, here))


def test_deleting_takes_one_stream_and_leaves_the_shared_group(cloud: Cloud) -> None:
    group(cloud, TRAINING, "vision-ada-fit/algo-1-1", "vision-ada-fit/algo-1-10", "other/algo-1")
    here = context(cloud)
    one = found(STREAMS, here)[f"{TRAINING}:vision-ada-fit/algo-1-1"]
    assert STREAMS.state(here, one) == "there"
    STREAMS.delete(here, one)
    assert STREAMS.state(here, one) is None
    STREAMS.delete(here, one)
    assert streams(cloud, TRAINING) == ["other/algo-1", "vision-ada-fit/algo-1-10"]


def test_a_group_that_is_made_again_is_found_again(cloud: Cloud) -> None:
    name = f"{ENDPOINTS}vision-ada-live"
    group(cloud, name)
    group(cloud, f"{name}-2")
    here = context(cloud)
    one = found(GROUPS, here)[name]
    GROUPS.delete(here, one)
    assert GROUPS.state(here, one) is None
    GROUPS.delete(here, one)
    group(cloud, name)
    assert GROUPS.state(here, one) == "there"
    assert name in found(GROUPS, context(cloud))


@pytest.mark.parametrize("count", [26, 51, 101, 201])
def test_all_pages_of_streams_are_read(cloud: Cloud, count: int) -> None:
    group(cloud, TRAINING, *(f"vision-ada-fit/algo-{number}" for number in range(count)))
    here = context(cloud)
    calls = counted(here.clients.client("logs", account_region(cloud)))
    assert len(found(STREAMS, here)) == count
    assert calls == {"DescribeLogGroups": 1, "DescribeLogStreams": -(-count // 50)}


def test_all_pages_of_groups_are_read_once_for_both_kinds(cloud: Cloud) -> None:
    for number in range(51):
        group(cloud, f"{ENDPOINTS}vision-ada-{number}")
    here = context(cloud)
    calls = counted(here.clients.client("logs", account_region(cloud)))
    assert len(found(GROUPS, here)) == 51
    assert found(STREAMS, here) == {}
    assert calls == {"DescribeLogGroups": 2}


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "DescribeLogStreams"])
def test_a_denied_listing_is_an_error_and_not_none(cloud: Cloud, operation: str) -> None:
    group(cloud, TRAINING, "vision-ada-fit/algo-1-1")
    cloud.faults({"effect": "denied", "operation": f"logs:{operation}"})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(STREAMS.find(context(cloud)))


def test_a_throttled_deletion_is_repeated(cloud: Cloud) -> None:
    group(cloud, TRAINING, "vision-ada-fit/algo-1-1")
    here = context(cloud)
    one = found(STREAMS, here)[f"{TRAINING}:vision-ada-fit/algo-1-1"]
    cloud.faults({"effect": "throttle", "operation": "logs:DeleteLogStream", "times": 1})
    STREAMS.delete(here, one)
    assert streams(cloud, TRAINING) == []


# --- what nothing explains ---------------------------------------------------------------------


def began(
    cloud: Cloud, *seats: str, whole: bool = True, explained: tuple[str, ...] = ()
) -> ScanContext:
    """The world of a workshop that began before all that is there, with these training jobs."""
    here = replace(context(cloud, *seats, whole=whole), since=datetime(2020, 1, 1, tzinfo=UTC))
    for resource_type in ("training job", "endpoint", "notebook"):
        here.memory.note(listed_key(resource_type), frozenset(explained))
    return here


def test_a_log_of_a_free_name_is_claimed_if_it_came_during_the_workshop(cloud: Cloud) -> None:
    group(cloud, TRAINING, "hoard/algo-1", "theirs/algo-1", "vision-ada-x/algo-1")
    group(cloud, "/aws/sagemaker/hoard", "any")
    group(cloud, f"{ENDPOINTS}hoard")
    group(cloud, f"{ENDPOINTS}theirs")
    group(cloud, "/aws/lambda/prod")
    here = began(cloud, explained=("theirs",))
    assert owners(STREAMS, here) == {
        f"{TRAINING}:hoard/algo-1": ("claimed", ""),
        f"{TRAINING}:vision-ada-x/algo-1": ("claimed", "ada"),
    }
    hoards = {"/aws/sagemaker/hoard": ("claimed", ""), f"{ENDPOINTS}hoard": ("claimed", "")}
    assert owners(GROUPS, here) == hoards
    # Of one seat among several, nothing tells whose they are.
    alone = began(cloud, "ada", whole=False, explained=("theirs",))
    assert {one.ownership for one in found(GROUPS, alone).values()} == {Ownership.UNKNOWN}
    # What was there before is somebody else's, and so is what says so by its tags.
    before = replace(here, since=datetime(2099, 1, 1, tzinfo=UTC))
    assert found(GROUPS, before) == {}
    assert list(found(STREAMS, before)) == [f"{TRAINING}:vision-ada-x/algo-1"]
    arn = f"arn:aws:logs:us-east-1:{account_region(cloud).account}:log-group:/aws/sagemaker/hoard"
    cloud.client("logs").tag_resource(resourceArn=arn, tags={"workshop": "speech"})
    assert list(found(GROUPS, here)) == [f"{ENDPOINTS}hoard"]


def test_where_jobs_could_not_be_listed_nothing_is_called_unexplained(cloud: Cloud) -> None:
    group(cloud, TRAINING, "hoard/algo-1")
    here = replace(context(cloud, whole=True), since=datetime(2020, 1, 1, tzinfo=UTC))
    assert found(STREAMS, here) == {}
