"""A stack brought into each state that CloudFormation can leave it in, on the local cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud import process
from tests.support.local_cloud import IAM
from tests.support.small_workshop import Fleet
from workshop.deploy.desired import DesiredStack

NEW = "Further"
"""A resource that an update adds, and that cannot be made."""


@dataclass
class Hand:
    """Somebody with CloudFormation's own commands, at work on one seat's stack."""

    fleet: Fleet
    seat: str

    @property
    def client(self) -> Any:
        return self.fleet.cloud.client("cloudformation")

    @property
    def desired(self) -> DesiredStack:
        plans = self.fleet.plan().stacks
        return next(
            one.desired
            for one in plans
            if one.desired.seat == self.seat and one.desired.kind == "storage"
        )

    @property
    def name(self) -> str:
        return f"demo-{self.seat}-storage"

    def _request(self) -> dict[str, Any]:
        desired = self.desired
        carried = desired.tagged(desired.templates[0])
        return {
            "StackName": desired.name,
            "TemplateBody": desired.templates[0].body,
            "Tags": [{"Key": key, "Value": value} for key, value in carried.items()],
            **IAM,
        }

    def create(self, *actions: str, **more: Any) -> str:
        """Make the stack as it is desired, while handlers of its resources fail."""
        types = {"create": "AWS::S3::BucketPolicy", "delete": "AWS::S3::Bucket"}
        self._failing(*((types[action], action) for action in actions))
        self.client.create_stack(**self._request(), **more)
        return self._ended()

    def review(self) -> str:
        """Have the stack wait for its first change set."""
        self.client.create_change_set(
            **self._request(), ChangeSetName="first", ChangeSetType="CREATE"
        )
        return self._ended()

    def delete(self) -> str:
        """Delete a stack whose bucket holds an object."""
        self.create()
        (bucket,) = self.client.describe_stack_resources(
            StackName=self.name, LogicalResourceId=self._bucket()
        )["StackResources"]
        self.fleet.cloud.client("s3").put_object(
            Bucket=bucket["PhysicalResourceId"], Key="work", Body=b"x"
        )
        self.client.delete_stack(StackName=self.name)
        return self._ended()

    def update(self, **more: Any) -> str:
        """Change the bucket, and add what cannot be made."""
        self.create()
        request = self._request()
        document = json.loads(request["TemplateBody"])
        bucket = self._bucket()
        document["Resources"][bucket]["Properties"]["VersioningConfiguration"] = {
            "Status": "Suspended"
        }
        document["Resources"][NEW] = {
            "Type": "AWS::ECR::Repository",
            "DependsOn": bucket,
            "Properties": {"RepositoryName": f"further/{self.seat}"},
        }
        self._failing(("AWS::ECR::Repository", "create"))
        self.client.update_stack(**{**request, "TemplateBody": json.dumps(document)}, **more)
        return self._ended()

    def roll_back(self) -> str:
        """Undo an update whose bucket cannot be changed back."""
        self.update(DisableRollback=True)
        self._failing(("AWS::S3::Bucket", "update"))
        self.client.rollback_stack(StackName=self.name)
        return self._ended()

    def adopt(self, *, gone: bool = False) -> str:
        """Import a log group into the stack; ``gone``: it is deleted before that is done."""
        self.create()
        logs, group = self.fleet.cloud.client("logs"), f"further-{self.seat}"
        logs.create_log_group(logGroupName=group)
        request = self._request()
        document = json.loads(request["TemplateBody"])
        document["Resources"][NEW] = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "Properties": {"LogGroupName": group},
        }
        self.client.create_change_set(
            **{**request, "TemplateBody": json.dumps(document)},
            ChangeSetName="import",
            ChangeSetType="IMPORT",
            ResourcesToImport=[
                {
                    "ResourceType": "AWS::Logs::LogGroup",
                    "LogicalResourceId": NEW,
                    "ResourceIdentifier": {"LogGroupName": group},
                }
            ],
        )
        if gone:
            logs.delete_log_group(logGroupName=group)
        self.client.execute_change_set(StackName=self.name, ChangeSetName="import")
        return self._ended()

    def put(self, status: str) -> str:
        """Put the stack into a status that the local cloud itself leads to on no way."""
        if self.name not in self.fleet.statuses():
            self.create()
        put(self.fleet, self.name, status)
        return self.fleet.statuses()[self.name]

    def _bucket(self) -> str:
        resources = json.loads(self.desired.templates[0].body)["Resources"]
        (name,) = (name for name, one in resources.items() if one["Type"] == "AWS::S3::Bucket")
        return str(name)

    def _failing(self, *handlers: tuple[str, str]) -> None:
        self.fleet.cloud.faults(
            *(
                {"effect": "handler", "type": kind, "action": action, "code": "InvalidRequest"}
                for kind, action in handlers
            )
        )

    def _ended(self) -> str:
        status = self.fleet.cloud.settled(self.name) if not self._waits() else "REVIEW_IN_PROGRESS"
        self.fleet.cloud.faults()
        return status

    def _waits(self) -> bool:
        (stack,) = self.client.describe_stacks(StackName=self.name)["Stacks"]
        return bool(stack["StackStatus"] == "REVIEW_IN_PROGRESS")


def put(fleet: Fleet, name: str, status: str) -> None:
    """Put any stack into a status."""
    document = {"name": name, "status": status}
    process.post(fleet.cloud.running, "/_localcloud/stack-status", document)


STATES: dict[str, Callable[[Hand], str]] = {
    "CREATE_FAILED": lambda hand: hand.create("create", OnFailure="DO_NOTHING"),
    "ROLLBACK_COMPLETE": lambda hand: hand.create("create"),
    "ROLLBACK_FAILED": lambda hand: hand.create("create", "delete"),
    "DELETE_FAILED": Hand.delete,
    "REVIEW_IN_PROGRESS": Hand.review,
    "UPDATE_FAILED": lambda hand: hand.update(DisableRollback=True),
    "UPDATE_ROLLBACK_COMPLETE": Hand.update,
    "UPDATE_ROLLBACK_FAILED": Hand.roll_back,
    "IMPORT_COMPLETE": Hand.adopt,
    "IMPORT_ROLLBACK_COMPLETE": lambda hand: hand.adopt(gone=True),
    "IMPORT_ROLLBACK_FAILED": lambda hand: hand.put("IMPORT_ROLLBACK_FAILED"),
}
"""Status -> what leads to it."""


def wreck(fleet: Fleet) -> dict[str, str]:
    """Write a roster with a seat for each state, and bring its storage there; status -> seat."""
    seats = {status: f"seat{number:02}" for number, status in enumerate(STATES, 1)}
    fleet.write(len(seats))
    for status, seat in seats.items():
        assert STATES[status](Hand(fleet, seat)) == status
    return seats
