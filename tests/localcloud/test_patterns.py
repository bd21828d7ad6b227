"""The Java patterns of the service model, as Python reads them."""

from __future__ import annotations

import pytest

from localcloud.protocol import models

SERVICE = models.service_model("sagemaker")
PROVIDER = "TrainingRepositoryCredentialsProviderArn"


CHECKED = (
    *("sagemaker", "sagemaker-metrics", "sagemaker-featurestore-runtime", "service-quotas"),
    *("application-autoscaling", "cloudformation", "organizations"),
)
"""The services whose requests are held against their models."""


@pytest.mark.parametrize("service", CHECKED)
def test_every_pattern_of_a_service_model_can_be_read(service: str) -> None:
    model = models.service_model(service)
    for shape in map(model.shape_for, model.shape_names):
        if "pattern" in shape.metadata:
            models.compiled_pattern(shape.metadata["pattern"], ascii_only=True)


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
    assert models.matches_pattern(pattern, value) is accepted


@pytest.mark.parametrize(
    ("value", "accepted"), [("as many as asked: ~", True), ("a\tb", False), ("größer", False)]
)
def test_what_can_be_printed_is_ascii_without_control_characters(
    value: str, *, accepted: bool
) -> None:
    assert models.matches_pattern(r"\p{Print}+", value) is accepted
