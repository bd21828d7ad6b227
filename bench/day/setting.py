"""What day is played: how many seats, for how long, and the environment that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.day import personas
from bench.day.organiser import NAME

ACCOUNT, REGION = "111122223333", "us-east-1"
START = datetime(2030, 3, 4, 9, tzinfo=UTC)
"""A Monday to come: the cloud's clock is only ever moved forward."""
GPU = "g4dn.xlarge"
"""The instance type of seats that have an EC2 instance."""
ENVIRONMENT = """\
workshop: day
account: "{account}"
region: {region}
start: {start}
end: {end}
hours: "{start:%H:%M}-{end:%H:%M}"
roster: {{file: day.csv}}
budget: {{per_seat_usd: {usd}, max_instances: {instances}}}
profiles:
  attendee:
    access:
      training_instance_types: [{small}, {big}]
      processing_instance_types: [{small}, {big}]
      endpoint_instance_types: [{small}]
  box:
    notebook: {{enabled: false}}
    ec2: {{instance_types: [{gpu}]}}
    access:
      training_instance_types: [{small}]
      endpoint_instance_types: [{small}]
"""


@dataclass(frozen=True)
class Setting:
    """What is played; with ``watched`` false, nothing wakes the watch.

    ``boxes`` is how many seats more have an EC2 instance. ``torn_down`` is whether the teardown is
    played as well.
    """

    seats: int = 100
    boxes: int = 20
    hours: int = 8
    seed: int = 1
    usd: int = 3
    instances: int = 6
    watched: bool = True
    torn_down: bool = True

    @property
    def end(self) -> datetime:
        return START + timedelta(hours=self.hours)

    @property
    def steps(self) -> int:
        """How many ticks the class has."""
        return self.hours * 12

    def write(self, folder: Path) -> None:
        """Write the environment and its roster into a folder."""
        text = ENVIRONMENT.format(
            account=ACCOUNT,
            region=REGION,
            start=START,
            end=self.end,
            usd=self.usd,
            instances=self.instances,
            small=personas.SMALL,
            big=personas.BIG,
            gpu=GPU,
        )
        (folder / f"{NAME}.yaml").write_text(text, encoding="utf-8")
        rows = [f"seat{number:03}," for number in range(1, self.seats + 1)]
        rows += [f"box{number:03},box" for number in range(1, self.boxes + 1)]
        (folder / f"{NAME}.csv").write_text("\n".join(["id,profile", *rows]), encoding="utf-8")
