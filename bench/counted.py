"""How many calls a local cloud was asked, which its rules of faults count."""

from __future__ import annotations

from localcloud import process as local_cloud
from localcloud.record import Running


def count(running: Running, *operations: str) -> None:
    """Count the calls of these operations from now on, such as ``cloudformation:*`` or ``*``."""
    # A rule that makes no call wait that anybody would notice.
    counting = {"effect": "latency", "seconds": 0.0001}
    rules = ({**counting, "operation": operation} for operation in operations)
    local_cloud.set_faults(running, *rules)


def calls(running: Running) -> int:
    """Return how many calls there were since they are counted."""
    rules = local_cloud.post(running, "/_localcloud/faults", {})["rules"]
    return sum(rule["seen"] for rule in rules)
