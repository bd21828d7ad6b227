"""DescribeInstances and DescribeInstanceStatus."""

from __future__ import annotations

from typing import Any

from localcloud.ec2 import changes, launching, stores
from localcloud.ec2.messages import moment
from localcloud.ec2.states import States
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

FILTERS: stores.Filters = {
    "architecture": lambda one: [one["Architecture"]],
    "availability-zone": lambda one: [one["Placement"]["AvailabilityZone"]],
    "block-device-mapping.volume-id": lambda one: [
        each["Ebs"]["VolumeId"] for each in one["BlockDeviceMappings"]
    ],
    "client-token": lambda one: [one["ClientToken"]],
    "iam-instance-profile.arn": lambda one: [(one.get("IamInstanceProfile") or {}).get("Arn", "")],
    "iam-instance-profile.id": lambda one: [(one.get("IamInstanceProfile") or {}).get("Id", "")],
    "image-id": lambda one: [one["ImageId"]],
    "instance-id": lambda one: [one["InstanceId"]],
    "instance-state-code": lambda one: [one["State"]["Code"]],
    "instance-state-name": lambda one: [one["State"]["Name"]],
    "instance-type": lambda one: [one["InstanceType"]],
    "instance.group-id": lambda one: [each["GroupId"] for each in one["SecurityGroups"]],
    "key-name": lambda one: [one.get("KeyName", "")],
    "launch-time": lambda one: [moment(one["LaunchTime"])],
    "network-interface.network-interface-id": lambda one: [
        each["NetworkInterfaceId"] for each in one["NetworkInterfaces"]
    ],
    "private-ip-address": lambda one: [one.get("PrivateIpAddress", "")],
    "reservation-id": lambda one: [one["_reservation"]],
    "state-reason-code": lambda one: [one.get("StateReason", {}).get("Code", "")],
    "subnet-id": lambda one: [one.get("SubnetId", "")],
    "vpc-id": lambda one: [one.get("VpcId", "")],
}
_OF_STATUS: stores.Filters = {
    name: FILTERS[name]
    for name in ("availability-zone", "instance-state-code", "instance-state-name")
}


def describe_instances(_: Ec2World, __: States, request: Record) -> Record:
    """DescribeInstances by ids and filters, in pages; ids allow no page."""
    names = request.get("InstanceIds") or []
    if names and "MaxResults" in request:
        raise ApiError(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    found = changes.all_required(names) if names else stores.instances().values()
    chosen = stores.selected(found, request, FILTERS, "InstanceId")
    listed = [launching.reservation(one) for one in chosen]
    return stores.page(request, "Reservations", listed)


def describe_instance_status(_: Ec2World, __: States, request: Record) -> Record:
    """DescribeInstanceStatus, of running instances unless all are asked for."""
    names = request.get("InstanceIds") or []
    found = changes.all_required(names) if names else stores.instances().values()
    chosen = [
        one
        for one in stores.selected(found, request, _OF_STATUS, "InstanceId")
        if request.get("IncludeAllInstances") or one["State"]["Name"] == "running"
    ]
    listed = [_status(one) for one in chosen]
    return stores.page(request, "InstanceStatuses", listed)


def _status(instance: Record) -> Record:
    running = instance["State"]["Name"] == "running"
    summary: Record = {"Status": "ok" if running else "not-applicable"}
    if running:
        summary["Details"] = [{"Name": "reachability", "Status": "passed"}]
    return {
        "InstanceId": instance["InstanceId"],
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
        "InstanceState": instance["State"],
        "SystemStatus": summary,
        "InstanceStatus": summary,
        "Events": [],
    }
