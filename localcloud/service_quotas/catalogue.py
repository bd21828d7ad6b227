"""Which quotas there are: ``quotas.yaml``, with one per instance type where it says so.

Codes are AWS's own where the file gives one. All others are made up here from service and name, the
same in every run: an AWS account has other codes, so clients must find those quotas by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore.model import StringShape

from localcloud.protocol import models

DATA = Path(__file__).with_name("quotas.yaml")


class UnknownQuotaError(Exception):
    """A quota that the data file lacks: a mistake of ours."""


@dataclass(frozen=True)
class Quota:
    """One quota as the file has it; ``applied`` is what every account begins with."""

    service: str
    service_name: str
    code: str
    name: str
    default: float
    applied: float
    counts: str = "Instances"
    adjustable: bool = True
    is_global: bool = False


class Catalogue:
    """All quotas of all services, found by code and by name."""

    def __init__(self, quotas: Iterator[Quota]) -> None:
        self.service_names: dict[str, str] = {}
        self._by_code: dict[str, dict[str, Quota]] = {}
        self._by_name: dict[str, dict[str, Quota]] = {}
        for quota in sorted(quotas, key=lambda quota: (quota.service, quota.code)):
            self.service_names[quota.service] = quota.service_name
            codes = self._by_code.setdefault(quota.service, {})
            names = self._by_name.setdefault(quota.service, {})
            if quota.code in codes or quota.name in names:
                raise ValueError(f"{quota.service} has two quotas {quota.code} or '{quota.name}'")
            codes[quota.code] = names[quota.name] = quota

    def of(self, service: str) -> list[Quota]:
        """All quotas of a service in the order of their codes; none if it is unknown."""
        return list(self._by_code.get(service, {}).values())

    def by_code(self, service: str, code: str) -> Quota | None:
        return self._by_code.get(service, {}).get(code)

    def by_name(self, service: str, name: str) -> Quota | None:
        return self._by_name.get(service, {}).get(name)


@cache
def shipped() -> Catalogue:
    """Return the quotas of ``quotas.yaml`` (0.05 s, once)."""
    document = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return Catalogue(quota for code, part in document.items() for quota in _service(code, part))


def made_up_code(service: str, name: str) -> str:
    """Return a code of the usual form, always the same for the same quota."""
    return f"L-{hashlib.sha256(f'{service}/{name}'.encode()).hexdigest()[:8].upper()}"


def _service(code: str, part: Mapping[str, Any]) -> Iterator[Quota]:
    for row in part["quotas"]:
        yield _quota(code, part["name"], **row)
    for rule in part.get("per_type", ()):
        for instance_type in _instance_types(code, rule["types"]):
            yield _quota(
                code,
                part["name"],
                name=rule["name"].format(type=instance_type),
                code=rule.get("codes", {}).get(instance_type),
                default=_first_match(rule["default"], instance_type),
                applied=_first_match(rule["applied"], instance_type),
                counts=rule.get("counts", "Instances"),
            )


def _quota(service: str, service_name: str, **row: Any) -> Quota:
    code = row.pop("code", None) or made_up_code(service, row["name"])
    default = float(row.pop("default"))
    return Quota(
        service=service,
        service_name=service_name,
        code=code,
        default=default,
        applied=float(row.pop("applied", default)),
        is_global=row.pop("global", False),
        **row,
    )


def _instance_types(service: str, shape_name: str) -> list[str]:
    shape = models.service_model(service).shape_for(shape_name)
    if not isinstance(shape, StringShape) or not shape.enum:
        raise ValueError(f"{shape_name} of {service} lists no instance types")
    return list(shape.enum)


def _first_match(values: Mapping[str, float], instance_type: str) -> float:
    return next(value for pattern, value in values.items() if fnmatchcase(instance_type, pattern))
