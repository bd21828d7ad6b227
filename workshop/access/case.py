"""One case of the isolation table, and the resources and condition keys that cases are made of.

``me`` acts; ``other`` is the neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workshop import tags
from workshop.access.permissions import AccessQuestion
from workshop.config.models import Profile
from workshop.naming import Names

BY_DEFAULT = 24
"""Hours after which SageMaker ends a job that names no limit."""

Context = Mapping[str, str | list[str]]
Resource = Callable[[Names, Names], str]
Keys = Callable[[Names, Names], Context]
Whose = Callable[[Names, Names], Names]


@dataclass(frozen=True)
class Case:
    """One thing that is tried; ``about`` says it in words."""

    about: str
    action: str
    resource: Resource
    context: Keys = lambda _me, _other: {}
    by_nobody: bool = False

    def question(self, me: Names, other: Names) -> AccessQuestion:
        """Ask it of one seat about another."""
        context = self.context(me, other)
        return AccessQuestion(
            self.action, self.resource(me, other), context, by_nobody=self.by_nobody
        )


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


def both(one: Keys, another: Keys) -> Keys:
    return lambda me, other: {**one(me, other), **another(me, other)}


def also(keys: Keys, more: Context) -> Keys:
    return lambda me, other: {**keys(me, other), **more}


def thing(kind: str, below: str = "") -> Resource:
    """A thing of a kind, by a name that says nothing of its owner, or what is below it."""
    return lambda me, _other: me.sagemaker_arn(kind, f"thing{below}")


def here(me: Names, _other: Names) -> Context:
    """S3 and ECR tell the account that owns what is asked for."""
    return {"aws:ResourceAccount": me.account}


def at_home_of_all(_me: Names, _other: Names) -> Context:
    """Global services answer from one Region, whatever the caller's."""
    return {"aws:RequestedRegion": "us-east-1"}


def bucket(path: str) -> Resource:
    """A bucket by its whole name, or an object in it."""
    return lambda me, _other: f"arn:{me.partition}:s3:::{path}"


def own_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: me.bucket_arn("data") + suffix


def others_bucket(suffix: str = "") -> Resource:
    return lambda _me, other: other.bucket_arn("data") + suffix


def default_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: f"arn:{me.partition}:s3:::sagemaker-{me.region}-{me.account}{suffix}"


def mine(me: Names, _other: Names) -> Names:
    return me


def theirs(_me: Names, other: Names) -> Names:
    return other


def logs(of: Whose, text: str) -> Resource:
    """A log group or stream below ``/aws/sagemaker/``; ``{}`` in the text is a seat's prefix."""
    return lambda me, other: (
        f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/sagemaker/"
        + text.format(of(me, other).job_prefix)
    )


def stream(of: Whose) -> Resource:
    return logs(of, "TrainingJobs:log-stream:{}train/algo-1-1")


def execution(of: Whose) -> Resource:
    """An execution of a pipeline that is named after its seat."""
    return lambda me, other: me.sagemaker_arn(
        "pipeline", f"{of(me, other).job_prefix}train/execution/abc123"
    )


def serving(types: Sequence[str], of: Whose, *models: str) -> Keys:
    """The request of something that serves models; ``{}`` in their names is a seat's prefix."""

    def context(me: Names, other: Names) -> Context:
        names = [text.format(of(me, other).job_prefix) for text in models]
        arns = [me.sagemaker_arn("model", name) for name in names]
        return {**made(types)(me, other), "sagemaker:ModelArn": arns}

    return context


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


TIMED = (
    ("CreateTrainingJob", "training-job"),
    ("CreateHyperParameterTuningJob", "hyper-parameter-tuning-job"),
    ("CreateProcessingJob", "processing-job"),
)
"""Jobs that may be asked to end after a time."""
CAPPED = (
    *TIMED,
    ("CreateTransformJob", "transform-job"),
    ("CreateEndpointConfig", "endpoint-config"),
)
"""What runs on machines whose types are capped."""


def usual_type(profile: Profile, action: str) -> str:
    """An instance type that the profile allows for an action of TIMED."""
    access = profile.access
    training = action != "CreateProcessingJob"
    return (access.training_instance_types if training else access.processing_instance_types)[0]


def hours(profile: Profile, more: int = 0) -> str:
    return str((profile.access.max_runtime_hours + more) * 3600)
