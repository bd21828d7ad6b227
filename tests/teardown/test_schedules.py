"""Rules and schedules that run with a seat's role."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, counted, found, owners
from workshop.naming import Names
from workshop.teardown.resources.schedules import EventRules, Schedules

RULES = EventRules()
SCHEDULES = Schedules()
PIPELINE = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/nightly"


def role(cloud: Cloud, seat: str, workshop: str = "vision") -> str:
    where = account_region(cloud)
    return Names(workshop, seat, where.account, where.region).role_arn


def rule(cloud: Cloud, name: str, *roles: str, bus: str = "default") -> None:
    events = cloud.client("events")
    events.put_rule(Name=name, ScheduleExpression="rate(1 hour)", EventBusName=bus)
    targets = [
        {"Id": f"t{number}", "Arn": PIPELINE, "RoleArn": one} for number, one in enumerate(roles)
    ]
    if targets:
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)


def schedule(cloud: Cloud, name: str, role_arn: str, group: str = "default") -> None:
    cloud.client("scheduler").create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": PIPELINE, "RoleArn": role_arn},
    )


def test_the_role_of_a_target_proves_a_rule_on_any_bus(cloud: Cloud) -> None:
    cloud.client("events").create_event_bus(Name="mine")
    rule(cloud, "nightly", role(cloud, "ada"))
    rule(cloud, "on-mine", role(cloud, "ben"), bus="mine")
    rule(cloud, "of-cem", role(cloud, "cem"))
    rule(cloud, "vision-ada-theirs", role(cloud, "ada", workshop="speech"))
    rule(cloud, "vision-ada-bare")
    rule(cloud, "theirs", role(cloud, "ada", workshop="speech"))
    assert owners(RULES, context(cloud)) == {
        "nightly": ("owned", "ada"),
        "mine/on-mine": ("owned", "ben"),
        "vision-ada-theirs": ("foreign", ""),
        "vision-ada-bare": ("claimed", "ada"),
    }


def test_a_rule_that_also_serves_somebody_else_is_not_proven(cloud: Cloud) -> None:
    rule(cloud, "shared", role(cloud, "ada"), role(cloud, "ada", workshop="speech"))
    assert owners(RULES, context(cloud)) == {}


def test_a_rule_goes_with_its_targets(cloud: Cloud) -> None:
    rule(cloud, "nightly", *[role(cloud, "ada")] * 3)
    here = context(cloud)
    one = found(RULES, here)["nightly"]
    assert RULES.state(here, one) == "ENABLED"
    calls = counted(here.clients.client("events", account_region(cloud)))
    RULES.delete(here, one)
    # AWS refuses to delete a rule with targets; the local cloud does not.
    assert calls == {"ListTargetsByRule": 1, "RemoveTargets": 1, "DeleteRule": 1}
    assert RULES.state(here, one) is None
    RULES.delete(here, one)


def test_rules_that_a_service_of_aws_keeps_for_itself_are_left_out(cloud: Cloud) -> None:
    rule(cloud, "vision-ada-managed", role(cloud, "ada"))
    here = context(cloud)

    def managed(parsed: Any, **_: Any) -> None:
        for one in parsed["Rules"]:
            one["ManagedBy"] = "sagemaker.amazonaws.com"

    client = here.clients.client("events", account_region(cloud))
    client.meta.events.register("after-call.eventbridge.ListRules", managed)
    assert found(RULES, here) == {}


def test_a_rule_whose_targets_cannot_be_read_is_unknown(cloud: Cloud) -> None:
    rule(cloud, "vision-ada-nightly", role(cloud, "ada"))
    cloud.faults({"effect": "denied", "operation": "events:ListTargetsByRule"})
    assert owners(RULES, context(cloud)) == {"vision-ada-nightly": ("unknown", "ada")}


def test_all_pages_of_rules_are_read(cloud: Cloud) -> None:
    for number in range(101):
        rule(cloud, f"vision-ada-{number}")
    assert len(found(RULES, context(cloud))) == 101


def test_the_role_of_its_target_proves_a_schedule_in_any_group(cloud: Cloud) -> None:
    cloud.client("scheduler").create_schedule_group(Name="mine")
    schedule(cloud, "nightly", role(cloud, "ada"))
    schedule(cloud, "nightly", role(cloud, "ben"), group="mine")
    schedule(cloud, "of-cem", role(cloud, "cem"))
    schedule(cloud, "vision-ada-theirs", role(cloud, "ada", workshop="speech"))
    assert owners(SCHEDULES, context(cloud)) == {
        "default/nightly": ("owned", "ada"),
        "mine/nightly": ("owned", "ben"),
        "default/vision-ada-theirs": ("foreign", ""),
    }


def test_a_schedule_goes_and_stays_gone(cloud: Cloud) -> None:
    schedule(cloud, "nightly", role(cloud, "ada"))
    here = context(cloud)
    one = found(SCHEDULES, here)["default/nightly"]
    assert SCHEDULES.state(here, one) == "ENABLED"
    SCHEDULES.delete(here, one)
    assert SCHEDULES.state(here, one) is None
    SCHEDULES.delete(here, one)


@pytest.mark.parametrize(
    ("resource_type", "operation"),
    [(RULES, "events:ListRules"), (SCHEDULES, "scheduler:ListSchedules")],
)
def test_a_denied_listing_is_an_error_and_not_none(
    cloud: Cloud, resource_type: EventRules | Schedules, operation: str
) -> None:
    cloud.faults({"effect": "denied", "operation": operation})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(resource_type.find(context(cloud)))


def test_a_schedule_that_cannot_be_read_is_unknown(cloud: Cloud) -> None:
    schedule(cloud, "vision-ada-nightly", role(cloud, "ada"))
    cloud.faults({"effect": "denied", "operation": "scheduler:GetSchedule"})
    assert owners(SCHEDULES, context(cloud)) == {"default/vision-ada-nightly": ("unknown", "ada")}
