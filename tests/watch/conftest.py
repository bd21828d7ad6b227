"""What tests of this room are given: seats without stacks, for the watch to hold to their caps."""

from __future__ import annotations

from tests.support.budgets import seats_to_watch

__all__ = ["seats_to_watch"]
