"""Whoever has stack sets in the tests of the local cloud."""

from __future__ import annotations

import pytest

from tests.support.local_cloud import Cloud
from tests.support.organizations import Organization, founded
from tests.support.stacksets import Administrator, established


@pytest.fixture
def administrator(cloud: Cloud) -> Administrator:
    """Return an administrator with its role."""
    return established(cloud)


@pytest.fixture
def organization(cloud: Cloud) -> Organization:
    """Return an organization: ada and bob have seats, cyd one in the back row, dan leads."""
    return founded(cloud)


@pytest.fixture
def manager(organization: Organization) -> Administrator:
    """Return the management account, which StackSets may act for."""
    given = Administrator(organization.cloud)
    given.client.activate_organizations_access()
    return given
