"""What starts work by the clock: EventBridge rules and schedules that run with a seat's role.

The role in a target is proof, as it is for a job. Listings do not tell it, so each rule and each
schedule of the account is asked about: one call each, and accounts hold few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources.base import ResourceType

DEFAULT_BUS = "default"
TARGETS_AT_ONCE = 100
"""As many as RemoveTargets takes (botocore's service model)."""


class EventRules(ResourceType):
    """EventBridge rules of all buses; those that AWS services keep for themselves are left out."""

    name = "event rule"
    service = "events"
    cloudformation_type = "AWS::Events::Rule"
    reads = ("events:ListEventBuses", "events:ListRules", "events:ListTargetsByRule")
    arn_type = "events:rule"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for bus in self._buses(context):
            for rule in self.listed(context, "list_rules", "Rules", EventBusName=bus):
                if not rule.get("ManagedBy"):
                    yield from self._judged(context, bus, rule)

    def _judged(
        self, context: ScanContext, bus: str, rule: Mapping[str, Any]
    ) -> Iterator[Resource]:
        name = rule["Name"]
        try:
            targets = list(self._targets(context, bus, name))
        except ClientError as error:
            if errors.is_gone(error):
                return
            proof: OwnershipVerdict | None = ownership.unread(error, "its targets")
        else:
            roles = [target["RoleArn"] for target in (rule, *targets) if target.get("RoleArn")]
            proof = ownership.joined(ownership.of_role(context.scope, role) for role in roles)
        yield from self.judged(
            context,
            # As CloudFormation calls it, whose stacks hold rules of the default bus by their names.
            name if bus == DEFAULT_BUS else f"{bus}/{name}",
            name=name,
            arn=rule["Arn"],
            proof=proof,
            state=rule["State"],
            details={"Name": name, "EventBusName": bus},
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        bus, name = resource.details["EventBusName"], resource.details["Name"]
        client = self.client(context)
        ids = [target["Id"] for target in self._targets(context, bus, name)]
        for at in range(0, len(ids), TARGETS_AT_ONCE):
            client.remove_targets(Rule=name, EventBusName=bus, Ids=ids[at : at + TARGETS_AT_ONCE])
        # Refused while it has targets, so that one that stayed is no success.
        client.delete_rule(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return str(self.client(context).describe_rule(**resource.details)["State"])

    def _buses(self, context: ScanContext) -> Iterator[str]:
        # botocore has no paginator for it.
        token: dict[str, str] = {}
        while True:
            answer = self.client(context).list_event_buses(**token)
            yield from (event_bus["Name"] for event_bus in answer["EventBuses"])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _targets(self, context: ScanContext, bus: str, name: str) -> Iterator[dict[str, Any]]:
        request = {"Rule": name, "EventBusName": bus}
        yield from self.listed(context, "list_targets_by_rule", "Targets", **request)


class Schedules(ResourceType):
    """EventBridge Scheduler's schedules of all groups."""

    name = "schedule"
    service = "scheduler"
    cloudformation_type = "AWS::Scheduler::Schedule"
    reads = ("scheduler:ListSchedules",)
    arn_type = "scheduler:schedule"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for schedule in self.listed(context, "list_schedules", "Schedules"):
            details = {"Name": schedule["Name"], "GroupName": schedule["GroupName"]}
            try:
                described = self.client(context).get_schedule(**details)
            except ClientError as error:
                if errors.is_gone(error):
                    continue
                proof = ownership.unread(error)
            else:
                proof = ownership.of_role(context.scope, described["Target"]["RoleArn"])
            yield from self.judged(
                context,
                f"{details['GroupName']}/{details['Name']}",
                name=details["Name"],
                arn=schedule["Arn"],
                proof=proof,
                state=schedule["State"],
                details=details,
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_schedule(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return str(self.client(context).get_schedule(**resource.details)["State"])


TYPES: tuple[ResourceType, ...] = (EventRules(), Schedules())
