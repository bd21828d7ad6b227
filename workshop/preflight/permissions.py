"""Whether the caller may make what a deployment makes, as IAM's simulation says.

CloudFormation acts with the caller's own rights, so these need every action on every kind of
resource. Simulated are one seat's names; service control policies are taken into account as far as
IAM does, and conditions on what no simulation knows leave the answer open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.naming import SEAT_STACKS, Names
from workshop.policies.actions import actions
from workshop.preflight.checks import Check, CheckState, unknown
from workshop.status import collector
from workshop.teardown.resources import ALL

SUBJECT = "permissions"
SHOWN = 5
"""How many actions of one service a sentence names."""

READS_SUBJECT = "permissions to tear down"

OF_STACKS_AND_ROLES = (
    *("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
    *("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole"),
    *("iam:ListPolicies", "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:ListRoles"),
)
"""What a teardown reads of what is deleted in steps of its own; the rest, resource types say."""

STACK, POLICY, LOG_GROUP = (
    "AWS::CloudFormation::Stack",
    "AWS::IAM::ManagedPolicy",
    "AWS::Logs::LogGroup",
)
ACTIONS: dict[str, tuple[str, ...]] = {
    STACK: actions(
        "cloudformation",
        "CreateStack UpdateStack DeleteStack DescribeStacks UpdateTerminationProtection",
        "RollbackStack",
        "DescribeStackEvents DescribeEvents GetTemplate",
    ),
    "AWS::IAM::Role": actions(
        "iam",
        "CreateRole GetRole TagRole AttachRolePolicy DetachRolePolicy GetRolePolicy",
        "DeleteRolePolicy DeleteRole PassRole",
    ),
    POLICY: actions(
        "iam",
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy",
        "ListPolicyVersions",
    ),
    "AWS::S3::Bucket": actions(
        "s3",
        "CreateBucket PutBucketTagging PutBucketVersioning PutBucketPolicy",
        "PutBucketPublicAccessBlock PutBucketOwnershipControls PutEncryptionConfiguration",
        "PutLifecycleConfiguration DeleteBucket",
    ),
    "AWS::S3::BucketPolicy": (),  # a part of its bucket
    "AWS::ECR::Repository": actions(
        "ecr",
        "CreateRepository DescribeRepositories PutLifecyclePolicy TagResource DeleteRepository",
    ),
    "AWS::SageMaker::NotebookInstance": actions(
        "sagemaker",
        "CreateNotebookInstance DescribeNotebookInstance StartNotebookInstance",
        "StopNotebookInstance CreatePresignedNotebookInstanceUrl DeleteNotebookInstance AddTags",
    ),
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": actions(
        "sagemaker",
        "CreateNotebookInstanceLifecycleConfig DescribeNotebookInstanceLifecycleConfig",
        "DeleteNotebookInstanceLifecycleConfig",
    ),
    "AWS::CloudWatch::Dashboard": actions("cloudwatch", "PutDashboard GetDashboard"),
    LOG_GROUP: actions("logs", "DescribeLogStreams"),
    "*": (
        *actions("sagemaker", "ListNotebookInstances ListTrainingJobs ListProcessingJobs"),
        *actions("sagemaker", "ListTransformJobs ListHyperParameterTuningJobs ListEndpoints"),
        *("sagemaker:Search", "tag:GetResources"),
    ),
}
"""By resource type, what CloudFormation's handlers and a deployment calls for a seat.

``*`` holds what IAM can allow on no single resource.
"""

Question = tuple[str, tuple[str, ...]]
"""The ARN of a resource, and the actions on it."""

_ANY_STACK = "00000000-0000-0000-0000-000000000000"
"""In place of a stack's id, which nobody knows before it is made."""


@dataclass(frozen=True)
class SimulatedDecision:
    """What the simulation says of one action; ``open``: it hangs on keys that were not given."""

    action: str
    resource: str
    allowed: bool
    open: bool


def is_root(caller: str) -> bool:
    """Return whether an ARN of STS is that of the account's root, who needs no permission."""
    return caller.endswith(":root")


def questions(names: Names, partition: str, *, bucket: str, repository: str) -> Iterator[Question]:
    """Yield what a deployment does to the resources of one seat and its cohort."""
    names = replace(names, partition=partition)
    here = f"{names.region}:{names.account}"
    lifecycle = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
    stack = f"stack/{names.stack(next(iter(SEAT_STACKS)))}/{_ANY_STACK}"
    resources = {
        STACK: f"arn:{partition}:cloudformation:{here}:{stack}",
        "AWS::IAM::Role": names.role_arn,
        POLICY: names.boundary_arn,
        "AWS::S3::Bucket": names.bucket_arn(bucket),
        "AWS::ECR::Repository": names.repository_arn(repository),
        "AWS::SageMaker::NotebookInstance": names.notebook_arn,
        lifecycle: names.sagemaker_arn(
            "notebook-instance-lifecycle-config", names.lifecycle_config
        ),
        "AWS::CloudWatch::Dashboard": names.dashboard_arn,
        LOG_GROUP: f"arn:{partition}:logs:{here}:log-group:{collector.LOG_GROUP}",
        "*": "*",
    }
    made = {resource_type for kind in SEAT_STACKS.values() for resource_type in kind.makes}
    for resource_type in sorted({STACK, POLICY, *made, LOG_GROUP, "*"}, key=[*ACTIONS].index):
        if ACTIONS[resource_type]:
            yield resources[resource_type], ACTIONS[resource_type]


def reads() -> Question:
    """Return what a teardown reads of whatever it finds, in a lasting order.

    It looks at what is not the workshop's as well, to prove that: so it is asked of everything.
    """
    of_types = {action for resource_type in ALL for action in resource_type.reads}
    return "*", tuple(sorted(of_types.union(OF_STACKS_AND_ROLES)))


def simulated(
    clients: Clients, place: AccountRegion, caller: str, asked: Collection[Question]
) -> tuple[SimulatedDecision, ...]:
    """Return IAM's answers for the caller with this ARN; one call for each resource.

    The policies are those of a user or role. A session's ARN leaves its role's path out, so the
    role is asked for it: raises ClientError where it may not be read.
    """
    iam = clients.client("iam", place)
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind == "assumed-role":
        caller = iam.get_role(RoleName=name.partition("/")[0])["Role"]["Arn"]
    context = [
        _entry("aws:RequestedRegion", place.region),
        _entry("iam:PassedToService", "sagemaker.amazonaws.com"),
    ]
    pages = iam.get_paginator("simulate_principal_policy")
    return tuple(
        SimulatedDecision(
            result["EvalActionName"],
            resource,
            allowed=result["EvalDecision"] == "allowed",
            open=bool(result.get("MissingContextValues")),
        )
        for resource, actions in asked
        for page in pages.paginate(
            PolicySourceArn=caller,
            ActionNames=list(actions),
            ResourceArns=[resource],
            ContextEntries=context,
        )
        for result in page["EvaluationResults"]
    )


def check(
    place: AccountRegion,
    caller: str | Unavailable,
    decisions: Collection[SimulatedDecision] | Unavailable,
) -> Check:
    """Return failed for what is denied, unknown for what is open or could not be asked."""
    if isinstance(caller, Unavailable):
        return unknown(place, SUBJECT, f"AWS does not say who is calling ({caller.reason})")
    if is_root(caller):
        message = "the account's root may do all that no organization denies it"
        return Check(place, SUBJECT, CheckState.OK, message)
    if isinstance(decisions, Unavailable):
        return unknown(place, SUBJECT, f"IAM's simulation does not answer ({decisions.reason})")
    denied = [decision for decision in decisions if not decision.allowed and not decision.open]
    if denied:
        message = f"you may not do {_listed(denied)}; have it allowed"
        return Check(place, SUBJECT, CheckState.FAILED, message)
    hanging = [decision for decision in decisions if not decision.allowed]
    if hanging:
        why = f"conditions that cannot be simulated decide about {_listed(hanging)}"
        return unknown(place, SUBJECT, why)
    return Check(place, SUBJECT, CheckState.OK, f"{len(decisions)} actions are allowed")


def check_reads(
    place: AccountRegion, decisions: Collection[SimulatedDecision] | Unavailable
) -> Check:
    """Return unknown where a teardown might not read all that it has to, as IAM's simulation says.

    That the simulation does not answer is said by ``check``.
    """
    denied = (
        []
        if isinstance(decisions, Unavailable)
        else [decision for decision in decisions if not decision.allowed]
    )
    if denied:
        why = f"a teardown could prove nothing without {_listed(denied)}"
        return unknown(place, READS_SUBJECT, why)
    return Check(place, READS_SUBJECT, CheckState.OK, "nothing that a teardown reads is denied")


def _listed(decisions: Collection[SimulatedDecision]) -> str:
    """Each service's actions once: ``s3:CreateBucket, PutBucketPolicy and 3 more on arn:...``."""
    groups: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        service, _, action = decision.action.partition(":")
        groups.setdefault((service, decision.resource), []).append(action)
    return "; ".join(
        f"{service}:{', '.join(actions[:SHOWN])}"
        + (f" and {len(actions) - SHOWN} more" if actions[SHOWN:] else "")
        + f" on {resource}"
        for (service, resource), actions in groups.items()
    )


def _entry(key: str, value: str) -> dict[str, object]:
    return {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
