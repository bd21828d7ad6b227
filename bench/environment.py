"""The environment of measurements: its YAML, and a roster of as many seats as are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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
