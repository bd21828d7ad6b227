"""What a listing of notebooks or endpoints says of their use, beside what was known before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from workshop import tags as tag_rules
from workshop.account_region import AccountRegion
from workshop.aws.boxes import BoxState
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable, known
from workshop.bill import usages
from workshop.bill.record import Look, UsageRecord
from workshop.bill.usages import Uptimes, Usage
from workshop.config.ec2 import MIN_BOX_GB
from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import MIN_VOLUME_GB
from workshop.naming import ALONE
from workshop.pricing import amounts
from workshop.pricing.billing import ENDPOINT_AT_REST
from workshop.status.snapshot import ENDPOINT, Owners, RunningJob, Snapshot


@dataclass
class Observation:
    """One look at one account and Region: what it has read so far, and what it could not."""

    account_region: AccountRegion
    owners: Owners
    kept: UsageRecord
    at: datetime
    known_as: Callable[[str], str] = str
    """The roster's id of whom AWS knows by another name there."""
    usages: list[Usage] = field(default_factory=list)
    uptimes: dict[str, Uptimes] = field(default_factory=dict)
    looked_at: set[Look] = field(default_factory=set)
    not_read: set[Look] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)

    def notebooks(
        self,
        books: Mapping[str, NotebookState] | Unavailable,
        tags: Mapping[str, Mapping[str, str]],
        disks: Mapping[str, int],
    ) -> None:
        """Note notebooks and their disks, whose GB ``disks`` has by the notebook's name."""
        if isinstance(books, Unavailable):
            self.note_unread("notebooks", books.reason, amounts.NOTEBOOK, amounts.DISK)
            return
        self.note_looked_at(amounts.NOTEBOOK, amounts.DISK)
        for book in books.values():
            seat = self.owner(book.name, tags.get(book.arn, {}))
            if seat is not None:
                self._notebook(book, seat, disks.get(book.name))

    def boxes(self, boxes: Mapping[str, BoxState] | Unavailable, disks: Mapping[str, int]) -> None:
        """Note EC2 instances and their disks, whose GB ``disks`` has by the instance's name."""
        if isinstance(boxes, Unavailable):
            self.note_unread("EC2 instances", boxes.reason, amounts.BOX, amounts.BOX_DISK)
            return
        self.note_looked_at(amounts.BOX, amounts.BOX_DISK)
        for box in boxes.values():
            seat = self.owners.by_name(box.name)
            if seat is not None:
                self._box(box, seat, disks.get(box.name))

    def endpoints(
        self,
        endpoints: Iterable[RunningJob] | Unavailable,
        tags: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Note endpoints; one whose machines are not known costs nobody knows what."""
        if isinstance(endpoints, Unavailable):
            self.note_unread("endpoints", endpoints.reason, amounts.ENDPOINT)
            return
        self.note_looked_at(amounts.ENDPOINT)
        for endpoint in endpoints:
            seat = self.owner(endpoint.name, tags.get(endpoint.arn, {}))
            if seat is not None and endpoint.status not in ENDPOINT_AT_REST:
                self._endpoint(endpoint, seat)

    def owner(self, name: str, tags: Mapping[str, str]) -> str | None:
        """Return the seat by the name, else by the tags; None for what is no seat's."""
        by_tags = tag_rules.seat_of_tags(self.owners.workshop, tags)
        if self.owners.is_another_workshops(tags):
            return None
        return self.owners.by_name(name) or by_tags or None

    def note_looked_at(self, *kinds: str) -> None:
        """Note that all of these kinds were listed."""
        self.looked_at |= self._looks(kinds)

    def note_unread(self, what: str, why: str, *kinds: str) -> None:
        """Note that these kinds could not be listed: what they cost is not known."""
        self.not_read |= self._looks(kinds)
        self.unread.append(f"{what} could not be read: {why}")

    def has_read(self, kind: str) -> bool:
        """Return whether a kind was listed."""
        return (self.account_region.account, self.account_region.region, kind) in self.looked_at

    def usage(self, kind: str, key: str, seat: str, name: str) -> Usage:
        """Return a usage of which only is known whose it is."""
        where = self.account_region
        return Usage(
            key=key,
            kind=kind,
            seat=self.known_as(seat),
            name=name,
            account=where.account,
            region=where.region,
            instance_type="",
            count=1,
            least=0.0,
            most=0.0,
            goes_on=True,
            seen=self.at,
        )

    def _looks(self, kinds: Iterable[str]) -> set[Look]:
        where = self.account_region
        return {(where.account, where.region, kind) for kind in kinds}

    def _notebook(self, book: NotebookState, seat: str, gigabytes: int | None) -> None:
        instance = f"{book.arn} {book.created.isoformat()}"
        key = f"{instance} {book.instance_type}"
        before = self.kept.uptimes.get(key, Uptimes())
        uptimes = self.uptimes[key] = before.with_status(book.status, book.changed, self.at)
        found = self.usage(amounts.NOTEBOOK, key, seat, book.name)
        found = replace(found, instance_type=book.instance_type)
        self.usages.append(usages.notebook_usage(found, book.created, uptimes, self.at))
        disk = self.usage(amounts.DISK, f"{instance} disk", seat, book.name)
        self.usages.append(
            # AWS gives no notebook less than the least, whatever its row said.
            usages.disk_usage(
                replace(disk, count=gigabytes or MIN_VOLUME_GB),
                *(book.created, self.at),
                known=gigabytes is not None,
            )
        )

    def _box(self, box: BoxState, seat: str, gigabytes: int | None) -> None:
        key = f"{box.id} {box.instance_type}"
        uptimes = self.kept.uptimes.get(key, Uptimes())
        if box.status == "running":
            uptimes = uptimes.with_status("running", box.changed, self.at)
        elif box.ended is not None:
            # From its last start to then it ran, and since then it has no machine.
            uptimes = uptimes.with_status("running", box.changed, box.ended)
            uptimes = uptimes.with_status("stopped", box.ended, self.at)
        self.uptimes[key] = uptimes
        found = self.usage(amounts.BOX, key, seat, box.name)
        found = replace(found, instance_type=box.instance_type)
        self.usages.append(usages.notebook_usage(found, box.created, uptimes, self.at))
        disk = self.usage(amounts.BOX_DISK, f"{box.id} disk", seat, box.name)
        self.usages.append(
            usages.disk_usage(
                replace(disk, count=gigabytes or MIN_BOX_GB),
                *(box.created, self.at),
                known=gigabytes is not None,
            )
        )

    def _endpoint(self, endpoint: RunningJob, seat: str) -> None:
        found = self.usage(amounts.ENDPOINT, "", seat, endpoint.name)
        if isinstance(endpoint.machines, Unavailable):
            self.unread.append(f"{endpoint.name}: {endpoint.machines.reason}")
            key = f"{endpoint.arn} {endpoint.since.isoformat()} of unknown machines"
            self.usages.append(replace(found, key=key, most=None))
            return
        key = usages.endpoint_key(endpoint.arn, endpoint.since, endpoint.machines)
        uptimes = self.kept.uptimes.get(key, Uptimes())
        if endpoint.status != "Creating":
            uptimes = uptimes.with_status("InService", endpoint.changed, self.at)
        self.uptimes[key] = uptimes
        found = replace(found, key=key)
        self.usages += usages.endpoint_usages(
            found, endpoint.machines, endpoint.since, uptimes, self.at
        )


def disks(loaded: LoadedEnvironment, account_region: AccountRegion) -> dict[str, int]:
    """Return the GB of the roster's notebooks in an account and Region by their names."""
    return {
        loaded.names(seat).notebook: seat.volume_gb
        for seat in loaded.seats_in(account_region)
        if seat.on_roster and seat.instance_type
    }


def box_disks(loaded: LoadedEnvironment, account_region: AccountRegion) -> dict[str, int]:
    """Return the GB of the roster's EC2 instances in an account and Region by their names."""
    return {
        loaded.names(seat).box: seat.box_gb
        for seat in loaded.seats_in(account_region)
        if seat.on_roster and seat.box_type
    }


def begun(
    loaded: LoadedEnvironment,
    account_region: AccountRegion,
    everybody: Iterable[str],
    kept: UsageRecord,
    at: datetime,
) -> Observation:
    """Return a look at an account and Region that has read nothing yet.

    ``everybody`` are those whom AWS may know there; where each seat has an account of its own, that
    is one name.
    """
    if loaded.settings.accounts.are_own:
        everybody = (ALONE,)
    owners = Owners(loaded.settings.workshop, frozenset(everybody))
    known_as = partial(loaded.seat_id, account=account_region.account)
    return Observation(account_region, owners, kept, at, known_as)


def observed(
    loaded: LoadedEnvironment,
    snapshots: Mapping[AccountRegion, Snapshot],
    kept: UsageRecord,
    at: datetime,
) -> UsageRecord:
    """Return what was kept with the notebooks and endpoints of a status; AWS is asked nothing."""
    everybody = {seat.id for seat in loaded.seats}
    looks = []
    for account_region, snapshot in snapshots.items():
        look = begun(loaded, account_region, everybody, kept, at)
        tags = known(snapshot.tags)
        look.notebooks(snapshot.notebooks, tags, disks(loaded, account_region))
        look.boxes(snapshot.boxes, box_disks(loaded, account_region))
        unread = snapshot.tags if isinstance(snapshot.tags, Unavailable) else None
        look.endpoints(unread or snapshot.work[ENDPOINT], tags)
        looks.append(look)
    return with_looks(kept, looks)


def with_looks(kept: UsageRecord, looks: Iterable[Observation]) -> UsageRecord:
    """Return what was kept with what was seen."""
    for look in looks:
        kept = replace(kept, uptimes={**kept.uptimes, **look.uptimes})
        kept = kept.with_usages(look.usages, look.looked_at, look.at, look.not_read)
    return kept
