"""YAML means what it looks like, remembers its lines, and is refused where it could mislead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, NOTEBOOK, SEATS, load, mistakes, write
from workshop.config import yaml_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("012", "012"),
        ("012345678901", "012345678901"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2026-12-01", "2026-12-01"),
        ("null", None),
        ("~", None),
        ("", None),
        ('"true"', "true"),
        ("'12'", "12"),
        ('""', ""),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    data = yaml_document.parse(f"key: {text}\n").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_always_text() -> None:
    assert yaml_document.parse("no: 1\n12: 2\nnull: 3\n").data == {"no": 1, "12": 2, "null": 3}


def test_a_number_of_any_length_is_read_without_harm() -> None:
    assert yaml_document.parse("key: " + "9" * 10_000).data == {"key": "9" * 10_000}


def test_lines_lead_to_the_value_to_the_key_and_to_the_nearest_parent() -> None:
    document = yaml_document.parse("a:\n  b:\n    - x\n    -\n      c:\n        5\n")
    assert document.line(("a",)) == 1
    assert document.line(("a", "b", 0)) == 3
    assert document.line(("a", "b", 1, "c")) == 6
    assert document.line(("a", "b", 1, "c"), key=True) == 5
    assert document.line(("a", "b", 1, "missing")) == 5
    assert document.line(("a", "missing", "deeper")) == 1


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("\t  volume_gb: 30\n", "10: is indented with a tab; use spaces"),
        (
            "      volume_gb: 30\n     root_access: true\n",
            "11: does not line up with what stands above; check the indentation",
        ),
        (
            "     volume_gb: 30\n      root_access: true\n",
            "11: has a ':' where none can be; check its indentation and the line above, and put"
            " text that holds a ':' in quotes",
        ),
        (
            "      packages: [numpy\n",
            "10: opens a bracket that is not closed, or misses a comma before the next entry",
        ),
        ("      platform: 'x\n", "10: opens a quotation mark that is never closed"),
        (
            "      platform: @x\n",
            "10: begins with a character that YAML reserves; put the text in quotes",
        ),
        (
            '      platform: "a\\q"\n',
            "10: has a backslash that means nothing in double quotes; use single quotes",
        ),
        ("lonely words\n", "10: is neither 'key: value' nor a list's '- '; complete it"),
        ("...\nmore\n", "11: is no YAML; check the quotes and indentation"),
    ],
)
def test_broken_yaml_is_one_sentence_with_its_line(tmp_path: Path, added: str, told: str) -> None:
    write(tmp_path, NOTEBOOK + added)
    assert mistakes(tmp_path) == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "1: is empty; write at least the keys it must have"),
        (b"# nothing but a comment\n", "1: is empty; write at least the keys it must have"),
        (b"---\n", "1: is empty; write at least the keys it must have"),
        (b"- a\n- b\n", "1: holds a list at its top; write 'key: value' lines there"),
        (b"# hello\nworld\n", "2: holds text at its top; write 'key: value' lines there"),
        (b"a: [" + b"[" * 60, "1: is nested too deep; write it flatter"),
        (b"{" * 5000, "1: is nested too deep; write it flatter"),
        (b"title: Zo\xeb\n", "1: is not UTF-8 text; save the file as UTF-8"),
        (b"\xff\xfea\x00", "1: is UTF-16 text; save the file as UTF-8"),
        (b"title: a\nregion: \x07\n", "2: holds a control character; remove it"),
        ("title: a\nregion: \u2028x\n".encode(), "2: holds a control character; remove it"),
        ("title: \ufffe\n".encode(), "1: holds a character that YAML does not allow; remove it"),
    ],
)
def test_what_is_no_environment_is_one_sentence(tmp_path: Path, text: bytes, told: str) -> None:
    write(tmp_path, text)
    assert mistakes(tmp_path) == [told]


UNFINISHED = (
    "has a merge that was left unfinished; keep the lines of one side, or of both, and remove those"
    " that begin with '<<<<<<<', '|||||||', '=======' and '>>>>>>>'"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n", 2),
        ("a: 1\r\n<<<<<<<\r\nb: 2\r\n", 2),
        ("a: 1\nb: 3\n>>>>>>> 0a1b2c (Another machine)", 3),
        ("<<<<<<< HEAD\nid,name\n||||||| 0a1b2c\nid\n=======\nid,email\n>>>>>>> other\n", 1),
    ],
)
def test_a_merge_that_was_left_unfinished_is_told_as_one(text: str, line: int) -> None:
    with pytest.raises(yaml_document.UnreadableError) as caught:
        yaml_document.decode(text.encode())
    assert [(each.line, each.message) for each in caught.value.diagnostics] == [(line, UNFINISHED)]


@pytest.mark.parametrize(
    "text", ["a: |\n  <<<<<<< HEAD\n", "note\n<<<<<<<<<<\n", "a: <<<<<<< \n", "=======\n", "<<<<<<"]
)
def test_what_only_looks_like_a_merge_is_read(text: str) -> None:
    assert yaml_document.decode(text.encode()) == text


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, b"#" * (yaml_document.MAX_BYTES + 1))
    assert mistakes(tmp_path) == ["1: is larger than 4 MB; check that it is the right file"]


def test_a_repeated_key_names_both_lines_each_time(tmp_path: Path) -> None:
    write(tmp_path, NOTEBOOK + "      volume_gb: 30\n      volume_gb: 30\n      volume_gb: no\n")
    assert mistakes(tmp_path) == [
        "11: profiles.attendee.notebook.volume_gb: repeats line 10; keep one of them",
        "12: profiles.attendee.notebook.volume_gb: repeats line 10; keep one of them",
    ]


@pytest.mark.parametrize(
    ("added", "where", "told"),
    [
        ("packages: &p [numpy]", ".packages", "is an anchor or alias ('&', '*'); write the values"
         " out"),
        ("packages: *p", ".packages", "is an anchor or alias ('&', '*'); write the values out"),
        ("<<: {volume_gb: 30}", "", "has a merge key ('<<'); write the values out"),
        ("volume_gb: !!int 30", ".volume_gb", "has a tag ('!'); remove it, and put text in quotes"),
        ("packages: !!python/tuple [numpy]", ".packages", "has a tag ('!'); remove it, and put text"
         " in quotes"),
        ("? [a]\n      : b", "", "has a list or keys in a key's place; write a word"),
    ],
)  # fmt: skip
def test_yaml_that_hides_its_meaning_is_refused(
    tmp_path: Path, added: str, where: str, told: str
) -> None:
    write(tmp_path, f"{NOTEBOOK}      {added}\n")
    assert mistakes(tmp_path) == [f"10: profiles.attendee.notebook{where}: {told}"]


def test_a_second_document_is_refused(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}---\n{HEAD}")
    assert mistakes(tmp_path) == ["7: begins a second document; keep one in a file"]


@pytest.mark.parametrize("text", [HEAD + SEATS, f"%YAML 1.1\n---\n{HEAD}{SEATS}"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_any_line_ends_do_no_harm(
    tmp_path: Path, text: str, bom: bytes, line_end: bytes
) -> None:
    write(tmp_path, bom + text.encode().replace(b"\n", line_end))
    assert load(tmp_path).settings.workshop == "vision"


def test_an_account_keeps_its_leading_zeros_even_without_quotes(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace('"111122223333"', "001122223333") + SEATS)
    assert load(tmp_path).settings.account == "001122223333"


def test_an_account_of_twelve_digits_needs_no_quotes(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace('"111122223333"', "111122223333") + SEATS)
    assert load(tmp_path).settings.account == "111122223333"


def test_numbers_in_tags_are_their_digits_and_nothing_is_rounded(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}tags: {{center: 4711, release: 1.10, zeros: 007, answer: no}}\n")
    assert load(tmp_path).settings.tags == {
        "center": "4711",
        "release": "1.10",
        "zeros": "007",
        "answer": "no",
    }
