"""Sessions with instances: begun, resumed, ended, and listed."""

from __future__ import annotations

import secrets
from typing import Any

from localcloud import ministack_adapter
from localcloud.accounts import AccountRegion
from localcloud.ec2 import stores
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError
from localcloud.session_manager import agents

Record = dict[str, Any]

DOCUMENTS: dict[str, frozenset[str]] = {
    "SSM-SessionManagerRunShell": frozenset(),
    "AWS-StartInteractiveCommand": frozenset({"command"}),
    "AWS-StartNonInteractiveCommand": frozenset({"command"}),
    "AWS-StartPortForwardingSession": frozenset({"portNumber", "localPortNumber"}),
    "AWS-StartPortForwardingSessionToRemoteHost": frozenset(
        {"host", "portNumber", "localPortNumber"}
    ),
    "AWS-StartSSHSession": frozenset({"portNumber"}),
}
"""Documents of sessions -> their parameters."""

KEPT = 30 * 86_400.0
"""Seconds for which an ended session is listed."""

_FILTERS = {
    "Owner": lambda session: session["Owner"],
    "SessionId": lambda session: session["SessionId"],
    "Status": lambda session: session["Status"],
    "Target": lambda session: session["Target"],
}


class Sessions:
    """All sessions of all accounts and Regions."""

    def __init__(self, world: Ec2World) -> None:
        self.world = world
        self._sessions: dict[AccountRegion, dict[str, Record]] = {}

    def start(self, request: Record, headers: dict[str, str]) -> Record:
        """StartSession with an instance whose agent is online."""
        name = request["Target"]
        document = request.get("DocumentName", "SSM-SessionManagerRunShell")
        if document not in DOCUMENTS:
            raise ApiError("InvalidDocument", f"Document with name {document} does not exist.")
        unknown = (request.get("Parameters") or {}).keys() - DOCUMENTS[document]
        if unknown:
            raise ApiError(
                "InvalidParameters",
                f"Parameter {min(unknown)} is not defined in document {document}.",
            )
        instance = stores.instances().get(name)
        if instance is None or not agents.is_online(self.world, instance):
            raise ApiError("TargetNotConnected", f"{name} is not connected.")
        caller = (ministack_adapter.caller(headers) or {}).get("Arn", "")
        owner = caller or f"arn:aws:iam::{ministack_adapter.account()}:root"
        session_id = f"{owner.rpartition('/')[2].rpartition(':')[2]}-{secrets.token_hex(9)[:17]}"
        self._here()[session_id] = {
            "SessionId": session_id,
            "Target": name,
            "StartDate": self.world.clock.now(),
            "DocumentName": document,
            "Owner": owner,
            "Reason": request.get("Reason", ""),
            "_boot": instance["LaunchTime"],
            "_user": (ministack_adapter.caller(headers) or {}).get("PrincipalId", ""),
        }
        return _channel(session_id)

    def resume(self, request: Record) -> Record:
        """ResumeSession of one that has not ended."""
        session = self._required(request["SessionId"])
        if self._ended(session) is not None:
            raise ApiError("DoesNotExistException", "Session has been terminated.")
        return _channel(session["SessionId"])

    def terminate(self, request: Record) -> Record:
        """TerminateSession, as often as is liked."""
        session = self._required(request["SessionId"])
        if self._ended(session) is None:
            session["EndDate"] = self.world.clock.now()
        return {"SessionId": session["SessionId"]}

    def describe(self, request: Record) -> Record:
        """DescribeSessions that are active, or those that have ended in the last thirty days."""
        active = request["State"] == "Active"
        found = []
        for session in self._here().values():
            ended = self._ended(session)
            if (ended is None) != active:
                continue
            if ended is not None and ended < self.world.clock.now() - KEPT:
                continue
            shown = {name: value for name, value in session.items() if not name.startswith("_")}
            shown["Status"] = "Connected" if active else "Terminated"
            found.append(shown | ({} if ended is None else {"EndDate": ended}))
        for wanted in request.get("Filters") or ():
            value_of = _FILTERS.get(wanted["key"])
            if value_of is not None:
                found = [session for session in found if value_of(session) == wanted["value"]]
        found.sort(key=lambda session: session["StartDate"], reverse=True)
        start, size = int(request.get("NextToken", 0)), request.get("MaxResults", 50)
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"Sessions": found[start : start + size], **more}

    def tags(self, session_id: str) -> dict[str, str]:
        """Return the tags that Session Manager gives a session: who began it, and with what."""
        session = self._here().get(session_id)
        if session is None:
            return {}
        return {
            "aws:ssmmessages:session-id": session["_user"],
            "aws:ssmmessages:target-id": session["Target"],
        }

    # --- state ------------------------------------------------------------------------------

    def reset(self) -> None:
        self._sessions.clear()

    def get_state(self) -> Record:
        """Return all of them."""
        return {"sessions": [[*place, all_] for place, all_ in self._sessions.items()]}

    def load_persisted_state(self, data: Record) -> None:
        """Restore those of an earlier process."""
        self._sessions = {
            (account, region): all_ for account, region, all_ in data.get("sessions", ())
        }

    def _here(self) -> dict[str, Record]:
        place = (ministack_adapter.account(), ministack_adapter.region())
        return self._sessions.setdefault(place, {})

    def _required(self, session_id: str) -> Record:
        session = self._here().get(session_id)
        if session is None:
            raise ApiError("DoesNotExistException", f"Session {session_id} does not exist.")
        return session

    def _ended(self, session: Record) -> float | None:
        """Return when a session ended, or None: it also ends when its instance stops."""
        if "EndDate" not in session:
            instance = stores.instances().get(session["Target"])
            same = instance is not None and instance["LaunchTime"] == session["_boot"]
            if not same or instance is None or instance["State"]["Name"] != "running":
                session["EndDate"] = self.world.clock.now()
        ended: float | None = session.get("EndDate")
        return ended


def _channel(session_id: str) -> Record:
    region = ministack_adapter.region()
    return {
        "SessionId": session_id,
        "TokenValue": secrets.token_urlsafe(96),
        "StreamUrl": f"wss://ssmmessages.{region}.amazonaws.com/v1/data-channel/{session_id}"
        "?role=publish_subscribe",
    }
