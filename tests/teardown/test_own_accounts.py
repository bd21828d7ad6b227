"""A teardown of seats with accounts of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import OwnAccounts, founded


@pytest.fixture
def own(cloud: Cloud, tmp_path: Path) -> OwnAccounts:
    made = founded(cloud, tmp_path, "ada", "ben")
    made.deploy()
    return made


def test_every_account_is_empty_and_the_sets_are_gone(own: OwnAccounts) -> None:
    shown = own.run("teardown", "--early", "--all")
    print(shown.out, shown.err)
    assert shown.code == 0
    done = own.run("teardown", "--early", "--apply", "--yes", "vision", "--interval", "0")
    print(done.out, done.err)
    assert done.code == 0
    assert own.sets() == set()
    assert own.stacks("ada") == own.stacks("ben") == set()
