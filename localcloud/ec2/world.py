"""What all of EC2's operations here share: time, delays, quotas, faults, and one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.accounts import AccountRegion

if TYPE_CHECKING:
    from localcloud.clock import Clock
    from localcloud.faults.plan import FaultPlan
    from localcloud.service_quotas.applied import AppliedQuotas
    from localcloud.transitions import Delays

Record = dict[str, Any]


@dataclass
class Ec2World:
    """What the operations are given besides a request."""

    clock: Clock
    delays: Delays
    quotas: AppliedQuotas
    faults: FaultPlan
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held by every operation: those of stacks run on threads of their own."""
    reservations: dict[AccountRegion, dict[str, Record]] = field(default_factory=dict)
    """The capacity reservations, which ministack has no store for."""
    entered: Callable[[Record], None] = lambda _: None
    """Called when an instance has entered a state."""
