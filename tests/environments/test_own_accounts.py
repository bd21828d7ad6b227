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
