"""The generated parts of the pages: what stands there is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.assemblies import ROOT, shipped
from tools import access_page, architecture_page, cli_reference, generated_files, readme, schema
from workshop.cli import COMMANDS, GROUPS


@pytest.mark.parametrize("tool", [access_page, architecture_page, cli_reference, schema])
def test_a_page_is_what_its_generator_writes(tool: ModuleType) -> None:
    assert tool.main(["--check"]) == 0


def test_readme_shows_what_templates_prices_and_extras_say() -> None:
    assert readme.page_text(_templates()) == readme.PAGE.read_text(encoding="utf-8")


def test_every_generator_is_run_by_make_docs_and_held_by_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    generators = {
        f"tools.{path.stem}"
        for path in (ROOT / "tools").glob("*.py")
        if "generated_files.main(" in path.read_text(encoding="utf-8")
    }
    for mode in ("--write", "--check"):
        assert set(re.findall(rf"-m (tools\.\w+) {mode}", makefile)) == generators


def test_a_page_that_lost_its_comments_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated_files, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("".join(generated_files.marks("table", "tools.x")), encoding="utf-8")
    assert "\nnew\n" in generated_files.page(page, "tools.x", {"table": "new"})
    with pytest.raises(ValueError, match=r"page\.md has lost the comments around its picture"):
        generated_files.page(page, "tools.x", {"picture": "new"})


def test_the_command_line_page_has_every_command_with_its_help_and_options() -> None:
    text = cli_reference.page_text()
    sections = dict(re.findall(r"^## (workshop .*)\n\n(.*)", text, re.MULTILINE))
    assert {f"workshop {name}" for name in COMMANDS} < sections.keys()
    assert "workshop cloud fault add" in sections
    assert all(about[0].isupper() for about in sections.values())
    assert "| `-e, --env NAME` |" in text


def test_the_architecture_page_has_every_room_and_no_other() -> None:
    folders = {path.parent.name for path in (ROOT / "workshop").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "workshop").glob("[a-z]*.py")}
    rows = re.findall(r"^\| `workshop/(\w+)(?:/|\.py)` \| (.*?) \|", _architecture(), re.MULTILINE)
    assert {room for room, _ in rows} == folders | modules == set(architecture_page.layers())
    assert all(about.endswith(".") for _, about in rows)


def test_the_architecture_page_has_every_folder_of_tests() -> None:
    named = set(re.findall(r"`tests/(\w+)/", _architecture()))
    assert named == {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}


def test_the_architecture_page_has_every_wall() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    walls = {one["name"] for one in project["tool"]["importlinter"]["contracts"]}
    table = re.search(r"^\| wall \|.*?\n\n", _architecture(), re.MULTILINE | re.DOTALL)
    assert table is not None
    assert walls == set(re.findall(r"^\| ([^|]+?) \|", table[0], re.MULTILINE)) - {"wall"}


def test_arrows_that_others_imply_are_not_drawn_circles_are_one_box_and_every_door_is() -> None:
    arrows = {("cli", "aws"), ("cli", "deploy"), ("deploy", "aws"), ("aws", "localcloud")}
    assert architecture_page.drawn(arrows) == arrows - {("cli", "aws")}
    circle = {("cli", "config"), ("config", "policies"), ("policies", "config")}
    assert architecture_page.joined(circle) == {("cli", "config, policies")}
    doors = {("cli", "access"), ("cli", "localcloud"), ("access", "localcloud")}
    assert architecture_page.drawn(doors) == doors


def test_the_picture_shows_a_resource_by_its_name_and_what_names_it() -> None:
    templates = _templates()
    drawn = readme.picture(templates)
    assert '["ECR Repository<br>demo/ada/training"]' in drawn
    assert "demo-ada-notebook-NotebookInstance --> demo-ada-access-Role" in drawn
    policies = [one for one in templates["demo-cohort"]["Resources"].values() if _is_policy(one)]
    assert f'["IAM ManagedPolicy<br>{len(policies)} of them"]' in drawn


def test_every_command_is_said_to_be_in_one_extra() -> None:
    named = re.findall(r"`([a-z]+)`(?! with)", readme.extras_table())
    assert sorted({*named} - {"cdk"}) == sorted([*COMMANDS, *GROUPS])
    assert len(named) == len(COMMANDS) + len(GROUPS) + 1


def _templates() -> readme.Templates:
    made = shipped(readme.ENVIRONMENT)
    return {stack: made.template(stack) for stack in made.stacks()}


def _is_policy(resource: dict[str, str]) -> bool:
    return resource["Type"] == "AWS::IAM::ManagedPolicy"


def test_the_costs_of_a_class_are_the_sum_of_their_rows() -> None:
    figures = re.findall(r"^\| .* \| \**([\d.]+)\** \|$", readme.cost_table(), re.MULTILINE)
    *rows, together, forgotten = map(float, figures)
    assert together == pytest.approx(sum(rows))
    assert forgotten > together


def _architecture() -> str:
    return architecture_page.PAGE.read_text(encoding="utf-8")
