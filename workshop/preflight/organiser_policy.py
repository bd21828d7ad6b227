"""The least that whoever runs a workshop has to be allowed, as IAM policies.

It is what a preflight asks for, on the names of this workshop where IAM knows them: whatever a
deployment, a handout and a teardown call, and what CloudFormation's handlers may call for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from workshop.naming import COHORT, DOOR_MAKES, MLFLOW_APP, SEAT_STACKS, Names
from workshop.policies.documents import MANAGED_LIMIT, Document, characters
from workshop.preflight import called_actions, handlers, permissions
from workshop.status import collector

Statement = dict[str, Any]

OF_PREFLIGHT = (
    *("ec2:DescribeCapacityReservations", "ec2:DescribeImages", "ec2:DescribeInstances"),
    "ec2:DescribeInstanceTypeOfferings",
    *("ec2:DescribeInstanceTypes", "ec2:DescribeRegions", "ec2:DescribeSecurityGroups"),
    *("ec2:DescribeSubnets", "ec2:DescribeVpcs", "iam:GetAccountSummary", "iam:GetUser"),
    *("iam:SimulatePrincipalPolicy", "s3:ListAllMyBuckets"),
    *("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
    "servicequotas:ListRequestedServiceQuotaChangeHistory",
    *("servicequotas:RequestServiceQuotaIncrease", "sts:GetCallerIdentity"),
)
"""What a preflight itself reads, and asks for."""

OF_TEARDOWN_ROLES = (
    *("iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:AttachRolePolicy"),
    *("iam:PutRolePermissionsBoundary", "iam:RemoveRoleFromInstanceProfile"),
)
"""What a teardown does to the workshop's roles."""

BOX_MAKES = SEAT_STACKS["box"].makes
_NAMED = {
    called_actions.STACK: "cloudformation:{region}:{account}:stack/{workshop}-*/*",
    called_actions.ROLE: "iam::{account}:role/ws/{workshop}/*",
    called_actions.POLICY: "iam::{account}:policy/ws/{workshop}/*",
    "AWS::S3::Bucket": "s3:::{workshop}-*",
    "AWS::S3::BucketPolicy": "s3:::{workshop}-*",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{workshop}/*",
    "AWS::SageMaker::NotebookInstance": (
        "sagemaker:{region}:{account}:notebook-instance/{workshop}-*"
    ),
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": (
        "sagemaker:{region}:{account}:notebook-instance-lifecycle-config/{workshop}-*"
    ),
    MLFLOW_APP: "sagemaker:{region}:{account}:mlflow-app/*",
    "AWS::IAM::InstanceProfile": "iam::{account}:instance-profile/ws/{workshop}/*",
    "AWS::CloudWatch::Dashboard": "cloudwatch::{account}:dashboard/{workshop}-*",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{workshop}-*",
    "AWS::Lambda::Url": "lambda:{region}:{account}:function:{workshop}-*",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{workshop}-*",
    "AWS::SNS::Topic": "sns:{region}:{account}:{workshop}-*",
    "AWS::SNS::Subscription": "sns:{region}:{account}:{workshop}-*",
    called_actions.PARAMETER: "ssm:{region}:{account}:parameter/ws/{workshop}/*",
    called_actions.WATCH_LOGS: "logs:{region}:{account}:log-group:/aws/lambda/{workshop}-*",
    called_actions.LOG_GROUP: "logs:{region}:{account}:log-group:" + collector.LOG_GROUP + "*",
}
"""By type, the ARNs of what has the workshop's names."""


@dataclass(frozen=True)
class OrganiserScope:
    """One account, and where and under which name the workshop is in it."""

    workshop: str
    account: str
    regions: tuple[str, ...]
    partition: str = "aws"
    in_vpc: bool = False
    has_door: bool = False
    has_mlflow: bool = False
    has_box: bool = False
    has_common_bill: bool = False


def statements(scope: OrganiserScope) -> list[Statement]:
    """Return the statements of an account, each with a Sid of its own."""
    named: dict[tuple[str, ...], dict[str, None]] = {}
    everywhere: dict[str, None] = dict.fromkeys(called_actions.ACTIONS["*"])
    of_boxes = _of_boxes() if scope.has_box else ()
    for resource_type, pattern in _NAMED.items():
        if resource_type in DOOR_MAKES and not scope.has_door:
            continue
        if resource_type == MLFLOW_APP and not scope.has_mlflow:
            continue
        if resource_type in BOX_MAKES and not scope.has_box:
            continue
        actions = [
            *called_actions.ACTIONS.get(resource_type, ()),
            *handlers.of_type(resource_type, in_vpc=scope.in_vpc),
        ]
        resources = _arns(scope, pattern)
        for action in actions:
            if action.startswith("ec2:"):
                everywhere[action] = None
            elif action != "iam:PassRole":
                named.setdefault(resources, {})[action] = None
    roles = _arns(scope, _NAMED[called_actions.ROLE])
    named[roles].update(dict.fromkeys(OF_TEARDOWN_ROLES))
    objects = _arns(scope, _NAMED["AWS::S3::Bucket"] + "/*")
    named[objects] = dict.fromkeys((*called_actions.OF_OBJECTS, *called_actions.OF_WORK))
    # Whoever may not list a bucket is not told that an object is missing, but that it is closed.
    named[_arns(scope, _NAMED["AWS::S3::Bucket"])]["s3:ListBucket"] = None
    reads = {*permissions.reads()[1], *OF_PREFLIGHT, *called_actions.OF_BILL, *everywhere}
    reads.add("cloudformation:DescribeStacks")
    if scope.has_common_bill:
        reads.update(called_actions.OF_COMMON_BILL)
    if scope.has_door:
        reads.add("lambda:GetAccountSettings")
    anybody = Names(scope.workshop, COHORT, scope.account, scope.regions[0])
    (_, deletes), _ = permissions.deletes(anybody, scope.partition, bucket="datasets")
    passing = {
        **allowing("PassRoles", ["iam:PassRole"], roles),
        "Condition": {
            "StringEquals": {
                "iam:PassedToService": [
                    *(["ec2.amazonaws.com"] if scope.has_box else []),
                    *("lambda.amazonaws.com", "sagemaker.amazonaws.com"),
                ]
            }
        },
    }
    return [
        # What is read of everything need not be allowed on single resources as well.
        *(
            allowing(_sid(left), left, some)
            for some, actions in named.items()
            if (left := [action for action in actions if action not in reads])
        ),
        passing,
        allowing("Read", sorted(reads), ("*",)),
        *(
            {
                **allowing("Instances", of_boxes, ("*",)),
                "Condition": {"StringEquals": {"aws:RequestedRegion": list(scope.regions)}},
            }
            for _ in of_boxes[:1]
        ),
        {
            **allowing("DeleteWhatAttendeesMake", sorted(deletes), ("*",)),
            "Condition": {"StringEquals": {"aws:RequestedRegion": list(scope.regions)}},
        },
    ]


def _of_boxes() -> tuple[str, ...]:
    """Return what is called of EC2 for the seats' instances, whose ids nobody knows before."""
    called: dict[str, None] = {}
    for resource_type in BOX_MAKES:
        some = (
            *called_actions.ACTIONS[resource_type],
            *handlers.of_type(resource_type, in_vpc=True),
        )
        called.update(dict.fromkeys(action for action in some if action.startswith("ec2:")))
    return tuple(sorted(called))


def documents(scope: OrganiserScope, *, without: str = "") -> list[Document]:
    """Return the policies of an account, none larger than IAM takes a managed one.

    ``without`` leaves out the statement with this Sid.
    """
    return in_documents(statement for statement in statements(scope) if statement["Sid"] != without)


def in_documents(some: Iterable[Statement]) -> list[Document]:
    """Return policies of these statements, none larger than IAM takes a managed one."""
    made: list[Document] = []
    room: list[Statement] = []
    for statement in _fitting(some):
        if room and _size([*room, statement]) > MANAGED_LIMIT:
            made.append(_document(room))
            room = []
        room.append(statement)
    return [*made, _document(room)]


def _fitting(some: Iterable[Statement]) -> Iterator[Statement]:
    """Yield statements that fit into a policy, a larger one in parts."""
    for statement in some:
        actions, parts = statement["Action"], 1
        while _size([{**statement, "Action": _first(actions, parts)}]) > MANAGED_LIMIT:
            parts += 1
        step = len(_first(actions, parts))
        for number, start in enumerate(range(0, len(actions), step), 1):
            sid = statement["Sid"] if parts == 1 else f"{statement['Sid']}{number}"
            yield {**statement, "Sid": sid, "Action": actions[start : start + step]}


def _first(actions: list[str], parts: int) -> list[str]:
    """Return the first of so many parts, the last of which may be smaller."""
    return actions[: -(-len(actions) // parts)]


def services(scope: OrganiserScope) -> tuple[str, ...]:
    """Return the services that the policies name, as IAM calls them."""
    actions = (action for statement in statements(scope) for action in statement["Action"])
    return tuple(sorted({action.partition(":")[0] for action in actions}))


def _arns(scope: OrganiserScope, pattern: str) -> tuple[str, ...]:
    found = dict.fromkeys(
        f"arn:{scope.partition}:"
        + pattern.format(region=region, account=scope.account, workshop=scope.workshop)
        for region in scope.regions
    )
    return tuple(found)


def allowing(sid: str, actions: Collection[str], resources: Collection[str]) -> Statement:
    """Return a statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}


def _sid(actions: list[str]) -> str:
    """Name a statement after its first action: ``s3CreateBucket``."""
    return actions[0].replace(":", "")


def _document(some: list[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": some}


def _size(some: list[Statement]) -> int:
    return characters(_document(some))
