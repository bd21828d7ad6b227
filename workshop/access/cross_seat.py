"""Taking what is a neighbour's, and hiding what is one's own.

By tags, by a model's name, through an execution, and by having lost one's own tags.

The boundary denies all of it, whatever is attached to the role.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workshop import tags
from workshop.access.case import (
    Case,
    Context,
    also,
    both,
    execution,
    here,
    namesake,
    of_mine,
    of_namesake,
    of_other,
    others_bucket,
    serving,
    tagging,
    theirs,
    thing,
)
from workshop.naming import Names

_JOB = thing("training-job")
_STAGE = {"aws:RequestTag/stage": "first"}


def denied() -> Iterator[Case]:
    """Give what no seat may do."""
    yield from _by_tags()
    yield from _by_model()
    yield from _by_execution()
    yield from _by_nobody()


def _as_mine(me: Names, _other: Names) -> Context:
    return tagging(me)


def _as_others(_me: Names, other: Names) -> Context:
    return tagging(other)


def _as_namesakes(me: Names, _other: Names) -> Context:
    return tagging(namesake(me))


def _by_tags() -> Iterator[Case]:
    making = {"sagemaker:TaggingAction": "CreateTrainingJob"}
    hiding = {f"aws:RequestTag/{tags.MANAGED_BY}": "nobody"}
    for about, keys in (
        ("puts its own tag on a neighbour's job", both(_as_mine, of_other)),
        ("puts its own tag on a namesake's job", both(_as_mine, of_namesake)),
        ("puts its own tag on what is nobody's", _as_mine),
        ("puts any tag on what is nobody's", lambda *_: _STAGE),
        ("puts any tag on a neighbour's job", also(of_other, _STAGE)),
        ("makes its own job a neighbour's", both(of_mine, _as_others)),
        ("makes its own job a namesake's", both(of_mine, _as_namesakes)),
        ("hides its own job", also(of_mine, hiding)),
        ("tags what it is making as a neighbour's", also(_as_others, making)),
    ):
        yield Case(about, "sagemaker:AddTags", _JOB, keys)
    yield Case("takes tags off its own job", "sagemaker:DeleteTags", _JOB, of_mine)


def _by_model() -> Iterator[Case]:
    """Give the ways to run the role of a neighbour's model."""
    for about, kind, action in (
        ("serves", "endpoint-config", "CreateEndpointConfig"),
        ("transforms by", "transform-job", "CreateTransformJob"),
        ("places", "inference-component", "CreateInferenceComponent"),
    ):
        yield Case(
            f"{about} a neighbour's model",
            f"sagemaker:{action}",
            thing(kind),
            serving(["ml.m5.large"], theirs, "{}digits"),
        )
    yield Case(
        "hides a neighbour's model among others",
        "sagemaker:CreateEndpointConfig",
        thing("endpoint-config"),
        serving(["ml.m5.large"], theirs, "{}digits", "free"),
    )
    yield Case(
        "puts another model into its component",
        "sagemaker:UpdateInferenceComponent",
        thing("inference-component"),
        of_mine,
    )


def _by_execution() -> Iterator[Case]:
    """Give the changes of an execution that carries no tags."""
    for about, action in (
        ("tries", "RetryPipelineExecution"),
        ("passes a step of", "SendPipelineExecutionStepSuccess"),
        ("fails a step of", "SendPipelineExecutionStepFailure"),
        ("stops", "StopPipelineExecution"),
        ("changes", "UpdatePipelineExecution"),
    ):
        yield Case(f"{about} a neighbour's execution", f"sagemaker:{action}", execution(theirs))
    yield Case(
        "stops an execution that tells no owner",
        "sagemaker:StopPipelineExecution",
        thing("pipeline", "/execution/abc123"),
    )


def _by_nobody() -> Iterator[Case]:
    """Give what a caller under the boundary tries who lost its tags, or never had any."""
    cases = (
        Case("stops a neighbour's job", "sagemaker:StopTrainingJob", _JOB, of_other),
        Case("stops a job that tells no owner", "sagemaker:StopTrainingJob", _JOB),
        Case(
            "opens a neighbour's notebook",
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            lambda _, other: other.notebook_arn,
        ),
        Case(
            "passes a neighbour's role",
            "iam:PassRole",
            lambda _, other: other.role_arn,
            lambda *_: {"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        Case("reads a neighbour's object", "s3:GetObject", others_bucket("/a.csv"), here),
        Case(
            "pulls from a neighbour's repository",
            "ecr:BatchGetImage",
            lambda _, other: other.repository_arn("training"),
            here,
        ),
    )
    for case in cases:
        yield replace(case, about=f"without its tags, {case.about}", by_nobody=True)
