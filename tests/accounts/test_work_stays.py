"""Whatever is diagnosed of a seat's own account, what the attendee has made there stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.accounts.test_by_hand import ORGANISER, ROLE, ended, trusts_nobody
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import (
    BOXES,
    REGION,
    OwnAccounts,
    assembly,
    founded,
    organiser_key,
)
from workshop.account_region import AccountRegion
from workshop.accounts import planner, seen_accounts
from workshop.accounts.plan import OwnAccountsPlan
from workshop.accounts.run import engine
from workshop.aws.clients import Clients
from workshop.deploy.jobs import Limits
from workshop.deploy.plan import StackAction
from workshop.events import Event
from workshop.naming import ORGANISER as KIND


def work(own: OwnAccounts, seat: str) -> dict[str, Any]:
    """Return what an attendee has: stacks by their ids, objects, notebooks since when."""
    stacks = own.within("cloudformation", seat).describe_stacks()["Stacks"]
    s3 = own.within("s3", seat)
    objects = {
        (bucket["Name"], one["Key"])
        for bucket in s3.list_buckets()["Buckets"]
        for one in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
    }
    notebooks = own.within("sagemaker", seat).list_notebook_instances()["NotebookInstances"]
    repositories = own.within("ecr", seat).describe_repositories()["repositories"]
    return {
        "stacks": {one["StackId"] for one in stacks if f"-{KIND}-" not in one["StackName"]},
        "objects": objects,
        "notebooks": {one["NotebookInstanceName"]: one["CreationTime"] for one in notebooks},
        "repositories": {one["repositoryName"]: one["createdAt"] for one in repositories},
    }


def save(own: OwnAccounts, seat: str) -> None:
    """Put an object into each bucket of a seat's account."""
    s3 = own.within("s3", seat)
    for bucket in s3.list_buckets()["Buckets"]:
        s3.put_object(Bucket=bucket["Name"], Key="model.bin", Body=b"weeks of work")


@pytest.fixture
def worked(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Two seats with work, and an organiser who is a user."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", "ben", key=organiser_key(enforcing))
    made.deploy(principals=ORGANISER)
    for seat in made.seats:
        save(made, seat)
    return made


def actions(own: OwnAccounts) -> dict[tuple[str, str], str]:
    """Return what a plan is about to do, by seat and stack."""
    ran = own.run("plan", "--json")
    return {
        (seat["seat"], stack["name"]): stack["action"]
        for seat in json.loads(ran.out)["seats"]
        for stack in seat["stacks"]
        if stack["action"] != "unchanged"
    }


def test_a_role_is_made_again_beside_all_that_its_account_holds(worked: OwnAccounts) -> None:
    before = work(worked, "ada")
    assert before["objects"]
    assert before["notebooks"]
    trusts_nobody(worked, "ada")
    assert actions(worked) == {("ada", ROLE): StackAction.CLEAR}
    assert ended(worked)["seats"] == {"done": 1, "unchanged": 1}
    assert work(worked, "ada") == before


@pytest.mark.parametrize(
    "operation",
    [
        "cloudformation:DescribeStacks",
        pytest.param("sts:AssumeRole", marks=pytest.mark.long),
    ],
)
def test_an_account_that_the_organization_closes_to_the_organiser_is_left_alone(
    worked: OwnAccounts, operation: str
) -> None:
    before, account = work(worked, "ada"), worked.account("ada")
    rule = {"effect": "denied", "policy": "organization", "operation": operation}
    by_role = operation.startswith("sts")
    worked.cloud.faults(
        {**rule, **({"match": f"*{account}*"} if by_role else {"account": account})}
    )
    assert actions(worked) == {}
    ran = worked.run("deploy")
    worked.cloud.faults()
    assert ran.err.endswith("nothing to do\n")
    assert f"{account} {REGION} (ada): what is there could not be read" in " ".join(ran.err.split())
    assert work(worked, "ada") == before


def failed(message: str, code: str = "AccessDenied") -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer, "AssumeRole")  # type: ignore[arg-type]


THE_ROLES = (
    failed("is not authorized to perform: sts:AssumeRole on resource: role"),
    failed("because no role trust policy allows the sts:AssumeRole action"),
)
OF_OTHERS = (
    failed("with an explicit deny in a service control policy"),
    failed("because no service control policy allows the sts:AssumeRole action"),
    failed("because no resource control policy allows the sts:AssumeRole action"),
    failed("Rate exceeded", "Throttling"),
    failed("try again", "ServiceUnavailable"),
    failed("The security token included in the request is expired", "ExpiredToken"),
    failed("STS is not activated in this region", "RegionDisabledException"),
    ReadTimeoutError(endpoint_url="https://sts.amazonaws.com"),
)


@pytest.mark.parametrize("error", [*THE_ROLES, *OF_OTHERS], ids=str)
def test_only_what_the_role_itself_refuses_has_it_made_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(*_: object, **__: object) -> Iterator[None]:
        raise error

    monkeypatch.setattr("workshop.aws.stacks.stacks", refused)
    place = AccountRegion("222222222222", REGION)
    seen = seen_accounts.look(None, [place])  # type: ignore[arg-type]
    assert (place in seen.refused) == (error in THE_ROLES)
    assert (place in seen.unknown) == (error in OF_OTHERS)
    assert not seen.stacks


@pytest.mark.parametrize(
    ("kind", "type_", "lost"),
    [
        ("notebook", "AWS::SageMaker::NotebookInstance", "what is on the notebook's disk"),
        ("registry", "AWS::ECR::Repository", "the images in them"),
    ],
)
def test_work_of_which_no_plan_could_tell_is_not_deleted(
    worked: OwnAccounts, kind: str, type_: str, lost: str
) -> None:
    """Behind a role that lets nobody in, somebody has failed to delete a stack with work."""
    before = work(worked, "ada")
    (stack,) = (name for name in worked.stacks("ada") if f"-seat-{kind}-attendee-" in name)
    kept = {"type": type_, "action": "delete", "code": "AccessDenied"}
    worked.cloud.faults({"effect": "handler", **kept})
    worked.within("cloudformation", "ada").delete_stack(StackName=stack)
    trusts_nobody(worked, "ada")
    worked.cloud.faults()
    ((told),) = (one["message"] for one in ended(worked, code=1)["failed"])
    assert "DELETE_FAILED" in told
    assert f"left, and {lost}, of which the plan could not tell; nothing was deleted" in told
    assert told.endswith("to do so, run: workshop deploy -e vision --only ada")
    assert work(worked, "ada") == before
    (cleared,) = actions(worked)
    assert cleared == ("ada", f"vision-seat-{kind}")
    assert ended(worked)["seats"] == {"done": 1, "unchanged": 1}


def planned(own: OwnAccounts) -> tuple[Clients, OwnAccountsPlan]:
    clients, loaded = own.clients(), own.loaded()
    made = planner.plan(clients, loaded, assembly(loaded), loaded.seats)
    return clients, made


def test_a_stack_that_was_made_again_since_the_plan_is_not_deleted_for_it(own: OwnAccounts) -> None:
    """A colleague may deploy while somebody still reads a plan."""
    own.deploy()
    (stack,) = (name for name in own.stacks("ben") if "-seat-notebook-attendee-" in name)
    own.within("cloudformation", "ben").delete_stack(StackName=stack)
    while stack in own.stacks("ben"):
        own.cloud.advance(60)
    with own.calling():
        clients, made = planned(own)
    lost = [one for one in made.stacks if one.action != StackAction.UNCHANGED]
    assert [(one.desired.seat, one.action) for one in lost] == [("ben", StackAction.CLEAR)]
    assert ended(own)["seats"] == {"done": 1, "unchanged": 2}
    before = work(own, "ben")
    told: list[Event] = []
    with own.calling():
        engine(
            *(clients, own.loaded(), made, told.append),
            limits=Limits(fastest_poll=0.01, slowest_poll=0.1, backoff=0.01),
            failure_percent=0,
        ).run()
    assert work(own, "ben") == before
    assert "made by somebody else" in [getattr(event, "message", "") for event in told]


def test_an_instance_whose_tags_somebody_took_off_is_not_taken_for_one_that_is_gone(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", settings=BOXES, key=organiser_key(cloud))
    own.deploy()
    ec2 = own.within("ec2", "ada")
    ((instance,),) = (found["Instances"] for found in ec2.describe_instances()["Reservations"])
    ec2.delete_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "workshop"}])
    assert StackAction.CLEAR not in actions(own).values()
    own.run("deploy")
    ((after,),) = (found["Instances"] for found in ec2.describe_instances()["Reservations"])
    assert (after["InstanceId"], after["State"]["Name"]) == (instance["InstanceId"], "running")
