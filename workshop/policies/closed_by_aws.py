"""What AWS itself closed to new customers: no policy opens it."""

from __future__ import annotations

from fnmatch import fnmatchcase

MODEL_MONITOR = "AWS closed SageMaker Model Monitor to new customers; leave the step out"
CLOSED = (
    ("s3:SelectObjectContent", "AWS closed S3 Select to new customers; read the object instead"),
    ("sagemaker:*Monitoring*", MODEL_MONITOR),
    ("sagemaker:Create*JobDefinition", MODEL_MONITOR),
)
"""Pattern of actions -> why, with what to do instead."""


def reason(action: str) -> str:
    """Return why an action is closed; empty where AWS did not close it."""
    return next((why for pattern, why in CLOSED if fnmatchcase(action, pattern)), "")
