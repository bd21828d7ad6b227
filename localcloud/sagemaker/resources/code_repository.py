"""Git repositories registered with SageMaker."""

from __future__ import annotations

from localcloud.sagemaker.resource_type import SageMakerResourceType

KIND = SageMakerResourceType(
    noun="CodeRepository",
    operations={"list": "ListCodeRepositories"},
    words="Code Repository",
    missing="Cannot find CodeRepository: {arn}",
    duplicate="Cannot create already existing CodeRepository: {arn}",
    sort_by="Name",
    descending=False,
    lowercase_arn=True,
)
