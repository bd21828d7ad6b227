"""What a teardown says of the disks that go with machines."""

from __future__ import annotations

import pytest

from workshop.teardown.file_counts import FileCounts


@pytest.mark.parametrize(
    ("notebooks", "boxes", "begins"),
    [
        (5, 1, "the disks of 5 notebooks and 1 EC2 instance are deleted and NOT saved: no API"),
        (0, 1, "the disk of 1 EC2 instance is deleted and NOT saved: no API"),
        (1, 0, "the disk of 1 notebook is deleted and NOT saved: no API"),
    ],
)
def test_disks_of_notebooks_and_of_ec2_instances_are_said_to_be_lost(
    notebooks: int, boxes: int, begins: str
) -> None:
    (line,) = FileCounts((), None, notebooks, boxes).lines
    assert line.startswith(begins)
    assert FileCounts(()).lines == []
