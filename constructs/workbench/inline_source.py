"""The source of a function that travels inline: the modules of a package as one text."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.resources import files

WATCH, DOOR = "workshop.watch", "workshop.door"
MODULES = {
    WATCH: (
        *("work", "messages", "roles", "machines", "marks", "hours", "spending", "budget"),
        "handler",
    ),
    DOOR: ("codes", "visit", "state", "sessions", "seats", "pages", "handler"),
}
"""The modules of each package: what is imported stands before what imports it."""
BARE = (DOOR,)
"""The packages whose functions travel without annotations, for want of room."""


@cache
def source(package: str) -> str:
    """Return one module with all of a package.

    Docstrings, comments and most of the indentation only cost bytes, and are left out. So are
    imports of one another: whatever they name stands above.
    """
    imports: dict[str, None] = {}
    bodies = []
    for name in MODULES[package]:
        text = files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
        tree = _without_docstrings(ast.parse(text))
        if package in BARE:
            tree = _without_annotations(tree)
        bodies.append([one for one in tree.body if not _is_import(one)])
        for one in filter(_is_import, tree.body):
            if not _is_left_out(one, package):
                imports[ast.unparse(one)] = None
    statements = [one for body in bodies for one in body]
    code = _less_indented(ast.unparse(ast.Module(statements, type_ignores=[])))
    return "\n".join(["from __future__ import annotations", *sorted(imports), code, ""])


def _less_indented(code: str) -> str:
    """Return the code with one blank for each level: no text of ``ast.unparse`` has two lines."""
    return re.sub(r"^(?: {4})+", lambda found: " " * (len(found[0]) // 4), code, flags=re.MULTILINE)


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_left_out(statement: ast.stmt, package: str) -> bool:
    module = statement.module if isinstance(statement, ast.ImportFrom) else None
    return module is not None and (module == "__future__" or module.startswith(f"{package}."))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Take away every text that stands for itself."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [one for one in body if not _is_text(one)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def _without_annotations(tree: ast.Module) -> ast.Module:
    """Take away what functions say of types; fields of classes keep it, since dataclasses read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
            node.body = [_assignment(one) for one in node.body]
    return tree


def _assignment(statement: ast.stmt) -> ast.stmt:
    if not isinstance(statement, ast.AnnAssign) or statement.value is None:
        return statement
    return ast.copy_location(ast.Assign([statement.target], statement.value), statement)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
