"""Whoever administers the own account tries to keep something of the workshop's in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.account_snapshots import Held
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import REGION, OwnAccounts, founded, organiser_key
from tests.support.own_teardowns import handed_back, held, taken_down
from tests.support.teardown_workshop import QUIET
from workshop.naming import ALONE, Names
from workshop.teardown.events import TeardownEvent

EMPTY = "handed back empty"


def names(own: OwnAccounts, seat: str) -> Names:
    return Names("vision", ALONE, own.account(seat), REGION)


def stack(own: OwnAccounts, seat: str, kind: str) -> str:
    [found] = [name for name in own.stacks(seat) if f"vision-seat-{kind}-" in name]
    return found


def protected(own: OwnAccounts, seat: str) -> None:
    own.within("cloudformation", seat).update_termination_protection(
        StackName=stack(own, seat, "storage"), EnableTerminationProtection=True
    )


def retained(own: OwnAccounts, seat: str) -> None:
    s3, cloudformation = own.within("s3", seat), own.within("cloudformation", seat)
    s3.put_object(Bucket=names(own, seat).bucket("data"), Key="a", Body=b"1")
    name = stack(own, seat, "storage")
    cloudformation.delete_stack(StackName=name)
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    failed = [one["LogicalResourceId"] for one in resources if "FAILED" in one["ResourceStatus"]]
    cloudformation.delete_stack(StackName=name, RetainResources=failed)


def untagged(own: OwnAccounts, seat: str) -> None:
    s3, iam = own.within("s3", seat), own.within("iam", seat)
    s3.delete_bucket_tagging(Bucket=names(own, seat).bucket("data"))
    role = names(own, seat).role_arn.rpartition("/")[2]
    keys = [one["Key"] for one in iam.list_role_tags(RoleName=role)["Tags"]]
    iam.untag_role(RoleName=role, TagKeys=keys)


def locked(own: OwnAccounts, seat: str) -> None:
    s3, bucket = own.within("s3", seat), names(own, seat).bucket("data")
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )
    s3.put_object(
        Bucket=bucket,
        Key="a",
        Body=b"1",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate="2099-01-01T00:00:00Z",
    )


def empowered(own: OwnAccounts, seat: str) -> None:
    iam = own.within("iam", seat)
    role = names(own, seat).role_arn.rpartition("/")[2]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName=role, PolicyName="mine", PolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName="mine")
    iam.add_role_to_instance_profile(InstanceProfileName="mine", RoleName=role)


def claimed(own: OwnAccounts, seat: str) -> None:
    claim = {"workshop": "vision", "attendee": "another"}
    own.within("logs", seat).create_log_group(logGroupName="mine", tags=claim)


def late(own: OwnAccounts, seat: str) -> None:
    """What is made when all is deleted, and looked for: see ``hear``."""


ATTACKS: dict[str, Callable[[OwnAccounts, str], None]] = {
    one.__name__: one for one in (protected, retained, untagged, locked, empowered, claimed, late)
}


@pytest.mark.long
def test_what_an_owner_does_to_keep_something_is_undone_or_named_and_hinders_nobody(
    enforcing: Cloud, tmp_path: Path
) -> None:
    """By what the cloud itself holds, an account is empty if and only if it is said to be."""
    enforcing.reset()
    own = founded(enforcing, tmp_path, *ATTACKS, key=organiser_key(enforcing))
    enforcing.delays(**QUIET)
    before = held(own)
    own.deploy()
    for seat, attack in ATTACKS.items():
        attack(own, seat)

    def hear(event: TeardownEvent) -> None:
        if event.message.startswith("scanning twice"):
            group = "/aws/sagemaker/Endpoints/vision-seat-late"
            own.within("logs", "late").create_log_group(logGroupName=group)

    done = taken_down(own, hear=hear)
    assert done.code == 4
    assert told_as_it_is(own, before) == {"protected", "locked", "claimed", "late"}
    assert f"--stack-name {stack(own, 'protected', 'storage')} --region {REGION}" in done.err
    assert "an object lock" in done.err
    assert "log-group:mine" in done.out
    # What is told to do is done; what nobody may delete for years stays, and is named again.
    own.within("cloudformation", "protected").update_termination_protection(
        StackName=stack(own, "protected", "storage"), EnableTerminationProtection=False
    )
    own.within("logs", "claimed").delete_log_group(logGroupName="mine")
    done = taken_down(own, "--include-claimed")
    assert told_as_it_is(own, before) == {"locked"}
    assert done.code == 4


def told_as_it_is(own: OwnAccounts, before: Mapping[str, Held]) -> set[str]:
    """Return the seats whose accounts are said to hold something; that is so, and only there."""
    after, left = held(own), set()
    for seat, how in handed_back(own).items():
        account = own.account(seat)
        assert (how == EMPTY) == (not after[account].keys() - before[account].keys()), seat
        left |= set() if how == EMPTY else {seat}
    return left
