"""The monitoring stack: a seat's dashboard."""

from __future__ import annotations

from constructs import Construct

from stacks.base import Placement, SeatStack
from workbench.dashboard import WorkbenchDashboard
from workbench.dashboard_body import seat_body
from workshop.config.models import Access, Dashboard, Storage


class MonitoringStack(SeatStack):
    """One dashboard over the seat's jobs, endpoints, buckets and training logs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        dashboard: Dashboard,
        access: Access,
        storage: Storage,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="monitoring",
            description="Dashboard of one workshop seat.",
            placement=placement,
        )
        names = placement.inside
        WorkbenchDashboard(
            self,
            "Seat",
            dashboard_name=names.dashboard,
            body=seat_body(
                names,
                buckets=tuple(storage.buckets),
                period=dashboard.period_seconds,
                training_gpu=dashboard.gpu and access.training_gpu,
                processing_gpu=dashboard.gpu and access.processing_gpu,
                logs=dashboard.logs,
            ),
        )
        self._output("DashboardName", names.dashboard, "Name of the seat's dashboard")
