"""Follows the statements of a lab from its first line to its last, without running one.

What is done under a condition is added to what a name was worth before; a function is read where it
is defined, whoever calls it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from workshop.fit.calls import Place
from workshop.fit.expressions import Expressions, dotted
from workshop.fit.notebook import Cell
from workshop.fit.requests import Requests
from workshop.fit.values import MOST_ITEMS, UNKNOWN, Imported, LabFunction, one_of

_LOOP = ast.For | ast.AsyncFor
_CONTEXT = ast.With | ast.AsyncWith
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_BRANCHING = ast.If | ast.While | ast.Try | ast.Match


class Statements:
    """The statements of one file, in the order of its cells."""

    def __init__(self, file: str, requests: Requests) -> None:
        self._file = file
        self._requests = requests
        self._expressions = Expressions(requests)
        self._returns: list[object] = []
        self._cell = 0

    def run(self, cell: Cell, tree: ast.Module) -> None:
        """Follow a cell; what it names is known to the cells that come after it.

        Raises FileTooLargeError where a file is too large to be followed to its end.
        """
        self._cell = cell.number
        self._requests.begin(Place(self._file, cell.number, 0 if cell.number else 1), tree)
        self._block(tree.body)

    def _block(self, body: Sequence[ast.stmt], *, weak: bool = False) -> None:
        """Follow statements; ``weak``: they may be left out when the lab runs."""
        for statement in body:
            if not self._cell:
                self._requests.place = Place(self._file, 0, statement.lineno)
            self._statement(statement, weak=weak)

    def _statement(self, node: ast.stmt, *, weak: bool) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assign(node, weak=weak)
        elif isinstance(node, _FUNCTION):
            self._function(node)
        elif isinstance(node, _BRANCHING):
            self._branches(node)
        else:
            self._simple(node, weak=weak)

    def _simple(self, node: ast.stmt, *, weak: bool) -> None:
        value, bind = self._expressions.value, self._expressions.bind
        if isinstance(node, ast.ClassDef):
            for each in (*node.decorator_list, *node.bases):
                value(each)
            self._block(node.body)
        elif isinstance(node, _LOOP):
            items = value(node.iter)
            each_item = one_of(items[:MOST_ITEMS]) if isinstance(items, list) else UNKNOWN
            bind(node.target, each_item)
            self._block([*node.body, *node.orelse], weak=True)
        elif isinstance(node, _CONTEXT):
            for item in node.items:
                entered = value(item.context_expr)
                if item.optional_vars is not None:
                    bind(item.optional_vars, entered, weak=weak)
            self._block(node.body, weak=weak)
        elif isinstance(node, ast.Return):
            self._returns.append(UNKNOWN if node.value is None else value(node.value))
        else:
            self._expressions.parts_of(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = self._expressions.names
        for name in node.names:
            if isinstance(node, ast.ImportFrom):
                names[name.asname or name.name] = Imported(f"{node.module or ''}.{name.name}")
            else:
                whole = name.name if name.asname else name.name.partition(".")[0]
                names[name.asname or whole] = Imported(whole)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, *, weak: bool) -> None:
        if node.value is None:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        expressions = self._expressions
        with expressions.hinted(next((dotted(target) or "" for target in targets), "")):
            value = expressions.value(node.value)
        if isinstance(node, ast.AugAssign):
            before = expressions.value(node.target)
            value = expressions.sum_of(before, value) if isinstance(node.op, ast.Add) else UNKNOWN
        for target in targets:
            expressions.bind(target, value, weak=weak)

    def _branches(self, node: ast.stmt) -> None:
        for name, part in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody"):
                self._block(part, weak=name != "body" or not isinstance(node, ast.Try))
            elif isinstance(part, list):
                before = self._requests.is_fallback
                self._requests.is_fallback = before or name == "handlers"
                for each in part:  # of ``handlers`` and ``cases``
                    self._block(each.body, weak=True)
                self._requests.is_fallback = before
            elif isinstance(part, ast.expr):
                self._expressions.value(part)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        expressions = self._expressions
        for decorator in node.decorator_list:
            value = expressions.value(decorator)
            if isinstance(value, Imported):
                self._requests.decorator(value.name)
        outside, returns, place = expressions.names, self._returns, self._requests.place
        expressions.names, self._returns = dict(outside), []
        self._parameters(node.args)
        self._block(node.body)
        result = one_of(self._returns)
        # What a method sets on its object is known to the other methods.
        own = {name: each for name, each in expressions.names.items() if name.startswith("self.")}
        expressions.names = {**outside, **own, node.name: LabFunction(result)}
        self._returns, self._requests.place = returns, place

    def _parameters(self, arguments: ast.arguments) -> None:
        """Bind the parameters of a function to their defaults."""
        names = self._expressions.names
        plain = [*arguments.posonlyargs, *arguments.args]
        names.update({argument.arg: UNKNOWN for argument in (*plain, *arguments.kwonlyargs)})
        defaults = zip(reversed(plain), reversed(arguments.defaults), strict=False)
        keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        for argument, default in (*defaults, *keywords):
            if default is not None:
                with self._expressions.hinted(argument.arg):
                    names[argument.arg] = self._expressions.value(default)
