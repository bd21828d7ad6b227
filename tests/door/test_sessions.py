"""Sessions of the door: a cookie that only the key can make, and a token for its forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workshop.door.sessions import HOURS, DoorSession, is_token, session_of

KEY = bytes(range(32))
NOW = 1_790_000_000.0
ADA = DoorSession("seat", "ada", 0, int(NOW))


def test_a_cookie_gives_its_session_back() -> None:
    for session in (
        ADA,
        DoorSession("helper", "3", 0, int(NOW)),
        DoorSession("class", "0f" * 8, 0, int(NOW)),
    ):
        assert session_of(KEY, session.cookie(KEY), {}, NOW) == session


def test_a_cookie_of_another_key_or_another_seat_is_refused() -> None:
    assert session_of(KEY, ADA.cookie(bytes(32)), {}, NOW) is None
    signature = ADA.cookie(KEY).rpartition(".")[2]
    for forged in ("seat.ben.0", "seat.ada.1", "helper.1.0"):
        assert session_of(KEY, f"{forged}.{int(NOW)}.{signature}", {}, NOW) is None


@given(some.text(max_size=120))
def test_no_other_text_is_a_session(text: str) -> None:
    assert session_of(KEY, text, {}, NOW) is None


@given(some.integers(0, 63), some.sampled_from("0123456789abcdef"))
def test_a_signature_with_one_digit_changed_is_refused(at: int, digit: str) -> None:
    text, _, signature = ADA.cookie(KEY).rpartition(".")
    changed = signature[:at] + digit + signature[at + 1 :]
    expected = ADA if changed == signature else None
    assert session_of(KEY, f"{text}.{changed}", {}, NOW) == expected


@pytest.mark.parametrize(
    ("later", "holds"),
    [(0, True), (HOURS * 3600 - 1, True), (HOURS * 3600, False), (-60, True), (-61, False)],
)
def test_a_session_lasts_twelve_hours(later: float, *, holds: bool) -> None:
    assert (session_of(KEY, ADA.cookie(KEY), {}, NOW + later) is not None) == holds


def test_a_new_code_ends_the_sessions_of_the_old_one() -> None:
    assert session_of(KEY, ADA.cookie(KEY), {"seat:ada": 1}, NOW) is None
    renewed = replace(ADA, generation=1)
    assert session_of(KEY, renewed.cookie(KEY), {"seat:ada": 1}, NOW) == renewed
    of_class = DoorSession("class", "ab", 0, int(NOW))
    assert session_of(KEY, of_class.cookie(KEY), {"class": 1}, NOW) is None


def test_a_session_of_a_code_that_is_newer_than_what_is_known_holds() -> None:
    renewed = replace(ADA, generation=2)
    for known in ({}, {"seat:ada": 1}, {"seat:ada": 2}):
        assert session_of(KEY, renewed.cookie(KEY), known, NOW) == renewed
    assert session_of(KEY, renewed.cookie(KEY), {"seat:ada": 3}, NOW) is None


def test_a_token_is_of_one_session_alone() -> None:
    ben = replace(ADA, name="ben")
    assert is_token(KEY, ADA, ADA.token(KEY))
    for other in (ben.token(KEY), replace(ADA, issued=1).token(KEY), ADA.cookie(KEY), "", "é"):
        assert not is_token(KEY, ADA, other)
