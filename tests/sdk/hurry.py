"""Lets the SageMaker Python SDK wait less and check less."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jsonschema
from clock import HurriedClock  # type: ignore[import-not-found]  # beside this program
from sagemaker.core import common_utils, processing, resources
from sagemaker.core.helper import session_helper

POLLING: tuple[ModuleType, ...] = (common_utils, processing, resources, session_helper)
"""Its modules that wait."""


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
