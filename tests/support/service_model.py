"""The service model at work in tests: answers held against it, requests made up from it."""

from __future__ import annotations

import json
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from localcloud.protocol import models, responses
from localcloud.protocol.errors import NOT_PLAYED

COMMON_ERRORS = {
    "AccessDeniedException",
    "InternalFailure",
    NOT_PLAYED,
    "ServiceUnavailable",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}
"""Errors every operation can answer although the model lists them for none."""

UNMODELLED = {("DeleteHyperParameterTuningJob", "ResourceNotFound")}
"""Operation and error that AWS answers although its model does not list it."""

CANDIDATES = (
    "none",
    "arn:aws:sagemaker:us-east-1:000000000000:thing/none",
    "arn:aws:sagemaker:us-east-1:000000000000:model-package/none/1",
    "arn:aws:sagemaker:us-east-1:000000000000:pipeline/none/execution/abcdefghijkl",
    "arn:aws:iam::000000000000:role/none",
    "arn:aws:kms:us-east-1:000000000000:key/none",
    "d-aaaaaaaaaaaa",
    "s3://bucket/none",
    "https://example.org/none",
    "ml.m5.large",
    "000000000000.dkr.ecr.us-east-1.amazonaws.com/none:1",
    "1.2.3",
    "1",
    "111122223333",
    "arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/none",
    "notebook-al2-v3",
    "UserName",
    "Mon:04:00",
    "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/none",
    "arn:aws:sagemaker:us-east-1:000000000000:training-plan/none",
    "arn:aws:sagemaker:us-east-1:aws:hub-content/none/Model/none",
    "arn:aws:sagemaker:us-east-1:000000000000:artifact/none",
)
"""Texts of which each pattern of the model takes at least one."""


class Watch:
    """Looks at every raw answer before boto3 parses it, and notes what the model does not allow."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, operation_model: Any, response_dict: Any, **_: Any) -> None:
        name = operation_model.name
        document = json.loads(response_dict["body"] or b"{}")
        if response_dict["status_code"] >= 400:
            modelled = {shape.name for shape in operation_model.error_shapes} | COMMON_ERRORS
            # Some services put a namespace before the code, or write the message's name large.
            code = document.get("__type", "").rpartition("#")[2]
            message = document.get("message") or document.get("Message") or ""
            # A mistake of ours is served as InternalFailure too: no fault that was asked for.
            unknown = code not in modelled and (name, code) not in UNMODELLED
            if unknown or not message or message.startswith("local cloud: "):
                self.problems.append(f"{name}: refuses with {document}")
        elif operation_model.output_shape is None:
            self.problems += [f"{name}: answers although nothing is modelled"] * bool(document)
        else:
            absent = {path.partition(".") for path in responses.SOMETIMES_ABSENT}
            excused = {member: "-" for operation, _, member in absent if operation == name}
            report = ParamValidator().validate(
                {**excused, **document}, operation_model.output_shape
            )
            if report.has_errors():
                self.problems.append(f"{name}: {report.generate_report()}")


def sample(shape: Shape) -> Any:
    """Make up the smallest value that a shape takes; names and ARNs are those of nothing."""
    if isinstance(shape, StructureShape):
        # Of a union one member has to be there.
        names = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
        return {name: sample(shape.members[name]) for name in names}
    if isinstance(shape, ListShape):
        return [sample(shape.member) for _ in range(shape.metadata.get("min", 0))]
    if isinstance(shape, MapShape):
        return {}
    if isinstance(shape, StringShape):
        return _text(shape)
    return {"boolean": True, "timestamp": 0, "blob": b"1"}.get(
        shape.type_name, shape.metadata.get("min", 1)
    )


def _text(shape: StringShape) -> str:
    if shape.enum:
        return str(shape.enum[0])
    pattern = shape.metadata.get("pattern", ".*")
    for text in CANDIDATES:
        if models.matches_pattern(pattern, text) and len(text) >= shape.metadata.get("min", 0):
            return text
    raise AssertionError(f"no candidate for {shape.name}: {pattern}")
