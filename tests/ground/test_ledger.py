"""What the ledger proves of an account: where something may have been made, and where nothing."""

from __future__ import annotations

from pathlib import Path

from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, What
from workshop.events import now
from workshop.ledger import Ledger

ADA, BEN = (AccountRegion(number * 12, "eu-west-1") for number in "12")


def failed(ledger: Ledger, where: AccountRegion, seat: str) -> None:
    for what, stack in ((What.FAILED, "vision-seat-storage"), (What.SEAT_FAILED, "")):
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
