"""Roles that IAM is behind with: what it lists and has not any more stops no deletion."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud, template
from tests.support.teardown_demo import HERE
from workshop.aws.clients import Clients
from workshop.teardown import freeze, roles
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.stacks import StackDeleter
from workshop.teardown.waits import STACKS

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    return teardown_demo.connect(cloud, monkeypatch)


def test_a_policy_that_is_listed_and_gone_stops_no_deletion_of_its_role(
    cloud: Cloud, clients: Clients
) -> None:
    iam = cloud.client("iam")
    cloud.role("ada")
    cloud.freeze()
    cloud.faults({"effect": "stale", "operation": "iam:ListRolePolicies", "seconds": 60})
    for name in ("first", "second"):
        iam.put_role_policy(RoleName="ada", PolicyName=name, PolicyDocument=POLICY)
    cloud.advance(61)
    assert len(iam.list_role_policies(RoleName="ada")["PolicyNames"]) == 2
    iam.delete_role_policy(RoleName="ada", PolicyName="first")
    assert "first" in iam.list_role_policies(RoleName="ada")["PolicyNames"]
    roles.delete(clients, Resource(roles.ROLE, "ada", HERE, Ownership.OWNED, ""))
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="ada")


@pytest.mark.parametrize(
    ("code", "times", "outcome", "pauses"),
    [
        ("DeleteConflict", 2, DeletionOutcome.DELETED, 2),
        ("DeleteConflict", 99, DeletionOutcome.STUCK, STACKS.attempts - 1),
        ("UnmodifiableEntity", 1, DeletionOutcome.STUCK, 0),
    ],
)
def test_a_role_whose_policies_are_just_gone_is_deleted_a_little_later(
    cloud: Cloud,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    *,
    code: str,
    times: int,
    outcome: DeletionOutcome,
    pauses: int,
) -> None:
    cloud.role("ada")
    client = clients.client("iam", HERE)
    delete, refusals = client.delete_role, iter(range(times))

    def refusing(**request: Any) -> Any:
        if next(refusals, None) is None:
            return delete(**request)
        answer: Any = {"Error": {"Code": code, "Message": "Cannot delete entity"}}
        raise ClientError(answer, "DeleteRole")

    monkeypatch.setattr(client, "delete_role", refusing)
    waits: list[float] = []
    here = teardown_demo.context(clients)
    deleter = StackDeleter(clients, here, {}, (), lambda _: None, pause=waits.append)
    role = Resource(roles.ROLE, "ada", HERE, Ownership.OWNED, "")
    assert [result.outcome for result in deleter.delete_orphans([role])] == [outcome]
    assert len(waits) == pauses


def test_a_stack_whose_export_is_in_use_is_told_in_the_words_of_cloudformation(
    cloud: Cloud, clients: Clients
) -> None:
    def parameter(name: str, value: Any) -> dict[str, Any]:
        properties = {"Name": name, "Type": "String", "Value": value}
        return {"P": {"Type": "AWS::SSM::Parameter", "Properties": properties}}

    output = {"Out": {"Value": "1", "Export": {"Name": "shared"}}}
    cloud.deploy("maker", template(parameter("made", "1"), Outputs=output))
    cloud.deploy("user", template(parameter("used", {"Fn::ImportValue": "shared"})))
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="maker")["Stacks"]
    resource = Resource("stack", "maker", HERE, Ownership.OWNED, "", arn=stack["StackId"])
    here = teardown_demo.context(clients)
    deleter = StackDeleter(clients, here, {}, (), lambda _: None, pause=lambda _: None)
    (result,) = deleter.delete([resource])
    assert result.outcome is DeletionOutcome.STUCK
    assert "shared" in result.message
    assert "user" in result.message


def test_the_freeze_goes_off_where_a_partition_has_no_policy_that_denies_all(
    cloud: Cloud, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = cloud.client("iam")
    teardown_demo.deploy(cloud, teardown_demo.ADA)
    name = teardown_demo.ADA.role
    assert freeze.freeze(clients, "demo", HERE, [name]) == {}

    def unknown(**_: Any) -> None:
        answer: Any = {"Error": {"Code": "NoSuchEntity", "Message": "no such policy"}}
        raise ClientError(answer, "PutRolePermissionsBoundary")

    monkeypatch.setattr(clients.client("iam", HERE), "put_role_permissions_boundary", unknown)
    freeze.prepare_role_for_deletion(clients, HERE, name)
    left = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert not [one for one in left if one["PolicyName"].endswith("-freeze")]
