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
    "architecture": lambda instance: [instance["Architecture"]],
    "availability-zone": lambda instance: [instance["Placement"]["AvailabilityZone"]],
    "block-device-mapping.volume-id": lambda instance: [
        each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]
    ],
    "client-token": lambda instance: [instance["ClientToken"]],
    "iam-instance-profile.arn": lambda instance: [
        (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    ],
    "iam-instance-profile.id": lambda instance: [
        (instance.get("IamInstanceProfile") or {}).get("Id", "")
    ],
    "image-id": lambda instance: [instance["ImageId"]],
    "instance-id": lambda instance: [instance["InstanceId"]],
    "instance-state-code": lambda instance: [instance["State"]["Code"]],
    "instance-state-name": lambda instance: [instance["State"]["Name"]],
    "instance-type": lambda instance: [instance["InstanceType"]],
    "instance.group-id": lambda instance: [each["GroupId"] for each in instance["SecurityGroups"]],
    "key-name": lambda instance: [instance.get("KeyName", "")],
    "launch-time": lambda instance: [moment(instance["LaunchTime"])],
    "network-interface.network-interface-id": lambda instance: [
        each["NetworkInterfaceId"] for each in instance["NetworkInterfaces"]
    ],
    "private-ip-address": lambda instance: [instance.get("PrivateIpAddress", "")],
    "reservation-id": lambda instance: [instance["_reservation"]],
    "state-reason-code": lambda instance: [instance.get("StateReason", {}).get("Code", "")],
    "subnet-id": lambda instance: [instance.get("SubnetId", "")],
    "vpc-id": lambda instance: [instance.get("VpcId", "")],
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
    listed = [launching.reservation(instance) for instance in chosen]
    return stores.page(request, "Reservations", listed)


def describe_instance_status(_: Ec2World, __: States, request: Record) -> Record:
    """DescribeInstanceStatus, of running instances unless all are asked for."""
    names = request.get("InstanceIds") or []
    found = changes.all_required(names) if names else stores.instances().values()
    chosen = [
        instance
        for instance in stores.selected(found, request, _OF_STATUS, "InstanceId")
        if request.get("IncludeAllInstances") or instance["State"]["Name"] == "running"
    ]
    listed = [_status(instance) for instance in chosen]
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
