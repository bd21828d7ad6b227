"""AWS::EC2::SecurityGroup, AWS::EC2::LaunchTemplate and AWS::IAM::InstanceProfile, put right."""

# Private names of ministack, held by ministack_names.HELD, and its handlers' signatures.
# ruff: noqa: ARG001, SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation import ec2_instances
from localcloud.cloudformation.failures import (
    ResourceError,
    already_exists,
    api_failure,
    check_properties,
    error_of,
    handler_message,
)
from localcloud.ec2 import security_groups, stores
from localcloud.protocol.errors import ApiError

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]

GROUP, TEMPLATE, PROFILE = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::LaunchTemplate",
    "AWS::IAM::InstanceProfile",
)
_OF_GROUPS = frozenset(
    {
        "GroupDescription",
        "GroupName",
        "SecurityGroupEgress",
        "SecurityGroupIngress",
        "Tags",
        "VpcId",
    }
)
_OF_TEMPLATES = frozenset(
    {"LaunchTemplateData", "LaunchTemplateName", "TagSpecifications", "VersionDescription"}
)
_OF_PROFILES = frozenset({"InstanceProfileName", "Path", "Roles"})


def _provisioners() -> Any:
    return ministack_adapter.module("services.cloudformation.provisioners")


# --- security groups -----------------------------------------------------------------------------


def create_group(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::EC2::SecurityGroup in its VPC or the default one."""
    check_properties(logical_id, props, _OF_GROUPS, {"GroupDescription"})
    try:
        vpc = security_groups.in_vpc(props.get("VpcId"))
    except ApiError as refusal:
        raise api_failure("Ec2", refusal) from None
    name = props.get("GroupName")
    for group in stores.ec2()._security_groups.values():
        if name is not None and (group["GroupName"], group["VpcId"]) == (name, vpc):
            raise ResourceError(already_exists(GROUP, group["GroupId"]))
    made: Made = _provisioners()._ec2_sg_create(logical_id, {**props, "VpcId": vpc}, stack_name)
    made[1]["Id"] = made[0]
    return made


def delete_group(physical_id: str, props: Properties) -> None:
    """Delete as EC2 does: a group that somebody uses stays."""
    delete = stores.ec2()._ACTION_MAP["DeleteSecurityGroup"]
    failed = error_of(delete({"GroupId": [physical_id]}))
    if failed is not None and failed[1] != "InvalidGroup.NotFound":
        raise api_failure("Ec2", ApiError(failed[1], failed[2], failed[0]))


# --- launch templates ----------------------------------------------------------------------------


def create_template(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::EC2::LaunchTemplate with numbers and booleans as the API has them."""
    check_properties(logical_id, props, _OF_TEMPLATES, {"LaunchTemplateData"})
    name = props.get("LaunchTemplateName")
    for template in stores.ec2()._launch_templates.values():
        if name is not None and template["LaunchTemplateName"] == name:
            raise ResourceError(already_exists(TEMPLATE, name))
    made: Made = _provisioners()._ec2_launch_template_create(logical_id, _typed(props), stack_name)
    return made


def update_template(
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str | None = None,
) -> Made:
    """Add a version."""
    check_properties(logical_id or physical_id, new, _OF_TEMPLATES, {"LaunchTemplateData"})
    made: Made = _provisioners()._ec2_launch_template_update(
        physical_id, _typed(old), _typed(new), stack_name, logical_id
    )
    return made


def _typed(props: Properties) -> Properties:
    return {**props, "LaunchTemplateData": ec2_instances.typed("", props["LaunchTemplateData"])}


# --- instance profiles ---------------------------------------------------------------------------


def create_profile(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::IAM::InstanceProfile, whose ``Ref`` is its name."""
    check_properties(logical_id, props, _OF_PROFILES, {"Roles"})
    iam = ministack_adapter.module("services.iam")
    name = props.get("InstanceProfileName") or _provisioners()._physical_name(
        stack_name, logical_id, max_len=128
    )
    if name in iam._instance_profiles:
        raise ResourceError(already_exists(PROFILE, name))
    _check_roles(props)
    profile = iam._create_instance_profile(
        {"InstanceProfileName": [name], "Path": [props.get("Path", "/")]}
    )
    failed = error_of(profile)
    if failed is not None:
        raise ResourceError(handler_message("Iam", failed[2], failed[0], "InvalidRequest"))
    iam._instance_profiles[name]["Roles"] = list(props["Roles"])
    return name, {"Arn": iam._instance_profiles[name]["Arn"]}


def update_profile(
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str | None = None,
) -> Made:
    """Give a profile another role."""
    check_properties(logical_id or physical_id, new, _OF_PROFILES, {"Roles"})
    _check_roles(new)
    profile = ministack_adapter.module("services.iam")._instance_profiles[physical_id]
    profile["Roles"] = list(new["Roles"])
    return physical_id, {"Arn": profile["Arn"]}


def delete_profile(physical_id: str, props: Properties) -> None:
    """Take its role out and delete it."""
    ministack_adapter.module("services.iam")._instance_profiles.pop(physical_id, None)


def _check_roles(props: Properties) -> None:
    roles = props["Roles"]
    if len(roles) > 1:
        text = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
        raise ResourceError(handler_message("Iam", text, 409, "ServiceLimitExceeded"))
    for name in roles:
        if name not in ministack_adapter.module("services.iam")._roles:
            text = f"The role with name {name} cannot be found."
            raise ResourceError(handler_message("Iam", text, 404, "NotFound"))


HANDLERS: dict[str, dict[str, Any]] = {
    GROUP: {"create": create_group, "delete": delete_group},
    TEMPLATE: {"create": create_template, "update": update_template},
    PROFILE: {"create": create_profile, "update": update_profile, "delete": delete_profile},
}
"""Type -> what replaces ministack's handlers."""
