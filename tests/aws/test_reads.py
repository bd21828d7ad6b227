"""What could not be read is never taken for nothing, and says why."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from workshop.aws.reads import Unavailable, attempt
from workshop.errors import SignInError, WorkshopError


def refused(code: str, text: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "ListBuckets")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused("AccessDenied", "User a is not authorized"), "ListBuckets: AccessDenied"),
        (refused("SlowDown", "Come later."), "ListBuckets: SlowDown: Come later"),
        (WorkshopError("seats need a role."), "seats need a role"),
        (
            EndpointConnectionError(endpoint_url="https://s3"),
            'Could not connect to the endpoint URL: "https://s3"',
        ),
    ],
)
def test_an_error_of_aws_or_of_the_way_to_it_is_part_of_a_sentence(
    error: Exception, reason: str
) -> None:
    def call() -> str:
        raise error

    assert attempt(call) == Unavailable(reason)
    assert attempt(lambda: "answer") == "answer"


@pytest.mark.parametrize(
    "error", [SignInError("ended", "expired", "sign in"), KeyError("a fault of this program")]
)
def test_what_ends_all_reading_passes_through(error: Exception) -> None:
    def call() -> str:
        raise error

    with pytest.raises(type(error)):
        attempt(call)
