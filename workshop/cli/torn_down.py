"""What is said where a teardown has proven that nothing of a workshop is left."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.counting import first_of
from workshop.environments import dates
from workshop.ledger import Ledger

NAMED = 5
"""So many of what is kept are named; the others are counted."""


def sentence(loaded: LoadedEnvironment, account_regions: Iterable[AccountRegion]) -> str:
    """Return when it was torn down, empty unless the ledger knows that of all of these."""
    ledger, account_regions = Ledger(loaded.name), [*account_regions]
    gone = ledger.gone_at()
    moments = [gone.get(account_region) for account_region in account_regions]
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < len(moments):
        return ""
    said = f"this workshop was torn down on {dates.moment(max(known))} UTC; nothing is left"
    kept_in = ledger.kept()
    kept = [name for where in account_regions for name in kept_in.get(where, ())]
    return f"{said} but what is kept on request: {first_of(kept, NAMED)}" if kept else said
