"""Two seats with watch and door, by the templates that CDK writes; the cloud enforces IAM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from localcloud import process
from tests.support.door_visits import DoorAtUrl, door_settings
from tests.support.doored import doored_for
from tests.support.local_cloud import IAM, Cloud
from tests.support.seats import ADA, Seats, registering, two_seats
from tests.support.small_workshop import ending

DOOR, WATCH = ADA.cohort.door, ADA.cohort.watch


@contextmanager
def doored_seats(state_dir: Path) -> Iterator[tuple[Seats, DoorAtUrl]]:
    """Deploy ada and ben, whose workshop ends in 50 minutes."""
    with two_seats(state_dir) as seats:
        root = seats.root
        now = process.set_clock(root.running)["now"]
        end = datetime.fromtimestamp(now // 60 * 60, UTC) + timedelta(minutes=50)
        for name, text in (
            (WATCH, registering().text(WATCH)),
            (DOOR, doored_for("ada", "ben").text(DOOR)),
        ):
            status = root.deploy(name, ending(text, end), **IAM)
            assert status == "CREATE_COMPLETE", root.reasons(name, "CREATE_FAILED")
        yield seats, DoorAtUrl(root, door_settings("ada", "ben"), end, url=address(root))


def address(cloud: Cloud) -> str:
    """Return where the door's stack says that it is."""
    [stack] = cloud.client("cloudformation").describe_stacks(StackName=DOOR)["Stacks"]
    told = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return str(told["Address"])
