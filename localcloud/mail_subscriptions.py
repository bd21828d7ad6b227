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
    asked = [one for one in _mails() if one["endpoint"] == address]
    if address is not None and not asked:
        raise LocalCloudError("nobody was asked at this address")
    for one in asked:
        one[_CONFIRMED] = True
    return {
        "subscriptions": [
            {
                "topic": one["topic_arn"],
                "endpoint": one["endpoint"],
                "confirmed": one.get(_CONFIRMED, False),
            }
            for one in _mails()
        ]
    }


def _mails() -> Iterator[dict[str, Any]]:
    """Yield the subscriptions of addresses in every account and Region."""
    for topic in ministack_adapter.module("services.sns")._topics._data.values():
        for one in topic["subscriptions"]:
            if one["protocol"] in ("email", "email-json"):
                yield one


def _hiding(answer: Step) -> Step:
    """Hide the ARNs of subscriptions that are pending."""

    def hidden(params: dict[str, Any]) -> Any:
        status, headers, body = answer(params)
        text = body.decode() if isinstance(body, bytes) else body
        for one in _mails():
            if not one.get(_CONFIRMED):
                arn = "<SubscriptionArn>{}</SubscriptionArn>"
                text = text.replace(arn.format(one["arn"]), arn.format(PENDING))
        return status, headers, text.encode() if isinstance(body, bytes) else text

    return hidden
