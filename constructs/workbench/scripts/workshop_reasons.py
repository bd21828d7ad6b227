"""Why AWS denies a call of Python's on the notebook, in one sentence that the error ends with.

Shipped beside ``workshop_seat.py``, which registers :func:`denied`. AWS says that a call is denied
and by what kind of policy, not by which rule. The rules that a seat meets are in its environment
(``WORKSHOP_*``), and the request shows which of them it breaks; the sentence says which, what is
open instead, and the key of the workshop's YAML by which the organiser opens it. The error's code
stays, and so does AWS's own text before the sentence. Needs Python 3.9 and botocore 1.29.
"""
# ruff: noqa: INP001 - no package

from __future__ import annotations

import json
import os
import re
from fnmatch import fnmatchcase

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CODES = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation")
# What is capped by the type of its machines: the word in the sentence, and that of the YAML's key.
CAPPED = {
    "CreateTrainingJob": ("training", "training"),
    "CreateHyperParameterTuningJob": ("training", "training"),
    "CreateProcessingJob": ("processing", "processing"),
    "CreateTransformJob": ("batch transform", "processing"),
    "CreateEndpointConfig": ("endpoints", "endpoint"),
}
HOUR = 3600
NAME = 2048
"""Characters of the longest text that may be a name or an ARN."""
# Closed whatever the YAML says; patterns of ``service:Operation``.
CLOSED = {
    "sagemaker:*MonitoringSchedule*": "Model Monitor",
    "sagemaker:*JobDefinition*": "Model Monitor",
    "sagemaker:*AutoML*": "Autopilot",
    "sagemaker:*Mlflow*": "an MLflow server of one's own",
    "sagemaker:*Domain*": "Studio",
    "sagemaker:*UserProfile*": "Studio",
    "sagemaker:*Space*": "Studio",
    "sagemaker:*App": "Studio",
    "sagemaker:*Apps": "Studio",
    "sagemaker:*Cluster*": "HyperPod",
    "sagemaker:*Label*": "labeling by people",
    "sagemaker:*NotebookInstance*": "any notebook but your own",
    "sagemaker:*InferenceRecommendations*": "the inference recommender",
    "sagemaker:*InferenceExperiment*": "a shadow test",
    "sagemaker:*CompilationJob*": "Neo",
    "iam:*": "making or changing roles",
}
WHY_CLOSED = {
    "Autopilot": "it chooses its machines by itself, and nothing could cap what they cost",
    **dict.fromkeys(("Model Monitor", "Clarify"), "AWS has closed it to new customers"),
}
# What keys of the YAML open as a whole; those that do are in ``WORKSHOP_OPENED``.
OPENED = {
    "sagemaker:*FeatureGroup*": ("the feature store", "feature_store"),
    "sagemaker-featurestore-runtime:*": ("the feature store", "feature_store"),
    "sagemaker:CreateModelPackage": ("registering models", "model_packages"),
    "sagemaker:Search": ("searching the records of all seats", "search"),
    "application-autoscaling:*": ("scaling endpoints", "autoscaling"),
    "cloudwatch:*Alarm*": ("having alarms", "autoscaling"),
}
# What every seat may do: it is denied to one that has been stopped, and when the workshop is over.
OPEN = (
    *CAPPED,
    *("CreateModel", "CreateEndpoint", "CreatePipeline", "CreateModelPackageGroup"),
    *("CreateExperiment", "CreateTrial", "CreateTrialComponent", "CreateContext", "CreateArtifact"),
)
# Actions of SageMaker's that no YAML opens (``workshop.policies.actions``).
SHUT = (
    "*AutoMLJob* *Cluster* *ComputeQuota *Edge* *HubModel *InferenceExperiment "
    "*MonitoringSchedule *Policy *Portfolio *TrainingPlan *Workforce *teDomain *teMlflow* "
    "*teNotebookInstance* *tePartnerApp* *teSpace *teUserProfile Create*JobDefinition "
    "Create*tion*Job CreateAI* CreateAlgorithm CreateApp CreateJob CreateLabelingJob "
    "CreateModelCardExportJob CreatePresignedDomainUrl CreateReservedCapacity "
    "CreateStudioLifecycleConfig DeleteTags StartHumanLoop StartMlflow* StartSession "
    "UpdateInferenceComponent"
)
# What a seat may do to what is its own.
USES = (
    "*Pipeline*Execution* AddAssociation AddTags AssociateTrialComponent BatchGetRecord "
    "BatchPutMetrics DeleteA* DeleteContext DeleteE* DeleteFeatureGroup DeleteInferenceC* "
    "DeleteModel* DeleteP* DeleteRecord DeleteTr* Describe* DisassociateTrialComponent "
    "GetRecord InvokeEndpoint* ListPipeline* ListTags PutRecord RetryPipelineExecution "
    "StartPipelineExecution Stop* UpdateE* UpdateFeature* UpdateInferenceComponentR* "
    "UpdateModelPackage UpdatePipeline* UpdateTrial*"
)


def variable(name: str) -> list[str]:
    """Return what a variable of the seat lists."""
    return [part for part in os.environ.get(f"WORKSHOP_{name}", "").split(",") if part]


def listed(words: list[str]) -> str:
    """Return words as a sentence lists them."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def found(value: Any, *members: str) -> Iterator[Any]:
    """Return the values of members of these names, wherever they stand in a request."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in members:
                yield part
            else:
                yield from found(part, *members)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from found(part, *members)


def asks(key: str) -> str:
    """Return the end of a sentence: whom to ask for what."""
    return f"ask the organiser, who can open it with {key}"


def of_types(operation: str, request: dict[str, Any]) -> str | None:
    """Return which types of machines a request names that are not open."""
    what, key = CAPPED.get(operation, ("", ""))
    allowed = variable(f"{key.upper()}_INSTANCE_TYPES")
    types = [each for each in found(request, "InstanceType") if isinstance(each, str)]
    closed = {each for each in types if not any(fnmatchcase(each, pattern) for pattern in allowed)}
    if not allowed or (types and not closed):
        return None
    open_ones = f"{listed(allowed)} {'is' if len(allowed) == 1 else 'are'}"
    if not closed:
        return f"the request names no instance type; {open_ones} open for {what}"
    return (
        f"{listed(sorted(closed))} {'is' if len(closed) == 1 else 'are'} not open for {what} here,"
        f" {open_ones}; {asks(f'access.{key}_instance_types')}"
    )


def of_compute(operation: str, request: dict[str, Any]) -> str | None:
    """Return which cap a request for machines breaks."""
    hours = int(os.environ.get("WORKSHOP_MAX_RUNTIME_HOURS", "0"))
    longest = max([0, *(n for n in found(request, "MaxRuntimeInSeconds") if isinstance(n, int))])
    pool = max([0, *(n for n in found(request, "KeepAlivePeriodInSeconds") if isinstance(n, int))])
    minutes = os.environ.get("WORKSHOP_WARM_POOL_MINUTES", "")
    if any(found(request, "ServerlessConfig", "ServerlessJobConfig")):
        far = (
            "open here, but not that large" if "serverless" in variable("OPENED") else "closed here"
        )
        return f"serverless is {far}; {asks('access.serverless')}"
    reasons = [of_types(operation, request)]
    if hours and longest > hours * HOUR:
        reasons.append(
            f"a job may take {hours} h here and this one asks for {longest / HOUR:g} h (max_run,"
            f" MaxRuntimeInSeconds); {asks('access.max_runtime_hours')}"
        )
    if minutes and pool > int(minutes) * 60:
        most = f"kept for {minutes} minutes at most" if minutes != "0" else "not open"
        reasons.append(
            f"warm pools are {most} here and this job asks for {pool / 60:g} minutes"
            f" (keep_alive_period_in_seconds); {asks('access.warm_pools')}"
        )
    if any(found(request, "EnableRemoteDebug")):
        reasons.append("remote debugging of training is closed in workshops")
    if any(found(request, "FileSystemDataSource")):
        reasons.append("file systems are closed in workshops; put the data into S3")
    return next(filter(None, reasons), None)


def of_tags(request: dict[str, Any]) -> str | None:
    """Return which of the seat's own tags a request gives another value."""
    mine = {tag["Key"]: tag["Value"] for tag in json.loads(os.environ.get("WORKSHOP_TAGS", "[]"))}
    for tag in request.get("Tags") or []:
        key, value = tag.get("Key"), tag.get("Value")
        if key in ("attendee", "workshop") and mine.get(key, value) != value:
            return f"the tag {key} of what you make is {mine[key]}, not {value}; leave it out"
    return None


def of_names(request: dict[str, Any], message: str) -> str | None:
    """Return which neighbour's a resource is that a request, or AWS's text about it, names."""
    prefix = os.environ.get("WORKSHOP_JOB_PREFIX", "")
    workshop, _, seat = prefix.rstrip("-").partition("-")
    text = " ".join([message, *(part for part in leaves(request) if len(part) <= NAME)])
    names = re.findall(r"\barn:[^:\s]*:[a-z0-9-]+:[^:\s]*:[^:\s]*:(?:[a-z-]+[/:])?(\S+)", text)
    names += re.findall(r"s3://(\S+)", text)
    names += [str(request.get(key, "")) for key in ("Bucket", "repositoryName", "logStreamName")]
    for name in names:
        other = re.match(rf"{workshop}([-/])([a-z][a-z0-9]{{1,11}})\1[\w.-]+", name)
        if seat and other and other[2] not in (seat, "cohort"):
            return f"{other[0]} belongs to the seat {other[2]}; what is yours begins with {prefix}"
    return None


def leaves(value: Any) -> Iterator[str]:
    """Return the texts of a request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)


def of_buckets(operation: str, request: dict[str, Any]) -> str:
    """Return which rule for buckets a request to S3 breaks."""
    bucket, own = str(request.get("Bucket", "")), os.environ.get("WORKSHOP_BUCKET", "")
    datasets = os.environ.get("WORKSHOP_DATASETS", "")[len("s3://") :].rstrip("/")
    public, reads = variable("PUBLIC_BUCKETS"), operation.startswith(("Get", "List", "Head"))
    besides = f", to read also {listed(public)}" if public else ""
    why = (
        f"the bucket {bucket} is not open here, yours is {own}{besides};"
        f" {asks('access.public_buckets')}{'' if reads else ', to be read'}"
    )
    if not bucket:
        why = f"buckets are not listed; yours is {own}"
    elif bucket == datasets:
        why = f"the workshop's datasets are to be read alone; write to {own}"
    elif bucket in public:
        why = f"{bucket} is open to get and list its objects alone; write to {own}"
    elif bucket.startswith(os.environ.get("WORKSHOP_JOB_PREFIX", "-")):
        why = f"{operation} is not open to a seat, not even on {bucket}"
        if request.get("StorageClass", "STANDARD") != "STANDARD":
            why = "objects are of the storage class STANDARD here"
        elif request.get("SSECustomerAlgorithm"):
            why = "objects are encrypted with AWS's own keys here"
    return why


def of_places(service: str, request: dict[str, Any], region: str) -> str | None:
    """Return which Region a request is about that is not the workshop's."""
    here = re.search(r"-\d{12}-([a-z0-9-]+)$", os.environ.get("WORKSHOP_BUCKET", ""))
    if not here:
        return None
    if region not in ("", here[1]) and service not in ("s3", "iam", "sts"):
        return f"the workshop is in {here[1]} and nothing is open in {region}"
    image = re.search(r"\.dkr\.ecr\.([a-z0-9-]+)\.", " ".join(leaves(request)))
    if image and image[1] != here[1]:
        return f"the image is in {image[1]} and the workshop in {here[1]}: take that of {here[1]}"
    return None


def of_messages(message: str) -> str | None:
    """Return what AWS's own text says of the rule."""
    if re.search(r"-cohort-\S+-end\b", message):
        return "the workshop has ended and nothing new can be made; ask the organiser"
    if re.search(r"-cohort-\S+-freeze\b", message):
        return "your seat has been stopped and nothing new can be made; ask the organiser"
    if "iam:PassRole" in message:
        return f"the role has to be your own, {os.environ.get('WORKSHOP_ROLE_ARN')}"
    return None


def matches(operation: str, patterns: str) -> bool:
    """Return whether an operation is one of those in a text."""
    return any(fnmatchcase(operation, pattern) for pattern in patterns.split())


def of_mlflow(operation: str) -> str | None:
    """Return which MLflow is the seat's to use."""
    if "Mlflow" not in operation or not re.match("Call|CreateP|Describe|List", operation):
        return None
    mine = os.environ.get("MLFLOW_TRACKING_URI")
    return f"the MLflow that you use is {mine}" if mine else f"MLflow is not here; {asks('mlflow')}"


def of_closed(service: str, operation: str, request: dict[str, Any]) -> str | None:
    """Return what is closed whatever the YAML says."""
    action = f"{service}:{operation}"
    closed = [what for pattern, what in CLOSED.items() if fnmatchcase(action, pattern)]
    if any("clarify-processing" in text for text in leaves(request)):
        closed = ["Clarify"]
    if closed:
        why = WHY_CLOSED.get(closed[0])
        return f"{closed[0]} is closed in workshops{f': {why}' if why else ''}"
    if service == "sagemaker" and matches(operation, SHUT):
        return f"{action} is closed in workshops, whatever the YAML says"
    return None


def of_kinds(service: str, operation: str, request: dict[str, Any], message: str = "") -> str:
    """Return what a key of its own opens, or is not there, or only the organiser can open."""
    action = f"{service}:{operation}"
    for pattern, (what, key) in OPENED.items():
        if fnmatchcase(action, pattern) and key not in variable("OPENED"):
            return f"{what} is not open here; {asks(f'access.{key}')}"
    prefix = os.environ.get("WORKSHOP_JOB_PREFIX", "-")
    texts = [text.rpartition("/")[2] for text in leaves(request)]
    named = next((text for text in texts if text.startswith(prefix)), None)
    if service.startswith("sagemaker") and named and matches(operation, USES):
        return f"there is no {named} that is yours: it may be gone, or was never made"
    if service == "ecr":
        return "only repositories of your own are open, see WORKSHOP_REPOSITORY_* in WORKSHOP.md"
    if service == "sagemaker" and operation in OPEN:
        return "the workshop may be over, or your seat may have been stopped; ask the organiser"
    # A client has another name than its service in IAM, such as bedrock-runtime.
    said = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)", message)
    return f"{said[1] if said else action} is not open here; {asks('access.extra_statements')}"


def reason(
    service: str, operation: str, request: dict[str, Any], region: str = "", message: str = ""
) -> str:
    """Return the sentence: which rule denies a request, and what is open instead."""
    return (
        of_messages(message)
        or of_places(service, request, region)
        or of_names(request, message)
        or (service == "s3" and of_buckets(operation, request))
        or (service == "sagemaker" and (of_tags(request) or of_compute(operation, request)))
        or of_mlflow(operation)
        or of_closed(service, operation, request)
        or of_kinds(service, operation, request, message)
    )


def requested(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keep a request for :func:`denied`."""
    context["workshop_request"] = params


def denied(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> str | None:
    """Let a denial's text say why; return the sentence where AWS's text has to stay as it is.

    The SDK compares the text of a denied HEAD, which has no body, with its own.
    """
    error = parsed.get("Error") or {}
    if str(error.get("Code")) not in CODES or "workshop_request" not in context:
        return None
    service, message = model.service_model.service_name, str(error.get("Message", ""))
    region = context.get("client_region") or ""
    why = reason(service, model.name, context["workshop_request"], region, message)
    if str(error["Code"]) == "403":
        return why
    error["Message"] = f"{message} (workshop: {why})" if message else f"workshop: {why}"
    return None
