"""SageMaker as the emulator sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workshop.localcloud import emulator
from workshop.localcloud.sagemaker import outside, search, tagging
from workshop.localcloud.sagemaker.engine import Engine
from workshop.localcloud.sagemaker.kinds import (
    code_repository,
    experiments,
    lifecycle_config,
    model_package_group,
    notebook_instance,
)
from workshop.localcloud.wire.json_service import Document, JsonService
from workshop.localcloud.wire.refusals import invalid

if TYPE_CHECKING:
    from workshop.localcloud.clock import Clock
    from workshop.localcloud.settings import Delays

KINDS = (
    code_repository.KIND,
    *experiments.KINDS,
    lifecycle_config.KIND,
    model_package_group.KIND,
    notebook_instance.KIND,
)

MORE_OPERATIONS = (
    search.OPERATIONS,
    tagging.OPERATIONS,
    experiments.OPERATIONS,
    notebook_instance.OPERATIONS,
)
"""Operation -> what it does, for those that no table describes."""


def build_engine(
    clock: Clock,
    delays: Delays,
    *,
    quotas: outside.Quotas | None = None,
    faults: outside.Faults | None = None,
) -> Engine:
    """Give the engine with every table and the operations that belong to no single table."""
    engine = Engine(KINDS, clock, delays, quotas=quotas, faults=faults)
    for operations in MORE_OPERATIONS:
        for name, operation in operations.items():
            engine.add_operation(name, operation)
    return engine


class SageMakerService(JsonService):
    """What ministack asks of a service module: requests, state, reset."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one operation for whoever signed the request."""
        _refuse_reserved_tags(request)
        outside.set_caller(emulator.caller(headers))
        return self.engine.call(operation, request)

    def get_state(self) -> Document:
        """Give what is written when the process stops with persistence on."""
        return {"records": self.engine.snapshot(), "clock_offset": self.engine.clock.offset}

    def load_persisted_state(self, data: Document) -> None:
        """Take over what an earlier process wrote."""
        self.engine.clock.reset(data["clock_offset"])
        self.engine.restore(data["records"])

    def reset(self) -> None:
        """Forget everything, run at normal time and with the delays of the start."""
        self.engine.delays.reset()
        self.engine.clock.reset()
        self.engine.clear()


def _refuse_reserved_tags(request: dict[str, Any]) -> None:
    # Here and not in the engine: CloudFormation itself sets tags of this prefix.
    tags = request.get("Tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and str(tag.get("Key", "")).lower().startswith("aws:"):
            raise invalid("aws: prefixed tag key names are not allowed for external use.")
