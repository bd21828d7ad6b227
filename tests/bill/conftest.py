"""What tests of this room are given: price lists that no other test sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workshop.pricing import prices


@pytest.fixture(autouse=True)
def _shipped_prices() -> Iterator[None]:
    """Every test begins and ends with the shipped prices."""
    prices.use({})
    yield
    prices.use({})
