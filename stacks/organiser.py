"""The organiser's stack: the role by which the organiser is in an account that is a seat's own."""

from __future__ import annotations

from aws_cdk import CfnParameter, Fn
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.base import Placement, WorkshopStack
from stacks.nag import acknowledge
from workbench.fn_sub import sub
from workshop.naming import ORGANISER, ORGANISER_ACCOUNT, ORGANISER_PRINCIPALS

_EVERYTHING = "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"
_WHY_EVERYTHING = (
    "a teardown finds and deletes whatever an attendee made with any service, and the account is"
    " one attendee's for one workshop"
)


class OrganiserStack(WorkshopStack):
    """A role that principals of the organiser's account may take on who know an external id.

    No person can use the roles by which StackSets itself is in an account of an organization
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-enable-trusted-access.html).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, placement: Placement, external_id: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=placement.names.stack(ORGANISER),
            description="The role by which whoever runs a workshop is in an attendee's account.",
            placement=placement,
        )
        CfnParameter(
            self,
            ORGANISER_ACCOUNT,
            type="String",
            allowed_pattern="[0-9]{12}",
            description="The account whose principals may take on the role",
        )
        principals = CfnParameter(
            self,
            ORGANISER_PRINCIPALS,
            type="CommaDelimitedList",
            description="Those of its principals that may, by their ARNs",
        )
        role = iam.CfnRole(
            self,
            "Role",
            role_name=sub(placement.inside.organiser_role),
            path=placement.inside.iam_path,
            description="Whoever runs the workshop",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {
                            "AWS": Fn.sub(
                                f"arn:${{AWS::Partition}}:iam::${{{ORGANISER_ACCOUNT}}}:root"
                            )
                        },
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"sts:ExternalId": external_id},
                            "ArnLike": {"aws:PrincipalArn": principals.value_as_list},
                        },
                    }
                ],
            },
            managed_policy_arns=[Fn.sub(_EVERYTHING)],
        )
        finding = _EVERYTHING.replace("${", "<").replace("}", ">")
        acknowledge(role, {f"AwsSolutions-IAM4[Policy::{finding}]": _WHY_EVERYTHING})
        self._output("RoleName", placement.inside.organiser_role, "The role's name")
