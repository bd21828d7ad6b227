"""All that a local cloud's account holds, each thing with all that its services tell of it.

What a teardown left alone is the same here before and after, byte for byte.
"""

from __future__ import annotations

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.local_cloud_inside import Held

__all__ = ["Held", "changed", "of", "of_seats"]


def of(cloud: Cloud) -> Held:
    """Give all that the account holds now."""
    return _held(cloud, by_seats=False)


def of_seats(cloud: Cloud, region: str = "") -> Held:
    """All that those of ``adversary_worlds`` can make, in the cloud's Region or another."""
    return _held(cloud, region, by_seats=True)


def _held(cloud: Cloud, region: str = "", *, by_seats: bool) -> Held:
    asked = {
        "account": cloud.running.account,
        "region": region or cloud.running.region,
        "by_seats": by_seats,
    }
    return process.post(cloud.running, "/_localcloud/held", asked)


def changed(before: Held, after: Held) -> set[str]:
    """What is not as it was: what came, what went, and what looks otherwise."""
    return {what for what in before | after if before.get(what) != after.get(what)}
