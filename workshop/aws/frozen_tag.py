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
from workshop.aws.boxes import boxes
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat

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


def put_on_boxes(
    clients: Clients, account_region: AccountRegion, ids: Iterable[str]
) -> dict[str, str]:
    """Tag EC2 instances, by id, so that no door starts them; return why that failed, where so."""
    client = clients.client("ec2", account_region)
    frozen = [{"Key": tags.FROZEN, "Value": tags.FROZEN_VALUE}]
    return _each(ids, lambda id_: client.create_tags(Resources=[id_], Tags=frozen))


def take_off_boxes(
    clients: Clients, account_region: AccountRegion, ids: Iterable[str]
) -> dict[str, str]:
    """Take the tag off EC2 instances, by id; return why that failed, for those where it did."""
    client = clients.client("ec2", account_region)
    return _each(ids, lambda id_: client.delete_tags(Resources=[id_], Tags=[{"Key": tags.FROZEN}]))


def of_box(
    clients: Clients,
    loaded: LoadedEnvironment,
    seat: Seat,
    change: Callable[[Clients, AccountRegion, list[str]], dict[str, str]],
) -> list[str]:
    """Change the tag of a seat's EC2 instance, if it has one; return why that failed, if so."""
    if not seat.box_type:
        return []
    where = seat.account_region
    there = attempt(lambda: boxes(clients, where, loaded.settings.workshop))
    if isinstance(there, Unavailable):
        return [there.reason]
    box = there.get(loaded.names(seat).box)
    return [] if box is None else [*change(clients, where, [box.id]).values()]


def _each(machines: Iterable[str], change: Callable[[str], Any]) -> dict[str, str]:
    """Change each machine, by ARN or id; one that is gone needs no change."""

    def changed(arn: str) -> tuple[str, str]:
        try:
            with errors.gone_is_fine():
                change(arn)
        except errors.Refusal as error:
            return arn, errors.describe(error)
        return arn, ""

    with ThreadPoolExecutor(THREADS) as pool:
        return {arn: message for arn, message in pool.map(changed, machines) if message}
