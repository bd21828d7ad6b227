"""EC2 instances in the YAML and the roster: what is refused, with its cure and its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import boxes
from tests.support.config_folder import HEAD, SEATS, load, mistakes, write
from workshop.config import ec2_types, images
from workshop.environments import loader
from workshop.errors import ConfigError

BOX = f"{HEAD}{SEATS}profiles:\n  attendee:\n    ec2:\n"
"""Nine lines; keys of the instance follow, with six blanks in front."""
ZONE = "subnet-0abc1234567890125"


def told(folder: Path, *lines: str) -> list[str]:
    """The mistakes of an instance with these keys."""
    boxes.write(folder)
    write(folder, BOX + "".join(f"      {line}\n" for line in lines))
    return mistakes(folder)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["spot: true"],
            "10: profiles.attendee.ec2.spot: is not offered: a one-time spot instance cannot be"
            " stopped, and a persistent one comes back after the workshop; remove it, and use"
            " managed spot for training jobs",
        ),
        (
            ["instance_types: [ml.g5.xlarge]"],
            "10: profiles.attendee.ec2.instance_types[0]: 'ml.g5.xlarge' is not an EC2 instance"
            " type; write one such as 'g5.xlarge', without 'ml.'",
        ),
        (
            ["instance_types: [g5.xlarge, g5.xlarge]"],
            "10: profiles.attendee.ec2.instance_types: names 'g5.xlarge' twice; name it once",
        ),
        (
            ["instance_types: [g5.xlarge, g5g.xlarge]"],
            "10: profiles.attendee.ec2.instance_types[1]: 'g5g.xlarge' has arm64 processors and the"
            " image 'deep-learning-pytorch' is for x86_64; name types of one architecture, and an"
            " image for it",
        ),
        (
            ["volume_gb: 60"],
            "10: profiles.attendee.ec2.volume_gb: 60 is less than the image needs; give it 75 or"
            " more",
        ),
        (
            ["network: public"],
            "10: profiles.attendee.ec2.network: 'public' is unknown; write default, or the keys of"
            " subnets below it",
        ),
        (
            [f"network: {{subnet_ids: [{ZONE}]}}"],
            "10: profiles.attendee.ec2.network: names no VPC and no security groups, or both; give"
            " it either 'vpc_id' or 'security_group_ids'",
        ),
        (
            ["capacity_block: true"],
            "9: profiles.attendee.ec2: has a capacity_block and no capacity_reservation; name the"
            " id that the block has",
        ),
        (
            ["image: ubuntu"],
            "10: profiles.attendee.ec2.image: 'ubuntu' is no image; write the name of one of AWS's,"
            " a public parameter such as '/aws/service/...', or an id such as"
            " 'ami-0abc1234567890def'; known: deep-learning-pytorch, deep-learning-pytorch-arm64,"
            " deep-learning-base, amazon-linux, amazon-linux-arm64",
        ),
    ],
)
def test_a_wrong_instance_is_told_with_its_cure(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    assert told(tmp_path, *lines) == [message]


def test_an_image_that_nobody_asked_for_is_told_with_the_command(tmp_path: Path) -> None:
    write(tmp_path, f"{BOX}      image: ami-0abc1234567890def\n")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    (line,) = refused.value.lines()[:1]
    assert line.endswith(
        "dev.yaml:10: profiles.attendee.ec2.image: 'ami-0abc1234567890def' is not pinned in"
        f" eu-west-1; ask AWS which image that is with: workshop image pin -e dev --config-dir"
        f" {tmp_path}"
    )
    assert loader.load("dev", tmp_path, pinned=False).pins.by_region == {}


def test_pins_that_were_written_by_hand_are_refused_with_their_line(tmp_path: Path) -> None:
    boxes.write(tmp_path)
    file = images.path(tmp_path)
    file.write_text(file.read_text().replace("root_gb: 75", "root_gb: big", 1))
    (line,) = mistakes(tmp_path)
    assert line.endswith("is not as 'workshop image pin' writes it; remove the file, and pin anew")


def test_what_is_written_of_pins_is_read_again(tmp_path: Path) -> None:
    boxes.write(tmp_path)
    assert images.read(tmp_path) == (boxes.pins(), ())
    assert images.read(tmp_path / "elsewhere") == (images.Pins(), ())


def test_the_folder_of_pins_is_no_environment(tmp_path: Path) -> None:
    assert loader.known(boxes.write(tmp_path)) == ["dev"]


def test_a_rows_type_is_the_notebooks_or_the_instances(tmp_path: Path) -> None:
    seats = {seat.id: seat for seat in load(boxes.write(tmp_path)).seats}
    machines = {
        name: (seat.instance_type, seat.volume_gb, seat.box_type, seat.box_gb)
        for name, seat in seats.items()
    }
    assert machines == {
        "ada": ("", 0, "g5.xlarge", 150),
        "ben": ("", 0, "g5.12xlarge", 300),
        "cleo": ("ml.m5.large", 50, "g5g.xlarge", 200),
        "dan": ("", 0, "p4d.24xlarge", 150),
        "eve": ("ml.t3.medium", 20, "g5g.2xlarge", 200),
    }
    assert seats["eve"].box_subnet == ZONE
    assert replace(seats["ada"], box_zone="eu-west-1a").box_subnet == ""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "ada,plain,ml.m5.large,,",
            "2: instance_type: is a notebook's, and the row's profile has none; name a type of EC2",
        ),
        (
            "ada,plain,big,,",
            "2: instance_type: is not an instance type; write one of SageMaker's such as"
            " 'ml.t3.medium', or one of EC2's such as 'g5.xlarge'",
        ),
    ],
)
def test_a_row_for_a_machine_that_its_profile_has_not_is_told(
    tmp_path: Path, row: str, message: str
) -> None:
    boxes.write(tmp_path, roster=f"id,profile,instance_type,volume_gb,region\n{row}\n")
    assert mistakes(tmp_path) == [message]


def test_a_row_of_another_architecture_than_the_image_is_told(tmp_path: Path) -> None:
    roster = "id,profile,instance_type,volume_gb,region\nada,plain,g5g.xlarge,,\n"
    boxes.write(tmp_path, roster=roster)
    (line,) = mistakes(tmp_path)
    assert "'g5g.xlarge' has arm64 processors" in line


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("g5.xlarge", "x86_64"),
        ("g5g.xlarge", "arm64"),
        ("g4dn.xlarge", "x86_64"),
        ("gr6.4xlarge", "x86_64"),
        ("p4d.24xlarge", "x86_64"),
        ("p6e-gb200.36xlarge", "arm64"),
        ("t4g.small", "arm64"),
        ("a1.large", "arm64"),
        ("c7gn.large", "arm64"),
        ("m5.large", "x86_64"),
        ("inf2.xlarge", "x86_64"),
    ],
)
def test_a_types_name_says_its_architecture(instance_type: str, architecture: str) -> None:
    assert ec2_types.architecture(instance_type) == architecture


def test_user_data_that_is_certainly_too_long_is_told_with_its_line(tmp_path: Path) -> None:
    boxes.write(tmp_path)
    tags = ", ".join(f"key{number:02}: {'x' * 240}" for number in range(40))
    packages = ", ".join(f"package{number:03}{'x' * 85}" for number in range(40))
    write(
        tmp_path,
        f"{BOX}      volume_gb: 150\n    notebook: {{enabled: false, packages: [{packages}]}}\n"
        f"tags: {{{tags}}}\n",
    )
    (line,) = (one for one in mistakes(tmp_path) if "user data" in one)
    assert line.startswith("8: profiles.attendee: the user data of the EC2 instance has at least ")
    assert line.endswith(
        " bytes and EC2 takes 16,384; use fewer or shorter tags, prefixes or packages"
    )


def test_an_instance_that_runs_for_ever_is_warned_of(tmp_path: Path) -> None:
    boxes.write(tmp_path)
    write(tmp_path, f"{BOX}      idle_stop_minutes: null\n")
    assert any("idle_stop_minutes is null" in one for one in load(tmp_path).warnings)


def test_an_instance_that_no_attendee_can_enter_is_remarked_with_its_line(tmp_path: Path) -> None:
    boxes.write(tmp_path)
    write(tmp_path, f"{BOX}      idle_stop_minutes: 60\n")
    loaded = load(tmp_path)
    (remark,) = (one for one in loaded.remarks if "no role for people" in one)
    assert remark.startswith(f"{tmp_path}/dev.yaml:9: profiles.attendee.ec2: its seats have no")
    assert "somebody in profiles.attendee.access.console_organisers or console_p" in remark
    assert not any("no role for people" in one for one in loaded.warnings)
    access = '    access: {console_organisers: ["arn:aws:iam::111122223333:role/organisers"]}\n'
    write(tmp_path, f"{BOX}      idle_stop_minutes: 60\n{access}")
    assert not any("no role for people" in one for one in load(tmp_path).remarks)


def test_an_mlflow_app_needs_the_stack_of_a_notebook(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"{HEAD}{SEATS}profiles:\n  attendee:\n    mlflow: app\n    notebook: {{enabled: false}}\n",
    )
    (line,) = mistakes(tmp_path)
    assert "which a notebook's stack makes, and no notebook" in line
