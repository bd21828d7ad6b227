"""An attendee who tries everything: every operation that changes something, under confusing names.

Requests are filled in from botocore's service models, so that an operation of a newer release is
tried as well. Whether a seat may make one is the policy engine's to say: the requests go to a local
cloud that enforces IAM, with the credentials of the seat's role.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from tests.support.attendee_resources import IMAGE
from tests.support.small_workshop import HOME
from workshop import tags
from workshop.naming import Names

SERVICES = ("sagemaker", "s3", "ecr", "logs", "cloudwatch", "application-autoscaling")
"""What the local cloud plays of all that seats may use."""

READING = (
    *("List", "Describe", "Get", "Head", "Search", "Query", "Select", "Filter", "Render"),
    *("BatchCheck", "BatchDescribe", "BatchGet", "CreatePresigned", "Test", "StartLive"),
    *("StartQuery", "StopQuery", "WriteGet", "InvokeEndpoint", "Validate", "StartSession"),
)
"""How the names of operations begin that change nothing."""

NAMES = (
    "{own}a",
    "quarterly",
    "{own}b",
    "fraud-prod",
    "{neighbour}a",
    "{workshop}-data-science-x",
    "{OWN}a",
    "{workshop}2-ada-a",
    "pytorch-inference-2027-03-15",
    "{workshop}-cohort-a",
    "{workshop}",
    "{role}",
)
"""One's own, free ones, the organiser's, a neighbour's, and some that look like these."""

BUCKETS = (
    "{own}data-{where}",
    "{own}hoard-{where}",
    "{neighbour}data-{where}",
    "fraud-prod-data",
    "hoard-of-{seat}",
    "{workshop}-cohort-datasets-{where}",
)
REPOSITORIES = (
    "{workshop}/{seat}/training",
    "{workshop}/{seat}/hoard",
    "{workshop}/{other}/training",
    "fraud/prod",
    "hoard",
)
GROUPS = (
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/hoard",
    "/aws/sagemaker/Endpoints/{name}",
    "/aws/sagemaker/NotebookInstances",
    "/aws/sagemaker/{name}",
    "/aws/lambda/prod",
    "{name}",
)
STREAMS = ("{name}/algo-1", "hoard", "AllTraffic/i-0abc", "{neighbour}a/algo-1")
KEYS = ("train/a.csv", "models/a", "models/a/b", "models/" + "n" * 300, "a b+ü", "../x")

IMAGES = ("Image", "ImageUri", "TrainingImage")
INSTANCE_TYPES = ("ml.m5.large", "ml.t3.medium", "ml_m5")

WANTED = frozenset(
    {
        *("Tags", "AlgorithmSpecification", "TrainingImage", "TrainingInputMode", "ModelName"),
        *("PrimaryContainer", "ExecutionRoleArn", "Image", "ImageUri", "InstanceType"),
        *("InitialInstanceCount", "InstanceCount", "StoppingCondition", "ResourceConfig"),
        *("TrainingJobDefinition", "OutputDataConfig", "S3DataSource", "S3Uri", "RoleArn"),
        *("PipelineDefinition", "OfflineStoreConfig", "ModelPackageGroupName", "DataSource"),
        *("InferenceSpecification", "MetricName", "Value", "Statistic", "Period", "Body"),
        *("logEvents", "imageTag", "ResourceLimits", "HyperParameterTuningJobObjective"),
        *("S3OutputPath", "MetricDefinitions", "Namespace", "EvaluationPeriods", "Threshold"),
        *("Bucket", "ClientRequestToken", "LifecycleConfiguration", "VersioningConfiguration"),
        *("ObjectLockConfiguration", "Retention", "LegalHold", "Mode", "RetainUntilDate"),
        *("MinCapacity", "MaxCapacity", "ResourceId", "PolicyName"),
        *("Experiment", "SourceUri", "EnableOnlineStore", "OnlineStoreConfig", "DesiredWeight"),
    }
)
"""Members that AWS does not require, without which most requests are refused."""

UNFIT = frozenset({"ChecksumAlgorithm", "VersionId", "MaxWaitTimeInSeconds"})
"""Members that make a request fail before anybody looks at it."""

_DENIAL = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_DENIAL]})
_STEPS = [{"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]

PLAIN: Mapping[str, Any] = {
    **dict.fromkeys(IMAGES, IMAGE),
    **dict.fromkeys(("policyText", "policyDocument", "ResourcePolicy"), _POLICY),
    **dict.fromkeys(("registryId", "ExpectedBucketOwner"), HOME.account),
    "ClientRequestToken": "0" * 32,
    "MaxCapacity": 2,
    "MinCapacity": 1,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "ServiceNamespace": "sagemaker",
    "DashboardBody": json.dumps({"widgets": []}),
    "EventTimeFeatureName": "at",
    "FeatureDefinitions": [{"FeatureName": one, "FeatureType": "String"} for one in ("id", "at")],
    "InstanceCount": 1,
    "MaxRuntimeInSeconds": 3600,
    "Namespace": "/aws/sagemaker/TrainingJobs",
    "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": _STEPS}),
    "PlatformIdentifier": "notebook-al2023-v1",
    "RecordIdentifierFeatureName": "id",
    "Regex": "loss=(.*);",
    "Subnets": ["subnet-12345678"],
    "VolumeSizeInGB": 5,
    "VpcId": "vpc-12345678",
    "imageManifest": json.dumps({"schemaVersion": 2, "config": {"tag": "1"}, "layers": []}),
    "timestamp": 1_795_000_000_000,
}
"""Values of members that are the same in every request."""


@dataclass(frozen=True)
class Attempt:
    """One request: of which operation, about what, and with what else in it.

    ``name``, ``ref`` and ``deep`` are places in the tables above: what the request is about, what
    it refers to, and what that refers to in its turn. ``extra`` chooses among the members that may
    be left out; ``first`` makes before what the request refers to.
    """

    service: str
    operation: str
    name: int = 0
    ref: int = 0
    deep: int = 0
    extra: int = 0
    first: bool = True
    tagged: bool = True


@dataclass(frozen=True)
class Person:
    """Somebody with a role: a seat, or anybody else of the account."""

    names: Names
    neighbour: str
    role: str
    tags: tuple[tuple[str, str], ...]

    def text(self, template: str, name: str = "") -> str:
        """A name of the tables above, as it is for this person."""
        names = self.names
        return template.format(
            own=names.job_prefix,
            OWN=names.job_prefix.upper(),
            neighbour=f"{names.workshop}-{self.neighbour}-",
            other=self.neighbour,
            workshop=names.workshop,
            seat=names.seat,
            role=names.role,
            where=f"{names.account}-{names.region}",
            name=name,
        )


Call = Callable[[str, str, dict[str, Any]], Any]
"""Makes a request to a service; raises botocore's errors."""


def attempts(person: Person, attempt: Attempt, call: Call) -> Iterator[str]:
    """Make an attempt and what has to be there before; the code of each refusal, "" for none."""
    yield from _made(person, attempt, attempt.operation, call, depth=2)


def _made(
    person: Person, attempt: Attempt, operation: str, call: Call, depth: int
) -> Iterator[str]:
    model = service_model(attempt.service).operation_model(operation)
    request = _Filling(person, attempt).request(model)
    if attempt.first and depth:
        before = replace(attempt, name=attempt.ref, ref=attempt.deep)
        for service, maker in _makers(attempt.service, operation, request):
            yield from _made(person, replace(before, service=service), maker, call, depth - 1)
    try:
        call(attempt.service, operation, request)
    except ClientError as error:
        yield str(error.response["Error"]["Code"])
    except (BotoCoreError, ValueError) as error:
        yield type(error).__name__
    else:
        yield ""


def _makers(service: str, operation: str, request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The operations that make what a request refers to: ``CreateModel`` for a ``ModelName``."""
    if service == "application-autoscaling":
        return [("sagemaker", "CreateEndpoint")]
    known = changing(service)
    noun = _noun(operation)
    found = []
    for member in dict.fromkeys(_members(request)):
        other = f"Create{member.removesuffix('Name')}"
        is_own = member.removesuffix("Name") == noun and operation.startswith("Create")
        if member.endswith("Name") and other in known and not is_own:
            found.append((service, other))
    return found


def _members(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _members(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _members(one)


def _noun(operation: str) -> str:
    for verb in ("Create", "Delete", "Update", "Stop", "Start", "Put"):
        if operation.startswith(verb):
            return operation.removeprefix(verb)
    return operation


@cache
def service_model(service: str) -> Any:
    return _session().get_service_model(service)


@cache
def _session() -> Any:
    return botocore.session.Session()


@cache
def changing(service: str) -> tuple[str, ...]:
    """The operations of a service that may change something."""
    return tuple(
        name for name in service_model(service).operation_names if not name.startswith(READING)
    )


class _Filling:
    """Fills the members of one request."""

    def __init__(self, person: Person, attempt: Attempt) -> None:
        self.person = person
        self.attempt = attempt
        self.about = person.text(_at(NAMES, attempt.name))
        self.referred = person.text(_at(NAMES, attempt.ref))
        self._noun = ""
        self._depth = 0

    def request(self, model: OperationModel) -> dict[str, Any]:
        """The request of an operation."""
        self._noun = _noun(model.name)
        shape = model.input_shape
        made: dict[str, Any] = {} if shape is None else self._fill(shape, "")
        return made

    def _fill(self, shape: Shape, name: str) -> Any:
        value = self._known(shape, name)
        if value is not None:
            return value
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            return [self._fill(shape.member, name) for _ in range(_least(shape))]
        if isinstance(shape, MapShape):
            return {"key": self._fill(shape.value, name)}
        if isinstance(shape, StringShape):
            options = shape.enum or [self.referred]
            return _at(options, self.attempt.extra)
        least = int(shape.metadata.get("min") or 1)
        plain: dict[str, Any] = {
            **dict.fromkeys(("integer", "long"), least),
            **dict.fromkeys(("float", "double"), 1.0),
            "boolean": bool(self.attempt.extra % 2),
            "blob": b"content",
            "timestamp": 4_000_000_000,
        }
        return plain.get(shape.type_name, "x")

    def _structure(self, shape: StructureShape) -> dict[str, Any]:
        self._depth += 1
        chosen = [
            name
            for name in shape.members
            if name in shape.required_members or (self._depth < 6 and self._is_chosen(name))
        ]
        if not chosen and shape.members and self._depth < 6:
            chosen = [next(iter(shape.members))]
        made = {name: self._fill(shape.members[name], name) for name in chosen}
        self._depth -= 1
        if made.get("EnableManagedSpotTraining") and "StoppingCondition" in made:
            made["StoppingCondition"]["MaxWaitTimeInSeconds"] = 2 * PLAIN["MaxRuntimeInSeconds"]
        return made

    def _is_chosen(self, name: str) -> bool:
        extra = self.attempt.extra
        if name in UNFIT:
            return False
        if name == "EnableManagedSpotTraining":
            return bool(extra % 2)
        if name in WANTED:
            return self.attempt.tagged or name != "Tags"
        return extra > 0 and zlib.crc32(f"{name}{extra}".encode()) % 5 == 0

    def _known(self, shape: Shape, name: str) -> Any:
        """The value of a member that its name tells; None where it has to be made up."""
        if name in ("Tags", "tags", "TagSet"):
            return self._tags(shape)
        if name in PLAIN:
            return PLAIN[name]
        if not isinstance(shape, StringShape) or shape.enum:
            return self._machine(shape) if name == "InstanceType" else None
        tables = (self._called(name), self._linked(name), self._named(name))
        return next((value for value in tables if value is not None), None)

    @staticmethod
    def _machine(shape: Shape) -> str:
        allowed = getattr(shape, "enum", ()) or INSTANCE_TYPES
        return next(one for one in INSTANCE_TYPES if one in allowed)

    def _called(self, name: str) -> str | None:
        """What has names of its own kind: buckets, keys, repositories, groups and streams."""
        attempt = self.attempt
        texts = {
            "ResourceId": f"endpoint/{self.referred}/variant/all",
            "Policy": _POLICY.replace("{", "{{").replace("}", "}}"),
            "Bucket": _at(BUCKETS, attempt.name),
            "CopySource": f"{_at(BUCKETS, attempt.ref)}/train/a.csv",
            "Key": _at(KEYS, attempt.ref),
            "logGroupIdentifier": _at(GROUPS, attempt.name),
            "logGroupName": _at(GROUPS, attempt.name),
            "logStreamName": _at(STREAMS, attempt.ref),
            "repositoryName": _at(REPOSITORIES, attempt.name),
        }
        return self.person.text(texts[name], self.about) if name in texts else None

    def _linked(self, name: str) -> str | None:
        """ARNs and addresses."""
        person = self.person
        if name.endswith("RoleArn") or name == "ExecutionRole":
            return person.role
        if name in ("ResourceArn", "resourceArn", "ResourceARN"):
            kind = _at(("model", "endpoint", "training-job", "experiment"), self.attempt.ref)
            return person.names.sagemaker_arn(kind, self.about.lower())
        if name.endswith("Arn"):
            return self._arn(name.removesuffix("Arn"))
        if name.endswith(("Uri", "Url", "S3OutputPath", "Location")):
            return f"s3://{person.text(BUCKETS[0])}/out"
        return None

    def _named(self, member: str) -> str | None:
        """The name of what a request is about, or of what it refers to."""
        noun = member.removesuffix("Name")
        if not member.endswith("Name"):
            return None
        if noun in (self._noun, "", "Alarm", "Dashboard"):
            return self.about
        return self.referred if f"Create{noun}" in changing(self.attempt.service) else "all"

    def _arn(self, noun: str) -> str:
        """The ARN of something of a kind that a member names, ``PipelineExecution`` for one."""
        names, words = self.person.names, re.sub(r"(?<!^)(?=[A-Z])", "-", noun).lower()
        if noun == "PipelineExecution":
            return names.sagemaker_arn("pipeline", f"{self.about}/execution/abcdefghijkl")
        if noun == "ModelPackage":
            return names.sagemaker_arn("model-package", f"{self.about}/1")
        return names.sagemaker_arn(words or "artifact", self.about.lower())

    def _tags(self, shape: Shape) -> Any:
        pairs = self.person.tags
        if isinstance(shape, MapShape):
            return dict(pairs)
        if isinstance(shape, ListShape) and isinstance(shape.member, StringShape):
            return [key for key, _ in pairs]
        return [{"Key": key, "Value": value} for key, value in pairs]


def _at(options: Sequence[Any], number: int) -> Any:
    return options[number % len(options)]


def _least(shape: ListShape) -> int:
    return max(1, int(shape.metadata.get("min") or 1))


def seat(names: Names, neighbour: str) -> Person:
    """A seat with its role and its tags."""
    own = ((tags.WORKSHOP, names.workshop), (tags.ATTENDEE, names.seat))
    return Person(names, neighbour, names.role_arn, own)
