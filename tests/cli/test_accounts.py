"""``workshop accounts``: who has which account of the organization, shown, then written."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import retries_at_once, room
from tests.support.organizations import Organization, founded, with_stacks
from tests.support.workshop_command import Ran, run
from workshop.config.assignment import check_of

LIST = "accounts: {mode: ou, permissions: self-managed}\n"


@pytest.fixture
def organization(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Organization:
    """Return an organization with three accounts for seats, and an environment of two seats."""
    made = founded(cloud)
    units = f"accounts: {{mode: ou, units: [{made.units['seats']}]}}\n"
    room(cloud, tmp_path, monkeypatch, f"roster: {{seats: 2}}\n{units}")
    return made


def accounts(*options: str, env: str = "room") -> Ran:
    return run("accounts", "-e", env, *options)


def rows(ran: Ran) -> list[str]:
    return [" ".join(line.split()) for line in ran.out.splitlines()]


def file(env: str = "room") -> Path:
    return Path("config") / f"{env}.accounts.csv"


def test_a_plan_tells_all_accounts_of_the_units_and_writes_nothing(
    organization: Organization,
) -> None:
    ran = accounts()
    ada, bob, cyd = (organization.members[name] for name in ("ada", "bob", "cyd"))
    assert rows(ran) == [
        "account name state seat plan note",
        f"{ada} ada ACTIVE seat01 assign",
        f"{bob} bob ACTIVE seat02 assign",
        f"{cyd} cyd ACTIVE free",
        "",
        "accounts: 0 with a seat, 2 to assign, 1 free",
    ]
    assert ran.err == "nothing was written; assign with: workshop accounts -e room --write\n"
    assert not file().exists()


def test_accounts_are_assigned_once(organization: Organization) -> None:
    assert accounts("--write").err == "config/room.accounts.csv: 2 accounts assigned\n"
    ada, bob = (organization.members[name] for name in ("ada", "bob"))
    lines = [f"{ada},seat01,{check_of(ada, 'seat01')}", f"{bob},seat02,{check_of(bob, 'seat02')}"]
    text = "\n".join(["account,seat,check", *lines, ""])
    assert file().read_text() == text
    organization.add_member("aaron", "seats")
    assert accounts("--write").err == "config/room.accounts.csv: nothing to write\n"
    assert file().read_text() == text
    document = json.loads(accounts("--json").out)
    assert [(one["seat"], one["is_free"]) for one in document["accounts"]] == [
        ("seat01", False),
        ("seat02", False),
        ("", True),
        ("", True),
    ]


def test_an_account_that_somebody_gives_to_another_seat_by_hand_is_told(
    organization: Organization,
) -> None:
    """It stands once it is asked for, and not while a workbench of the seat before is there."""
    accounts("--write")
    ada, bob = (organization.members[name] for name in ("ada", "bob"))
    before = file().read_text()
    swapped = before.replace(f"{ada},seat01", f"{ada},seat02")
    swapped = swapped.replace(f"{bob},seat02", f"{bob},seat01")
    file().write_text(swapped)
    warned = [line for line in run("check", "-e", "room").err.splitlines() if ":2: " in line]
    assert warned == [
        "warning: config/room.accounts.csv:2: seat: was seat01's when the line was written, and is"
        " seat02's now: whoever has the account has what is in it; change it back, or have it stand"
        " once the account is empty with: workshop accounts -e room --write"
    ]
    with_stacks(organization, "vision", "bob", environment="room")
    refused = accounts("--write")
    assert refused.code == 3
    assert "room.accounts.csv:3: the account has the workbench of the seat before still" in (
        refused.err
    )
    down = shlex.split(refused.err.rpartition("tear it down first with: workshop ")[2])
    assert down[:6] == ["teardown", "-e", "room", "--early", "--only", "seat01"]
    assert file().read_text() == swapped
    file().write_text(before.replace(f"{ada},seat01", f"{ada},seat03"))
    assert accounts("--write").code == 0
    assert "was seat01's" not in accounts().err
    assert f"{ada},seat03,{check_of(ada, 'seat03')}\n" in file().read_text()
    assert "was seat01's" not in run("check", "-e", "room").err
    # A line that loses its seat is told as well.
    emptied = before.replace(f"{bob},seat02", f"{bob},")
    file().write_text(emptied)
    assert "was seat02's when the line was written, and is nobody's now" in accounts().err
    # Written, nobody would know any more whose the workbench is.
    refused = accounts("--write")
    assert (refused.code, file().read_text()) == (3, emptied)
    assert refused.err.endswith("and nothing was written; change the line back\n")


def test_too_few_accounts_are_told_by_their_number_and_nothing_is_written(
    organization: Organization,
) -> None:
    organization.client.close_account(AccountId=organization.members["ada"])
    organization.move("cyd", "back row", "staff")
    ran = accounts("--write")
    assert ran.code == 1
    assert ran.err == (
        "workshop: 1 account too few (for seat02), and nothing was written; have them made in"
        f" {organization.units['seats']}, and run this again\n"
    )
    assert f"{organization.members['ada']} ada SUSPENDED leave is suspended" in rows(ran)
    assert not file().exists()


def test_an_account_of_another_environment_is_not_given(organization: Organization) -> None:
    settings = Path("config/room.yaml").read_text().replace("vision", "audio")
    Path("config/other.yaml").write_text(settings)
    accounts("--write")
    ran = accounts("--write", env="other")
    assert ran.code == 1
    taken = organization.members["ada"]
    assert f"{taken} ada ACTIVE leave is seat01's in config/room.accounts.csv" in rows(ran)
    assert "workshop: 1 account too few (for seat02)" in ran.err
    # Nor by hand.
    file("other").write_text(f"account,seat\n{taken},seat01\n")
    assert (
        "config/other.accounts.csv:2: account: is seat01's in config/room.accounts.csv, and here"
        in accounts(env="other").err
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"effect": "denied"}, "organizations:DescribeOrganization, ListAccountsForParent"),
        ({"effect": "error"}, "run the command again"),
    ],
)
def test_an_organization_that_cannot_be_listed_is_not_known(
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, str],
    message: str,
) -> None:
    retries_at_once(monkeypatch)
    # The first page is read: what it holds is not all.
    organization.cloud.faults(
        {"operation": "organizations:ListOrganizationalUnitsForParent", **fault}
    )
    ran = accounts("--write")
    assert ran.code == 1
    assert "the accounts of the organization are not known" in ran.err
    assert message in ran.err
    assert not ran.out
    assert not file().exists()


OUTSIDE = "222222222222"


@pytest.fixture
def listed(organization: Organization) -> Organization:
    """Return the organization; the environment names no units, and lists all but one account."""
    settings = Path("config/room.yaml").read_text().partition("accounts:")[0]
    Path("config/room.yaml").write_text(settings + LIST)
    lines = [organization.members[name] for name in ("ada", "bob", "cyd")]
    file().write_text("account,seat\n" + "".join(f"{one},\n" for one in (*lines, OUTSIDE)))
    return organization


def test_of_a_list_nobody_is_given_a_closed_account_or_one_with_a_seat_in_it(
    listed: Organization,
) -> None:
    """Of this workshop's other environment, of another folder, or of another workshop."""
    ada, bob, cyd = (listed.members[name] for name in ("ada", "bob", "cyd"))
    with_stacks(listed, "vision", "bob")
    with_stacks(listed, "audio", "cyd")
    listed.client.close_account(AccountId=ada)
    ran = accounts("--write")
    assert rows(ran)[1:5] == [
        f"{ada} ada SUSPENDED leave is suspended",
        f"{bob} bob ACTIVE leave has a seat of workshop 'vision', environment 'eu'",
        f"{cyd} cyd ACTIVE leave has a seat of workshop 'audio', environment 'eu'",
        f"{OUTSIDE} no member seat01 assign",
    ]
    assert "1 account too few (for seat02)" in ran.err
    assert "add them with: workshop roster -e room --import FILE" in ran.err


@pytest.mark.parametrize(
    ("operation", "told"),
    [("organizations:DescribeAccount", "warning"), ("cloudformation:ListStackInstances", "error")],
)
def test_what_nobody_says_of_a_list_is_told(
    listed: Organization, operation: str, told: str
) -> None:
    """Whose states are not known may still be right; who has which account has to be known."""
    with_stacks(listed, "audio", "cyd")
    listed.cloud.faults({"effect": "denied", "operation": operation})
    ran = accounts("--write")
    assert operation.partition(":")[2] in ran.err
    assert (ran.code, file().read_text().count("seat0")) == {
        "warning": (0, 2),
        "error": (1, 0),
    }[told]


@pytest.mark.usefixtures("organization")
def test_an_environment_of_one_account_has_none_to_assign() -> None:
    settings = Path("config/room.yaml").read_text().partition("accounts:")[0]
    Path("config/room.yaml").write_text(settings)
    ran = accounts()
    assert ran.code == 2
    assert "seats have no accounts of their own; write 'accounts:" in ran.err


WRITTEN_BY_HAND = "seat01 and 1 more seat have no check, so that nobody can tell whether somebody"


@pytest.mark.parametrize("headings", ["account,seat", "account,seat,note", "account,seat,check"])
def test_lines_written_by_hand_are_told_and_held_once_they_are_written(
    organization: Organization, headings: str
) -> None:
    ada, bob = (organization.members[name] for name in ("ada", "bob"))
    file().write_text(f"{headings}\n{ada},seat01\n{bob},seat02\n")
    (warned,) = run("check", "-e", "room").err.splitlines()[:1]
    assert warned.startswith(f"warning: config/room.accounts.csv:2: {WRITTEN_BY_HAND}")
    assert warned.endswith("have that stand with: workshop accounts -e room --write")
    kept = file().read_text()
    assert WRITTEN_BY_HAND in accounts().err
    assert file().read_text() == kept
    assert accounts("--write").err.endswith(
        ": 0 accounts assigned, 2 lines written by hand checked\n"
    )
    assert WRITTEN_BY_HAND not in run("check", "-e", "room").err
    lines = file().read_text().splitlines()
    assert lines[0] == (headings if "check" in headings else f"{headings},check")
    assert lines[1].startswith(f"{ada},seat01,")
    swapped = file().read_text().replace(f"{bob},seat02", f"{bob},seat01")
    file().write_text(swapped.replace(f"{ada},seat01", f"{ada},seat02"))
    assert "was seat01's when the line was written" in run("check", "-e", "room").err


@pytest.mark.parametrize(
    "command",
    [
        "handout",
        "door codes --only seat01",
        "credentials seat01",
        "teardown --only seat01 --early --apply --yes vision",
        "sweep --only seat01 --apply --yes vision",
    ],
)
@pytest.mark.parametrize("check", ["", "abcdef"], ids=["none", "another seat's"])
def test_nobodys_account_is_handed_out_or_emptied_while_it_might_be_another_seats(
    organization: Organization, command: str, check: str
) -> None:
    ada, bob = (organization.members[name] for name in ("ada", "bob"))
    bobs = check_of(bob, "seat02")
    file().write_text(f"account,seat,check\n{ada},seat01,{check}\n{bob},seat02,{bobs}\n")
    verb, *more = command.split()
    ran = run(verb, *more, "-e", "room")
    assert ran.code == 3
    refused = ran.err.splitlines()[-1]
    assert "might be of another seat: config/room.accounts.csv:2: " in refused
    assert refused.endswith(" with: workshop accounts -e room --write")


def test_the_account_of_another_line_keeps_no_command_from_a_seat(
    organization: Organization,
) -> None:
    ada, bob = (organization.members[name] for name in ("ada", "bob"))
    ones = check_of(ada, "seat01")
    file().write_text(f"account,seat,check\n{ada},seat01,{ones}\n{bob},seat02,\n")
    ran = run("door", "codes", "--only", "seat01", "-e", "room")
    assert "might be of another seat" not in ran.err
