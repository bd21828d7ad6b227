"""The environment of measurements: its YAML, its roster, and the local cloud that it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud import process as local_cloud
from localcloud.record import Running

YAML = """\
workshop: bench
account: "111122223333"
region: eu-west-1
start: 2026-01-01T09:00:00+00:00
end: 2099-12-31T17:00:00+00:00
roster: {file: bench.csv}
"""


def write(folder: Path, regions: Iterable[str], more: str = "") -> None:
    """Write ``bench.yaml``, which ends with ``more``, and its roster: a seat for each Region.

    An empty one is the environment's own.
    """
    (folder / "bench.yaml").write_text(f"{YAML}{more}", encoding="utf-8")
    seats = [f"seat{number},{region}" for number, region in enumerate(regions, start=1)]
    (folder / "bench.csv").write_text("\n".join(["id,region", *seats]), encoding="utf-8")


@contextmanager
def running_cloud(state: Path, **options: Any) -> Iterator[Running]:
    """A local cloud whose state is in a folder, in the account and Region of the YAML if no other.

    ``options`` are those of its start; it is stopped in the end.
    """
    where = {"account": "111122223333", "region": "eu-west-1"}
    running = local_cloud.start(state, **{**where, **options}).running
    try:
        yield running
    finally:
        local_cloud.stop(state)
