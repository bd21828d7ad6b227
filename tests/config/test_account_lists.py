"""Lists of accounts as other programs export them, taken as they are."""

from __future__ import annotations

import json

import pytest

from tests.support.workbooks import workbook
from workshop.config.roster import account_lists
from workshop.config.roster.account_cells import is_account_heading
from workshop.config.roster.account_lists import AccountList, ListedAccount

ONE, TWO, ZERO = "111122223333", "444455556666", "011122223333"
ORGANIZATIONS = f"""\
Account ID,ARN,Email,Name,State,Joined method,Joined timestamp
{ONE},arn:aws:organizations::999999999999:account/o-abcdefghij/{ONE},lab1@example.org,Lab 1,ACTIVE,\
CREATED,Wed Mar 08 2026 14:50:40 GMT+0000
{TWO},arn:aws:organizations::999999999999:account/o-abcdefghij/{TWO},lab2@example.org,Lab 2,\
SUSPENDED,CREATED,Wed Mar 08 2026 14:50:40 GMT+0000
"""


def listed(text: str | bytes) -> AccountList:
    found = account_lists.read(text if isinstance(text, bytes) else text.encode())
    assert found is not None
    return found


def usable(found: AccountList) -> list[str]:
    return [row.account for row in found.accounts if not row.left_out]


def test_the_export_of_the_organizations_console_is_taken_with_names_and_states() -> None:
    assert listed(ORGANIZATIONS) == AccountList(
        (
            ListedAccount(2, ONE, "Lab 1", "ACTIVE"),
            ListedAccount(3, TWO, "Lab 2", "SUSPENDED", "is suspended"),
        ),
        encoding="UTF-8",
        column="Account ID",
    )


def test_what_the_aws_command_prints_is_taken() -> None:
    accounts = [
        {"Id": ONE, "Name": "Lab 1", "State": "ACTIVE", "Email": "lab1@example.org"},
        {"Id": TWO, "Name": "Lab 2", "State": "PENDING_CLOSURE", "Email": "lab2@example.org"},
    ]
    found = listed(json.dumps({"Accounts": accounts}))
    assert [(row.account, row.name, row.left_out) for row in found.accounts] == [
        (ONE, "Lab 1", ""),
        (TWO, "Lab 2", "is pending closure"),
    ]


def test_a_pool_that_leases_accounts_gives_those_alone_that_it_does_not_clean() -> None:
    rows = f"{ONE},pool-1,Active\n{TWO},pool-2,Available\n777788889999,pool-3,CleanUp\n"
    found = listed(f"awsAccountId,name,status\n{rows}888888888888,pool-4,Quarantine\n")
    assert usable(found) == [ONE, TWO]
    assert [row.notes for row in found.accounts[:2]] == [
        (),
        ("is not leased yet, and somebody else may get it: lease it first",),
    ]
    assert [row.left_out for row in found.accounts[2:]] == ["is clean up", "is quarantine"]


@pytest.mark.parametrize(
    "heading",
    [
        *("AWS account ID", "AccountId", "Account number", "Acct. no.", "awsAccountId", "Account"),
        *("Konto-Nr.", "Kontonummer", "AWS-Konto-ID", "Num\u00e9ro de compte", "ID du compte"),
        *("ID de la cuenta", "N\u00famero da conta", "ID account", "Numero dell'account"),
        *("Rekeningnummer", "\u30a2\u30ab\u30a6\u30f3\u30c8 ID", "\u8d26\u6237 ID"),
        *("\uacc4\uc815 ID", "ID \u0430\u043a\u043a\u0430\u0443\u043d\u0442\u0430"),
    ],
)
def test_a_heading_names_accounts_in_many_languages(heading: str) -> None:
    assert is_account_heading(heading)
    assert usable(listed(f"{heading};Wer\n{ONE};x\n")) == [ONE]


@pytest.mark.parametrize(
    "heading", ["Account name", "Account owner", "Management account ID", "Payer account", "Email"]
)
def test_what_else_is_said_of_accounts_is_none(heading: str) -> None:
    assert not is_account_heading(heading)


def test_ids_need_no_heading_and_the_account_that_pays_is_not_taken_for_them() -> None:
    assert usable(listed(f"{ONE}\n{TWO}\n")) == [ONE, TWO]
    found = listed(f"payer,member\n999999999999,{ONE}\n999999999999,{TWO}\n")
    assert usable(found) == [ONE, TWO]
    assert found.column == "member"


def test_leading_zeros_that_a_spreadsheet_dropped_are_put_back_and_told() -> None:
    found = listed(f'account id\n{ZERO.lstrip("0")}\n="{TWO}"\n1111-2222-3333\n')
    assert usable(found) == [ZERO, TWO, ONE]
    note = f"its account has lost leading zeros, and is read as {ZERO}"
    assert [row.notes for row in found.accounts] == [(note,), (), ()]


def test_digits_that_a_spreadsheet_rounded_away_are_not_guessed() -> None:
    found = listed(f"account id\n1.11122E+11\n{TWO}\n")
    assert usable(found) == [TWO]
    assert found.accounts[0].left_out.startswith("has lost digits of its account in a spreadsheet;")


def test_what_is_no_id_below_the_heading_is_told_and_not_taken_for_a_heading() -> None:
    rows = f"to come,lab 1\n=012345678901+0,lab 2\n{ONE},lab 3\n"
    found = listed(f"Accounts of the spring,\nAccount ID,Name\n{rows}")
    assert found.column == "Account ID"
    assert [(row.line, row.name, row.left_out) for row in found.accounts] == [
        (3, "lab 1", "has no account of 12 digits"),
        (4, "lab 2", "has no account of 12 digits"),
        (5, "lab 3", ""),
    ]


def test_a_workbook_has_all_digits_whatever_it_shows() -> None:
    cells: dict[str, str | int | bool] = {
        "A1": "Account ID",
        "B1": "State",
        "A2": 111122223333,
        "A3": TWO,
        "B3": "ACTIVE",
    }
    whole = workbook({**cells, "A4": "7.77788889999E11"})
    assert usable(listed(whole)) == [ONE, TWO, "777788889999"]


def test_an_account_that_stands_there_twice_is_one() -> None:
    found = listed(f"account\n{ONE}\n{ONE}\n\nnobody\n")
    assert [row.left_out for row in found.accounts] == [
        "",
        "line 2 has the same account",
        "has no account of 12 digits",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name,email\nAda,ada@example.org\n",
        "name,email,phone\nAda,ada@example.org,491701234567\n",
        "name,number of my badge,e-mail\nAda,123456789012,ada@example.org\n",
        "name,Telefon\nAda,491701234567\n",
        '{"people": [{"name": "Ada"}]}',
        "",
    ],
)
def test_a_list_of_people_is_no_list_of_accounts(text: str) -> None:
    assert account_lists.read(text.encode()) is None
