"""The isolation table: what a seat must be able to do, and what it must not.

``matrix.yaml`` holds the cases and says how to read them. Each is asked of the policies as they
are, by ``workshop access matrix`` and by the tests, which ask two policy engines.

Where each seat has an account of its own, a neighbour's is what another account has by the same
name, and that account has shared it with nobody: the cases about that are asked across accounts.
Those in which a request only names a neighbour ask nothing there, since all seats have one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict

from workshop.access.permissions import AccessQuestion, user_id
from workshop.config.instance_types import expanded
from workshop.config.profiles import LONGEST_WARM_POOL, Profile
from workshop.naming import Names

_FILE = Path(__file__).with_name("matrix.yaml")
_DEFAULT_HOURS = 24
"""Hours after which SageMaker ends a job that names no limit."""

_NEIGHBOUR = "{other."
_A_NEIGHBOUR = re.compile("a neighbour's|a neighbour")

Keys = Mapping[str, str | list[str]]
"""Condition keys of a request, with placeholders."""


@dataclass(frozen=True)
class AccessCase:
    """One row of the table for one profile; ``about`` says in words what is tried.

    ``action``, ``resource`` and ``context`` are texts with placeholders, which :meth:`question`
    fills; ``values`` are those that the profile knows. ``foreign`` is what another account has.
    """

    about: str
    action: str
    resource: str
    context: Keys
    by_nobody: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False

    @property
    def names_neighbour(self) -> bool:
        """Whether it is about a neighbour in any way."""
        return _NEIGHBOUR in f"{self.resource} {[*self.context.values()]}"

    @property
    def of_neighbour(self) -> bool:
        """Whether what it is done to is a neighbour's: by its name, or by the tags it carries."""
        carried = [value for key, value in self.context.items() if "resourceTag/" in _lower(key)]
        return _NEIGHBOUR in f"{self.resource} {carried}"

    def across(self) -> AccessCase:
        """Return the same about what another account has."""
        return replace(self, about=_A_NEIGHBOUR.sub("another account's", self.about), foreign=True)

    def question(self, me: Names, other: Names) -> AccessQuestion:
        """Return the question that asks it of the seat ``me`` about its neighbour ``other``."""
        owner = other if self.foreign else me
        values = {**_values_of_seats(me, other, owner), **self.values}
        context = {
            key: [text.format_map(values) for text in value]
            if isinstance(value, list)
            else value.format_map(values)
            for key, value in self.context.items()
        }
        return AccessQuestion(
            self.action,
            self.resource.format_map(values),
            context,
            by_nobody=self.by_nobody,
            shared=not self.foreign,
        )


def allowed(profile: Profile, *, own_account: bool = False) -> list[AccessCase]:
    """Return what a seat of the profile must be able to do.

    ``own_account`` says that each seat has an account of its own.
    """
    return list(_cases("allowed", profile, own_account=own_account))


def denied(profile: Profile, *, own_account: bool = False) -> list[AccessCase]:
    """Return what no seat of the profile may do, to a neighbour or at all.

    ``own_account`` says that each seat has an account of its own.
    """
    cases = list(_cases("denied", profile, own_account=own_account))
    if not own_account:
        return cases
    return [
        case.across() if case.of_neighbour else case
        for case in cases
        if case.of_neighbour or not case.names_neighbour
    ]


def console() -> list[AccessCase]:
    """Return what a console role must be able to do beside what the seat does."""
    sections = [section for section in _table().sections if section.caller == "console"]
    return [case for section in sections for case in section.rows(_table().contexts, {})]


def _as_list(context: str | Keys | list[str | Keys]) -> list[str | Keys]:
    return context if isinstance(context, list) else [context]


_Context = Annotated[str | Keys | list[str | Keys], AfterValidator(_as_list)]
"""The name of a context, condition keys, or a list of both that add up."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    expect: Literal["allowed", "denied"]
    why: str
    cases: list[list[Any]]
    when: tuple[str, ...] = ()
    each: str | None = None
    caller: Literal["seat", "untagged", "console"] = "seat"
    resource: str | None = None
    context: _Context = []

    def rows(self, contexts: Mapping[str, Keys], values: Mapping[str, str]) -> Iterator[AccessCase]:
        """Yield the section's cases; ``values`` are those of the profile."""
        for about, action, *rest in self.cases:
            resource = rest.pop(0) if self.resource is None else self.resource
            merged: dict[str, str | list[str]] = {}
            for part in [*_as_list(self.context), *(_as_list(rest[0]) if rest else [])]:
                merged.update(contexts[part] if isinstance(part, str) else part)
            yield AccessCase(
                about.format_map(values),
                action,
                resource,
                merged,
                by_nobody=self.caller == "untagged",
                values=values,
            )


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    contexts: dict[str, Keys]
    sections: list[_Section]


@lru_cache(maxsize=1)
def _table() -> _Table:
    return _Table.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def _cases(expect: str, profile: Profile, *, own_account: bool) -> Iterator[AccessCase]:
    """Yield the cases of the sections that the profile is subject to."""
    table, values, lists = _table(), _values_of_profile(profile), _lists(profile)
    for section in table.sections:
        if section.expect != expect or section.caller == "console":
            continue
        if not all(
            _holds(condition, profile, own_account=own_account) for condition in section.when
        ):
            continue
        each = [{}] if section.each is None else [{"each": value} for value in lists[section.each]]
        for more in each:
            yield from section.rows(table.contexts, {**values, **more})


def _holds(condition: str, profile: Profile, *, own_account: bool = False) -> bool:
    """Whether a word of ``when`` is true of a profile, or with "not" before it, is not true."""
    access, scoped = profile.access, profile.access.mode == "scoped"
    word = condition.removeprefix("not ")
    facts = {
        "autoscaling": scoped and access.autoscaling,
        "box": profile.has_box,
        "console": access.has_console,
        "feature_store": access.feature_store,
        "managed": access.mode == "managed",
        "mlflow": scoped and profile.mlflow is not None,
        "mlflow_app": scoped and profile.mlflow == "app",
        "mlflow_shared": scoped and profile.shared_mlflow is not None,
        "model_packages": access.model_packages,
        "model_prefix": access.model_prefix,
        "own_account": own_account,
        "scoped": scoped,
        "search": access.search,
        "serverless": scoped and access.serverless is not None,
        "shared_logs": access.logs == "shared",
        "short_jobs": access.max_runtime_hours < _DEFAULT_HOURS,
        "short_pools": access.warm_pool_minutes < LONGEST_WARM_POOL,
        "vpc": profile.notebook.vpc is not None,
        "warm_pools": access.warm_pool_minutes > 0,
    }
    training = expanded("training", access.training_instance_types)
    holds = word in training if word.startswith("ml.") else facts[word]
    return holds is (word == condition)


def _lists(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Return the lists of a profile that ``each`` may name."""
    access, vpc = profile.access, profile.notebook.vpc
    return {
        "training_types": expanded("training", access.training_instance_types),
        "processing_types": expanded("processing", access.processing_instance_types),
        "endpoint_types": expanded("endpoint", access.endpoint_instance_types),
        "public_buckets": access.public_buckets,
        "security_groups": vpc.security_group_ids if vpc else (),
    }


def _values_of_profile(profile: Profile) -> dict[str, str]:
    access, vpc, pool = profile.access, profile.notebook.vpc, profile.access.warm_pool_minutes * 60
    serverless = access.serverless
    return {
        "training_type": expanded("training", access.training_instance_types)[0],
        "processing_type": expanded("processing", access.processing_instance_types)[0],
        "endpoint_type": expanded("endpoint", access.endpoint_instance_types)[0],
        "max_runtime": str(access.max_runtime_hours * 3600),
        "over_max_runtime": str((access.max_runtime_hours + 1) * 3600),
        "max_pool": str(pool),
        "over_max_pool": str(pool + 60),
        **({"shared_mlflow": profile.shared_mlflow} if profile.shared_mlflow else {}),
        **(
            {
                "max_concurrency": str(serverless.max_concurrency),
                "over_max_concurrency": str(serverless.max_concurrency + 1),
                "max_memory": str(serverless.memory_mb),
                "over_max_memory": str(serverless.memory_mb + 1024),
            }
            if serverless
            else {}
        ),
        **({"subnet": vpc.subnet_id} if vpc else {}),
    }


def _values_of_seat(names: Names) -> SimpleNamespace:
    """Return what a placeholder such as ``{me.bucket}`` may name of a seat."""
    return SimpleNamespace(
        workshop=names.workshop,
        id=names.seat,
        prefix=names.job_prefix,
        bucket=names.bucket_arn("data"),
        repository=names.repository_arn("training"),
        notebook=names.notebook_arn,
        role=names.role_arn,
        boundary=names.boundary_arn,
        organiser=f"arn:{names.partition}:iam::{names.account}:role{names.iam_path}"
        f"{names.organiser_role}",
        dashboard=names.dashboard_arn,
        user=user_id(names),
    )


def _lower(key: str) -> str:
    """Return a condition key with the spelling that IAM's own and Systems Manager's share."""
    return key.replace("ResourceTag/", "resourceTag/")


@lru_cache(maxsize=16)
def _values_of_seats(me: Names, other: Names, owner: Names) -> dict[str, Any]:
    """Return the placeholders; ARNs without a name are those of the account of ``owner``."""
    arn = f"arn:{me.partition}"
    regional = (
        *("athena", "cloudformation", "cloudwatch", "ec2", "ecr", "glue", "kms", "logs"),
        *("sagemaker", "ssm"),
    )
    return {
        "me": _values_of_seat(me),
        "other": _values_of_seat(other),
        "namesake": _values_of_seat(replace(me, workshop=f"{me.workshop[:11]}x")),
        "account": owner.account,
        "partition": me.partition,
        "region": me.region,
        "datasets": owner.datasets_bucket_arn,
        "hub": f"{arn}:sagemaker:{me.region}:aws",
        "iam": f"{arn}:iam::{owner.account}",
        "scaling": f"{arn}:application-autoscaling:{me.region}:{owner.account}:scalable-target",
        "s3": f"{arn}:s3::",
        **{service: f"{arn}:{service}:{me.region}:{owner.account}" for service in regional},
    }
