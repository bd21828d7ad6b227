"""Stack sets, their instances and operations: plain data that is kept as JSON between runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from localcloud.accounts import AccountRegion
from localcloud.authentication.gate import by_owner

Document = dict[str, Any]

SELF_MANAGED = "SELF_MANAGED"
SERVICE_MANAGED = "SERVICE_MANAGED"

UNFINISHED = frozenset({"RUNNING", "STOPPING", "QUEUED"})
"""Statuses of an operation that has not ended."""


@dataclass
class Instance:
    """One stack of a stack set; without ``stack_id`` it was never created."""

    account: str
    region: str
    unit: str = ""
    """The organizational unit or root that it was asked for by; empty if self-managed."""
    stack_id: str = ""
    overrides: dict[str, str] = field(default_factory=dict)
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    operation_id: str = ""


@dataclass
class OperationResult:
    """What an operation did in one account and Region."""

    account: str
    region: str
    unit: str = ""
    status: str = "PENDING"
    reason: str = ""

    @property
    def place(self) -> AccountRegion:
        return self.account, self.region


@dataclass
class Operation:
    """One operation; ``created`` and ``ended`` in seconds since the epoch."""

    id: str
    number: int
    action: str
    created: float
    results: list[OperationResult]
    preferences: Document = field(default_factory=dict)
    overrides: list[Document] | None = None
    """``ParameterOverrides`` as they were sent; None leaves each instance's as they are."""
    targets: Document | None = None
    retain: bool | None = None
    administration_role: str = ""
    execution_role: str = ""
    status: str = "QUEUED"
    reason: str = ""
    ended: float | None = None
    by_owner: bool = field(default_factory=by_owner.get)
    """Whether it was asked for with the secret of an account, whichever operation it waits for."""

    @property
    def failures(self) -> int:
        return sum(result.status == "FAILED" for result in self.results)


@dataclass
class StackSet:
    """One stack set; ``account`` and ``region`` are the administrator's."""

    name: str
    id: str
    account: str
    region: str
    token: str
    permission_model: str
    template: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    """Every parameter of the template: the value given, or its default."""
    secret: list[str] = field(default_factory=list)
    """Parameters with ``NoEcho``."""
    description: str = ""
    capabilities: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    administration_role: str = ""
    execution_role: str = ""
    auto_deployment: Document | None = None
    queues: bool = False
    """Whether managed execution lets operations wait for each other."""
    status: str = "ACTIVE"
    instances: dict[AccountRegion, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    @property
    def service_managed(self) -> bool:
        return self.permission_model == SERVICE_MANAGED

    def unfinished(self) -> Iterator[Operation]:
        """Return what runs and what waits, in the order of the requests."""
        return (
            operation for operation in self.operations.values() if operation.status in UNFINISHED
        )

    def as_document(self) -> Document:
        """Return the state as JSON values."""
        document = asdict(self)
        document["instances"] = list(document["instances"].values())
        document["operations"] = list(document["operations"].values())
        return document

    @classmethod
    def from_document(cls, document: Document) -> StackSet:
        """Restore what ``as_document`` returned."""
        instances = [Instance(**instance) for instance in document["instances"]]
        operations = [
            Operation(
                **{
                    **operation,
                    "results": [OperationResult(**result) for result in operation["results"]],
                }
            )
            for operation in document["operations"]
        ]
        return cls(
            **{
                **document,
                "instances": {
                    (instance.account, instance.region): instance for instance in instances
                },
                "operations": {operation.id: operation for operation in operations},
            }
        )
