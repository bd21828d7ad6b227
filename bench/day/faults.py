"""What goes wrong in a day: storms of faults, each for one step, drawn from the seed.

Every fault counts from the first call that it fits, so that the same day meets the same faults.
Those that a client tries again cost it real seconds, so that there are few of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

Rule = Mapping[str, Any]

AGAIN: tuple[Rule, ...] = (
    {"effect": "throttle", "operation": "sagemaker:ListTrainingJobs"},
    {"effect": "throttle", "operation": "sagemaker:ListTags"},
    {"effect": "throttle", "operation": "s3:PutObject", "match": "*watch*"},
    {"effect": "throttle", "operation": "iam:AttachRolePolicy"},
    {"effect": "error", "operation": "sagemaker:DescribeEndpoint", "status": 503},
    {"effect": "error", "operation": "sagemaker:ListEndpoints"},
    {"effect": "error", "operation": "sagemaker:CreateTrainingJob"},
    {"effect": "error", "operation": "s3:GetObject", "match": "*watch*"},
)
"""What clients try again."""

REFUSED: tuple[Rule, ...] = (
    {"effect": "denied", "operation": "sagemaker:StopTrainingJob", "times": 1},
    {"effect": "denied", "operation": "sagemaker:StopNotebookInstance", "times": 2},
    {"effect": "denied", "operation": "sagemaker:DeleteEndpoint", "times": 1},
    {"effect": "denied", "operation": "sagemaker:ListProcessingJobs", "times": 1},
)
"""What nobody tries again at once: the watch's next run has to."""

LATE: tuple[Rule, ...] = (
    {"effect": "stale", "operation": "sagemaker:ListTrainingJobs", "seconds": 60},
    {"effect": "stale", "operation": "sagemaker:ListEndpoints", "seconds": 60},
)
"""Listings that do not know yet what was just made."""

NO_MACHINE: Rule = {"effect": "capacity", "instance_type": "g4dn.*", "times": 1}
"""What one of those meets who start their EC2 instances at the same moment."""

AT_TEARDOWN: tuple[Rule, ...] = (
    {"effect": "throttle", "operation": "cloudformation:DeleteStack", "times": 2},
    {"effect": "throttle", "operation": "sagemaker:ListTrainingJobs", "times": 1},
    {"effect": "error", "operation": "ecr:DescribeRepositories", "status": 503, "times": 1},
    {"effect": "keys", "match": "train/*", "times": 1},
)


def storms(seed: int, steps: int) -> dict[int, list[Rule]]:
    """Return the rules of each step that has any; the last, the end of the class, always does."""
    chance = random.Random(f"faults {seed}")  # noqa: S311 - to be repeatable
    chosen = chance.sample(range(2, steps - 1), max(1, steps // 12))
    made: dict[int, list[Rule]] = {}
    for step in [*sorted(chosen), steps]:
        again = [{**rule, "times": 1} for rule in chance.sample(AGAIN, 2)]
        made[step] = [*again, chance.choice(REFUSED), chance.choice(LATE)]
    made[steps] = [*made[steps][:2], *REFUSED]
    made[steps // 2] = [*made.get(steps // 2, ()), NO_MACHINE]
    return made
