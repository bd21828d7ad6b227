"""What is handed out of seats with an EC2 instance: lines to connect, and never a credential."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.box_class import ADA, box_stack, terminal, write_boxes
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run
from workshop.connect.lines import JUPYTER, SYSTEMS, BoxAddress
from workshop.handout.texts import TEXTS


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A class with three boxes, of which ben's is stopped, and two notebooks."""
    write_boxes(tmp_path / "config")
    made = {seat: box_stack(cloud, seat) for seat in ("ada", "ben", "cleo")}
    cloud.client("ec2").stop_instances(InstanceIds=[made["ben"]])
    role = cloud.role("notebooks")
    for seat in ("cleo", "dan"):
        cloud.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=f"vision-{seat}-notebook",
            InstanceType="ml.t3.medium",
            RoleArn=role,
        )
    with terminal(cloud.environment(), tmp_path):
        yield tmp_path, made


def handout(*arguments: str) -> Ran:
    return run("handout", "-e", "dev", *arguments)


def test_json_and_csv_have_the_lines_and_the_state_of_each_box(
    room: tuple[Path, dict[str, str]],
) -> None:
    _, made = room
    ran = handout("--format", "json", "--link", "console")
    seats = {one["seat"]: one for one in json.loads(ran.out)["seats"]}
    ada = BoxAddress("vision-ada-box", made["ada"], "us-east-1", "vision-ada")
    assert seats["ada"]["instance"] == made["ada"]
    assert seats["ada"]["connect"]["jupyter"] == ada.forwarding(JUPYTER)
    assert seats["ada"]["connect"]["ssh_config"] == {
        system: ada.ssh_config(system) for system in SYSTEMS
    }
    assert seats["ben"]["connect"]["profile"] is None
    assert seats["ben"]["instance_problem"] == "the EC2 instance is stopped"
    assert (seats["dan"]["instance"], seats["dan"]["connect"]) == (None, None)
    rows = list(csv.DictReader(io.StringIO(handout("--format", "csv", "--link", "console").out)))
    assert [(row["instance"], row["instance_state"]) for row in rows] == [
        (made["ada"], "running"),
        (made["ben"], "stopped"),
        (made["cleo"], "running"),
        ("", ""),
    ]


def test_a_stopped_box_is_told_with_its_cure(room: tuple[Path, dict[str, str]]) -> None:
    assert room[0].is_dir()
    ran = handout("--link", "console")
    assert ran.code == 1
    assert ran.err.splitlines()[-2:] == [
        "warning: the EC2 instance is stopped: ben; start with: workshop start -e dev --only ben",
        "workshop: what 1 of 4 seats has cannot be opened now; see to those above, then hand them"
        " out with: workshop handout -e dev --only ID,...",
    ]
    heads, *rows = (line.split() for line in ran.out.splitlines())
    assert heads[:6] == ["seat", "notebook", "state", "instance", "its", "state"]
    assert rows[3][-3:-1] == ["InService", "none"]


def test_a_seats_page_has_the_lines_of_its_box(room: tuple[Path, dict[str, str]]) -> None:
    folder, made = room
    handout("--format", "html", "--output", "slips")
    pages = {
        seat: html.unescape((folder / "slips" / f"{seat}.html").read_text(encoding="utf-8"))
        for seat in ("ada", "ben", "cleo", "dan")
    }
    ada = BoxAddress("vision-ada-box", made["ada"], "us-east-1", "vision-ada")
    for line in (ada.key, ada.forwarding(JUPYTER), ada.ssh_config("windows")):
        assert line in pages["ada"]
    assert "the organisers give you what belongs into" in pages["ada"]
    # Somebody with a sign-in of their own takes on the role themselves.
    assert "[profile vision-cleo]\nrole_arn = arn:aws:iam::000000000000:role" in pages["cleo"]
    assert "the EC2 instance is stopped" in pages["ben"]
    assert "--profile" not in pages["ben"].split("Pushing an image")[0]
    assert "EC2" not in pages["dan"]
    assert "The notebook stops" not in pages["ada"]
    assert "The EC2 instance stops after 60 minutes" in pages["ada"]
    room_page = (folder / "slips" / "the-room.html").read_text(encoding="utf-8")
    assert '<th scope="col">EC2 instance</th>' in room_page
    sheets = (folder / "slips" / "the-slips.html").read_text(encoding="utf-8")
    assert f"Your EC2 instance is <code>{made['ada']}</code>." in sheets


def test_no_credential_is_handed_out(room: tuple[Path, dict[str, str]]) -> None:
    folder, _ = room
    handout("--format", "html", "--output", "slips")
    texts = [path.read_text(encoding="utf-8") for path in (folder / "slips").iterdir()]
    texts += [handout("--format", one, "--link", "console").out for one in ("json", "csv")]
    for text in texts:
        assert not any(word in text for word in ("ASIA", "SecretAccessKey", "SigninToken"))
    assert ADA.seat in "".join(texts)


def test_every_text_about_boxes_is_there_in_each_language() -> None:
    keys = {language: {*texts} for language, texts in TEXTS.items()}
    assert keys["en"] == keys["de"]
    assert {"press_box", "slip_box", "slip_box_door"} < keys["en"]
