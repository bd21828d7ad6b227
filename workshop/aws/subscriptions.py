"""Who is told by e-mail of what the watch does, as SNS has it."""

from __future__ import annotations

from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.naming import Names

PENDING = "PendingConfirmation"
"""In place of the ARN of what its owner has not confirmed."""


@dataclass(frozen=True)
class MailSubscription:
    """An address, and whether its owner has confirmed that it is to be told."""

    address: str
    confirmed: bool

    @property
    def masked(self) -> str:
        """Return enough of the address for its owner to know it: ``a***@example.org``."""
        name, _, domain = self.address.partition("@")
        return f"{name[:1]}***@{domain}"


def of_watch(
    clients: Clients, account_region: AccountRegion, cohort: Names
) -> tuple[MailSubscription, ...]:
    """Return whom the watch's topic tells by e-mail; botocore's errors pass through."""
    topic = regions.placed(cohort).watch_topic_arn
    paginator = clients.client("sns", account_region).get_paginator("list_subscriptions_by_topic")
    return tuple(
        MailSubscription(subscription["Endpoint"], subscription["SubscriptionArn"] != PENDING)
        for page in paginator.paginate(TopicArn=topic)
        for subscription in page["Subscriptions"]
        if subscription["Protocol"] == "email"
    )
