"""Two seats of one local cloud, for all rehearsals of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.seats import Seats, opened, two_seats

ENDED = ("training", "processing", "transform", "tuning")


@pytest.fixture(scope="session")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("seats"), opened, **dict.fromkeys(ENDED, 0.0)) as made:
        yield made
