"""What an attendee tries against the watch, with the rights of a seat: nothing of it works."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.seats import ADA, BEN, attempt, training
from tests.support.watched import WATCH, Watched, watched_seats
from workshop.naming import END, FREEZE
from workshop.watch.budget import REFUSED
from workshop.watch.messages import SAID, STATE
from workshop.watch.spending import SPENDING

BUDGET = {
    "per_seat_usd": 25,
    "max_instances": 4,
    "warn_percent": 80,
    "on_cap": "freeze",
    "prices": {"ml.m5.large": 0.115, "ml.t3.medium": 0.05},
}
OWN = f"{ADA.job_prefix}own"
RULE = {"Name": f"{WATCH}-tick"}
OBJECTS = (STATE, SPENDING, f"{SAID}over-x", f"{REFUSED}x")
ANY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
DENIED = r"AccessDenied|AuthorizationError"
ATTACKS: list[tuple[str, str, dict[str, Any]]] = [
    # What wakes it.
    ("events", "disable_rule", RULE),
    ("events", "delete_rule", RULE),
    ("events", "put_rule", {**RULE, "ScheduleExpression": "rate(7 days)"}),
    ("events", "remove_targets", {"Rule": RULE["Name"], "Ids": ["watch"]}),
    (
        "events",
        "put_targets",
        {"Rule": RULE["Name"], "Targets": [{"Id": "x", "Arn": ADA.watch_arn}]},
    ),
    ("events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}),
    # The function.
    ("lambda", "invoke", {"FunctionName": WATCH, "Payload": b"{}"}),
    ("lambda", "get_function", {"FunctionName": WATCH}),
    ("lambda", "delete_function", {"FunctionName": WATCH}),
    ("cloudformation", "delete_stack", {"StackName": WATCH}),
    # What it says and knows.
    ("sns", "publish", {"TopicArn": ADA.watch_topic_arn, "Message": "x"}),
    ("sns", "delete_topic", {"TopicArn": ADA.watch_topic_arn}),
    ("s3", "list_objects_v2", {"Bucket": ADA.watch_bucket}),
    ("s3", "delete_bucket", {"Bucket": ADA.watch_bucket}),
    *(("s3", "get_object", {"Bucket": ADA.watch_bucket, "Key": key}) for key in OBJECTS),
    *(("s3", "put_object", {"Bucket": ADA.watch_bucket, "Key": key}) for key in OBJECTS),
    *(("s3", "delete_object", {"Bucket": ADA.watch_bucket, "Key": key}) for key in OBJECTS),
    ("s3", "put_object", {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}),
    ("s3", "delete_object", {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}),
    ("logs", "delete_log_group", {"logGroupName": ADA.watch_log_group}),
    ("logs", "create_log_stream", {"logGroupName": ADA.watch_log_group, "logStreamName": "x"}),
    # Its role, the freeze, the end.
    ("sts", "assume_role", {"RoleArn": ADA.watch_role_arn, "RoleSessionName": "watch"}),
    *(
        (
            "iam",
            "detach_role_policy",
            {"RoleName": ADA.role, "PolicyArn": ADA.cohort_policy_arn(part)},
        )
        for part in (END, FREEZE)
    ),
    ("iam", "put_role_policy", {"RoleName": ADA.role, "PolicyName": "x", "PolicyDocument": ANY}),
    (
        "iam",
        "create_policy_version",
        {"PolicyArn": ADA.cohort_policy_arn(FREEZE), "PolicyDocument": ANY, "SetAsDefault": True},
    ),
    ("iam", "untag_role", {"RoleName": ADA.role, "TagKeys": ["attendee"]}),
    (
        "iam",
        "attach_role_policy",
        {"RoleName": BEN.role, "PolicyArn": ADA.cohort_policy_arn(FREEZE)},
    ),
    # To be nobody's, or a neighbour's.
    *(
        (
            "sagemaker",
            "add_tags",
            {"ResourceArn": ADA.sagemaker_arn("endpoint", OWN), "Tags": [tag]},
        )
        for tag in (
            {"Key": "workshop", "Value": "another"},
            {"Key": "Workshop", "Value": "another"},
            {"Key": "attendee", "Value": "ben"},
            {"Key": "ATTENDEE", "Value": "ben"},
        )
    ),
    (
        "sagemaker",
        "delete_tags",
        {"ResourceArn": ADA.sagemaker_arn("endpoint", OWN), "TagKeys": ["workshop"]},
    ),
    training(ADA, "untagged", Tags=[]),
    training(
        ADA,
        "as-ben",
        Tags=[{"Key": "workshop", "Value": "demo"}, {"Key": "attendee", "Value": "ben"}],
    ),
    training(
        ADA,
        "cased",
        Tags=[{"Key": "Workshop", "Value": "demo"}, {"Key": "Attendee", "Value": "ada"}],
    ),
    (
        "sagemaker",
        "create_notebook_instance",
        {
            "NotebookInstanceName": "of-no-name",
            "InstanceType": "ml.t3.medium",
            "RoleArn": ADA.role_arn,
        },
    ),
]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    # Until a test lets time pass, nobody is above a cap: events alone come to the watch.
    quick = {"training": 1.0, "processing": 1.0, "transform": 1.0, "tuning": 1.0}
    folder = tmp_path_factory.mktemp("watched")
    with watched_seats(folder, BUDGET, timedelta(days=2), **quick) as made:
        made.root.client("sagemaker").delete_endpoint(EndpointName=f"{BEN.job_prefix}own")
        made.pass_by()
        yield made


@pytest.mark.parametrize(
    ("service", "method", "request_"), ATTACKS, ids=[f"{one[0]}-{one[1]}" for one in ATTACKS]
)
def test_a_seat_can_neither_stop_nor_read_nor_deceive_it(
    watched: Watched, service: str, method: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=DENIED):
        attempt(watched.seats.ada, (service, method, request_))


def test_two_ticks_at_once_count_once(watched: Watched) -> None:
    """One of them writes first; the other counts anew, and finds nothing to count."""
    before = watched.spending
    tick = {"time": f"{watched.now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"}
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(watched.wake, [tick] * 2))
    assert [one["problems"] for one in reports] == [[], []]
    after = watched.spending
    used = {seat: sum(after[seat].values()) - sum(before[seat].values()) for seat in ("ada", "ben")}
    by_hand = {"ada": (0.05 + 0.115) / 12, "ben": 0.05 / 12}  # notebook, and ada's endpoint
    assert used == pytest.approx(by_hand, rel=0.01)
