"""CloudWatch dashboards and alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import tagged
from workshop.teardown.resources.base import ResourceType, tag_map


def _dashboard(arn: str) -> str:
    """The name of a dashboard in its ARN, which has no Region; empty for any other ARN."""
    _, _, service, _, _, rest = arn.split(":", 5)
    resource_type, _, name = rest.partition("/")
    return name if (service, resource_type) == ("cloudwatch", "dashboard") else ""


class Dashboards(ResourceType):
    """Dashboards ``vision-ada-...``, and of other names with the workshop's tags.

    Whoever may write dashboards may use such a name.

    They are an account's, not a Region's, and are told in every Region; those of another place's
    seats are theirs to take away, the cohort's own by their stacks.
    """

    name = "dashboard"
    service = "cloudwatch"
    cloudformation_type = "AWS::CloudWatch::Dashboard"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        start = f"{context.scope.workshop}-"
        tagged_names = {_dashboard(arn) for arn in context.tagged} - {""}
        others = [name for name in sorted(tagged_names) if not name.startswith(start)]
        pages = self.client(context).get_paginator("list_dashboards")
        for prefix in (start, *others):
            for page in pages.paginate(DashboardNamePrefix=prefix):
                for dashboard in page["DashboardEntries"]:
                    if prefix in (start, dashboard["DashboardName"]):
                        yield from self._judged(context, dashboard)

    def _judged(self, context: ScanContext, dashboard: Mapping[str, Any]) -> Iterator[Resource]:
        name, arn = dashboard["DashboardName"], dashboard["DashboardArn"]
        verdict = ownership.judge(context, name=name, arn=arn, proof=None, tagged=None)
        yield from self.found(
            context,
            verdict,
            name,
            arn=arn,
            created=dashboard.get("LastModified"),
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_dashboards(DashboardNames=[resource.id])

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).get_dashboard(DashboardName=resource.id)
        return "there"


class Alarms(ResourceType):
    """Alarms with the workshop's tags, and look-alikes by their names.

    A composite alarm has to go before those that it looks at, so it is a resource type of its own.
    """

    service = "cloudwatch"
    wait_after_delete = False

    def __init__(self, name: str, listed: str, after: tuple[str, ...] = ()) -> None:
        """Be what AlarmTypes calls ``listed``."""
        self.name = name
        self.after = after
        self.cloudformation_type = f"AWS::CloudWatch::{listed.removeprefix('Metric')}"
        self._listed = listed

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for name, arn in self._candidates(context):
            tags = context.tagged.get(arn)
            if tags is None:
                if not tagged.asked_about(context.scope, name):
                    continue
                tags, gone = self._tags(context, arn)
                if gone:
                    continue
            verdict = tagged.judge(context, name, arn, tags)
            yield from self.found(
                context,
                verdict,
                name,
                arn=arn,
                of_environment=tagged.other_environment(context.scope, tags),
            )

    def _candidates(self, context: ScanContext) -> Iterator[tuple[str, str]]:
        """Names and ARNs of alarms that are named alike, or that the tagging service knows."""
        place = context.scope.place
        named = {}
        pages = (
            self.client(context)
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=f"{context.scope.workshop}-", AlarmTypes=[self._listed])
        )
        for page in pages:
            for alarm in self._of(page):
                named[alarm["AlarmName"]] = alarm["AlarmArn"]
        yield from named.items()
        start = f":cloudwatch:{place.region}:{place.account}:alarm:"
        others = {arn.partition(start)[2] for arn in context.tagged if start in arn} - named.keys()
        for name in sorted(others):
            for alarm in self._described(context, name):
                yield name, alarm["AlarmArn"]

    def _tags(self, context: ScanContext, arn: str) -> tuple[dict[str, str] | None, bool]:
        """An alarm's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = self.client(context).list_tags_for_resource(ResourceARN=arn)
        except ClientError as error:
            return None, errors.is_gone(error)
        return tag_map(answer["Tags"]), False

    def _described(self, context: ScanContext, name: str) -> list[Mapping[str, Any]]:
        return self._of(
            self.client(context).describe_alarms(AlarmNames=[name], AlarmTypes=[self._listed])
        )

    def _of(self, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return list(answer.get(f"{self._listed}s", ()))

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_alarms(AlarmNames=[resource.id])

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return "there" if self._described(context, resource.id) else None


COMPOSITE = Alarms("composite alarm", "CompositeAlarm")

TYPES: tuple[ResourceType, ...] = (
    Dashboards(),
    COMPOSITE,
    Alarms("alarm", "MetricAlarm", after=(COMPOSITE.name,)),
)
