"""``workshop roster --import`` where seats have accounts of their own, or rows name theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, write
from tests.support.workshop_command import Ran, run

OWN = "accounts: {mode: ou, permissions: self-managed}\n"
LIST = """\
Account ID,Email,Name,State
222222222222,lab2@example.org,Lab 2,ACTIVE
33333333333,lab3@example.org,Lab 3,ACTIVE
444444444444,lab4@example.org,Lab 4,SUSPENDED
111122223333,admin@example.org,Admin,ACTIVE
555555555555,lab5@example.org,Lab 5,ACTIVE
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config", f"{HEAD}roster: {{seats: 2}}\n{OWN}")


def imported(text: str, *options: str) -> Ran:
    Path("export.csv").write_text(text)
    return run("roster", "-e", "dev", "--import", "export.csv", *options)


def test_a_list_of_accounts_becomes_free_ones_for_the_seats(tmp_path: Path) -> None:
    file = tmp_path / "config" / "dev.accounts.csv"
    file.write_text("account,seat\n555555555555,seat02\n")
    ran = imported(LIST, "--yes")
    assert ran.code == 0
    assert (
        ran.out
        == """\
line  plan      account       name   state      why
2     new       222222222222  Lab 2  ACTIVE
3     new       033333333333  Lab 3  ACTIVE     its account has lost leading zeros, and is read \
as 033333333333
4     left out  444444444444  Lab 4  SUSPENDED  is suspended
5     left out  111122223333  Admin  ACTIVE     is the environment's own account
6     known     555555555555  Lab 5  ACTIVE

accounts: 2 new, 1 known already, 2 left out
"""
    )
    assert ran.err == (
        "export.csv: UTF-8; accounts from 'Account ID'\n"
        "config/dev.accounts.csv: 2 accounts written; assign with: workshop accounts -e dev"
        " --write\n"
    )
    text = "account,seat\n555555555555,seat02\n222222222222,\n033333333333,\n"
    assert file.read_text() == text
    again = imported(LIST, "--yes", "--json")
    assert json.loads(again.out)["written"] is False
    assert again.err == "config/dev.accounts.csv: nothing to write\n"
    assert file.read_text() == text


def test_nobody_who_did_not_agree_has_accounts_written(tmp_path: Path) -> None:
    ran = imported(LIST)
    assert ran.code == 3
    assert "nothing was written; agree with --yes" in ran.err
    assert not (tmp_path / "config" / "dev.accounts.csv").exists()


def test_people_are_imported_as_ever_where_seats_have_their_own_accounts(tmp_path: Path) -> None:
    write(tmp_path / "config", f"{HEAD}roster: {{file: people.csv}}\n{OWN}")
    roster = tmp_path / "config" / "people.csv"
    roster.write_text("id,name,email\n")
    assert (
        "is no list of accounts, with a column 'Account ID', either" in imported("Account ID\n").err
    )
    assert imported("name,email,phone\nAda,ada@example.org,491701234567\n", "--yes").code == 0
    assert roster.read_text() == "id,name,email\nada,Ada,ada@example.org\n"


def test_people_come_with_the_accounts_of_a_roster_that_names_them(tmp_path: Path) -> None:
    settings = f"{HEAD}roster: {{file: people.csv}}\naccounts: {{mode: roster}}\n"
    write(tmp_path / "config", f"{settings}deploy: {{role: Deployer}}\n")
    roster = tmp_path / "config" / "people.csv"
    roster.write_text("id,name,email,account\nada,Ada,ada@example.org,222222222222\n")
    export = (
        "name,email,AWS account\nAda,ada@example.org,333333333333\n"
        "Ben,ben@example.org,44444444444\nCyd,cyd@example.org,\n"
    )
    ran = imported(export, "--yes")
    assert ran.code == 0, ran.err
    assert roster.read_text() == (
        "id,name,email,account\nada,Ada,ada@example.org,222222222222\n"
        "ben,Ben,ben@example.org,044444444444\n"
    )
    said = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert said[1:4] == [
        "2 stays ada Ada ada@example.org has another account on the roster, which stays",
        "3 new ben Ben ben@example.org its account has lost leading zeros, and is read as"
        " 044444444444",
        "4 left out Cyd cyd@example.org has no account",
    ]


def test_people_without_accounts_are_no_rows_of_a_roster_that_names_them(tmp_path: Path) -> None:
    settings = f"{HEAD}roster: {{file: people.csv}}\naccounts: {{mode: roster}}\n"
    write(tmp_path / "config", f"{settings}deploy: {{role: Deployer}}\n")
    (tmp_path / "config" / "people.csv").write_text("id,name,email,account\n")
    ran = imported("name,email\nAda,ada@example.org\n", "--yes")
    assert ran.code == 2
    assert "has no column of accounts beside the people, with accounts.mode 'roster';" in ran.err
