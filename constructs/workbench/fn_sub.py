"""Turns texts with placeholders into CloudFormation's ``Fn::Sub``."""

from __future__ import annotations

from typing import Any

from aws_cdk import Fn


def sub(text: str) -> str:
    """``text``, as ``Fn::Sub`` when it holds a placeholder such as ``${AttendeeId}``.

    IAM's own variables (``${aws:PrincipalTag/attendee}``) are escaped as ``${!aws:...}``, which
    ``Fn::Sub`` hands on as ``${aws:...}``. CloudFormation's pseudo parameters begin with the
    capital letters ``AWS``, so the two cannot be confused
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html).
    """
    if "${" not in text.replace("${aws:", ""):
        return text
    return Fn.sub(text.replace("${aws:", "${!aws:"))


def sub_all(value: Any) -> Any:
    """The same for every text inside lists and dictionaries; other values stay as they are."""
    if isinstance(value, str):
        return sub(value)
    if isinstance(value, dict):
        return {key: sub_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sub_all(item) for item in value]
    return value
