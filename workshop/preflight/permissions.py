"""Whether the caller may make what a deployment makes, as IAM's simulation says.

CloudFormation acts with the caller's own rights, so these need every action on every kind of
resource. Simulated are one seat's names; service control policies are taken into account as far as
IAM does, and conditions on what no simulation knows leave the answer open. What is known to be
called refuses a deployment when it is denied; what CloudFormation's handlers or a teardown may call
besides is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from workshop.account_region import AccountRegion
from workshop.aws import simulation
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.counting import count_of
from workshop.naming import DOOR_MAKES, MLFLOW_APP, SEAT_STACKS, WATCH, WATCH_MAKES, Names
from workshop.preflight import handlers
from workshop.preflight.called_actions import (
    ACTIONS,
    DELETES,
    LOG_GROUP,
    OF_BILL,
    OF_COMMON_BILL,
    OF_OBJECTS,
    OF_STACKS_AND_ROLES,
    OF_WORK,
    PARAMETER,
    POLICY,
    ROLE,
    STACK,
    WATCH_LOGS,
)
from workshop.preflight.checks import Check, CheckState, DeniedAction, not_known, unknown
from workshop.status import collector
from workshop.teardown.resources import ALL
from workshop.teardown.resources.sagemaker_type import SageMakerType

SUBJECT = "permissions"
READS_SUBJECT = "permissions to tear down"
DELETES_SUBJECT = "permissions to delete what attendees make"
RUNNING_SUBJECT = "permissions while the workshop runs"
COMMON_BILL_SUBJECT = "permissions to compare the bill"

_ELSEWHERE = {"iam:GetRole": ROLE, "iam:PassRole": ROLE}
"""Actions of a handler on another resource than its own, and the type of that."""

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


def questions(
    names: Names,
    partition: str,
    *,
    bucket: str,
    repository: str,
    in_vpc: bool = False,
    has_door: bool = False,
    has_mlflow: bool = False,
    has_box: bool = False,
) -> Iterator[Question]:
    """Yield what is done to the resources of one seat and its cohort, each resource once.

    For each, first what is known to be called for it, then what its handlers may call besides.
    """
    names = replace(names, partition=partition)
    here = f"{names.region}:{names.account}"
    lifecycle = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
    stack = f"stack/{names.stack(next(iter(SEAT_STACKS)))}/{_ANY_STACK}"
    resources = {
        STACK: f"arn:{partition}:cloudformation:{here}:{stack}",
        ROLE: names.role_arn,
        POLICY: names.boundary_arn,
        "AWS::S3::Bucket": names.bucket_arn(bucket),
        "AWS::S3::BucketPolicy": names.bucket_arn(bucket),
        "AWS::ECR::Repository": names.repository_arn(repository),
        "AWS::SageMaker::NotebookInstance": names.notebook_arn,
        lifecycle: names.sagemaker_arn(
            "notebook-instance-lifecycle-config", names.lifecycle_config
        ),
        "AWS::EC2::Instance": f"arn:{partition}:ec2:{here}:instance/*",
        "AWS::EC2::SecurityGroup": f"arn:{partition}:ec2:{here}:security-group/*",
        "AWS::EC2::LaunchTemplate": f"arn:{partition}:ec2:{here}:launch-template/*",
        "AWS::IAM::InstanceProfile": names.instance_profile_arn,
        MLFLOW_APP: names.sagemaker_arn("mlflow-app", "*"),
        "AWS::CloudWatch::Dashboard": names.dashboard_arn,
        PARAMETER: f"{names.start_parameters_arn}/1",
        "AWS::Lambda::Function": names.watch_arn,
        "AWS::Lambda::Permission": names.watch_arn,
        "AWS::Lambda::Url": names.door_arn,
        "AWS::Events::Rule": f"arn:{partition}:events:{here}:rule/{names.watch}-tick",
        "AWS::SNS::Topic": names.watch_topic_arn,
        "AWS::SNS::TopicPolicy": names.watch_topic_arn,
        "AWS::SNS::Subscription": names.watch_topic_arn,
        WATCH_LOGS: f"arn:{partition}:logs:{here}:log-group:{names.watch_log_group}",
        LOG_GROUP: f"arn:{partition}:logs:{here}:log-group:{collector.LOG_GROUP}",
        "*": "*",
    }
    made = {resource_type for kind in SEAT_STACKS.values() for resource_type in kind.makes}
    made.update((*WATCH_MAKES, WATCH_LOGS, *(DOOR_MAKES if has_door else ())))
    if not has_mlflow:
        made.discard(MLFLOW_APP)
    if not has_box:
        made.difference_update(SEAT_STACKS["box"].makes)
    asked: dict[str, dict[str, None]] = {}
    order = {resource_type: place for place, resource_type in enumerate(ACTIONS)}
    for resource_type in sorted(
        {STACK, POLICY, PARAMETER, *made, LOG_GROUP, "*"}, key=order.__getitem__
    ):
        own = resources[resource_type]
        asked.setdefault(own, {}).update(dict.fromkeys(ACTIONS[resource_type]))
        is_of_ec2 = resource_type.startswith("AWS::EC2::")
        for action in handlers.of_type(resource_type, in_vpc=in_vpc or is_of_ec2):
            about = _ELSEWHERE.get(action) or ("*" if action.startswith("ec2:") else "")
            resource = resources[about] if about else own
            asked.setdefault(resource, {}).setdefault(action)
    for resource, some in asked.items():
        yield resource, tuple(some)
    yield names.watch_role_arn, ("iam:PassRole",)


EC2 = "ec2.amazonaws.com"
"""The service that takes on the role of a seat whose profile has an instance."""


def passed_to_ec2(names: Names, partition: str) -> Question:
    """Return what lets an instance have its seat's role, which jobs and notebook have as well."""
    return replace(names, partition=partition).role_arn, ("iam:PassRole",)


def reads() -> Question:
    """Return what a teardown reads of whatever it finds, in a lasting order.

    It looks at what is not the workshop's as well, to prove that: so it is asked of everything.
    """
    of_types = {action for resource_type in ALL for action in resource_type.reads}
    return "*", tuple(sorted(of_types.union(OF_STACKS_AND_ROLES)))


def running(names: Names, partition: str, *, bucket: str) -> tuple[Question, Question]:
    """Return what is called while a workshop runs, beside what deploys it, in a lasting order."""
    objects = f"{replace(names, partition=partition).bucket_arn(bucket)}/*"
    return (objects, OF_WORK), ("*", OF_BILL)


def common_bill() -> Question:
    """Return what a bill of several accounts reads in the environment's, in a lasting order."""
    return "*", OF_COMMON_BILL


def deletes(names: Names, partition: str, *, bucket: str) -> tuple[Question, Question]:
    """Return what a teardown calls to stop and delete what attendees make, in a lasting order.

    What they make may have any name; objects are in the workshop's buckets alone.
    """
    of_sagemaker = {
        f"sagemaker:{operation}"
        for resource_type in ALL
        if isinstance(resource_type, SageMakerType)
        for operation in (resource_type.operations.stops, resource_type.operations.deletes)
        if operation
    }
    objects = f"{replace(names, partition=partition).bucket_arn(bucket)}/*"
    return ("*", tuple(sorted(of_sagemaker.union(DELETES)))), (objects, OF_OBJECTS)


def simulated(
    clients: Clients,
    account_region: AccountRegion,
    caller: str,
    asked: Collection[Question],
    passed_to: str = "",
) -> tuple[SimulatedDecision, ...]:
    """Return IAM's answers for the caller with this ARN; one call for each resource.

    ``passed_to`` is the service that takes on a role, if it is none that such a role tells.
    Raises ClientError where the role of a session may not be read.
    """
    principal = simulation.source(clients, account_region, caller)
    return tuple(
        SimulatedDecision(
            result["EvalActionName"],
            resource,
            allowed=result["EvalDecision"] == "allowed",
            open=bool(result.get("MissingContextValues")),
        )
        for resource, actions in asked
        for result in simulation.answers(
            *(clients, account_region, principal, actions, resource),
            context={
                "aws:RequestedRegion": account_region.region,
                "iam:PassedToService": passed_to or _passed_to(resource),
            },
        )
    )


def _passed_to(resource: str) -> str:
    """Return the service that takes on a role: of all roles, one is a function's."""
    of_function = resource.endswith(f"-{WATCH}")
    return "lambda.amazonaws.com" if of_function else "sagemaker.amazonaws.com"


def check(
    account_region: AccountRegion,
    caller: str | Unavailable,
    decisions: Collection[SimulatedDecision] | Unavailable,
) -> Iterator[Check]:
    """Yield failed for what is denied, unknown for what is open or could not be asked.

    Then yield a warning for each phase in which handlers may call what is denied or open.
    """
    if isinstance(caller, Unavailable):
        yield unknown(account_region, SUBJECT, f"AWS does not say who is calling ({caller.reason})")
        return
    if simulation.is_root(caller):
        message = "you are the account's root user, who may do all that no organization forbids"
        yield Check(account_region, SUBJECT, CheckState.OK, message)
        return
    if isinstance(decisions, Unavailable):
        yield unknown(
            account_region, SUBJECT, f"IAM's simulation does not answer ({decisions.reason})"
        )
        return
    known = {action for some in ACTIONS.values() for action in some}
    needed = [decision for decision in decisions if decision.action in known]
    denied = [decision for decision in needed if not decision.allowed and not decision.open]
    hanging = [decision for decision in needed if not decision.allowed]
    if denied:
        message = f"you may not do {_counted(denied)}; have it allowed"
        yield Check(account_region, SUBJECT, CheckState.FAILED, message, denied=_denied(denied))
    elif hanging:
        why = f"conditions that cannot be simulated decide about {_counted(hanging)}"
        message = not_known(why, SUBJECT)
        yield Check(account_region, SUBJECT, CheckState.UNKNOWN, message, denied=_denied(hanging))
    else:
        yield Check(
            account_region, SUBJECT, CheckState.OK, f"allowed: {count_of(len(needed), 'action')}"
        )
    for phase, subject in handlers.PHASES.items():
        besides = [
            decision
            for decision in decisions
            if decision.action not in known
            and not decision.allowed
            and handlers.phase_of(decision.action) == phase
        ]
        if besides:
            message = f"CloudFormation may need {_counted(besides)}; better allowed beforehand"
            yield Check(
                account_region, subject, CheckState.WARNING, message, denied=_denied(besides)
            )


def check_teardown(
    account_region: AccountRegion, decisions: Collection[SimulatedDecision] | Unavailable
) -> Iterator[Check]:
    """Yield unknown where a teardown might not read all that it has to, as IAM's simulation says.

    What it may not delete is a warning: attendees may make none of it. That the simulation does not
    answer is said by ``check``.
    """
    denied = (
        []
        if isinstance(decisions, Unavailable)
        else [decision for decision in decisions if not decision.allowed]
    )
    reading = set(reads()[1])
    unread = [decision for decision in denied if decision.action in reading]
    undeleted = [decision for decision in denied if decision.action not in reading]
    if unread:
        message = not_known(
            f"a teardown could prove nothing without {_counted(unread)}", READS_SUBJECT
        )
        yield Check(
            account_region, READS_SUBJECT, CheckState.UNKNOWN, message, denied=_denied(unread)
        )
    else:
        message = "nothing that a teardown reads is denied"
        yield Check(account_region, READS_SUBJECT, CheckState.OK, message)
    if undeleted:
        message = f"a teardown may need {_counted(undeleted)}; better allowed beforehand"
        yield Check(
            account_region, DELETES_SUBJECT, CheckState.WARNING, message, denied=_denied(undeleted)
        )


def check_running(
    account_region: AccountRegion, decisions: Collection[SimulatedDecision] | Unavailable
) -> Iterator[Check]:
    """Yield a warning where commands of a running workshop may be refused.

    That the simulation does not answer is said by ``check``.
    """
    if isinstance(decisions, Unavailable):
        return
    for about, commands in ((OF_WORK, "save, tell, share, swap and teardown"), (OF_BILL, "bill")):
        denied = [
            decision for decision in decisions if decision.action in about and not decision.allowed
        ]
        if denied:
            message = f"{commands} may need {_counted(denied)}; better allowed beforehand"
            yield Check(
                account_region,
                RUNNING_SUBJECT,
                CheckState.WARNING,
                message,
                denied=_denied(denied),
            )


def check_common_bill(
    home: AccountRegion, decisions: Collection[SimulatedDecision] | Unavailable
) -> Iterator[Check]:
    """Yield a warning where the costs of several accounts might not be told at once."""
    if isinstance(decisions, Unavailable):
        found = f"IAM's simulation does not answer ({decisions.reason})"
        message = f"whether all accounts' costs can be asked for at once is not known: {found}"
        yield Check(home, COMMON_BILL_SUBJECT, CheckState.WARNING, message)
        return
    denied = [decision for decision in decisions if not decision.allowed]
    if denied:
        message = (
            f"bill --reconcile may need {_counted(denied)}, or it asks, and AWS charges, for each"
            " account alone; better allowed beforehand"
        )
        yield Check(home, COMMON_BILL_SUBJECT, CheckState.WARNING, message, denied=_denied(denied))


def _counted(decisions: Collection[SimulatedDecision]) -> str:
    """Name a single action, and count several by their services: ``9 actions of iam and s3``."""
    names = list(dict.fromkeys(decision.action for decision in decisions))
    if len(names) == 1:
        return names[0]
    *others, last = dict.fromkeys(name.partition(":")[0] for name in names)
    services = f"{', '.join(others)} and {last}" if others else last
    return f"{count_of(len(names), 'action')} of {services}"


def _denied(decisions: Collection[SimulatedDecision]) -> tuple[DeniedAction, ...]:
    return tuple(DeniedAction(decision.action, decision.resource) for decision in decisions)
