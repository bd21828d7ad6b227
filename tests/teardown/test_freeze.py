"""A frozen seat makes nothing new and opens no notebook, and can still stop and delete: by force.

The shipped templates are deployed and IAM is enforced; all calls are made with ada's credentials.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.support.preflights import calling
from tests.support.seat_cases import MAY
from tests.support.seats import ADA, Seats, attempt, two_seats
from tests.support.small_workshop import HOME
from workshop.aws.clients import Clients
from workshop.teardown import freeze

MAKING = re.compile(r"(create(?!_log)|start|update)_|put_image$")
MAKES = [what for what, (_, operation, _) in MAY.items() if MAKING.match(operation)]
"""What ada may do until she is frozen: make, start and change resources, and open her notebook."""

STOPS = [
    *("put an object", "delete an object", "see a training job", "stop a training job"),
    *("stop a processing job", "delete an endpoint", "delete an experiment", "stop a notebook"),
    *(
        "note a metric",
        "begin a log",
        "write a log",
        "read a log",
        "publish a metric of SageMaker's",
    ),
]
"""What jobs need to write their results, and what ends resources: it stays allowed."""


@pytest.fixture(scope="module")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("seats")) as made:
        with calling(made.root):
            assert freeze.freeze(Clients(HOME), "demo", HOME, [ADA.role]) == {}
        yield made


def test_the_list_of_what_makes_things_is_long() -> None:
    assert {"train", "open a notebook", "start a notebook", "push an image"} < set(MAKES)
    assert len(MAKES) >= 16


@pytest.mark.parametrize("what", MAKES)
def test_a_frozen_seat_makes_nothing(seats: Seats, what: str) -> None:
    with pytest.raises(ClientError, match="explicit deny"):
        attempt(seats.ada, MAY[what])


@pytest.mark.parametrize("what", STOPS)
def test_a_frozen_seat_can_still_write_results_and_end_what_runs(seats: Seats, what: str) -> None:
    attempt(seats.ada, MAY[what])


def test_a_neighbour_goes_on(seats: Seats) -> None:
    service, operation, members = MAY["make a model"]
    of_ben = json.loads(json.dumps(members).replace("ada", "ben"))
    attempt(seats.ben, (service, operation, of_ben))
