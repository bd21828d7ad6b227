"""What a teardown did and what is left, for programs, for people and for the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from workshop import files, page_templates
from workshop.counting import count_of, plural
from workshop.escaping import json_text
from workshop.pricing.amounts import NOT_IN_IT, Bill
from workshop.pricing.prices import Cost
from workshop.teardown.account_ends import AccountEnd, account_ends, summary
from workshop.teardown.events import DeletionOutcome, DeletionResult
from workshop.teardown.plan import Choices, cost_of, to_accept
from workshop.teardown.resource import Resource
from workshop.teardown.saving import Saved, of_bytes
from workshop.teardown.scan_target import ScanTarget, Unknown
from workshop.teardown.verification import SCANS, Scan

GONE = (DeletionOutcome.DELETED, DeletionOutcome.EMPTIED, DeletionOutcome.ALREADY_GONE)
"""Outcomes after which nothing of it is left."""
_STAYED = (DeletionOutcome.STUCK, DeletionOutcome.ABANDONED)

ACCOUNTS = "accounts of seats"
"""The heading of how each is handed back."""

BILL = "what it had cost, by seat and kind"
"""The heading of the bill."""

PROVEN = 0
LEFT = 1
NOT_PROVEN = 4
"""Exit codes."""


@dataclass(frozen=True)
class TeardownReport:
    """The end of a teardown; see :mod:`workshop.teardown.verification` for what proves it."""

    target: ScanTarget
    choices: Choices
    digest: str
    began: datetime
    ended: datetime
    results: tuple[DeletionResult, ...]
    scans: tuple[Scan, ...]
    foreign: tuple[Resource, ...]
    not_saved: Mapping[str, str]
    """Seats whose data stays, and what of it could not be saved."""
    not_frozen: Mapping[str, str]
    """Roles that could make something new until they were deleted, and why."""
    not_offered: tuple[str, ...]
    seconds: Mapping[str, float]
    calls: Mapping[str, int] = field(default_factory=dict)
    """How many calls were made, by ``service:Operation``, the plan's among them."""
    saved: tuple[Saved, ...] = ()
    """What was saved of each seat."""
    stays: tuple[Resource, ...] = ()
    """What a sweep leaves on purpose: the workbenches."""
    last: tuple[Resource, ...] = ()
    """What goes after all else, and is still there: stack sets, and the way into accounts."""
    bill: Bill | None = None
    """What it had cost before anything was deleted, None where nobody looked."""

    @property
    def proven(self) -> bool:
        """Whether two scans have shown that nothing is left, and nothing was abandoned."""
        looked = len(self.scans) >= SCANS and all(scan.clean for scan in self.scans)
        if not looked or self.last:
            return False
        return not self.of(DeletionOutcome.ABANDONED) and not self.not_saved

    @property
    def code(self) -> int:
        """The exit code; a sweep proves nothing, and fails where something is stuck."""
        if not self.choices.stacks:
            unknown = any(scan.unknown for scan in self.scans)
            return LEFT if self.of(DeletionOutcome.STUCK) or self.not_saved or unknown else PROVEN
        return PROVEN if self.proven else NOT_PROVEN

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        whose = f"workshop {self.target.workshop!r}"
        if self.choices.only is not None:
            seats = "seat" if len(self.choices.only) == 1 else "seats"
            seats = f"{seats} {', '.join(self.choices.only)}"
            whose = f"the {seats} of {whose}"
        besides = self._not_looked_at
        kept = " but what is kept on request" if self.of(DeletionOutcome.KEPT) else ""
        if not self.choices.stacks:
            was = "was" if self.choices.only is None or len(self.choices.only) == 1 else "were"
            wholly = "" if self.code == PROVEN else "not wholly "
            return f"{whose} {was} {wholly}swept{besides}"
        if self.proven and besides:
            return f"gone{besides}: two scans found nothing else of {whose}{kept}{self._kept}"
        if self.proven:
            return f"gone: two scans found nothing of {whose}{kept}{self._kept}"
        if not self.of(*GONE):
            return f"NOT PROVEN: nothing of {whose} was deleted"
        return f"NOT PROVEN: {whose} is not shown to be gone"

    @property
    def accepted(self) -> tuple[str, ...]:
        """Resource types that some scan could not list, and that need not be."""
        found = {unknown for scan in self.scans for unknown in scan.accepted}
        return tuple(
            sorted(
                {
                    plural(unlooked.resource_type) if unlooked.tried else unlooked.subject
                    for unlooked in found
                }
            )
        )

    @property
    def to_accept(self) -> tuple[str, ...]:
        """Resource types that the last scan could not list or read, and which it can go without."""
        unknown = self.scans[-1].unknown if self.scans else ()
        return to_accept(unknown, self.left)

    @property
    def _not_looked_at(self) -> str:
        if not self.accepted:
            return ""
        *others, last = self.accepted
        some = f"{', '.join(others)} and {last}" if others else last
        # What nobody tried to list is an account or a service; what could not be is of a type.
        types = {unknown.resource_type for scan in self.scans for unknown in scan.accepted}
        were = "were" if others or last in map(plural, types) else "was"
        return f", but for {some}, which {were} not looked at"

    @property
    def _kept(self) -> str:
        """Where the saved work is, which nothing deletes: empty where there is none."""
        has_some = any(saved.objects or saved.logs for saved in self.saved)
        if not has_some or self.choices.save is None:
            return ""
        return f"; what was saved is kept in {self.choices.save.to}"

    @property
    def left(self) -> tuple[Resource, ...]:
        """What the last scan found, and what was to go after it and has not."""
        return (*(self.scans[-1].left if self.scans else ()), *self.last)

    @property
    def cost(self) -> Cost:
        """USD an hour of all that is there; not complete where a price or a listing is missing."""
        last = self.scans[-1] if self.scans else None
        read = last is not None and not last.unknown and not last.accepted
        return cost_of((*self.left, *self.stays), complete=read)

    def of(self, *outcomes: DeletionOutcome) -> list[DeletionResult]:
        """Return the results of these outcomes, in a lasting order."""
        found = (result for result in self.results if result.outcome in outcomes)
        return sorted(found, key=lambda result: result.resource.order)

    @cached_property
    def accounts(self) -> tuple[AccountEnd, ...]:
        """How each account of a seat is handed back; none where seats have no accounts."""
        kept = [result.resource for result in self.of(DeletionOutcome.KEPT)]
        if not self.choices.stacks:
            return ()
        return account_ends(self.target, self.scans, self.left, kept)

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "workshop": self.target.workshop,
            "environment": self.target.environment,
            "only": list(self.choices.only) if self.choices.only is not None else None,
            "account_regions": [
                {"account": account_region.account, "region": account_region.region}
                for account_region in self.target.seats
            ],
            "accounts": [end.document() for end in self.accounts],
            "plan": self.digest,
            "began": self.began.isoformat(timespec="seconds"),
            "ended": self.ended.isoformat(timespec="seconds"),
            "verdict": self.verdict,
            "proven": self.proven,
            "exit": self.code,
            "still_billed_usd_per_hour": self.cost.known,
            "all_prices_known": self.cost.complete,
            "bill": self.bill and self.bill.document(),
            "results": {
                outcome.value: [
                    {**result.resource.document(), "message": result.message} for result in results
                ]
                for outcome in DeletionOutcome
                if (results := self.of(outcome))
            },
            "left": [resource.document() for resource in self.left],
            "foreign": [resource.document() for resource in self.foreign],
            "saved": [saved.document() for saved in self.saved],
            "not_saved": dict(self.not_saved),
            "not_frozen": dict(self.not_frozen),
            "not_offered": list(self.not_offered),
            "scans": [
                {
                    "at": scan.at.isoformat(timespec="seconds"),
                    "clean": scan.clean,
                    "left": len(scan.left),
                    "unknown": [unknown.document() for unknown in scan.unknown],
                    "not_looked_at": [unknown.document() for unknown in scan.accepted],
                }
                for scan in self.scans
            ],
            "seconds": dict(self.seconds),
            "calls": dict(self.calls),
        }

    def counts(self) -> dict[str, dict[str, int]]:
        """Outcome -> kind -> how many."""
        return {
            outcome.value: dict(
                sorted(Counter(result.resource.resource_type for result in found).items())
            )
            for outcome in DeletionOutcome
            if (found := self.of(outcome))
        }

    def sections(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """Headings with rows of seat, kind, name and remark, for people."""
        yield ACCOUNTS, [(end.seat, "account", end.account, end.message) for end in self.accounts]
        for outcome in _STAYED:
            yield outcome.value, self._rows(outcome)
        stuck = {result.resource.key for result in self.of(*_STAYED)}
        rest = [resource for resource in self.left if resource.key not in stuck]
        yield "left", [_row(resource, f"{resource.ownership}: {resource.why}") for resource in rest]
        last = self.scans[-1:]
        yield "unknown", [_row_of_unknown(unknown) for scan in last for unknown in scan.unknown]
        accepted = [_row_of_unknown(unknown) for scan in last for unknown in scan.accepted]
        yield "not looked at, as was asked", accepted
        yield "not saved", [(seat, "", "", why) for seat, why in self.not_saved.items()]
        yield "saved", [(saved.seat, "", "", saved.message) for saved in self.saved]
        yield "not frozen", [("", "role", name, why) for name, why in self.not_frozen.items()]
        for outcome in (DeletionOutcome.UNDELETABLE, DeletionOutcome.KEPT):
            yield outcome.value, self._rows(outcome)
        yield (
            "foreign look-alikes, left alone",
            [_row(resource, resource.why) for resource in self.foreign],
        )
        yield BILL, list(self._rows_of_bill())
        for outcome in GONE:
            yield outcome.value, self._rows(outcome)

    def _rows_of_bill(self) -> Iterator[tuple[str, ...]]:
        if self.bill is not None:
            for seat in self.bill.seats:
                for kind, amount in seat.amounts.items():
                    yield seat.seat, kind, "", f"{amount} USD"
            for why in self.bill.unread:
                yield "", "", "", why

    def _rows(self, outcome: DeletionOutcome) -> list[tuple[str, ...]]:
        return [_row(result.resource, result.message) for result in self.of(outcome)]

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what stands above the lists."""
        yield "workshop", f"{self.target.workshop} (environment {self.target.environment})"
        if self.target.members is None:
            yield "accounts and Regions", ", ".join(map(str, self.target.seats))
        else:
            yield "account and Region of the stack sets", str(self.target.members.home)
        if self.accounts:
            yield ACCOUNTS, summary(self.accounts)
        yield "began", f"{self.began:%Y-%m-%d %H:%M:%S} UTC"
        yield "ended", f"{self.ended:%Y-%m-%d %H:%M:%S} UTC"
        yield "still billed", self.cost.per_hour
        if self.bill is not None:
            yield "has cost", f"{self.bill.sentence}; {NOT_IN_IT}"
        if self.saved:
            yield "saved", saved_in_all(self.saved, self.choices)
        scans = ", ".join(
            f"{scan.at:%H:%M:%S} {'clean' if scan.clean else 'not clean'}" for scan in self.scans
        )
        yield "scans", scans or "none"
        if self.calls:
            yield (
                "calls",
                f"{sum(self.calls.values()):,}, for {count_of(len(self.results), 'resource')}",
            )
        if self.not_offered:
            yield "not offered in the Region", ", ".join(self.not_offered)

    @property
    def title(self) -> str:
        """What was torn down, and on which day."""
        return f"Teardown of {self.target.workshop}, {self.began.day} {self.began:%B %Y}"

    def markdown(self) -> str:
        """Return the report as a page of Markdown."""
        return _MARKDOWN.get_template("report.md.j2").render(report=self)

    def html(self) -> str:
        """Return the report as one page that needs nothing else."""
        return _HTML.get_template("report.html.j2").render(report=self)

    def write(self, folder: Path) -> list[Path]:
        """Write all three files beside those of earlier runs; returns their paths."""
        files.make_folder(folder)
        texts = {
            "json": json_text(self.document(), indent=1) + "\n",
            "md": self.markdown(),
            "html": self.html(),
        }
        name = self._free_name(folder)
        paths = [folder / f"{name}.{ending}" for ending in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            files.write(path, text)
        return paths

    def _free_name(self, folder: Path) -> str:
        """Return a name that no other report has, and whose first file is there from now on."""
        name = moment = f"teardown-{self.ended:%Y%m%dT%H%M%S}"
        number = 1
        while True:
            try:
                files.create(folder / f"{name}.json")
            except FileExistsError:
                number += 1
                name = f"{moment}-{number}"
            else:
                return name


_TEMPLATES = Path(__file__).with_name("templates")
_HTML, _MARKDOWN = page_templates.html(_TEMPLATES), page_templates.markdown(_TEMPLATES)


def saved_in_all(saved: tuple[Saved, ...], choices: Choices) -> str:
    """``12 files (3.0 MB) and 4 logs of 2 seats, to s3://archive``."""
    files, logs = (
        sum(seat_saved.objects for seat_saved in saved),
        sum(seat_saved.logs for seat_saved in saved),
    )
    bytes_ = of_bytes(sum(seat_saved.bytes for seat_saved in saved))
    seats = len({seat_saved.seat for seat_saved in saved if seat_saved.objects or seat_saved.logs})
    to = "" if choices.save is None else f", to {choices.save.to}"
    work = f"{count_of(files, 'file')} ({bytes_}) and {count_of(logs, 'log')}"
    return f"{work} of {count_of(seats, 'seat')}{to}"


def _row_of_unknown(unknown: Unknown) -> tuple[str, ...]:
    return "", unknown.resource_type, str(unknown.account_region), unknown.why


def _row(resource: Resource, message: str = "") -> tuple[str, ...]:
    return resource.owner, resource.resource_type, resource.id, message
