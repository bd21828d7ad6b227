"""What an update changes, and what it would have to replace."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.assemblies import ENVIRONMENTS, shipped
from tests.support.boxes import boxed
from tests.support.small_workshop import exemplar
from workshop.deploy import diff
from workshop.deploy.diff import CREATE_ONLY, INSTANCE, NOTEBOOK, Effect, PropertyChange
from workshop.naming import MLFLOW_APP


def templates() -> Iterator[dict[str, Any]]:
    """Yield the templates of all shipped environments, and of one with EC2 instances."""
    for name in ENVIRONMENTS:
        yield from (shipped(name).template(stack) for stack in shipped(name).stacks())
    yield from (boxed().template(stack) for stack in boxed().stacks())


UNUSED = {
    INSTANCE: {
        *("ElasticGpuSpecifications", "ElasticInferenceAccelerators", "Ipv6AddressCount"),
        *("Ipv6Addresses", "LicenseSpecifications"),
    }
}
"""What no template of ours ever holds."""
IN_PLACE = {INSTANCE: {"BlockDeviceMappings", "InstanceType", "SecurityGroupIds", "UserData"}}
"""Create-only for an instance whose root disk is not of EBS; a disk is told so by us."""


def test_what_cannot_be_changed_is_what_the_provider_schemas_say() -> None:
    # Its import takes longer than all other modules of tests: not in every worker.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    # What a key of the YAML makes that no shipped environment has.
    used: dict[str, set[str]] = {MLFLOW_APP: set()}
    for template in templates():
        for resource in template["Resources"].values():
            used.setdefault(resource["Type"], set()).update(resource.get("Properties", {}))
    assert used.keys() == CREATE_ONLY.keys()
    for kind, given in used.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        listed = schema.get("createOnlyProperties", ())
        assert CREATE_ONLY[kind] | UNUSED.get(kind, set()) == {
            path.split("/")[2] for path in listed
        }, kind
        sometimes = schema.get("conditionalCreateOnlyProperties", ())
        assert {path.split("/")[2] for path in sometimes} & given <= IN_PLACE.get(kind, set()), kind


def notebook(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"Notebook": {"Type": NOTEBOOK, "Properties": properties}}}


def one(before: dict[str, Any], after: dict[str, Any]) -> PropertyChange:
    (change,) = diff.between(before, after)
    return change


def instance(**properties: Any) -> dict[str, Any]:
    return {
        "Mappings": {"Image": {"us-east-1": {"Id": "ami-1"}, "eu-west-1": {"Id": "ami-2"}}},
        "Resources": {"Box": {"Type": INSTANCE, "Properties": properties}},
    }


def disk(size: str) -> list[dict[str, Any]]:
    return [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": size}}]


@pytest.mark.parametrize(
    ("name", "before", "after", "effect"),
    [
        ("ImageId", "ami-1", "ami-2", Effect.REPLACED),
        ("AvailabilityZone", "us-east-1a", "us-east-1b", Effect.REPLACED),
        ("SubnetId", "subnet-1", "subnet-2", Effect.REPLACED),
        ("BlockDeviceMappings", disk("100"), disk("200"), Effect.REPLACED),
        ("InstanceType", "g5.xlarge", "g5.2xlarge", Effect.RESTART),
        ("UserData", "a", "b", Effect.RESTART),
        ("MetadataOptions", {}, {"HttpTokens": "required"}, Effect.IN_PLACE),
    ],
)
def test_another_instance_has_another_disk(
    name: str, before: Any, after: Any, effect: Effect
) -> None:
    change = one(instance(**{name: before}), instance(**{name: after}))
    assert change.effect == effect
    assert diff.removes_data(change) == (effect == Effect.REPLACED)


def test_an_image_is_that_of_the_stacks_own_region() -> None:
    image = {"Fn::FindInMap": ["Image", {"Ref": "AWS::Region"}, "Id"]}
    before, after = instance(ImageId=image), instance(ImageId=image)
    after["Mappings"]["Image"]["eu-west-1"]["Id"] = "ami-3"
    assert diff.between(before, after, "us-east-1") == ()
    (change,) = diff.between(before, after, "eu-west-1")
    assert (change.before, change.after, change.effect) == ("ami-2", "ami-3", Effect.REPLACED)


def test_the_same_template_changes_nothing() -> None:
    document = shipped("demo").template("demo-cohort")
    assert diff.between(document, copy.deepcopy(document)) == ()


def test_resources_come_and_go_and_become_others() -> None:
    bucket, role = {"Type": "AWS::S3::Bucket"}, {"Type": "AWS::IAM::Role"}
    told = diff.between(
        {"Resources": {"A": bucket, "B": bucket}}, {"Resources": {"B": role, "C": role}}
    )
    assert [(change.resource, change.type, change.effect.value) for change in told] == [
        ("A", "AWS::S3::Bucket", "removed"),
        ("B", "AWS::S3::Bucket", "removed"),
        ("B", "AWS::IAM::Role", "added"),
        ("C", "AWS::IAM::Role", "added"),
    ]


@pytest.mark.parametrize("name", sorted(CREATE_ONLY[NOTEBOOK]))
def test_a_notebook_is_never_replaced(name: str) -> None:
    change = one(notebook(**{name: "a"}), notebook(**{name: "b"}))
    assert change == PropertyChange("Notebook", NOTEBOOK, name, "a", "b", Effect.REFUSED)
    assert one(notebook(), notebook(**{name: "b"})).effect == Effect.REFUSED


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({"InstanceType": "ml.t3.medium"}, {"InstanceType": "ml.t3.large"}, Effect.RESTART),
        ({"RoleArn": "a"}, {"RoleArn": "b"}, Effect.RESTART),
        ({"VolumeSizeInGB": "20"}, {"VolumeSizeInGB": "25"}, Effect.RESTART),
        ({"VolumeSizeInGB": "25"}, {"VolumeSizeInGB": "20"}, Effect.REFUSED),
        ({"VolumeSizeInGB": 100}, {"VolumeSizeInGB": "25"}, Effect.REFUSED),
        ({"VolumeSizeInGB": "9"}, {"VolumeSizeInGB": "25"}, Effect.RESTART),
        ({}, {"VolumeSizeInGB": "25"}, Effect.RESTART),
        ({"Tags": []}, {"Tags": [{"Key": "a", "Value": "b"}]}, Effect.IN_PLACE),
    ],
)
def test_a_notebook_is_restarted_and_its_disk_never_shrinks(
    before: dict[str, Any], after: dict[str, Any], effect: Effect
) -> None:
    assert one(notebook(**before), notebook(**after)).effect == effect


def test_other_resources_change_in_place_unless_a_name_changes() -> None:
    def bucket(**properties: Any) -> dict[str, Any]:
        return {"Resources": {"Data": {"Type": "AWS::S3::Bucket", "Properties": properties}}}

    assert one(bucket(), bucket(Tags=[])).effect == Effect.IN_PLACE
    assert one(bucket(BucketName="a"), bucket(BucketName="b")).effect == Effect.REFUSED


def test_what_is_not_a_property_is_told_too() -> None:
    before, after = notebook(), notebook()
    after["Resources"]["Notebook"]["DeletionPolicy"] = "Retain"
    change = one(before, after)
    assert (change.property, change.before, change.after) == ("DeletionPolicy", None, "Retain")
    assert change.effect == Effect.IN_PLACE


def test_a_rows_overrides_show_as_the_properties_that_they_set() -> None:
    kind = exemplar("notebook")
    first = shipped("demo").loaded.seats[1]
    larger = replace(first, instance_type="ml.t3.xlarge", volume_gb=77)
    told = diff.between(kind.template(first).document, kind.template(larger).document)
    assert [(change.type, change.property, change.before, change.after) for change in told] == [
        (NOTEBOOK, "InstanceType", first.instance_type, "ml.t3.xlarge"),
        (NOTEBOOK, "VolumeSizeInGB", str(first.volume_gb), "77"),
    ]
    assert {change.effect for change in told} == {Effect.RESTART}
    back = diff.between(kind.template(larger).document, kind.template(first).document)
    assert [change.effect for change in back] == [Effect.RESTART, Effect.REFUSED]


def test_a_mapping_that_cannot_be_looked_up_stays_as_it_is() -> None:
    unknown = {"Fn::FindInMap": ["Seat", {"Ref": "AWS::Region"}, "Type"]}
    missing = {"Fn::FindInMap": ["Seat", "Notebook", "Colour"]}
    for value in (unknown, missing):
        document = {**notebook(InstanceType=value), "Mappings": {"Seat": {"Notebook": {}}}}
        changed = one(document, notebook(InstanceType="ml.t3.medium"))
        assert changed.before == value
