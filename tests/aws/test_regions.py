"""A Region that is not enabled in the account is told as that, and not as a wrong sign-in."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME, Fleet
from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.cli import context
from workshop.errors import WorkshopError

CLOSED = "eu-south-2"
TOLD = (
    "eu-south-2 is not enabled for account 000000000000: it does not know your keys, which are good"
    " elsewhere; enable it with: aws account enable-region --region-name eu-south-2 (it takes some"
    " minutes), or name another Region"
)
CODES = {
    "sts": "InvalidClientTokenId",
    "cloudformation": "InvalidClientTokenId",
    "sagemaker": "UnrecognizedClientException",
    "ec2": "AuthFailure",
}


class UnknownKey(Clients):
    """Clients whose keys are not known in some Regions, as AWS says it there."""

    closed: Collection[str] = (CLOSED,)

    def client(
        self, service: str, account_region: AccountRegion, *, attempts: int | None = None
    ) -> Any:
        made = super().client(service, account_region, attempts=attempts)
        if account_region.region in self.closed:
            answer = {"Error": {"Code": CODES[service], "Message": "The token is invalid"}}
            refused = (SimpleNamespace(status_code=403), answer)
            made.meta.events.register("before-call", lambda **_: refused, unique_id="closed")
        return made


class UnknownEverywhere(UnknownKey):
    closed = (HOME.region, CLOSED)


@pytest.mark.parametrize("service", CODES)
def test_every_way_to_say_so_is_known(cloud: Cloud, service: str) -> None:
    calls = {
        "sts": "get_caller_identity",
        "cloudformation": "describe_stacks",
        "sagemaker": "list_endpoints",
        "ec2": "describe_vpcs",
    }
    with calling(cloud):
        client = UnknownKey(HOME).client(service, AccountRegion(HOME.account, CLOSED))
        with pytest.raises(client.exceptions.ClientError) as caught:
            getattr(client, calls[service])()
    assert regions.knows_no_key(caught.value)
    assert not regions.knows_no_key(WorkshopError("no"))


@pytest.mark.parametrize("home", [HOME, AccountRegion(HOME.account, CLOSED)])
def test_keys_that_are_good_elsewhere_are_not_to_be_signed_in_again(
    cloud: Cloud, home: AccountRegion
) -> None:
    with calling(cloud), pytest.raises(WorkshopError) as caught:
        UnknownKey(home).caller(AccountRegion(HOME.account, CLOSED))
    assert str(caught.value) == TOLD


def test_keys_that_are_known_nowhere_are(cloud: Cloud) -> None:
    with calling(cloud), pytest.raises(WorkshopError) as caught:
        UnknownEverywhere(HOME).caller(AccountRegion(HOME.account, CLOSED))
    assert "sign in, or check your credentials" in str(caught.value)


@pytest.mark.parametrize(
    ("region", "name", "domain", "home"),
    [
        ("eu-west-1", "aws", "amazonaws.com", "us-east-1"),
        ("xx-unknown-1", "aws", "amazonaws.com", "us-east-1"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn", "cn-north-1"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com", "us-gov-west-1"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "eusc-de-east-1"),
    ],
)
def test_each_region_has_a_partition_with_a_home_that_all_accounts_can_use(
    region: str, name: str, domain: str, home: str
) -> None:
    assert regions.partition(region) == regions.Partition(name, domain, home)
    assert regions.home(region) == home


def test_the_home_of_every_region_is_where_botocore_calls_iam() -> None:
    data = Loader().load_data("partitions")
    iam = EndpointProvider(Loader().load_service_model("iam", "endpoint-rule-set-1"), data)
    for found in data["partitions"]:
        for region in found["regions"]:
            called = iam.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
            (scheme,) = called.properties["authSchemes"]
            assert regions.home(region) == scheme["signingRegion"]


def test_costs_are_asked_for_where_botocore_calls_cost_explorer() -> None:
    """In partitions where that has one home for all Regions."""
    data = Loader().load_data("partitions")
    costs = EndpointProvider(Loader().load_service_model("ce", "endpoint-rule-set-1"), data)
    held = set()
    for found in data["partitions"]:
        for region in found["regions"]:
            called = costs.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
            for scheme in called.properties.get("authSchemes", ()):
                assert regions.billing_home(region) == scheme["signingRegion"]
                held.add(found["id"])
    assert {"aws", "aws-cn"} <= held


@pytest.mark.parametrize("rows", [("ada,", f"eve,{CLOSED}"), (f"eve,{CLOSED}", "ada,")])
def test_a_plan_tells_it_wherever_it_meets_it_first(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, rows: tuple[str, ...]
) -> None:
    monkeypatch.setattr(context, "Clients", UnknownKey)
    fleet.write(0, roster="roster: {file: people.csv}")
    (fleet.config / "people.csv").write_text("\n".join(["id,region", *rows, ""]))
    ran = fleet.run("plan")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == f"workshop: {TOLD}"
