"""What the ledger proves of an account: where something may have been made, and where nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from unittest import mock

from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.events import now
from workshop.ledger import Ledger

ADA, BEN = (AccountRegion(number * 12, "eu-west-1") for number in "12")


def failed(ledger: Ledger, where: AccountRegion, seat: str) -> None:
    for what, stack in ((DeployStep.FAILED, "vision-seat-storage"), (DeployStep.SEAT_FAILED, "")):
        ledger.event(DeployEvent(now(), where, what, seat, stack, "it cannot be"))


def test_whom_a_run_refused_before_it_called_anything_was_never_there(tmp_path: Path) -> None:
    ledger = Ledger("lab", tmp_path)
    ledger.begin("deploy")
    ledger.note_intended([(BEN, "ben")], "vision")
    failed(ledger, ADA, "ada")
    failed(ledger, BEN, "ben")
    assert ledger.seats() == {BEN: {"ben"}}
    assert ledger.account_regions() == (BEN,)
    # Nobody else is to have the id.
    assert ledger.every_seat("vision") == {"ada", "ben"}


def test_a_run_that_did_not_note_all_that_it_intends_proves_nothing(tmp_path: Path) -> None:
    ledger = Ledger("lab", tmp_path)
    ledger.begin("deploy")
    failed(ledger, ADA, "ada")
    assert ledger.seats() == {ADA: {"ada"}}
    # Nor does what another run has noted.
    another = Ledger("lab", tmp_path)
    another.note_intended([], "vision")
    assert ledger.seats() == {ADA: {"ada"}}


def test_who_was_to_be_called_counts_again_after_another_teardown(tmp_path: Path) -> None:
    """A teardown proves an account empty while a deployment is under way, whose answer is lost."""
    ledger = Ledger("lab", tmp_path)
    ledger.note_intended([(ADA, "ada")], "vision")
    Ledger("lab", tmp_path).gone([ADA], "vision")
    assert ledger.gone_from() == {ADA}
    failed(ledger, ADA, "ada")
    assert ledger.gone_from() == set()
    assert ledger.seats() == {ADA: {"ada"}}


def test_an_account_that_was_proven_empty_stays_so_where_it_is_only_refused(
    tmp_path: Path,
) -> None:
    ledger = Ledger("lab", tmp_path)
    ledger.note_intended([(ADA, "ada")], "vision")
    ledger.gone([ADA], "vision")
    later = Ledger("lab", tmp_path)
    later.note_intended([(BEN, "ben")], "vision")
    failed(later, ADA, "ada")
    assert later.gone_from() == {ADA}


def test_what_is_noted_of_many_accounts_at_once_reads_the_ledger_once(tmp_path: Path) -> None:
    """It has lines of each account: read for each, it would take a thousand times as long."""
    ledger = Ledger("lab", tmp_path)
    places = [AccountRegion(f"{number:012d}", "eu-west-1") for number in range(1, 6)]
    moments = dict.fromkeys(places, now())
    with mock.patch.object(Ledger, "_lines", autospec=True, side_effect=Ledger._lines) as reads:
        ledger.note_began(moments, "vision")
        assert (reads.call_count, ledger.began()) == (1, moments)
        ledger.gone(places, "vision", {places[0]: ["bucket data"], places[1]: ["bucket lab"]})
        ledger.gone(places[1:2], "vision")
        before = reads.call_count
        assert ledger.kept() == {places[0]: ["bucket data"]}
        assert reads.call_count == before + 1


def test_a_later_moment_than_is_known_is_not_noted(tmp_path: Path) -> None:
    ledger = Ledger("lab", tmp_path)
    first = now()
    ledger.note_began({ADA: first}, "vision")
    ledger.note_began({ADA: first + timedelta(days=1), BEN: first}, "vision")
    assert ledger.began() == {ADA: first, BEN: first}
    ledger.note_began({BEN: first - timedelta(days=1)}, "vision")
    assert ledger.began()[BEN] == first - timedelta(days=1)
