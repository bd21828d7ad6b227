"""The report of a teardown, for whatever it may have to tell; and how its two scans are taken."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.teardown_runs import teardown
from tests.support.teardown_workshop import small
from workshop.account_region import AccountRegion
from workshop.cli import teardown_view
from workshop.cli.teardown import teardown as command
from workshop.pricing.amounts import NOT_IN_IT, Amount, Bill, SeatBill
from workshop.teardown.events import DeletionOutcome, DeletionResult
from workshop.teardown.plan import Choices
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.scan_target import ScanTarget, Unknown
from workshop.teardown.verification import Scan

HERE = AccountRegion("000000000000", "us-east-1")
NOW = datetime(2026, 5, 1, 18, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>|a&b"


def resource(name: str, ownership: Ownership = Ownership.OWNED, cost: str | None = "0") -> Resource:
    hourly = None if cost is None else Decimal(cost)
    return Resource("endpoint", name, HERE, ownership, "a test", "ada", hourly=hourly)


LEFT = (
    resource("stuck", cost="0.23"),
    resource("unclear", Ownership.UNKNOWN, cost=None),
    resource("like-ours", Ownership.CLAIMED, cost="0.115"),
)
REPORT = TeardownReport(
    target=ScanTarget("vision", "prod", {HERE: frozenset({"ada"})}, whole=True),
    choices=Choices(),
    digest="0123456789ab",
    began=NOW - timedelta(hours=1),
    ended=NOW,
    results=tuple(
        DeletionResult(resource(outcome.value.split()[0]), outcome, f"told of {outcome.value}")
        for outcome in DeletionOutcome
    ),
    scans=(Scan(NOW, LEFT, (Unknown("model", HERE, "AccessDenied: no"),)),),
    foreign=(resource("theirs", Ownership.FOREIGN),),
    not_saved={"ben": "the copy differs"},
    not_frozen={"vision-ada-role": "AccessDenied: no"},
    not_offered=("labeling job",),
    seconds={"stop": 1.0},
    calls={"sagemaker:ListModels": 2},
    bill=Bill(
        NOW - timedelta(hours=1),
        (SeatBill("ada", "", {"endpoint": Amount(Decimal("1.5"), Decimal("2.25"))}),),
        ("a price list",),
    ),
)
ROWS = {
    "stuck": ["ada", "endpoint", "stuck", "told of stuck"],
    "abandoned": ["ada", "endpoint", "abandoned", "told of abandoned"],
    "unknown": ["", "model", str(HERE), "AccessDenied: no"],
    "not saved": ["ben", "", "", "the copy differs"],
    "not frozen": ["", "role", "vision-ada-role", "AccessDenied: no"],
    DeletionOutcome.UNDELETABLE.value: [
        "ada",
        "endpoint",
        "cannot",
        f"told of {DeletionOutcome.UNDELETABLE}",
    ],
    DeletionOutcome.KEPT.value: ["ada", "endpoint", "kept", "told of kept on request"],
    "foreign look-alikes, left alone": ["ada", "endpoint", "theirs", "a test"],
    "what it had cost, by seat and kind": ["ada", "endpoint", "", "1.50 to 2.25 USD"],
    "deleted": ["ada", "endpoint", "deleted", "told of deleted"],
    "emptied": ["ada", "endpoint", "emptied", "told of emptied"],
    "already gone": ["ada", "endpoint", "already", "told of already gone"],
}
"""Every heading with its only row; ``left`` has two."""


class _Read(HTMLParser):
    """Headings and cells of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: dict[str, list[list[str]]] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - not asked for
        self.tags.add(tag)
        self._inside = tag
        if tag == "tr":
            self.rows[next(reversed(self.rows))].append([])
        if tag == "td":
            self.rows[next(reversed(self.rows))][-1].append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "h2":
            self.rows.setdefault(data.rpartition(" (")[0], [])
        if self._inside == "td":
            self.rows[next(reversed(self.rows))][-1][-1] += data

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - whichever
        self._inside = ""


def in_page(report: TeardownReport) -> dict[str, list[list[str]]]:
    read = _Read(report.html())
    assert not read.tags & {"script", "img", "a", "link", "iframe"}
    return {heading: [row for row in rows if row] for heading, rows in read.rows.items()}


def in_markdown(report: TeardownReport) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in report.markdown().splitlines():
        if line.startswith("## "):
            found[line[3:].rpartition(" (")[0]] = []
        elif line.startswith("| ") and line != "| seat | resource type | name | remark |":
            found[next(reversed(found))].append([one.strip() for one in line[2:-2].split(" | ")])
    return found


@pytest.mark.parametrize("read", [in_page, in_markdown])
def test_all_that_a_run_can_end_in_has_its_section(read: object) -> None:
    assert callable(read)
    found = read(REPORT)
    left = found.pop("left")
    assert [row[2:] for row in left] == [
        ["unclear", "unknown: a test"],
        ["like-ours", "claimed: a test"],
    ]
    assert found == {heading: [row] for heading, row in ROWS.items()}


def test_what_still_costs_stands_above_with_what_is_not_known_of_it() -> None:
    assert REPORT.code == 4
    assert "**NOT PROVEN: workshop 'vision' is not shown to be gone**" in REPORT.markdown()
    for line in (
        "# Teardown of vision, 1 May 2026",
        "- began: 2026-05-01 17:00:00 UTC",
        "- ended: 2026-05-01 18:00:00 UTC",
        "- still billed: at least 0.345 USD per hour",
        "- has cost: 1.50 to 2.25 USD until 2026-05-01 17:00 UTC, an estimate by a price list; "
        + NOT_IN_IT,
        "- scans: 18:00:00 not clean",
        "- not offered in the Region: labeling job",
    ):
        assert line in REPORT.markdown().splitlines()
    told = REPORT.document()
    assert told["bill"]["seats"][0]["usd"] == {"least": 1.5, "most": 2.25}
    assert (told["still_billed_usd_per_hour"], told["all_prices_known"]) == ("0.345", False)


@pytest.mark.parametrize(
    "changes",
    [
        {"scans": (Scan(NOW, (), ()),)},
        {"scans": (Scan(NOW, (), ()), Scan(NOW, LEFT, ()))},
        {"scans": (Scan(NOW, (), ()), Scan(NOW, (), (Unknown("model", HERE, "no"),)))},
        {"not_saved": {"ada": "no"}},
        {"results": (DeletionResult(resource("x"), DeletionOutcome.ABANDONED),)},
    ],
    ids=["one scan", "left", "unknown", "not saved", "abandoned"],
)
def test_only_two_clean_looks_prove_it(changes: dict[str, object]) -> None:
    clean = Scan(NOW, (), ())
    good = replace(REPORT, results=(), scans=(clean, clean), not_saved={})
    assert (good.proven, good.code) == (True, 0)
    bad = replace(good, **changes)  # type: ignore[arg-type]
    assert (bad.proven, bad.code) == (False, 4)


def test_names_are_text_wherever_they_stand() -> None:
    hostile = replace(
        REPORT,
        results=(DeletionResult(resource(HOSTILE), DeletionOutcome.STUCK, HOSTILE),),
        not_saved={HOSTILE: HOSTILE},
    )
    [row] = in_page(hostile)["stuck"]
    assert row == ["ada", "endpoint", HOSTILE, HOSTILE]
    assert in_page(hostile)["not saved"] == [[HOSTILE, "", "", HOSTILE]]
    assert "<script" not in hostile.html()
    assert "<script" not in hostile.markdown()
    assert not re.search(r"(?<!\\)\|a&b", hostile.markdown())


def test_reports_of_one_second_lie_beside_each_other(tmp_path: Path) -> None:
    first, second = REPORT.write(tmp_path), replace(REPORT, digest="f" * 12).write(tmp_path)
    assert [path.name for path in first] == [
        f"teardown-20260501T180000.{ending}" for ending in ("json", "md", "html")
    ]
    assert [path.name for path in second] == [
        f"teardown-20260501T180000-2.{ending}" for ending in ("json", "md", "html")
    ]
    assert "0123456789ab" in first[0].read_text()
    assert "f" * 12 in second[0].read_text()


def test_the_looks_are_as_far_apart_as_asked(cloud: Cloud) -> None:
    pauses: list[float] = []
    run = teardown(small(cloud), interval=42.5, pause=pauses.append)
    assert run.code == 0
    assert [seconds for seconds in pauses if seconds > 1] == [42.5]
    assert [scan.clean for scan in run.report.scans] == [True, True]  # type: ignore[union-attr]


def test_unless_asked_otherwise_they_are_half_a_minute_apart() -> None:
    assert inspect.signature(command).parameters["interval"].default == 30


def test_a_terminal_gets_a_line_for_each_outcome_and_ten_of_what_stayed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = [
        DeletionResult(replace(resource(f"{number}"), resource_type=f"type {number % 14}"), how, "")
        for number in range(400)
        for how in (DeletionOutcome.DELETED, DeletionOutcome.ALREADY_GONE)
    ]
    left = tuple(resource(f"left{number}") for number in range(200))
    teardown_view.show_report(
        TeardownReport(
            target=REPORT.target,
            choices=Choices(),
            digest=REPORT.digest,
            began=REPORT.began,
            ended=REPORT.ended,
            results=tuple(gone),
            scans=(Scan(NOW, left, ()),),
            foreign=(),
            not_saved={},
            not_frozen={},
            not_offered=(),
            seconds={},
            calls={},
        )
    )
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split())[:28] for line in lines[1:3]] == [
        "400 deleted 29 type 0s, 29 t",
        "400 already gone 29 type 0s,",
    ]
    assert lines[1].endswith(", 4 more types")
    assert sum(line.startswith("left: ada endpoint") for line in lines) == 10
    assert "left: 190 more, which the report lists" in lines
    assert len(lines) == 1 + 2 + 10 + 1 + 2


ACCOUNT = Unknown("account", HERE, "closed", tried=False, named="111122223333")
OTHER = replace(ACCOUNT, named="444455556666")
MODEL = Unknown("model", HERE, "AccessDenied: no")


@pytest.mark.parametrize(
    ("accepted", "told"),
    [
        ((ACCOUNT,), "account 111122223333, which was"),
        ((MODEL,), "models, which were"),
        ((ACCOUNT, OTHER), "account 111122223333 and account 444455556666, which were"),
        (
            (ACCOUNT, OTHER, MODEL),
            "account 111122223333, account 444455556666 and models, which were",
        ),
    ],
)
def test_what_was_not_looked_at_is_told_in_its_number(
    accepted: tuple[Unknown, ...], told: str
) -> None:
    scan = Scan(NOW, (), (), accepted)
    report = replace(REPORT, results=(), not_saved={}, scans=(scan, scan))
    assert report.verdict.startswith(f"gone, but for {told} not looked at: two scans found")
