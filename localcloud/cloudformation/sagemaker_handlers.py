"""Create, update and delete handlers for the SageMaker resource types.

Waiting for a notebook blocks the calling thread, which is why its type is registered as one that
runs on a worker thread; the waits follow the local cloud's clock.
"""

# Private names of ministack, held by ministack_names.HELD, and its handlers' signatures.
# ruff: noqa: ARG002, SLF001
from __future__ import annotations

from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import (
    ResourceError,
    check_properties,
    handler_message,
)
from localcloud.cloudformation.sagemaker_types import CloudFormationType, Properties
from localcloud.protocol import models
from localcloud.protocol.errors import ApiError
from localcloud.sagemaker.engine import SERVICE, SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record

Made = tuple[str, dict[str, Any]]


class SageMakerHandlers:
    """The handlers of one resource type, over the service's own operations."""

    def __init__(self, spec: CloudFormationType, engine: SageMakerEngine) -> None:
        self.spec = spec
        self.engine = engine
        self.kind = engine.kinds[spec.noun]

    def table(self) -> dict[str, Any]:
        """Return the entry of ministack's table of resource handlers."""
        return {
            "create": self.create,
            "update": self.update,
            "update_with_logical_id": True,
            "delete": self.delete,
        }

    def create(self, logical_id: str, props: Properties, stack_name: str) -> Made:
        """Create, wait until it is in service, and give back ``Ref`` and the attributes."""
        check_properties(logical_id, props, self.spec.properties, self.spec.required)
        name = props.get(self.kind.name) or ministack_adapter.module(
            "services.cloudformation.provisioners"
        )._physical_name(stack_name, logical_id, max_len=63)
        operation = f"Create{self.spec.noun}"
        answer = self._call(operation, self._request(operation, name, props))
        if self.spec.named_by_service:
            name = _name_of(answer[self.kind.arn])
            self._settled(name)
        elif self.spec.stops_to_update:
            try:
                self._in_service(name)
            except ResourceError:
                # CloudFormation learns no physical id from a failed create: clean up here.
                self._remove(name)
                raise
        return self._made(name)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str | None = None,
    ) -> Made:
        """Update in place; a notebook is stopped for it and started again if it was running."""
        check_properties(logical_id or physical_id, new, self.spec.properties, self.spec.required)
        name = _name_of(physical_id)
        changed = {
            member
            for member in (old.keys() | new.keys()) - {"Tags"}
            if old.get(member) != new.get(member)
        }
        if changed:
            self._apply(name, changed, new)
        self._retag(physical_id, old, new)
        return self._made(name)

    def delete(self, physical_id: str, props: Properties) -> None:
        """Stop, delete, and wait until it is gone; a missing resource is no error."""
        self._remove(_name_of(physical_id))

    def replaces(self, old: Properties, new: Properties) -> bool:
        """Whether a change asks for a new resource."""
        return any(old.get(member) != new.get(member) for member in self.spec.create_only)

    def _apply(self, name: str, changed: set[str], new: Properties) -> None:
        operation = f"Update{self.spec.noun}"
        request = self._request(
            operation, name, {member: new[member] for member in changed if member in new}
        )
        for member in changed - new.keys():
            if member in self.spec.dissociate:
                request[self.spec.dissociate[member]] = True
        if not self.spec.stops_to_update:
            self._call(operation, request)
            return
        running = self._rest(name) == "InService"
        if running:
            self._call("StopNotebookInstance", {self.kind.name: name})
            self._wait(name, ("Stopped", "Failed"))
        try:
            self._call(operation, request)
            self._wait(name, ("Stopped", "Failed"))
        finally:
            if running:
                self._call("StartNotebookInstance", {self.kind.name: name})
                self._in_service(name)

    def _in_service(self, name: str) -> None:
        """Wait for a notebook's start; raise ResourceError where it fails.

        CloudFormation passes the notebook's FailureReason on
        (https://github.com/aws-samples/amazon-sagemaker-optuna-hpo-blog/issues/4).
        """
        if self._wait(name, ("InService", "Failed")) == "Failed":
            record = self._existing(name) or {}
            reason = record.get("failure") or f"Notebook Instance {name} failed to start."
            raise ResourceError(f"{reason} (HandlerErrorCode: NotStabilized)")

    def _settled(self, name: str) -> None:
        """Wait until what SageMaker has named is there; raise ResourceError where it fails."""
        status = self._wait(name, ("Created", "CreateFailed"))
        if status == "CreateFailed":
            self._remove(name)
            raise ResourceError(
                f"{self.kind.words} {name} is {status}. (HandlerErrorCode: NotStabilized)"
            )

    def _remove(self, name: str) -> None:
        if self._existing(name) is None:
            return
        if self.spec.stops_to_update:
            if self._rest(name) == "InService":
                self._call("StopNotebookInstance", {self.kind.name: name})
            self._wait(name, ("Stopped", "Failed"))
        operation = f"Delete{self.spec.noun}"
        self._call(operation, self._named(operation, name))
        if self.spec.stops_to_update or self.spec.named_by_service:
            self._wait(name, (None,))

    def _request(self, operation: str, name: str, props: Properties) -> Members:
        shape = models.operation(SERVICE, operation).input_shape
        request: Members = _typed(shape, props) if shape is not None else {}
        request = {
            key: value
            for key, value in request.items()
            if key in models.input_members(SERVICE, operation) and key != self.kind.name
        }
        if "Tags" in request:
            request["Tags"] = self._own_tags(request["Tags"])
        return {**self._named(operation, name), **request}

    def _named(self, operation: str, name: str) -> Members:
        if not self.spec.named_by_service:
            return {self.kind.name: name}
        new = operation.startswith("Create")
        return {} if new else {self.kind.name: self.engine.arn(self.kind, name)}

    def _own_tags(self, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        # The schema says which types carry CloudFormation's own aws: tags.
        return [tag for tag in tags if self.spec.system_tags or not tag["Key"].startswith("aws:")]

    def _retag(self, arn: str, old: Properties, new: Properties) -> None:
        before = {tag["Key"]: tag["Value"] for tag in self._own_tags(old.get("Tags") or [])}
        after = {tag["Key"]: tag["Value"] for tag in self._own_tags(new.get("Tags") or [])}
        gone = sorted(before.keys() - after.keys())
        if gone:
            self._call("DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
        if after and before != after:
            tags = [{"Key": key, "Value": value} for key, value in after.items()]
            self._call("AddTags", {"ResourceArn": arn, "Tags": tags})

    def _made(self, name: str) -> Made:
        record = self._existing(name)
        if record is None:
            raise ResourceError(f"{self.kind.words} {name} disappeared while it was being made")
        view = self.engine.view(self.kind, record)
        return record["arn"], {attribute: view[attribute] for attribute in self.spec.attributes}

    def _existing(self, name: str) -> Record | None:
        return self.engine.record(self.kind, name)

    def _rest(self, name: str) -> str | None:
        """Wait until the status stays; return it, or None when the resource is gone."""
        return self._wait(name, ("InService", "Stopped", "Failed", None))

    def _wait(self, name: str, wanted: tuple[str | None, ...]) -> str | None:
        while True:
            ticket = self.engine.clock.ticket()
            record = self._existing(name)
            status = None if record is None else record["status"]
            if status in wanted:
                return status
            change = None if record is None else self.engine.statuses.next_change(self.kind, record)
            if change is None:
                raise ResourceError(
                    f"{self.kind.words} {name} is {status or 'gone'} although CloudFormation "
                    f"waits for {' or '.join(map(str, wanted))}. "
                    "(HandlerErrorCode: NotStabilized)"
                )
            self.engine.clock.wait_until(change, ticket)

    def _call(self, operation: str, request: Members) -> Members:
        try:
            return self.engine.call(operation, request)
        except ApiError as refusal:
            category = "InvalidRequest"
            raise ResourceError(
                handler_message("SageMaker", refusal.message, refusal.status, category)
            ) from refusal


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _typed(shape: Shape, value: Any) -> Any:
    """Template values as the API types them: parameters arrive as text even for numbers."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name: _typed(shape.members[name], item) if name in shape.members else item
            for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_typed(shape.member, item) for item in value]
    if isinstance(value, str) and shape.type_name in ("integer", "long"):
        return int(value) if value.lstrip("-").isdigit() else value
    if isinstance(value, str) and shape.type_name == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    if shape.type_name == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
