"""One case of the isolation table, and the resources and condition keys that cases are made of.

``me`` acts; ``other`` is the neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workshop import tags
from workshop.access.decision import Question
from workshop.naming import Names
from workshop.settings import Profile

BY_DEFAULT = 24
"""Hours after which SageMaker ends a job that names no limit."""

Context = Mapping[str, str | list[str]]
Resource = Callable[[Names, Names], str]
Keys = Callable[[Names, Names], Context]


@dataclass(frozen=True)
class Case:
    """One thing that is tried; ``about`` says it in words."""

    about: str
    action: str
    resource: Resource
    context: Keys = lambda _me, _other: {}

    def question(self, me: Names, other: Names) -> Question:
        """Ask it of one seat about another."""
        return Question(self.action, self.resource(me, other), self.context(me, other))


def everything(_me: Names, _other: Names) -> str:
    return "*"


def tagged(names: Names) -> Context:
    return {
        f"aws:ResourceTag/{tags.ATTENDEE}": names.seat,
        f"aws:ResourceTag/{tags.WORKSHOP}": names.workshop,
    }


def tagging(names: Names) -> Context:
    return {
        f"aws:RequestTag/{tags.ATTENDEE}": names.seat,
        f"aws:RequestTag/{tags.WORKSHOP}": names.workshop,
    }


def of_mine(me: Names, _other: Names) -> Context:
    return tagged(me)


def of_other(_me: Names, other: Names) -> Context:
    return tagged(other)


def namesake(me: Names) -> Names:
    """The seat of the same id in another workshop of the account."""
    return replace(me, workshop=f"{me.workshop[:11]}x")


def of_namesake(me: Names, _other: Names) -> Context:
    return tagged(namesake(me))


def also(keys: Keys, more: Context) -> Keys:
    return lambda me, other: {**keys(me, other), **more}


def thing(kind: str) -> Resource:
    """A thing of a kind, by a name that says nothing of its owner."""
    return lambda me, _other: me.sagemaker_arn(kind, "thing")


def here(me: Names, _other: Names) -> Context:
    """S3 and ECR tell the account that owns what is asked for."""
    return {"aws:ResourceAccount": me.account}


def own_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: me.bucket_arn("data") + suffix


def others_bucket(suffix: str = "") -> Resource:
    return lambda _me, other: other.bucket_arn("data") + suffix


def default_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: f"arn:{me.partition}:s3:::sagemaker-{me.region}-{me.account}{suffix}"


def stream(of: Callable[[Names, Names], Names]) -> Resource:
    return lambda me, other: (
        f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/sagemaker/TrainingJobs"
        f":log-stream:{of(me, other).job_prefix}train/algo-1-1"
    )


def made(types: Sequence[str] = (), **keys: str) -> Keys:
    """The request of something one makes for oneself, on these instance types."""

    def context(me: Names, _other: Names) -> Context:
        more: dict[str, str | list[str]] = {
            f"sagemaker:{name}": value for name, value in keys.items()
        }
        if types:
            more["sagemaker:InstanceTypes"] = list(types)
        return {**tagging(me), **more}

    return context


def hours(profile: Profile, more: int = 0) -> str:
    return str((profile.access.max_runtime_hours + more) * 3600)
