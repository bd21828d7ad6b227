"""The local SageMaker is held to botocore's service model, and ministack to what we lean on."""

from __future__ import annotations

import base64
import inspect
import json
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from workshop.errors import LocalCloudError
from workshop.localcloud import emulator
from workshop.localcloud.clock import Clock
from workshop.localcloud.sagemaker.service import build_engine
from workshop.localcloud.settings import delays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.localcloud import Cloud

SCRIPT = [{"Content": base64.b64encode(b"#!/bin/sh\n").decode()}]
COMMON_ERRORS = {"ValidationException"}
"""Errors every SageMaker operation can answer although the model lists them for none."""


class Watch:
    """Looks at every raw SageMaker answer before boto3 parses it."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.problems: list[str] = []

    def __call__(self, operation_model: Any, response_dict: Any, **_: Any) -> None:
        name = operation_model.name
        document = json.loads(response_dict["body"] or b"{}")
        if response_dict["status_code"] < 400:
            self.seen.add(name)
            if operation_model.output_shape is None:
                self.problems += [f"{name}: answers although nothing is modelled"] * bool(document)
                return
            report = ParamValidator().validate(document, operation_model.output_shape)
            if report.has_errors():
                self.problems.append(f"{name}: {report.generate_report()}")
            return
        modelled = {shape.name for shape in operation_model.error_shapes} | COMMON_ERRORS
        if document.get("__type") not in modelled or not document.get("message"):
            self.problems.append(f"{name}: refuses with {document}")


@pytest.fixture
def watch(cloud: Cloud) -> Iterator[Watch]:
    watching = Watch()
    events = cloud.client("sagemaker").meta.events
    events.register("before-parse.sagemaker", watching)
    yield watching
    events.unregister("before-parse.sagemaker", watching)


def test_every_answer_has_the_modelled_shape_and_every_operation_is_looked_at(
    cloud: Cloud, watch: Watch
) -> None:
    sagemaker = cloud.client("sagemaker")
    config = {"NotebookInstanceLifecycleConfigName": "lc"}
    sagemaker.create_notebook_instance_lifecycle_config(**config, OnCreate=SCRIPT)
    sagemaker.update_notebook_instance_lifecycle_config(**config, OnStart=SCRIPT)
    sagemaker.describe_notebook_instance_lifecycle_config(**config)
    sagemaker.list_notebook_instance_lifecycle_configs()
    repository = {"CodeRepositoryName": "content"}
    sagemaker.create_code_repository(
        **repository, GitConfig={"RepositoryUrl": "https://example.org/a.git", "Branch": "main"}
    )
    sagemaker.update_code_repository(**repository)
    sagemaker.describe_code_repository(**repository)
    sagemaker.list_code_repositories()
    group = {"ModelPackageGroupName": "group"}
    arn = sagemaker.create_model_package_group(**group, ModelPackageGroupDescription="d")[
        "ModelPackageGroupArn"
    ]
    sagemaker.describe_model_package_group(ModelPackageGroupName=arn)
    sagemaker.create_model_package_group(ModelPackageGroupName="second")
    assert sagemaker.list_model_package_groups(MaxResults=1)["NextToken"]
    name = {"NotebookInstanceName": "nb"}
    made = sagemaker.create_notebook_instance(
        **name,
        InstanceType="ml.t3.medium",
        RoleArn=cloud.role(),
        SubnetId="subnet-1",
        SecurityGroupIds=["sg-1"],
        DirectInternetAccess="Disabled",
        LifecycleConfigName="lc",
        DefaultCodeRepository="content",
        AdditionalCodeRepositories=["https://example.org/b.git"],
        InstanceMetadataServiceConfiguration={"MinimumInstanceMetadataServiceVersion": "2"},
        Tags=[{"Key": "a", "Value": "b"}],
    )["NotebookInstanceArn"]
    sagemaker.describe_notebook_instance(**name)
    sagemaker.list_notebook_instances()
    sagemaker.create_presigned_notebook_instance_url(**name)
    sagemaker.add_tags(ResourceArn=made, Tags=[{"Key": "c", "Value": "d"}])
    sagemaker.list_tags(ResourceArn=made)
    sagemaker.delete_tags(ResourceArn=made, TagKeys=["c"])
    sagemaker.stop_notebook_instance(**name)
    sagemaker.update_notebook_instance(**name, InstanceType="ml.t3.large")
    sagemaker.start_notebook_instance(**name)
    sagemaker.stop_notebook_instance(**name)
    sagemaker.delete_notebook_instance(**name)
    sagemaker.delete_notebook_instance_lifecycle_config(**config)
    sagemaker.delete_code_repository(**repository)
    sagemaker.delete_model_package_group(**group)
    assert watch.problems == []
    assert watch.seen == set(build_engine(Clock(), delays()).operations)


def test_every_operation_refuses_an_unknown_resource_with_a_modelled_error(
    cloud: Cloud, watch: Watch
) -> None:
    sagemaker = cloud.client("sagemaker")
    arn = "arn:aws:sagemaker:us-east-1:000000000000:notebook-instance/none"
    asked = {
        "NotebookInstanceName": "none",
        "NotebookInstanceLifecycleConfigName": "none",
        "CodeRepositoryName": "none",
        "ModelPackageGroupName": "none",
        "ResourceArn": arn,
        "Tags": [],
        "TagKeys": ["a"],
    }
    refused = set()
    for name in build_engine(Clock(), delays()).operations:
        model = sagemaker.meta.service_model.operation_model(name)
        if name.startswith("List") and name != "ListTags":
            continue
        if name.startswith("Create") and name != "CreatePresignedNotebookInstanceUrl":
            continue
        request = {key: asked[key] for key in model.input_shape.required_members}
        with pytest.raises(ClientError):
            sagemaker._make_api_call(name, request)
        refused.add(name)
    assert watch.problems == []
    assert len(refused) == 17


@pytest.mark.parametrize("module", emulator.HELD)
def test_ministack_still_has_the_private_names_we_lean_on(module: str) -> None:
    found = emulator.module(module)
    for name, signature in emulator.HELD[module].items():
        assert hasattr(found, name), f"ministack.{module} lost {name}"
        if signature is not None:
            held = getattr(found, name)
            # In this process nothing of ours is mounted: these are ministack's own.
            assert str(inspect.signature(held)) == signature, f"ministack.{module}.{name}"


@pytest.mark.parametrize("loop", ["_delete_stack_async", "_roll_back_operation"])
def test_ministack_still_walks_backwards_in_a_way_that_we_can_lead(loop: str) -> None:
    stacks = emulator.module("services.cloudformation.stacks")
    assert "reversed" in getattr(stacks, loop).__code__.co_names
    assert "_delete_resource" in getattr(stacks, loop).__code__.co_names
    assert not hasattr(stacks, "reversed"), "ministack has a name of its own that we would hide"


def test_ministack_is_the_release_whose_private_names_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert metadata.version("ministack") == emulator.PINNED
    emulator.check_release()
    monkeypatch.setattr(emulator, "PINNED", "1.5.34")
    with pytest.raises(LocalCloudError, match=r"needs ministack 1\.5\.34 but found 1\.5\.33"):
        emulator.check_release()
