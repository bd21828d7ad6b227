"""``workshop connect``: what it prints and starts, for an instance that runs or does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.box_class import box_stack, terminal, write_boxes
from tests.support.local_cloud import Cloud
from tests.support.session_plugin import SessionPlugin
from tests.support.workshop_command import Ran, run
from workshop.connect import boxes
from workshop.connect.ways import Ide

WORKSHOP = str(Path(sys.executable).with_name("workshop"))


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path) -> Iterator[Path]:
    """A class with boxes, in a terminal that points to the local cloud."""
    write_boxes(tmp_path / "config")
    with terminal(cloud.environment(), tmp_path):
        yield tmp_path


def connect(seat: str, *arguments: str) -> Ran:
    return run("connect", seat, "-e", "dev", *arguments)


def commands(text: str) -> list[str]:
    """The lines that are no comment."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_all_ways_into_a_box_are_printed_and_what_they_share_once(room: Path, cloud: Cloud) -> None:
    box = box_stack(cloud, "ada")
    ran = connect("ada")
    assert ran.code == 0, ran.err
    lines = commands(ran.out)
    assert sum(line.startswith("Host ") for line in lines) == 1
    assert [line for line in lines if not line.startswith(("aws", " ", "[", "cred", "reg"))] == [
        "workshop credentials ada -e dev --format profile",
        'ssh-keygen -t ed25519 -f "$HOME/.ssh/vision-ada-box"',
        "Host vision-ada-box",
        "code --remote ssh-remote+vision-ada-box /home/ec2-user/SageMaker",
        "vision-ada-box",
        "ssh vision-ada-box",
        "workshop credentials ada -e dev --sign-in",
        "https://us-east-1.console.aws.amazon.com/systems-manager/session-manager/"
        f"{box}?region=us-east-1",
    ]
    assert ran.out.startswith(f"# ada: vision-ada-box, {box}\n# running (t3.medium, us-east-1")
    for need in ("the AWS CLI", "its Session Manager plug-in", "an OpenSSH client"):
        assert f"#   {need}: " in ran.out
    config = room / "config"
    process = f"workshop credentials ada -e dev --config-dir {config} --format process"
    assert f"[profile vision-ada]\ncredential_process = {process}\nregion = us-east-1\n" in ran.out


def test_one_way_is_printed_with_what_it_needs_alone(room: Path, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    assert room.is_dir()
    ran = connect("ada", "--ide", "jupyter")
    assert "open http://localhost:18888/lab\n" in ran.out
    assert "OpenSSH" not in ran.out
    assert "Host " not in ran.out
    windows = connect("ada", "--ide", "vscode", "--os", "windows").out
    assert "powershell.exe" in windows
    assert "powershell.exe" not in connect("ada", "--ide", "vscode", "--os", "macos").out


def test_json_has_each_step_for_programs(room: Path, cloud: Cloud) -> None:
    box = box_stack(cloud, "cleo")
    assert room.is_dir()
    ran = connect("cleo", "--json", "--os", "linux")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["instance"] == box
    assert (document["state"], document["problem"]) == ("running", None)
    assert (document["host"], document["user"]) == ("vision-cleo-box", "ec2-user")
    assert [one["ide"] for one in document["ways"]] == [str(one) for one in Ide]
    # Its people sign in themselves.
    [who] = document["identity"]
    assert who["file"] == "~/.aws/config"
    assert who["text"].splitlines() == [
        "[profile vision-cleo]",
        "role_arn = arn:aws:iam::000000000000:role/ws/vision/vision-cleo-us-east-1-console",
        "source_profile = default",
        "region = us-east-1",
    ]


def test_a_seat_with_a_notebook_as_well_gets_in_through_it_without_any_installation(
    room: Path, cloud: Cloud
) -> None:
    for seat in ("cleo", "ada"):
        box_stack(cloud, seat)
    assert room.is_dir()
    [step] = json.loads(connect("cleo", "--json").out)["through_notebook"]
    assert step["text"] == "workshop-box"
    assert f"\n# {step['about']}\nworkshop-box\n" in connect("cleo").out
    assert json.loads(connect("ada", "--json").out)["through_notebook"] == []


def test_without_a_role_for_people_the_lines_are_for_organisers_and_that_is_said(
    room: Path, cloud: Cloud
) -> None:
    box_stack(cloud, "ben")
    assert room.is_dir()
    ran = connect("ben")
    assert ran.code == 0
    assert "--profile" not in ran.out
    assert "credentials" not in ran.out
    assert ran.err.endswith(
        "warning: seats of the profile 'alone' have no role for people, so these lines are for"
        " whoever may use Systems Manager in the account; for attendees, name somebody in its"
        " access.console_organisers or access.console_principals\n"
    )


@pytest.mark.parametrize(
    ("seat", "code", "said"),
    [
        (
            "dan",
            2,
            "workshop: dan has no EC2 instance: the profile 'book' has no 'ec2'; open its notebook"
            " with: workshop handout -e dev --only dan",
        ),
        (
            "ada",
            1,
            "workshop: ada has no EC2 instance yet; make it with: workshop deploy -e dev --only"
            " ada",
        ),
    ],
)
def test_a_seat_without_a_box_is_told_what_to_do(
    room: Path, seat: str, code: int, said: str
) -> None:
    assert room.is_dir()
    ran = connect(seat)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.splitlines()[-1] == said


@pytest.mark.parametrize(
    "seat", ["ada;id", "../ada", "<b>ada</b>", "\x1b[31mada", "ada\nben", "ada\u202e", "", "$(id)"]
)
@pytest.mark.parametrize("command", ["connect", "credentials"])
def test_an_odd_seat_is_one_sentence_and_changes_no_terminal(
    room: Path, command: str, seat: str
) -> None:
    assert room.is_dir()
    ran = run(command, seat, "-e", "dev")
    assert (ran.code, ran.out) == (2, "")
    [line] = [one for one in ran.err.splitlines() if one.startswith("workshop: ")]
    assert ran.err.endswith(f"{line}\n")
    assert not {"\x1b", "\u202e"} & {*ran.err}


def test_a_stopped_box_is_told_with_its_cure_and_its_lines_are_there_for_later(
    room: Path, cloud: Cloud
) -> None:
    box = box_stack(cloud, "ada")
    assert room.is_dir()
    cloud.client("ec2").stop_instances(InstanceIds=[box])
    ran = connect("ada", "--ide", "ssh")
    assert ran.code == 1
    assert f"    HostName {box}\n" in ran.out
    assert ran.err.splitlines()[-1] == (
        "workshop: ada: the EC2 instance is stopped; start it with: workshop start -e dev --only"
        " ada"
    )
    document = json.loads(connect("ada", "--json").out)
    assert (document["state"], document["problem"] is None) == ("stopped", False)


def test_an_instance_that_systems_manager_does_not_reach_is_told(room: Path, cloud: Cloud) -> None:
    cloud.delays(agent=60)
    box_stack(cloud, "ada")
    assert room.is_dir()
    ran = connect("ada", "--ide", "shell")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "workshop: ada: Systems Manager does not reach the EC2 instance, which takes some minutes"
        " after a start; if it lasts, see what its network lets out, and its role"
    )


def test_a_listing_that_fails_is_no_missing_box(room: Path, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    assert room.is_dir()
    cloud.faults({"effect": "denied", "operation": "ec2:DescribeInstances"})
    ran = connect("ada")
    assert ran.code == 1
    assert "ada has no" not in ran.err
    assert "AWS did not list EC2 instances: DescribeInstances: " in ran.err.splitlines()[-1]


@pytest.mark.parametrize("state", ["stopping", "pending", boxes.MISSING])
def test_every_state_has_a_cure_or_takes_time(room: Path, state: str) -> None:
    from workshop.environments import loader  # noqa: PLC0415

    loaded = loader.load("dev", room / "config")
    assert boxes.cure(loaded, "ada", state).removesuffix("-e dev --only ada") == {
        "stopping": "; start it once it is stopped with: workshop start ",
        boxes.MISSING: "; make it with: workshop deploy ",
        "pending": "",
    }.get(state)


def test_run_is_refused_where_it_makes_no_sense() -> None:
    ran = connect("ada", "--run")
    assert ran.code == 2
    assert ran.err == (
        "workshop: '--run' is for one of code, jupyter, shell, ssh; add it as --ide, or leave out"
        " --run and open the IDE after its lines are in ~/.ssh/config\n"
    )
    assert connect("ada", "--run", "--ide", "vscode").code == 2
    ran = connect("ada", "--run", "--ide", "ssh", "--json")
    assert ran.err == "workshop: '--run' connects from this machine; leave out --json and --os\n"


def at_home(room: Path, cloud: Cloud, *arguments: str) -> tuple[SessionPlugin, Ran]:
    """A process of the command, which finds the AWS CLI and a stub of its plug-in."""
    plugin = SessionPlugin(room, cloud.environment())
    done = subprocess.run(
        [WORKSHOP, "connect", *arguments, "-e", "dev", "--run"],
        env=plugin.environment,
        cwd=room,
        capture_output=True,
        text=True,
        check=False,
    )
    return plugin, Ran(done.returncode, done.stdout, done.stderr)


def test_run_forwards_the_port_and_says_what_to_open(room: Path, cloud: Cloud) -> None:
    box = box_stack(cloud, "ben")
    plugin, ran = at_home(room, cloud, "ben", "--ide", "jupyter")
    assert ran.code == 0, ran.err
    assert ran.err.splitlines()[-2:] == [
        "the session is yours, since organisers have no role of the seat's",
        "open http://localhost:18888/lab in a browser of this machine; end it with Ctrl-C",
    ]
    [session] = plugin.sessions
    assert session["request"]["Target"] == box


def test_run_opens_ssh_with_a_key_that_does_not_stay(room: Path, cloud: Cloud) -> None:
    box = box_stack(cloud, "ben")
    plugin, ran = at_home(room, cloud, "ben", "--ide", "ssh")
    assert ran.code == 255  # the stub does not speak SSH
    [session] = plugin.sessions
    assert session["request"] == {
        "Target": box,
        "DocumentName": "AWS-StartSSHSession",
        "Parameters": {"portNumber": ["22"]},
    }
    assert not (room / ".ssh").exists()


def test_run_starts_nothing_at_a_stopped_box(room: Path, cloud: Cloud) -> None:
    cloud.client("ec2").stop_instances(InstanceIds=[box_stack(cloud, "ben")])
    plugin, ran = at_home(room, cloud, "ben", "--ide", "shell")
    assert ran.code == 1
    assert "the EC2 instance is stopped; start it with: workshop start -e dev --only ben" in ran.err
    assert plugin.sessions == []


def test_run_names_what_is_not_installed(
    room: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    box_stack(cloud, "ben")
    assert room.is_dir()
    found = {"aws": "/usr/bin/aws"}
    monkeypatch.setattr(shutil, "which", found.get)
    ran = connect("ben", "--ide", "shell", "--run")
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == (
        "workshop: session-manager-plugin is not here; install its Session Manager plug-in:"
        " https://docs.aws.amazon.com/systems-manager/latest/userguide/"
        "session-manager-working-with-install-plugin.html"
    )
    assert "AWS_SESSION_TOKEN" not in os.environ


def test_the_roster_says_of_a_machine_what_its_row_says_otherwise(room: Path) -> None:
    rows = "id,profile,instance_type,volume_gb\nada,gpu,,\nben,alone,t3.large,90\ncleo,both,,\n"
    (room / "config" / "people.csv").write_text(rows, encoding="utf-8")
    ran = run("roster", "-e", "dev")
    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()[1:]] == [
        ["ada", "gpu"],
        ["ben", "alone", "t3.large,", "90", "GB"],
        ["cleo", "both"],
    ]
