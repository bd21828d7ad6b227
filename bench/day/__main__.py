"""``python -m bench.day``: one day, as tables or as JSON; exit 1 where something is wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.day import report
from bench.day.play import play
from bench.day.setting import Setting


def main() -> int:
    """Play a day and print its report; what is different each time goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m bench.day")
    parser.add_argument("--seats", type=int, default=Setting.seats)
    parser.add_argument("--boxes", type=int, default=Setting.boxes)
    parser.add_argument("--hours", type=int, default=Setting.hours)
    parser.add_argument("--seed", type=int, default=Setting.seed)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-day-") as folder:
        setting = Setting(chosen.seats, chosen.boxes, chosen.hours, chosen.seed)
        played = play(setting, Path(folder))
    made = report.document(played)
    if chosen.json:
        print(json.dumps(made, indent=2))
    else:
        report.show(made, Console(width=120))
    parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in played.seconds.items())
    # Of this process, and of the local cloud with its functions, which has ended.
    busy = sum(os.times()[:4])
    taken = time.monotonic() - began
    print(f"it took {taken:.1f} s, {busy:.1f} s of CPU: {parts}", file=sys.stderr)
    return 1 if made["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
