"""The source of a function that travels inline: the modules of a package as one text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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

    Docstrings, comments, annotations (but of a class's attributes) and most of the indentation only
    cost bytes, and are left out. So are imports of one another: what they name stands above.
    """
    imports: list[ast.stmt] = []
    bodies = []
    for name in MODULES[package]:
        text = files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
        tree = _Bare().visit(_without_docstrings(ast.parse(text)))
        bodies.append([one for one in tree.body if not _is_import(one)])
        imports += [one for one in tree.body if _is_import(one) and not _is_left_out(one, package)]
    statements = [one for body in bodies for one in body]
    code = _less_indented(ast.unparse(ast.Module(statements, type_ignores=[])))
    return "\n".join(["from __future__ import annotations", *_used(imports, statements), code, ""])


def _less_indented(code: str) -> str:
    """Return the code with one blank for each level: no text of ``ast.unparse`` has two lines."""
    code = re.sub(r"\n{2,}", "\n", code)
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


class _Bare(ast.NodeTransformer):
    """Takes annotations away; a class's attributes keep one, which says what its fields are."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for one in node.body:
            if isinstance(one, ast.AnnAssign):
                one.annotation = ast.Name("Any")
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        every = node.args
        for one in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
            if one is not None:
                one.annotation = None
        node.body = [self._statement(one) for one in node.body]
        return self.generic_visit(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = [self._statement(one) for one in node.body]
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        node.body = [self._statement(one) for one in node.body]
        return self.generic_visit(node)

    def _statement(self, one: ast.stmt) -> ast.stmt:
        if isinstance(one, ast.AnnAssign) and one.value is not None:
            return ast.copy_location(ast.Assign([one.target], one.value), one)
        return one


def _used(imports: list[ast.stmt], statements: list[ast.stmt]) -> Iterator[str]:
    """Yield what the statements need of the imports: an annotation needs nothing at run time."""
    found = {
        node.id
        for statement in statements
        for node in _run(statement)
        if isinstance(node, ast.Name)
    }
    names: dict[str, set[str]] = {}
    for one in imports:
        if isinstance(one, ast.Import | ast.ImportFrom):
            module = one.module or "" if isinstance(one, ast.ImportFrom) else ""
            names.setdefault(module, set()).update({alias.name for alias in one.names} & found)
    for module, some in sorted(names.items()):
        if some:
            what = f"import {', '.join(sorted(some))}"
            yield f"from {module} {what}" if module else what


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it but annotations."""
    yield node
    for name, value in ast.iter_fields(node):
        if name != "annotation":
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _run(child)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
