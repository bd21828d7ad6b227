"""Taking what is a neighbour's, and hiding what is one's own: by tags, and by a model's name.

The boundary denies all of it, whatever is attached to the role.
"""

from __future__ import annotations

from collections.abc import Iterator

from workshop import tags
from workshop.access.case import (
    Case,
    Context,
    also,
    both,
    namesake,
    of_mine,
    of_namesake,
    of_other,
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
