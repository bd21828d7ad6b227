"""Service Quotas of the local cloud: what is told, and what the data says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.protocol import models
from localcloud.protocol.errors import NOT_PLAYED, ApiError
from localcloud.service_quotas.applied import AppliedQuotas
from localcloud.service_quotas.catalogue import UnknownQuotaError, shipped
from tests.support.local_cloud import Cloud
from tests.support.service_quotas import G5_TRAINING, HERE, NOTEBOOKS, ROLES, QuotaWatch
from workshop.environments import loader


@pytest.fixture
def told(cloud: Cloud) -> QuotaWatch:
    return QuotaWatch(cloud)


@pytest.fixture
def quotas() -> Iterator[AppliedQuotas]:
    """Quotas without a server, used in one account and Region."""
    with ministack_adapter.request_scope(*HERE):
        yield AppliedQuotas(Clock())


# --- what is told ------------------------------------------------------------------------------


def test_a_quota_has_an_applied_and_a_default_value_with_arns_of_their_own(
    told: QuotaWatch,
) -> None:
    applied = told.client.get_service_quota(**NOTEBOOKS)["Quota"]
    defaults = told.all("list_aws_default_service_quotas", "Quotas", ServiceCode="sagemaker")
    [default] = [one for one in defaults if one["QuotaCode"] == NOTEBOOKS["QuotaCode"]]
    assert applied == {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": "arn:aws:servicequotas:us-east-1:000000000000:sagemaker/L-04CE2E67",
        "QuotaCode": "L-04CE2E67",
        "QuotaName": "Total number of notebook instances",
        "Value": 1000.0,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
    assert default["QuotaArn"] == "arn:aws:servicequotas:us-east-1::sagemaker/L-04CE2E67"
    assert default["Value"] == 8


@pytest.mark.parametrize("operation", ["list_service_quotas", "list_aws_default_service_quotas"])
def test_a_long_list_comes_in_pages_of_a_hundred_without_gap_or_repetition(
    told: QuotaWatch, operation: str
) -> None:
    first = getattr(told.client, operation)(ServiceCode="sagemaker")
    assert len(first["Quotas"]) == 100
    codes = [code["QuotaCode"] for code in told.all(operation, "Quotas", ServiceCode="sagemaker")]
    assert codes == [quota.code for quota in shipped().of("sagemaker")]
    assert len(set(codes)) == len(codes) > 1500


def test_a_page_is_as_large_as_asked_for(told: QuotaWatch) -> None:
    first = told.client.list_service_quotas(ServiceCode="ecr", MaxResults=1)
    token = first["NextToken"]
    last = told.client.list_service_quotas(ServiceCode="ecr", MaxResults=1, NextToken=token)
    found = told.client.list_service_quotas(ServiceCode="ecr")["Quotas"]
    assert [first["Quotas"], last["Quotas"]] == [found[:1], found[1:]]
    assert "NextToken" not in last


def test_a_token_is_good_for_the_list_that_gave_it_only(told: QuotaWatch) -> None:
    token = told.client.list_service_quotas(ServiceCode="sagemaker")["NextToken"]
    for operation, request in (
        ("list_service_quotas", {"ServiceCode": "iam", "NextToken": token}),
        ("list_aws_default_service_quotas", {"ServiceCode": "sagemaker", "NextToken": token}),
        ("list_service_quotas", {"ServiceCode": "sagemaker", "NextToken": "bm9uc2Vuc2U="}),
        ("list_service_quotas", {"ServiceCode": "sagemaker", "NextToken": "abc"}),
    ):
        assert told.refusal(operation, **request) == "InvalidPaginationTokenException"


def test_a_token_is_worth_nothing_once_what_it_stands_after_is_gone(
    cloud: Cloud, told: QuotaWatch
) -> None:
    history = "list_requested_service_quota_change_history"
    for quota in (NOTEBOOKS, ROLES):
        told.client.request_service_quota_increase(**quota, DesiredValue=5000)
    token = getattr(told.client, history)(MaxResults=1)["NextToken"]
    cloud.reset()
    assert told.refusal(history, NextToken=token) == "InvalidPaginationTokenException"


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("list_service_quotas", {"ServiceCode": "none"}),
        ("list_service_quotas", {"ServiceCode": "SageMaker"}),  # codes are case-sensitive
        ("list_aws_default_service_quotas", {"ServiceCode": "none"}),
        ("get_service_quota", {"ServiceCode": "sagemaker", "QuotaCode": "L-00000000"}),
        ("list_requested_service_quota_change_history", {"ServiceCode": "none"}),
    ],
)
def test_what_does_not_exist_is_refused(
    told: QuotaWatch, operation: str, request_: dict[str, str]
) -> None:
    assert told.refusal(operation, **request_) == "NoSuchResourceException"


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("get_service_quota", {**NOTEBOOKS, "ContextId": "x"}),
        ("list_service_quotas", NOTEBOOKS),
        ("list_requested_service_quota_change_history", {"QuotaRequestedAtLevel": "RESOURCE"}),
        ("get_aws_default_service_quota", NOTEBOOKS),
    ],
)
def test_what_is_not_played_is_refused_as_such(
    told: QuotaWatch, operation: str, more: dict[str, str]
) -> None:
    assert told.refusal(operation, **more) == NOT_PLAYED


def test_global_quotas_are_told_in_their_home_region_only(cloud: Cloud, told: QuotaWatch) -> None:
    europe = QuotaWatch(cloud, region="eu-west-1")
    assert europe.refusal("get_service_quota", **ROLES) == "NoSuchResourceException"
    buckets = {"ServiceCode": "s3", "QuotaCode": "L-DC2B2D3D"}
    assert europe.refusal("get_service_quota", **buckets) == "NoSuchResourceException"
    told_once = told.client.get_service_quota(**ROLES)["Quota"]
    assert told_once["GlobalQuota"] is True
    assert told_once["QuotaArn"] == "arn:aws:servicequotas::000000000000:iam/L-FE177D64"


# --- the data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "shape"),
    [
        ("notebook instance", "InstanceType"),
        ("training job", "TrainingInstanceType"),
        ("spot training job", "TrainingInstanceType"),
        ("training warm pool", "TrainingInstanceType"),
        ("processing job", "ProcessingInstanceType"),
        ("transform job", "TransformInstanceType"),
        ("endpoint", "ProductionVariantInstanceType"),
    ],
)
def test_every_instance_type_of_the_api_has_a_quota_for_its_use(use: str, shape: str) -> None:
    found = {
        quota.name.removesuffix(f" for {use} usage")
        for quota in shipped().of("sagemaker")
        if quota.name.startswith("ml.") and quota.name.endswith(f" for {use} usage")
    }
    known = models.service_model("sagemaker").shape_for(shape).metadata["enum"]
    assert found == set(known)


def test_codes_that_the_file_does_not_give_never_change() -> None:
    # From sha256("sagemaker/ml.g5.xlarge for processing job usage").
    quota = shipped().by_name("sagemaker", "ml.g5.xlarge for processing job usage")
    assert quota is not None
    assert quota.code == "L-4072C71E"


@pytest.mark.parametrize("name", ["demo", "dev", "prod"])
def test_every_seat_of_the_shipped_environments_fits(quotas: AppliedQuotas, name: str) -> None:
    seats = loader.load(name).seats
    needed = Counter(f"{seat.instance_type} for notebook instance usage" for seat in seats)
    needed["Total number of notebook instances"] = len(seats)
    quotas.require("sagemaker", needed, lambda _: 0)
    assert quotas.limit("cloudformation", "Stacks") >= 5 * len(seats) + 2
    assert quotas.limit("iam", "Roles per account") >= len(seats)


def test_an_account_has_few_machines_with_gpus_or_none(quotas: AppliedQuotas) -> None:
    for instance_type, most in (("ml.g5.xlarge", 4), ("ml.g5.12xlarge", 1), ("ml.g5.48xlarge", 0)):
        assert quotas.limit("sagemaker", f"{instance_type} for training job usage") == most
    p4d = "ml.p4d.24xlarge for notebook instance usage"
    assert quotas.limit("sagemaker", p4d) == 0


# --- what is required --------------------------------------------------------------------------


def test_too_much_is_refused_in_the_words_of_sagemaker(quotas: AppliedQuotas) -> None:
    name = "ml.p3.2xlarge for training job usage"
    with pytest.raises(ApiError) as caught:
        quotas.require("sagemaker", {name: 1}, lambda _: 0)
    assert caught.value.code == "ResourceLimitExceeded"
    assert caught.value.message == (
        "The account-level service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, "
        "with current utilization of 0 Instances and a request delta of 1 Instances. Please use "
        "AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not "
        "available, contact AWS support to request an increase for this quota."
    )


def test_what_is_in_use_counts_up_to_the_limit_itself(quotas: AppliedQuotas) -> None:
    quotas.require("sagemaker", {G5_TRAINING: 1}, lambda _: 3)
    with pytest.raises(ApiError, match=r"utilization of 3 Instances and a request delta of 2 "):
        quotas.require("sagemaker", {G5_TRAINING: 2}, lambda _: 3)
    quotas.set({"sagemaker": {G5_TRAINING: 0}})
    quotas.require("sagemaker", {G5_TRAINING: 0}, lambda _: 3)


def test_a_quota_that_the_data_lacks_is_a_mistake_and_not_unlimited(quotas: AppliedQuotas) -> None:
    with pytest.raises(UnknownQuotaError, match=r"no quota 'ml\.t9\.huge for lunch' of sag"):
        quotas.require("sagemaker", {"ml.t9.huge for lunch": 1}, lambda _: 0)
