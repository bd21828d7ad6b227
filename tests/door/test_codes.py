"""Codes of the door: 65 bits, read as people type them, compared without a hint."""

from __future__ import annotations

import hmac
import inspect
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workshop.door import codes
from workshop.door.codes import (
    ALPHABET,
    CLASS,
    LENGTH,
    all_subjects,
    code_of,
    read_code,
    seat_subject,
    spelled,
    subject_of,
)

KEY, OTHER = bytes(range(32)), bytes(32)
SEATS = [f"seat{number:03}" for number in range(1, 300)]


def test_a_code_has_65_bits_in_letters_that_nobody_confuses() -> None:
    assert len(ALPHABET) == 32
    assert LENGTH * 5 >= 60
    assert not {*"ILOU"} & {*ALPHABET}
    code = code_of(KEY, seat_subject("ada"))
    assert len(code) == LENGTH
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}", spelled(code))


def test_every_bit_of_a_code_depends_on_the_key() -> None:
    """In 300 codes each letter stands at each place: nothing of them is fixed or left out."""
    made = [code_of(KEY, seat_subject(seat)) for seat in [*SEATS, "ada"]]
    assert len({*made}) == len(made)
    for letters in zip(*made, strict=True):
        assert len({*letters}) > 28


def test_a_code_is_another_s_for_each_seat_key_generation_and_kind() -> None:
    subjects = all_subjects(["ada", "ben"])
    assert len(subjects) == len({*subjects})
    made = {
        code_of(key, subject, generation)
        for key, subject, generation in itertools.product((KEY, OTHER), subjects, (0, 1, 10))
    }
    assert len(made) == 2 * len(subjects) * 3


def test_the_rule_stays_what_slips_on_paper_say() -> None:
    digest = hmac.digest(KEY, b"seat:ada:0", "sha256")
    number = int.from_bytes(digest, "big")
    letters = [ALPHABET[number >> 5 * place & 31] for place in range(13)]
    assert code_of(KEY, "seat:ada") == "".join(letters)


BETWEEN = some.text("  -\u2013\u2014\t\u00a0.", max_size=3)


@given(some.sampled_from(SEATS), some.data())
def test_case_blanks_dashes_and_letters_that_look_alike_do_not_matter(
    seat: str, data: some.DataObject
) -> None:
    code = code_of(KEY, seat_subject(seat))
    typed = ""
    for letter in code:
        forms = {letter, letter.lower(), *{"0": "oO", "1": "iIlL"}.get(letter, "")}
        typed += data.draw(some.sampled_from(sorted(forms))) + data.draw(BETWEEN)
    assert subject_of(KEY, all_subjects(SEATS), {}, typed) == seat_subject(seat)


def test_letters_of_a_keyboard_with_wide_letters_are_the_same() -> None:
    code = code_of(KEY, seat_subject("ada"))
    wide = "".join(chr(ord(one) + 0xFEE0) for one in code)
    assert read_code(wide) == code


@given(some.text(max_size=300))
def test_no_other_text_is_anybodys_code(text: str) -> None:
    known = {code_of(KEY, subject) for subject in all_subjects(SEATS)}
    found = subject_of(KEY, all_subjects(SEATS), {}, text)
    assert bool(found) == (read_code(text) in known)


@pytest.mark.parametrize(
    "typed", ["", "-", "0" * 13, "\x00", "💥" * 400, "seat:ada:0", "x" * 10_000]
)
def test_what_is_no_code_opens_nothing(typed: str) -> None:
    assert subject_of(KEY, all_subjects(SEATS), {}, typed) == ""


def test_a_renewed_code_opens_and_the_old_one_does_not() -> None:
    subjects, renewed = all_subjects(["ada"]), {"seat:ada": 1}
    assert subject_of(KEY, subjects, renewed, code_of(KEY, "seat:ada", 1)) == "seat:ada"
    assert subject_of(KEY, subjects, renewed, code_of(KEY, "seat:ada")) == ""
    assert subject_of(KEY, subjects, {}, code_of(KEY, CLASS)) == CLASS


def test_right_and_wrong_codes_are_compared_with_all_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is typed, each subject costs one comparison that takes no time from its inputs."""
    subjects, compared = all_subjects(SEATS), []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(
        codes, "hmac", type("Counted", (), {"compare_digest": staticmethod(compare)})
    )
    for typed in (code_of(KEY, subjects[0]), code_of(KEY, subjects[-1]), "0" * 13, ""):
        compared.clear()
        subject_of(KEY, subjects, {}, typed)
        assert len(compared) == len(subjects)
    assert "break" not in inspect.getsource(subject_of)
