"""Seats that each have an account of their own: assigned, named and synthesized alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.assemblies import synthesize
from workshop.account_region import AccountRegion
from workshop.config import assignment
from workshop.config.assignment import AssignedAccount, Assignment
from workshop.environments import loader
from workshop.errors import ConfigError
from workshop.naming import ALONE, Names, stack_of_set

SETTINGS = """\
workshop: vision
account: "111122223333"
region: eu-west-1
start: "2027-03-01T09:00:00+01:00"
end: "2027-03-03T17:00:00+01:00"
roster: {file: people.csv}
accounts: {mode: ou, units: [ou-ab12-cd345678]}
profiles: {attendee: {}, author: {}}
"""
PEOPLE = "id,profile\nada,attendee\ngrace,author\nedith,attendee\n"
ACCOUNTS = "account,seat\n222222222222,grace\n333333333333,ada\n444444444444,\n"


def written(folder: Path, people: str = PEOPLE, accounts: str = ACCOUNTS, **other: str) -> Path:
    """Write the files of an environment ``vision`` and return their folder."""
    (folder / "vision.yaml").write_text(other.get("settings", SETTINGS))
    (folder / "people.csv").write_text(people)
    (folder / "vision.accounts.csv").write_text(accounts)
    return folder


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loader.load("vision", folder)
    return [line.removeprefix(f"{folder}/") for line in caught.value.diagnostics]


def test_an_account_is_its_seats_whatever_the_order_of_the_roster() -> None:
    given = Assignment().with_accounts(["222222222222", "333333333333", "444444444444"])
    given = given.assigned(["ada", "grace"])
    assert given.by_seat == {"ada": "222222222222", "grace": "333333333333"}
    later = given.assigned(["edith", "grace", "ada", "spare01"])
    assert later.by_seat == {**given.by_seat, "edith": "444444444444"}
    assert later.free == ()
    # Who left the roster keeps the account until it is empty.
    assert later.assigned(["spare01"]).by_seat == later.by_seat
    again = later.released(["222222222222"]).assigned(["spare01"])
    assert again.seat_of["222222222222"] == "spare01"
    read, wrong = assignment.parse(assignment.text(again))
    assert not wrong
    assert read.by_seat == again.by_seat


def test_an_account_that_cannot_be_used_is_given_to_nobody() -> None:
    given = Assignment().with_accounts(["222222222222", "333333333333"])
    assert given.assigned(["ada"], {"222222222222"}).by_seat == {"ada": "333333333333"}


def test_whoever_has_no_account_is_told_with_the_command(tmp_path: Path) -> None:
    (said,) = mistakes(written(tmp_path))
    assert said.startswith("vision.accounts.csv:1: edith has no account; assign with: workshop")
    assert said.endswith("accounts -e vision --write") or "--config-dir" in said


def test_each_mistake_of_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    rows = "222222222222,ada\n222222222222,grace\n12,edith\n333333333333,ada\n111122223333,\n"
    said = mistakes(written(tmp_path, accounts=f"account,seat\n{rows}"))
    assert [line.split(": ")[0] for line in said] == [
        f"vision.accounts.csv:{number}" for number in (3, 4, 5, 6)
    ]


@pytest.mark.parametrize("file", ["vision.yaml", "people.csv", "vision.accounts.csv"])
def test_a_merge_left_unfinished_in_any_file_is_all_that_is_told(tmp_path: Path, file: str) -> None:
    written(tmp_path, accounts=f"account,seat\n{GOOD}")
    whole = (tmp_path / file).read_text()
    (tmp_path / file).write_text(f"{whole}<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    said = mistakes(tmp_path)
    line = len(whole.splitlines()) + 1
    assert [one for one in said if one.startswith(f"{file}:{line}: has a merge that was")] == said


GOOD = "222222222222,ada\n333333333333,grace\n444444444444,edith\n"


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeffaccount,seat\r\n{GOOD}",
        f" account , seat \n{GOOD}".replace(",ada\n", " , ada \n"),
        f"account;seat\n{GOOD}".replace(",", ";"),
        f'"account","seat"\n{GOOD}'.replace("222222222222,ada", '"222222222222","ada"'),
        f"account,seat,note\n{GOOD}",
    ],
)
def test_what_editors_and_spreadsheets_make_of_the_file_is_read(tmp_path: Path, text: str) -> None:
    loaded = loader.load("vision", written(tmp_path, accounts=text))
    assert loaded.assignment.by_seat == {
        "ada": "222222222222",
        "grace": "333333333333",
        "edith": "444444444444",
    }


@pytest.mark.parametrize(
    ("broken", "said", "cured"),
    [
        # An account twice, a seat twice, an id that nobody has, a reserved one, capitals.
        ("222222222222,grace", "3: account: stands in line 2 too; remove one of the lines", ""),
        ("333333333333,ada", "3: seat: has the account of line 2 too; empty one of the cells", ""),
        (
            "333333333333,grcae",
            "3: seat: 'grcae' is not on the roster, and grace has no account; write grace if that"
            " is meant, or give it another account with: workshop accounts -e vision",
            "333333333333,grace",
        ),
        (
            "333333333333,cohort",
            "3: seat: is reserved for what all share; write the id of a seat, or empty the cell",
            "333333333333,grace",
        ),
        (
            "333333333333,Grace",
            "3: seat: cannot be an id; use 2 to 12 lower-case letters and digits, a letter first",
            "333333333333,grace",
        ),
        (
            "33333333333,grace",
            "3: account: is not an account id; write its 12 digits",
            "033333333333,grace",
        ),
        (
            "111122223333,grace",
            "3: account: is the environment's own account, in which no seat can be; remove the",
            "",
        ),
    ],
)
def test_a_slip_in_the_file_is_told_with_its_line_and_the_cure_is_one(
    tmp_path: Path, broken: str, said: str, cured: str
) -> None:
    rows = ["account,seat", "222222222222,ada", broken, "444444444444,edith", ""]
    folder = written(tmp_path, accounts="\n".join(rows))
    told = mistakes(folder)
    assert told[0].startswith(f"vision.accounts.csv:{said}")
    rows[2] = cured
    (folder / "vision.accounts.csv").write_text("\n".join(row for row in rows if row))
    if cured:
        assert len(loader.load("vision", folder).seats) == 3
    else:  # the line is gone, and what is left is told with the command that assigns
        [told_now] = mistakes(folder)
        assert "grace has no account; assign with: workshop accounts -e vision" in told_now


def test_a_spare_that_somebody_takes_and_another_order_of_rows_change_no_account(
    tmp_path: Path,
) -> None:
    settings = SETTINGS.replace("people.csv}", "people.csv, spares: 1}")
    accounts = f"account,seat\n{GOOD}555555555555,spare01\n"
    before = loader.load("vision", written(tmp_path, settings=settings, accounts=accounts))
    people = "id,name,profile\nspare01,Late Joiner,author\nedith,,\nada,,\ngrace,,author\n"
    after = loader.load("vision", written(tmp_path, people, settings=settings, accounts=accounts))
    assert [seat.id for seat in after.seats] == ["spare01", "edith", "ada", "grace"]
    accounts_of = {seat.id: seat.account for seat in before.seats}
    assert {seat.id: seat.account for seat in after.seats} == accounts_of


def test_rows_cannot_say_what_is_the_same_in_every_account(tmp_path: Path) -> None:
    people = "id,account,instance_type,volume_gb\nada,222222222222,ml.t3.large,30\n"
    said = mistakes(written(tmp_path, people))
    assert len(said) == 3
    assert all(line.startswith("people.csv:2: ") for line in said)


@pytest.mark.parametrize(
    ("mode", "row", "message"),
    [("one", "222222222222", "is another account"), ("roster", "", "is missing")],
)
def test_the_other_modes_hold_rows_to_their_word(
    tmp_path: Path, mode: str, row: str, message: str
) -> None:
    settings = SETTINGS.replace("mode: ou, units: [ou-ab12-cd345678]", f"mode: {mode}")
    folder = written(tmp_path, f"id,account\nada,{row}\n", settings=settings)
    assert message in mistakes(folder)[0]


def test_the_role_in_the_accounts_is_made_or_named(tmp_path: Path) -> None:
    folder = written(tmp_path, PEOPLE.replace("edith,attendee\n", ""))
    made = loader.load("vision", folder)
    assert (made.member_role, made.external_id) == (
        "ws/vision/vision-cohort-organiser",
        "vision/vision",
    )
    assert made.settings.cohort_stacks[0] == "organiser"
    settings = SETTINGS.replace("mode: ou", "mode: ou, role: Helper")
    named = loader.load("vision", written(tmp_path, "id\nada\n", settings=settings))
    assert (named.member_role, named.external_id) == ("Helper", None)
    assert "organiser" not in named.settings.cohort_stacks


def test_a_stack_of_a_stack_set_has_the_workshops_own_name() -> None:
    seat, cohort = Names("vision", ALONE, "", ""), Names("vision", "cohort", "", "")
    unique = "0a1b2c3d-0a1b-2c3d-4e5f-0123456789ab"
    for names, kind in ((seat, "storage"), (cohort, "watch"), (cohort, "cohort")):
        made = f"StackSet-{names.stack_set(kind, 'author')}-{unique}"
        assert stack_of_set(made) == names.stack(kind)
    assert stack_of_set("vision-ada-storage") == "vision-ada-storage"
    assert stack_of_set(f"StackSet-somebody-elses-{unique}").startswith("StackSet-")


def test_all_accounts_of_a_profile_have_one_template_which_tells_nobody(tmp_path: Path) -> None:
    folder = written(tmp_path, PEOPLE.replace("edith,attendee\n", ""))
    made = synthesize(loader.load("vision", folder))
    kinds = ("organiser", "start", "cohort", "watch")
    seat_kinds = ("storage", "registry", "access", "notebook", "monitoring")
    assert {*made.stacks()} == {
        f"vision-{who}-{kind}-{profile}"
        for profile in ("attendee", "author")
        for who, some in (("cohort", kinds), (ALONE, seat_kinds))
        for kind in some
    }
    for stack in made.stacks():
        text = made.text(stack)
        assert not any(word in text for word in ("222222222222", "333333333333", "-ada-", "grace"))
    # The same but for the profile's name in a tag.
    one, other = (made.text(f"vision-cohort-cohort-{name}") for name in ("attendee", "author"))
    assert one == other


def test_seats_are_where_their_accounts_are(tmp_path: Path) -> None:
    loaded = loader.load("vision", written(tmp_path, PEOPLE.replace("edith,attendee\n", "")))
    ada, grace = loaded.chosen(["ada", "grace"])
    assert ada.account_region == AccountRegion("333333333333", "eu-west-1")
    assert (ada.attendee, grace.attendee) == (ALONE, ALONE)
    assert loaded.names(ada).bucket("data") == "vision-seat-data-333333333333-eu-west-1"
    assert loaded.assignment.accounts[2] == AssignedAccount("444444444444", "", 4)
