"""What runs and what it costs an hour, by SageMaker's own words for it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader

from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.pricing.prices import NOT_KNOWN, Cost
from workshop.teardown.resources import sagemaker_serving

WITH_MACHINE = {"Pending", "InService", "Stopping", "PendingMaintenance", "InMaintenance"}
VARIANT = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
SERVERLESS = {"VariantName": "all", "ServerlessConfig": {"MemorySizeInMB": 1024}}


def test_each_status_that_a_notebook_may_have_is_billed_or_is_not() -> None:
    model = Loader().load_service_model("sagemaker", "service-2")
    statuses = set(model["shapes"]["NotebookInstanceStatus"]["enum"])
    assert {status for status in statuses if billing.notebook_has_machine(status)} == WITH_MACHINE
    assert statuses == WITH_MACHINE | billing.NOTEBOOK_AT_REST


def test_a_status_that_is_not_known_counts_as_billed() -> None:
    assert billing.notebook_cost("Thawing", "ml.t3.medium", "us-east-1").usd > 0
    assert billing.notebook_cost("Stopped", "ml.t3.medium", "us-east-1") == Cost()
    assert billing.notebook_cost("InService", "ml.z9.huge", "us-east-1") == NOT_KNOWN


@pytest.mark.parametrize(
    ("endpoint", "variant", "machines"),
    [
        ({}, VARIANT, (Machines("endpoint", "ml.m5.large", 2),)),
        ({"CurrentInstanceCount": 5}, VARIANT, (Machines("endpoint", "ml.m5.large", 5),)),
        ({"CurrentInstanceCount": 0}, VARIANT, (Machines("endpoint", "ml.m5.large", 0),)),
        ({}, SERVERLESS, ()),
        ({}, {"VariantName": "all"}, None),
    ],
)
def test_an_endpoint_has_as_many_machines_as_run_now(
    endpoint: dict[str, Any], variant: dict[str, Any], machines: tuple[Machines, ...] | None
) -> None:
    described = {"ProductionVariants": [{"VariantName": "all", **endpoint}]}
    shadow = {"ShadowProductionVariants": [variant]}
    assert billing.endpoint_machines(described, shadow) == machines


def test_a_training_job_that_names_no_type_has_machines_that_nobody_knows() -> None:
    assert billing.training_machines({"ResourceConfig": {}}) is None
    assert billing.machines_cost(None, "us-east-1") == NOT_KNOWN


def test_an_endpoint_bills_in_the_same_statuses_for_status_and_teardown() -> None:
    model = Loader().load_service_model("sagemaker", "service-2")
    statuses = frozenset(model["shapes"]["EndpointStatus"]["enum"])
    assert sagemaker_serving.ENDPOINT.billed_in == statuses - billing.ENDPOINT_AT_REST
