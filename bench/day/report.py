"""The report of a day: the same for the same seed, byte for byte; what is wrong in it is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.day import observed
from bench.day.observed import Span
from bench.day.play import TICK, Played
from bench.day.setting import REGION
from workshop.pricing import prices

Document = dict[str, Any]
CENT = 0.01
ROUNDED = 0.0002
"""USD by which two sums may differ that were rounded, or that count whole seconds."""
GONE = "gone: two scans found nothing of workshop 'day'"


def document(played: Played) -> Document:
    """Return all of a day as plain JSON values; what is not as it should be is in ``wrong``."""
    made: Document = {
        "seats": played.setting.seats,
        "boxes": played.setting.boxes,
        "hours": played.setting.hours,
        "seed": played.setting.seed,
        "personas": dict(sorted(Counter(script.persona for script in played.scripts).items())),
        "ticks": played.ticks,
        "events": played.day.number,
        "faults": played.faults,
        "quotas": _quotas(played),
        "bill": _bill(played),
        "watch": _watch(played),
        "freezes": _freezes(played),
        "refused": _refused(played),
        "after_the_end": played.after,
        **({"teardown": _teardown(played)} if played.setting.torn_down else {}),
    }
    return {**made, "wrong": list(_wrong(played, made))}


def price(use: str, instance_type: str) -> float:
    """Return USD per hour at list prices, as a bill rests on them."""
    found = prices.hourly("box" if use == observed.BOX else use, instance_type, REGION)  # type: ignore[arg-type]
    assert found is not None, f"no price of {instance_type} for {use}"
    return float(found)


def _quotas(played: Played) -> Document:
    taken = {**played.static, **played.day.peaks()}
    return {
        name: {"peak": peak, "limit": int(played.limits[name])}
        for name, peak in sorted(taken.items())
    }


# --- money ---------------------------------------------------------------------------------------


def _cost(played: Played) -> dict[str, dict[str, float]]:
    """Return USD by seat and kind as the events say."""
    disk = float(prices.volume_hourly(1, REGION) or Decimal(0))
    box_disk = float(prices.box_volume_hourly(1, REGION) or Decimal(0))
    return played.day.cost(price, disk, box_disk, played.billed_at)


def _bill(played: Played) -> Document:
    by_events, told = _cost(played), played.said["bill"].document
    personas = {script.seat: script.persona for script in played.scripts}
    seats, of_personas = [], defaultdict[str, list[Document]](list)
    for seat in told["seats"]:
        kinds = by_events.get(seat["seat"], {})
        row = {
            "seat": seat["seat"],
            "persona": personas[seat["seat"]],
            "least": seat["usd"]["least"] or 0.0,
            "most": seat["usd"]["most"],
            "events": round(sum(kinds.values()), 4),
            "outside": _outside(seat["by_kind"], kinds),
        }
        seats.append(row)
        of_personas[row["persona"]].append(row)
    return {
        "usd": _sum(seats),
        "by_kind": {
            kind: {**told["by_kind"].get(kind, {}), "events": round(usd, 4)}
            for kind, usd in sorted(observed.by_kind(by_events).items())
        },
        "watch_usd": round(sum(sum(kinds.values()) for kinds in played.counted.values()), 4),
        "personas": {name: _sum(some) for name, some in sorted(of_personas.items())},
        "seats": seats,
    }


def _outside(told: Document, kinds: dict[str, float]) -> list[str]:
    """Return the kinds of which the bill's bounds do not hold what the events say."""
    found = []
    for kind in sorted({*told, *kinds}):
        bounds, usd = told.get(kind, {"least": 0.0, "most": 0.0}), kinds.get(kind, 0.0)
        most = bounds["most"]
        if usd < (bounds["least"] or 0.0) - ROUNDED or (most is not None and usd > most + ROUNDED):
            found.append(f"{kind}: {bounds['least']} to {most}, by the events {usd:.4f}")
    return found


def _sum(rows: list[Document]) -> Document:
    most = [row["most"] for row in rows]
    return {
        "seats": len(rows),
        "least": round(sum(row["least"] for row in rows), 4),
        "most": None if None in most else round(sum(most), 4),
        "events": round(sum(row["events"] for row in rows), 4),
    }


# --- the watch -----------------------------------------------------------------------------------


def _watch(played: Played) -> Document:
    """What it stopped and when, whom it froze, and what it said."""
    own = [stop for stop in played.day.stopped if not _is_asked(played, stop.at, stop.name)]
    stops = Counter((clock(stop.at), stop.kind) for stop in own)
    return {
        "stopped": [
            {"at": at, "kind": kind, "number": number}
            for (at, kind), number in sorted(stops.items())
        ],
        "messages": [{"at": clock(at), "subject": said} for at, said, _ in played.messages],
    }


def _is_asked(played: Played, at: float, name: str) -> bool:
    return any(abs(at - moment) < 1 and name == asked for moment, asked in played.asked)


def _freezes(played: Played) -> Document:
    """Who was frozen before the end and whether they were above a cap by the events alone."""
    end, personas = played.setting.end.timestamp(), {s.seat: s.persona for s in played.scripts}
    why: dict[str, str] = {}
    for _, subject, text in played.messages:
        if subject.endswith("above a cap"):
            why.setdefault(text.partition(" ")[0], text)
    early = {seat: at for seat, at in sorted(played.frozen.items()) if at < end}
    return {
        "early": [
            {
                "seat": seat,
                "persona": personas[seat],
                "at": clock(at),
                "why": why.get(seat, ""),
                "deserved": _is_above(played, seat, at),
            }
            for seat, at in early.items()
        ],
        # Of what a tick finds, the freeze comes with it.
        "missed": [
            seat
            for seat in sorted(personas)
            if seat not in early and _is_above(played, seat, end - TICK.total_seconds(), seen=True)
        ],
        "at_the_end": sum(at >= end for at in played.frozen.values()),
    }


def _is_above(played: Played, seat: str, at: float, *, seen: bool = False) -> bool:
    """Return whether a seat was above a cap by then, as the events say.

    ``seen``: without what ended between two ticks can cost since the first, which the watch cannot
    see.
    """
    spans = [span for span in played.day.spans if span.seat == seat]
    usd = sum(span.hours(at) * price(span.kind, span.instance_type) * span.count for span in spans)
    above = played.day.instances(seat, at) > played.setting.instances
    unseen = sum(_in_a_tick(span) for span in spans if span.billed_until) if seen else 0.0
    return above or usd - unseen >= played.setting.usd - CENT


def _refused(played: Played) -> Document:
    """Return how often seats were refused what, by persona."""
    personas = {script.seat: script.persona for script in played.scripts}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for seat, refused in played.refused.items():
        counts[personas[seat]].update(refused)
    return {persona: dict(sorted(some.items())) for persona, some in sorted(counts.items()) if some}


def _teardown(played: Played) -> Document:
    done, planned = played.said["teardown"], played.said["plan of teardown"]
    told = done.report
    found = Counter(
        resource["resource_type"]
        for results in told.get("results", {}).values()
        for resource in results
    )
    return {
        "plan": planned.code,
        "exit": done.code,
        "verdict": told.get("verdict", done.err[-500:]),
        "scans": len(told.get("scans", ())),
        "found": dict(sorted(found.items())),
        "left": len(told.get("left", ())),
        "observer": played.bystander,
    }


# --- what is wrong -------------------------------------------------------------------------------


def _wrong(played: Played, made: Document) -> Iterator[str]:
    for key, said in played.said.items():
        if said.code != 0:
            yield f"{key} ended with {said.code}: {said.err[-500:]}"
    yield from _wrong_money(made)
    yield from _wrong_sums(played)
    yield from _wrong_freezes(made)
    yield from _wrong_uses(played)
    for name in made["after_the_end"]:
        yield f"after the end there was still: {name}"
    if played.setting.torn_down:
        yield from _wrong_teardown(made["teardown"])


def _wrong_money(made: Document) -> Iterator[str]:
    for row in made["bill"]["seats"]:
        for outside in row["outside"]:
            yield f"the bill of {row['seat']} is wrong for {outside}"
    for name, quota in made["quotas"].items():
        if quota["peak"] > quota["limit"]:
            yield f"more was taken of '{name}' than its limit"


def _wrong_teardown(torn: Document) -> Iterator[str]:
    if torn["verdict"] != GONE or torn["left"]:
        yield f"the teardown's verdict: {torn['verdict']}"
    if torn["observer"] != "CREATE_COMPLETE":
        yield f"the stack of somebody else is {torn['observer']}"


def _wrong_freezes(made: Document) -> Iterator[str]:
    freezes = made["freezes"]
    for freeze in freezes["early"]:
        if not freeze["deserved"]:
            yield f"{freeze['seat']} was frozen at {freeze['at']} and was above no cap"
    for seat in freezes["missed"]:
        yield f"{seat} was above a cap and was not frozen"
    if freezes["at_the_end"] + len(freezes["early"]) < made["seats"] + made["boxes"]:
        yield "not every seat was frozen at the end"


def _wrong_uses(played: Played) -> Iterator[str]:
    """Tell of which EC2 instances a status says another last use than their agents."""
    for key, used in played.used.items():
        rows = {row["seat"]: row["active"] for row in played.said[key].document["seats"]}
        for seat, at in used.items():
            if rows[seat] != at:
                yield f"{key}: {seat} was last used at {at}, and it says {rows[seat]}"


def _wrong_sums(played: Played) -> Iterator[str]:
    """Tell where the watch's own sum is off by more than what ends between two ticks can be."""
    by_events = _cost(played)
    for seat, kinds in sorted(by_events.items()):
        spans = [span for span in played.day.spans if span.seat == seat]
        slack = sum(_in_a_tick(span) for span in spans) + ROUNDED
        usd = sum(
            amount for kind, amount in kinds.items() if kind not in ("disk", observed.BOX_DISK)
        )
        counted = sum(played.counted.get(seat, {}).values())
        if not usd - slack <= counted <= usd + ROUNDED:
            yield f"the watch counted {counted:.4f} USD of {seat}, by the events {usd:.4f}"


def _in_a_tick(span: Span) -> float:
    """Return what a span can cost from the last tick before its end, unseen."""
    if span.kind not in ("endpoint", "notebook", observed.BOX):
        return 0.0
    return TICK / timedelta(hours=1) * price(span.kind, span.instance_type) * span.count


def clock(at: float) -> str:
    """Return the time of day."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


# --- for people ----------------------------------------------------------------------------------


def show(made: Document, console: Console) -> None:
    """Print the report as tables."""
    some = ", ".join(f"{number} {persona}" for persona, number in made["personas"].items())
    console.print(
        f"{made['seats']} seats with notebooks and {made['boxes']} with EC2 instances,"
        f" {made['hours']} hours, seed {made['seed']}: {some};"
        f" {made['ticks']} ticks, {made['events']} events, {made['faults']} faults"
    )
    _print(
        console,
        "quota",
        ("peak", "limit"),
        [(name, str(quota["peak"]), str(quota["limit"])) for name, quota in made["quotas"].items()],
    )
    bill = made["bill"]
    rows = [("all", bill["usd"]), *bill["personas"].items()]
    _print(
        console,
        "USD",
        ("seats", "bill", "by the events"),
        [(name, str(row["seats"]), _range(row), f"{row['events']:.2f}") for name, row in rows],
    )
    _print(
        console,
        "USD",
        ("bill", "by the events"),
        [(kind, _range(row), f"{row['events']:.2f}") for kind, row in bill["by_kind"].items()],
    )
    _print(
        console,
        "seat",
        ("persona", "USD of the bill", "by the events"),
        [
            (seat["seat"], seat["persona"], _range(seat), f"{seat['events']:.2f}")
            for seat in bill["seats"]
        ],
    )
    _print(
        console,
        "the watch stopped",
        ("what", "number"),
        [(stop["at"], stop["kind"], str(stop["number"])) for stop in made["watch"]["stopped"]],
    )
    _print(
        console,
        "frozen before the end",
        ("persona", "at", "why"),
        [
            (freeze["seat"], freeze["persona"], freeze["at"], freeze["why"])
            for freeze in made["freezes"]["early"]
        ],
    )
    _print(
        console,
        "refused",
        ("what", "number"),
        [
            (persona, what, str(number))
            for persona, some in made["refused"].items()
            for what, number in some.items()
        ],
    )
    torn = made["teardown"]
    found = ", ".join(f"{number} {kind}" for kind, number in torn["found"].items())
    console.print(f"teardown: exit {torn['exit']}, {torn['verdict']}; it found {found}")
    for sentence in made["wrong"]:
        console.print(f"WRONG: {sentence}")
    if not made["wrong"]:
        console.print("nothing is wrong: every seat's bill holds the sum of its events")


def _range(row: Document) -> str:
    if row.get("least") is None:
        return "?" if "least" in row else "-"
    least = f"{row['least']:.2f}"
    most = "?" if row["most"] is None else f"{row['most']:.2f}"
    return least if least == most else f"{least} to {most}"


def _print(
    console: Console, first: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    table = Table(box=None, header_style="bold")
    for column in (first, *columns):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
