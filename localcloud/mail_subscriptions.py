"""Subscriptions of e-mail addresses, which are pending until their owners confirm them.

ministack takes an address as confirmed at once. Here no mail leaves the machine, so the owner's
click is a call of the admin endpoint ``subscriptions``.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.admin import Document
from localcloud.errors import LocalCloudError

PENDING = "PendingConfirmation"
"""In place of an ARN, as AWS lists it."""
_CONFIRMED = "mail_confirmed"

Step = Callable[[dict[str, Any]], Any]


def patch_mail_subscriptions() -> None:
    """Show what nobody has confirmed as AWS does."""
    topics = ministack_adapter.module("services.sns")
    for name in ("_list_subscriptions", "_list_subscriptions_by_topic"):
        setattr(topics, name, _hiding(getattr(topics, name)))


def subscriptions_endpoint(change: Document) -> Document:
    """``confirm`` (an address): its owner clicks in all mails. Return the subscriptions."""
    unknown = change.keys() - {"confirm"}
    if unknown:
        raise LocalCloudError(f"unknown {', '.join(sorted(unknown))}; use confirm")
    address = change.get("confirm")
    asked = [
        subscription
        for subscription in _mail_subscriptions()
        if subscription["endpoint"] == address
    ]
    if address is not None and not asked:
        raise LocalCloudError("nobody was asked at this address")
    for subscription in asked:
        subscription[_CONFIRMED] = True
    return {
        "subscriptions": [
            {
                "topic": subscription["topic_arn"],
                "endpoint": subscription["endpoint"],
                "confirmed": subscription.get(_CONFIRMED, False),
            }
            for subscription in _mail_subscriptions()
        ]
    }


def _mail_subscriptions() -> Iterator[dict[str, Any]]:
    """Yield the subscriptions of addresses in every account and Region."""
    for topic in ministack_adapter.module("services.sns")._topics._data.values():
        for subscription in topic["subscriptions"]:
            if subscription["protocol"] in ("email", "email-json"):
                yield subscription


def _hiding(answer: Step) -> Step:
    """Hide the ARNs of subscriptions that are pending."""

    def hidden(params: dict[str, Any]) -> Any:
        status, headers, body = answer(params)
        text = body.decode() if isinstance(body, bytes) else body
        for subscription in _mail_subscriptions():
            if not subscription.get(_CONFIRMED):
                arn = "<SubscriptionArn>{}</SubscriptionArn>"
                text = text.replace(arn.format(subscription["arn"]), arn.format(PENDING))
        return status, headers, text.encode() if isinstance(body, bytes) else text

    return hidden
