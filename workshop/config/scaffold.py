"""The files that ``workshop init`` writes: small, commented, and right but for the account."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workshop.config.diagnostics import listing, suggestion
from workshop.errors import UsageError

ACCOUNT_PLACEHOLDER = "YOUR-ACCOUNT-ID"
REGION = "eu-west-1"
"""The Region of a new environment, unless somebody or its example names another."""

_EXAMPLES = Path(__file__).with_name("examples")

_HEAD = """\
# yaml-language-server: $schema=schema.json
#
# One workshop in one AWS account and Region. docs/configuration.md lists every key.

# The first word of every name that is made; one account holds a workshop of this name once.
workshop: {name}
title: ""

# The AWS account, 12 digits in quotes: aws sts get-caller-identity --query Account
account: "{account}"
region: {region}

# When it takes place, always with the time zone. After `end`, seats are due for teardown.
start: {start}
end: {end}

# Who comes. While people are not known yet, `seats: 20` in place of `file` makes seat01 to seat20.
roster:
  {roster}
  spares: 1 # spare01, for whoever comes unannounced

# Your own tags for everything that is made. Never anybody's name or address.
tags: {{}}

# Where `workshop teardown` copies what is in everybody's buckets before it deletes it: all of it.
# Without a place, here or with --save-to, nothing is saved.
# keep:
#   to: s3://YOUR-ARCHIVE/{name}

# The variants of the workbench. A row of the roster without a profile gets `attendee`.
profiles:
"""

_PROFILES = """\
  attendee:
    notebook:
      instance_type: ml.t3.medium
      volume_gb: 20
      idle_stop_minutes: 60 # an idle notebook stops, and costs only its disk
    # What jobs and endpoints may run on; quotas have to allow it for all seats at once. A machine
    # with a GPU, such as ml.g5.xlarge, costs some ten times as much.
    access:
      training_instance_types: [ml.m5.large]
      processing_instance_types: [ml.m5.large]
      endpoint_instance_types: [ml.m5.large]

  # Whoever teaches: a larger notebook with root.
  instructor:
    notebook:
      instance_type: ml.t3.large
      volume_gb: 50
      root_access: true
    access:
      training_instance_types: [ml.m5.large]
      processing_instance_types: [ml.m5.large]
      endpoint_instance_types: [ml.m5.large]
"""

_ROSTER = """\
id,name,email,profile
ada,Ada Example,ada@example.com,
alan,Alan Example,alan@example.com,
grace,Grace Example,grace@example.com,instructor
"""


def environment_text(name: str, *, account: str | None, region: str, today: datetime) -> str:
    """``config/<name>.yaml``: two days, four weeks after ``today``, from 09:00 to 17:00 UTC."""
    roster = f"file: rosters/{name}.csv"
    head = head_text(name, account=account, region=region, today=today, roster=roster)
    return head + _PROFILES


def head_text(name: str, *, account: str | None, region: str, today: datetime, roster: str) -> str:
    """Return the same up to its profiles; ``roster`` is the line that says who comes."""
    first = _first(today)
    return _HEAD.format(
        name=name,
        account=account or ACCOUNT_PLACEHOLDER,
        region=region,
        start=first.isoformat(),
        end=(first + timedelta(days=1, hours=8)).isoformat(),
        roster=roster,
    )


def _first(today: datetime) -> datetime:
    return (today.astimezone(UTC) + timedelta(weeks=4)).replace(
        hour=9, minute=0, second=0, microsecond=0
    )


def examples() -> list[str]:
    """Return the names of the environments of published workshops that come with the package."""
    return sorted(path.stem for path in _EXAMPLES.glob("*.yaml"))


def example_text(
    example: str, name: str, *, account: str | None, region: str | None, today: datetime
) -> str:
    """Return ``config/<name>.yaml`` as that of an example, four weeks after ``today``.

    It lasts as long as the example, and has its Region unless ``region`` is another. Raise
    UsageError for an example that is not there.
    """
    if example not in examples():
        raise UsageError(
            f"no example {example!r}; {suggestion(example, examples())}{listing(examples())}"
        )
    text = (_EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8")
    start, end = (
        datetime.fromisoformat(re.findall(rf"^{key}: (.*)$", text, re.MULTILINE)[0])
        for key in ("start", "end")
    )
    first = _first(today)
    values = {
        "workshop": name,
        "account": f'"{account or ACCOUNT_PLACEHOLDER}"',
        "start": first.isoformat(),
        "end": (first + (end - start)).isoformat(),
    }
    if region is not None:
        values["region"] = region
    for key, value in values.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    return text.replace(f"rosters/{example}.csv", f"rosters/{name}.csv")


def roster_text() -> str:
    """``config/rosters/<name>.csv``: three fictitious people, with their ids."""
    return _ROSTER


def cdk_json(python: Path, config_dir: Path) -> str:
    """``cdk.json``: the CDK app that is installed for this Python."""
    app = {
        "app": f"{shlex.quote(str(python))} -P -m stacks",
        "output": "cdk.out",
        "versionReporting": False,
        "context": {"config": str(config_dir)},
    }
    return json.dumps(app, indent=2) + "\n"
