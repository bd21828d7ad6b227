"""Why something stays closed to a seat, in a sentence, with what to do instead."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from workshop.fit import asking
from workshop.fit.calls import LabCall
from workshop.fit.fitting import Verdict
from workshop.policies import closed_by_aws
from workshop.policies.actions import COMPUTE_WITHOUT_TYPE
from workshop.policies.extra import ESCALATING

_BY_KIND = {
    "Clarify": "AWS closed SageMaker Clarify to new customers; leave the step out",
    "Model Monitor": closed_by_aws.MODEL_MONITOR,
}
"""Feature of AWS's -> why it is closed whatever the policies say."""

_BY_ACTION: Sequence[tuple[str, str]] = (
    *closed_by_aws.CLOSED,
    (
        "sagemaker:*AutoML*",
        "Autopilot chooses its machines itself, so that nothing could cap what they cost",
    ),
    (
        "sagemaker:*Labeling*",
        "people outside of the workshop would work on it, at a price that nothing caps",
    ),
    ("sagemaker:*Human*", "people outside of the workshop would work on it"),
    ("sagemaker:*FlowDefinition*", "people outside of the workshop would work on it"),
    ("sagemaker:*Work[ft]*", "people outside of the workshop would work on it"),
    *(
        (f"sagemaker:*{noun}*", "it is of Studio; a seat's workbench is a notebook instance")
        for noun in (
            "Domain",
            "Space",
            "UserProfile",
            "eApp",
            "Project",
            "StudioLifecycle",
            "Servicecatalog",
        )
    ),
    (
        "sagemaker:*Mlflow*",
        "the organiser makes MLflow; 'mlflow: app' gives a seat its own, in MLFLOW_TRACKING_URI",
    ),
    ("sagemaker-mlflow:*", "it is not the seat's own MLflow; use MLFLOW_TRACKING_URI"),
    ("servicecatalog:*", "it is of Studio; a seat's workbench is a notebook instance"),
    (
        "s3:*Bucket*",
        "the seat's stack makes its buckets and sets them up; use WORKSHOP_BUCKET",
    ),
    (
        "s3:ListAllMyBuckets",
        "it shows the names of all buckets of the account; a seat's are in WORKSHOP_BUCKET",
    ),
    (
        "ecr:*Repository",
        "a seat's repositories are below <workshop>/<seat>/; use WORKSHOP_REPOSITORY_TRAINING",
    ),
    ("codebuild:*", "images are built on the notebook, with docker"),
    (
        "sagemaker:*InferenceComponent*",
        "IAM does not know which model it would run, a neighbour's perhaps",
    ),
    (
        "application-autoscaling:*",
        "how a neighbour's endpoint scales could be changed as well",
    ),
    ("bedrock*", "models are paid by the word, and no policy caps how many"),
)
"""Pattern of actions -> why, the first that matches."""

_BY_STATEMENT = {
    "RemoteDebugging": "a shell in a training container would outlive the job's code",
    "FileSystems": "whose file system it is, no policy can tell",
    "OtherNamespaces": "metrics of a seat go to SageMaker's namespaces alone",
    "ServerlessEndpoints": "serverless endpoints are not open to seats",
    "LargeServerlessMaxConcurrency": "it serves more requests at once than the profile allows",
    "LargeServerlessMemorySize": "it asks for more memory than the profile allows",
    "LongJobs": "it asks for longer than the profile can allow; set a shorter limit",
    "WarmPools": "instances are not kept running between jobs",
    "ModelPackages": "IAM does not know what machines validate a registered model",
    "OtherRegions": "it is of another Region than the workshop",
}
"""Statement of the policies -> why."""


def reason(verdict: Verdict) -> str:
    """Return why a call stays closed, as the rest of a sentence that begins with what it is."""
    call = verdict.call
    reasons = (
        _BY_KIND.get(call.closed_kind),
        _of_bucket(call) if call.service == "s3" else None,
        _BY_STATEMENT.get(verdict.decision.statement),
        next((why for pattern, why in _BY_ACTION if fnmatchcase(call.action, pattern)), None),
    )
    return next((why for why in reasons if why), None) or _of_service(verdict)


def _of_service(verdict: Verdict) -> str:
    call = verdict.call
    if call.service in ESCALATING:
        return (
            f"{call.service} would let a seat give itself more; the organiser makes what it needs"
        )
    if call.service != "sagemaker":
        return (
            f"{call.service} is not among the services of a seat; leave the step out, or open it on"
            " purpose with access.extra_statements"
        )
    if any(fnmatchcase(call.action, pattern) for pattern in COMPUTE_WITHOUT_TYPE):
        return "it runs machines that no policy could cap"
    return f"it is not a seat's to do ({verdict.decision})"


def _of_bucket(call: LabCall) -> str:
    kind = asking.kind_of_bucket(call.bucket)
    if kind == "shared":
        return "the SDK's default bucket is the seat's own in Python alone; use WORKSHOP_BUCKET"
    if kind != "other" or call.action in ("s3:CreateBucket", "s3:DeleteBucket"):
        return ""
    return (
        f"the bucket {call.bucket} is somebody else's; use WORKSHOP_BUCKET, or name it in"
        " access.public_buckets if everybody may read it"
    )
