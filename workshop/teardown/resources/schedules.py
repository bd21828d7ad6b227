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
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources.base import ResourceType

TARGETS_AT_ONCE = 100
"""As many as RemoveTargets takes (botocore's service model)."""


class EventRules(ResourceType):
    """EventBridge rules of all buses; those that AWS services keep for themselves are left out."""

    name = "event rule"
    service = "events"
    cloudformation_type = "AWS::Events::Rule"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for bus in self._buses(context):
            pages = self.pages(context, "list_rules", EventBusName=bus)
            for page in pages:
                for rule in page["Rules"]:
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
            found: OwnershipVerdict | None = OwnershipVerdict(
                Ownership.UNKNOWN, f"its targets could not be read: {errors.describe(error)}"
            )
        else:
            found = ownership.joined(
                ownership.of_role(context.scope, one["RoleArn"])
                for one in (rule, *targets)
                if one.get("RoleArn")
            )
        verdict = ownership.judge(context, name=name, arn=rule["Arn"], proof=found, tagged=None)
        yield from self.found(
            context,
            verdict,
            f"{bus}/{name}",
            arn=rule["Arn"],
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
            yield from (one["Name"] for one in answer["EventBuses"])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _targets(self, context: ScanContext, bus: str, name: str) -> Iterator[dict[str, Any]]:
        pages = self.client(context).get_paginator("list_targets_by_rule")
        for page in pages.paginate(Rule=name, EventBusName=bus):
            yield from page["Targets"]


class Schedules(ResourceType):
    """EventBridge Scheduler's schedules of all groups."""

    name = "schedule"
    service = "scheduler"
    cloudformation_type = "AWS::Scheduler::Schedule"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for page in self.pages(context, "list_schedules"):
            for one in page["Schedules"]:
                yield from self._judged(context, one)

    def _judged(self, context: ScanContext, summary: Mapping[str, Any]) -> Iterator[Resource]:
        details = {"Name": summary["Name"], "GroupName": summary["GroupName"]}
        try:
            described = self.client(context).get_schedule(**details)
        except ClientError as error:
            if errors.is_gone(error):
                return
            found = OwnershipVerdict(
                Ownership.UNKNOWN, f"could not be read: {errors.describe(error)}"
            )
        else:
            found = ownership.of_role(context.scope, described["Target"]["RoleArn"])
        verdict = ownership.judge(
            context, name=details["Name"], arn=summary["Arn"], proof=found, tagged=None
        )
        yield from self.found(
            context,
            verdict,
            f"{details['GroupName']}/{details['Name']}",
            arn=summary["Arn"],
            state=summary["State"],
            details=details,
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_schedule(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return str(self.client(context).get_schedule(**resource.details)["State"])


TYPES: tuple[ResourceType, ...] = (EventRules(), Schedules())
