"""Roles that IAM is behind with: what it lists and has not any more stops no deletion."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import HERE
from workshop.aws.clients import Clients
from workshop.teardown import freeze, roles
from workshop.teardown.resource import Ownership, Resource

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
