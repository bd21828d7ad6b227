"""What pages and reports show is text, whoever has named it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from workshop import page_templates

TEMPLATE = "{% macro cell(one) %}<{{ one }}>{% endmacro %}{{ cell(name) }} {{ name }}\n"


def test_a_value_is_text_of_html_and_what_a_macro_wrote_is_escaped_once(tmp_path: Path) -> None:
    (tmp_path / "page").write_text(TEMPLATE)
    shown = page_templates.html(tmp_path).get_template("page").render(name="<b>\u202e&")
    assert shown == "<&lt;b&gt;\\u202e&amp;> &lt;b&gt;\\u202e&amp;\n"


def test_a_value_is_text_of_markdown(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("| {{ name }} |\n")
    shown = page_templates.markdown(tmp_path).get_template("report").render(name="a|*b*\x1b")
    assert shown == r"| a\|\*b\*\\x1b |" + "\n"


def test_a_name_that_nothing_gives_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("{{ nmae }}")
    with pytest.raises(UndefinedError):
        page_templates.html(tmp_path).get_template("page").render(name="ada")
