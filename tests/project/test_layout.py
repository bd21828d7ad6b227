"""The layout: ``constructs/`` is a source root, and locks name no place to download from."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import aws_cdk
import pytest

from tests.support.assemblies import ROOT


@pytest.mark.parametrize("folder", ["constructs", "tests/constructs"])
def test_a_package_that_would_hide_the_library_is_refused_in_plain_words(
    folder: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__*"))
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/ground/test_tags.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4
    assert f"{folder}/__init__.py must not exist" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_constructs_library_is_found_from_the_projects_root() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import constructs; print(constructs.Construct.__module__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "constructs"


@pytest.mark.parametrize(
    "lock",
    [
        *sorted(file.name for file in ROOT.glob("requirements*.lock")),
        "package-lock.json",
        "tests/support/code_server/package-lock.json",
    ],
)
def test_a_lock_names_packages_and_digests_but_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    # Nothing comes from where authors take donations.
    text = re.sub(r'"funding": ({[^}]*}|\[[^]]*\])', "", text)
    assert not re.search(r"https?:|file:|--index-url|--find-links|\"resolved\"", text)
    if lock.endswith(".lock"):
        pinned = re.findall(r"^[A-Za-z0-9_.\[\]-]+==", text, re.MULTILINE)
        blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
        assert len(pinned) == len(blocks) > 20
        assert all("--hash=sha256:" in block for block in blocks)
    else:
        assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_the_cdk_command_line_is_a_pinned_release_of_2() -> None:
    package = (ROOT / "package.json").read_text(encoding="utf-8")
    assert re.search(r'"aws-cdk": "2\.\d+\.\d+"', package)


def test_runtime_and_development_locks_agree() -> None:
    def versions(lock: str) -> dict[str, str]:
        text = (ROOT / lock).read_text(encoding="utf-8")
        return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE))

    runtime, development = versions("requirements.lock"), versions("requirements-dev.lock")
    both = runtime.keys() & development.keys()
    assert both
    assert {name: runtime[name] for name in both} == {name: development[name] for name in both}


def test_types_are_checked_in_every_module_of_cdk_that_is_used() -> None:
    """What mypy has not read, it would take for anything: it skips CDK's other modules."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (read,) = [
        set(one["module"])
        for one in settings["tool"]["mypy"]["overrides"]
        if one.get("follow_imports") == "normal"
    ]
    sources = [ROOT / "app.py"]
    for folder in ("stacks", "constructs", "workshop", "bench", "tests"):
        sources += (ROOT / folder).rglob("*.py")
    words = {
        word for source in sources for word in re.findall(r"\baws_[a-z0-9_]+", source.read_text())
    }
    modules = {path.name for path in Path(aws_cdk.__file__).parent.iterdir()}
    assert read == {"aws_cdk"} | {f"aws_cdk.{word}" for word in words & modules}


def test_a_class_is_found_by_its_name_alone() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for room in ("bench", "constructs", "localcloud", "stacks", "tools", "workshop"):
        for path in (ROOT / room).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    named[node.name].append(path.relative_to(ROOT).as_posix())
    assert {name: places for name, places in named.items() if len(places) > 1} == {}
