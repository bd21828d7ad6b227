"""An e-mail address is told nothing of a topic until its owner confirms it."""

from __future__ import annotations

import pytest

from localcloud import process
from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud, template

ADDRESS = "ann@example.org"
RESOURCES = {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "told"}},
    "Mail": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": ADDRESS},
    },
}


def arns(cloud: Cloud) -> list[str]:
    client = cloud.client("sns")
    listed = client.list_subscriptions()["Subscriptions"]
    topic = "arn:aws:sns:us-east-1:000000000000:told"
    assert listed == client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [one["SubscriptionArn"] for one in listed]


def test_an_address_is_pending_until_it_is_confirmed(cloud: Cloud) -> None:
    assert cloud.deploy("told", template(RESOURCES)) == "CREATE_COMPLETE"
    assert arns(cloud) == ["PendingConfirmation"]
    answer = process.post(cloud.running, "/_localcloud/subscriptions", {"confirm": ADDRESS})
    assert [one["confirmed"] for one in answer["subscriptions"]] == [True]
    [arn] = arns(cloud)
    assert arn.startswith("arn:aws:sns:us-east-1:000000000000:told:")


def test_nobody_confirms_what_was_not_asked(cloud: Cloud) -> None:
    with pytest.raises(LocalCloudError, match="nobody was asked at this address"):
        process.post(cloud.running, "/_localcloud/subscriptions", {"confirm": ADDRESS})
    with pytest.raises(LocalCloudError, match="unknown accept; use confirm"):
        process.post(cloud.running, "/_localcloud/subscriptions", {"accept": ADDRESS})
