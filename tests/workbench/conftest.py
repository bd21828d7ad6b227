"""What tests of the notebook's programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hooked_clients import ENVIRONMENT
from workbench.scripts import workshop_names, workshop_seat


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A kernel of a seat that has named nothing yet."""
    (tmp_path / "SageMaker").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    remembered = (
        *(workshop_names.real, workshop_names.given),
        *(workshop_seat.said, workshop_seat.parameters, workshop_seat.groups),
    )
    yield
    for each in remembered:
        each.clear()
