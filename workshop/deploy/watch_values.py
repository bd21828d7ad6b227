"""The values of the watch's parameters: the prices by which it counts, and who is told by e-mail.

Neither is in a template. Prices are read back from the stack and changed only for newer ones. An
address is never read back (NoEcho): SNS says who is subscribed, and where no addresses are given,
the stack keeps those that it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import zip_longest

from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.config import rules
from workshop.config.environment import LoadedEnvironment
from workshop.counting import count_of
from workshop.deploy.desired import DesiredStack
from workshop.errors import UsageError
from workshop.naming import NOTIFY, PRICES
from workshop.pricing import caps

Subscribed = Callable[[AccountRegion], Collection[str] | None]
"""Returns the addresses that are subscribed, confirmed or not; None where that is not known."""

_SEPARATORS = re.compile(r"[,;\s]+")


def addresses(variable: str | None, environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the addresses that a variable holds, None where it is not set.

    Raise UsageError, which repeats no address, where it holds anything else.
    """
    if variable is None or variable not in environment:
        return None
    words = [word for word in _SEPARATORS.split(environment[variable]) if word]
    wrong = [number for number, word in enumerate(words, 1) if not rules.EMAIL.holds(word)]
    if wrong:
        raise UsageError(
            f"{variable}: no. {wrong[0]} of {len(words)} is not an e-mail address; write addresses"
            " with commas between them"
        )
    found = tuple(dict.fromkeys(words))
    if len(found) > len(NOTIFY):
        raise UsageError(
            f"{variable} has {count_of(len(found), 'address')} and the watch takes"
            f" {len(NOTIFY)}; name a mailing list"
        )
    return found


def valued(
    loaded: LoadedEnvironment,
    desired: DesiredStack,
    current: StackSummary | None,
    given: Collection[str] | None,
    subscribed: Subscribed,
) -> DesiredStack:
    """Return the watch's stack with the values that it should have; any other stack as it is."""
    where, values = desired.account_region, dict[str, str]()
    now = current.parameters if current else {}
    if PRICES in desired.lasting:
        default = desired.templates[0].document["Parameters"][PRICES]["Default"]
        read = caps.read_prices(loaded.settings, loaded.seats_in(where), where.region)
        values[PRICES] = caps.newest(default, now.get(PRICES, ""), read)
    if given is not None and NOTIFY[0] in desired.lasting:
        there = subscribed(where) if NOTIFY[0] in now else None
        if there is None or {*there} != {*given}:
            values |= dict(zip_longest(NOTIFY, given, fillvalue=""))
    return replace(desired, parameters=values) if values else desired
