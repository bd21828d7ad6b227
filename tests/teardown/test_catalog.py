"""Tables of feature groups: whoever made them owns them, and they outlive their group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, context, found, whose
from workshop.aws.clients import Clients
from workshop.teardown import discovery
from workshop.teardown.plan import Choices
from workshop.teardown.resource import Ownership
from workshop.teardown.resources import ALL
from workshop.teardown.scan_target import ScanTarget

KIND = "feature table"
DATABASE = "sagemaker_featurestore"


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    cloud.delays(feature_group=0)
    cloud.client("s3").create_bucket(Bucket="data")
    return teardown_demo.connect(cloud, monkeypatch)


def features(cloud: Cloud, name: str, role: str) -> None:
    cloud.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": feature, "FeatureType": "String"} for feature in ("id", "at")
        ],
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://data/features"}},
        RoleArn=role,
    )


def tables(cloud: Cloud) -> set[str]:
    """What the catalogue holds, without the moments in the names."""
    return {name.rpartition("_")[0] for name in listed(cloud)}


def listed(cloud: Cloud) -> list[str]:
    found = cloud.client("glue").get_tables(DatabaseName=DATABASE)["TableList"]
    return [one["Name"] for one in found]


def short(owners: dict[str, Any]) -> dict[str, Any]:
    return {name.rpartition("_")[0]: owner for name, owner in owners.items()}


def test_a_table_is_owned_by_the_role_that_made_it_whatever_its_name(
    cloud: Cloud, clients: Clients
) -> None:
    features(cloud, "Houses", teardown_demo.role(cloud, ADA))
    somebody = cloud.role("somebody")
    features(cloud, "demo-ada-theirs", somebody)
    features(cloud, "others", somebody)
    assert short(whose(context(clients), KIND)) == {
        "houses": (Ownership.OWNED, "ada"),
        "demo_ada_theirs": (Ownership.FOREIGN, ""),
    }


def test_a_table_that_somebody_made_by_hand_is_claimed_by_its_name(
    cloud: Cloud, clients: Clients
) -> None:
    features(cloud, "others", cloud.role("somebody"))
    for name in ("demo_ada_prices", "prices"):
        cloud.client("glue").create_table(DatabaseName=DATABASE, TableInput={"Name": name})
    assert whose(context(clients), KIND) == {"demo_ada_prices": (Ownership.CLAIMED, "ada")}


def test_without_a_feature_store_there_are_none(clients: Clients) -> None:
    assert found(context(clients), KIND) == {}


def test_whose_role_cannot_be_read_is_unknown(cloud: Cloud, clients: Clients) -> None:
    features(cloud, "houses", teardown_demo.role(cloud, ADA))
    cloud.faults({"effect": "denied", "operation": "iam:GetRole"})
    assert short(whose(context(clients), KIND)) == {"houses": (Ownership.UNKNOWN, "")}


def test_a_listing_that_fails_makes_the_kind_unknown(cloud: Cloud, clients: Clients) -> None:
    cloud.faults({"effect": "denied", "operation": "glue:GetTables"})
    target = ScanTarget("demo", "demo", {teardown_demo.HERE: frozenset({"ada"})}, whole=True)
    seen = discovery.discover(clients, target, ALL)
    assert [one.resource_type for one in seen.unknown] == [KIND]


def test_a_table_goes_whose_group_was_deleted_long_ago(cloud: Cloud, clients: Clients) -> None:
    features(cloud, "houses", teardown_demo.role(cloud, ADA))
    features(cloud, "theirs", cloud.role("somebody"))
    cloud.client("sagemaker").delete_feature_group(FeatureGroupName="houses")
    assert tables(cloud) == {"houses", "theirs"}
    job = teardown_demo.job(clients, "ada")
    report = job.apply(job.plan(Choices()))
    assert report.code == 0
    assert tables(cloud) == {"theirs"}


def test_deleting_one_that_is_gone_is_no_error(cloud: Cloud, clients: Clients) -> None:
    features(cloud, "houses", teardown_demo.role(cloud, ADA))
    here, resource_type = context(clients), teardown_demo.RESOURCE_TYPES[KIND]
    [table] = found(here, KIND).values()
    assert resource_type.state(here, table) == ""
    for _ in range(2):
        resource_type.delete(here, table)
    assert resource_type.state(here, table) is None
    assert listed(cloud) == []
