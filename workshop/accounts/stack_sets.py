"""What is asked of CloudFormation StackSets, in the account and Region that administer the sets.

Service-managed sets reach accounts by their units and, within these, by a list of accounts; the
others by the list alone
(https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.aws.rate_limit import MinInterval
from workshop.config.environment import LoadedEnvironment

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)
UNFINISHED = frozenset({"QUEUED", "RUNNING", "STOPPING"})
"""Statuses of an operation that has not ended."""
CURRENT, OUTDATED, INOPERABLE = "CURRENT", "OUTDATED", "INOPERABLE"
"""Statuses of an instance: as its set is, not so, and one whose deletion has failed."""

CALL_SPACING = 0.5
"""Seconds between two calls that change a stack set, however many sets: AWS names no rate, and
turns away what comes faster than a few a second."""
CALL_BURST = 6

AT_ONCE = 8_000
"""Stacks, in all sets, for which operations are under way at a time: AWS lets an administrator have
10,000 in a Region, those of other stack sets among them
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""

_THERE_ALREADY = frozenset({"OperationIdAlreadyExistsException", "StaleRequestException"})
"""What a call is refused with whose first answer was lost: an operation's id is its token too."""


@dataclass(frozen=True)
class SetDefinition:
    """What a stack set makes in every account; ``tags`` are of its stacks and resources too."""

    template: str = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class DescribedSet:
    """A stack set as it is; of parameters that nobody is to read, the value is UNREADABLE."""

    name: str
    template: str = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)
    is_managed: bool = True
    """Whether it queues operations that conflict, where others refuse them."""
    is_service_managed: bool = True

    @property
    def digest(self) -> str:
        """The digest of the template that was last asked for, empty where nobody noted it."""
        return self.tags.get(tags.TEMPLATE, "")

    def belongs_to(self, workshop: str, environment: str) -> bool:
        """Return whether the provisioner made it for this environment."""
        return tags.belong_to(workshop, environment, self.tags)


@dataclass(frozen=True, slots=True)
class StackInstance:
    """A stack of a set, or the attempt to make it: ``stack_id`` is empty where none was made.

    ``status`` says whether it is as its set (CURRENT, OUTDATED, INOPERABLE), ``detail`` what its
    last operation came to (SUCCEEDED, FAILED, SKIPPED_SUSPENDED_ACCOUNT, ...).
    """

    account_region: AccountRegion
    status: str
    detail: str = ""
    reason: str = ""
    stack_id: str = ""
    unit: str = ""
    operation: str = ""
    """The id of the last operation that was about it."""
    drift: str = ""


@dataclass(frozen=True, slots=True)
class SetOperation:
    """An operation of a stack set; ``failed`` counts the accounts in which it has failed so far."""

    id: str
    action: str
    status: str
    reason: str = ""
    failed: int = 0

    @property
    def has_ended(self) -> bool:
        return self.status not in UNFINISHED


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What an operation came to in one account and Region."""

    account_region: AccountRegion
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Preferences:
    """How an operation goes about the accounts of a Region.

    So many at a time, as a percentage of its accounts or by ``count``; more than ``tolerance``
    failures end it, None do not. The two are told apart: else StackSets would work on no more
    accounts at a time than may fail
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/concurrency-mode.html).
    """

    tolerance: int | None = None
    percent: int = 100
    count: int = 0

    def request(self) -> dict[str, Any]:
        """Return them as the API takes them."""
        most = (
            {"MaxConcurrentCount": self.count}
            if self.count
            else {"MaxConcurrentPercentage": self.percent}
        )
        borne = (
            {"FailureTolerancePercentage": 100}
            if self.tolerance is None
            else {"FailureToleranceCount": self.tolerance}
        )
        return {**most, **borne, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}


EVERYBODY = Preferences()
"""All accounts at once, whatever fails: what a teardown wants."""


class StackSetCalls:
    """The stack sets of an environment's home account and Region; errors of AWS pass through."""

    def __init__(self, clients: Clients, loaded: LoadedEnvironment) -> None:
        self.home = loaded.home
        self._accounts = loaded.settings.accounts
        self._client = clients.client("cloudformation", loaded.home)
        self._changes = MinInterval(CALL_SPACING, burst=CALL_BURST)
        # A delegated administrator's calls are for the sets of the management account
        # (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html).
        delegated = self._accounts.delegated_administrator and self._service_managed
        self._caller = {"CallAs": "DELEGATED_ADMIN"} if delegated else {}

    @property
    def _service_managed(self) -> bool:
        return self._accounts.permissions == "service-managed"

    # --- what is there -------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of all stack sets that are not deleted, the workshop's or not."""
        pages = self._pages("list_stack_sets", Status="ACTIVE")
        return [summary["StackSetName"] for summary in pages]

    def describe(self, name: str) -> DescribedSet | None:
        """Return a stack set, None if there is none of this name."""
        try:
            answer = self._client.describe_stack_set(StackSetName=name, **self._caller)["StackSet"]
        except ClientError as error:
            if code(error.response) == "StackSetNotFoundException":
                return None
            raise
        if answer["Status"] != "ACTIVE":
            return None
        return DescribedSet(
            name=name,
            template=answer["TemplateBody"],
            parameters={
                parameter["ParameterKey"]: parameter.get("ParameterValue", "")
                for parameter in answer.get("Parameters", ())
            },
            tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
            is_managed=bool(answer.get("ManagedExecution", {}).get("Active")),
            is_service_managed=answer.get("PermissionModel") == "SERVICE_MANAGED",
        )

    def instances(self, name: str) -> list[StackInstance]:
        """Return all instances of a stack set, 100 a page."""
        return [
            StackInstance(
                AccountRegion(summary["Account"], summary["Region"]),
                summary["Status"],
                summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
                summary.get("StatusReason", ""),
                summary.get("StackId", ""),
                summary.get("OrganizationalUnitId", ""),
                summary.get("LastOperationId", ""),
                summary.get("DriftStatus", ""),
            )
            for summary in self._pages("list_stack_instances", StackSetName=name)
        ]

    def overrides(self, name: str, account_region: AccountRegion) -> dict[str, str]:
        """Return the parameters in which one instance differs from its set: no listing has them."""
        given = self._instance(name, account_region).get("ParameterOverrides", ())
        return {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in given
        }

    def stack_id(self, name: str, account_region: AccountRegion) -> str:
        """Return the id of an instance's stack, empty where none was made."""
        return str(self._instance(name, account_region).get("StackId", ""))

    def _instance(self, name: str, account_region: AccountRegion) -> Mapping[str, Any]:
        answer: dict[str, Any] = self._client.describe_stack_instance(
            StackSetName=name,
            StackInstanceAccount=account_region.account,
            StackInstanceRegion=account_region.region,
            **self._caller,
        )["StackInstance"]
        return answer

    def under_way(self, name: str) -> list[SetOperation]:
        """Return the operations of a set that have not ended, the first to end first.

        The newest are listed first, and StackSets ends them in the order of the requests: behind
        one that has ended are only such.
        """
        found: list[SetOperation] = []
        for summary in self._pages("list_stack_set_operations", size=20, StackSetName=name):
            operation = _operation(summary)
            if operation.has_ended:
                break
            found.append(operation)
        return found[::-1]

    def operation(self, name: str, operation_id: str) -> SetOperation:
        """Return how an operation stands."""
        answer = self._client.describe_stack_set_operation(
            StackSetName=name, OperationId=operation_id, **self._caller
        )
        return _operation(answer["StackSetOperation"])

    def results(self, name: str, operation_id: str) -> list[InstanceResult]:
        """Return what an operation has come to so far, 100 accounts a page."""
        pages = self._pages(
            "list_stack_set_operation_results", StackSetName=name, OperationId=operation_id
        )
        return [
            InstanceResult(
                AccountRegion(summary["Account"], summary["Region"]),
                summary["Status"],
                summary.get("StatusReason", ""),
            )
            for summary in pages
        ]

    # --- what is changed -----------------------------------------------------------------------

    def create(self, name: str, definition: SetDefinition) -> None:
        """Make a stack set without instances; no account gets any by itself.

        Where there is one of this name already, NameAlreadyExistsException passes through.
        """
        model: dict[str, Any] = {"PermissionModel": "SELF_MANAGED", **self._roles()}
        if self._service_managed:
            model = {"PermissionModel": "SERVICE_MANAGED", "AutoDeployment": {"Enabled": False}}
        self._changes.wait()
        self._client.create_stack_set(
            StackSetName=name,
            **_defined(definition),
            **model,
            ManagedExecution={"Active": True},
            ClientRequestToken=_token(),
            **self._caller,
        )

    def update(
        self,
        current: DescribedSet,
        definition: SetDefinition,
        targets: Collection[AccountRegion],
        preferences: Preferences,
    ) -> str:
        """Change a stack set and its instances at ``targets``, which are of one Region.

        Return the operation's id. All other instances are OUTDATED from then on, until they are
        deployed. Without targets there have to be no instances: StackSets would update all.
        """
        managed = {} if current.is_managed else {"ManagedExecution": {"Active": True}}
        return self._operate(
            "update_stack_set",
            current.name,
            {
                **_defined(definition),
                **({} if self._service_managed else self._roles()),
                **managed,
                **(self._targets(targets) if targets else {}),
            },
            preferences,
        )

    def deploy(
        self,
        name: str,
        targets: Collection[AccountRegion],
        preferences: Preferences,
        overrides: Mapping[str, str] | None = None,
    ) -> str:
        """Make the stacks of a set at ``targets``, which are of one Region; return the operation.

        Instances that there are already and that are OUTDATED are done again
        (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html).
        """
        more = {"ParameterOverrides": _parameters(overrides)} if overrides else {}
        request = {**self._targets(targets), **more}
        return self._operate("create_stack_instances", name, request, preferences)

    def deploy_again(
        self, name: str, targets: Collection[AccountRegion], preferences: Preferences
    ) -> str:
        """Update stacks of a set though they are CURRENT; each keeps what overrides the set."""
        return self._operate("update_stack_instances", name, self._targets(targets), preferences)

    def delete_instances(
        self,
        name: str,
        targets: Collection[AccountRegion],
        preferences: Preferences = EVERYBODY,
        *,
        retain: bool = False,
        units: Sequence[str] = (),
    ) -> str:
        """Delete the stacks of a set at ``targets``, which are of one Region; return the operation.

        With ``retain`` the stacks stay, and are of no set any more. ``units`` are those by which
        the instances were made, where the YAML does not name them any more.
        """
        request = {**self._targets(targets, units), "RetainStacks": retain}
        return self._operate("delete_stack_instances", name, request, preferences)

    def delete(self, name: str) -> None:
        """Delete a stack set that has no instances; nothing to do where there is none."""
        self._changes.wait()
        self._client.delete_stack_set(StackSetName=name, **self._caller)

    def stop(self, name: str, operation_id: str) -> None:
        """Have an operation begin no more accounts."""
        self._changes.wait()
        self._client.stop_stack_set_operation(
            StackSetName=name, OperationId=operation_id, **self._caller
        )

    # --- requests ------------------------------------------------------------------------------

    def _operate(
        self, operation: str, name: str, request: Mapping[str, Any], preferences: Preferences
    ) -> str:
        chosen = _token()
        self._changes.wait()
        try:
            answer = getattr(self._client, operation)(
                StackSetName=name,
                OperationId=chosen,
                OperationPreferences=preferences.request(),
                **request,
                **self._caller,
            )
        except ClientError as error:
            if code(error.response) not in _THERE_ALREADY:
                raise
            return chosen
        return str(answer["OperationId"])

    def _targets(
        self, targets: Collection[AccountRegion], units: Sequence[str] = ()
    ) -> dict[str, Any]:
        accounts = sorted({target.account for target in targets})
        (region,) = {target.region for target in targets}
        if not self._service_managed:
            return {"Accounts": accounts, "Regions": [region]}
        return {
            "DeploymentTargets": {
                "OrganizationalUnitIds": [*(units or self._accounts.units)],
                "Accounts": accounts,
                "AccountFilterType": "INTERSECTION",
            },
            "Regions": [region],
        }

    def _roles(self) -> dict[str, str]:
        partition = regions.partition(self.home.region).name
        role = self._accounts.administration_role
        return {
            "AdministrationRoleARN": f"arn:{partition}:iam::{self.home.account}:role/{role}",
            "ExecutionRoleName": self._accounts.execution_role,
        }

    def _pages(
        self, operation: str, *, size: int = 100, **request: Any
    ) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            answer = getattr(self._client, operation)(
                MaxResults=size, **request, **self._caller, **token
            )
            yield from answer["Summaries"]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


def _defined(definition: SetDefinition) -> dict[str, Any]:
    """Return what a set is made of, whole: an update drops what is not given again."""
    return {
        "TemplateBody": definition.template,
        "Parameters": _parameters(definition.parameters),
        "Capabilities": CAPABILITIES,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(definition.tags.items())],
    }


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())]


def _operation(answer: Mapping[str, Any]) -> SetOperation:
    return SetOperation(
        answer["OperationId"],
        answer["Action"],
        answer["Status"],
        answer.get("StatusReason", ""),
        answer.get("StatusDetails", {}).get("FailedStackInstancesCount", 0),
    )


def _token() -> str:
    """Makes a call that botocore repeats, because its answer was lost, the same call to AWS."""
    return f"workshop-{uuid.uuid4()}"
