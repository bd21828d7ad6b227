"""What a teardown did and what is left, for programs, for people and for the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workshop.escaping import html, json_text, markdown
from workshop.teardown.discover import Target
from workshop.teardown.happenings import Outcome, Result
from workshop.teardown.model import Thing
from workshop.teardown.plan import Choices
from workshop.teardown.verify import Scan

PROVEN = 0
LEFT = 1
NOT_PROVEN = 4
"""Exit codes."""

_LOOKS = 2


@dataclass(frozen=True)
class Report:
    """The end of a teardown; see :mod:`workshop.teardown.verify` for what proves it."""

    target: Target
    choices: Choices
    digest: str
    began: datetime
    ended: datetime
    results: tuple[Result, ...]
    scans: tuple[Scan, ...]
    foreign: tuple[Thing, ...]
    not_saved: Mapping[str, str]
    not_frozen: Mapping[str, str]
    """Roles that could make something new until they were deleted, and why."""
    not_offered: tuple[str, ...]
    seconds: Mapping[str, float]
    calls: Mapping[str, int] = field(default_factory=dict)
    """How many calls were made, by ``service:Operation``, the plan's among them."""

    @property
    def proven(self) -> bool:
        """Whether two looks have shown that nothing is left, and nothing was abandoned."""
        looked = len(self.scans) >= _LOOKS and all(scan.clean for scan in self.scans)
        return looked and not self.of(Outcome.ABANDONED) and not self.not_saved

    @property
    def code(self) -> int:
        """The exit code; a sweep proves nothing, and fails where something is stuck."""
        if not self.choices.stacks:
            unknown = any(scan.unknown for scan in self.scans)
            return LEFT if self.of(Outcome.STUCK) or self.not_saved or unknown else PROVEN
        return PROVEN if self.proven else NOT_PROVEN

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        whose = f"workshop {self.target.workshop!r}"
        if self.choices.only is not None:
            whose = f"the seats {', '.join(self.choices.only)} of {whose}"
        if not self.choices.stacks:
            return f"{whose} was swept" if self.code == PROVEN else f"{whose} was not swept wholly"
        if self.proven:
            return f"gone: two looks found nothing of {whose}"
        return f"NOT PROVEN: {whose} is not shown to be gone"

    @property
    def left(self) -> tuple[Thing, ...]:
        """What the last look found."""
        return self.scans[-1].left if self.scans else ()

    @property
    def hourly(self) -> tuple[Decimal, bool]:
        """USD an hour of all that is left, and whether every price is known."""
        prices = [thing.hourly for thing in self.left]
        return sum((one for one in prices if one is not None), start=Decimal(0)), None not in prices

    def of(self, *outcomes: Outcome) -> list[Result]:
        """The results of these outcomes, in a lasting order."""
        found = (one for one in self.results if one.outcome in outcomes)
        return sorted(
            found, key=lambda one: (one.thing.place, one.thing.seat, one.thing.kind, one.thing.id)
        )

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        usd, complete = self.hourly
        return {
            "workshop": self.target.workshop,
            "environment": self.target.environment,
            "only": list(self.choices.only) if self.choices.only is not None else None,
            "places": [
                {"account": place.account, "region": place.region} for place in self.target.seats
            ],
            "plan": self.digest,
            "began": self.began.isoformat(timespec="seconds"),
            "ended": self.ended.isoformat(timespec="seconds"),
            "verdict": self.verdict,
            "proven": self.proven,
            "exit": self.code,
            "still_billed_usd_per_hour": str(usd),
            "all_prices_known": complete,
            "results": {
                outcome.value: [_as_json(one.thing, one.told) for one in self.of(outcome)]
                for outcome in Outcome
                if self.of(outcome)
            },
            "left": [_as_json(thing) for thing in self.left],
            "foreign": [_as_json(thing) for thing in self.foreign],
            "not_saved": dict(self.not_saved),
            "not_frozen": dict(self.not_frozen),
            "not_offered": list(self.not_offered),
            "looks": [
                {
                    "at": scan.at.isoformat(timespec="seconds"),
                    "clean": scan.clean,
                    "left": len(scan.left),
                    "unknown": [
                        {"kind": one.kind, "place": str(one.place), "why": one.why}
                        for one in scan.unknown
                    ],
                }
                for scan in self.scans
            ],
            "seconds": dict(self.seconds),
            "calls": dict(self.calls),
        }

    def counts(self) -> dict[str, dict[str, int]]:
        """Outcome -> kind -> how many."""
        return {
            outcome.value: dict(sorted(Counter(one.thing.kind for one in found).items()))
            for outcome in Outcome
            if (found := self.of(outcome))
        }

    def sections(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """Headings with rows of seat, kind, name and remark, for people."""
        for outcome in (Outcome.STUCK, Outcome.ABANDONED):
            yield outcome.value, [_row(one.thing, one.told) for one in self.of(outcome)]
        stuck = {one.thing.key for one in self.of(Outcome.STUCK, Outcome.ABANDONED)}
        rest = [thing for thing in self.left if thing.key not in stuck]
        yield "left", [_row(thing, f"{thing.ownership}: {thing.why}") for thing in rest]
        unknown = self.scans[-1].unknown if self.scans else ()
        yield "unknown", [("", one.kind, str(one.place), one.why) for one in unknown]
        yield "not saved", [(seat, "", "", why) for seat, why in self.not_saved.items()]
        yield "not frozen", [("", "role", name, why) for name, why in self.not_frozen.items()]
        for outcome in (Outcome.UNDELETABLE, Outcome.KEPT):
            yield outcome.value, [_row(one.thing, one.told) for one in self.of(outcome)]
        yield "foreign look-alikes, left alone", [_row(one, one.why) for one in self.foreign]
        for outcome in (Outcome.DELETED, Outcome.EMPTIED, Outcome.ALREADY_GONE):
            yield outcome.value, [_row(one.thing, one.told) for one in self.of(outcome)]

    def facts(self) -> Iterator[tuple[str, str]]:
        """What stands above the lists."""
        usd, complete = self.hourly
        yield "workshop", f"{self.target.workshop} (environment {self.target.environment})"
        yield "places", ", ".join(str(place) for place in self.target.seats)
        yield "time", f"{self.began:%Y-%m-%d %H:%M:%S} to {self.ended:%H:%M:%S} UTC"
        yield "still billed", f"{'' if complete else 'at least '}{usd:.3f} USD per hour"
        looks = ", ".join(
            f"{scan.at:%H:%M:%S} {'clean' if scan.clean else 'not clean'}" for scan in self.scans
        )
        yield "looks", looks or "none"
        if self.calls:
            yield "calls", f"{sum(self.calls.values())}, for {len(self.results)} things"
        if self.not_offered:
            yield "not offered in the Region", ", ".join(self.not_offered)

    def markdown(self) -> str:
        """The report as a page of Markdown."""
        lines = [
            f"# Teardown of {markdown(self.target.workshop)}",
            "",
            f"**{markdown(self.verdict)}**",
            "",
        ]
        lines += [f"- {name}: {markdown(value)}" for name, value in self.facts()]
        for heading, rows in self.sections():
            if rows:
                lines += ["", f"## {heading} ({len(rows)})", "", "| seat | kind | name | remark |"]
                lines += ["|---|---|---|---|"]
                lines += ["| " + " | ".join(map(markdown, row)) + " |" for row in rows]
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """The report as one page that needs nothing else."""
        facts = "".join(
            f"<dt>{html(name)}</dt><dd>{html(value)}</dd>" for name, value in self.facts()
        )
        parts = [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>Teardown of {html(self.target.workshop)}</title><style>{_STYLE}</style>",
            f"<h1>Teardown of {html(self.target.workshop)}</h1>",
            f"<p class={'good' if self.code == PROVEN else 'bad'}>{html(self.verdict)}</p>",
            f"<dl>{facts}</dl>",
        ]
        for heading, rows in self.sections():
            if rows:
                cells = "".join(
                    "<tr>" + "".join(f"<td>{html(cell)}</td>" for cell in row) + "</tr>"
                    for row in rows
                )
                parts.append(
                    f"<h2>{html(heading)} ({len(rows)})</h2><table><tr><th>seat<th>kind<th>name"
                    f"<th>remark</tr>{cells}</table>"
                )
        return "\n".join([*parts, "</html>", ""])

    def write(self, folder: Path) -> list[Path]:
        """Write all three files beside those of earlier runs; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "json": json_text(self.document(), indent=1) + "\n",
            "md": self.markdown(),
            "html": self.html(),
        }
        name = self._free_name(folder)
        paths = [folder / f"{name}.{ending}" for ending in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def _free_name(self, folder: Path) -> str:
        """A name that no other report has, and whose first file is there from now on."""
        name = moment = f"teardown-{self.ended:%Y%m%dT%H%M%S}"
        number = 1
        while True:
            try:
                (folder / f"{name}.json").touch(exist_ok=False)
            except FileExistsError:
                number += 1
                name = f"{moment}-{number}"
            else:
                return name


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;"
    "border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}"
    "dt{font-weight:600}dd{margin:0 0 .4rem}.good,.bad{padding:.6rem 1rem;border-radius:.3rem}"
    ".good{background:#e2f5e5}.bad{background:#fde4e1}"
)


def _row(thing: Thing, told: str = "") -> tuple[str, ...]:
    return thing.seat, thing.kind, thing.id, told


def _as_json(thing: Thing, told: str = "") -> dict[str, Any]:
    whole = {
        "kind": thing.kind,
        "id": thing.id,
        "account": thing.place.account,
        "region": thing.place.region,
        "seat": thing.seat,
        "ownership": thing.ownership.value,
        "why": thing.why,
        "state": thing.state,
        "stack": thing.stack,
        "usd_per_hour": None if thing.hourly is None else str(thing.hourly),
        "told": told,
    }
    return {key: value for key, value in whole.items() if value != ""}
