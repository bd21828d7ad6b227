"""Whether an account can run a door is said weeks before: executions, and the right to a URL."""

from __future__ import annotations

import pytest

from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.config.models import Door
from workshop.naming import Names
from workshop.preflight import doors, permissions
from workshop.preflight.checks import CheckState
from workshop.preflight.doors import Concurrency
from workshop.preflight.organiser_policy import OrganiserScope, statements

HERE = AccountRegion("000000000000", "us-east-1")
NEW, OLD = Concurrency(10, 10), Concurrency(1000, 1000)


@pytest.mark.parametrize(
    ("reserve", "found", "state", "message"),
    [
        (None, OLD, CheckState.OK, "1,000 visitors can be served at once"),
        (None, NEW, CheckState.WARNING, "10 visitors can be served at once, so a class"),
        (60, OLD, CheckState.OK, "60 visitors can be served at once"),
        (5, NEW, CheckState.FAILED, "leave 'door.concurrency' out"),
        (950, OLD, CheckState.FAILED, "reserve 900 at most"),
        (5, OLD, CheckState.WARNING, "ask AWS for more of 'Concurrent executions'"),
        (None, Unavailable("AccessDenied"), CheckState.UNKNOWN, "AccessDenied"),
    ],
)
def test_it_says_how_many_visitors_are_served_at_once(
    reserve: int | None, found: Concurrency | Unavailable, state: CheckState, message: str
) -> None:
    [check] = doors.check(HERE, Door(concurrency=reserve), found, is_there=False)
    assert check.state == state
    assert message in check.message


def test_numbers_agree_with_what_they_count() -> None:
    def message(found: Concurrency, concurrency: int) -> str:
        [check] = doors.check(HERE, Door(concurrency=concurrency), found, is_there=False)
        return check.message

    assert message(Concurrency(1001, 1), 1).startswith(
        "the account runs 1,001 functions at once, 1 of them unreserved, and AWS keeps 100 so;"
    )
    assert message(OLD, 1).startswith("1 visitor can be served at once, so a class")


def test_what_a_door_has_reserved_already_is_not_reserved_again() -> None:
    [check] = doors.check(HERE, Door(concurrency=60), Concurrency(1000, 100), is_there=True)
    assert check.state == CheckState.OK


def test_lambda_is_asked_once(cloud: Cloud) -> None:
    with calling(cloud):
        found = doors.concurrency(Clients(HERE), HERE)
    assert found == OLD


def test_the_right_to_a_public_url_is_asked_for_where_there_is_a_door_alone() -> None:
    names = Names("demo", "ada", HERE.account, HERE.region)

    def asked(*, has_door: bool) -> dict[str, tuple[str, ...]]:
        found = permissions.questions(
            names, "aws", bucket="data", repository="training", has_door=has_door
        )
        return dict(found)

    assert names.door_arn not in asked(has_door=False)
    assert "lambda:CreateFunctionUrlConfig" in asked(has_door=True)[names.door_arn]


def test_an_organiser_gets_the_rights_for_a_door_where_there_is_one_alone() -> None:
    def actions(*, has_door: bool) -> set[str]:
        scope = OrganiserScope("demo", HERE.account, (HERE.region,), has_door=has_door)
        return {action for one in statements(scope) for action in one["Action"]}

    needed = {
        *("lambda:CreateFunctionUrlConfig", "lambda:PutFunctionConcurrency"),
        "lambda:GetAccountSettings",
    }
    assert needed <= actions(has_door=True)
    assert not needed & actions(has_door=False)
