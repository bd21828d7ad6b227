"""Numbers that people read: one is never "1 seats", wherever it is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop.counting import and_more, count_of, first_of, plural

ROOT = Path(__file__).parents[2]
ALONE = {"agent", "door", "watch"}
"""Rooms whose code travels to AWS without the rest."""
NOUNS = {"people", "person", "role", "thing"}
WORDS = re.compile(r" (?:(?!has |have |is |are |was |of |where |and )[a-z]+ )?[a-z]+\b")
"""A noun behind a number, with or without an adjective."""
CONSTANT = re.compile(r"[A-Z_]+\b")
SOURCES = [
    path
    for path in sorted((ROOT / "workshop").rglob("*.py"))
    if path.name != "counting.py" and path.relative_to(ROOT / "workshop").parts[0] not in ALONE
]


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "seat", "0 seats"),
        (1, "seat", "1 seat"),
        (1204, "file", "1,204 files"),
        (0.5, "minute", "0.5 minutes"),
        (10.0, "minute", "10 minutes"),
        (2, "free address", "2 free addresses"),
        (2, "repository", "2 repositories"),
        (2, "day", "2 days"),
        (2, "person", "2 people"),
        (1, "person", "1 person"),
    ],
)
def test_one_is_told_from_many(number: float, noun: str, text: str) -> None:
    assert count_of(number, noun) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["ada"], "ada"), (["ada", "ben"], "ada, ben"), ([*"abcd"], "a, b and 2 more")],
)
def test_of_many_names_the_first_are_told_and_the_others_are_counted(
    names: list[str], text: str
) -> None:
    assert first_of(names, 2) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "", ""), (-1, "seat", ""), (1204, "", " and 1,204 more"), (1, "seat", " and 1 more seat")],
)
def test_what_there_is_besides_is_counted_in_one_place(number: int, noun: str, text: str) -> None:
    assert and_more(number, noun) == text


def test_no_text_says_by_itself_how_many_more_there_are() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in SOURCES
        for text in re.findall(r"and \{[^}\n]*\} more\b", path.read_text(encoding="utf-8"))
    ]
    assert not found, "use workshop.counting.and_more or first_of"


def test_no_text_counts_by_itself() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    plurals = {plural(noun) for noun in NOUNS.union(*map(_counted, trees.values()))}
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path, tree in trees.items()
        for line, text in _by_hand(tree, plurals)
    ]
    assert not found, "use workshop.counting.count_of"


def test_what_counts_by_itself_is_found() -> None:
    source = (
        'f"{count} more seats" + f"{count} seat{\'s\' if count > 1 else \'\'}" + f"{MOST} seats"'
    )
    assert [text for _, text in _by_hand(ast.parse(source), {"seats"})] == [
        "{count} more seats",
        "'s' if count > 1 else ''",
    ]


def _counted(tree: ast.Module) -> set[str]:
    """Return the nouns that code counts, the last word of each."""
    return {
        str(call.args[1].value).split()[-1]
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "count_of"
        and isinstance(call.args[1], ast.Constant)
    }


def _by_hand(tree: ast.Module, plurals: set[str]) -> Iterator[tuple[int, str]]:
    """Yield where a text puts an ``s`` on a noun itself, or has a plural after any number."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            ends = {ast.unparse(node.body), ast.unparse(node.orelse)}
            if ends in ({"''", "'s'"}, {"''", "'es'"}):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                    continue
                words, shown = WORDS.match(str(text.value)), ast.unparse(value.value)
                is_counted = "count_of(" in shown or CONSTANT.fullmatch(shown)
                if words and not is_counted and plurals & {*words[0].split()}:
                    yield node.lineno, f"{{{shown}}}{words[0]}"


def test_no_resource_type_stands_in_the_singular_behind_its_number() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"\{count(?::,)?\} \{resource_type\}", path.read_text(encoding="utf-8"))
    ]
    assert found == []
