"""What somebody has changed by hand in a seat's own account, of which StackSets tells nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import (
    ACCOUNT,
    ANYBODY,
    BOXES,
    REGION,
    SETTINGS,
    OwnAccounts,
    assembly,
    exemplar,
    founded,
    organiser_key,
)
from tests.support.stacksets import trust
from workshop.accounts import by_hand, desired, seen_accounts
from workshop.accounts.found_sets import FoundSets
from workshop.accounts.seen_accounts import SeenAccounts
from workshop.accounts.set_plan import SetPlan
from workshop.accounts.stack_sets import StackInstance
from workshop.accounts.values import SetValues
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.plan import StackAction, StackPlan
from workshop.deploy.templates import of_text

ROLE = "vision-cohort-organiser"
ORGANISER = f"arn:aws:iam::{ACCOUNT}:user/organiser"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def ended(own: OwnAccounts, *more: str, code: int = 0) -> dict[str, Any]:
    """Deploy and return the last line, which tells how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def delete(own: OwnAccounts, seat: str, kind: str) -> None:
    """Delete a stack of a seat's account by hand."""
    (stack,) = (name for name in own.stacks(seat) if f"-{kind}-attendee-" in name)
    own.within("cloudformation", seat).delete_stack(StackName=stack)
    assert stack not in own.stacks(seat)


def trusts_nobody(own: OwnAccounts, seat: str) -> None:
    document = trust(Service="ec2.amazonaws.com")
    own.within("iam", seat).update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)


def asks_for_another_id(own: OwnAccounts, seat: str) -> None:
    iam = own.within("iam", seat)
    document = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another"
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))


def may_nothing(own: OwnAccounts, seat: str) -> None:
    own.within("iam", seat).detach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)


def is_gone(own: OwnAccounts, seat: str) -> None:
    may_nothing(own, seat)
    own.within("iam", seat).delete_role(RoleName=ROLE)


def whose_stack_is_gone(own: OwnAccounts, seat: str) -> None:
    delete(own, seat, "organiser")
    delete(own, seat, "access")  # which shows only once somebody can look again


CHANGES = {
    "ben": trusts_nobody,
    "cleo": asks_for_another_id,
    "dan": may_nothing,
    "eve": is_gone,
    "finn": whose_stack_is_gone,
}


def test_a_role_that_lets_the_organiser_in_no_more_is_made_again(
    enforcing: Cloud, tmp_path: Path
) -> None:
    enforcing.reset()
    own = founded(enforcing, tmp_path, "ada", *CHANGES, key=organiser_key(enforcing))
    own.deploy(principals=ORGANISER)
    for seat, change in CHANGES.items():
        change(own, seat)
    seen = own.run("status")
    assert seen.code == 1
    cure = "made again where somebody has changed or deleted it, with: workshop deploy -e vision"
    assert cure in " ".join(seen.err.split())
    assert ended(own)["seats"] == {"done": 5, "unchanged": 1}
    assert "nothing could be read" not in own.run("status").err
    assert own.run("deploy").err.endswith("nothing to do\n")
    assert {len(own.stacks(seat)) for seat in own.seats} == {9}


def test_a_stack_or_a_notebook_that_is_gone_is_found_among_those_of_all_seats(
    own: OwnAccounts,
) -> None:
    own.deploy()
    delete(own, "ben", "access")
    notebooks = own.within("sagemaker", "cleo")
    notebooks.stop_notebook_instance(NotebookInstanceName="vision-seat-notebook")
    own.cloud.advance(600)
    notebooks.delete_notebook_instance(NotebookInstanceName="vision-seat-notebook")
    own.cloud.advance(600)
    seats = {one["seat"]: one for one in json.loads(own.run("plan", "--json").out)["seats"]}
    (ben,) = (one for one in seats["ben"]["stacks"] if one["action"] != "unchanged")
    assert (ben["name"], ben["message"]) == ("vision-seat-access", "somebody has deleted its stack")
    (cleo,) = (one for one in seats["cleo"]["stacks"] if one["action"] != "unchanged")
    assert cleo["message"] == "its notebook is missing, though the stack is CURRENT"
    assert not cleo["loses_work"]
    assert ended(own)["seats"] == {"done": 2, "unchanged": 1}
    assert {len(own.stacks(seat)) for seat in own.seats} == {9}
    again = own.within("sagemaker", "cleo").describe_notebook_instance(
        NotebookInstanceName="vision-seat-notebook"
    )
    assert again["NotebookInstanceStatus"] == "InService"
    assert own.run("deploy").err.endswith("nothing to do\n")


def update(own: OwnAccounts, seat: str, kind: str, **values: str) -> None:
    """Update a stack of a seat's account by hand, with other parameters and the same tags."""
    client = own.within("cloudformation", seat)
    (stack,) = (
        one
        for one in client.describe_stacks()["Stacks"]
        if f"-{kind}-attendee-" in one["StackName"]
    )
    client.update_stack(
        StackName=stack["StackName"],
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=stack["Tags"],
        Parameters=[
            {**one, "ParameterValue": values.get(one["ParameterKey"], one["ParameterValue"])}
            for one in stack["Parameters"]
        ],
    )


def parameters(own: OwnAccounts, seat: str, kind: str) -> dict[str, str]:
    (stack,) = (
        one
        for one in own.within("cloudformation", seat).describe_stacks()["Stacks"]
        if f"-{kind}-attendee-" in one["StackName"]
    )
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def test_parameters_that_somebody_has_changed_by_hand_are_told_and_set_again(
    own: OwnAccounts,
) -> None:
    """Ben has let somebody else in as well, who is nobody's organiser."""
    own.deploy()
    before = parameters(own, "ben", "organiser")
    both = f"{ANYBODY},arn:aws:iam::123456789012:user/somebody"
    update(own, "ben", "organiser", OrganiserPrincipals=both)
    assert parameters(own, "ben", "organiser") != before
    seats = {one["seat"]: one for one in json.loads(own.run("plan", "--json").out)["seats"]}
    assert [seats[seat]["action"] for seat in own.seats] == ["unchanged", "update", "unchanged"]
    (changed,) = (one for one in seats["ben"]["stacks"] if one["action"] != "unchanged")
    assert changed["message"] == (
        "somebody has changed its parameters by hand (OrganiserPrincipals): they are set again"
    )
    assert ended(own)["seats"] == {"done": 1, "unchanged": 2}
    assert parameters(own, "ben", "organiser") == before
    assert own.run("deploy").err.endswith("nothing to do\n")


def test_a_seats_id_that_somebody_has_changed_by_hand_is_told_and_replaces_nothing(
    alone: OwnAccounts,
) -> None:
    update(alone, "ada", "monitoring", AttendeeId="eve")
    ((failed),) = ended(alone, code=1)["failed"]
    assert failed["message"] == (
        "vision-seat-monitoring: somebody has changed its parameters by hand (AttendeeId): they are"
        " set again; the dashboard's dashboard name cannot be changed in place, and CloudFormation"
        " replaces nothing that has a name; tear ada down first (whatever is on a notebook's disk"
        " is lost), or take the change back"
    )
    update(alone, "ada", "monitoring", AttendeeId="seat")
    assert alone.run("deploy").err.endswith("nothing to do\n")


MACHINE = {
    "Parameters": {"Image": {"Type": "String", "Default": "ami-1"}, "Size": {"Type": "String"}},
    "Resources": {
        "Box": {
            "Type": "AWS::EC2::Instance",
            "Properties": {"ImageId": {"Ref": "Image"}, "InstanceType": {"Fn::Sub": "t3.${Size}"}},
        }
    },
}


@pytest.mark.parametrize(
    ("seen", "remove", "action", "effects"),
    [
        ({"Image": "ami-1", "Size": "large"}, (), "unchanged", []),
        ({"Image": "****", "Size": "large"}, (), "unchanged", []),
        ({"Image": "ami-1", "Size": "small"}, (), "update", ["restart"]),
        ({"Image": "ami-2", "Size": "large"}, (), "refused", ["replaced"]),
        ({"Image": "ami-2", "Size": "large"}, ("ec2:disk",), "update", ["replaced"]),
    ],
)
def test_a_machine_is_replaced_with_consent_alone(
    seen: dict[str, str], remove: tuple[str, ...], action: str, effects: list[str]
) -> None:
    """The set gives one value, and the template's default is another; one nobody may read."""
    loaded = exemplar().loaded
    seat = loaded.seats[0]
    wanted = replace(
        next(iter(desired.sets(loaded, assembly(loaded), [seat]))),
        template=of_text(json.dumps(MACHINE)),
    )
    of_set = SetPlan(wanted, None, SetValues({"Size": "large"}))
    stack = replace(summary("stack", "CREATE_COMPLETE"), parameters=seen)
    plan = StackPlan(wanted.of(seat), stack, StackAction.UNCHANGED, remove=frozenset(remove))
    made = by_hand.changed(of_set, plan, {"stack": stack})
    changes = by_hand.taken_back(of_set, made) if made.by_hand else ()
    assert [change.effect for change in changes] == effects
    assert by_hand.with_changes(made, changes).action == action


def test_an_idle_run_asks_two_things_of_each_account(own: OwnAccounts) -> None:
    own.deploy()
    made: list[Clients] = []
    of = Clients.of

    def noted(loaded: LoadedEnvironment) -> Clients:
        made.append(of(loaded))
        return made[-1]

    with mock.patch.object(Clients, "of", noted):
        assert own.run("deploy").err.endswith("nothing to do\n")
    (clients,) = made
    of_each = {"cloudformation:DescribeStacks", "sagemaker:ListNotebookInstances"}
    assert {clients.calls[call] for call in of_each} == {len(own.seats)}
    # All else is asked at home: by set, by page, or once.
    sets = len(own.sets())
    by_set = {"cloudformation:DescribeStackSet", "cloudformation:ListStackInstances"}
    assert {clients.calls[call] for call in by_set} == {sets}
    assert max(clients.calls[call] for call in clients.calls.keys() - of_each - by_set) <= 2


@pytest.fixture
def alone(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """One seat that is deployed, and an organiser who is a user."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", key=organiser_key(enforcing))
    made.deploy(principals=ORGANISER)
    return made


def test_what_keeps_a_role_from_being_deleted_is_told_and_then_it_is_made_again(
    alone: OwnAccounts,
) -> None:
    """IAM deletes no role to which somebody has given policies by hand."""
    iam = alone.within("iam", "ada")
    own_one = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [own_one]})
    iam.put_role_policy(RoleName=ROLE, PolicyName="mine", PolicyDocument=document)
    trusts_nobody(alone, "ada")
    for _ in range(2):
        ((failed),) = ended(alone, code=1)["failed"]
        assert failed["message"].endswith(
            "take from it what somebody has added by hand in account"
            f" {alone.account('ada')}, then run: workshop deploy -e vision --only ada"
        )
    iam.delete_role_policy(RoleName=ROLE, PolicyName="mine")
    assert ended(alone, "--only", "ada")["seats"] == {"done": 1}


def test_a_role_that_is_not_the_workshops_is_told_alone(enforcing: Cloud, tmp_path: Path) -> None:
    enforcing.reset()
    own = founded(enforcing, tmp_path, "ada", "ben", key=organiser_key(enforcing))
    own.write(settings=SETTINGS.replace("mode: ou,", "mode: ou, role: visitor, external_id: abc,"))
    own.let_in("ada", "visitor")
    own.deploy()
    ran = own.run("deploy")
    assert ran.err.endswith("nothing to do\n")
    told = " ".join(ran.err.split())
    assert f"{own.account('ben')} us-east-1 (ben): nothing could be read: AssumeRole" in told
    assert "let their role 'visitor' trust account 000000000000" in told
    assert {len(own.stacks(seat)) for seat in own.seats} == {8}


def test_a_role_that_was_made_in_place_of_the_workshops_is_told_with_the_cure(
    alone: OwnAccounts,
) -> None:
    """It lets the organiser in, and whoever has made it as well."""
    iam = alone.within("iam", "ada")
    document = json.dumps(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"])
    delete(alone, "ada", "organiser")
    iam.create_role(RoleName=ROLE, Path="/ws/vision/", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    ((failed),) = ended(alone, code=1)["failed"]
    assert failed["message"].endswith(
        "already exists. (HandlerErrorCode: AlreadyExists); save what you need of it and delete it,"
        f" which is in no stack, in account {alone.account('ada')}, then run: workshop deploy -e"
        " vision --only ada"
    )
    may_nothing(alone, "ada")
    iam.delete_role(RoleName=ROLE)
    assert ended(alone)["seats"] == {"done": 1}


def test_whoever_is_let_in_only_now_sees_then_what_is_gone(alone: OwnAccounts) -> None:
    delete(alone, "ada", "access")
    iam = alone.cloud.client("iam")
    iam.create_user(UserName="second")
    iam.attach_user_policy(UserName="second", PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName="second")["AccessKey"]
    alone.key = (key["AccessKeyId"], key["SecretAccessKey"])
    assert f"let in as well: arn:aws:iam::{ACCOUNT}:user/second" in " ".join(
        alone.run("plan").out.split()
    )
    assert ended(alone)["seats"] == {"done": 1}
    assert len(alone.stacks("ada")) == 9
    assert alone.run("deploy").err.endswith("nothing to do\n")


@pytest.mark.long
def test_what_is_gone_is_made_again_in_other_regions_and_of_other_profiles(
    own: OwnAccounts,
) -> None:
    own.profiles["ben"], own.regions["cleo"] = "author", "eu-west-1"
    own.write()
    assert ended(own)["seats"] == {"done": 3}
    for seat, region in (("ben", REGION), ("cleo", "eu-west-1")):
        client = own.within("cloudformation", seat, region)
        names = [one["StackName"] for one in client.describe_stacks()["Stacks"]]
        client.delete_stack(StackName=next(name for name in names if "-seat-access-" in name))
    assert ended(own)["seats"] == {"done": 2, "unchanged": 1}
    assert own.run("deploy").err.endswith("nothing to do\n")


def test_what_an_update_does_to_an_instance_is_told_and_asked_for_as_in_one_account(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", settings=BOXES, key=organiser_key(cloud))
    own.deploy()
    own.edits['"ImageId": "'] = '"ImageId": "ami-0123'
    told = " ".join(own.run("plan").out.split())
    assert "it is REPLACED, and what is on its disk is lost" in told
    assert "and replace it with: workshop deploy -e vision --remove ec2:disk, or take" in told
    agreed = json.loads(own.run("plan", "--remove", "ec2:disk", "--json").out)
    assert agreed["totals"]["update"] == 1
    own.edits.clear()
    ec2 = own.within("ec2", "ada")
    ((instance,),) = (found["Instances"] for found in ec2.describe_instances()["Reservations"])
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    own.cloud.advance(600)
    (box,) = (
        stack
        for stack in json.loads(own.run("plan", "--json").out)["seats"][0]["stacks"]
        if stack["action"] != "unchanged"
    )
    assert box["message"] == "its EC2 instance is missing, though the stack is CURRENT"


def summary(stack: str, status: str) -> StackSummary:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return StackSummary(stack, stack, status, "", at, None, protected=False, tags={})


@pytest.mark.parametrize(
    ("status", "reason", "there", "become"),
    [
        ("CURRENT", "", "CREATE_COMPLETE", ""),
        ("CURRENT", "", "UPDATE_ROLLBACK_COMPLETE", ""),
        ("CURRENT", "", "DELETE_FAILED", "DELETE_FAILED"),
        ("CURRENT", "", "DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS"),
        ("CURRENT", "", "gone", "somebody has deleted its stack"),
        ("CURRENT", "", "refused", "it lets you in no more (AssumeRole: AccessDenied): somebody"),
        ("CURRENT", "", "unknown", ""),
        ("OUTDATED", "the quota is exceeded", "refused", ""),
        ("OUTDATED", "Role was not found", "refused", "it lets you in no more"),
    ],
)
def test_what_became_of_a_stack_is_told_by_what_its_account_shows(
    status: str, reason: str, there: str, become: str
) -> None:
    loaded, name = exemplar().loaded, "vision-cohort-organiser-attendee"
    place = loaded.seats[0].account_region
    instance = StackInstance(place, status, "", reason, "stack")
    found = FoundSets({}, {name: {place: instance}})
    denied = {place: "AssumeRole: AccessDenied"}
    stacks = {} if there == "gone" else {"stack": summary("stack", there)}
    seen = {"refused": SeenAccounts(refused=denied), "unknown": SeenAccounts(unknown=denied)}.get(
        there, SeenAccounts({place: stacks})
    )
    lost = seen_accounts.lost(loaded, found, seen)
    assert [stack.message.startswith(become) for stack in lost.values()] == [True] * bool(become)
