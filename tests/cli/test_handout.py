"""``workshop handout`` against the local cloud, over HTTP."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.handouts import notebooks, write_class
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run

PERSONAL = ("Xanthippe", "Quillfeather", "quill@")
PEOPLE = ("ada,Xanthippe Quillfeather,quill@example.com,", "ben,,,", "zoe,,,")
CONSOLE = "https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1#/"
LINK = "sagemaker:CreatePresignedNotebookInstanceUrl"


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three seats with open notebooks; the shell points at the local cloud."""
    with monkeypatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patched.delenv(name)
        for name, value in cloud.environment().items():
            patched.setenv(name, value)
        patched.chdir(tmp_path)
        cloud.role("notebooks")
        notebooks(cloud, ("ada", "ben", "zoe"))
        write_class(tmp_path / "config", PEOPLE)
        yield tmp_path


def handout(*arguments: str) -> Ran:
    return run("handout", "-e", "dev", *arguments)


def names_in(*texts: str) -> list[str]:
    return [word for word in PERSONAL for text in texts if word.casefold() in text.casefold()]


def test_a_table_gives_each_seat_a_fresh_link_on_one_line(room: Path) -> None:
    assert room.is_dir()
    first, second = handout(), handout()
    assert (first.code, second.code) == (0, 0)
    lines = first.out.splitlines()
    assert lines[0].split() == ["seat", "notebook", "state", "open", "before", "link"]
    assert [line.split()[:3] for line in lines[1:]] == [
        [one, f"vision-{one}-notebook", "InService"] for one in ("ada", "ben", "zoe")
    ]
    for line in lines[1:]:
        assert line.split()[-1].startswith(f"http://vision-{line.split()[0]}-notebook-")
        assert "?authToken=" in line
        assert line.split()[-1] not in second.out
    assert not names_in(first.out, first.err)
    assert first.err.startswith(
        "warning: whoever has a presigned link is in that notebook, without any sign-in; it has to"
        " be opened within 5 minutes, the first before "
    )


def test_a_link_of_any_length_stays_on_its_line(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room.is_dir()
    monkeypatch.setenv("COLUMNS", "40")
    lines = handout("--only", "zoe,ada").out.splitlines()
    assert [line.split()[0] for line in lines] == ["seat", "zoe", "ada"]
    assert all(len(line.split()[-1]) > 100 for line in lines[1:])


def test_json_says_when_a_link_ends_and_how_long_a_session_lasts(room: Path) -> None:
    assert room.is_dir()
    before = datetime.now(UTC).replace(microsecond=0)
    ran = handout("--format", "json", "--session-hours", "0.5", "--only", "ada")
    after = datetime.now(UTC)
    (seat,) = json.loads(ran.out)["seats"]
    until = datetime.fromisoformat(seat["open_before"])
    assert before <= until - timedelta(minutes=5) <= after
    assert seat["session_seconds"] == 1800
    assert "name" not in seat


@pytest.mark.parametrize("hours", ["0.49", "12.01", "nan", "inf", "-1"])
def test_a_session_that_aws_would_refuse_is_refused_before_anything_is_asked(hours: str) -> None:
    ran = handout("--session-hours", hours)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "workshop: a session lasts from 0.5 to 12 hours; give --session-hours in between\n"
    )


def test_options_that_make_no_sense_together_are_refused() -> None:
    ran = handout("--session-hours", "1", "--link", "console")
    assert ran.err == ("workshop: '--session-hours' is for presigned links; add --link presigned\n")
    ran = handout("--format", "html")
    assert ran.err == (
        "workshop: HTML is a page a seat; name a folder for them with --output DIR\n"
    )
    assert ran.code == 2


def test_the_consoles_links_last_and_need_no_warning(room: Path) -> None:
    assert room.is_dir()
    ran = handout("--link", "console", "--format", "csv")
    assert (ran.code, ran.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["link"] for row in rows] == [
        f"{CONSOLE}notebook-instances/openNotebook/vision-{one}-notebook?view=lab"
        for one in ("ada", "ben", "zoe")
    ]
    assert {row["open_before"] for row in rows} == {""}


@pytest.mark.parametrize("link", ["presigned", "console"])
def test_a_stopped_and_a_missing_notebook_have_rows_and_do_not_hold_up_the_others(
    cloud: Cloud, room: Path, link: str
) -> None:
    assert room.is_dir()
    client = cloud.client("sagemaker")
    for one in ("ben", "zoe"):
        client.stop_notebook_instance(NotebookInstanceName=f"vision-{one}-notebook")
    client.get_waiter("notebook_instance_stopped").wait(NotebookInstanceName="vision-zoe-notebook")
    client.delete_notebook_instance(NotebookInstanceName="vision-zoe-notebook")
    client.get_waiter("notebook_instance_deleted").wait(NotebookInstanceName="vision-zoe-notebook")
    ran = handout("--format", "json", "--link", link)
    assert ran.code == 1
    states = {seat["seat"]: seat for seat in json.loads(ran.out)["seats"]}
    assert [(one, seat["state"], seat["problem"]) for one, seat in states.items()] == [
        ("ada", "InService", None),
        ("ben", "Stopped", "the notebook is Stopped"),
        ("zoe", "missing", "there is no such notebook"),
    ]
    assert bool(states["ben"]["link"]) == (link == "console")
    assert ran.err.splitlines()[-3:] == [
        "warning: the notebook is Stopped: ben; start with: workshop start -e dev --only ben",
        "warning: there is no such notebook: zoe; make with: workshop deploy -e dev --only zoe",
        "workshop: 2 of 3 notebooks cannot be opened now; see to those above, then hand them out"
        " with: workshop handout -e dev --only ID,...",
    ]
    table = handout("--link", link).out
    assert "Stopped" in table
    assert "missing" in table


def test_a_page_for_each_seat_and_one_for_the_room(room: Path) -> None:
    ran = handout("--format", "html", "--output", "given/out", "--with-names")
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote 5 pages to given/out/\n")
    made = room / "given" / "out"
    assert sorted(path.name for path in made.iterdir()) == [
        *("ada.html", "ben.html", "the-room.html", "the-slips.html", "zoe.html")
    ]
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}
    assert "Xanthippe" in (made / "ada.html").read_text()
    assert "quill@example.com" in (made / "the-room.html").read_text()
    for path in made.iterdir():
        assert "authToken" not in path.read_text()


def test_pages_of_seats_that_are_gone_are_removed_and_nothing_else(room: Path) -> None:
    assert handout("--format", "html", "--output", "out").code == 0
    made = room / "out"
    for name, text in (("mine.html", "mine"), ("notes.txt", "mine")):
        (made / name).write_text(text)
    other = (made / "zoe.html").read_text().replace("handout of vision", "handout of another")
    (made / "other.html").write_text(other)
    people = room / "config" / "people.csv"
    rows = people.read_text().splitlines(keepends=True)
    people.write_text("".join(row for row in rows if not row.startswith("zoe,")))
    assert handout("--format", "html", "--output", "out", "--only", "ada", "--force").code == 0
    assert (made / "zoe.html").exists()
    ran = handout("--format", "html", "--output", "out", "--force")
    assert (ran.code, ran.err) == (
        0,
        "wrote 4 pages to out/\nremoved pages of seats that are gone: zoe\n",
    )
    assert sorted(path.name for path in made.iterdir() if path.name != ".gitignore") == [
        *("ada.html", "ben.html", "mine.html", "notes.txt", "other.html"),
        *("the-room.html", "the-slips.html"),
    ]


def test_a_table_in_a_folder_of_git_is_warned_of_and_one_in_a_folder_of_its_own_is_not(
    room: Path,
) -> None:
    (room / ".git").mkdir()
    ran = handout("--link", "console", "--format", "csv", "--output", "merge.csv")
    assert ran.err == (
        "wrote merge.csv\nwarning: git offers merge.csv for a commit; write it into a new folder,"
        " which is kept out of version control, such as: --output handouts/...\n"
    )
    ran = handout("--link", "console", "--format", "csv", "--output", "mine/merge.csv")
    assert ran.err == "wrote mine/merge.csv\n"


def test_no_version_control_offers_the_folder_of_pages(room: Path) -> None:
    assert handout("--format", "html", "--output", "out", "--with-names").code == 0
    assert (room / "out" / ".gitignore").read_text().endswith("\n*\n")


def test_pages_show_no_people_unless_asked(room: Path) -> None:
    ran = handout("--format", "html", "--output", "out")
    assert not names_in(ran.out, ran.err)
    texts = [path.read_text() for path in (room / "out").glob("*.html")]
    assert len(texts) == 5
    assert not names_in(*texts)


def test_a_few_seats_leave_the_rooms_page_alone(room: Path) -> None:
    assert handout("--format", "html", "--output", "out").code == 0
    whole = (room / "out" / "the-room.html").read_text()
    ran = handout("--format", "html", "--output", "out", "--only", "ben", "--force")
    assert ran.err == "wrote 1 page to out/\n"
    assert (room / "out" / "the-room.html").read_text() == whole
    only = handout("--format", "html", "--output", "other", "--link", "presigned", "--only", "ben")
    assert only.code == 0
    assert [path.name for path in (room / "other").glob("*.html")] == ["ben.html"]
    assert "authToken" in (room / "other" / "ben.html").read_text()


def test_nothing_is_asked_or_written_when_one_page_is_there(cloud: Cloud, room: Path) -> None:
    (room / "out").mkdir()
    (room / "out" / "zoe.html").write_text("mine")
    cloud.faults({"effect": "denied", "operation": "sagemaker:*"})
    ran = handout("--format", "html", "--output", "out")
    assert ran.code == 2
    assert ran.err == (
        "workshop: out/zoe.html is there already; add --force to write over, or give another"
        " --output\n"
    )
    assert [path.name for path in (room / "out").glob("*.html")] == ["zoe.html"]
    assert (room / "out" / "zoe.html").read_text() == "mine"
    (rule,) = json.loads(
        run("cloud", "fault", "list", "--json", "--state-dir", str(cloud.state_dir)).out
    )
    assert rule["seen"] == 0


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_file_is_for_its_owner_and_not_written_over(room: Path, form: str) -> None:
    ran = handout("--format", form, "--output", "links", "--only", "ada")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[0] == "wrote links"
    target = room / "links"
    assert target.stat().st_mode & 0o777 == 0o600
    kept = target.read_text()
    assert "authToken" in kept
    assert handout("--format", form, "--output", "links").code == 2
    assert target.read_text() == kept
    assert handout("--format", form, "--output", "links", "--force").code == 0
    assert target.read_text() != kept


def test_a_refusal_for_one_seat_is_that_seats_alone(cloud: Cloud, room: Path) -> None:
    assert room.is_dir()
    cloud.faults({"effect": "denied", "operation": LINK, "match": "*-ben-*"})
    ran = handout("--format", "json")
    assert ran.code == 1
    ada, ben, zoe = json.loads(ran.out)["seats"]
    assert ada["link"]
    assert zoe["link"]
    assert ben["link"] is None
    assert ben["problem"] == (
        "AWS gave no link: CreatePresignedNotebookInstanceUrl: AccessDeniedException"
    )


def test_a_listing_that_fails_is_not_an_empty_room(cloud: Cloud, room: Path) -> None:
    assert room.is_dir()
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    told = json.loads(handout("--format", "json", "--link", "console").out)["seats"]
    assert {seat["state"] for seat in told} == {"unknown"}
    assert all(seat["problem"].startswith("AWS did not list notebooks: List") for seat in told)
    # Links may be had all the same, and one that is given proves that the notebook is open.
    ran = handout("--format", "json")
    assert ran.code == 0
    assert {seat["state"] for seat in json.loads(ran.out)["seats"]} == {"InService"}


def test_one_region_that_fails_does_not_hide_another(cloud: Cloud, room: Path) -> None:
    write_class(room / "config", ("ada,,,", "eve,,,eu-west-1"))
    notebooks(cloud, ("eve",), region="eu-west-1")
    assert handout("--format", "json", "--link", "console").code == 0
    cloud.faults({"effect": "denied", "operation": "sagemaker:*", "region": "us-east-1"})
    ran = handout("--format", "json")
    assert ran.code == 1
    states = {seat["seat"]: (seat["state"], bool(seat["link"])) for seat in _seats(ran)}
    assert states == {"ada": ("unknown", False), "eve": ("InService", True)}


def _seats(ran: Ran) -> list[dict[str, object]]:
    seats: list[dict[str, object]] = json.loads(ran.out)["seats"]
    return seats


@pytest.mark.parametrize("count", [26, 51, 101])
def test_a_large_room_is_complete_over_all_pages_of_the_listing(
    cloud: Cloud, room: Path, count: int
) -> None:
    ids = [f"seat{number:03d}" for number in range(count)]
    write_class(room / "config", [f"{one},,," for one in ids])
    notebooks(cloud, ids)
    ran = handout("--format", "csv")
    assert ran.code == 0
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["seat"] for row in rows] == ids
    assert len({row["link"] for row in rows}) == count
    assert {row["state"] for row in rows} == {"InService"}


def test_a_hostile_title_stays_text_on_the_page(room: Path) -> None:
    title = "</style><script>alert('x')</script>"
    write_class(room / "config", PEOPLE, title=title)
    assert handout("--format", "html", "--output", "out").code == 0
    for path in (room / "out").glob("*.html"):
        assert "<script" not in path.read_text()
        assert "&lt;/style&gt;&lt;script&gt;" in path.read_text()


def test_another_account_is_refused_before_anything_is_handed_out(room: Path) -> None:
    path = room / "config" / "dev.yaml"
    path.write_text(path.read_text().replace("'000000000000'", "'999988887777'"))
    ran = handout("--format", "html", "--output", "out")
    assert (ran.code, ran.out) == (3, "")
    assert not (room / "out").exists()
