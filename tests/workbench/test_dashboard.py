"""A dashboard shows a seat's own jobs, endpoints and buckets, by names filled in at deployment."""

from __future__ import annotations

import json

from tests.support.assemblies import exemplars, shipped
from tests.support.single_construct import only
from workbench.dashboard import WorkbenchDashboard


def test_name_and_body_are_filled_in_by_cloudformation() -> None:
    dashboard = only(
        lambda stack: WorkbenchDashboard(
            stack,
            "Dashboard",
            dashboard_name="vision-${AttendeeId}-${AWS::Region}",
            body={"widgets": [{"type": "text", "properties": {"markdown": "${AttendeeId}"}}]},
        ),
        "AWS::CloudWatch::Dashboard",
    )["Properties"]
    assert dashboard["DashboardName"] == {"Fn::Sub": "vision-${AttendeeId}-${AWS::Region}"}
    assert json.loads(dashboard["DashboardBody"]["Fn::Sub"]) == {
        "widgets": [{"type": "text", "properties": {"markdown": "${AttendeeId}"}}]
    }


def test_every_bucket_of_the_profile_is_measured() -> None:
    assembly = shipped("prod")
    settings = assembly.loaded.settings
    for profile, seat in exemplars(assembly.loaded).items():
        template = assembly.template(f"{settings.workshop}-{seat}-monitoring")
        (dashboard,) = template["Resources"].values()
        widgets = json.loads(dashboard["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
        measured = {
            metric[3].split("-")[2]
            for widget in widgets
            for metric in widget["properties"].get("metrics", [])
            if metric[0] == "AWS/S3"
        }
        assert measured == set(settings.profiles[profile].storage.buckets), profile
