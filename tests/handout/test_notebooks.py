"""How SageMaker is asked: never more than eight calls at once, each link counted from before."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.config_folder import HEAD, load, write
from tests.support.handouts import MADE
from workshop.aws.clients import Clients
from workshop.handout import notebooks


class Slow:
    """A SageMaker that answers only once eight calls wait together, and counts them."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.asked: list[dict[str, Any]] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._eight = threading.Barrier(8)

    def pages(
        self, account_region: object, service: str, operation: str, **request: Any
    ) -> list[dict[str, Any]]:
        assert (service, str(account_region)) == ("sagemaker", "111122223333 eu-west-1")
        assert (operation, request["NameContains"]) == ("ListNotebookInstances", "vision-")
        listed = [
            {
                "NotebookInstanceName": name,
                "NotebookInstanceArn": f"arn:{name}",
                "NotebookInstanceStatus": "InService",
                "CreationTime": MADE,
                "LastModifiedTime": MADE,
            }
            for name in self.names
        ]
        return [{"NotebookInstances": listed[:20]}, {"NotebookInstances": listed[20:]}]

    def call(
        self, account_region: object, service: str, operation: str, **request: Any
    ) -> dict[str, str]:
        assert (service, str(account_region)) == ("sagemaker", "111122223333 eu-west-1")
        assert operation == "CreatePresignedNotebookInstanceUrl"
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.asked.append(request)
        self._eight.wait(timeout=60)
        with self._lock:
            self._now -= 1
        return {"AuthorizedUrl": f"https://{request['NotebookInstanceName']}"}


def test_eight_calls_at_once_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 40}}\n")
    loaded = load(tmp_path)
    slow = Slow([loaded.names(seat).notebook for seat in loaded.seats])
    clients: Any = slow
    assert not isinstance(clients, Clients)
    found = notebooks.presigned(
        clients, loaded, loaded.seats, session=timedelta(hours=1.5), now=lambda: MADE
    )
    assert slow.most == 8
    assert len(slow.asked) == 40
    assert {request["SessionExpirationDurationInSeconds"] for request in slow.asked} == {5400}
    assert list(found) == [seat.id for seat in loaded.seats]
    link = found["seat40"].link
    assert link == notebooks.Presigned(
        "https://vision-seat40-notebook", MADE + timedelta(minutes=5), timedelta(hours=1.5)
    )
    assert "https://" not in repr(found)


class Asked(Slow):
    """A SageMaker that answers at once."""

    def call(
        self, account_region: object, service: str, operation: str, **request: Any
    ) -> dict[str, str]:
        del account_region, service, operation
        self.asked.append(request)
        return {"AuthorizedUrl": "https://notebook"}


@pytest.mark.parametrize(
    ("left", "seconds"), [(20, 43_200), (3, 10_800), (0.2, 1800), (-1, 1800)], ids=str
)
def test_a_session_ends_with_the_workshop_or_as_soon_after_it_as_aws_allows(
    left: float, seconds: int, tmp_path: Path
) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 1}}\n")
    loaded = load(tmp_path)
    asked = Asked([loaded.names(seat).notebook for seat in loaded.seats])
    clients: Any = asked
    now = loaded.settings.end - timedelta(hours=left)
    found = notebooks.presigned(clients, loaded, loaded.seats, now=lambda: now)
    assert [one["SessionExpirationDurationInSeconds"] for one in asked.asked] == [seconds]
    link = found[loaded.seats[0].id].link
    assert link is not None
    assert link.session == timedelta(seconds=seconds)
