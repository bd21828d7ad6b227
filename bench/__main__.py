"""``python -m bench [NAME]``: the measurements as a table and as ``bench/results.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import accounts, day, door, fleet, localcloud, regions, synth, teardown
from bench.measure import Result

ENTRIES: dict[str, Callable[[], Iterator[Result]]] = {
    "localcloud": localcloud.results,
    "synth": synth.results,
    "templates": fleet.templates,
    "deploy": fleet.deploy,
    "deploy-whole": fleet.whole,
    "plan-again": fleet.again,
    "growth": fleet.growth,
    "accounts": accounts.results,
    "regions": regions.results,
    "teardown": teardown.results,
    "day": day.results,
    "door-load": door.load,
}
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Measure what is asked for; the exit code."""
    wanted = sys.argv[1:] or list(ENTRIES)
    unknown = [name for name in wanted if name not in ENTRIES]
    if unknown:
        print(f"bench: no entry {unknown[0]!r}; known: {', '.join(ENTRIES)}", file=sys.stderr)
        return 2
    found: list[Result] = []
    for name in wanted:
        for result in ENTRIES[name]():
            print(f"{result.name} {result.size}: {result.ours:.2f} {result.unit}", file=sys.stderr)
            found.append(result)
    measured = {(result.name, result.size): result.as_json() for result in found}
    # What was not measured this time keeps its figures.
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    whole = {(result["name"], result["size"]): result for result in kept} | measured
    RESULTS.write_text(json.dumps(list(whole.values()), indent=2) + "\n", encoding="utf-8")
    Console(width=110).print(_table(found))
    for line in _growth(found):
        print(line)
    return 0


def _table(results: list[Result]) -> Table:
    table = Table(box=None, header_style="bold")
    for column in ("name", "size", "ours", "floor", "peer", "ours/floor", "peer/ours", "peak MB"):
        table.add_column(column, justify="left" if column == "name" else "right")
    for result in results:
        table.add_row(
            result.name,
            str(result.size),
            *(
                _figure(value, f" {result.unit}")
                for value in (result.ours, result.floor, result.peer)
            ),
            *(_figure(value, "") for value in (result.ours_to_floor, result.peer_to_ours)),
            f"{result.peak_mb:.0f}",
        )
    return table


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.2f}{unit}"


def _growth(results: list[Result]) -> Iterator[str]:
    """What each further piece costs between one size and the next."""
    for smaller, larger in pairwise(results):
        if smaller.name == larger.name and larger.size > smaller.size:
            each = (larger.ours - smaller.ours) / (larger.size - smaller.size)
            yield (
                f"{larger.name}: {smaller.size} to {larger.size}:"
                f" {each * 1000:.0f} ms for each one more"
            )


if __name__ == "__main__":
    sys.exit(main())
