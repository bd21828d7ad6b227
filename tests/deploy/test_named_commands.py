"""Each command that a message names is run by a test, and is spelled in one place."""

from __future__ import annotations

import ast
import re

from tests.deploy.test_cures import CURES, HANDOUT, REOPENING, SAY, STATUS, SUMMARY
from tests.support.assemblies import ROOT


def test_no_message_of_these_rooms_names_a_command_that_is_not_run_in_a_test() -> None:
    covered = {(one.source, " ".join(one.command.split()[:2])) for one in CURES}
    off_roster = "workshop/status/off_roster.py"  # run by tests/cli/test_off_roster.py
    covered |= {(path, "workshop teardown") for path in (STATUS, off_roster)}
    covered |= {(REOPENING, "workshop deploy")}
    folders = ("workshop/deploy", "workshop/status", "workshop/notebooks")
    files = [path for folder in folders for path in (ROOT / folder).glob("*.py")]
    files += [ROOT / name for name in (STATUS, HANDOUT, SUMMARY, SAY)]
    named = {
        (str(path.relative_to(ROOT)), found)
        for path in files
        for found in commands(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert (HANDOUT, "workshop handout") in named
    assert named - covered == {(HANDOUT, "workshop handout")}  # the same command once more


def test_a_command_with_an_environment_is_spelled_in_one_place() -> None:
    """It names the environment's folder, too, which a message of its own would forget."""
    own = "workshop/config/command_line.py"
    spelled = [
        (path.relative_to(ROOT).as_posix(), text)
        for path in (ROOT / "workshop").rglob("*.py")
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"\bworkshop [a-z]+ (?:-e|--only|--config-dir)\b|^--config-dir$", text)
    ]
    options = {"workshop/cli/options.py", "workshop/cli/init.py", "workshop/cli/demo.py"}
    reads = {"workshop/cli/typed.py"}
    assert {path for path, _ in spelled} - options - reads == {own}


def commands(module: ast.Module) -> set[str]:
    """Return the commands that a module names: in a text, in a call, or in a table of cures."""
    found = {
        command
        for text in texts(module)
        for command in re.findall(r"\b(?:workshop|aws) [a-z]+(?= -|$| continue)", text)
    }
    for node in ast.walk(module):
        parts = node.elts if isinstance(node, ast.Tuple) else []
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "command":
            parts = node.args
        for part in parts:
            if isinstance(part, ast.Constant) and part.value in (
                "deploy",
                "start",
                "handout",
                "teardown",
            ):
                found.add(f"workshop {part.value}")
    return found


def texts(module: ast.Module) -> list[str]:
    """Return the texts of a module that are not documentation."""
    documentation = {
        statement.value
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node not in documentation
    ]
