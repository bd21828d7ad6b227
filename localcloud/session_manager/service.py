"""Systems Manager's operations of sessions, in front of ministack's, and EC2 Instance Connect."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import stores
from localcloud.ec2.service import Ec2Service
from localcloud.iam import ec2_conditions
from localcloud.protocol import json_service, responses
from localcloud.protocol.errors import ApiError, not_played
from localcloud.protocol.requests import check_request
from localcloud.session_manager import agents
from localcloud.session_manager.sessions import Sessions

Document = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Service = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

CONNECT_SIGNING_NAME, CONNECT_TARGET_PREFIX = (
    "ec2-instance-connect",
    "AWSEC2InstanceConnectService",
)
OF_MINISTACK = re.compile(
    r"\w*Parameters?(ByPath|History|Version)?|(Add|Remove|List)Tags(To|From|For)Resource"
)
"""Operations that are left to ministack."""
_KEY = re.compile(r"(ssh-(rsa|ed25519)|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( .*)?\s*")


class SessionManager:
    """The operations of Systems Manager that are ours; its state are the sessions."""

    def __init__(self, machines: Ec2Service) -> None:
        self.machines = machines
        self.sessions = Sessions(machines.world)

    def patch(self) -> None:
        """Put them in front of ministack's, once per process."""
        handlers = ministack_adapter.module("app").SERVICE_HANDLERS
        handlers["ssm"] = self._before(handlers["ssm"])
        ec2_conditions.know_sessions(self.sessions.tags)
        ministack_adapter.add_state("sessions", self.sessions)
        ministack_adapter.add_json_service(
            CONNECT_SIGNING_NAME, CONNECT_TARGET_PREFIX, InstanceConnect(self.machines)
        )

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one of them; raise ``ApiError`` for every refusal."""
        if operation not in _OPERATIONS:
            raise not_played("Systems Manager", operation)
        check_request("ssm", operation, request)
        with self.machines.world.lock:
            self.machines.states.run_due()
            answer = _OPERATIONS[operation](self, request, headers)
        return responses.checked("ssm", operation, answer)

    def _before(self, service: Service) -> Service:
        async def asked(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Answer:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            if OF_MINISTACK.fullmatch(operation):
                return await service(method, path, headers, body, query)

            def perform() -> Answer:
                answer = self.call(operation, json_service.parsed(body), headers)
                content = {"Content-Type": json_service.CONTENT_TYPE}
                return 200, content, json.dumps(answer).encode()

            return json_service.answered(operation, perform)

        return asked

    def information(self, request: Document) -> Document:
        """DescribeInstanceInformation of the instances whose agent has ever been online."""
        found = []
        for name, instance in stores.instances().items():
            online = agents.is_online(self.machines.world, instance)
            if online:
                instance["_managed"] = self.machines.world.clock.now()
            if "_managed" in instance and instance["State"]["Name"] != "terminated":
                found.append(_information(name, instance, online=online))
        for wanted in request.get("Filters") or ():
            found = [
                instance for instance in found if _has(instance, wanted["Key"], wanted["Values"])
            ]
        start, size = int(request.get("NextToken", 0)), request.get("MaxResults", 50)
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"InstanceInformationList": found[start : start + size], **more}

    def connection(self, request: Document) -> Document:
        """GetConnectionStatus of an instance."""
        instance = stores.instances().get(request["Target"])
        online = instance is not None and agents.is_online(self.machines.world, instance)
        status = "connected" if online else "notconnected"
        return {"Target": request["Target"], "Status": status}


_OPERATIONS: dict[str, Callable[[SessionManager, Document, dict[str, str]], Document]] = {
    "DescribeInstanceInformation": lambda manager, request, _: manager.information(request),
    "DescribeSessions": lambda manager, request, _: manager.sessions.describe(request),
    "GetConnectionStatus": lambda manager, request, _: manager.connection(request),
    "ResumeSession": lambda manager, request, _: manager.sessions.resume(request),
    "StartSession": lambda manager, request, headers: manager.sessions.start(request, headers),
    "TerminateSession": lambda manager, request, _: manager.sessions.terminate(request),
}


def _information(name: str, instance: Document, *, online: bool) -> Document:
    return {
        "InstanceId": name,
        "PingStatus": "Online" if online else "ConnectionLost",
        "LastPingDateTime": instance["_managed"],
        "AgentVersion": "3.3.3050.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.get("PrivateIpAddress", ""),
        "ComputerName": instance["PrivateDnsName"],
    }


def _has(information: Document, key: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        tags = stores.tags(information["InstanceId"])
        return any(tag["Key"] == key[4:] and tag["Value"] in values for tag in tags)
    member = {"InstanceIds": "InstanceId", "PlatformTypes": "PlatformType"}.get(key, key)
    return information.get(member) in values


class InstanceConnect(json_service.JsonService):
    """SendSSHPublicKey: a key that an instance takes for a minute."""

    def __init__(self, machines: Ec2Service) -> None:
        self.machines = machines

    def call(
        self,
        operation: str,
        request: Document,
        headers: dict[str, str],  # noqa: ARG002 - as its base
    ) -> Document:
        """Perform it; raise ``ApiError`` for every refusal."""
        if operation != "SendSSHPublicKey":
            raise not_played("EC2 Instance Connect", operation)
        check_request(CONNECT_SIGNING_NAME, operation, request)
        name = request["InstanceId"]
        with self.machines.world.lock:
            self.machines.states.run_due()
            instance = stores.instances().get(name)
        if instance is None or instance["State"]["Name"] == "terminated":
            raise ApiError("EC2InstanceNotFoundException", f"Instance not found: {name}")
        if instance["State"]["Name"] != "running":
            raise ApiError(
                "EC2InstanceStateInvalidException",
                f"Instance {name} is not in the running state.",
            )
        if not _KEY.fullmatch(request["SSHPublicKey"]):
            raise ApiError("InvalidArgsException", "The SSH public key is not valid.")
        request_id = ministack_adapter.module("core.responses").new_uuid()
        answer = {"RequestId": request_id, "Success": True}
        return responses.checked(CONNECT_SIGNING_NAME, operation, answer)

    def get_state(self) -> None:
        """Return nothing: a key is forgotten after a minute."""

    def load_persisted_state(self, data: Document) -> None:
        """Restore nothing."""

    def reset(self) -> None:
        """Forget nothing."""
