"""The states of instances, which follow the clock, and what each brings with it.

The next request runs everything that is due, each change at its own moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import stores
from localcloud.ec2.world import Ec2World

Record = dict[str, Any]
Key = tuple[str, str, str]
"""Account, Region and id."""

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
NEXT = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}
SHOWN = 3600.0
"""Seconds for which EC2 shows a terminated instance: "for a short while (usually an hour)"."""
SHORTEST_HOLD = 1.0
"""Shortest time in seconds until a stuck instance is tried again."""

USER = ("Client.UserInitiatedShutdown", "User initiated shutdown")
INSIDE = ("Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
"""Who ended an instance: code and words of its StateReason."""


@dataclass
class States:
    """The changes of state that are to come, of all instances."""

    world: Ec2World
    restored: bool = False
    """Whether the instances are those of an earlier process, and have not been looked at."""
    _changing: set[Key] = field(default_factory=set)
    _next: float | None = None
    """When the earliest is due; None: it is not known."""
    _running: bool = False

    def enter(self, instance: Record, state: str, moment: float) -> None:
        """Put an instance into a state, with all that comes with it."""
        instance["State"] = {"Code": CODES[state], "Name": state}
        instance["_since"] = moment
        instance.pop("_held", None)
        _EFFECTS[state](instance, moment)
        key = (ministack_adapter.account(), ministack_adapter.region(), instance["InstanceId"])
        with self.world.lock:
            (self._changing.add if self.due(instance) is not None else self._changing.discard)(key)
            self._next = None
        self.world.entered(instance)

    def end(self, instance: Record, state: str, who: tuple[str, str]) -> None:
        """Begin to stop (``stopping``) or to terminate (``shutting-down``) an instance."""
        moment = self.world.clock.now()
        code, words = who
        instance["StateReason"] = {"Code": code, "Message": f"{code}: {words}"}
        at = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
        instance["StateTransitionReason"] = f"User initiated ({at} GMT)" if who == USER else ""
        was = instance["State"]["Name"]
        self.enter(instance, state, moment)
        if was == "stopped":
            # There is no machine to be ended.
            self.enter(instance, "terminated", moment)

    def run_due(self) -> None:
        """Run everything that is due by now."""
        with self.world.lock:
            if self.restored:
                self.restored = False
                self.again()
            now = self.world.clock.now()
            if self._running or (self._next is not None and now < self._next):
                return
            self._running = True
            try:
                while (earliest := self._earliest()) is not None and earliest[0] <= now:
                    moment, key, instance = earliest
                    with ministack_adapter.request_scope(*key[:2]):
                        self._happen(instance, moment)
                self._next = earliest[0] if earliest is not None else float("inf")
            finally:
                self._running = False

    def again(self) -> None:
        """Look for what is due anew: delays have changed, or instances were restored."""
        with self.world.lock:
            for (account, region, name), instance in stores.ec2()._instances.all_items():  # noqa: SLF001
                if self.due(instance) is not None:
                    self._changing.add((account, region, name))
            self._next = None
        self.world.clock.wake()

    def _earliest(self) -> tuple[float, Key, Record] | None:
        found = None
        for key in list(self._changing):
            instance = stores.ec2()._instances.get_scoped(*key)  # noqa: SLF001
            moment = None if instance is None else self.due(instance)
            if moment is None:
                self._changing.discard(key)
            elif found is None or (moment, key) < found[:2]:
                found = (moment, key, instance)
        return found

    def due(self, instance: Record) -> float | None:
        """Return when the state of an instance ends by itself, or None."""
        state = instance["State"]["Name"]
        if state == "terminated":
            return float(instance["_since"] + SHOWN)
        if state not in NEXT:
            return None
        held: float | None = instance.get("_held")
        return float(instance["_since"] + self.world.delays["instance"]) if held is None else held

    def _happen(self, instance: Record, moment: float) -> None:
        name, state = instance["InstanceId"], instance["State"]["Name"]
        if state == "terminated":
            stores.forget(stores.instances(), name)
        elif self.world.faults.is_stuck("Instance", name, state):
            instance["_held"] = moment + max(self.world.delays["instance"], SHORTEST_HOLD)
        else:
            self.enter(instance, NEXT[state], moment)


def _pending(instance: Record, moment: float) -> None:
    instance["LaunchTime"] = moment
    instance["StateReason"] = {"Code": "pending", "Message": "pending"}
    instance["StateTransitionReason"] = ""
    if instance["_public"]:
        digits = (int(instance["InstanceId"][-6:], 16) >> shift & 255 for shift in (16, 8, 0))
        address = ".".join(("54", *map(str, digits)))
        instance["PublicIpAddress"] = address
        region = ministack_adapter.region()
        domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
        host = f"ec2-{address.replace('.', '-')}"
        instance["PublicDnsName"] = f"{host}.{domain}.amazonaws.com"


def _running(instance: Record, _: float) -> None:
    instance.pop("StateReason", None)


def _ending(_instance: Record, _moment: float) -> None:
    """What ends is as it was until it has ended."""


def _stopped(instance: Record, _: float) -> None:
    instance.pop("PublicIpAddress", None)
    instance["PublicDnsName"] = ""


def _terminated(instance: Record, _: float) -> None:
    """Delete its network interface and the volumes that go with it, and let go of the others."""
    for mapping in instance["BlockDeviceMappings"]:
        volume = stores.volumes().get(mapping["Ebs"]["VolumeId"])
        if volume is None:
            continue
        if mapping["Ebs"]["DeleteOnTermination"]:
            stores.forget(stores.volumes(), volume["VolumeId"])
        else:
            volume |= {"State": "available", "Attachments": []}
    for name, interface in list(stores.interfaces().items()):
        attachment = interface.get("Attachment") or {}
        if attachment.get("InstanceId") == instance["InstanceId"]:
            if attachment.get("DeleteOnTermination"):
                stores.forget(stores.interfaces(), name)
            else:
                interface |= {"Status": "available", "Attachment": None}
    instance |= {
        "BlockDeviceMappings": [],
        "NetworkInterfaces": [],
        "SecurityGroups": [],
        "PrivateDnsName": "",
        "PublicDnsName": "",
    }
    for member in ("PublicIpAddress", "PrivateIpAddress", "SubnetId", "VpcId"):
        instance.pop(member, None)


_EFFECTS = {
    "pending": _pending,
    "running": _running,
    "stopping": _ending,
    "stopped": _stopped,
    "shutting-down": _ending,
    "terminated": _terminated,
}
