"""Who else is in the account of an adversary's workshop, with things that look like a seat's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support import adversary_machines
from tests.support import attendee_resources as pieces
from tests.support.local_cloud import template

if TYPE_CHECKING:
    from tests.support.adversary_arena import Arena

Make = Callable[["Arena"], None]


def _look_alike_stack(arena: Arena) -> None:
    """A stack that is called and tagged like a seat's and holds the policy of a bucket."""
    bucket = "demo-models-prod"
    s3 = arena.cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"theirs")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketAcl", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    held = {
        "P": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": bucket, "PolicyDocument": policy},
        }
    }
    arena.deploy("demo-bob-storage", template(held), "bob")


def _deleted_role(name: str) -> Make:
    """Experiments of a team whose role, which is gone, was called like a seat's."""

    def make(arena: Arena) -> None:
        hand = arena.stranger(name)
        pieces.experiments(replace(hand, prefix=f"quarterly-{name[-14:]}-"))
        iam = arena.cloud.client("iam")
        iam.detach_role_policy(
            RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        iam.delete_role(RoleName=name)

    return make


def _production(arena: Arena) -> None:
    """The organiser's own: a model, an endpoint and its log, without tags."""
    hand = replace(arena.stranger("ProdFraudRole"), prefix="fraud-")
    pieces.model(hand, "prod")
    pieces.endpoint(hand, "serving")
    group = "/aws/sagemaker/Endpoints/fraud-prod"
    logs = arena.cloud.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="AllTraffic/i-0abc")
    logs.create_log_group(logGroupName="/aws/lambda/prod")


def _named_alike(arena: Arena) -> None:
    """Buckets, repositories, alarms and logs that begin like a seat's."""
    arena.cloud.client("s3").create_bucket(Bucket="demo-ada-photos")
    arena.cloud.client("ecr").create_repository(repositoryName="demo/adas/photos")
    hand = replace(arena.stranger("somebody"), prefix="demo2-ada-")
    for make in (pieces.alarm, pieces.dashboard, pieces.training, pieces.experiments):
        make(hand)


def _other_workshop(arena: Arena) -> None:
    """Another workshop of ours in the account, with a seat of the same id."""
    hand = arena.stranger("speech-ada-us-east-1-execution", path="/ws/speech/")
    own = (("workshop", "speech"), ("attendee", "ada"))
    hand = replace(hand, prefix="speech-ada-", tags=own, forced=own)
    for make in (pieces.training, pieces.experiments, pieces.endpoint):
        make(hand)


def _machines(arena: Arena) -> None:
    """EC2 instances of somebody else's, and what has a seat's tags and names."""
    adversary_machines.bystander(arena.cloud)


BYSTANDERS: dict[str, Make] = {
    "look-alike stack": _look_alike_stack,
    "deleted role": _deleted_role("demo-data-science-execution"),
    "deleted roles": _deleted_role("demo-batch-prod-2-execution"),
    "production": _production,
    "named alike": _named_alike,
    "other workshop": _other_workshop,
    "machines": _machines,
}
