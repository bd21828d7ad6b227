"""What stack sets are made with: whom the organisers' role lets in, and prices by Region."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import ACCOUNT, OwnAccounts, assembly, founded, organiser_key
from tests.support.preflights import calling
from workshop.accounts import desired, values
from workshop.accounts.desired import DesiredSet
from workshop.accounts.principal import principals
from workshop.accounts.stack_sets import DescribedSet
from workshop.deploy.templates import of_text
from workshop.naming import ORGANISER, ORGANISER_PRINCIPALS, PRICES, WATCH

AWAY = "eu-west-1"


def of_kind(own: OwnAccounts, kind: str) -> DesiredSet:
    loaded = own.loaded()
    return next(
        one for one in desired.sets(loaded, assembly(loaded), loaded.seats) if one.kind == kind
    )


def current(parameters: dict[str, str]) -> DescribedSet:
    return DescribedSet("vision-cohort-organiser-attendee", "{}", parameters, {})


def test_whoever_deploys_is_let_in_beside_those_who_deployed_before(own: OwnAccounts) -> None:
    organiser = of_kind(own, ORGANISER)

    def asked(known: str, *callers: str) -> tuple[str, str]:
        now = current({ORGANISER_PRINCIPALS: known}) if known else None
        made = values.of(own.loaded(), organiser, now, callers, lambda _: {})
        return made.parameters[ORGANISER_PRINCIPALS], made.message

    ada, ben = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ada", "ben"))
    assert asked("", ada) == (ada, "")
    assert asked(ada, ben) == (f"{ada},{ben}", f"let in as well: {ben}")
    assert asked(f"{ada},{ben}", ben) == (f"{ada},{ben}", "")
    anybody = f"arn:aws:iam::{ACCOUNT}:*"
    assert asked(anybody, ada) == (anybody, "")


def test_a_caller_is_known_as_policies_know_it(cloud: Cloud, tmp_path: Path) -> None:
    """A role by its path; where IAM does not tell that, by all paths that it may have."""
    own = founded(cloud, tmp_path, key=organiser_key(cloud))
    with own.calling():
        user = principals(own.clients(), own.loaded().home)
    assert user == (f"arn:aws:iam::{ACCOUNT}:user/organiser",)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
    role = cloud.client("iam").create_role(
        RoleName="Organisers",
        Path="/team/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    given = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    session = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    with calling(cloud, **{**own.variables(), **session}):
        assert principals(own.clients(), own.loaded().home) == (role,)
        cloud.faults({"effect": "denied", "operation": "iam:GetRole"})
        assert principals(own.clients(), own.loaded().home) == (
            f"arn:aws:iam::{ACCOUNT}:role/Organisers",
            f"arn:aws:iam::{ACCOUNT}:role/*/Organisers",
        )


@pytest.fixture
def watch(own: OwnAccounts) -> DesiredSet:
    """The watch's stack set of a workshop with caps, in two Regions."""
    own.regions["ben"] = AWAY
    own.write("budget: {per_seat_usd: 20}")
    document = {"Parameters": {PRICES: {"Type": "String"}}, "Resources": {}}
    return replace(of_kind(own, WATCH), template=of_text(json.dumps(document)))


def test_prices_are_the_sets_in_one_region_and_overrides_in_others(
    own: OwnAccounts, watch: DesiredSet
) -> None:
    loaded = own.loaded()
    first = values.of(loaded, watch, None, (), lambda _: {})
    here, away = first.parameters[PRICES], first.overrides[AWAY][PRICES]
    assert here != away
    assert (first.outdated, first.message) == (frozenset(), "")
    same = values.of(loaded, watch, current({PRICES: here}), (), lambda _: {PRICES: away})
    assert same.outdated == frozenset()
    older = values.of(loaded, watch, current({PRICES: here}), (), lambda _: {PRICES: ""})
    assert older.outdated == {AWAY}
