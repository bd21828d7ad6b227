"""Sample data that is made up fits the code that reads it."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import zipfile

import pytest

from workshop.rehearse import made_up

NAMED = """!tar -zxf houses.tgz
columns = ["longitude", "rooms", "value"]
df = pd.read_csv("Houses/houses.data", names=columns, header=None)
"""
BANK = """!unzip bank.zip
data = pd.read_csv("./bank/full.csv", sep=";")
data["old"] = np.where(data["pdays"] == 999, 1, 0)
data = data.drop(["duration", "euribor3m"], axis=1)
print(data[["job", "y"]], results["An error"])
"""


def rows(data: bytes, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode()), delimiter=separator))


def test_a_table_without_a_header_has_as_many_columns_as_its_reader_names() -> None:
    found = rows(made_up.data("x/houses.data", [NAMED]))
    assert {len(row) for row in found} == {3}
    assert all(cell.isdecimal() for row in found for cell in row)


def test_a_table_with_a_header_has_the_columns_that_the_code_asks_for() -> None:
    header, *others = rows(made_up.data("full.csv", [BANK]), ";")
    assert {"pdays", "duration", "euribor3m", "job", "y"} <= set(header)
    assert {len(row) for row in others} == {len(header)}


def test_a_table_of_which_nothing_is_said_has_numbers_and_no_header() -> None:
    found = rows(made_up.data("plain.csv", ["df = pd.read_csv(path, header=None)"]))
    assert {len(row) for row in found} == {made_up.WIDTH}


def test_columns_of_text_hold_words() -> None:
    code = 'names = ["CATEGORY", "TITLE"]\npd.read_csv("news.csv", names=names)'
    assert all(" " in row[1] for row in rows(made_up.data("news.csv", [code])))


def test_an_archive_holds_the_files_that_the_code_beside_it_names() -> None:
    with tarfile.open(fileobj=io.BytesIO(made_up.data("a/houses.tgz", [NAMED, BANK]))) as archive:
        assert archive.getnames() == ["Houses/houses.data"]
    with zipfile.ZipFile(io.BytesIO(made_up.data("bank.zip", [BANK, NAMED]))) as archive:
        assert archive.namelist() == ["bank/full.csv"]
        assert "pdays" in rows(archive.read("bank/full.csv"), ";")[0]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.png", b"\x89PNG"),
        ("a.JPG", b"\x89PNG"),
        ("a.npy", b"\x93NUMPY"),
        ("a.csv.gz", b"\x1f\x8b"),
        ("a.txt", b"line 0"),
        ("a.json", b"{"),
    ],
)
def test_a_file_is_of_the_kind_that_its_name_says(name: str, begins: bytes) -> None:
    assert made_up.data(name, []).startswith(begins)


def test_each_line_of_json_is_a_document() -> None:
    lines = made_up.data("a.jsonl", []).splitlines()
    assert all(json.loads(line)["text"] for line in lines)


def test_code_that_is_no_python_of_this_one_is_passed_over() -> None:
    assert made_up.data("a.csv", ["print f'{', '"]).count(b"\n") == made_up.ROWS


def test_an_archive_has_the_folders_that_its_extraction_takes_off() -> None:
    code = (
        "!aws s3 cp s3://somebody/news_csv.tgz data --no-sign-request\n"
        "!tar zxf data/news_csv.tgz -C data/ --strip-components=1\n"
        "os.renames('data/test.csv', 'data/test/test.csv')"
    )
    body = io.BytesIO(made_up.data("news_csv.tgz", [code]))
    with tarfile.open(fileobj=body) as archive:
        assert "news_csv/data/test.csv" in archive.getnames()
