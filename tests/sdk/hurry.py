"""Lets the SageMaker Python SDK wait less and check less."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jsonschema
from sagemaker.core import common_utils, processing, resources
from sagemaker.core.helper import session_helper

PACE = 100
"""The SDK's seconds in one of ours: it asks every 5 to 30 seconds whether something is done."""
POLLING: tuple[ModuleType, ...] = (common_utils, processing, resources, session_helper)
"""Its modules that wait."""


class HurriedClock:
    """``time`` for those modules: their clock and their naps run ``PACE`` times as fast."""

    def __init__(self) -> None:
        self._start = time.time()

    def time(self) -> float:
        return self._start + (time.time() - self._start) * PACE

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / PACE)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def validated_once() -> Callable[[Any, Any], None]:
    """``jsonschema.validate`` that looks at the same thing once.

    The SDK holds its whole defaults file against its schema whenever it looks for one default,
    dozens of times in this program, which is most of the time that it takes.
    """
    validate, seen = jsonschema.validate, set()

    def check(instance: Any, schema: Any) -> None:
        key = (id(schema), json.dumps(instance))
        if key not in seen:
            validate(instance, schema)
            seen.add(key)

    return check


def hurry() -> None:
    """Let the SDK wait less and check less; what it asks and how it reads answers stays."""
    clock = HurriedClock()
    for module in POLLING:
        vars(module)["time"] = clock
    vars(jsonschema)["validate"] = validated_once()
