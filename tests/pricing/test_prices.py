"""Prices: what the shipped list says, and how it is made from AWS's own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tools import price_list
from workshop.config import instance_types
from workshop.errors import WorkshopError
from workshop.pricing import prices
from workshop.pricing.prices import NOT_KNOWN, Cost

OFFER = """\
"FormatVersion","v1.0"
"Disclaimer","This pricing list is for informational purposes only."
"Publication Date","2026-10-07T16:09:01Z"
"Version","20261007160901"
"OfferCode","AmazonSageMaker"
"SKU","TermType","Unit","PricePerUnit","Currency","usageType","Region Code"
"1","OnDemand","Hrs","0.2420000000","USD","APS3-Notebk:ml.m5.xlarge","ap-south-1"
"2","OnDemand","Hrs","0.2420000000","USD","APS3-Train:ml.m5.xlarge","ap-south-1"
"3","OnDemand","Hrs","0.2420000000","USD","APS3-Processing:ml.m5.xlarge","ap-south-1"
"4","OnDemand","Hrs","0.2420000000","USD","APS3-Tsform:ml.m5.xlarge","ap-south-1"
"5","OnDemand","Hrs","0.2420000000","USD","APS3-Host:ml.m5.xlarge","ap-south-1"
"6","OnDemand","Hrs","0.0540000000","USD","APS3-Notebk:ml.t3.medium","ap-south-1"
"7","OnDemand","Hrs","0.0540000000","USD","APS3-Studio:JupyterLab-ml.t3.medium","ap-south-1"
"8","Reserved","Hrs","0.0100000000","USD","APS3-Train:ml.m5.xlarge","ap-south-1"
"9","OnDemand","GB-Mo","0.1600000000","USD","APS3-Notebk:VolumeUsage.gp2","ap-south-1"
"10","OnDemand","Count","10.0000000000","USD","APS3-Train:ml.m5.xlarge","ap-south-1"
"""

OF_EC2 = """\
"FormatVersion","v1.0"
"Disclaimer","This pricing list is for informational purposes only."
"Publication Date","2026-09-30T16:09:01Z"
"Version","20260930160901"
"OfferCode","AmazonEC2"
"SKU","TermType","Unit","PricePerUnit","Tenancy","Operating System","usageType","CapacityStatus",\
"Pre Installed S/W","Region Code"
"1","OnDemand","Hrs","1.2080000000","Shared","Linux","APS3-BoxUsage:g5.xlarge","Used","NA",\
"ap-south-1"
"2","OnDemand","Hrs","1.3920000000","Shared","Windows","APS3-BoxUsage:g5.xlarge","Used","NA",\
"ap-south-1"
"3","OnDemand","Hrs","2.2000000000","Shared","Linux","APS3-BoxUsage:g5.xlarge","Used","SQL Web",\
"ap-south-1"
"4","OnDemand","Hrs","1.2080000000","Shared","Linux","APS3-UnusedBox:g5.xlarge",\
"UnusedCapacityReservation","NA","ap-south-1"
"5","OnDemand","GB-Mo","0.0912000000","NA","NA","APS3-EBS:VolumeUsage.gp3","NA","","ap-south-1"
"6","Reserved","Hrs","0.5000000000","Shared","Linux","APS3-BoxUsage:g5.xlarge","Used","NA",\
"ap-south-1"
""".replace("\\\n", "")


def test_a_machine_costs_what_the_list_says_for_its_use() -> None:
    assert prices.hourly("notebook", "ml.t3.medium", "us-east-1") == Decimal("0.05")
    assert prices.hourly("notebook", "ml.g5.xlarge", "us-east-1") == Decimal("1.41")
    assert prices.hourly("training", "ml.g5.xlarge", "us-east-1") == Decimal("1.408")


def test_what_is_not_on_the_list_has_no_price() -> None:
    assert prices.hourly("training", "ml.z9.huge", "us-east-1") is None
    assert prices.hourly("training", "ml.inf2.xlarge", "us-east-1") is None


def test_a_disk_costs_by_its_size_and_the_hours_of_a_month() -> None:
    assert prices.volume_hourly(730, "us-east-1") == Decimal("0.14")


def test_another_region_is_told_with_known_prices_and_that_it_is() -> None:
    assert prices.hourly("notebook", "ml.t3.medium", "eu-west-1") == Decimal("0.05")
    assert prices.basis("us-east-1") == "us-east-1 list prices of 2026-04-21"
    assert prices.basis("eu-west-1") == (
        "us-east-1 list prices of 2026-04-21, an estimate for eu-west-1"
    )


@pytest.mark.parametrize("use", ["notebook", "training", "processing", "endpoint"])
def test_every_price_is_of_a_type_that_there_is(use: instance_types.Use) -> None:
    listed = prices._prices()["us-east-1"]["types"]
    every = frozenset().union(
        *(instance_types.known(one) for one in ("notebook", "training", "processing", "endpoint"))
    )
    assert set(listed) <= every
    by_use = {name for name, price in listed.items() if isinstance(price, dict) and use in price}
    assert by_use <= instance_types.known(use)
    assert all(prices.hourly(use, name, "us-east-1") for name in by_use)


def test_every_type_of_the_shipped_environments_has_a_price() -> None:
    root = Path(__file__).parents[2] / "config"
    text = "\n".join(path.read_text(encoding="utf-8") for path in root.glob("*.yaml"))
    named = {word.strip("[],#") for word in text.split() if word.strip("[],#").startswith("ml.")}
    assert len(named) > 5
    assert {name for name in named if prices.hourly("training", name, "us-east-1") is None} == set()


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (Cost(), "0.000"),
        (Cost(Decimal("0.0538")), "0.054"),
        (Cost(complete=False), "?"),
        (Cost(Decimal(2), complete=False), "at least 2.000"),
        (prices.total([Cost(Decimal(1)), prices.cost(None)]), "at least 1.000"),
        (prices.cost(None) * 0, "0.000"),
        (Cost(Decimal("0.5")) * 3, "1.500"),
    ],
)
def test_a_sum_with_an_unknown_part_is_a_least(cost: Cost, told: str) -> None:
    assert str(cost) == told


def test_no_cost_is_a_negative_zero_and_nothing_known_is_not_nothing() -> None:
    left = Cost(Decimal("0.1") - Decimal("0.1000004"))
    assert (str(left), left.document) == ("0.000", {"least": 0.0, "complete": True})
    assert str(Cost(Decimal("-0.0"))) == str(Cost(Decimal("-0.0004"))) == "0.000"
    for cost in (NOT_KNOWN, Cost(Decimal("-0.0"), complete=False)):
        assert cost.per_hour == "an unknown sum per hour"
    assert Cost(Decimal("0.1154"), complete=False).per_hour == "at least 0.115 USD per hour"
    assert Cost(Decimal("0.1154")).per_hour == "0.115 USD per hour"


def test_the_list_is_made_from_an_offer_file_of_aws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for number, text in enumerate((OFFER, OF_EC2)):
        file = tmp_path / f"{number}.csv"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    price_list.main(files)
    made = yaml.safe_load(capsys.readouterr().out)
    assert made["ap-south-1"].pop("date") == "2026-09-30"
    assert made == {
        "ap-south-1": {
            "volume_gb_month": "0.16",
            "types": {"ml.m5.xlarge": "0.242", "ml.t3.medium": {"notebook": "0.054"}},
            "boxes": {"volume_gb_month": "0.0912", "types": {"g5.xlarge": "1.208"}},
        }
    }


@pytest.mark.parametrize(("text", "missing"), [(OFFER, "AmazonEC2"), (OF_EC2, "AmazonSageMaker")])
def test_a_region_of_which_a_file_is_missing_is_told(
    tmp_path: Path, text: str, missing: str
) -> None:
    (tmp_path / "one.csv").write_text(text, encoding="utf-8")
    with pytest.raises(WorkshopError, match=f"the offer file of {missing} for ap-south-1 is miss"):
        price_list.main([str(tmp_path / "one.csv")])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "this is no offer file of SageMaker or of EC2"),
        (OFFER.replace("AmazonSageMaker", "AmazonS3"), "this is no offer file of SageMaker"),
        (OFFER.replace("AmazonSageMaker", "AmazonEC2"), "holds no price of a machine"),
        (OFFER.replace(":ml.", ":xx."), "holds no price of a machine"),
    ],
)
def test_another_file_is_refused(text: str, told: str) -> None:
    with pytest.raises(WorkshopError, match=told):
        price_list.region_prices(text.splitlines(keepends=True))
