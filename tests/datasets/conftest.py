"""The datasets of two seats' cohort in a local cloud, and who organises them."""

from __future__ import annotations

from tests.requests.conftest import organiser, seats

__all__ = ["organiser", "seats"]
