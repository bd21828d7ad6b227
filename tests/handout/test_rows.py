"""The handout as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tests.support.handouts import LINK, made
from workshop.handout import export
from workshop.handout.notebooks import MISSING, HandoutNotebook

GONE = HandoutNotebook(MISSING, "there is no such notebook")
PEOPLE = (
    "ada,=cmd|'/C calc'!A0,+ada@example.com,",
    "ben,@SUM(A1),-ben@example.com,",
    'zoe,"Zoë, ""Z""",zoe@example.com,',
)


def read(folder: Path, **more: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.csv_text(made(folder, **more)))))


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    rows = read(tmp_path, rows=PEOPLE, with_names=True)
    assert [(row["name"], row["email"]) for row in rows] == [
        ("'=cmd|'/C calc'!A0", "'+ada@example.com"),
        ("'@SUM(A1)", "'-ben@example.com"),
        ('Zoë, "Z"', "zoe@example.com"),
    ]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@"))]


def test_a_row_says_what_is_and_until_when(tmp_path: Path) -> None:
    ada, ben = read(tmp_path, rows=("ada,,,", "ben,,,"), found={"ben": GONE}, presigned=True)
    assert (ada["link"], ada["open_before"], ada["session_seconds"], ada["problem"]) == (
        LINK,
        "2098-03-08T08:05:00+00:00",
        "43200",
        "",
    )
    assert (ben["link"], ben["open_before"], ben["session_seconds"], ben["problem"]) == (
        *("", "", ""),
        "there is no such notebook",
    )
    assert "name" not in ada


def test_the_document_holds_times_as_iso_and_all_that_is_the_seats(tmp_path: Path) -> None:
    document = json.loads(export.json_text(made(tmp_path, presigned=True)))
    (seat,) = document.pop("seats")
    assert document == {
        "workshop": "vision",
        "environment": "dev",
        "title": "Vision",
        "start": "2098-03-08T09:00:00+01:00",
        "end": "2099-03-09T17:00:00+01:00",
        "made": "2098-03-08T08:00:00+00:00",
        "link": "presigned",
    }
    assert seat == {
        "seat": "ada",
        "profile": "attendee",
        "account": "000000000000",
        "region": "us-east-1",
        "notebook": "vision-ada-notebook",
        "state": "InService",
        "door": None,
        "code": None,
        "problem": None,
        "link": LINK,
        "open_before": "2098-03-08T08:05:00+00:00",
        "session_seconds": 43200,
        "console": "https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1"
        "#/notebook-instances/openNotebook/vision-ada-notebook?view=lab",
        "dashboard": "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#dashboards/dashboard/vision-ada-us-east-1",
        "instance": None,
        "instance_state": None,
        "instance_problem": None,
        "connect": None,
        "buckets": {"data": "vision-ada-data-000000000000-us-east-1"},
        "datasets": "vision-cohort-datasets-000000000000-us-east-1",
        "repositories": {
            "training": "000000000000.dkr.ecr.us-east-1.amazonaws.com/vision/ada/training"
        },
        "job_prefix": "vision-ada-",
    }


def test_the_consoles_link_is_given_although_the_notebook_is_not_there(tmp_path: Path) -> None:
    (seat,) = json.loads(export.json_text(made(tmp_path, found={"ada": GONE})))["seats"]
    assert seat["link"] == seat["console"]
    assert (seat["state"], seat["problem"]) == ("missing", "there is no such notebook")
    assert seat["open_before"] is seat["session_seconds"] is None


def test_people_are_in_the_document_only_when_asked_for(tmp_path: Path) -> None:
    text = export.json_text(made(tmp_path, rows=PEOPLE))
    assert "Zoë" not in text
    assert "example.com" not in text
    named = json.loads(export.json_text(made(tmp_path, rows=PEOPLE, with_names=True)))
    assert named["seats"][2]["name"] == 'Zoë, "Z"'
