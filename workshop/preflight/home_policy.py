"""The least that whoever runs a workshop of seats' own accounts has to be allowed at home.

There are the stack sets, the organization is asked, and the role in each account is taken on.
"""

from __future__ import annotations

from workshop.config.environment import LoadedEnvironment
from workshop.policies.actions import actions
from workshop.policies.documents import Document
from workshop.preflight import permissions
from workshop.preflight.called_actions import OF_BILL, OF_COMMON_BILL
from workshop.preflight.organiser_policy import allowing, in_documents

OF_STACK_SETS = actions(
    "cloudformation",
    "CreateStackInstances CreateStackSet DeleteStackInstances DeleteStackSet",
    "DescribeStackInstance DescribeStackSet DescribeStackSetOperation ListStackInstances",
    "ListStackSetOperationResults ListStackSetOperations StopStackSetOperation",
    "TagResource UntagResource UpdateStackSet",
)
OF_ORGANIZATION = actions(
    "organizations",
    "DescribeAccount DescribeOrganization DescribePolicy ListAccountsForParent",
    "ListOrganizationalUnitsForParent ListParents ListPoliciesForTarget ListRoots",
)
OTHER_READS = (
    *("cloudformation:DescribeOrganizationsAccess", "cloudformation:DescribeStacks"),
    "cloudformation:ListStackSets",
    *("iam:GetRole", "iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy"),
    "sts:GetCallerIdentity",
)


def documents(loaded: LoadedEnvironment, partition: str) -> list[Document]:
    """Return the policies of whoever calls in the environment's account."""
    accounts, iam = loaded.settings.accounts, f"arn:{partition}:iam:"
    # A teardown proves of home as well that nothing is left there.
    reads = sorted(
        {*OTHER_READS, *OF_ORGANIZATION, *OF_BILL, *OF_COMMON_BILL, *permissions.reads()[1]}
    )
    made = [
        # Of any name: no call that makes a set, or lists them all, is authorized by one.
        allowing("StackSets", OF_STACK_SETS, ["*"]),
        allowing("Read", reads, ["*"]),
        allowing("BeInAccounts", ["sts:AssumeRole"], [f"{iam}:*:role/{loaded.member_role}"]),
    ]
    if accounts.permissions == "self-managed":
        role = f"{iam}:{loaded.home.account}:role/{accounts.administration_role}"
        by_stack_sets = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
        passing = allowing("PassAdministrationRole", ["iam:PassRole"], [role])
        made.append({**passing, "Condition": by_stack_sets})
    return in_documents(made)
