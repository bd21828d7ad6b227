"""What could not be read is never taken for nothing, and says why."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from workshop.aws import reads
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


def test_whoever_is_slow_to_answer_is_told_and_answers_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What still has to wait for its turn is not said to be slow."""
    monkeypatch.setattr(reads, "SLOW_SECONDS", 0.01)
    told: list[tuple[int, int, list[str]]] = []
    heard = threading.Event()

    def read(key: str) -> str:
        if key != "quick":
            assert heard.wait(60)
        return key.upper()

    def slow(answered: int, of: int, waited_for: Sequence[str]) -> None:
        told.append((answered, of, [*waited_for]))
        heard.set()

    keys = ["quick", "slow", "next"]
    found = reads.side_by_side(read, keys, threads=1, slow=slow)
    assert found == {"quick": "QUICK", "slow": "SLOW", "next": "NEXT"}
    assert told[0] == (1, 3, ["slow"])


def test_an_error_ends_what_is_read_side_by_side() -> None:
    asked: list[int] = []

    def read(key: int) -> int:
        asked.append(key)
        raise WorkshopError("over")

    with pytest.raises(WorkshopError, match="over"):
        reads.side_by_side(read, range(1000), threads=1)
    assert len(asked) < 1000
