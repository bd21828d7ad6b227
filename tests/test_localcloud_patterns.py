"""The Java patterns of the service model, as Python reads them."""

from __future__ import annotations

import pytest

from workshop.localcloud.wire import models, patterns

SERVICE = models.service_model("sagemaker")
PROVIDER = "TrainingRepositoryCredentialsProviderArn"


def test_every_pattern_of_the_service_model_can_be_read() -> None:
    shapes = [SERVICE.shape_for(name) for name in SERVICE.shape_names]
    for shape in shapes:
        if "pattern" in shape.metadata:
            patterns.compiled(shape.metadata["pattern"], ascii_only=True)


@pytest.mark.parametrize(
    ("shape", "value", "accepted"),
    [
        ("CustomerMetadataKey", "owner:ada", True),
        ("CustomerMetadataKey", "owner#ada", False),
        ("TableName", "\U0001f600", True),
        ("TableName", "\x07", False),
        (PROVIDER, "arn:aws:lambda:a:1:function:f", False),
        (PROVIDER, f"arn:aws:lambda:a:{'1' * 12}:function:f", True),
    ],
)
def test_a_pattern_means_what_it_means_in_java(shape: str, value: str, *, accepted: bool) -> None:
    pattern = SERVICE.shape_for(shape).metadata["pattern"]
    assert patterns.matches(pattern, value) is accepted
