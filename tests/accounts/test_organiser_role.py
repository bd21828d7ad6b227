"""The role by which an organiser is in the accounts of seats."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import ACCOUNT, OwnAccounts, founded, organiser_key
from workshop.aws.clients import Clients

ORGANISER = f"arn:aws:iam::{ACCOUNT}:user/organiser"


@pytest.fixture
def two(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Two seats of which ada's account is deployed, and an organiser who is a user."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", "ben", key=organiser_key(enforcing))
    made.deploy("ada", principals=ORGANISER)
    return made


def test_whoever_the_stack_set_names_is_in_the_account(two: OwnAccounts) -> None:
    with two.calling():
        clients = two.clients()
        assert clients.caller(two.place("ada")) == two.account("ada")
        found = clients.client("s3", two.place("ada")).list_buckets()["Buckets"]
    account = two.account("ada")
    assert f"vision-seat-data-{account}-us-east-1" in {one["Name"] for one in found}


def refused(two: OwnAccounts, clients: Clients, seat: str = "ada") -> str:
    with two.calling(), pytest.raises(ClientError) as caught:
        clients.client("sts", two.place(seat), attempts=1).get_caller_identity()
    return str(caught.value.response["Error"]["Code"])


def test_without_the_external_id_nobody_is(two: OwnAccounts) -> None:
    loaded = two.loaded()
    assert refused(two, Clients(loaded.home, role=loaded.member_role)) == "AccessDenied"


def test_somebody_else_of_the_home_account_is_not(two: OwnAccounts) -> None:
    iam = two.cloud.client("iam")
    iam.create_user(UserName="somebody")
    iam.attach_user_policy(
        UserName="somebody", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    two.key = (key["AccessKeyId"], key["SecretAccessKey"])
    assert refused(two, Clients.of(two.loaded())) == "AccessDenied"


def test_an_account_without_the_role_lets_nobody_in(two: OwnAccounts) -> None:
    assert refused(two, Clients.of(two.loaded()), "ben") == "AccessDenied"
