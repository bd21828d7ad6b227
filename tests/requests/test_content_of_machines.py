"""``workshop content show`` of seats with EC2 instances: each machine shows its own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import agent_reports
from tests.support.box_class import terminal, write_boxes
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run


def brought(cloud: Cloud, seat: str, key: str, version: str) -> None:
    """Leave a report as the agent of one of a seat's machines does."""
    bucket = f"vision-{seat}-data-000000000000-us-east-1"
    s3 = cloud.client("s3")
    if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    report = {"brought": {"lab": {"version": version, "beside": 0}}}
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(report))


def test_each_machine_shows_the_version_that_it_brought_itself(
    cloud: Cloud, tmp_path: Path
) -> None:
    write_boxes(tmp_path / "config")
    brought(cloud, "ada", agent_reports.KEY, "v2")
    brought(cloud, "cleo", agent_reports.KEY, "v2")
    brought(cloud, "cleo", agent_reports.BOX_KEY, "v1")

    def show(*arguments: str) -> Ran:
        with terminal(cloud.environment(), tmp_path):
            return run("content", "show", "-e", "dev", *arguments)

    rows = json.loads(show("--json").out)
    assert [(row["seat"], row["machine"], row["folder"], row["version"]) for row in rows] == [
        ("ada", "EC2 instance", "lab", "v2"),
        ("ben", "EC2 instance", "", ""),
        ("cleo", "notebook", "lab", "v2"),
        ("cleo", "EC2 instance", "lab", "v1"),
        ("dan", "notebook", "", ""),
    ]
    ran = show()
    assert ran.out.splitlines()[0].split() == ["seat", "machine", "folder", "version", "beside"]
    assert "2 machines brought nothing by refresh so far" in ran.err
