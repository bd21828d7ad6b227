"""Conformance: notebook instances, as AWS treats them."""

from __future__ import annotations

import pytest

from tests.support.conformance import Aws, listed

NAME = {"NotebookInstanceName": "nb"}


def make(aws: Aws, name: str = "nb") -> None:
    aws.sagemaker.create_notebook_instance(
        NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=aws.role(f"role-{name}")
    )


def status(aws: Aws) -> str:
    return str(aws.sagemaker.describe_notebook_instance(**NAME)["NotebookInstanceStatus"])


def test_a_notebook_goes_from_pending_to_in_service(aws: Aws) -> None:
    make(aws)
    assert status(aws) == "Pending"
    aws.pass_time()
    assert status(aws) == "InService"


@pytest.mark.parametrize("operation", ["stop_notebook_instance", "delete_notebook_instance"])
def test_a_pending_notebook_can_be_neither_stopped_nor_deleted(aws: Aws, operation: str) -> None:
    make(aws)
    assert aws.refusal(operation, **NAME).startswith("ValidationException: Status (Pending) not in")


@pytest.mark.parametrize("amount", [26, 51, 101, 201])
def test_every_notebook_is_listed_once_whatever_the_number(aws: Aws, amount: int) -> None:
    role = aws.role()
    names = [f"nb{number:03}" for number in range(amount)]
    for name in names:
        aws.sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role
        )
    found = listed(aws.sagemaker, "list_notebook_instances", "NotebookInstances", 25)
    assert [instance["NotebookInstanceName"] for instance in found] == names
