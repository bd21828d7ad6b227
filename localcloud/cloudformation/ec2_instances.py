"""AWS::EC2::Instance, over EC2's own operations.

Waiting for an instance blocks the calling thread, which is why its type is registered as one that
runs on a worker thread; the waits follow the local cloud's clock.
"""

# Private names of ministack, held by ministack_names.HELD, and its handlers' signatures.
# ruff: noqa: ARG002, SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import ResourceError, api_failure, check_properties
from localcloud.ec2 import launching, stores
from localcloud.ec2.service import Ec2Service
from localcloud.protocol.errors import ApiError

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]

TYPE = "AWS::EC2::Instance"

PROPERTIES = frozenset(
    (
        *("AdditionalInfo", "Affinity", "AvailabilityZone", "BlockDeviceMappings"),
        *("CpuOptions", "CreditSpecification", "DisableApiTermination", "EbsOptimized"),
        *("ElasticGpuSpecifications", "ElasticInferenceAccelerators", "EnclaveOptions"),
        *("HibernationOptions", "HostId", "HostResourceGroupArn", "IamInstanceProfile"),
        *("ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "Ipv6AddressCount"),
        *("Ipv6Addresses", "KernelId", "KeyName", "LaunchTemplate", "LicenseSpecifications"),
        *("MetadataOptions", "Monitoring", "NetworkInterfaces", "PlacementGroupName"),
        *("PrivateDnsNameOptions", "PrivateIpAddress", "PropagateTagsToVolumeOnCreation"),
        *("RamdiskId", "SecurityGroupIds", "SecurityGroups", "SourceDestCheck"),
        *("SsmAssociations", "SubnetId", "Tags", "Tenancy", "UserData", "Volumes"),
    )
)
"""Those of the resource schema that can be given."""

CREATE_ONLY = (
    *("AvailabilityZone", "CpuOptions", "ElasticGpuSpecifications", "ElasticInferenceAccelerators"),
    *("EnclaveOptions", "HibernationOptions", "HostResourceGroupArn", "ImageId"),
    *("Ipv6AddressCount", "Ipv6Addresses", "KeyName", "LaunchTemplate", "LicenseSpecifications"),
    *("NetworkInterfaces", "PlacementGroupName", "PrivateIpAddress", "SecurityGroups", "SubnetId"),
)
"""Those of the resource schema whose change asks for a new instance."""

_STOPPED_FOR = {
    "InstanceType": "InstanceType",
    "UserData": "UserData",
    "EbsOptimized": "EbsOptimized",
}
"""Property of an instance with an EBS root disk that is changed while it is stopped -> attribute
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html)."""
_AT_ONCE = ("DisableApiTermination", "InstanceInitiatedShutdownBehavior", "SourceDestCheck")
_PASSED_ON = (
    *("BlockDeviceMappings", "DisableApiTermination", "EbsOptimized", "ImageId", "InstanceType"),
    *("InstanceInitiatedShutdownBehavior", "KeyName", "LaunchTemplate", "MetadataOptions"),
    *("PrivateIpAddress", "SecurityGroupIds", "SubnetId", "UserData"),
)
_NUMBERS = {"DeviceIndex", "HttpPutResponseHopLimit", "Iops", "Throughput", "VolumeSize"}


class InstanceHandlers:
    """The handlers of the type."""

    def __init__(self, machines: Ec2Service) -> None:
        self.machines = machines

    def table(self) -> dict[str, Any]:
        """Return the entry of ministack's table of resource handlers."""
        return {
            "create": self.create,
            "update": self.update,
            "update_with_logical_id": True,
            "delete": self.delete,
        }

    def create(self, logical_id: str, props: Properties, stack_name: str) -> Made:
        """Run an instance, wait until it runs, and give back ``Ref`` and the attributes."""
        check_properties(logical_id, props, PROPERTIES)
        with self.machines.world.lock:
            answer = self._call("RunInstances", _request(props))
            name = str(answer["Instances"][0]["InstanceId"])
            stores.add_tags(name, props.get("Tags") or ())
        if self._wait(name) != "running":
            raise ResourceError(
                f"Instance {name} failed to stabilize. Current state: {self._state(name)}. "
                "(HandlerErrorCode: NotStabilized)"
            )
        return self._made(name)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str | None = None,
    ) -> Made:
        """Update in place, or with a new instance where a disk is another."""
        check_properties(logical_id or physical_id, new, PROPERTIES)
        if _disks(old) != _disks(new):
            provisioners = ministack_adapter.module("services.cloudformation.provisioners")
            made: Made = provisioners._seeded_create(
                self.create, logical_id or physical_id, new, stack_name
            )
            return made
        before, after = _typed("", old), _typed("", new)
        changed = {
            name
            for name in (before.keys() | after.keys()) - {"Tags"}
            if before.get(name) != after.get(name)
        }
        self._change(physical_id, changed, before, after)
        self._retag(physical_id, old, new)
        return self._made(physical_id)

    def delete(self, physical_id: str, props: Properties) -> None:
        """Terminate it and wait for its end; one that is gone is no error."""
        if self._state(physical_id) in (None, "terminated"):
            return
        self._call("TerminateInstances", {"InstanceIds": [physical_id]})
        self._wait(physical_id)

    def _change(self, name: str, changed: set[str], old: Properties, new: Properties) -> None:
        for member in changed.intersection(_AT_ONCE):
            default = "stop" if member == "InstanceInitiatedShutdownBehavior" else False
            self._modify(name, member, new.get(member, member == "SourceDestCheck" or default))
        if "SecurityGroupIds" in changed and new.get("SecurityGroupIds"):
            request = {"InstanceId": name, "Groups": new["SecurityGroupIds"]}
            self._call("ModifyInstanceAttribute", request)
        if "MetadataOptions" in changed:
            options = launching.METADATA | (new.get("MetadataOptions") or {})
            self._call("ModifyInstanceMetadataOptions", {"InstanceId": name, **options})
        if "BlockDeviceMappings" in changed:
            mappings = [mapping for mapping in new["BlockDeviceMappings"] if "Ebs" in mapping]
            request = {"InstanceId": name, "BlockDeviceMappings": mappings}
            self._call("ModifyInstanceAttribute", request)
        if "IamInstanceProfile" in changed:
            self._give_profile(name, new.get("IamInstanceProfile"))
        stopped_for = changed.intersection(_STOPPED_FOR)
        if stopped_for:
            self._change_stopped(name, {member: new.get(member) for member in stopped_for})

    def _change_stopped(self, name: str, values: Properties) -> None:
        instance = self._existing(name)
        if self._wait(name) == "running":
            self._call("StopInstances", {"InstanceIds": [name]})
            self._wait(name)
            # Whoever rolls an update back starts it again.
            instance["_stopped_to_update"] = True
        for member, value in values.items():
            default = "" if member == "UserData" else False
            self._modify(name, _STOPPED_FOR[member], default if value is None else value)
        if instance.get("_stopped_to_update"):
            self._call("StartInstances", {"InstanceIds": [name]})
            instance.pop("_stopped_to_update")
            self._wait(name)

    def _modify(self, name: str, member: str, value: Any) -> None:
        self._call("ModifyInstanceAttribute", {"InstanceId": name, member: {"Value": value}})

    def _give_profile(self, name: str, profile: str | None) -> None:
        try:
            found = launching.profile({"Name": profile} if profile else None)
        except ApiError as refusal:
            raise api_failure("Ec2", refusal) from None
        instance = self._existing(name)
        instance.pop("IamInstanceProfile", None)
        instance |= {"IamInstanceProfile": found} if found else {}

    def _retag(self, name: str, old: Properties, new: Properties) -> None:
        before = {tag["Key"] for tag in old.get("Tags") or ()}
        after = {tag["Key"] for tag in new.get("Tags") or ()}
        kept = [tag for tag in stores.tags(name) if tag["Key"] not in before - after]
        stores.ec2()._tags.pop(name, None)
        stores.add_tags(name, [*kept, *(new.get("Tags") or ())])

    def _made(self, name: str) -> Made:
        instance = self._existing(name)
        return name, {
            "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
            "InstanceId": name,
            "PrivateDnsName": instance["PrivateDnsName"],
            "PrivateIp": instance.get("PrivateIpAddress", ""),
            "PublicDnsName": instance["PublicDnsName"],
            "PublicIp": instance.get("PublicIpAddress", ""),
            "State.Code": str(instance["State"]["Code"]),
            "State.Name": instance["State"]["Name"],
            "VpcId": instance.get("VpcId", ""),
        }

    def _existing(self, name: str) -> Properties:
        instance = stores.instances().get(name)
        if instance is None or instance["State"]["Name"] == "terminated":
            text = f"The instance ID '{name}' does not exist"
            refusal = ApiError("InvalidInstanceID.NotFound", text)
            raise api_failure("Ec2", refusal)
        return instance

    def _state(self, name: str) -> str | None:
        self.machines.states.run_due()
        instance = stores.instances().get(name)
        return None if instance is None else str(instance["State"]["Name"])

    def _wait(self, name: str) -> str | None:
        """Wait until the state stays; return it."""
        clock, states = self.machines.world.clock, self.machines.states
        while True:
            ticket = clock.ticket()
            state = self._state(name)
            if state in ("running", "stopped", "terminated", None):
                return state
            clock.wait_until(states.due(stores.instances()[name]) or 0.0, ticket)

    def _call(self, operation: str, request: Properties) -> Properties:
        try:
            return self.machines.call(operation, request)
        except ApiError as refusal:
            raise api_failure("Ec2", refusal) from refusal


def _disks(props: Properties) -> list[Any]:
    """Return the disks without what can be changed of them: whether they go with the instance."""
    mappings = _typed("", props.get("BlockDeviceMappings") or [])
    return [
        {
            **mapping,
            "Ebs": {
                name: value
                for name, value in (mapping.get("Ebs") or {}).items()
                if name != "DeleteOnTermination"
            },
        }
        for mapping in mappings
    ]


def _request(props: Properties) -> Properties:
    """Return the request of RunInstances for the properties of an instance."""
    given: Properties = _typed("", props)
    request = {name: given[name] for name in _PASSED_ON if name in given}
    if "AvailabilityZone" in given:
        request["Placement"] = {"AvailabilityZone": given["AvailabilityZone"]}
    if "IamInstanceProfile" in given:
        request["IamInstanceProfile"] = {"Name": given["IamInstanceProfile"]}
    if "NetworkInterfaces" in given:
        request["NetworkInterfaces"] = [
            {**interface, **({"Groups": interface["GroupSet"]} if "GroupSet" in interface else {})}
            for interface in given["NetworkInterfaces"]
        ]
    own = [tag for tag in given.get("Tags") or () if not tag["Key"].startswith("aws:")]
    kinds = (
        ("instance", "volume") if given.get("PropagateTagsToVolumeOnCreation") else ("instance",)
    )
    if own:
        request["TagSpecifications"] = [{"ResourceType": kind, "Tags": own} for kind in kinds]
    return request


def _typed(name: str, value: Any) -> Any:
    """Return a value of a template as the API has it: there, numbers and booleans can be text."""
    if isinstance(value, dict):
        return {key: _typed(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(name, item) for item in value]
    if name in _NUMBERS:
        return int(value)
    if name in {"Key", "Value"}:
        return str(value)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


typed = _typed
