"""A CloudWatch dashboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from workbench.fn_sub import sub


class WorkbenchDashboard(Construct):
    """A dashboard from a body of :mod:`workbench.dashboard_body`, which may hold placeholders."""

    dashboard: cloudwatch.CfnDashboard

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dashboard_name: str,
        body: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        self.dashboard = cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=sub(dashboard_name),
            dashboard_body=sub(json.dumps(body, separators=(",", ":"))),
        )
