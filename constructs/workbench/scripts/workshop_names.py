"""The names that Python on the notebook puts the seat's prefix before, and takes it off again.

Shipped beside ``workshop_seat.py``, which registers what is here. One account holds the things of
all seats, and labs name theirs alike. So whatever a request names gets the prefix of the seat: as
it is made, and whenever it is named later. The same name gives the same, in every program; a name
that has the prefix stays; one that becomes too long ends in a hash of it. In an answer a name reads
as the program gave it. Needs Python 3.9 and botocore 1.29.

- Which members of a request are such names, the API's own model says: what a ``Create...`` takes
  with tags and a ``Describe...`` of the same asks for, and every member of that name or type.
- Names in a request's text follow: ARNs, log streams and groups, dimensions of metrics, targets of
  scaling, what Search compares, and where SageMaker puts the model of a training job.
- A repository is the seat's own of that name. The bucket that the SDK makes for the whole account
  stands for the seat's own, and so does a bucket that a program makes.
- What is not the seat's to make stays: ARNs, the cohort's, AWS's public hub, repositories of other
  accounts, and what ``WORKSHOP_KEPT_NAMES`` names (patterns between commas).
"""
# ruff: noqa: INP001 - no package
# ruff: noqa: PLC0415 - an interpreter's start must not wait for imports

from __future__ import annotations

import importlib
import os
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST = 63
# Members that the API's model does not show to be another's name.
SAME = {"RunName": "TrialComponentName"}
# Of other services, in requests of SageMaker's as well: the most characters of an alarm's name.
ALARM = ("AlarmName", "AlarmNames")
LONGEST_ALARM = 255
# Of AWS's own making, whatever type it is.
PUBLIC = "SageMakerPublicHub"
JOBS = ("TrainingJobs", "ProcessingJobs", "TransformJobs")
SHARED_BUCKET = re.compile(r"sagemaker-[a-z]+(?:-[a-z]+)+-\d-\d{12}")
ARTIFACTS = r"(?=/(?:output/(?:model|output)\.tar\.gz|debug-output|profiler-output|rule-output))"

real: dict[str, dict[str, str]] = {}
"""By member: the names that this program gave, and what they became."""
given: dict[str, dict[str, str]] = {}
"""The same the other way round."""
BUCKETS = "~/SageMaker/.workshop-buckets"
"""Holds the buckets that programs here have made, or so they think."""


def own() -> str:
    """Return the prefix of what the seat makes."""
    return os.environ.get("WORKSHOP_JOB_PREFIX", "")


def kept(name: str) -> bool:
    """Whether a name stays as it is."""
    prefix = own()
    cohort = f"{prefix.partition('-')[0]}-cohort-"
    patterns = os.environ.get("WORKSHOP_KEPT_NAMES", "").split(",")
    return (
        not name
        or name == PUBLIC
        or name.startswith((prefix, cohort, "arn:"))
        or any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def prefixed(name: str, longest: int = LONGEST) -> str:
    """Return a name with the seat's prefix; what is too long ends in a hash of the name."""
    if kept(name):
        return name
    name, slash, version = name.partition("/")
    room = longest - len(own())
    if len(name) > room:
        from hashlib import sha256

        digest = sha256(name.encode()).hexdigest()[: min(8, room)]
        name = f"{name[: room - 9]}-{digest}" if room > len(digest) + 1 else digest
    return own() + name + slash + version


def changed(member: str, name: str, longest: int = LONGEST) -> str:
    """Return the same, and remember it for answers."""
    whole = prefixed(name, longest)
    if whole != name:
        real.setdefault(member, {})[name] = whole
        given.setdefault(member, {})[whole] = name
    return whole


@cache
def sagemaker(module: str) -> Any:
    """Return the model of SageMaker's API; ``module`` is where botocore's models are."""
    loader = importlib.import_module(f"{module[: -len('.model')]}.loaders").create_loader()
    return importlib.import_module(module).ServiceModel(
        loader.load_service_model("sagemaker", "service-2"), "sagemaker"
    )


class Known:
    """The members and types of SageMaker's API that are names of what seats make."""

    def __init__(self, service: Any) -> None:
        self.members: dict[str, int] = {"AlarmName": LONGEST_ALARM}
        self.types: dict[str, str] = {}
        operations = set(service.operation_names)
        for operation in sorted(operations):
            kind = operation[len("Create") :]
            if not operation.startswith("Create") or f"Describe{kind}" not in operations:
                continue
            made = service.operation_model(operation).input_shape.members
            asked = service.operation_model(f"Describe{kind}").input_shape.required_members
            ends = [f"{kind[found.start() :]}Name" for found in re.finditer("[A-Z]", kind)]
            for member in [end for end in ends if end in made and end in asked][:1]:
                if "Tags" in made:
                    self.members[member] = made[member].metadata.get("max", LONGEST)
                    if made[member].name == member:
                        self.types[member] = member

    def member(self, member: str, shape: Any) -> str | None:
        """Return which name a member of a request or answer is, None if it is no such name."""
        if shape.type_name != "string" or member.endswith(("Contains", "DisplayName")):
            return None
        member = SAME.get(member, member)
        found = member if member in self.members else self.types.get(shape.name)
        # Models of any name may be served: nobody knows whose this one is.
        free = found == "ModelName" and not os.environ.get("WORKSHOP_MODEL_PREFIX")
        return None if free else found


@cache
def known(module: str) -> Known:
    """Return what is known of the API as a release of botocore describes it."""
    return Known(sagemaker(module))


def named(shape: Any, value: Any, change: Callable[[str, Any, Any], Any], member: str = "") -> Any:
    """Return a request or answer, or a part of it, with its texts changed."""
    if shape.type_name == "structure" and isinstance(value, dict):
        parts = shape.members
        return {
            key: named(parts[key], part, change, key) if key in parts else part
            for key, part in value.items()
        }
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        return [named(shape.member, part, change, member) for part in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: named(shape.value, part, change) for key, part in value.items()}
    if shape.type_name == "string" and isinstance(value, (str, dict)):
        return change(member, shape, value)
    return value


def text(value: Any) -> Any:
    """Return a text of a request with what it names: an ARN, an address in S3 or of an image."""
    if not isinstance(value, str):
        return value
    if "s3://" in value:  # in quotes, where the SDK writes hyper-parameters
        value = re.sub(r"(?<=s3://)[a-z0-9.-]+", lambda found: own_bucket(found[0]), value)
        return artifacts(value)
    arn = re.fullmatch(r"(arn:[^:]*:sagemaker:[^:]*:\d{12}:[a-z-]+/)([^/]+)(.*)", value)
    if arn:
        for names in real.values():
            if arn[2] in names:
                return arn[1] + names[arn[2]] + arn[3]
    image = re.fullmatch(r"((\d{12})\.dkr\.ecr\.[^/]+/)([^:@]+)(.*)", value)
    if image and image[2] == account():
        return image[1] + repository(image[3]) + image[4]
    return value


def artifacts(key: str) -> str:
    """Return a key in S3 below which SageMaker puts what a training job of this program gives."""
    for name, whole in real.get("TrainingJobName", {}).items():
        key = re.sub(rf"(?<![^/]){re.escape(name)}{ARTIFACTS}", whole, key)
    return key


def account() -> str:
    """Return the seat's account."""
    found = re.search(r":(\d{12}):", os.environ.get("WORKSHOP_ROLE_ARN", ""))
    return found[1] if found else ""


def own_bucket(name: str) -> str:
    """Return a bucket's name, that of the seat's own for one that stands for it."""
    return os.environ["WORKSHOP_BUCKET"] if stands_in(name) else name


def stands_in(name: str) -> bool:
    """Whether a bucket stands for the seat's own."""
    return bool(SHARED_BUCKET.fullmatch(name)) or made_here(name)


def made_here(name: str) -> bool:
    """Whether a program here has made a bucket, which is none."""
    try:
        names = Path(BUCKETS).expanduser().read_text(encoding="utf-8").split()
    except OSError:
        return False
    return name != os.environ["WORKSHOP_BUCKET"] and name in names


def bucket_wanted(name: str) -> None:
    """Let a bucket that a program makes stand for the seat's own, from now on."""
    own_ones = {value for key, value in os.environ.items() if key.startswith("WORKSHOP_BUCKET")}
    if name not in own_ones and not stands_in(name):
        with Path(BUCKETS).expanduser().open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def repository(name: str) -> str:
    """Return a repository of the seat's own."""
    own_path = own().replace("-", "/")
    shared = own_path.partition("/")[0] + "/cohort/"
    if name.startswith((own_path, shared)) or kept(name):
        return name
    return own_path + name


def count() -> int:
    """Return how many names this program has given without the prefix."""
    return sum(map(len, real.values()))


def renamed(member: str, name: str, service: Any) -> str:
    """Return a name that stands where no request shows what it is."""
    longest = known(type(service).__module__).members.get(member, LONGEST)
    return changed(member, name, longest)


def of_step(shape: Any, request: Any, parameters: dict[str, str], service: Any) -> Any:
    """Return the request of a pipeline's step; ``parameters`` get those that give it a name."""
    names = known(type(service).__module__)

    def change(member: str, part: Any, value: Any) -> Any:
        name = names.member(member, part)
        if isinstance(value, dict):
            where = str(value.get("Get", ""))
            if name and where.startswith("Parameters."):
                parameters[where[len("Parameters.") :]] = name
            return value
        return changed(name, value, names.members[name]) if name else text(value)

    return named(shape, request, change)


def requested(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Put the seat's prefix before what a request to SageMaker, or to what runs there, names."""
    names = known(type(model.service_model).__module__)
    literal: set[str] = context.setdefault("workshop_literal", set())

    def change(member: str, shape: Any, value: Any) -> Any:
        name = names.member(member, shape)
        if name is None or not isinstance(value, str):
            return text(value)
        whole = changed(name, value, names.members[name])
        if whole == value:
            literal.add(value)
        return whole

    if model.name == "Search":
        params.update(sought(params, names))
    if model.input_shape:
        params.update(named(model.input_shape, params, change))


def answered(parsed: dict[str, Any], model: Any, context: dict[str, Any]) -> None:
    """Let an answer of SageMaker's name things as this program has."""
    if not given or not model.output_shape:
        return
    names = known(type(model.service_model).__module__)
    literal = context.get("workshop_literal", ())

    def change(member: str, shape: Any, value: Any) -> Any:
        name = names.member(member, shape)
        if name is None or value in literal:
            return value
        return given.get(name, {}).get(value, value)

    parsed.update(named(model.output_shape, parsed, change))


def sought(value: Any, names: Known) -> Any:
    """Return what Search looks for with the names that it compares prefixed."""
    if isinstance(value, list):
        return [sought(part, names) for part in value]
    if not isinstance(value, dict):
        return value
    member = str(value.get("Name", "")).rpartition(".")[2]
    exact = value.get("Operator", "Equals") in ("Equals", "NotEquals", "In")
    if exact and member in names.members and isinstance(value.get("Value"), str):
        parts = [changed(member, part, names.members[member]) for part in value["Value"].split(",")]
        return {**value, "Value": ",".join(parts)}
    return {key: sought(part, names) for key, part in value.items()}


def logs_requested(params: dict[str, Any], **_: Any) -> None:
    """Let a request for logs name what the seat has made."""
    for key in ("logGroupName", "logGroupIdentifier", "logGroupNamePrefix"):
        folder, slash, name = str(params.get(key, "")).rpartition("/")
        if folder.endswith(("/aws/sagemaker/Endpoints", "/aws/sagemaker/InferenceComponents")):
            params[key] = folder + slash + prefixed(name)
        elif name not in JOBS or not folder.endswith("/aws/sagemaker"):
            continue
        for stream in ("logStreamName", "logStreamNamePrefix"):
            if name in JOBS and isinstance(params.get(stream), str):
                params[stream] = stream_of(params[stream])
        if name in JOBS and isinstance(params.get("logStreamNames"), list):
            params["logStreamNames"] = [stream_of(each) for each in params["logStreamNames"]]


def stream_of(name: str) -> str:
    """Return the stream of a job's log: it begins with the job's name.

    Logs of all can be open: a name that begins like another seat's is that seat's, unless this
    program has given it.
    """
    job, slash, rest = name.partition("/")
    mine = next((names[job] for names in real.values() if job in names), None)
    others = rf"{own().partition('-')[0]}-[a-z][a-z0-9]{{1,11}}-"
    return (mine or (job if re.match(others, job) else prefixed(job))) + slash + rest


def metrics_requested(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Let a request for metrics name what the seat has made."""
    names = known(type(model.service_model).__module__).members

    def changes(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [changes(part) for part in value]
        if not isinstance(value, dict):
            return value
        name, meant = value.get("Name"), value.get("Value")
        if isinstance(meant, str) and (name in names or name == "Host"):
            return {**value, "Value": stream_of(meant)}
        return {key: changes(part) for key, part in value.items()}

    params.update(changes(params))
    for member in ALARM:
        if isinstance(params.get(member), str):
            params[member] = alarm(params[member])
        elif isinstance(params.get(member), list):
            params[member] = [alarm(name) for name in params[member]]


def alarm(name: str) -> str:
    """Return an alarm's name; those of scaling policies are Application Auto Scaling's."""
    return name if name.startswith("TargetTracking-") else prefixed(name, LONGEST_ALARM)


def scaling_requested(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Let scaling name what the seat serves, and tag what is registered."""
    if params.get("ServiceNamespace") != "sagemaker":
        return
    if "Tags" in model.input_shape.members:
        mine = {tag["Key"]: tag["Value"] for tag in tags()}
        params["Tags"] = {**mine, **(params.get("Tags") or {})}

    def target(value: str) -> str:
        kind, slash, rest = value.partition("/")
        name, more, variant = rest.partition("/")
        return kind + slash + prefixed(name) + more + variant

    if isinstance(params.get("ResourceId"), str):
        params["ResourceId"] = target(params["ResourceId"])
    if isinstance(params.get("ResourceIds"), list):
        params["ResourceIds"] = [target(value) for value in params["ResourceIds"]]


def tags() -> list[dict[str, str]]:
    """Return the seat's tags."""
    import json

    found: list[dict[str, str]] = json.loads(os.environ["WORKSHOP_TAGS"])
    return found


def repository_requested(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Name the seat's own repository of that name, and tag a new one."""
    if params.get("registryId", account()) != account():
        return  # AWS's images
    if model.name == "CreateRepository":
        known = [tag.get("Key") for tag in params.get("tags") or []]
        more = [tag for tag in tags() if tag["Key"] not in known]
        params["tags"] = [*(params.get("tags") or []), *more]
    if isinstance(params.get("repositoryName"), str):
        params["repositoryName"] = repository(params["repositoryName"])
    if isinstance(params.get("repositoryNames"), list):
        params["repositoryNames"] = [repository(name) for name in params["repositoryNames"]]


def bucket_requested(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Name the seat's own bucket for one that stands for it; nothing is deleted by such a name."""
    name, source = params.get("Bucket"), params.get("CopySource")
    if not isinstance(name, str) or model.name == "CreateBucket":
        return
    if isinstance(source, str):  # as botocore has made it of whatever it was
        bucket, slash, key = source.partition("/")
        params["CopySource"] = own_bucket(bucket) + slash + artifacts(key)
    if not stands_in(name) and name != os.environ["WORKSHOP_BUCKET"]:
        return
    if not (model.name.startswith("Delete") and made_here(name)):
        params["Bucket"] = own_bucket(name)
        for member in ("Key", "Prefix"):
            if isinstance(params.get(member), str):
                params[member] = artifacts(params[member])
