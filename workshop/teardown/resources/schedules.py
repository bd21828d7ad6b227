"""What starts work by the clock: EventBridge rules and schedules that run with a seat's role.

The role in a target is proof, as it is for a job. Listings do not tell it, so each rule and each
schedule of the account is asked about: one call each, and accounts hold few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Ownership, Resource, ResourceType, ScanContext

TARGETS_AT_ONCE = 100
"""As many as RemoveTargets takes (botocore's service model)."""


@dataclass(frozen=True)
class EventRules:
    """EventBridge rules of all buses; those that AWS services keep for themselves are left out."""

    name: str = "event rule"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::Events::Rule"
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for bus in self._buses(world):
            pages = self._client(world).get_paginator("list_rules").paginate(EventBusName=bus)
            for page in pages:
                for rule in page["Rules"]:
                    if not rule.get("ManagedBy"):
                        yield from self._judged(world, bus, rule)

    def _judged(self, world: ScanContext, bus: str, rule: Mapping[str, Any]) -> Iterator[Resource]:
        name = rule["Name"]
        try:
            targets = list(self._targets(world, bus, name))
        except ClientError as error:
            if refusals.is_gone(error):
                return
            found: Proof | None = Proof(
                Ownership.UNKNOWN, f"its targets could not be read: {refusals.told(error)}"
            )
        else:
            found = ownership.joined(
                ownership.of_role(world.scope, one["RoleArn"])
                for one in (rule, *targets)
                if one.get("RoleArn")
            )
        verdict = ownership.judge(world, name=name, arn=rule["Arn"], proof=found, tagged=None)
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=f"{bus}/{name}",
                place=world.scope.place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=rule["Arn"],
                state=rule["State"],
                details={"Name": name, "EventBusName": bus},
            )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - deleted at once instead
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        bus, name = thing.details["EventBusName"], thing.details["Name"]
        client = self._client(world)
        try:
            ids = [one["Id"] for one in self._targets(world, bus, name)]
            for at in range(0, len(ids), TARGETS_AT_ONCE):
                client.remove_targets(
                    Rule=name, EventBusName=bus, Ids=ids[at : at + TARGETS_AT_ONCE]
                )
            # Refused while it has targets, so that one that stayed is no success.
            client.delete_rule(**thing.details)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            return str(self._client(world).describe_rule(**thing.details)["State"])
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True

    @staticmethod
    def _client(world: ScanContext) -> Any:
        return world.clients.client("events", world.scope.place)

    def _buses(self, world: ScanContext) -> Iterator[str]:
        # botocore has no paginator for it.
        token: dict[str, str] = {}
        while True:
            answer = self._client(world).list_event_buses(**token)
            yield from (one["Name"] for one in answer["EventBuses"])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _targets(self, world: ScanContext, bus: str, name: str) -> Iterator[dict[str, Any]]:
        pages = self._client(world).get_paginator("list_targets_by_rule")
        for page in pages.paginate(Rule=name, EventBusName=bus):
            yield from page["Targets"]


@dataclass(frozen=True)
class Schedules:
    """EventBridge Scheduler's schedules of all groups."""

    name: str = "schedule"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::Scheduler::Schedule"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for page in self._client(world).get_paginator("list_schedules").paginate():
            for one in page["Schedules"]:
                yield from self._judged(world, one)

    def _judged(self, world: ScanContext, summary: Mapping[str, Any]) -> Iterator[Resource]:
        details = {"Name": summary["Name"], "GroupName": summary["GroupName"]}
        try:
            described = self._client(world).get_schedule(**details)
        except ClientError as error:
            if refusals.is_gone(error):
                return
            found = Proof(Ownership.UNKNOWN, f"could not be read: {refusals.told(error)}")
        else:
            found = ownership.of_role(world.scope, described["Target"]["RoleArn"])
        verdict = ownership.judge(
            world, name=details["Name"], arn=summary["Arn"], proof=found, tagged=None
        )
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=f"{details['GroupName']}/{details['Name']}",
                place=world.scope.place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=summary["Arn"],
                state=summary["State"],
                details=details,
            )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - deleted at once instead
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            self._client(world).delete_schedule(**thing.details)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            return str(self._client(world).get_schedule(**thing.details)["State"])
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True

    @staticmethod
    def _client(world: ScanContext) -> Any:
        return world.clients.client("scheduler", world.scope.place)


KINDS: tuple[ResourceType, ...] = (EventRules(), Schedules())
