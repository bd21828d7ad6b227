"""``workshop check``: what will be made, or every mistake, with exit codes for scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support import box_assembly
from tests.support.config_folder import HEAD, SEATS, write, write_roster
from tests.support.workshop_command import run

SHIPPED = Path(__file__).parents[2] / "config"


def test_what_will_be_made_is_counted_for_each_profile_and_in_all(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,profile,volume_gb\nada,,\nbob,,50\neve,,\nmia,instructor,\n")
    checked = run("check", "-e", "dev", "--config-dir", str(tmp_path))
    assert checked.code == 0
    assert checked.err == ""
    made, _, told = checked.out.partition("\npolicy ")
    made = re.sub(r"begins in [0-9,]+ days", "begins in some days", made)
    sizes, _, counts = told.partition("\n\n")
    assert (
        made + counts
        == """\
vision
account 111122223333, eu-west-1
Sun 8 Mar 2099 09:00 to Mon 9 Mar 2099 17:00 (UTC+01:00), 2 days, begins in some days

profile     seats  stacks  buckets  repositories  notebooks
attendee        3      15        3             3  2 x ml.t3.medium 20 GB, 1 x ml.t3.medium 50 GB
instructor      1       5        1             1  1 x ml.t3.large 20 GB
cohort                  3        2
total           4      23        6             4  4, 110 GB

besides 5 roles and 5 dashboards
on each role, of 9 (the tenth is for a teardown): attendee 7, instructor 7
in an account, of 1,500: 11

estimate: 1.63 USD a seat, 6.52 USD for 4 seats; 369.12 USD if every seat leaves on a job and an \
endpoint of the dearest machines that it may use (us-east-1 list prices of 2026-04-21, an estimate \
for eu-west-1)
"""
    )
    rows = [line.split() for line in sizes.splitlines()]
    assert [name for name, *_ in rows] == [
        "characters",
        *("boundary", "freeze", "end", "data", "sagemaker", "observation", "limits"),
        *("attendee-caps", "attendee-opened", "instructor-caps", "instructor-opened"),
    ]
    assert {of for *_, of in rows[1:]} == {"6,144"}
    assert all(0 < int(size.replace(",", "")) < 6144 for _, size, _ in rows[1:])


def test_ec2_instances_are_counted_beside_notebooks(tmp_path: Path) -> None:
    write(tmp_path, f"{box_assembly.TEXT}{box_assembly.PROFILES}\n")
    (tmp_path / "people.csv").write_text("id,profile,volume_gb\nada,box,300\nben,both,\n")
    box_assembly.write_pins(tmp_path)
    checked = run("check", "-e", "dev", "--config-dir", str(tmp_path))
    assert checked.code == 0, checked.err
    heads, *rows = checked.out.partition("\nprofile ")[2].splitlines()[:5]
    assert re.split(r"  +", heads)[-2:] == ["notebooks", "EC2 instances"]
    told = [re.split(r"  +", row.strip()) for row in rows]
    assert told[0] == ["box", "1", "5", "1", "1", "1 x g5.xlarge 300 GB"]
    assert told[1][-2:] == ["1 x ml.t3.medium 20 GB", "1 x g5.xlarge 150 GB"]
    assert told[3][-2:] == ["1, 20 GB", "2, 450 GB"]
    document = json.loads(run("check", "-e", "dev", "--config-dir", str(tmp_path), "--json").out)
    assert (document["totals"]["boxes"], document["totals"]["box_volume_gb"]) == (2, 450)
    assert document["profiles"][0]["boxes"] == [
        {"instance_type": "g5.xlarge", "volume_gb": 300, "count": 1}
    ]


def test_json_is_the_same_for_programs(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,region\nada,\nbob,us-east-1\n")
    checked = run("check", "-e", "dev", "--config-dir", str(tmp_path), "--json")
    document = json.loads(checked.out)
    assert document["totals"] == {
        "seats": 2,
        "cohorts": 2,
        "stacks": 16,
        "buckets": 6,
        "repositories": 2,
        "roles": 4,
        "notebooks": 2,
        "volume_gb": 40,
        "boxes": 0,
        "box_volume_gb": 0,
        "dashboards": 4,
    }
    assert document["profiles"][0] == {
        "profile": "attendee",
        "seats": 2,
        "stacks": 10,
        "buckets": 2,
        "repositories": 2,
        "notebooks": [{"instance_type": "ml.t3.medium", "volume_gb": 20, "count": 2}],
        "boxes": [],
    }
    assert (document["workshop"], document["account"]) == ("vision", "111122223333")
    assert [line.removeprefix("warning: ") for line in checked.err.splitlines()] == (
        document["warnings"]
    )
    assert len(document["warnings"]) == 2


def test_warnings_are_talk_and_no_failure(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace("2098", "2024").replace("2099", "2025") + SEATS)
    checked = run("check", "-e", "dev", "--config-dir", str(tmp_path))
    assert checked.code == 0
    assert checked.err.startswith("warning: the workshop is over since 2025-03-09T17:00:00+01:00;")
    assert "warning" not in checked.out


def test_mistakes_are_lines_that_begin_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config", f"{HEAD}roster: {{seats: no}}\ntitle: 5\n")
    checked = run("check", "-e", "dev")
    assert checked.code == 2
    assert checked.out == ""
    assert checked.err == (
        "config/dev.yaml:6: roster.seats: 'no' is not a whole number; write one such as 20, without"
        " quotes\n"
        "config/dev.yaml:7: title: 5 is not text; put the text in quotes\n"
        "workshop: 2 mistakes in the configuration; nothing was done\n"
    )


def test_a_roster_without_ids_is_cured_by_the_command_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_roster(tmp_path / "config", "name\nAda\nBob\n")
    checked = run("check", "-e", "dev")
    assert checked.code == 2
    told = (
        "config/people.csv:2: id: is missing here and in 1 more row; have ids written with:"
        " workshop roster -e dev --write"
    )
    assert checked.err.splitlines()[0] == told
    assert run(*told.rpartition("workshop ")[2].split()).code == 0
    assert run("check", "-e", "dev").code == 0


def test_the_cure_names_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_roster(tmp_path / "mine", "name\nAda\n")
    checked = run("check", "-e", "dev", "--config-dir", "mine")
    command = "workshop roster -e dev --config-dir mine --write"
    assert checked.err.splitlines()[0].endswith(f"have ids written with: {command}")
    assert run(*command.split()[1:]).code == 0
    assert run("check", "-e", "dev", "--config-dir", "mine").code == 0


@pytest.mark.parametrize("name", ["demo", "dev", "prod"])
def test_shipped_environments_pass(name: str) -> None:
    assert run("check", "-e", name, "--config-dir", str(SHIPPED)).code == 0
