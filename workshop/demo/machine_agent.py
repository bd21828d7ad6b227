"""A round of the agent of an EC2 instance, by its own code: the local cloud runs none of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from workshop.agent.run import Agent
from workshop.agent.saving import BucketStore
from workshop.counting import count_of
from workshop.errors import WorkshopError
from workshop.naming import Names


def report(s3: Any, names: Names, *, bucket: str, now: float, used: float, work: str = "") -> str:
    """Have the agent of a seat's instance save ``work`` and report, and return a line on it.

    ``s3`` is a client with the credentials of the instance, whose seat has no notebook, and
    ``bucket`` a key of its profile. It is ``now``, and the instance was last ``used`` at that
    moment, both in epoch seconds. Raise WorkshopError for what the agent would note as an error.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = root / "home/ec2-user"
        (home / "SageMaker").mkdir(parents=True)
        if work:
            (home / "SageMaker/train.py").write_text(work, encoding="utf-8")
        # What the idle stop notes of who uses the machine: when it looked, and the last use.
        noted = home / ".workshop-used"
        noted.touch()
        os.utime(noted, (now, used))
        agent = Agent(
            root,
            names.seat,
            names.box,
            own=BucketStore(s3, names.bucket(bucket), names.account),
            cohort=BucketStore(s3, names.datasets_bucket, names.account),
            environment={},
            clock=lambda: now,
        )
        agent.round()
        if agent.errors:
            raise WorkshopError(f"the agent of {names.box}: {'; '.join(agent.errors)}")
        saved = agent.remembered["saved"]["files"]
    return f"the agent has saved {count_of(saved, 'file')} and reported"
