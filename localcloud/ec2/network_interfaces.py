"""EC2's network interfaces: of instances, and of what SageMaker runs in a VPC.

They keep their subnets and security groups from being deleted. A notebook instance has one for as
long as it is there; a job has one for each of its subnets while it runs, and for a while after (how
long is not measured on AWS).
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import stores
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Record

LINGERS = 120.0
"""Seconds that the interfaces of an ended job stay."""

_ENDED = {"completed", "failed", "stopped", "deleted"}

Answer = tuple[int, dict[str, str], bytes]
Interface = dict[str, Any]
Action = Callable[[dict[str, Any]], Answer]


def patch_network_interfaces(engine: SageMakerEngine) -> None:
    """Have EC2 tell the interfaces, and keep their subnets and security groups."""
    actions = _ec2()._ACTION_MAP
    actions["DescribeNetworkInterfaces"] = lambda params: _described(engine, params)
    for action, member, words in (
        ("DeleteSubnet", "SubnetId", "The subnet '{name}' has dependencies and cannot be deleted."),
        ("DeleteSecurityGroup", "GroupId", "resource {name} has a dependent object"),
    ):
        actions[action] = _unless_used(engine, actions[action], member, words)
    actions["DeleteNetworkInterface"] = _unless_attached(actions["DeleteNetworkInterface"])


def _ec2() -> Any:
    return ministack_adapter.module("services.ec2")


def interfaces(engine: SageMakerEngine) -> Iterator[Interface]:
    """Yield the interfaces of the present account and Region."""
    for kind in engine.kinds.values():
        for record in engine.records(kind) if kind.status is not None else ():
            for subnet, groups in _subnets(record["members"]):
                if kind.noun == "NotebookInstance" or _runs(engine, record):
                    yield _interface(record, kind.noun, subnet, groups)


def _runs(engine: SageMakerEngine, record: Record) -> bool:
    ended = str(record["status"]).lower() in _ENDED
    return not ended or engine.clock.now() - record["since"] < LINGERS


def _subnets(members: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the subnets in the members of a resource, each with its security groups."""
    if not isinstance(members, dict):
        return
    if "SubnetId" in members:
        yield members["SubnetId"], members.get("SecurityGroups") or []
    for name, value in members.items():
        if not isinstance(value, dict):
            continue
        if name == "VpcConfig":
            yield from ((subnet, value["SecurityGroupIds"]) for subnet in value["Subnets"])
        else:
            yield from _subnets(value)


def _interface(record: Record, noun: str, subnet: str, groups: list[str]) -> Interface:
    digest = hashlib.sha256(f"{record['arn']}/{record['created']}/{subnet}".encode()).hexdigest()
    known, vpcs = _ec2()._security_groups, _ec2()._subnets
    return {
        "NetworkInterfaceId": f"eni-{digest[:17]}",
        "SubnetId": subnet,
        "VpcId": vpcs.get(subnet, {}).get("VpcId", _ec2()._DEFAULT_VPC_ID),
        "Description": f"[DO NOT DELETE] ENI managed by SageMaker for {noun} ({record['arn']})",
        "OwnerId": ministack_adapter.account(),
        "Status": "in-use",
        "PrivateIpAddress": f"10.0.{int(digest[:2], 16)}.{int(digest[2:4], 16)}",
        "MacAddress": ":".join(digest[place : place + 2] for place in range(4, 16, 2)),
        "Groups": [
            {"GroupId": group, "GroupName": known.get(group, {}).get("GroupName", group)}
            for group in groups
        ],
    }


def _described(engine: SageMakerEngine, params: dict[str, Any]) -> Answer:
    """DescribeNetworkInterfaces by ids and by the filters that name a place."""
    ids = _ec2()._parse_member_list(params, "NetworkInterfaceId")
    filters = _ec2()._parse_filters(params)
    found = [*_ec2()._network_interfaces.values(), *interfaces(engine)]
    known = {interface["NetworkInterfaceId"] for interface in found}
    for name in ids:
        if name not in known:
            missing: Answer = _ec2()._error(
                "InvalidNetworkInterfaceID.NotFound",
                f"The networkInterface ID '{name}' does not exist",
                400,
            )
            return missing
    items = "".join(
        _ec2()._eni_fields_xml(interface)
        for interface in found
        if (not ids or interface["NetworkInterfaceId"] in ids)
        and all(set(values) & _filtered(interface, name) for name, values in filters.items())
    )
    answer: Answer = _ec2()._xml(
        200,
        "DescribeNetworkInterfacesResponse",
        f"<networkInterfaceSet>{items}</networkInterfaceSet>",
    )
    return answer


def _filtered(interface: Interface, name: str) -> set[str]:
    if name == "group-id":
        return {group["GroupId"] for group in interface["Groups"]}
    if name == "attachment.instance-id":
        return {str((interface.get("Attachment") or {}).get("InstanceId", ""))}
    if name.startswith("tag:"):
        tags = stores.tags(interface["NetworkInterfaceId"])
        return {tag["Value"] for tag in tags if tag["Key"] == name[4:]}
    member = "".join(part.capitalize() for part in name.split("-"))
    return {str(interface.get(member, ""))}


def _unless_used(engine: SageMakerEngine, delete: Action, member: str, words: str) -> Action:
    """Delete what no interface is in."""

    def deleted(params: dict[str, Any]) -> Answer:
        name = _ec2()._p(params, member)
        used = {
            used
            for interface in (*stores.interfaces().values(), *interfaces(engine))
            for used in (
                interface["SubnetId"],
                *(group["GroupId"] for group in interface["Groups"]),
            )
        }
        if name in used:
            refused: Answer = _ec2()._error("DependencyViolation", words.format(name=name), 400)
            return refused
        return delete(params)

    return deleted


def _unless_attached(delete: Action) -> Action:
    """Delete an interface that is attached to nothing."""

    def deleted(params: dict[str, Any]) -> Answer:
        name = _ec2()._p(params, "NetworkInterfaceId")
        if (stores.interfaces().get(name) or {}).get("Attachment"):
            words = f"Network interface '{name}' is currently in use."
            refused: Answer = _ec2()._error("InvalidParameterValue", words, 400)
            return refused
        return delete(params)

    return deleted
