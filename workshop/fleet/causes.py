"""Why a stack failed, and whether it makes sense to try again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from workshop.aws import clients


class Kind(StrEnum):
    """What a failure calls for."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    """Throttling, failures of AWS itself, time-outs: the same may go well later."""
    CAPACITY = "capacity"
    """AWS has none of the instance type to give; another type may do."""


@dataclass(frozen=True)
class Cause:
    """Why something failed, in AWS's words; ``resource`` is a logical id, empty for a call."""

    kind: Kind
    told: str
    resource: str = ""

    def __str__(self) -> str:
        return f"{self.resource}: {self.told}" if self.resource else self.told


_CAPACITY = re.compile(r"insufficient\s?(?:instance\s?)?capacity|capacity error", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"throttl|rate exceeded|too many requests|slow ?down|service ?unavailable|network ?failure"
    r"|internal ?(?:server ?)?(?:error|failure)|timed? ?out|not ?stabilize|please (?:re)?try",
    re.IGNORECASE,
)
_SERVER_ERROR = 500

CANCELLED = "cancelled"
"""What CloudFormation says of resources that another one's failure stopped."""


def of_text(told: str, resource: str = "") -> Cause:
    """The cause behind a reason that CloudFormation gives."""
    if _CAPACITY.search(told):
        return Cause(Kind.CAPACITY, told, resource)
    return Cause(Kind.TRANSIENT if _TRANSIENT.search(told) else Kind.PERMANENT, told, resource)


def of_error(error: ClientError) -> Cause:
    """The cause behind a call that AWS refused."""
    answer: Mapping[str, Any] = error.response
    code = clients.code(answer)
    told = f"{code}: {answer.get('Error', {}).get('Message', '')}"
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in clients.THROTTLED or status >= _SERVER_ERROR:
        return Cause(Kind.TRANSIENT, told)
    return Cause(Kind.PERMANENT, told)


def root(events: Iterable[Mapping[str, Any]]) -> Cause | None:
    """The first failure of the stack's last operation, from its events, the newest first.

    None as long as no event tells one.
    """
    found: Cause | None = None
    for event in events:
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        own = event["PhysicalResourceId"] == event["StackId"]
        if own and status.endswith("_IN_PROGRESS") and not status.count("ROLLBACK"):
            # The operation's own beginning; what comes before belongs to another one.
            return found
        if status.endswith("_FAILED") and CANCELLED not in reason.lower():
            found = of_text(reason, "" if own else event["LogicalResourceId"])
    return found
