"""Questions about what is not a seat's: of each action, about each victim, in four shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tools.iam_reference import ReferencedAction
from tools.synthesized_roles import Context
from workshop import tags
from workshop.naming import BOUNDARY, COHORT, Names

NEIGHBOUR, NAMESAKE, ORGANISER, OUTSIDER = "neighbour", "namesake", "organiser", "outsider"
EVERYBODY = "everybody"
"""The victim of what knows no resource, such as a list."""
VICTIMS = (NEIGHBOUR, NAMESAKE, ORGANISER, COHORT, OUTSIDER, EVERYBODY)
PLAIN, OWN, VICTIMS_TAGS, INSIDE = "plain", "own tags", "victim's tags", "victim's model inside"
SHAPES = (PLAIN, OWN, VICTIMS_TAGS, INSIDE)
FREE = "pytorch-inference-2027-03-15-10-00-00"
"""A name as SageMaker's SDK gives it, which names nobody's seat."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Victim:
    """Somebody else: what their things are called and tagged, and in which account they are."""

    kind: str
    names: Names
    prefix: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class SweptQuestion:
    """May a seat do ``action`` on ``resource``, the victim's, in a request of this shape."""

    action: str
    resource: str
    victim: str
    shape: str
    context: Context = field(compare=False, hash=False)


def victims(me: Names) -> tuple[Victim, ...]:
    """Return everybody whom a seat might harm."""
    neighbour = replace(me, seat=f"{me.seat[:11]}x")
    namesake = replace(me, workshop=f"{me.workshop[:11]}x")
    outsider = Names("fraud", "prod", "999988887777", me.region)
    return (
        Victim(NEIGHBOUR, neighbour, neighbour.job_prefix, _tags(neighbour)),
        Victim(NAMESAKE, namesake, namesake.job_prefix, _tags(namesake)),
        Victim(ORGANISER, replace(me, workshop="fraud", seat="prod"), "fraud-prod-", {}),
        Victim(COHORT, me.cohort, me.cohort.job_prefix, _tags(me.cohort)),
        Victim(OUTSIDER, outsider, outsider.job_prefix, {}),
    )


def _tags(names: Names) -> dict[str, str]:
    return {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}


def questions(me: Names, action: ReferencedAction, types: Sequence[str]) -> Iterator[SweptQuestion]:
    """Yield all that is asked about one action; ``types`` are instance types that are allowed."""
    for victim in victims(me):
        arns = {arn for _, pattern in action.resources for arn in _arns(victim, pattern)}
        if not arns and victim.kind != ORGANISER:
            continue
        for shape, context in _shapes(me, victim, action, types):
            for arn in sorted(arns):
                yield SweptQuestion(action.action, arn, victim.kind, shape, context)
            if not arns:
                yield SweptQuestion(action.action, "*", EVERYBODY, shape, context)


def _arns(victim: Victim, pattern: str) -> Iterator[str]:
    """Return the victim's resources of a type: with the workshop's name, and with a free one."""
    names = victim.names
    where = {"Partition": names.partition, "Region": names.region, "Account": names.account}
    for thing in (f"{victim.prefix}thing", FREE):
        known = {
            **where,
            "BucketName": names.datasets_bucket
            if victim.kind == COHORT
            else names.bucket("data")
            if thing != FREE
            else f"sagemaker-{names.region}-{names.account}",
            "ObjectName": "train/labels.csv",
            "RepositoryName": names.repository("training") if thing != FREE else thing,
            "RoleNameWithPath": f"{names.iam_path[1:]}{names.role}" if thing != FREE else thing,
            "NotebookInstanceName": names.notebook if thing != FREE else thing,
            "DashboardName": names.dashboard if thing != FREE else thing,
            "LogStreamName": f"{thing}/algo-1",
            "PolicyNameWithPath": f"{names.iam_path[1:]}{names.cohort_policy(BOUNDARY)}",
        }
        for group in _groups(thing) if "LogGroupName" in pattern else ("",):
            values = {**known, "LogGroupName": group}
            yield _VARIABLE.sub(partial(_value, values, thing), pattern)


def _value(values: Mapping[str, str], otherwise: str, found: re.Match[str]) -> str:
    return values.get(found[1], otherwise)


def _groups(thing: str) -> tuple[str, ...]:
    sagemaker = "/aws/sagemaker"
    return (f"{sagemaker}/TrainingJobs", f"{sagemaker}/Endpoints/{thing}", f"/aws/lambda/{thing}")


def _shapes(
    me: Names, victim: Victim, action: ReferencedAction, types: Sequence[str]
) -> Iterator[tuple[str, Context]]:
    """Return the requests of each shape, with the keys that AWS fills for this action alone."""
    resource: dict[str, str | list[str]] = {"aws:ResourceAccount": victim.names.account}
    for prefix in ("aws:ResourceTag", "ssm:resourceTag"):
        if f"{prefix}/${{TagKey}}" in action.keys:
            resource |= {f"{prefix}/{key}": value for key, value in victim.tags.items()}
    sound = _filled(
        action, {**_sound(me, types), "sagemaker:ModelArn": [_model(me, f"{me.job_prefix}own")]}
    )
    own = _requested(action, _tags(me))
    yield PLAIN, resource
    yield OWN, {**resource, **sound, **own}
    yield VICTIMS_TAGS, {**resource, **sound, **_requested(action, victim.tags)}
    for model in (f"{victim.prefix}own", FREE):
        making: dict[str, str | list[str]] = {
            "sagemaker:TaggingAction": "CreateTransformJob",
            "sagemaker:ModelArn": [_model(victim.names, model)],
        }
        yield INSIDE, {**resource, **sound, **_filled(action, making), **own}


def _model(names: Names, name: str) -> str:
    return names.sagemaker_arn("model", name)


def _sound(me: Names, types: Sequence[str]) -> dict[str, str | list[str]]:
    """Values of condition keys that a seat's own policies ask for."""
    return {
        "sagemaker:InstanceTypes": list(types),
        "sagemaker:MaxRuntimeInSeconds": "3600",
        "sagemaker:FeatureGroupOfflineStoreS3Uri": f"s3://{me.bucket('data')}/features",
        "iam:PassedToService": "sagemaker.amazonaws.com",
        "cloudwatch:namespace": "/aws/sagemaker/TrainingJobs",
        "s3:x-amz-storage-class": "STANDARD",
        "ec2:SourceInstanceARN": f"arn:{me.partition}:ec2:{me.region}:{me.account}:instance/i-own",
        "ec2:osuser": "ubuntu",
        "ssm:SessionDocumentAccessCheck": "true",
    }


def _filled(action: ReferencedAction, values: Context) -> Context:
    return {key: value for key, value in values.items() if key in action.keys}


def _requested(action: ReferencedAction, given: Mapping[str, str]) -> Context:
    if "aws:RequestTag/${TagKey}" not in action.keys:
        return {}
    return {
        **{f"aws:RequestTag/{key}": value for key, value in given.items()},
        "aws:TagKeys": list(given),
    }
