"""An administrator of stack sets in a local cloud, for tests."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.support.local_cloud import Cloud, root, template

ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"
HOME = "us-east-1"
AWAY = "eu-west-1"

_SESSION = boto3.Session()
"""One for all accounts: a new one reads the services' models again, which takes longest."""

HANDLE = template({"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})
"""The cheapest stack: one resource that is nothing."""


def accounts(number: int) -> list[str]:
    """Return so many accounts, none of them the administrator's."""
    return [f"{111100000000 + index}" for index in range(1, number + 1)]


def bucket(**properties: Any) -> str:
    """Return a template with a bucket that is named after its account and Region."""
    name = {"Fn::Sub": "${Seat}-${AWS::AccountId}-${AWS::Region}"}
    return template(
        {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}},
        Parameters={"Seat": {"Type": "String", "Default": "seat"}},
    )


def named(account: str, region: str = HOME, seat: str = "seat") -> str:
    """Return the name of that bucket."""
    return f"{seat}-{account}-{region}"


def trust(**principal: str) -> str:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str) -> dict[str, Any]:
    """Return a resource: a role of this name."""
    policy = json.loads(trust(Service="sagemaker.amazonaws.com"))
    properties = {"RoleName": name, "AssumeRolePolicyDocument": policy}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def notebook() -> str:
    """Return a template with a notebook, which takes as long as the clock says."""
    role = {
        "AssumeRolePolicyDocument": json.loads(trust(Service="sagemaker.amazonaws.com")),
    }
    return template(
        {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Notebook": {
                "Type": "AWS::SageMaker::NotebookInstance",
                "Properties": {
                    "NotebookInstanceName": {"Ref": "Seat"},
                    "InstanceType": "ml.t3.medium",
                    "RoleArn": {"Fn::GetAtt": "Role.Arn"},
                },
            },
        },
        Parameters={"Seat": {"Type": "String", "Default": "seat"}},
    )


@dataclass
class Administrator:
    """The account that has the stack sets; it calls from its first Region."""

    cloud: Cloud
    account: str = ""
    call_as: str = ""

    @property
    def client(self) -> Any:
        return self.cloud.client("cloudformation", account=self.account)

    def within(self, service: str, account: str, region: str = HOME) -> Any:
        """Return a client of another account."""
        return _SESSION.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            **root(self.cloud.running, account),
            endpoint_url=self.cloud.endpoint,
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    def may_administer(self) -> None:
        """Make the administration role."""
        self.cloud.client("iam", account=self.account).create_role(
            RoleName=ADMINISTRATION,
            AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"),
        )

    def may_execute(self, *targets: str) -> None:
        """Make the execution role in these accounts."""
        here = self.account or self.cloud.running.account
        for target in targets:
            self.within("iam", target).create_role(
                RoleName=EXECUTION,
                AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{here}:root"),
            )

    def prepared(self, number: int, body: str, **more: Any) -> list[str]:
        """Make the stack set ``seats`` and give so many accounts that let it in."""
        given = accounts(number)
        self.may_execute(*given)
        self.call("create_stack_set", TemplateBody=body, **more)
        return given

    def call(self, operation: str, name: str = "seats", /, **request: Any) -> Any:
        """Call an operation of a stack set."""
        if self.call_as:
            request["CallAs"] = self.call_as
        return getattr(self.client, operation)(StackSetName=name, **request)

    def settled(self, operation_id: str, name: str = "seats") -> dict[str, Any]:
        """Return an operation once it has ended."""
        for _ in range(5000):
            answer = self.call("describe_stack_set_operation", name, OperationId=operation_id)
            operation: dict[str, Any] = answer["StackSetOperation"]
            if operation["Status"] not in {"QUEUED", "RUNNING", "STOPPING"}:
                return operation
        raise AssertionError(f"{operation_id} is still {operation['Status']}")

    def finished(self, operation: str, name: str = "seats", /, **request: Any) -> dict[str, Any]:
        """Call an operation and give what came of it."""
        return self.settled(self.call(operation, name, **request)["OperationId"], name)

    def instances(self, name: str = "seats", **chosen: Any) -> dict[tuple[str, str], Any]:
        """Return the instances by account and Region."""
        pages = self.client.get_paginator("list_stack_instances")
        if self.call_as:
            chosen["CallAs"] = self.call_as
        return {
            (summary["Account"], summary["Region"]): summary
            for page in pages.paginate(StackSetName=name, **chosen)
            for summary in page["Summaries"]
        }

    def results(self, operation_id: str, name: str = "seats") -> dict[tuple[str, str], Any]:
        """Return what an operation did, by account and Region."""
        pages = self.client.get_paginator("list_stack_set_operation_results")
        return {
            (summary["Account"], summary["Region"]): summary
            for page in pages.paginate(StackSetName=name, OperationId=operation_id)
            for summary in page["Summaries"]
        }

    def stacks(self, account: str, region: str = HOME) -> list[dict[str, Any]]:
        """Return the stacks that an account has, none deleted."""
        client = self.within("cloudformation", account, region)
        found: list[dict[str, Any]] = client.describe_stacks()["Stacks"]
        return found


def tally(found: dict[tuple[str, str], Any], region: str = "") -> dict[str, int]:
    """Count results, or the detailed statuses of instances, in a Region or in all."""
    return dict(
        Counter(
            entry.get("StackInstanceStatus", {}).get("DetailedStatus") or entry["Status"]
            for account_region, entry in found.items()
            if region in {"", account_region[1]}
        )
    )


def overriding(**values: str) -> list[dict[str, str]]:
    """Return parameters as the API takes them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def regional(*regions: str, **preferences: Any) -> dict[str, Any]:
    """Return the Regions of a request, with as much at a time and as many failures as there are."""
    open_ended = {"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100}
    return {"Regions": list(regions or (HOME,)), "OperationPreferences": preferences or open_ended}


def established(cloud: Cloud) -> Administrator:
    """Return an administrator with its role."""
    given = Administrator(cloud)
    given.may_administer()
    return given
