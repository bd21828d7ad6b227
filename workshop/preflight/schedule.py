"""Whether it is time to deploy."""

from __future__ import annotations

from datetime import datetime, timedelta

from workshop.account_region import AccountRegion
from workshop.preflight.checks import Check, CheckState

EARLY = timedelta(days=7)
"""A rehearsal a few days ahead is usual; what is made earlier than that costs for nothing."""


def check(place: AccountRegion, start: datetime, end: datetime, now: datetime) -> Check:
    """Fail once the workshop is over, and warn while its begin is far away."""
    if end <= now:
        told = f"the workshop is over since {end.isoformat()}; give a later 'end', or tear it down"
        return Check(place, "time", CheckState.FAILED, told)
    if start - now > EARLY:
        told = (
            f"the workshop begins in {(start - now).days} days, on {start.isoformat()}, and disks"
            " and running notebooks cost from now on; deploy later, or stop the notebooks until"
            " then"
        )
        return Check(place, "time", CheckState.WARNING, told)
    return Check(place, "time", CheckState.OK, f"the workshop ends on {end.isoformat()}")
