"""What the watch and the agents cost themselves: call counts times list prices.

Prices are AWS's public ones of us-east-1 without any free tier, and change rarely. EventBridge
takes nothing for schedules and for AWS's own events; nor do SageMaker, IAM, CloudFormation and SSM
(standard parameters) for being asked. There is no metric and no alarm of CloudWatch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from workshop.bill.estimate import Estimate, hours_of_use
from workshop.config.environment import LoadedEnvironment

INVOCATION = Decimal("0.20") / 1_000_000
GB_SECOND = Decimal("0.0000166667")
PUT, GET = Decimal("0.005") / 1000, Decimal("0.0004") / 1000
MAIL = Decimal("2.00") / 100_000
LOG_GB = Decimal("0.50")

TICKS_AN_HOUR = 12
GB = Decimal("0.25")
"""The function's memory."""
CALLS, CALLS_A_SEAT = 40, 2
"""Of one run with caps: listings, and tags and a description of what each seat has running."""
SECONDS_A_CALL = Decimal("0.08")
EVENTS_A_DAY = 12
"""Of SageMaker's about one seat: of a few jobs, an endpoint and the notebook."""
MAILS_A_SEAT = 2
LOG_BYTES = 1_000
"""Of one run: three lines of Lambda's own."""
AGENT_GETS_AN_HOUR, AGENT_PUTS_AN_HOUR = 120, 40
"""The inbox twice a minute; reports, the manifest, and files that changed."""


@dataclass(frozen=True)
class WatchCost:
    """USD until the end, by what it is for."""

    parts: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        return sum(self.parts.values(), Decimal(0))

    @property
    def line(self) -> str:
        """Return it in a sentence."""
        parts = ", ".join(f"{what} {usd:.3f}" for what, usd in self.parts.items())
        return (
            f"The watch and the agents cost about {self.total:.2f} USD besides: {parts}"
            " (call counts at list prices of us-east-1, without free tiers)."
        )


def cost(seats: int, span: timedelta, *, capped: bool, use: Decimal) -> WatchCost:
    """Return what it costs for so many seats; ``use`` is for how many hours notebooks run."""
    hours = Decimal(str(span / timedelta(hours=1)))
    ticks, events = hours * TICKS_AN_HOUR, seats * EVENTS_A_DAY * hours / 24
    runs = ticks + events
    # Without caps a run writes down that it ran, and an event before the end does nothing.
    seconds = runs * SECONDS_A_CALL * ((CALLS + CALLS_A_SEAT * seats) if capped else 3)
    return WatchCost(
        {
            "invocations": runs * INVOCATION,
            "GB-seconds": seconds * GB * GB_SECOND,
            "S3 requests": ticks * (2 * PUT + GET) + events * GET,
            "mail": seats * MAILS_A_SEAT * MAIL,
            "logs": runs * LOG_BYTES / 10**9 * LOG_GB,
            "agents' S3 requests": seats
            * use
            * (AGENT_GETS_AN_HOUR * GET + AGENT_PUTS_AN_HOUR * PUT),
        }
    )


def of(loaded: LoadedEnvironment, made: Estimate) -> WatchCost:
    """Return what it costs for the seats of an estimate."""
    settings = loaded.settings
    return cost(
        made.seats,
        settings.end - settings.start,
        capped=settings.budget.is_capped,
        use=hours_of_use(settings),
    )
