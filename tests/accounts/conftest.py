"""What tests of this room are given: seats with accounts of their own, in an organization."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import OwnAccounts, founded


@pytest.fixture
def own(cloud: Cloud, tmp_path: Path) -> OwnAccounts:
    """Three seats with an account each, and nothing deployed."""
    return founded(cloud, tmp_path)
