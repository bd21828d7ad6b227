"""What is asked of AWS before a deployment, while the templates are still being made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from types import TracebackType
from typing import Self

from workshop.accounts.plan import OwnAccountsPlan
from workshop.cli import console, own_accounts
from workshop.cli.context import CommandContext
from workshop.cli.plan import listed
from workshop.cli.preflight import report_on
from workshop.deploy.plan import DeployPlan
from workshop.deploy.planner import Listing
from workshop.preflight import PreflightReport


class EarlyChecks:
    """The stacks that are there, and whether more can be made: asked once, and in this order.

    Of accounts that are seats' own, the stack sets tell which are worked in, and these are asked
    once that is known.

    Else neither needs a template. Each is asked when it is needed; from :meth:`begin` on the stacks
    are listed, and where one is missing, so that there is something to do, permissions and quotas
    are asked for as well. An error that ends the block makes their calls the last ones.
    """

    def __init__(self, work: CommandContext, accept_unknown: Sequence[str] | None) -> None:
        self._work = work
        self._accept_unknown = accept_unknown
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="early")
        self._listing: Future[Listing] | None = None
        self._report: Future[PreflightReport | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._work.clients.interrupt()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def begin(self) -> None:
        """Ask aside."""
        if self._work.loaded.settings.accounts.are_own:
            return
        self._listing = listing = self._thread.submit(listed, self._work)
        self._report = self._thread.submit(lambda: self._early(listing.result()))

    @cached_property
    def listing(self) -> Listing:
        return self._listing.result() if self._listing else listed(self._work)

    def report(self, made: DeployPlan) -> PreflightReport:
        """Return what keeps from what is planned."""
        if isinstance(made, OwnAccountsPlan):
            return own_accounts.checked(self._work, made, self._accept_unknown)
        early = self._report.result() if self._report else None
        return early or self._ask(self.listing)

    def _early(self, listing: Listing) -> PreflightReport | None:
        return self._ask(listing) if any(self._lacks_one(listing)) else None

    def _lacks_one(self, listing: Listing) -> Iterator[bool]:
        for seat in self._work.seats:
            there = listing.here[seat.account_region]
            yield any(stack not in there for stack in self._work.loaded.stacks(seat))

    def _ask(self, listing: Listing) -> PreflightReport:
        console.say("asking for permissions and quotas ...")
        return report_on(self._work, listing.here, self._accept_unknown)
