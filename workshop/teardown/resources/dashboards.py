"""CloudWatch dashboards and alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workshop.aws import errors
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.tagged import TaggedType

_NO_SUCH_TYPE = "failed to satisfy constraint: Member must satisfy enum value set"
"""What CloudWatch says of a type of alarms that it does not know."""


def _dashboard(arn: str) -> str:
    """Return the name of a dashboard in its ARN, which has no Region; empty for any other ARN."""
    _, _, service, _, _, rest = arn.split(":", 5)
    resource_type, _, name = rest.partition("/")
    return name if (service, resource_type) == ("cloudwatch", "dashboard") else ""


class Dashboards(ResourceType):
    """Dashboards ``vision-ada-...``, and of other names with the workshop's tags.

    Whoever may write dashboards may use such a name.

    They are an account's, not a Region's, and are listed in every Region; those of another
    account's and Region's seats are theirs to take away, the cohort's own by their stacks.
    """

    name = "dashboard"
    service = "cloudwatch"
    cloudformation_type = "AWS::CloudWatch::Dashboard"
    reads = ("cloudwatch:ListDashboards",)
    arn_type = "cloudwatch:dashboard"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        start = f"{context.scope.workshop}-"
        tagged_names = {_dashboard(arn) for arn in context.tagged} - {""}
        others = [name for name in sorted(tagged_names) if not name.startswith(start)]
        for prefix in (start, *others):
            for dashboard in self.listed(
                context, "list_dashboards", "DashboardEntries", DashboardNamePrefix=prefix
            ):
                name = dashboard["DashboardName"]
                if prefix in (start, name):
                    created = dashboard.get("LastModified")
                    yield from self.judged(
                        context, name, arn=dashboard["DashboardArn"], created=created
                    )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_dashboards(DashboardNames=[resource.id])

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).get_dashboard(DashboardName=resource.id)
        return "there"


class Alarms(TaggedType):
    """Alarms with the workshop's tags, and look-alikes by their names.

    A composite alarm has to go before those that it looks at, so it is a resource type of its own.
    A Region may not know all of the types that botocore knows: then nothing of that type is there.
    """

    service = "cloudwatch"
    reads = ("cloudwatch:DescribeAlarms",)
    arn_type = "cloudwatch:alarm"
    wait_after_delete = False

    def __init__(self, name: str, listed: str, after: tuple[str, ...] = ()) -> None:
        """Be what AlarmTypes calls ``listed``."""
        self.name = name
        self.after = after
        self.cloudformation_type = f"AWS::CloudWatch::{listed.removeprefix('Metric')}"
        self._listed = listed

    def find(self, context: ScanContext) -> Iterator[Resource]:
        try:
            candidates = list(self._candidates(context))
        except errors.Refusal as error:
            if _NO_SUCH_TYPE in errors.message(error):
                return
            raise
        for name, arn in candidates:
            yield from self.judged_by_own_tags(context, name, arn)

    def _candidates(self, context: ScanContext) -> Iterator[tuple[str, str]]:
        """Yield names and ARNs of alarms of such a name, or that the tagging service knows."""
        account_region = context.scope.account_region
        request = {
            "AlarmNamePrefix": f"{context.scope.workshop}-",
            "AlarmTypes": [self._listed],
        }
        alarms = self.listed(context, "describe_alarms", f"{self._listed}s", **request)
        named = {alarm["AlarmName"]: alarm["AlarmArn"] for alarm in alarms}
        yield from named.items()
        start = f":cloudwatch:{account_region.region}:{account_region.account}:alarm:"
        others = {arn.partition(start)[2] for arn in context.tagged if start in arn} - named.keys()
        for name in sorted(others):
            for alarm in self._described(context, name):
                yield name, alarm["AlarmArn"]

    def read_tags(self, context: ScanContext, name: str, arn: str) -> Iterable[Mapping[str, str]]:  # noqa: ARG002 - as its base
        tags: Iterable[Mapping[str, str]]
        tags = self.client(context).list_tags_for_resource(ResourceARN=arn)["Tags"]
        return tags

    def _described(self, context: ScanContext, name: str) -> list[Mapping[str, Any]]:
        request = {"AlarmNames": [name], "AlarmTypes": [self._listed]}
        answer = self.client(context).describe_alarms(**request)
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
    Alarms("log alarm", "LogAlarm", after=(COMPOSITE.name,)),
)
