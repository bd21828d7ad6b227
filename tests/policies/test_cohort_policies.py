"""Deployments from before the cohort's stack held the policies."""

from __future__ import annotations

import json

from tests.support.assemblies import shipped
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.teardown_demo import ADA


def test_a_deployment_whose_roles_have_policies_of_their_own_is_updated_to_the_cohorts(
    cloud: Cloud,
) -> None:
    """As deployments were before the cohort's stack held the policies."""
    cohort, access = (
        json.loads(shipped("demo").text(stack)) for stack in ("demo-cohort", ADA.stack("access"))
    )
    before = {key: one for key, one in cohort["Resources"].items() if "Boundary" in key}
    (boundary,) = before.values()
    boundary.pop("DependsOn")
    (role,) = access["Resources"].values()
    arns = role["Properties"].pop("ManagedPolicyArns")
    seat = {"Parameters": [{"ParameterKey": "AttendeeId", "ParameterValue": ADA.seat}]}
    role["Properties"]["Policies"] = [
        {"PolicyName": "data", "PolicyDocument": boundary["Properties"]["PolicyDocument"]}
    ]
    assert cloud.deploy("demo-cohort", template(before), **IAM) == "CREATE_COMPLETE"
    assert cloud.deploy(ADA.stack("access"), json.dumps(access), **seat, **IAM) == "CREATE_COMPLETE"
    for name in ("demo-cohort", ADA.stack("access")):
        parameters = seat if name != "demo-cohort" else {}
        status = cloud.update(name, shipped("demo").text(name), **parameters, **IAM)
        assert status == "UPDATE_COMPLETE", cloud.reasons(name, "UPDATE_FAILED")
    iam = cloud.client("iam")
    assert iam.list_role_policies(RoleName=ADA.role)["PolicyNames"] == []
    attached = iam.list_attached_role_policies(RoleName=ADA.role)["AttachedPolicies"]
    assert len(attached) == len(arns)
