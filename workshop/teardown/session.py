"""A teardown or a sweep as it is asked for: looked at, held to what was shown, and done.

What a command or a page adds are options, words and the workshop's name that somebody typed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config import assignment
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import Keep
from workshop.config.roster import Seat
from workshop.errors import GuardError, WorkshopError
from workshop.files import shown
from workshop.ledger import FOLDER, Ledger
from workshop.pricing.amounts import Bill
from workshop.teardown import (
    evidence,
    file_counts,
    guard,
    members,
    own_sets,
    save_checks,
    save_paths,
    saving,
    shown_plan,
)
from workshop.teardown.artifacts import lost_artifacts, seat_artifacts
from workshop.teardown.events import DeletionOutcome, Sink, TeardownEvent
from workshop.teardown.file_counts import FileCounts
from workshop.teardown.plan import Choices, TeardownPlan, check_accepted
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Resource, ScanCache
from workshop.teardown.resources import ALL
from workshop.teardown.run import Saver, Teardown
from workshop.teardown.shown_plan import PlanSubject, ShownPlan

Say = Callable[[str], object]


@dataclass(frozen=True)
class TeardownRequest:
    """What is asked for; ``command`` is the command line that shows its plan.

    ``digest`` is the plan to hold to, None for the last that was shown; ``interval`` is how many
    seconds are between the scans that prove it.
    """

    verb: str
    choices: Choices
    command: str
    apply: bool = False
    digest: str | None = None
    early: bool = False
    interval: float = 0


class TeardownSession:
    """One request, with what earlier plans and the ledger know."""

    def __init__(
        self,
        clients: Clients,
        loaded: LoadedEnvironment,
        seats: Sequence[Seat],
        request: TeardownRequest,
        *,
        sink: Sink,
        say: Say,
    ) -> None:
        """Raise GuardError where it is too early, or the plan that was shown had other options."""
        self._clients, self._loaded, self.request, self._say = clients, loaded, request, say
        choices = request.choices
        if request.apply and choices.stacks:
            guard.check_time(loaded, events.now(), early=request.early)
        self.folder = FOLDER / loaded.name
        self._subject = PlanSubject(loaded.home.account, loaded.settings.workshop, loaded.name)
        self._last = ShownPlan.read(self.folder, self._subject)
        if request.apply:
            shown_plan.check_options(self._last, request.digest, choices, request.command)
        self._target = evidence.target(
            clients, loaded, seats, whole=choices.only is None, folder=self.folder
        )
        self._ledger = Ledger(loaded.name)
        own = self._target.members
        accounts = () if own is None else own.ids
        check_accepted(choices.accept_unknown, ALL, self._target.unlooked, accounts)
        known = request.apply and self._last is not None
        lasting = self._last.memory() if known and self._last is not None else ScanCache()
        evidence.remember(lasting, self._ledger)

        def note(event: TeardownEvent) -> None:
            if event.resource is None:
                self._ledger.note_step(event.step, event.message)
            sink(event)

        self._job = Teardown(
            clients,
            self._target,
            ALL,
            note if request.apply else sink,
            interval=request.interval,
            save=self._saver(choices.save),
            proven={} if self._last is None else self._last.proven(self._target.seats),
            # A plan is made of nothing but what AWS says.
            lasting=lasting,
            proven_empty=self._note_empty,
        )

    @property
    def not_before(self) -> str | None:
        """Return the moment before which the plan is refused as it is, None for none."""
        end = self._loaded.settings.end
        refused = self.request.choices.stacks and not self.request.early
        return end.isoformat() if refused and events.now() < end else None

    @property
    def account_regions(self) -> Collection[AccountRegion]:
        """Return where is looked."""
        return self._target.seats

    def plan(self) -> TeardownPlan:
        """Look everywhere; raise GuardError where another environment is at work."""
        made = self._job.plan(self.request.choices)
        guard.check_environment(made.discovery, self._loaded.name)
        if self._target.members is not None and self._target.members.unvisited:
            self._say(self._target.members.unvisited)
        evidence.note_scan(self._ledger, made.discovery)
        return made

    def counts(self, plan: TeardownPlan) -> FileCounts:
        """Return what of people's work a plan deletes, and say what keeps it from being saved.

        Raise GuardError for that where it is to be done.
        """
        counted = file_counts.count(self._clients, plan)
        to = None if plan.choices.save is None else plan.choices.save.to
        if to is None or plan.is_empty:
            return counted
        lost = lost_artifacts(plan)
        save_paths.refuse_condemned(
            save_paths.read(to),
            (bucket for artifacts in lost for bucket in artifacts.buckets),
            (folder for artifacts in lost for folder in artifacts.folders),
        )
        try:
            save_checks.check_exists(self._clients, to, plan.discovery.contexts)
        except GuardError as error:
            if self.request.apply:
                raise
            self._say(f"warning: {error}")
        return counted

    def show(self, plan: TeardownPlan) -> None:
        """Keep a plan that is shown, to be held to."""
        ShownPlan.of(plan, self._subject).write(self.folder)

    def held(self, plan: TeardownPlan) -> ShownPlan:
        """Return what to hold to; raise GuardError where the plan is another than was shown."""
        found = shown_plan.plan_to_hold(
            self._last, self.request.digest, plan, self._subject, self.request.command
        )
        if self.request.choices.stacks:
            guard.check_protection(plan.discovery, self._target.own_accounts)
        return found

    def agree(self, plan: TeardownPlan, typed: str) -> None:
        """Raise GuardError unless the workshop's name was typed and work can be saved."""
        guard.check_name(self._loaded, typed)
        to = None if plan.choices.save is None else plan.choices.save.to
        if to is not None and not plan.is_empty:
            save_checks.check_writable(self._clients, to, plan.discovery.contexts)

    def begin(self, plan: TeardownPlan) -> None:
        """Note that it begins, and the accounts it goes on without, of which no set will tell."""
        self._ledger.begin(self.request.verb, plan=plan.digest, account=self._loaded.home.account)
        accepted = plan.choices.accept_unknown
        for place in members.given_up(self._target.unlooked, accepted):
            self._ledger.note_left(place, self._target.workshop, ["what nobody could look at"])

    def apply(
        self, plan: TeardownPlan, held: ShownPlan, bill: Callable[[], Bill | None]
    ) -> TeardownReport:
        """Do it; ``bill`` adds up what it has cost, before that is deleted."""
        # By which it can be gone on with, wherever its plan was shown.
        held.write(self.folder)
        cost = bill()
        return replace(self._job.apply(plan, held), bill=cost)

    def end(self, report: TeardownReport) -> tuple[Path, ...]:
        """Note how it ended; return where the report was written."""
        kept = [result.resource for result in report.of(DeletionOutcome.KEPT)]
        self._note_empty(evidence.gone(report), kept)
        for account_region, names in evidence.names_of(report.last).items():
            self._ledger.note_left(account_region, self._target.workshop, names)
        self._free_accounts()
        self._ledger.end(
            {"verdict": report.verdict, "exit": report.code, "counts": report.counts()}
        )
        return tuple(report.write(self.folder))

    def _note_empty(
        self, account_regions: Sequence[AccountRegion], kept: Sequence[Resource]
    ) -> None:
        names = evidence.names_of(kept)
        self._ledger.gone(account_regions, self._target.workshop, names)

    def _free_accounts(self) -> None:
        """Let others have the accounts that are empty and whose seats left the roster."""
        own, before = self._target.members, self._loaded.assignment
        staying = {"", *(seat.id for seat in self._loaded.seats if seat.on_roster)}
        left = {account for account, seat in before.seat_of.items() if seat not in staying}
        if own is None or not left:
            return
        try:
            sets = own_sets.find(own.calls, self._target.workshop, self._target.environment)
            free = left.intersection(members.proven_empty(self._loaded, self._ledger, sets))
            if free:
                assignment.write(self._loaded.path, before, before.released(free))
                file = shown(assignment.path(self._loaded.path))
                self._say(f"{file}: free again: {', '.join(sorted(free))}")
        except (*errors.Refusal, WorkshopError) as error:
            self._say(f"warning: accounts that are empty were not freed: {error}")

    def _saver(self, keep: Keep | None) -> Saver | None:
        if keep is None or keep.to is None:
            return None
        to = keep.to

        def save(plan: TeardownPlan) -> list[saving.Saved]:
            self._say(f"saving attendees' work to {to} ...")
            return saving.save(self._clients, keep, to, seat_artifacts(plan))

        return save


def kept(loaded: LoadedEnvironment, save_to: str | None) -> Keep | None:
    """Return what is saved, and where to; None where no place is named."""
    keep = loaded.settings.keep
    to = save_to or keep.to
    if to is None:
        return None
    save_paths.read(to)
    return keep.model_copy(update={"to": to})
