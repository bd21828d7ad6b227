"""Text of others is shown and never obeyed, in terminals, pages, reports, JSON and spreadsheets."""

# ruff: noqa: RUF001 - characters that look like others are what is tested

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from workshop import escaping

STEERING = [
    *map(chr, (*range(0x20), *range(0x7F, 0xA0))),
    *map(chr, (0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F))),
    *map(chr, (*range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), 0x3164, 0xFFFE)),
    *("\ud800", "\udfff", "\U000e0001", "\U000e0041", "\U000e007f", "\U0010ffff"),
]
"""Controls, bidirectional and zero-width characters, fillers, lone surrogates, tags."""

VISIBLE_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
VISIBLE_FORMATS |= set(range(0x13430, 0x13440))
"""Format characters that are seen: signs of Arabic, Kaithi and hieroglyphs."""

NAMES = [
    *("Zoë Müller", "Nguyễn Thị Ánh", "O\u0308zlem", "İpek Işık", "X Æ A-12", "山田 太郎"),
    *("محمد\u200cعلی", "می\u200cخواهم", "مُحَمَّد\u200cعَلی"),  # Persian joins with ZWNJ
    "נֹעַם בֶּן־עָמִי",
    *("ณัฐวุฒิ ผู้ใหญ่", "ကြွှေ့", "བརྒྱུད"),
    *("ක්\u200dරිෂ්ණා", "র\u200d্যাচেল", "क्\u200cष"),  # Sinhala, Bengali, Hindi
    *("葛\U000e0100城", "Ann 👩🏽\u200d🔬", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈"),
]

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from([*STEERING, *"\\`*_[]()<>|!&@:/.=+-;'\"\u200c"]))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_persons_name_stays_as_it_is(name: str) -> None:
    assert escaping.printable(name) == name
    assert escaping.first_escaped(name) == ""


@pytest.mark.parametrize("character", STEERING, ids=lambda one: f"U+{ord(one):04X}")
def test_what_steers_a_terminal_is_shown_wherever_it_stands(character: str) -> None:
    for text in (f"ada{character}", f"{character}ada", f"a{character}b", character):
        shown = escaping.printable(text)
        assert character not in shown
        assert shown == text.replace(character, character.encode("unicode_escape").decode())
        assert escaping.first_escaped(text) == character


def test_every_control_format_separator_and_surrogate_of_unicode_is_shown() -> None:
    obeyed = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and number not in VISIBLE_FORMATS
        and escaping.printable(f"a{chr(number)}b") == f"a{chr(number)}b"
    ]
    assert obeyed == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200cb", "a\\u200cb"),
        ("محمد\u200c", "محمد\\u200c"),
        ("محمد\u200c\u200cعلی", "محمد\\u200c\\u200cعلی"),
        ("👩\u200d", "👩\\u200d"),
        ("👩\u200dx", "👩\\u200dx"),
        ("a\ufe0f", "a\\ufe0f"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f\\ufe0f"),
        ("Z" + "\u0335" * 9, "Z" + "\u0335" * 8 + "\\u0335"),
        ("\u0335" * 9, "\u0335" * 8 + "\\u0335"),
    ],
)
def test_joiners_selectors_and_marks_without_use_are_shown(text: str, shown: str) -> None:
    assert escaping.printable(text) == shown


@given(TEXTS)
def test_any_text_is_one_line_without_anything_to_obey(text: str) -> None:
    shown = escaping.printable(text)
    assert shown.splitlines() in ([shown], [])
    assert not set(shown) & set(STEERING) - {"\u200c", "\u200d"}
    assert "\u200c" not in shown or any(
        unicodedata.bidirectional(one) == "AL" or unicodedata.combining(one) == 9 for one in shown
    )
    assert escaping.printable(shown) == shown


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_says_the_same_and_steers_nothing(document: object) -> None:
    text = escaping.json_text(document, indent=1)
    assert json.loads(text) == json.loads(json.dumps(document))
    assert escaping.printable(text, keep="\n") == text


def read(markdown: str) -> tuple[str, set[str]]:
    """The text of the one cell of a table's row, and the kinds of what Markdown found in it."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = page.parse(f"| a | b |\n|---|---|\n| {markdown} | end |\n")
    cells = [one for one in tokens if one.type == "inline"]
    assert [one.content for one in cells[:2]] == ["a", "b"]
    assert [one.content for one in cells[3:]] == ["end"], "the cell has ended too early"
    children = cells[2].children or []
    return "".join(one.content for one in children), {one.type for one in children}


@given(TEXTS)
def test_markdown_obeys_nothing_of_a_text(text: str) -> None:
    shown, kinds = read(escaping.markdown(text))
    assert kinds <= {"text", "text_special"}
    assert shown == " ".join(escaping.printable(text).split())


@pytest.mark.parametrize(
    "text",
    [
        *("![x](http://evil.example/x.png)", "[x](javascript:alert(1))", "<img src=//evil>", "`x`"),
        *("http://evil.example", "https://evil.example", "www.evil.example", "a@evil.example"),
        *(
            "**x**",
            "_x_",
            "__x__",
            "a__b__",
            "~~x~~",
            "| x |",
            "&lt;script&gt;",
            "x\\|y",
            "<http://evil.example>",
        ),
    ],
)
def test_the_ways_of_markdown_to_a_link_an_image_or_html_are_closed(text: str) -> None:
    written = escaping.markdown(text)
    shown, kinds = read(written)
    assert (shown, kinds - {"text_special"}) in ((text, {"text"}), (text, set()))
    for linked in ("http://", "https://", "www.", "a@"):
        assert linked not in written, "GitHub links addresses by themselves"


def test_a_plain_name_stays_readable_in_a_report() -> None:
    name = "arn:aws:s3:::vision-ada-data/models/run_1 (2 of 3)"
    assert escaping.markdown(name) == name


@pytest.mark.parametrize("operator", list("=+-@−＝＋－＠﹦﹢﹣﹫"))
def test_no_spreadsheet_calculates_a_cell(operator: str) -> None:
    for text in (f"{operator}1+1", f"  {operator}1", f"\u3000{operator}1"):
        assert escaping.spreadsheet_cell(text) == f"'{text}"
    assert escaping.spreadsheet_cell(f"Zoë; {operator}1") == f"Zoë;' {operator}1"
    assert escaping.spreadsheet_cell(f"\t{operator}1") == f"'\\t{operator}1"
    assert escaping.spreadsheet_cell(f"\r{operator}1") == f"'\\r{operator}1"
    assert escaping.spreadsheet_cell(f"\u200b{operator}1") == f"\\u200b{operator}1"
    assert escaping.spreadsheet_cell(f"Zoë{operator}1") == f"Zoë{operator}1"
