"""How property tests run: without a clock, so that a busy machine fails none of them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Stands above ``@given``; keeps Hypothesis's own number of examples."""
