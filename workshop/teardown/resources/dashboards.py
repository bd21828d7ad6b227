"""CloudWatch dashboards and alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop.teardown import ownership, refusals
from workshop.teardown.resource import Resource, ResourceType, ScanContext
from workshop.teardown.resources import tagged


def _client(world: ScanContext) -> Any:
    return world.clients.client("cloudwatch", world.scope.place)


def _dashboard(arn: str) -> str:
    """The name of a dashboard in its ARN, which has no Region; empty for any other ARN."""
    _, _, service, _, _, rest = arn.split(":", 5)
    kind, _, name = rest.partition("/")
    return name if (service, kind) == ("cloudwatch", "dashboard") else ""


@dataclass(frozen=True)
class Dashboards:
    """Dashboards ``vision-ada-...``, and of other names with the workshop's tags.

    Whoever may write dashboards may use such a name.

    They are an account's, not a Region's, and are told in every Region; those of another place's
    seats are theirs to take away, the cohort's own by their stacks.
    """

    name: str = "dashboard"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::CloudWatch::Dashboard"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        start = f"{world.scope.workshop}-"
        tagged_names = {_dashboard(arn) for arn in world.tagged} - {""}
        others = [name for name in sorted(tagged_names) if not name.startswith(start)]
        pages = _client(world).get_paginator("list_dashboards")
        for prefix in (start, *others):
            for page in pages.paginate(DashboardNamePrefix=prefix):
                for dashboard in page["DashboardEntries"]:
                    if prefix in (start, dashboard["DashboardName"]):
                        yield from self._judged(world, dashboard)

    def _judged(self, world: ScanContext, dashboard: Mapping[str, Any]) -> Iterator[Resource]:
        name, arn = dashboard["DashboardName"], dashboard["DashboardArn"]
        verdict = ownership.judge(world, name=name, arn=arn, proof=None, tagged=None)
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=name,
                place=world.scope.place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=arn,
                created=dashboard.get("LastModified"),
            )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_dashboards(DashboardNames=[thing.id])
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            _client(world).get_dashboard(DashboardName=thing.id)
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        return "there"

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True


@dataclass(frozen=True)
class Alarms:
    """Alarms with the workshop's tags, and look-alikes by their names.

    A composite alarm has to go before those that it looks at, so it is a kind of its own.
    """

    name: str
    listed: str
    """AlarmTypes' word for it."""
    after: tuple[str, ...] = ()
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for name, arn in self._candidates(world):
            tags = world.tagged.get(arn)
            if tags is None:
                if not tagged.asked_about(world.scope, name):
                    continue
                tags, gone = self._tags(world, arn)
                if gone:
                    continue
            verdict = tagged.judge(world, name, arn, tags)
            if verdict is not None:
                yield Resource(
                    kind=self.name,
                    id=name,
                    place=world.scope.place,
                    ownership=verdict.ownership,
                    why=verdict.why,
                    seat=verdict.seat,
                    arn=arn,
                    of_environment=tagged.other_environment(world.scope, tags),
                )

    @property
    def resource_type(self) -> str:
        return f"AWS::CloudWatch::{self.listed.removeprefix('Metric')}"

    def _candidates(self, world: ScanContext) -> Iterator[tuple[str, str]]:
        """Names and ARNs of alarms that are named alike, or that the tagging service knows."""
        place = world.scope.place
        named = {}
        pages = (
            _client(world)
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=f"{world.scope.workshop}-", AlarmTypes=[self.listed])
        )
        for page in pages:
            for alarm in self._of(page):
                named[alarm["AlarmName"]] = alarm["AlarmArn"]
        yield from named.items()
        start = f":cloudwatch:{place.region}:{place.account}:alarm:"
        others = {arn.partition(start)[2] for arn in world.tagged if start in arn} - named.keys()
        for name in sorted(others):
            for alarm in self._described(world, name):
                yield name, alarm["AlarmArn"]

    def _tags(self, world: ScanContext, arn: str) -> tuple[dict[str, str] | None, bool]:
        """An alarm's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = _client(world).list_tags_for_resource(ResourceARN=arn)
        except ClientError as error:
            return None, refusals.is_gone(error)
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}, False

    def _described(self, world: ScanContext, name: str) -> list[Mapping[str, Any]]:
        return self._of(_client(world).describe_alarms(AlarmNames=[name], AlarmTypes=[self.listed]))

    def _of(self, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return list(answer.get(f"{self.listed}s", ()))

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_alarms(AlarmNames=[thing.id])
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        return "there" if self._described(world, thing.id) else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True


COMPOSITE = Alarms("composite alarm", "CompositeAlarm")

KINDS: tuple[ResourceType, ...] = (
    Dashboards(),
    COMPOSITE,
    Alarms("alarm", "MetricAlarm", after=(COMPOSITE.name,)),
)
