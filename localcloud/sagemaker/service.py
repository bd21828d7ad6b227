"""SageMaker as the emulator sees it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.protocol.errors import invalid
from localcloud.protocol.json_service import Answer, Document, JsonService, answered
from localcloud.sagemaker import feature_runtime, outside, runtime, search, tagging, unplayed
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resources import (
    automl,
    code_repository,
    compilation,
    endpoint,
    endpoint_config,
    experiments,
    feature_groups,
    inference_component,
    lifecycle_config,
    lineage,
    mlflow_app,
    model,
    model_package,
    model_package_group,
    notebook_instance,
    pipelines,
    processing,
    studio,
    tracking_server,
    training,
    transform,
    tuning,
)
from localcloud.transitions import Delays

KINDS = (
    automl.KIND,
    code_repository.KIND,
    compilation.KIND,
    endpoint.KIND,
    endpoint_config.KIND,
    *experiments.KINDS,
    feature_groups.KIND,
    inference_component.KIND,
    lifecycle_config.KIND,
    *lineage.KINDS,
    model.KIND,
    model_package.KIND,
    model_package_group.KIND,
    notebook_instance.KIND,
    *pipelines.KINDS,
    processing.KIND,
    *studio.KINDS,
    tracking_server.KIND,
    mlflow_app.KIND,
    *training.KINDS,
    transform.KIND,
    tuning.KIND,
)

MORE_OPERATIONS = (
    search.OPERATIONS,
    tagging.OPERATIONS,
    endpoint.OPERATIONS,
    experiments.OPERATIONS,
    lineage.OPERATIONS,
    inference_component.OPERATIONS,
    model_package.OPERATIONS,
    notebook_instance.OPERATIONS,
    pipelines.OPERATIONS,
    studio.OPERATIONS,
    tracking_server.OPERATIONS,
    mlflow_app.OPERATIONS,
    tuning.OPERATIONS,
)
"""Operation -> what it does, for those that no table describes."""

Authorize = Callable[[str, Document, dict[str, str]], None]
"""Raises ``ApiError`` unless the signer of these headers may perform an operation."""


def build_engine(
    clock: Clock,
    delays: Delays,
    *,
    quotas: outside.QuotaChecks | None = None,
    faults: outside.Faults | None = None,
) -> SageMakerEngine:
    """Return the engine with every table and the operations that belong to no single table."""
    engine = SageMakerEngine(KINDS, clock, delays, quotas=quotas, faults=faults)
    for operations in MORE_OPERATIONS:
        for name, operation in operations.items():
            engine.add_operation(name, operation)
    return engine


class SageMakerService(JsonService):
    """What ministack asks of a service module: requests, state, reset."""

    def __init__(self, engine: SageMakerEngine, authorize: Authorize | None = None) -> None:
        self.engine = engine
        self._authorize = authorize

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one operation for the signer of the request."""
        _refuse_reserved_tags(request)
        outside.set_caller(ministack_adapter.caller(headers), ministack_adapter.access_key(headers))
        if self._authorize is not None:
            self._authorize(operation, request, headers)
        return self.engine.call(operation, request)

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Serve one request, to SageMaker itself or to a service that signs with its name."""
        if "x-amz-target" not in headers:
            for front in (runtime, feature_runtime, unplayed):
                operation = front.operation(method, path)
                if operation is None:
                    continue

                def perform(front: ModuleType = front, operation: str = operation) -> Answer:
                    request = front.members(path, headers, query, body)
                    if self._authorize is not None:
                        self._authorize(operation, request, headers)
                    given: Answer = front.perform(self.engine, operation, request, body)
                    return given

                return answered(operation, perform)
        return await super().handle_request(method, path, headers, body, query)

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return {"records": self.engine.snapshot(), "clock_offset": self.engine.clock.offset}

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self.engine.clock.reset(data["clock_offset"])
        self.engine.restore(data["records"])

    def reset(self) -> None:
        """Forget everything, and return to normal time and the delays of the start."""
        self.engine.delays.reset()
        self.engine.clock.reset()
        self.engine.clear()


def _refuse_reserved_tags(request: dict[str, Any]) -> None:
    # Here and not in the engine: CloudFormation itself sets tags of this prefix.
    tags = request.get("Tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and str(tag.get("Key", "")).lower().startswith("aws:"):
            raise invalid("aws: prefixed tag key names are not allowed for external use.")
