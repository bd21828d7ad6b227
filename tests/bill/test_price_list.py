"""AWS's price list: asked for once a week, kept with its date, and the shipped one without it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.bill import price_list
from workshop.pricing import kept, prices

THERE = AccountRegion("000000000000", "eu-west-1")
USES = ("Notebk", "Train", "Processing", "Tsform", "Host")


def product(usage: str, usd: str, unit: str = "Hrs", region: str = "eu-west-1") -> dict[str, str]:
    """A product of the price list, which most often says nothing of its instance type."""
    return {"regionCode": region, "usagetype": f"EU-{usage}", "unit": unit, "usd": usd}


PRODUCTS = [
    *(product(f"{use}:ml.m5.large", "0.128") for use in USES),
    product("Notebk:ml.t3.medium", "0.0540000000"),
    product("Notebk:VolumeUsage.gp2", "0.154", "GB-Mo"),
    product("Notebk:ml.t3.medium", "0.0000000000"),
    product("Studio:JupyterLab-ml.t3.medium", "9"),
    product("Notebk:ml.m5.large", "7", region="ap-south-1"),
]


def of_ec2(usage: str, usd: str, unit: str = "Hrs", **more: str) -> dict[str, str]:
    """A product of EC2's, of Linux unless something else is said."""
    linux = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA"}
    of_machine = {**linux, "capacitystatus": "Used"} if unit == "Hrs" else {}
    return {**product(usage, usd, unit), "servicecode": "AmazonEC2", **of_machine, **more}


OF_EC2 = [
    of_ec2("BoxUsage:g5.xlarge", "1.123"),
    of_ec2("BoxUsage:g5.xlarge", "9", operatingSystem="Windows"),
    of_ec2("BoxUsage:g5.xlarge", "9", preInstalledSw="SQL Web"),
    of_ec2("DedicatedUsage:g5.xlarge", "9"),
    of_ec2("EBS:VolumeUsage.gp3", "0.088", "GB-Mo"),
]


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """The way to an empty local cloud."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    return Clients(THERE)


def refresh(clients: Clients, folder: Path) -> dict[str, str]:
    """Ask for the prices of eu-west-1."""
    return price_list.refresh(clients, "dev", [THERE], folder)


def test_prices_of_the_region_are_used_and_said_with_their_date(
    cloud: Cloud, clients: Clients, tmp_path: Path
) -> None:
    cloud.billing(products=PRODUCTS)
    assert refresh(clients, tmp_path) == {}
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.054")
    assert prices.hourly("training", "ml.m5.large", "eu-west-1") == Decimal("0.128")
    assert prices.volume_hourly(730, "eu-west-1") == Decimal("0.154")
    today = datetime.now(UTC).date()
    assert prices.basis("eu-west-1") == f"AWS's price list for eu-west-1, read on {today}"
    # What AWS does not offer there has no price; that of another Region is none.
    assert prices.hourly("training", "ml.t3.medium", "eu-west-1") is None
    assert prices.hourly("notebook", "ml.t3.medium", "us-east-1") == Decimal("0.05")


def test_prices_of_ec2_are_read_where_seats_have_instances(
    cloud: Cloud, clients: Clients, tmp_path: Path
) -> None:
    cloud.billing(products=[*PRODUCTS, *OF_EC2])
    assert refresh(clients, tmp_path) == {}
    # The shipped ones, where nobody asked for them.
    assert prices.hourly("box", "g5.xlarge", "eu-west-1") == Decimal("1.006")
    assert price_list.refresh(clients, "dev", [THERE], tmp_path, boxes=True) == {}
    assert prices.hourly("box", "g5.xlarge", "eu-west-1") == Decimal("1.123")
    assert prices.box_volume_hourly(730, "eu-west-1") == Decimal("0.088")
    assert prices.shipped("box", "g5.xlarge", "eu-west-1") == Decimal("1.006")
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.054")
    assert prices.hourly("box", "g5.xlarge", "us-east-1") == Decimal("1.006")
    calls = clients.calls
    prices.use({})
    price_list.refresh(clients, "dev", [THERE], tmp_path, boxes=True)
    assert clients.calls == calls
    assert prices.hourly("box", "g5.xlarge", "eu-west-1") == Decimal("1.123")


def test_a_list_of_several_pages_is_read_to_its_end(
    cloud: Cloud, clients: Clients, tmp_path: Path
) -> None:
    cloud.billing(products=[product(f"Host:ml.c{number}.large", "0.2") for number in range(1, 202)])
    assert refresh(clients, tmp_path) == {}
    assert prices.hourly("endpoint", "ml.c201.large", "eu-west-1") == Decimal("0.2")


def test_what_was_read_is_kept_for_a_week_and_used_by_commands_that_ask_nothing(
    cloud: Cloud, clients: Clients, tmp_path: Path
) -> None:
    cloud.billing(products=PRODUCTS)
    refresh(clients, tmp_path)
    cloud.billing(products=[product("Notebk:ml.t3.medium", "0.06")])
    calls = clients.calls
    refresh(clients, tmp_path)
    assert clients.calls == calls
    prices.use({})
    kept.use("dev", tmp_path)
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.054")
    file = kept.path("dev", tmp_path)
    listed = json.loads(file.read_text(encoding="utf-8"))
    listed["eu-west-1"]["date"] = str((datetime.now(UTC) - timedelta(days=8)).date())
    file.write_text(json.dumps(listed), encoding="utf-8")
    refresh(clients, tmp_path)
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.06")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"effect": "denied", "operation": "pricing:GetProducts"}, "AccessDenied"),
        (None, "it has no machine of SageMaker there"),
    ],
)
def test_without_an_answer_the_shipped_prices_stay_and_the_reason_is_told(
    cloud: Cloud, clients: Clients, tmp_path: Path, fault: dict[str, str] | None, why: str
) -> None:
    cloud.faults(*([fault] if fault else []))
    assert why in refresh(clients, tmp_path)["eu-west-1"]
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.05")
    assert prices.basis("eu-west-1").endswith("an estimate for eu-west-1")
    assert not kept.path("dev", tmp_path).exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"eu-west-1": {"types": {}}}', '{"eu-west-1": {"date": "soon"}}']
)
def test_a_file_that_is_not_whole_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    file = kept.path("dev", tmp_path)
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    assert kept.read("dev", tmp_path) == {}
