"""Concurrent executions of Lambda are the account's quota, and a function reserves of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.forged_requests import Forged, send
from tests.support.functions import ROLE, deployed, function
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.refusals import refusal

SENTENCE = (
    "Specified ReservedConcurrentExecutions for function decreases account's "
    "UnreservedConcurrentExecution below its minimum value of [{least}]."
)
MEETS = """
import boto3
def handler(event, context):
    ssm, at = boto3.client("ssm"), event["rawPath"]
    ssm.put_parameter(Name=at, Value="here", Type="String", Overwrite=True)
    while at == "/first" and not ssm.get_parameters(Names=["/go"])["Parameters"]:
        pass
    return at
"""


def limits(cloud: Cloud) -> tuple[int, int]:
    told = cloud.client("lambda").get_account_settings()["AccountLimit"]
    return told["ConcurrentExecutions"], told["UnreservedConcurrentExecutions"]


def account_limit(cloud: Cloud, executions: int) -> None:
    services: dict[str, Any] = {"lambda": {"Concurrent executions": executions}}
    cloud.quotas(**services)


def test_the_account_s_limit_is_its_quota_less_what_is_reserved(cloud: Cloud) -> None:
    deployed(cloud)
    functions = cloud.client("lambda")
    assert limits(cloud) == (1000, 1000)
    functions.put_function_concurrency(FunctionName="door", ReservedConcurrentExecutions=40)
    assert functions.get_function_concurrency(FunctionName="door") | {"ResponseMetadata": 0} == {
        "ReservedConcurrentExecutions": 40,
        "ResponseMetadata": 0,
    }
    assert limits(cloud) == (1000, 960)
    functions.delete_function_concurrency(FunctionName="door")
    assert limits(cloud) == (1000, 1000)
    account_limit(cloud, 10)
    assert limits(cloud) == (10, 10)
    quota = cloud.client("service-quotas").get_service_quota(
        ServiceCode="lambda", QuotaCode="L-B99A9384"
    )
    assert quota["Quota"]["Value"] == 10


@pytest.mark.parametrize(
    ("limit", "most", "least"), [(1000, 900, 100), (120, 20, 100), (50, 0, 50), (10, 0, 10)]
)
def test_a_hundred_stay_unreserved_or_all_that_there_are(
    cloud: Cloud, limit: int, most: int, least: int
) -> None:
    deployed(cloud)
    account_limit(cloud, limit)
    functions = cloud.client("lambda")
    functions.put_function_concurrency(FunctionName="door", ReservedConcurrentExecutions=most)
    refused = refusal(
        functions.put_function_concurrency,
        FunctionName="door",
        ReservedConcurrentExecutions=most + 1,
    )
    assert refused[1:] == ("InvalidParameterValueException", SENTENCE.format(least=least))
    assert limits(cloud) == (limit, limit - most)


def test_a_stack_reserves_and_gives_back_or_fails_with_lambda_s_sentence(cloud: Cloud) -> None:
    def of(**properties: Any) -> str:
        return template({"Role": ROLE, "Door": function(FunctionName="door", **properties)})

    assert cloud.deploy("door", of(ReservedConcurrentExecutions=5), **IAM) == "CREATE_COMPLETE"
    assert limits(cloud) == (1000, 995)
    assert cloud.update("door", of(ReservedConcurrentExecutions=7), **IAM) == "UPDATE_COMPLETE"
    assert limits(cloud) == (1000, 993)
    too_many = of(ReservedConcurrentExecutions=901)
    assert cloud.update("door", too_many, **IAM) == "UPDATE_ROLLBACK_COMPLETE"
    assert limits(cloud) == (1000, 993)
    assert cloud.update("door", of(), **IAM) == "UPDATE_COMPLETE"
    assert limits(cloud) == (1000, 1000)
    account_limit(cloud, 10)
    another = template(
        {"Role": ROLE, "Other": function(FunctionName="other", ReservedConcurrentExecutions=1)}
    ).replace('"runner"', '"another"')
    assert cloud.deploy("other", another, **IAM) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("other", "CREATE_FAILED")["Other"]
    assert reason.startswith(f'Resource handler returned message: "{SENTENCE.format(least=10)} (')
    assert "Service: Lambda, Status Code: 400" in reason
    assert reason.endswith("HandlerErrorCode: InvalidRequest)")


@pytest.mark.parametrize("kept_down_by", ["a reservation", "the account's limit"])
def test_one_visitor_too_many_is_told_to_come_again(cloud: Cloud, kept_down_by: str) -> None:
    if kept_down_by == "a reservation":
        url = deployed(cloud, MEETS, ReservedConcurrentExecutions=1, Timeout=120)
    else:
        url = deployed(cloud, MEETS, Timeout=120)
        account_limit(cloud, 1)
    host = {"Host": urlsplit(url).netloc}
    ssm = cloud.client("ssm")
    with ThreadPoolExecutor(1) as visitors:
        first = visitors.submit(send, cloud, Forged("GET", "/first", host))
        while not ssm.get_parameters(Names=["/first"])["Parameters"]:
            assert not first.done()
        second = send(cloud, Forged("GET", "/second", host))
        ssm.put_parameter(Name="/go", Value="on", Type="String")
        assert first.result().body == b"/first"
    assert second.status == 429
    assert b"Rate Exceeded" in second.body
    assert send(cloud, Forged("GET", "/third", host)).body == b"/third"


def test_a_function_without_executions_lets_nobody_in(cloud: Cloud) -> None:
    url = deployed(cloud, ReservedConcurrentExecutions=0)
    assert send(cloud, Forged("GET", "/", {"Host": urlsplit(url).netloc})).status == 429
