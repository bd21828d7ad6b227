"""What the expressions of a lab are worth, as far as it can be known without running them.

A name is worth what it was last given. What cannot be known is left unknown, and a placeholder
stands for the part of a text that is not. What is called goes to
:class:`workshop.fit.requests.Requests`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from workshop.fit import calls
from workshop.fit.requests import Requests
from workshop.fit.values import (
    LONGEST_TEXT,
    MOST_ITEMS,
    UNKNOWN,
    BotoClient,
    Imported,
    LabFunction,
    S3Place,
    SdkObject,
    joined,
    one_of,
    texts,
)

DEEPEST = 120
"""How deep an expression may be nested."""
MOST_STEPS = 2_000_000
"""How many expressions of one file are looked at."""
LARGEST_NUMBER = 10**12

_VARIABLES = {
    "AWS_DEFAULT_REGION": calls.REGION,
    "AWS_REGION": calls.REGION,
    "WORKSHOP_BUCKET": calls.BUCKET,
    "WORKSHOP_ROLE_ARN": calls.ROLE,
}
_ATTRIBUTES = {
    "boto_region_name": calls.REGION,
    "region_name": calls.REGION,
    "_region_name": calls.REGION,
    "account_id": calls.ACCOUNT,
    # What sessions of the SDK have under these names.
    "sagemaker_client": BotoClient("sagemaker"),
    "sagemaker_runtime_client": BotoClient("sagemaker-runtime"),
    "sagemaker_featurestore_runtime_client": BotoClient("sagemaker-featurestore-runtime"),
    "boto_session": SdkObject("boto_session"),
    "s3_client": BotoClient("s3"),
    "s3_resource": BotoClient("s3", is_resource=True),
}
"""What attributes of these names are, whatever they are attributes of."""
_OF_TEXTS = ("format", "join", "strip", "rstrip", "lower", "encode")
"""Methods of texts, of which the text itself is a part alone."""
_PATHS = ("os.path.join", "posixpath.join")


class FileTooLargeError(Exception):
    """A file is too large to be followed to its end."""


class Expressions:
    """The names of one file, and what its expressions are worth."""

    def __init__(self, requests: Requests) -> None:
        self.names: dict[str, Any] = {}
        self._requests = requests
        self._hint = ""
        self._steps = 0
        self._quiet = 0

    # --- what statements use ----------------------------------------------------------------------

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        """Return what an expression is worth, and report the calls of AWS that are in it."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise FileTooLargeError
        if depth > DEEPEST:
            return UNKNOWN
        read = self._READERS.get(type(node))
        if read is None:
            self.parts_of(node, depth + 1)
            return UNKNOWN
        found = read(self, node, depth + 1)
        if isinstance(found, str) and not isinstance(node, ast.Name | ast.Attribute):
            found = found[:LONGEST_TEXT]
            if not self._quiet:
                self._requests.text(found, self._hint)
        return found

    def bind(self, target: ast.expr, value: Any, *, weak: bool = False) -> None:
        """Bind a name to a value; ``weak``: it may have the one before all the same."""
        if isinstance(target, ast.Tuple | ast.List):
            parts = target.elts
            values = value if isinstance(value, list) and len(value) == len(parts) else None
            for number, part in enumerate(parts):
                self.bind(part, values[number] if values else UNKNOWN, weak=weak)
        elif isinstance(target, ast.Subscript):
            held, key = self.value(target.value), self.value(target.slice)
            if isinstance(held, dict) and isinstance(key, str) and len(held) < MOST_ITEMS:
                held[key] = value
        elif (name := dotted(target)) is not None:
            before = self.names.get(name, UNKNOWN)
            self.names[name] = one_of([before, value]) if weak else value

    def parts_of(self, node: ast.AST, depth: int = 0) -> None:
        """Look at the expressions that something is made of."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, depth)
            elif isinstance(child, ast.keyword):
                self.value(child.value, depth)

    def sum_of(self, left: Any, right: Any) -> Any:
        """Return what two values are together: texts and lists in a row, or a number."""
        if isinstance(left, list) and isinstance(right, list):
            return [*left, *right][:MOST_ITEMS]
        if isinstance(left, int) and isinstance(right, int):
            return left + right if abs(left) + abs(right) < LARGEST_NUMBER else UNKNOWN
        return joined([left, right]) if texts(left) or texts(right) else UNKNOWN

    @contextmanager
    def hinted(self, name: str) -> Iterator[None]:
        """Have what is read meanwhile belong to a name, which says what it may be for."""
        before, self._hint = self._hint, name
        try:
            yield
        finally:
            self._hint = before

    # --- kinds of expressions ---------------------------------------------------------------------

    def _quietly(self, node: ast.expr, depth: int) -> Any:
        """Return what a part of a text is worth, which is not yet the text."""
        self._quiet += 1
        try:
            return self.value(node, depth)
        finally:
            self._quiet -= 1

    def _constant(self, node: ast.Constant, _: int) -> Any:
        return node.value if isinstance(node.value, str | int | float) else None

    def _name(self, node: ast.Name, _: int) -> Any:
        return self.names.get(node.id, UNKNOWN)

    def _joined(self, node: ast.JoinedStr, depth: int) -> Any:
        return joined(self._quietly(part, depth) for part in node.values)

    def _inner(self, node: ast.FormattedValue | ast.Await | ast.Starred, depth: int) -> Any:
        return self.value(node.value, depth)

    def _named(self, node: ast.NamedExpr, depth: int) -> Any:
        found = self.value(node.value, depth)
        self.bind(node.target, found)
        return found

    def _operation(self, node: ast.BinOp, depth: int) -> Any:
        left, right = self._quietly(node.left, depth), self._quietly(node.right, depth)
        if isinstance(node.op, ast.Add):
            return self.sum_of(left, right)
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return left.replace("%s", calls.UNKNOWN)
        are_numbers = isinstance(left, int) and isinstance(right, int)
        if isinstance(node.op, ast.Mult) and are_numbers:
            return left * right if abs(left) * abs(right) < LARGEST_NUMBER else UNKNOWN
        return UNKNOWN

    def _dictionary(self, node: ast.Dict, depth: int) -> Any:
        made: dict[str, Any] = {}
        pairs = list(zip(node.keys, node.values, strict=True))
        for key, value in pairs[:MOST_ITEMS]:
            if key is None:
                found = self.value(value, depth)
                made.update(found if isinstance(found, dict) else {})
                continue
            name = self.value(key, depth)
            name = name if isinstance(name, str) else calls.UNKNOWN
            with self.hinted(name):
                made[name] = self.value(value, depth)
        return made

    def _items(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Any:
        return [self.value(part, depth) for part in node.elts[:MOST_ITEMS]]

    def _choice(self, node: ast.IfExp, depth: int) -> Any:
        self.value(node.test, depth)
        return one_of([self.value(node.body, depth), self.value(node.orelse, depth)])

    def _any(self, node: ast.BoolOp, depth: int) -> Any:
        return one_of([self.value(each, depth) for each in node.values])

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, depth: int
    ) -> Any:
        self._generators(node.generators, depth)
        return [self.value(node.elt, depth)]

    def _mapping(self, node: ast.DictComp, depth: int) -> Any:
        self._generators(node.generators, depth)
        self.value(node.key, depth)
        self.value(node.value, depth)
        return UNKNOWN

    def _generators(self, generators: list[ast.comprehension], depth: int) -> None:
        for part in generators:
            items = self.value(part.iter, depth)
            self.bind(
                part.target, one_of(items[:MOST_ITEMS]) if isinstance(items, list) else UNKNOWN
            )
            for test in part.ifs:
                self.value(test, depth)

    def _attribute(self, node: ast.Attribute, depth: int) -> Any:
        name = dotted(node)
        if name is not None and name in self.names:
            return self.names[name]
        base = self.value(node.value, depth)
        if isinstance(base, Imported):
            return Imported(f"{base.name}.{node.attr}")
        if isinstance(base, SdkObject) and node.attr in base.options:
            return base.options[node.attr]
        if isinstance(base, S3Place):
            return base  # its ``objects``
        if isinstance(base, BotoClient) and node.attr in ("meta", "client"):
            return BotoClient(base.service)
        return _ATTRIBUTES.get(node.attr, UNKNOWN)

    def _subscript(self, node: ast.Subscript, depth: int) -> Any:
        whole = self.value(node.value, depth)
        key = self._quietly(node.slice, depth)
        if isinstance(whole, Imported) and whole.name == "os.environ":
            return _VARIABLES.get(key, UNKNOWN) if isinstance(key, str) else UNKNOWN
        if isinstance(whole, dict) and isinstance(key, str):
            return whole.get(key, UNKNOWN)
        known = isinstance(whole, list) and isinstance(key, int) and -len(whole) <= key < len(whole)
        return whole[key] if known else UNKNOWN

    # --- calls ------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, depth: int) -> Any:
        method, base, target = self._callee(node.func, depth)
        name = target.name.rpartition(".")[2] if isinstance(target, Imported) else method
        arguments, options = self._arguments(node, depth, name)
        if isinstance(target, LabFunction):
            return target.value
        if isinstance(target, Imported):
            return self._function(target.name, arguments, options)
        if isinstance(base, str):
            return _of_text(base, method, arguments, options)
        if isinstance(base, dict) and method == "get" and arguments:
            return base.get(arguments[0], UNKNOWN) if isinstance(arguments[0], str) else UNKNOWN
        if method == "add_argument":
            self._argument(arguments, options)
        return self._requests.method(base, method, arguments, options)

    def _callee(self, node: ast.expr, depth: int) -> tuple[str, Any, Any]:
        """Return a method's name and object, or the function that is called."""
        if not isinstance(node, ast.Attribute):
            return "", UNKNOWN, self.value(node, depth)
        name = dotted(node)
        if name is not None and name in self.names:
            return node.attr, UNKNOWN, self.names[name]
        read = self._quietly if node.attr in _OF_TEXTS else self.value
        base = read(node.value, depth)
        if isinstance(base, Imported):
            return node.attr, UNKNOWN, Imported(f"{base.name}.{node.attr}")
        return node.attr, base, UNKNOWN

    def _function(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        if name in ("os.environ.get", "os.getenv"):
            variable = arguments[0] if arguments else UNKNOWN
            known = _VARIABLES.get(variable) if isinstance(variable, str) else None
            return known or (arguments[1] if len(arguments) > 1 else UNKNOWN)
        if name in _PATHS:
            return joined(arguments, "/")
        return self._requests.function(name, arguments, options)

    def _argument(self, arguments: list[Any], options: Mapping[str, Any]) -> None:
        """Bind the name of a program's argument to its default."""
        flag = next((each for each in arguments if isinstance(each, str)), "")
        if "default" in options and flag.startswith("-"):
            self.names[f"args.{flag.lstrip('-').replace('-', '_')}"] = options["default"]

    def _arguments(self, node: ast.Call, depth: int, name: str) -> tuple[list[Any], dict[str, Any]]:
        # The parts of a path or a text that is put together are no texts by themselves.
        read = self._quietly if name in ("format", "join") else self.value
        with self.hinted(f"{name}()"):
            arguments = [read(each, depth) for each in node.args[:MOST_ITEMS]]
        options: dict[str, Any] = {}
        for keyword in node.keywords[:MOST_ITEMS]:
            with self.hinted(f"{name}({keyword.arg})"):
                found = read(keyword.value, depth)
            if keyword.arg is not None:
                options[keyword.arg] = found
            elif isinstance(found, dict):
                options.update(found)
        return arguments, options

    _READERS: ClassVar[Mapping[type[ast.expr], Callable[..., Any]]] = {
        ast.Attribute: _attribute,
        ast.Await: _inner,
        ast.BinOp: _operation,
        ast.BoolOp: _any,
        ast.Call: _call,
        ast.Constant: _constant,
        ast.Dict: _dictionary,
        ast.DictComp: _mapping,
        ast.FormattedValue: _inner,
        ast.GeneratorExp: _comprehension,
        ast.IfExp: _choice,
        ast.JoinedStr: _joined,
        ast.List: _items,
        ast.ListComp: _comprehension,
        ast.Name: _name,
        ast.NamedExpr: _named,
        ast.Set: _items,
        ast.SetComp: _comprehension,
        ast.Starred: _inner,
        ast.Subscript: _subscript,
        ast.Tuple: _items,
    }


def dotted(node: ast.expr) -> str | None:
    """Return ``a.b.c`` of an expression that is nothing but names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join(reversed([*parts, node.id]))


def _of_text(text: str, method: str, arguments: list[Any], options: Mapping[str, Any]) -> Any:
    if method == "format":
        for number, value in enumerate(arguments):
            part = joined([value])
            text = text.replace("{}", part, 1).replace(f"{{{number}}}", part)[:LONGEST_TEXT]
        for name, value in options.items():
            text = text.replace(f"{{{name}}}", joined([value]))[:LONGEST_TEXT]
        return text
    if method == "join" and arguments and isinstance(arguments[0], list):
        return joined(arguments[0], text)
    return text.strip() if method in _OF_TEXTS and not arguments else UNKNOWN
