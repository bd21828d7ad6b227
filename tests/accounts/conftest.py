"""What tests of this room are given: seats with accounts of their own, in an organization."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud, started
from tests.support.own_accounts import OwnAccounts, founded


@pytest.fixture
def own(cloud: Cloud, tmp_path: Path) -> OwnAccounts:
    """Three seats with an account each, and nothing deployed."""
    return founded(cloud, tmp_path)


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that enforces IAM, for the tests of a module; they empty it."""
    with started(tmp_path_factory.mktemp("organisation"), enforce_iam=True) as cloud:
        yield cloud
