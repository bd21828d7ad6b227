"""The monitoring stack: a seat's dashboard."""

from __future__ import annotations

from stacks.base import SeatStack
from workbench.dashboard import WorkbenchDashboard
from workbench.dashboard_body import seat_body
from workshop.config.profiles import Profile
from workshop.naming import Names


class MonitoringStack(SeatStack):
    """One dashboard over the seat's jobs, endpoints, buckets and training logs."""

    described = "Dashboard of one workshop seat."

    def _define(self, names: Names, profile: Profile) -> None:
        dashboard = profile.dashboard
        WorkbenchDashboard(
            self,
            "Seat",
            dashboard_name=names.dashboard,
            body=seat_body(
                names,
                buckets=tuple(profile.storage.buckets),
                period=dashboard.period_seconds,
                training_gpu=dashboard.gpu and profile.access.training_gpu,
                processing_gpu=dashboard.gpu and profile.access.processing_gpu,
                logs=dashboard.logs,
            ),
        )
        self._output("DashboardName", names.dashboard, "Name of the seat's dashboard")
