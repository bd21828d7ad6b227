"""Reads what a workshop uses and has used, in every account and Region.

Listings are paged and begin where the workshop did. A job that has ended is described once; what is
still there and what cannot be read are told apart from what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from workshop.account_region import AccountRegion
from workshop.aws import places
from workshop.aws.boxes import boxes
from workshop.aws.clients import Clients
from workshop.aws.notebooks import notebooks
from workshop.aws.rate_limit import MinInterval
from workshop.aws.reads import ACCOUNTS_AT_ONCE, Unavailable, attempt, known, side_by_side
from workshop.bill import observation, usages
from workshop.bill.observation import Observation
from workshop.bill.record import UsageRecord
from workshop.bill.usages import Usage
from workshop.config.environment import LoadedEnvironment
from workshop.counting import plural
from workshop.ledger import Ledger
from workshop.pricing import amounts
from workshop.status import describe
from workshop.status.collector import LISTINGS, StatusCollector, tags_of
from workshop.status.describe import DescribeCache
from workshop.status.snapshot import ENDPOINT

DESCRIPTIONS_PER_SECOND = 20.0
DESCRIPTIONS = 2000
"""Of one account and Region in one look: a hundred seconds. The next look goes on from there."""

_BEFORE = timedelta(days=30)
"""So long before its start a workshop is looked for where no ledger says when it began."""

_EARLY = timedelta(days=7)
"""So long before its start a workshop may have been deployed from another machine."""

_CLOCKS = timedelta(hours=1)
"""By which this machine's clock may be ahead of AWS's."""

DESCRIPTIONS_BEFORE_DELETION = 200
"""The same before a teardown, which has to stop what costs: ten seconds."""

_LEFT = "there are more jobs than one look describes; what the others have cost is not in it"

Description = Mapping[str, Any]


class _JobKind(NamedTuple):
    """How jobs of a kind are listed and described, and what a description tells."""

    kinds: tuple[str, ...]
    noun: str
    used: Callable[[Description, Usage, datetime], Iterator[Usage]]


_JOB_KINDS = (
    _JobKind((amounts.TRAINING, amounts.WARM_POOL), "TrainingJob", usages.training_usages),
    _JobKind((amounts.PROCESSING,), "ProcessingJob", usages.processing_usages),
    _JobKind((amounts.TRANSFORM,), "TransformJob", usages.transform_usages),
)


def collect(
    clients: Clients,
    loaded: LoadedEnvironment,
    account_regions: Collection[AccountRegion],
    kept: UsageRecord,
    at: datetime,
    *,
    descriptions: int = DESCRIPTIONS,
) -> tuple[UsageRecord, tuple[str, ...]]:
    """Return what was kept with what is seen ``at`` this moment, and what could not be read.

    No more than so many ``descriptions`` are asked for in each account and Region.
    """
    ledger, workshop = Ledger(loaded.name), loaded.settings.workshop
    began = ledger.began()
    everybody = ledger.every_seat(workshop) | {seat.id for seat in loaded.seats}

    def read(account_region: AccountRegion) -> Observation:
        look = observation.begun(loaded, account_region, everybody, kept, at)
        start = min(loaded.settings.start, at)
        # Another organiser may have begun before this machine's ledger did.
        since = min(began.get(account_region, start - _BEFORE), start - _EARLY)
        _RegionReader(clients, look, descriptions).read(loaded, since - _CLOCKS)
        return look

    looks = side_by_side(read, account_regions, threads=ACCOUNTS_AT_ONCE)
    unread = places.told_unread(
        loaded, [(where, why) for where, look in looks.items() for why in look.unread]
    )
    new = observation.with_looks(kept, looks.values())
    whole = all(look.has_read(kind.kinds[0]) for look in looks.values() for kind in _JOB_KINDS)
    return replace(new, jobs_at=at if whole else kept.jobs_at), tuple(unread)


class _RegionReader:
    """Reads one account and Region for one look at it."""

    def __init__(self, clients: Clients, look: Observation, descriptions: int) -> None:
        self._clients = clients
        self._look = look
        self._where = look.account_region
        self._left = descriptions
        self._spacing = MinInterval(1 / DESCRIPTIONS_PER_SECOND)

    def read(self, loaded: LoadedEnvironment, since: datetime) -> None:
        """Read notebooks, endpoints, and the jobs since a moment; one's error hides no other."""
        look = self._look
        books = attempt(lambda: notebooks(self._clients, self._where, look.owners.workshop))
        look.notebooks(books, {}, observation.disks(loaded, self._where))
        if loaded.settings.has_boxes:
            there = attempt(lambda: boxes(self._clients, self._where, look.owners.workshop))
            look.boxes(there, observation.box_disks(loaded, self._where))
        collector = StatusCollector(self._clients, self._where, look.owners, DescribeCache())
        look.endpoints(*collector.of_workshop(ENDPOINT))
        for kind in _JOB_KINDS:
            found = attempt(partial(self._jobs, kind, since))
            if isinstance(found, Unavailable):
                look.note_unread(plural(f"{kind.kinds[0]} job"), found.reason, *kind.kinds)
            else:
                look.usages += found
                look.note_looked_at(*kind.kinds)

    def _jobs(self, kind: _JobKind, since: datetime) -> list[Usage]:
        """Return what the jobs of a kind have used."""
        listed = self._listed(kind, since)
        name, arn, status = (f"{kind.noun}{word}" for word in ("Name", "Arn", "Status"))
        owners = self._look.owners
        nameless = [job[arn] for job in listed if owners.by_name(job[name]) is None]
        tags = tags_of(self._clients, self._where, nameless)
        seats = {job[arn]: self._look.owner(job[name], tags.get(job[arn], {})) for job in listed}
        kept = self._kept()
        ended = {arn: some for arn, some in kept.items() if not any(map(_may_change, some))}
        ours = [job for job in listed if seats[job[arn]] is not None]
        new = [job for job in ours if job[arn] not in ended]
        found = [usage for job in ours for usage in ended.get(job[arn], ())]
        whole = self._searched(kind.noun, [job[name] for job in new])
        for summary in new:
            job = whole.get(summary[arn])
            if job is None or job[status] != summary[status]:  # Search may be some seconds behind
                job = self._described(kind.noun, summary[name])
            first, seat = kind.kinds[0], seats[summary[arn]] or ""
            usage = self._look.usage(first, f"{summary[arn]} {first}", seat, summary[name])
            if job is None:
                # Whatever it had used when it was last seen, it may have used more.
                seen = kept.get(summary[arn]) or [usage]
                found += [replace(some, most=None) for some in seen]
            else:
                found += kind.used(job, usage, self._look.at)
        return found

    def _listed(self, kind: _JobKind, since: datetime) -> list[Description]:
        listing = LISTINGS[kind.kinds[0]]
        pages = self._clients.pages(
            self._where, "sagemaker", listing.operation, CreationTimeAfter=since
        )
        return [summary for page in pages for summary in page[listing.summaries]]

    def _kept(self) -> dict[str, list[Usage]]:
        """Return what was kept of jobs, by ARN."""
        by_arn: dict[str, list[Usage]] = {}
        for usage in self._look.kept.usages.values():
            by_arn.setdefault(usage.key.partition(" ")[0], []).append(usage)
        return by_arn

    def _searched(self, noun: str, names: Collection[str]) -> dict[str, Description]:
        """Return whole training jobs by ARN, as far as Search has them; it has no other jobs."""
        found: dict[str, Description] = {}
        for batch in describe.batches(names) if noun == "TrainingJob" else ():
            ask = partial(describe.search, self._clients, self._where, noun, batch)
            found |= known(attempt(ask))
        return found

    def _described(self, noun: str, name: str) -> Description | None:
        if not self._left:
            if _LEFT not in self._look.unread:
                self._look.unread.append(_LEFT)
            return None
        self._left -= 1
        self._spacing.wait()
        request = {f"{noun}Name": name}
        answer = attempt(
            lambda: self._clients.call(self._where, "sagemaker", f"Describe{noun}", **request)
        )
        if isinstance(answer, Unavailable):
            self._look.unread.append(f"{name} could not be read: {answer.reason}")
            return None
        return answer


def _may_change(usage: Usage) -> bool:
    """Return whether a job may use more than is known: it runs, or leaves a warm pool."""
    return usage.goes_on or usage.most is None
