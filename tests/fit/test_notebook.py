"""What of a notebook is Python and what is a shell's, without IPython."""

from __future__ import annotations

import json

import pytest

from tests.support.lab_files import notebook_text
from workshop.fit.notebook import LONGEST_CELL, UnreadableLabError, cell, parsed, read


def test_commands_and_magics_leave_python_that_can_be_read() -> None:
    made = cell(1, "import os\n!pip install a\nif True:\n    %cd x\nfiles = !ls\nprint(files)")
    assert made.python == "import os\npass\nif True:\n    pass\nfiles = None\nprint(files)"
    assert made.shell == "pip install a\nls"
    assert parsed(made.python) is not None


def test_a_command_goes_on_in_the_next_line() -> None:
    made = cell(1, "!aws s3 cp a \\\n  s3://b/c\nx = 1")
    assert made.shell.split() == ["aws", "s3", "cp", "a", "s3://b/c"]
    assert parsed(made.python) is not None


def test_installing_is_a_command_as_a_magic_too() -> None:
    assert cell(1, "%pip install sagemaker==2.200.0").shell == "pip install sagemaker==2.200.0"


def test_a_line_of_a_text_is_no_command() -> None:
    source = 'text = """\n!rm -rf /\n%cd x\n"""'
    made = cell(1, source)
    assert (made.python, made.shell) == (source, "")


def test_a_line_that_continues_a_sum_is_no_magic() -> None:
    made = cell(1, "x = (17\n% 4)")
    assert (made.python, made.shell) == ("x = (17\n% 4)", "")


def test_asking_for_help_is_no_mistake() -> None:
    assert parsed(cell(1, "print?\n??len\nx = 1").python) is not None


@pytest.mark.parametrize(
    ("source", "python", "shell", "file"),
    [
        ("%%bash\naws s3 ls", "", "aws s3 ls", ""),
        ("%%sh -e\nls", "", "ls", ""),
        ("%%time\nx = 1", "x = 1", "", ""),
        ("%%capture out\n!ls\nx = 1", "pass\nx = 1", "ls", ""),
        ("%%writefile code/train.py\nimport os", "import os", "", "code/train.py"),
        ("%%writefile -a run.sh\nls", "", "ls", "run.sh"),
        ("%%html\n<b>x</b>", "", "", ""),
        ("%%script perl\nprint", "", "", ""),
        ("%%", "", "", ""),
    ],
)
def test_a_cell_magic_says_what_its_cell_is(
    source: str, python: str, shell: str, file: str
) -> None:
    made = cell(3, source)
    assert (made.number, made.python, made.shell, made.file) == (3, python, shell, file)


def test_cells_are_counted_as_editors_do_with_those_of_text() -> None:
    document = json.loads(notebook_text("x = 1", "y = 2", kernel="conda_pytorch"))
    document["cells"].insert(1, {"cell_type": "markdown", "source": "# About"})
    made = read(json.dumps(document))
    assert [each.number for each in made.cells] == [1, 3]
    assert made.kernel == "conda_pytorch"


def test_lines_of_a_cell_may_be_a_list_and_format_3_has_worksheets() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}]}]}
    assert read(json.dumps(old)).cells[0].python == "a = 1\nb = 2"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"cells": 4}', "[" * 100_000, '{"a":' * 50_000]
)
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(UnreadableLabError, match="is no notebook: "):
        read(text)


@pytest.mark.parametrize("text", ["{}", '{"worksheets": "x"}', '{"cells": null}', '{"cells": []}'])
def test_a_notebook_may_have_no_cells(text: str) -> None:
    assert read(text).cells == ()


def test_cells_of_any_other_shape_are_passed_over() -> None:
    cells: list[object] = [
        1,
        None,
        [],
        {"cell_type": "code"},
        {"cell_type": "code", "source": {"a": 1}},
    ]
    assert read(json.dumps({"cells": cells, "metadata": []})).cells == ()


@pytest.mark.parametrize(
    "python", ["(" * 5_000, "-" * 100_000 + "1", "x = " + "[" * 3_000 + "]" * 3_000, "x = '\x00'"]
)
def test_python_that_is_nested_too_deep_is_not_read(python: str) -> None:
    assert parsed(cell(1, python).python) is None


def test_a_cell_that_is_too_long_is_not_read() -> None:
    assert parsed(cell(1, "x = 1\n" * LONGEST_CELL).python) is None
