"""Clients for every place: whose credentials they use, how they try again, whom they tell."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError

from tests.support.faulty import counts
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.notebook_workshop import retries_at_once
from tests.support.preflights import calling
from tests.support.small_workshop import ACCOUNT, HOME
from workshop.account_region import AccountRegion
from workshop.aws import clients, errors
from workshop.aws.clients import ATTEMPTS_TO_SIGN_IN, Clients
from workshop.errors import WorkshopError

AWAY = AccountRegion("111122223333", "eu-west-1")
NEAR = AccountRegion(ACCOUNT, "eu-central-1")
EMPTY = template({"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})


def test_a_client_is_made_once_for_each_service_and_place(cloud: Cloud) -> None:
    with calling(cloud):
        made = Clients(HOME)
        first = made.client("s3", HOME)
        assert made.client("s3", HOME) is first
        assert made.client("s3", NEAR) is not first
        assert made.client("s3", NEAR).meta.region_name == "eu-central-1"
        assert made.client("s3", HOME, attempts=1) is not first


def test_of_many_accounts_those_used_last_keep_their_clients(cloud: Cloud) -> None:
    """So a thousand accounts take no more memory than some; whose turn comes again gets new."""
    places = [AccountRegion(f"{111111111111 + number}", "us-east-1") for number in range(5)]
    with calling(cloud), mock.patch.object(clients, "MOST_ACCOUNTS", 3):
        made = Clients(HOME, role="WorkshopDeployer")
        home = made.client("sts", HOME)
        before = [made.client("sts", place) for place in places[:3]]
        assert made.client("sts", places[0]) is before[0]
        made.client("sts", places[3])
        assert made.client("sts", places[0]) is before[0]
        assert made.client("sts", places[2]) is before[2]
        again = made.client("sts", places[1])
        assert again is not before[1]
        assert again.get_caller_identity()["Account"] == places[1].account
        assert made.client("sts", HOME) is home


def test_what_was_let_go_of_takes_no_memory(cloud: Cloud) -> None:
    """However rarely Python looks for garbage: commands have it look as rarely as can be."""
    places = [AccountRegion(f"{111111111111 + number}", "us-east-1") for number in range(6)]
    gc.disable()
    try:
        with calling(cloud), mock.patch.object(clients, "MOST_ACCOUNTS", 2):
            made = Clients(HOME, role="WorkshopDeployer")
            known = []
            for place in places:
                client = made.client("iam", place)
                assert list(client.get_paginator("list_roles").paginate())
                known.append(weakref.ref(client))
                del client
        assert [one() is None for one in known] == [True] * 4 + [False] * 2
    finally:
        gc.enable()


def test_another_account_needs_a_role(cloud: Cloud) -> None:
    with calling(cloud), pytest.raises(WorkshopError) as caught:
        Clients(HOME).client("s3", AWAY)
    assert str(caught.value) == (
        "seats in account 111122223333 need a role to take on there; name it in the environment's"
        " file as deploy.role, or run with that account as the environment's"
    )


def test_one_assumed_role_serves_all_regions_and_services_of_an_account(cloud: Cloud) -> None:
    cloud.faults({"effect": "latency", "operation": "sts:AssumeRole", "seconds": 0.001})
    with calling(cloud):
        made = Clients(HOME, role="WorkshopDeployer")
        for region in ("eu-west-1", "us-west-2"):
            account_region = AccountRegion(AWAY.account, region)
            assert made.caller(account_region) == AWAY.account
            made.client("cloudformation", account_region).describe_stacks()
    assert counts(cloud) == [(1, 1)]


def test_a_caller_that_sts_does_not_know_is_told_what_to_do(cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "sts:AssumeRole"})
    with calling(cloud), pytest.raises(WorkshopError) as caught:
        Clients(HOME, role="WorkshopDeployer").caller(AWAY)
    told = str(caught.value)
    assert told.startswith("AWS did not say who is calling for account 111122223333 (")
    assert told.endswith("check your credentials with: aws sts get-caller-identity")


def test_throttled_calls_are_tried_again_and_counted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    retries_at_once(monkeypatch)
    cloud.faults({"effect": "throttle", "operation": "cloudformation:*", "times": 3})
    with calling(cloud):
        made = Clients(HOME)
        assert made.client("cloudformation", NEAR).describe_stacks()["Stacks"] == []
    assert made.throttles == 3
    cloud.faults({"effect": "error", "operation": "cloudformation:*", "times": 3})
    with calling(cloud):
        made.client("cloudformation", HOME).describe_stacks()
    assert made.throttles == 3


def test_a_call_is_tried_a_bounded_number_of_times(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    retries_at_once(monkeypatch)
    monkeypatch.setattr(clients, "MOST_ATTEMPTS", 4)
    cloud.faults({"effect": "throttle", "operation": "cloudformation:DescribeStacks"})
    with calling(cloud):
        made = Clients(HOME)
        for attempts, calls in ((None, 4), (1, 5)):
            with pytest.raises(ClientError, match="Throttling"):
                made.client("cloudformation", HOME, attempts=attempts).describe_stacks()
            assert counts(cloud) == [(calls, calls)]


def test_who_calls_is_not_asked_for_as_long_as_the_rest(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    retries_at_once(monkeypatch)
    cloud.faults({"effect": "throttle", "operation": "sts:GetCallerIdentity"})
    with calling(cloud), pytest.raises(WorkshopError, match="sign in"):
        Clients(HOME).caller(HOME)
    assert counts(cloud) == [(ATTEMPTS_TO_SIGN_IN, ATTEMPTS_TO_SIGN_IN)]
    assert ATTEMPTS_TO_SIGN_IN < clients.MOST_ATTEMPTS


def test_a_template_with_any_characters_arrives_as_it_was_sent(cloud: Cloud) -> None:
    body = EMPTY[:-1] + ', "Description": "Größe & Maß = 100 % + ü/€"}'
    with calling(cloud):
        client = Clients(HOME).client("cloudformation", HOME)
        client.create_stack(StackName="odd", TemplateBody=body, **IAM)
    kept = cloud.client("cloudformation").get_template(StackName="odd")["TemplateBody"]
    assert kept["Description"] == "Größe & Maß = 100 % + ü/€"


def test_a_form_is_written_out_once(cloud: Cloud) -> None:
    bodies: list[object] = []
    with calling(cloud):
        client = Clients(HOME).client("cloudformation", HOME)
        client.meta.events.register(
            "before-sign.cloudformation", lambda request, **_: bodies.append(request.data)
        )
        client.describe_stacks()
    (body,) = bodies
    assert isinstance(body, bytes)
    assert parse_qs(body.decode())["Action"] == ["DescribeStacks"]


def test_the_code_of_an_answer_without_one_is_empty() -> None:
    assert errors.code({}) == ""
    assert errors.code({"Error": {"Code": "X"}}) == "X"


def test_a_profile_that_is_not_there_is_told_with_how_to_see_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    home = AccountRegion("111122223333", "eu-west-1")
    with pytest.raises(WorkshopError) as refused:
        Clients(home).caller(home)
    assert str(refused.value) == (
        "the config profile (nosuch) could not be found, which AWS_PROFILE names; see which there"
        " are with: aws configure list-profiles, or go on without one with: unset AWS_PROFILE"
    )
