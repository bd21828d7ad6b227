"""The machines that a seat can have, as they are listed, stopped and started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.boxes import BoxState, boxes, protection
from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import Names

Machine = NotebookState | BoxState


@dataclass(frozen=True)
class Step:
    """The operation that takes machines from ``begins`` past a status to where they should be."""

    operation: str
    begins: frozenset[str]
    passes: str
    ends: str


class NotebookKind:
    """Notebook instances of SageMaker."""

    noun = "notebook"
    up = "InService"
    """The status of one that runs."""
    hopeless = ("Failed", "Deleting")
    """Statuses that time alone does not cure."""

    def name(self, names: Names) -> str:
        """Return the name of a seat's own."""
        return names.notebook

    def listed(
        self, clients: Clients, account_region: AccountRegion, workshop: str
    ) -> Mapping[str, Machine]:
        """Return all of the workshop by name; botocore's errors pass through."""
        return notebooks(clients, account_region, workshop)

    def ask(
        self, clients: Clients, account_region: AccountRegion, operation: str, machine: Machine
    ) -> dict[str, Any]:
        """Call an operation for one; botocore's errors pass through."""
        return clients.call(
            account_region, "sagemaker", operation, NotebookInstanceName=machine.name
        )

    def trouble(
        self,
        error: BotoCoreError | ClientError,
        loaded: LoadedEnvironment,  # noqa: ARG002 - its errors need no cure of ours
        account_region: AccountRegion,  # noqa: ARG002
        machine: Machine | None,  # noqa: ARG002
    ) -> str:
        """Return a refusal for people."""
        return str(error)

    def why(self, clients: Clients, account_region: AccountRegion, machine: Machine) -> str:
        """Return why one is in a hopeless status."""
        reason = f"its notebook is {machine.status}"
        if machine.status == "Failed":
            try:
                described = self.ask(clients, account_region, "DescribeNotebookInstance", machine)
            except (BotoCoreError, ClientError):
                return reason
            reason = f"{reason}: {described.get('FailureReason', 'AWS gives no reason')}"
        return reason


class BoxKind:
    """EC2 instances. A stopped one has no claim to a machine when it is started."""

    noun = "EC2 instance"
    up = "running"
    hopeless = ("shutting-down",)

    def name(self, names: Names) -> str:
        """Return the name of a seat's own."""
        return names.box

    def listed(
        self, clients: Clients, account_region: AccountRegion, workshop: str
    ) -> Mapping[str, Machine]:
        """Return all of the workshop by name; botocore's errors pass through."""
        return boxes(clients, account_region, workshop)

    def ask(
        self, clients: Clients, account_region: AccountRegion, operation: str, machine: Machine
    ) -> dict[str, Any]:
        """Call an operation for one; botocore's errors pass through.

        What EC2 cannot give now is asked for by whoever calls, and not by the client: its waits
        would keep others of the roster from being asked for.
        """
        ids = [machine.id] if isinstance(machine, BoxState) else []
        client = clients.client("ec2", account_region, attempts=1)
        call = client.start_instances if operation == "StartInstances" else client.stop_instances
        answer: dict[str, Any] = call(InstanceIds=ids)
        return answer

    def trouble(
        self,
        error: BotoCoreError | ClientError,
        loaded: LoadedEnvironment,
        account_region: AccountRegion,
        machine: Machine | None,
    ) -> str:
        """Return a refusal for people."""
        code = errors.code(error.response) if isinstance(error, ClientError) else ""
        of = machine.instance_type if machine else ""
        if code == "InsufficientInstanceCapacity" and isinstance(machine, BoxState):
            return (
                f"EC2 has no {of} to give in {machine.zone} now, and a stopped instance has no"
                " claim to one; what is on its disk is safe: start it again later, and early on"
                " the day, or give its row another 'instance_type' and deploy"
            )
        if code == "ReservationCapacityExceeded":
            return (
                f"its capacity reservation has no room for another {of} now; what is on its disk is"
                " safe: stop another instance in it, or start it again later"
            )
        if code == "VcpuLimitExceeded":
            return (
                f"the account's quota of vCPUs has none left for {of}; stop another instance, or"
                f" ask AWS for more with: {loaded.command('preflight', '--request-quotas')}"
            )
        id_ = machine.id if isinstance(machine, BoxState) else ""
        return protection(error, id_, account_region.region) or str(error)

    def why(
        self,
        clients: Clients,  # noqa: ARG002 - the listing tells all there is
        account_region: AccountRegion,  # noqa: ARG002
        machine: Machine,
    ) -> str:
        """Return why one is in a hopeless status."""
        reason = machine.reason if isinstance(machine, BoxState) else ""
        return f"its EC2 instance is {machine.status}" + (f": {reason}" if reason else "")


NOTEBOOK, BOX = NotebookKind(), BoxKind()


@dataclass(frozen=True)
class SeatMachine:
    """The machine of a kind that a seat has, or should have."""

    seat: Seat
    kind: NotebookKind | BoxKind


def machines_of(seats: Iterable[Seat]) -> list[SeatMachine]:
    """Return the machines of seats; who has none at all may have a notebook from before."""
    found = []
    for seat in seats:
        if seat.instance_type or not seat.box_type:
            found.append(SeatMachine(seat, NOTEBOOK))
        if seat.box_type:
            found.append(SeatMachine(seat, BOX))
    return found
