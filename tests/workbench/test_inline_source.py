"""Functions travel inline: whole, readable, and with no more than Lambda has."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from workbench import inline_source

PACKAGES = [*inline_source.MODULES]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_packed_are_the_modules_as_they_stand(package: str) -> None:
    sources = json.loads(inline_source.unpacked(inline_source.packed(package)))
    there = [path for path in files(package).iterdir() if path.name.endswith(".py")]
    assert sources == {
        f"{package}.{path.name.removesuffix('.py')}": path.read_text(encoding="utf-8")
        for path in there
        if not path.name.startswith("__")
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_it_needs_python_and_boto3_alone(package: str) -> None:
    sources = json.loads(inline_source.sources(package))
    imported: set[str] = set()
    for node in ast.walk(ast.Module([*map(ast.parse, sources.values())], [])):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    own = {name for name in imported if name.startswith("workshop")}
    assert own <= {*sources}
    roots = {name.partition(".")[0] for name in imported - own}
    assert roots <= {*sys.stdlib_module_names, "boto3", "botocore"}


@pytest.mark.parametrize("package", PACKAGES)
def test_lambda_finds_the_handler_and_people_can_read_it(package: str, tmp_path: Path) -> None:
    """In a process that has nothing of the project, beside what the two lines of its top say."""
    (tmp_path / "index.py").write_text(inline_source.index(package), encoding="utf-8")
    code = (
        "import sys; sys.path = [path for path in sys.path if 'site-packages' in path or 'lib' in"
        " path]; sys.meta_path = [one for one in sys.meta_path if '__editable__' not in"
        " str(one)]; sys.path.insert(0, '.'); import index; print(*index.SOURCES.values());"
        " print(index.handler.__module__, callable(index.handler))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == f"{package}.handler True"
    assert "def handler(" in ran.stdout
