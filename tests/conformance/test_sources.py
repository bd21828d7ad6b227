"""Conformance: lifecycle configurations and code repositories."""

from __future__ import annotations

import base64

import pytest

from tests.support.conformance import Aws, listed

CONFIG = {"NotebookInstanceLifecycleConfigName": "lc"}
REPOSITORY = {"CodeRepositoryName": "content"}
GIT = {"RepositoryUrl": "https://example.org/a.git", "Branch": "main"}


def script(text: str) -> list[dict[str, str]]:
    return [{"Content": base64.b64encode(text.encode()).decode()}]


def test_a_lifecycle_config_keeps_its_scripts(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_notebook_instance_lifecycle_config(**CONFIG, OnCreate=script("one"))
    client.update_notebook_instance_lifecycle_config(**CONFIG, OnStart=script("two"))
    found = client.describe_notebook_instance_lifecycle_config(**CONFIG)
    assert found["OnStart"] == script("two")
    client.delete_notebook_instance_lifecycle_config(**CONFIG)
    listing = client.list_notebook_instance_lifecycle_configs()
    assert listing["NotebookInstanceLifecycleConfigs"] == []


@pytest.mark.parametrize("text", ["no base64!", "aGk"])
def test_a_script_that_is_not_base64_is_refused(aws: Aws, text: str) -> None:
    refusal = aws.refusal(
        "create_notebook_instance_lifecycle_config", **CONFIG, OnCreate=[{"Content": text}]
    )
    assert refusal.startswith("ValidationException: ")


def test_a_repository_can_change_only_its_secret(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_code_repository(**REPOSITORY, GitConfig=GIT)
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:AmazonSageMaker-git"  # noqa: S105
    client.update_code_repository(**REPOSITORY, GitConfig={"SecretArn": secret})
    found = client.describe_code_repository(**REPOSITORY)
    assert found["GitConfig"] == {**GIT, "SecretArn": secret}
    client.delete_code_repository(**REPOSITORY)
    assert client.list_code_repositories()["CodeRepositorySummaryList"] == []


@pytest.mark.parametrize("amount", [26, 51, 101, 201])
def test_every_lifecycle_config_is_listed_once(aws: Aws, amount: int) -> None:
    names = [f"lc-{number:03}" for number in range(amount)]
    for name in names:
        aws.sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name
        )
    found = listed(
        aws.sagemaker,
        "list_notebook_instance_lifecycle_configs",
        "NotebookInstanceLifecycleConfigs",
        25,
    )
    member = "NotebookInstanceLifecycleConfigName"
    assert sorted(summary[member] for summary in found) == names
