"""Exports that are Excel workbooks: some forms give nothing else."""

from __future__ import annotations

import pytest

from tests.support.workbooks import Cells, workbook
from workshop.config.roster import registrations
from workshop.config.roster.text_encoding import AS_CSV

FORM: Cells = {
    "A1": "Answers of the form",
    "A3": "ID",
    "C3": "Email",
    "D3": "Name",
    "E3": "Cancelled",
    "A4": 1,
    "C4": "ada@example.com",
    "D4": "Zoë <& Ada",
    "E4": False,
    "A5": 2,
    "C5": "ben@example.com",
    "D5": "Ben Sample",
    "E5": True,
    "A7": 3,
    "C7": "cleo@example.com",
    "D7": "Cleo Muster",
}


@pytest.mark.parametrize("shared", [True, False])
def test_the_rows_of_a_workbook_are_those_of_a_table(*, shared: bool) -> None:
    export = registrations.read(workbook({"A1": "About"}, FORM, shared=shared))
    assert export.diagnostics == ()
    assert export.encoding == "Excel workbook"
    assert [(each.line, each.name, each.email, each.left_out) for each in export.registrations] == [
        (4, "Zoë <& Ada", "ada@example.com", ""),
        (5, "Ben Sample", "ben@example.com", "is cancelled"),
        (7, "Cleo Muster", "cleo@example.com", ""),
    ]


def test_a_workbook_without_addresses_says_so() -> None:
    (found,) = registrations.read(workbook({"A1": "name"}, {"A1": "city"})).diagnostics
    assert found.message.startswith("has no column of e-mail addresses")


@pytest.mark.parametrize(
    "raw",
    [
        workbook(FORM, prologue='<!DOCTYPE a [<!ENTITY b "c">]>'),
        workbook(FORM, prologue="<broken"),
        workbook(FORM).replace(b"xl/sharedStrings.xml", b"xl/sharedStringz.xml"),
    ],
)
def test_a_workbook_that_is_not_as_excel_writes_it_is_refused_with_the_way_out(raw: bytes) -> None:
    export = registrations.read(raw)
    assert [each.message for each in export.diagnostics] == [
        f"is a workbook that cannot be read; {AS_CSV}"
    ]
