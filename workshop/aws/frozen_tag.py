"""The tag of a frozen seat's notebook, which whoever opens notebooks for others has to heed.

An open notebook is judged by the role that made its link. That is not the seat's own, so a freeze
of the seat's roles leaves it open; a role that is denied what carries this tag closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients

THREADS = 8


def put_on(
    clients: Clients, account_region: AccountRegion, notebooks: Iterable[str]
) -> dict[str, str]:
    """Tag notebooks, by ARN; return why that failed, by ARN, for those where it did."""
    client = clients.client("sagemaker", account_region)
    frozen = [{"Key": tags.FROZEN, "Value": tags.FROZEN_VALUE}]
    return _each(notebooks, lambda arn: client.add_tags(ResourceArn=arn, Tags=frozen))


def take_off(
    clients: Clients, account_region: AccountRegion, notebooks: Iterable[str]
) -> dict[str, str]:
    """Take the tag off notebooks, by ARN; return why that failed, for those where it did."""
    client = clients.client("sagemaker", account_region)
    return _each(notebooks, lambda arn: client.delete_tags(ResourceArn=arn, TagKeys=[tags.FROZEN]))


def _each(notebooks: Iterable[str], change: Callable[[str], Any]) -> dict[str, str]:
    """Change each notebook; one that is gone needs no change."""

    def changed(arn: str) -> tuple[str, str]:
        try:
            with errors.gone_is_fine():
                change(arn)
        except errors.Refusal as error:
            return arn, errors.describe(error)
        return arn, ""

    with ThreadPoolExecutor(THREADS) as pool:
        return {arn: message for arn, message in pool.map(changed, notebooks) if message}
