"""What every seat must be able to do, and what none may do to a neighbour: the isolation table.

Each case is asked of the policies as they are, by ``workshop access matrix`` and by the tests,
which ask two policy engines.
"""

from __future__ import annotations

from workshop.access.allowed import cases as allowed
from workshop.access.allowed import console
from workshop.access.denied import cases as denied

__all__ = ["allowed", "console", "denied"]
