"""Which seat gets which account: told first, written once, and nobody's changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.accounts.assigning import AssignmentPlan, planned
from workshop.accounts.organization import MemberAccount, Organization
from workshop.config import assignment
from workshop.config.assignment import AssignedAccount, Assignment
from workshop.errors import WorkshopError

HOME = "111122223333"
ONE, TWO, THREE, FOUR = (str(digit) * 12 for digit in range(2, 6))


def members(**states: str) -> Organization:
    """Return an organization of the accounts ``a222222222222``, in their states."""
    found = {
        name[1:]: MemberAccount(name[1:], state, "ou-ab12-cd345678", f"lab {name[1]}")
        for name, state in states.items()
    }
    return Organization(found, "999999999999")


ALL = members(**dict.fromkeys((f"a{each}" for each in (FOUR, THREE, TWO, ONE)), "ACTIVE"))


def plan(
    file: str, *seats: str, organization: Organization | None = ALL, **more: object
) -> AssignmentPlan:
    rows = [line.split(",") for line in file.split()]
    given = Assignment(tuple(AssignedAccount(row[0], row[1]) for row in rows))
    known: dict[str, str] = {}
    return planned(given, seats, organization, home=HOME, **{"elsewhere": known, **more})  # type: ignore[arg-type]


def assigned(made: AssignmentPlan) -> str:
    """Return the file that a plan leaves."""
    return " ".join(f"{one.account},{one.seat}" for one in made.after.accounts)


def notes(made: AssignmentPlan) -> dict[str, str]:
    return {one.account: one.note for one in made.accounts if one.note}


def test_seats_get_the_free_accounts_of_the_file_and_then_those_of_the_units_by_name() -> None:
    made = plan(f"{THREE}, {FOUR},ada", "ada", "ben", "cyd")
    assert made.after.by_seat == {"ada": FOUR, "ben": THREE, "cyd": ONE}
    assert [one.account for one in made.free] == [TWO]
    assert [(one.account, one.name) for one in made.new] == [(THREE, "lab 4"), (ONE, "lab 2")]
    # What nobody gets is not written: it is as free in the organization.
    assert [one.account for one in made.after.accounts] == [THREE, FOUR, ONE]
    assert made.lacking == ()


def test_late_joiners_and_spares_change_nobodys_account() -> None:
    first = plan("", "ada", "ben")
    later = planned(first.after, ["zoe", "ben", "spare01", "ada"], ALL, home=HOME, elsewhere={})
    assert {**later.after.by_seat, **first.after.by_seat} == later.after.by_seat
    assert later.after.accounts[:2] == first.after.accounts


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("SUSPENDED", "is suspended"),
        ("PENDING_CLOSURE", "is pending closure"),
        ("PENDING_ACTIVATION", "is pending activation"),
    ],
)
def test_an_account_that_is_not_active_is_given_to_nobody(state: str, note: str) -> None:
    made = plan("", "ada", organization=members(**{f"a{ONE}": state, f"a{TWO}": "ACTIVE"}))
    assert made.after.by_seat == {"ada": TWO}
    assert notes(made) == {ONE: note}
    assert [one.account for one in made.unusable] == [ONE]


def test_an_account_that_is_used_otherwise_is_given_to_nobody() -> None:
    known = members(**dict.fromkeys((f"a{each}" for each in (HOME, "999999999999", ONE)), "ACTIVE"))
    made = plan("", "ada", organization=known, elsewhere={ONE: "is eve's in other.accounts.csv"})
    assert made.lacking == ("ada",)
    assert notes(made) == {
        HOME: "is the environment's own account",
        ONE: "is eve's in other.accounts.csv",
        "999999999999": "is the management account, to which StackSets does not deploy",
    }


def test_an_account_of_the_file_that_left_the_units_is_told_and_given_to_nobody() -> None:
    made = plan(f"{ONE}, {TWO},ben", "ada", "ben", organization=members(**{f"a{THREE}": "ACTIVE"}))
    assert made.after.by_seat == {"ben": TWO, "ada": THREE}
    assert notes(made) == {
        ONE: "is in none of the units any more",
        TWO: "is in none of the units any more; give the seat another one with --replace ben",
    }
    assert {one.state for one in made.unusable} == {"no member"}


def test_whoever_lost_an_account_gets_another_one_when_it_is_asked_for() -> None:
    known = members(**{f"a{ONE}": "SUSPENDED", f"a{TWO}": "ACTIVE"})
    made = plan(f"{ONE},ada", "ada", organization=known, given_up=[ONE])
    assert made.after.by_seat == {"ada": TWO}
    assert [one.account for one in made.after.accounts] == [ONE, TWO]


def test_whoever_gave_an_account_up_is_not_given_it_again_and_others_may_have_it_later() -> None:
    made = plan(f"{ONE},ada", "ada", given_up=[ONE])
    assert made.after.by_seat == {"ada": TWO}
    assert notes(made) == {ONE: "is given up now: free from the next run on"}
    assert ONE not in [one.account for one in made.free]
    assert plan(assigned(made), "ada", "ben").after.by_seat == {"ada": TWO, "ben": ONE}


def test_the_account_of_a_seat_that_left_waits_for_its_teardown() -> None:
    made = plan(f"{ONE},ada", "ben", organization=None)
    assert made.lacking == ("ben",)
    assert notes(made) == {
        ONE: "its seat left the roster: free once a teardown has proven it empty"
    }


def test_an_account_with_a_workbench_of_nobody_is_given_to_nobody() -> None:
    """Whoever was given it would have the work of the seat before; whose it is keeps it."""
    made = plan(f"{ONE}, {TWO},ada", "ada", "ben", deployed=[ONE, TWO])
    assert made.after.by_seat == {"ada": TWO, "ben": THREE}
    assert notes(made) == {ONE: "has a workbench still: free once a teardown has proven it empty"}
    assert [one.account for one in made.free] == [FOUR]


SPREADSHEET = f"\ufeffaccount;seat;note\r\n{ONE};ada;front row\r\n\r\n{TWO};;\r\n"


def test_writing_leaves_every_line_where_it_is_with_whatever_else_is_in_it(
    tmp_path: Path,
) -> None:
    environment = tmp_path / "vision.yaml"
    environment.write_text("")
    file = tmp_path / "vision.accounts.csv"
    file.write_bytes(SPREADSHEET.encode())
    before, wrong = assignment.read(environment)
    assert not wrong
    after = before.with_accounts([THREE, FOUR]).assigned(["ben", "cyd"])
    assignment.write(environment, before, after)
    bens, cyds = assignment.check_of(TWO, "ben"), assignment.check_of(THREE, "cyd")
    expected = SPREADSHEET.replace(f"{TWO};;", f"{TWO};ben;;{bens}")
    expected = expected.replace("note\r\n", "note;check\r\n")
    assert file.read_bytes().decode() == f"{expected}{THREE};cyd;;{cyds}\r\n{FOUR};;;\r\n"
    assert [account.seat for account in assignment.read(environment)[0].unchecked] == ["ada"]


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    environment = tmp_path / "vision.yaml"
    environment.write_text("")
    environment.chmod(0o640)
    assignment.write(environment, Assignment(), Assignment().with_accounts([ONE]))
    file = tmp_path / "vision.accounts.csv"
    assert file.stat().st_mode & 0o777 == 0o640
    for before in (Assignment(), Assignment().with_accounts([TWO])):
        with pytest.raises(WorkshopError, match="changed while it was read"):
            assignment.write(environment, before, before.with_accounts([TWO]))
    assert file.read_text() == f"account,seat,check\n{ONE},,\n"
