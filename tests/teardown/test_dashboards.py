"""Dashboards and alarms: names and tags claim them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import context, found, owners, tag_list
from workshop.teardown.resources.dashboards import COMPOSITE, TYPES, Alarms, Dashboards

DASHBOARDS = Dashboards()
ALARMS = Alarms("alarm", "MetricAlarm")


def dashboard(cloud: Cloud, *names: str) -> None:
    for name in names:
        cloud.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=json.dumps({"widgets": []})
        )


def alarm(cloud: Cloud, name: str, **tags: str) -> None:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **({"Tags": tag_list(**tags)} if tags else {}),
    )


def test_names_claim_dashboards(cloud: Cloud) -> None:
    dashboard(cloud, "vision-ada-mine", "vision-cem-theirs", "visionary-ada", "speech-ada-x")
    assert owners(DASHBOARDS, context(cloud)) == {"vision-ada-mine": ("claimed", "ada")}


def test_tags_claim_dashboards_of_any_name(cloud: Cloud) -> None:
    dashboard(cloud, "spending", "spending-2", "vision-ada-mine")
    here = context(cloud)
    start = f"arn:aws:cloudwatch::{here.scope.account_region.account}:dashboard/"
    told = {f"{start}{name}": {"workshop": "vision"} for name in ("spending", "gone")}
    seats = {arn: {**given, "attendee": "ada"} for arn, given in told.items()}
    assert owners(DASHBOARDS, replace(here, tagged=seats)) == {
        "spending": ("claimed", "ada"),
        "vision-ada-mine": ("claimed", "ada"),
    }


def test_a_dashboard_goes_and_stays_gone(cloud: Cloud) -> None:
    dashboard(cloud, "vision-ada-mine", "vision-ada-mine-2")
    here = context(cloud)
    one = found(DASHBOARDS, here)["vision-ada-mine"]
    assert DASHBOARDS.state(here, one) == "there"
    DASHBOARDS.delete(here, one)
    assert DASHBOARDS.state(here, one) is None
    DASHBOARDS.delete(here, one)
    assert list(found(DASHBOARDS, here)) == ["vision-ada-mine-2"]


def test_many_dashboards_are_all_found(cloud: Cloud) -> None:
    dashboard(cloud, *(f"vision-ada-{number}" for number in range(101)))
    assert len(found(DASHBOARDS, context(cloud))) == 101


def test_tags_claim_alarms_and_a_name_alone_does_not(cloud: Cloud) -> None:
    alarm(cloud, "vision-ada-tagged", attendee="ada")
    alarm(cloud, "vision-ada-plain")
    alarm(cloud, "vision-cem-tagged", attendee="cem")
    alarm(cloud, "visionary-ada")
    assert owners(ALARMS, context(cloud)) == {
        "vision-ada-tagged": ("claimed", "ada"),
        "vision-ada-plain": ("foreign", ""),
    }


def test_an_alarm_of_another_name_is_found_by_the_tags_that_the_tagging_service_knows(
    cloud: Cloud,
) -> None:
    alarm(cloud, "odd", attendee="ada")
    arn = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmArn"]
    here = context(cloud)
    # The local cloud's tagging service does not know alarms.
    tags = {one["Key"]: one["Value"] for one in tag_list(attendee="ada")}
    here.tagged[arn] = tags  # type: ignore[index]
    here.tagged[f"{arn}-gone"] = tags  # type: ignore[index]
    assert owners(ALARMS, here) == {"odd": ("claimed", "ada")}


def test_all_pages_of_alarms_are_read(cloud: Cloud) -> None:
    for number in range(51):
        alarm(cloud, f"vision-ada-{number}")
    assert len(found(ALARMS, context(cloud))) == 51


def test_composite_alarms_go_before_those_that_they_look_at(cloud: Cloud) -> None:
    alarm(cloud, "vision-ada-part", attendee="ada")
    cloud.client("cloudwatch").put_composite_alarm(
        AlarmName="vision-ada-whole",
        AlarmRule="ALARM(vision-ada-part)",
        Tags=tag_list(attendee="ada"),
    )
    here = context(cloud)
    part = found(ALARMS, here)["vision-ada-part"]
    whole = found(COMPOSITE, here)["vision-ada-whole"]
    assert {resource_type.name: resource_type.after for resource_type in TYPES}["alarm"] == (
        "composite alarm",
    )
    with pytest.raises(ClientError, match="depending"):
        ALARMS.delete(here, part)
    COMPOSITE.delete(here, whole)
    assert COMPOSITE.state(here, whole) is None
    ALARMS.delete(here, part)
    assert ALARMS.state(here, part) is None
    ALARMS.delete(here, part)


def log_alarms(monkeypatch: pytest.MonkeyPatch, answer: Any) -> Alarms:
    """Return the type of alarms on logs, as its listing is answered: the local cloud has none."""

    def listed(*_: object, **request: Any) -> Any:
        assert request["AlarmTypes"] == ["LogAlarm"]
        if isinstance(answer, Exception):
            raise answer
        return iter(answer)

    monkeypatch.setattr(Alarms, "listed", listed)
    [resource_type] = [one for one in TYPES if one.name == "log alarm"]
    assert isinstance(resource_type, Alarms)
    return resource_type


def test_alarms_on_logs_are_found_by_name(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:vision-ada-lines"
    listing = [{"AlarmName": "vision-ada-lines", "AlarmArn": arn}]
    resource_type = log_alarms(monkeypatch, listing)
    monkeypatch.setattr(Alarms, "read_tags", lambda *_: tag_list(attendee="ada"))
    assert owners(resource_type, context(cloud)) == {"vision-ada-lines": ("claimed", "ada")}


def test_where_cloudwatch_knows_no_alarms_on_logs_there_are_none(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Value '[LogAlarm]' at 'alarmTypes' failed to satisfy constraint: Member must satisfy"
    answers = {f"{said} enum value set: [CompositeAlarm, MetricAlarm]": 0, "Rate exceeded": 1}
    for message, errors in answers.items():
        refusal: Any = {"Error": {"Code": "ValidationError", "Message": message}}
        resource_type = log_alarms(monkeypatch, ClientError(refusal, "DescribeAlarms"))
        if errors:
            with pytest.raises(ClientError, match=message):
                list(resource_type.find(context(cloud)))
        else:
            assert list(resource_type.find(context(cloud))) == []


@pytest.mark.parametrize(
    ("resource_type", "operation"), [(DASHBOARDS, "ListDashboards"), (ALARMS, "DescribeAlarms")]
)
def test_a_denied_listing_is_an_error_and_not_none(
    cloud: Cloud, resource_type: Dashboards | Alarms, operation: str
) -> None:
    cloud.faults({"effect": "denied", "operation": f"cloudwatch:{operation}"})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(resource_type.find(context(cloud)))


def test_an_alarm_whose_tags_cannot_be_read_is_unknown(cloud: Cloud) -> None:
    alarm(cloud, "vision-ada-plain")
    cloud.faults({"effect": "denied", "operation": "cloudwatch:ListTagsForResource"})
    assert owners(ALARMS, context(cloud)) == {"vision-ada-plain": ("unknown", "ada")}
