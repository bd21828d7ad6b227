"""The end of a workshop on the local cloud: the clock is moved, and no organiser does anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.support.seats import ADA, BEN, attempt, experiment, training
from tests.support.teardown_demo import is_marked
from tests.support.watched import Watched, watched_seats
from workshop.naming import FREEZE


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_seats(tmp_path_factory.mktemp("watched")) as made:
        yield made


def test_nothing_bills_after_the_end_but_disks(watched: Watched) -> None:
    assert {"demo-ada-own", "demo-ada-notebook", "demo-ben-own"} <= set(watched.running())
    inbox = {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}
    watched.go_to(watched.end - timedelta(minutes=10))
    told = json.loads(watched.root.client("s3").get_object(**inbox)["Body"].read())
    assert [one["kind"] for one in told["requests"]] == ["save"]
    assert told["messages"][0]["text"].startswith(f"The workshop ends at {watched.end:%H:%M} UTC: ")
    assert watched.messages == []
    watched.go_to(watched.end)
    assert watched.state["done"]["roles frozen"] == 2
    watched.pass_by()
    watched.pass_by()
    assert watched.running() == []
    assert watched.messages == [
        "workshop demo: the end",
        "workshop demo: nothing runs any more",
    ]
    attached = watched.root.client("iam").list_attached_role_policies(RoleName=BEN.role)
    arns = [one["PolicyArn"] for one in attached["AttachedPolicies"]]
    assert BEN.cohort_policy_arn(FREEZE) in arns
    assert is_marked(watched.root, ADA)
    assert is_marked(watched.root, BEN)
    assert watched.state["problems"] == []
    with pytest.raises(ClientError, match="with an explicit deny"):
        attempt(watched.seats.ada, training(ADA, "late"))
    with pytest.raises(ClientError, match="with an explicit deny"):
        attempt(watched.seats.ada, experiment(ADA, "late"))
    own = {"Bucket": ADA.bucket("data"), "Key": "late"}
    watched.seats.ada.client("s3").put_object(Body=b"saved", **own)
