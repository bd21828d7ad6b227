"""A notebook that is missing or Failed although its stack is as it should be."""

from __future__ import annotations

import json

import pytest

from tests.support.faulty import counts
from tests.support.local_cloud import Cloud
from tests.support.small_workshop import Fleet

BUCKET = "demo-seat01-data-000000000000-us-east-1"
ANY_TYPE = {"effect": "capacity", "instance_type": "*"}


@pytest.fixture
def deployed(fleet: Fleet) -> Fleet:
    """Two seats, the first of which has an object in its bucket."""
    fleet.write(2)
    assert fleet.deploy().good
    fleet.cloud.client("s3").put_object(Bucket=BUCKET, Key="work", Body=b"x")
    return fleet


def delete_notebook(cloud: Cloud, seat: str) -> None:
    """Stop and delete a notebook, as anybody can in the console."""
    client, name = cloud.client("sagemaker"), f"demo-{seat}-notebook"
    client.stop_notebook_instance(NotebookInstanceName=name)
    client.delete_notebook_instance(NotebookInstanceName=name)


def fail_notebook(cloud: Cloud, seat: str) -> None:
    """Have a notebook fail to start again."""
    client, name = cloud.client("sagemaker"), f"demo-{seat}-notebook"
    cloud.faults(ANY_TYPE)
    client.stop_notebook_instance(NotebookInstanceName=name)
    client.start_notebook_instance(NotebookInstanceName=name)
    assert notebooks(cloud)[name] == "Failed"
    cloud.faults()


def notebooks(cloud: Cloud) -> dict[str, str]:
    listed = cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"]
    return {one["NotebookInstanceName"]: one["NotebookInstanceStatus"] for one in listed}


def ids(cloud: Cloud) -> dict[str, str]:
    """The stacks, by their names."""
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {one["StackName"]: one["StackId"] for page in pages for one in page["Stacks"]}


BOTH = {f"demo-seat0{number}-notebook": "InService" for number in (1, 2)}


def test_a_notebook_that_somebody_deleted_is_made_again_and_the_bucket_is_left_alone(
    deployed: Fleet,
) -> None:
    delete_notebook(deployed.cloud, "seat01")
    status = deployed.run("status")
    assert status.code == 1
    cure = "workshop deploy -e dev --only seat01"
    assert f"the notebook is missing: seat01; make it again with: {cure}\n" in status.err
    assert f"there is no such notebook: seat01; make with: {cure}\n" in deployed.run("handout").err
    assert f"there is no notebook; make it with: {cure}\n" in deployed.run("start").out
    planned = deployed.run("plan", "--json")
    (stack,) = [
        stack
        for seat in json.loads(planned.out)["seats"]
        for stack in seat["stacks"]
        if stack["action"] != "unchanged"
    ]
    assert (stack["name"], stack["action"], stack["loses_work"], stack["message"]) == (
        "demo-seat01-notebook",
        "clear and retry",
        [],
        "its notebook is missing, though the stack is CREATE_COMPLETE",
    )
    before = ids(deployed.cloud)
    assert deployed.run("deploy", "--only", "seat01").code == 0
    after = ids(deployed.cloud)
    assert {name for name in before if after[name] != before[name]} == {"demo-seat01-notebook"}
    assert notebooks(deployed.cloud) == BOTH
    assert deployed.cloud.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert deployed.run("status").code == 0


def test_a_missing_notebook_is_made_again_though_its_stack_is_to_be_changed(
    deployed: Fleet,
) -> None:
    delete_notebook(deployed.cloud, "seat02")
    deployed.write(2, "tags: {more: '1'}")
    assert deployed.deploy().good
    assert notebooks(deployed.cloud) == BOTH


def test_a_failed_notebook_is_told_with_the_command_that_starts_it_until_it_is_mended(
    deployed: Fleet,
) -> None:
    fail_notebook(deployed.cloud, "seat02")
    cure = "workshop start -e dev --only seat02"
    status, handout = deployed.run("status"), deployed.run("handout")
    assert status.code == 1
    assert f"the notebook is Failed: seat02; start it with: {cure}\n" in status.err
    assert f"the notebook is Failed: seat02; start with: {cure}\n" in handout.err
    for command in ("plan", "deploy"):
        ran = deployed.run(command)
        assert f"its notebook is Failed; start it with: {cure}, or give it another" in ran.out
    assert ran.code == 1
    assert deployed.run("start", "--only", "seat02").code == 0
    assert notebooks(deployed.cloud) == BOTH
    assert deployed.run("deploy").code == deployed.run("status").code == 0


def test_a_failed_notebook_can_be_given_another_type(deployed: Fleet) -> None:
    fail_notebook(deployed.cloud, "seat02")
    deployed.write(2, "profiles: {attendee: {notebook: {instance_type: ml.t3.large}}}")
    assert deployed.deploy().good


def test_notebooks_are_listed_once_and_only_where_there_should_be_one(deployed: Fleet) -> None:
    listing = {"effect": "latency", "operation": "sagemaker:ListNotebook*", "seconds": 0.001}
    deployed.cloud.faults(listing)
    assert deployed.run("deploy").code == 0
    assert counts(deployed.cloud) == [(1, 1)]


def test_notebooks_that_cannot_be_listed_are_said_to_be_unknown(deployed: Fleet) -> None:
    deployed.cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    ran = deployed.run("plan")
    assert ran.code == 0
    account_region = "000000000000 us-east-1"
    assert f"whether the machines of {account_region} are there is not known (ListNoteb" in ran.err
