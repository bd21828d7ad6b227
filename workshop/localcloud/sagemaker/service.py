"""SageMaker as the emulator sees it: a module-like object that serves JSON 1.1 requests."""

# The signature of handle_request is ministack's.
# ruff: noqa: ARG002
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workshop.localcloud.sagemaker import (
    code_repository,
    lifecycle_config,
    model_package_group,
    notebook_instance,
    tagging,
)
from workshop.localcloud.sagemaker.engine import Engine
from workshop.localcloud.sagemaker.faults import ApiError, invalid

if TYPE_CHECKING:
    from workshop.localcloud.clock import Clock
    from workshop.localcloud.settings import Delays

KINDS = (
    notebook_instance.KIND,
    lifecycle_config.KIND,
    code_repository.KIND,
    model_package_group.KIND,
)

Answer = tuple[int, dict[str, str], bytes]


def build_engine(clock: Clock, delays: Delays) -> Engine:
    """Give the engine with every table and the operations that belong to no single table."""
    engine = Engine(KINDS, clock, delays)
    engine.operations["AddTags"] = lambda request: tagging.add_tags(engine, request)
    engine.operations["ListTags"] = lambda request: tagging.list_tags(engine, request)
    engine.operations["DeleteTags"] = lambda request: tagging.delete_tags(engine, request)
    engine.operations["CreatePresignedNotebookInstanceUrl"] = lambda request: (
        notebook_instance.presigned_url(engine, request)
    )
    return engine


class SageMakerService:
    """What ministack asks of a service module: requests, state, reset."""

    def __init__(self, clock: Clock, delays: Delays) -> None:
        self.clock = clock
        self.delays = delays
        self.engine = build_engine(clock, delays)

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Serve one request; the operation stands in ``X-Amz-Target: SageMaker.<Operation>``."""
        answer_headers = {"Content-Type": "application/x-amz-json-1.1"}
        try:
            operation = headers.get("x-amz-target", "").partition(".")[2]
            request = _parsed(body)
            _refuse_reserved_tags(request)
            answer = self.engine.call(operation, request)
        except ApiError as refusal:
            answer_headers["x-amzn-errortype"] = refusal.code
            return refusal.status, answer_headers, refusal.body()
        return 200, answer_headers, json.dumps(answer).encode()

    def get_state(self) -> dict[str, Any]:
        """Give what is written when the process stops with persistence on."""
        return {"stores": self.engine.snapshot(), "clock_offset": self.clock.offset}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Take over what an earlier process wrote."""
        self.engine.restore(data["stores"])
        self.clock.reset(data["clock_offset"])

    def reset(self) -> None:
        """Forget everything, run at normal time and with the delays of the start."""
        self.delays.reset()
        self.clock.reset()
        self.engine.clear()


def _refuse_reserved_tags(request: dict[str, Any]) -> None:
    # Here and not in the engine: CloudFormation itself sets tags of this prefix.
    tags = request.get("Tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and str(tag.get("Key", "")).lower().startswith("aws:"):
            raise invalid("aws: prefixed tag key names are not allowed for external use.")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ApiError("SerializationException", "the request body is not JSON") from None
    if not isinstance(request, dict):
        raise ApiError("SerializationException", "the request body is not a JSON object")
    return request
