"""What a lab asks for, as a question to a seat's policies.

A seat is asked as one that follows ``WORKSHOP.md``: what it makes carries its tags and begins with
its prefix, and a bucket that the code does not name is its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from botocore import xform_name

from workshop import tags
from workshop.access.permissions import AccessQuestion
from workshop.fit import calls, services
from workshop.fit.calls import LabCall
from workshop.naming import Names
from workshop.policies.actions import MADE_OF

DAY = 24 * 3600
_SOMEBODY = "999988887777"
"""Another account: whoever has a bucket that everybody may read."""
_MADE = re.compile(
    r"(?:Create|Describe|Delete|Update|Stop|Start|Invoke|Call|Get|List|Put|Retry|Batch|Add)(\w+)"
)
_OF_BUCKETS = re.compile(r"s3:(?:List|(?:Get|Put|Create|Delete)Bucket)")
_SHARED = re.compile(r"sagemaker-(?:\{region\}|\{\?\}|[a-z]{2}-[a-z-]+-[1-9])-"
                     r"(?:\{account\}|\{\?\}|[0-9]{12})")  # fmt: skip
"""The default bucket of the Python SDK, which everybody in an account shares."""
_NO_NAME = re.compile(r"[^a-z0-9.{}?-]|^.{200}")
"""What no name of a bucket has."""
_PLACEHOLDER = re.compile(
    r"(?i)(?:enter|replace|change|insert|example|my)?[<_-]?.*(?:your|[<>]|xxx|bucket[-_]?name)"
    r"|(?:enter|replace|example|my)[-_]"
)


def kind_of_bucket(name: str) -> str:
    """Return whose a bucket is: own, shared, placeholder, unknown or other."""
    if name in ("", calls.BUCKET):
        return "own"
    if _SHARED.fullmatch(name):
        return "shared"
    if _PLACEHOLDER.match(name) or _NO_NAME.search(name):
        return "placeholder"
    rest = name.replace(calls.REGION, "")
    return "unknown" if "{" in rest or "}" in rest else "other"


def in_region(name: str, region: str) -> str:
    """Return a bucket's name in a Region."""
    return name.replace(calls.REGION, region)


def makes(action: str) -> str:
    """Return the action that makes what another one is done to; empty where there is none."""
    service, _, name = action.partition(":")
    found = _MADE.match(name)
    if service != "sagemaker" or found is None:
        return ""
    kind = _KINDS.get(found[1], found[1])
    made = f"Create{kind}"
    return f"sagemaker:{made}" if services.of_method("sagemaker", xform_name(made)) else ""


_KINDS = {
    "Endpoints": "Endpoint",
    "EndpointAsync": "Endpoint",
    "EndpointWithResponseStream": "Endpoint",
    "Record": "FeatureGroup",
    "MonitoringSchedules": "MonitoringSchedule",
    "MonitoringExecutions": "MonitoringSchedule",
    "MlflowApps": "MlflowApp",
    "MlflowAppApi": "MlflowApp",
    "PresignedMlflowAppUrl": "MlflowApp",
    "PresignedMlflowTrackingServerUrl": "MlflowTrackingServer",
    "CandidatesForAutoMLJob": "AutoMLJob",
    "AutoMLJobs": "AutoMLJob",
    "Projects": "Project",
    "Domains": "Domain",
    "PipelineExecution": "Pipeline",
}
"""What an action's name ends with -> what has to be made before."""


def question(call: LabCall, names: Names, *, is_made: bool = True) -> AccessQuestion:
    """Return the question that asks for a call.

    ``is_made``: a seat can make what the call is done to, which then carries its tags.
    """
    if call.service == "s3":
        return _of_s3(call, names)
    if call.service == "sagemaker":
        return _of_sagemaker(call, names, own_tags(names) if is_made else {})
    resource, context = _RESOURCES.get(call.service, _anything)(call.action, names)
    return AccessQuestion(call.action, resource, context)


def own_tags(names: Names) -> dict[str, str]:
    """Return the tags by which something is a seat's."""
    return {tags.ATTENDEE: names.seat, tags.WORKSHOP: names.workshop}


_Context = dict[str, str | list[str]]
_Asked = tuple[str, _Context]
"""A resource, and the condition keys of the request."""


def _tagged(names: Names, *, is_new: bool) -> _Context:
    kind = "RequestTag" if is_new else "ResourceTag"
    return {f"aws:{kind}/{key}": value for key, value in own_tags(names).items()}


def _arn(service: str, names: Names, rest: str) -> str:
    return f"arn:{names.partition}:{service}:{names.region}:{names.account}:{rest}"


def _anything(_: str, __: Names) -> _Asked:
    return "*", {}


def _of_athena(_: str, names: Names) -> _Asked:
    return _arn("athena", names, "workgroup/primary"), {}


def _of_cloudwatch(action: str, names: Names) -> _Asked:
    own = {
        "cloudwatch:GetDashboard": names.dashboard_arn,
        "cloudwatch:DeleteAlarms": _arn("cloudwatch", names, f"alarm:{names.job_prefix}lab"),
        "cloudwatch:PutMetricAlarm": _arn("cloudwatch", names, f"alarm:{names.job_prefix}lab"),
    }
    return own.get(action, "*"), {}


def _of_ecr(action: str, names: Names) -> _Asked:
    owner: _Context = {"aws:ResourceAccount": names.account}
    if action == "ecr:GetAuthorizationToken":
        return "*", {}
    if action == "ecr:CreateRepository":
        return names.repository_arn("lab"), owner | _tagged(names, is_new=True)
    return names.repository_arn("training"), owner


def _of_glue(_: str, names: Names) -> _Asked:
    return _arn("glue", names, f"table/sagemaker_featurestore/{names.job_prefix}features"), {}


def _of_iam(action: str, names: Names) -> _Asked:
    is_pass = action == "iam:PassRole"
    return names.role_arn, {"iam:PassedToService": "sagemaker.amazonaws.com"} if is_pass else {}


def _of_logs(action: str, names: Names) -> _Asked:
    stream = f":log-stream:{names.job_prefix}train/algo-1"
    below = "" if action.startswith("logs:Describe") else stream
    return _arn("logs", names, f"log-group:/aws/sagemaker/TrainingJobs{below}"), {}


def _of_mlflow(_: str, names: Names) -> _Asked:
    return names.sagemaker_arn("mlflow-app", "app-0AB1"), _tagged(names, is_new=False)


def _of_scaling(action: str, names: Names) -> _Asked:
    name = action.partition(":")[2]
    if name.startswith("Describe"):
        return "*", {}
    target = _arn("application-autoscaling", names, "scalable-target/0ab1")
    return target, _tagged(names, is_new=name.startswith("Register"))


_RESOURCES: Mapping[str, Callable[[str, Names], _Asked]] = {
    "application-autoscaling": _of_scaling,
    "athena": _of_athena,
    "cloudwatch": _of_cloudwatch,
    "ecr": _of_ecr,
    "glue": _of_glue,
    "iam": _of_iam,
    "logs": _of_logs,
    "sagemaker-mlflow": _of_mlflow,
}
"""Service -> what its actions are done to, where it is not anything."""


def _of_s3(call: LabCall, names: Names) -> AccessQuestion:
    if call.action == "s3:ListAllMyBuckets":
        return AccessQuestion(call.action, "*")
    kind = kind_of_bucket(call.bucket)
    name = in_region(call.bucket, names.region)
    if kind == "shared" and call.by_command:
        name = f"sagemaker-{names.region}-{names.account}"
    elif kind != "other":
        name = names.bucket("data")
    arn = f"arn:{names.partition}:s3:::{name}"
    resource = arn if _OF_BUCKETS.match(call.action) else f"{arn}/lab/object"
    owner = _SOMEBODY if kind == "other" else names.account
    return AccessQuestion(call.action, resource, {"aws:ResourceAccount": owner})


def _of_sagemaker(call: LabCall, names: Names, own: dict[str, str]) -> AccessQuestion:
    name = call.action.partition(":")[2]
    if name.endswith("NotebookInstance"):
        return AccessQuestion(call.action, names.notebook_arn)
    if name.startswith(("DescribeHub", "ListHub")):
        of = "hub-content" if name == "DescribeHubContent" else "hub"
        hub = f"arn:{names.partition}:sagemaker:{names.region}:aws:{of}/SageMakerPublicHub"
        return AccessQuestion(call.action, f"{hub}/Model/model" if of != "hub" else hub)
    is_there = name == "CreateModelPackage" or name.startswith("CreatePresigned")
    is_new = name.startswith("Create") and not is_there
    context: _Context = {
        f"aws:{'RequestTag' if is_new else 'ResourceTag'}/{key}": value
        for key, value in own.items()
    }
    if name == "AddTags":
        context |= {f"aws:RequestTag/{key}": value for key, value in own.items()}
    if name == "CreateFeatureGroup":
        context["sagemaker:FeatureGroupOfflineStoreS3Uri"] = f"s3://{names.bucket('data')}/features"
    model = names.sagemaker_arn("model", f"{names.job_prefix}model")
    if call.use in ("endpoint", "transform"):
        context["sagemaker:ModelArn"] = [model]
    context |= _of_machines(call)
    if (
        "Pipeline" in name
        and "Execution" in name
        and not name.startswith(("Start", "ListPipelineE"))
    ):
        thing = f"{names.job_prefix}pipeline/execution/abc123"
        return AccessQuestion(call.action, names.sagemaker_arn("pipeline", thing), context)
    made = makes(call.action)
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", made[len("sagemaker:Create") :]).lower()
    kind, _ = MADE_OF.get(made, (kind, ""))
    resource = names.sagemaker_arn(kind or "thing", f"{names.job_prefix}thing")
    return AccessQuestion(call.action, resource, context)


def _of_machines(call: LabCall) -> dict[str, str | list[str]]:
    context: _Context = {}
    if call.serverless:
        concurrency, memory = call.serverless
        context["sagemaker:ServerlessMaxConcurrency"] = str(concurrency)
        context["sagemaker:ServerlessMemorySize"] = str(memory)
    elif call.use:
        context["sagemaker:InstanceTypes"] = [*call.types]
    if call.use in ("training", "processing"):
        context["sagemaker:MaxRuntimeInSeconds"] = str(call.max_run or DAY)
    if call.keep_alive is not None:
        context["sagemaker:KeepAlivePeriod"] = str(call.keep_alive)
    if call.remote_debug:
        context["sagemaker:EnableRemoteDebug"] = "true"
    if call.file_system:
        context["sagemaker:FileSystemId"] = "fs-0123456789abcdef0"
    return context


def alike(call: LabCall) -> LabCall:
    """Return what a call has that a policy sees, without where it stands."""
    return replace(call, place=calls.Place(""), count=1, spot=False, closed_kind="")
