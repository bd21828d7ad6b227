"""Starting, stopping, terminating and changing instances, and what refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.ec2 import instance_types, launching, placement, reservations, states, stores
from localcloud.ec2.states import States
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_MISSING = ("InvalidInstanceID.NotFound", "The instance ID '{name}' does not exist")


def required(name: str) -> Record:
    """Return an instance; raise EC2's refusal if there is none."""
    return stores.required(stores.instances(), name, *_MISSING)


def all_required(names: list[str]) -> list[Record]:
    """Return several instances; raise EC2's refusal that names all that there are not."""
    lacking = [name for name in names if name not in stores.instances()]
    if len(lacking) > 1:
        words = f"The instance IDs '{', '.join(lacking)}' do not exist"
        raise ApiError("InvalidInstanceID.NotFound", words)
    return [required(name) for name in dict.fromkeys(names)]


def start_instances(world: Ec2World, all_states: States, request: Record) -> Record:
    """StartInstances: a stopped instance needs a machine, and vCPUs of the quota, anew."""
    chosen = all_required(request["InstanceIds"])
    stopped = []
    for instance in chosen:
        state = instance["State"]["Name"]
        if state in ("running", "pending"):
            continue
        if state != "stopped":
            raise _incorrect(instance, "started")
        stopped.append(instance)
    asked: dict[str | None, int] = {}
    for instance in stopped:
        kind = instance["InstanceType"]
        counted = placement.bucket(kind)
        placement.require_vcpus(world, kind, 1, besides=asked.get(counted, 0))
        asked[counted] = asked.get(counted, 0) + instance_types.required(kind).vcpus
    for instance in stopped:
        if reservations.targeted(world, instance, instance["InstanceType"], 1) is None:
            placement.require_machine(world, instance)

    def start(instance: Record) -> None:
        if instance in stopped:
            all_states.enter(instance, "pending", world.clock.now())

    return {"StartingInstances": _changed(chosen, start)}


def stop_instances(_: Ec2World, all_states: States, request: Record) -> Record:
    """StopInstances, none of them if one is protected: disks stay, a public address does not."""
    chosen = all_required(request["InstanceIds"])
    for instance in chosen:
        _require_unprotected(instance, "_kept_running", "stopped", "disableApiStop")
        state = instance["State"]["Name"]
        if state in ("shutting-down", "terminated", "pending"):
            raise _incorrect(instance, "stopped")

    def stop(instance: Record) -> None:
        if instance["State"]["Name"] == "running":
            all_states.end(instance, "stopping", states.USER)

    return {"StoppingInstances": _changed(chosen, stop)}


def terminate_instances(_: Ec2World, all_states: States, request: Record) -> Record:
    """TerminateInstances: none of them, if one is protected."""
    chosen = all_required(request["InstanceIds"])
    for instance in chosen:
        if instance["State"]["Name"] not in ("shutting-down", "terminated"):
            _require_unprotected(instance, "_protected", "terminated", "disableApiTermination")

    def terminate(instance: Record) -> None:
        if instance["State"]["Name"] not in ("shutting-down", "terminated"):
            all_states.end(instance, "shutting-down", states.USER)

    return {"TerminatingInstances": _changed(chosen, terminate)}


def _require_unprotected(instance: Record, kept_as: str, done: str, attribute: str) -> None:
    if instance[kept_as]:
        raise ApiError(
            "OperationNotPermitted",
            f"The instance '{instance['InstanceId']}' may not be {done}. Modify its "
            f"'{attribute}' instance attribute and try again.",
        )


def reboot_instances(_: Ec2World, __: States, request: Record) -> Record:
    """RebootInstances, which changes no state."""
    for instance in all_required(request["InstanceIds"]):
        if instance["State"]["Name"] != "running":
            raise _incorrect(instance, "rebooted")
    return {}


def shut_down(all_states: States, name: str) -> None:
    """Shut an instance down from inside, as ``shutdown`` on it does."""
    instance = required(name)
    if instance["State"]["Name"] != "running":
        raise _incorrect(instance, "shut down")
    terminates = instance["_behavior"] == "terminate"
    all_states.end(instance, "shutting-down" if terminates else "stopping", states.INSIDE)


def _changed(chosen: list[Record], change: Callable[[Record], None]) -> list[Record]:
    answers = []
    for instance in chosen:
        previous = dict(instance["State"])
        change(instance)
        answers.append(
            {
                "InstanceId": instance["InstanceId"],
                "PreviousState": previous,
                "CurrentState": dict(instance["State"]),
            }
        )
    return answers


def _incorrect(instance: Record, done: str) -> ApiError:
    return ApiError(
        "IncorrectInstanceState",
        f"The instance '{instance['InstanceId']}' is not in a state from which it can be {done}.",
    )


# --- attributes ----------------------------------------------------------------------------------

_WHILE_STOPPED = {"InstanceType": "instanceType", "UserData": "userData"}

_KEPT_AS = {
    "DisableApiStop": "_kept_running",
    "DisableApiTermination": "_protected",
    "EbsOptimized": "EbsOptimized",
    "InstanceInitiatedShutdownBehavior": "_behavior",
    "SourceDestCheck": "SourceDestCheck",
}
"""Member of a request -> that of an instance."""


def modify_instance_attribute(_: Ec2World, __: States, request: Record) -> Record:
    """ModifyInstanceAttribute of one attribute."""
    instance = required(request["InstanceId"])
    request = _spelled_out(request)
    for member, attribute in _WHILE_STOPPED.items():
        if member in request and instance["State"]["Name"] != "stopped":
            raise ApiError(
                "IncorrectInstanceState",
                f"The instance '{instance['InstanceId']}' is not in the 'stopped' state."
                if member == "InstanceType"
                else f"The instance '{instance['InstanceId']}' must be in a 'stopped' state to "
                f"modify its {attribute}.",
            )
    if "InstanceType" in request:
        kind = instance_types.required(request["InstanceType"]["Value"])
        launching.require_architecture(kind.architecture, instance["Architecture"])
        instance |= {"InstanceType": kind.name, "CpuOptions": launching.cores(kind)}
    if "UserData" in request:
        instance["_user_data"] = launching.user_data(request["UserData"]["Value"])
    for member, kept_as in _KEPT_AS.items():
        if member in request:
            instance[kept_as] = request[member]["Value"]
    if "Groups" in request:
        _regroup(instance, request["Groups"])
    for mapping in request.get("BlockDeviceMappings") or ():
        _keep_or_delete(instance, mapping)
    return {}


def _spelled_out(request: Record) -> Record:
    """Return a request that names its attribute in the older way in the newer one."""
    names = {
        "instanceType": "InstanceType",
        "userData": "UserData",
        "disableApiStop": "DisableApiStop",
        "disableApiTermination": "DisableApiTermination",
        "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
        "ebsOptimized": "EbsOptimized",
        "sourceDestCheck": "SourceDestCheck",
    }
    member = names.get(request.get("Attribute", ""))
    if member is None:
        return request
    text = request.get("Value", "")
    return {**request, member: {"Value": {"true": True, "false": False}.get(text, text)}}


def _regroup(instance: Record, names: list[str]) -> None:
    groups = placement.security_groups(names, instance["VpcId"], instance["SubnetId"])
    instance["SecurityGroups"] = groups
    for interface in instance["NetworkInterfaces"]:
        interface["Groups"] = groups
        stores.interfaces()[interface["NetworkInterfaceId"]]["Groups"] = groups


def _keep_or_delete(instance: Record, asked: Record) -> None:
    for mapping in instance["BlockDeviceMappings"]:
        if mapping["DeviceName"] == asked["DeviceName"]:
            deleted = asked["Ebs"]["DeleteOnTermination"]
            mapping["Ebs"]["DeleteOnTermination"] = deleted
            volume = stores.volumes()[mapping["Ebs"]["VolumeId"]]
            volume["Attachments"][0]["DeleteOnTermination"] = deleted


_ATTRIBUTES: dict[str, Callable[[Record], Record]] = {
    "blockDeviceMapping": lambda instance: {"BlockDeviceMappings": instance["BlockDeviceMappings"]},
    "disableApiStop": lambda instance: {"DisableApiStop": {"Value": instance["_kept_running"]}},
    "disableApiTermination": lambda instance: {
        "DisableApiTermination": {"Value": instance["_protected"]}
    },
    "ebsOptimized": lambda instance: {"EbsOptimized": {"Value": instance["EbsOptimized"]}},
    "enaSupport": lambda instance: {"EnaSupport": {"Value": instance["EnaSupport"]}},
    "groupSet": lambda instance: {"Groups": instance["SecurityGroups"]},
    "instanceInitiatedShutdownBehavior": lambda instance: {
        "InstanceInitiatedShutdownBehavior": {"Value": instance["_behavior"]}
    },
    "instanceType": lambda instance: {"InstanceType": {"Value": instance["InstanceType"]}},
    "rootDeviceName": lambda instance: {"RootDeviceName": {"Value": instance["RootDeviceName"]}},
    "sourceDestCheck": lambda instance: {"SourceDestCheck": {"Value": instance["SourceDestCheck"]}},
    "userData": lambda instance: {
        "UserData": {"Value": instance["_user_data"]} if instance["_user_data"] is not None else {}
    },
}


def describe_instance_attribute(_: Ec2World, __: States, request: Record) -> Record:
    """DescribeInstanceAttribute of one attribute."""
    instance, attribute = required(request["InstanceId"]), request["Attribute"]
    if attribute not in _ATTRIBUTES:
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute.",
        )
    return {"InstanceId": instance["InstanceId"], **_ATTRIBUTES[attribute](instance)}


def modify_instance_metadata_options(_: Ec2World, __: States, request: Record) -> Record:
    """ModifyInstanceMetadataOptions, which takes effect at once."""
    instance = required(request["InstanceId"])
    given = {name: request[name] for name in launching.METADATA if name in request}
    instance["MetadataOptions"] = {**instance["MetadataOptions"], **given}
    return {
        "InstanceId": instance["InstanceId"],
        "InstanceMetadataOptions": instance["MetadataOptions"],
    }
