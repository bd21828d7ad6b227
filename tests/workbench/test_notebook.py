"""A notebook: in SageMaker's network or in a VPC, with its scripts inside the template."""

from __future__ import annotations

import json
from typing import Any

from tests.support.assemblies import exemplars, shipped
from tests.support.single_construct import resources
from workbench.notebook import WorkbenchNotebook

KIND = "AWS::SageMaker::NotebookInstance"


def made(**changes: Any) -> dict[str, dict[str, Any]]:
    """The properties of a notebook and of its lifecycle configuration, by their types."""
    values = {
        "notebook_name": "vision-${AttendeeId}-notebook",
        "lifecycle_name": "vision-${AttendeeId}-lifecycle",
        "role_arn": "arn:aws:iam::111122223333:role/ws/vision/one",
        "instance_type": "ml.t3.medium",
        "volume_gb": 20,
        "platform": "notebook-al2023-v1",
        "root_access": False,
        "on_create": "#!/bin/bash\n",
        "on_start": "#!/bin/bash\necho ${AttendeeId}\n",
        "subnet_id": None,
        "security_group_ids": (),
        "direct_internet": True,
        **changes,
    }
    found = resources(lambda stack: WorkbenchNotebook(stack, "Workbench", **values))
    return {resource["Type"]: resource["Properties"] for resource in found}


def test_root_is_for_those_who_may_break_their_notebook() -> None:
    assert made()[KIND]["RootAccess"] == "Disabled"
    assert made(root_access=True)[KIND]["RootAccess"] == "Enabled"


def test_without_a_vpc_it_is_in_sagemakers_network_with_its_internet() -> None:
    notebook = made()[KIND]
    assert notebook["DirectInternetAccess"] == "Enabled"
    assert notebook.keys() & {"SubnetId", "SecurityGroupIds"} == set()


def test_in_a_vpc_it_takes_the_ways_of_that() -> None:
    notebook = made(
        subnet_id="subnet-0abc12345", security_group_ids=["sg-0abc12345"], direct_internet=False
    )[KIND]
    assert notebook["SubnetId"] == "subnet-0abc12345"
    assert notebook["SecurityGroupIds"] == ["sg-0abc12345"]
    assert notebook["DirectInternetAccess"] == "Disabled"


def test_credentials_of_its_role_are_not_there_for_a_forged_request() -> None:
    metadata = made()[KIND]["InstanceMetadataServiceConfiguration"]
    assert metadata == {"MinimumInstanceMetadataServiceVersion": "2"}


def test_its_scripts_travel_in_the_template_with_the_seats_values_filled_in() -> None:
    lifecycle = made()["AWS::SageMaker::NotebookInstanceLifecycleConfig"]
    assert lifecycle["OnCreate"] == [{"Content": {"Fn::Base64": "#!/bin/bash\n"}}]
    assert lifecycle["OnStart"] == [
        {"Content": {"Fn::Base64": {"Fn::Sub": "#!/bin/bash\necho ${AttendeeId}\n"}}}
    ]


def test_a_script_knows_every_bucket_prefix_and_repository_of_its_profile() -> None:
    assembly = shipped("prod")
    settings = assembly.loaded.settings
    for profile, seat in exemplars(assembly.loaded).items():
        text = json.dumps(assembly.template(f"{settings.workshop}-{seat}-notebook"))
        section = settings.profiles[profile]
        for key in section.registry.repositories:
            assert f"export WORKSHOP_REPOSITORY_{key.upper().replace('-', '_')}=" in text, profile
        first, *others = section.storage.buckets
        assert f"export WORKSHOP_BUCKET='vision-${{AttendeeId}}-{first}-" in text, profile
        for key in others:
            assert f"export WORKSHOP_BUCKET_{key.upper()}='vision-${{AttendeeId}}-{key}-" in text
