"""Nothing is asked of an account before it has proven to be the right one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from tests.support import config_folder
from workshop.account_region import AccountRegion
from workshop.aws.account_guard import check_accounts
from workshop.aws.clients import Clients
from workshop.errors import GuardError

HOME = AccountRegion("111122223333", "eu-west-1")
AWAY = AccountRegion("444455556666", "us-east-1")


class Callers:
    """In place of clients: which account calls really act in, by the place's."""

    is_local = False

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self.accounts = accounts
        self.asked: list[str] = []

    def caller(self, account_region: AccountRegion) -> str:
        self.asked.append(account_region.account)
        return self.accounts.get(account_region.account, account_region.account)


def check(folder: Path, callers: Callers, *account_regions: AccountRegion) -> None:
    config_folder.write(folder, f"{config_folder.HEAD}{config_folder.SEATS}")
    check_accounts(cast("Clients", callers), config_folder.load(folder), account_regions)


def test_every_account_is_asked_for_once(tmp_path: Path) -> None:
    callers = Callers({})
    check(tmp_path, callers, HOME, AWAY, AccountRegion(HOME.account, "us-west-2"))
    assert callers.asked == [HOME.account, AWAY.account]


@pytest.mark.parametrize(("wrong", "whose"), [(HOME, "environment"), (AWAY, "roster")])
def test_a_wrong_account_is_refused_with_its_cure(
    tmp_path: Path, wrong: AccountRegion, whose: str
) -> None:
    with pytest.raises(GuardError) as caught:
        check(tmp_path, Callers({wrong.account: "999999999999"}), HOME, AWAY)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"your credentials are for account 999999999999, and 'dev' is for {wrong.account}; sign in"
        f" to that account, or correct the {whose}'s 'account'"
    )
