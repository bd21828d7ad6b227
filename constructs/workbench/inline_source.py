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


@cache
def source(package: str) -> str:
    """Return one module with all of a package.

    Docstrings, comments, annotations and most of the indentation only cost bytes, and are left out.
    So are imports of one another: whatever they name stands above.
    """
    imports: dict[str, None] = {}
    bodies = []
    for name in MODULES[package]:
        text = files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
        tree = _WithoutAnnotations().visit(_without_docstrings(ast.parse(text)))
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


class _WithoutAnnotations(ast.NodeTransformer):
    """Takes away what functions take and return; the fields of classes are made of theirs."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
