"""From what is called in a lab to the requests that AWS gets."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from workshop.fit import calls, machines, sdk, services
from workshop.fit.boto_requests import BotoRequests, bucket_name
from workshop.fit.calls import INSTANCE_TYPE, LabFindings, Place
from workshop.fit.sdk_requests import SdkRequests
from workshop.fit.values import (
    UNKNOWN,
    Alternatives,
    BotoClient,
    PaginatorOrWaiter,
    S3Place,
    SdkObject,
    text,
)

_BUCKET = re.compile(r"s3a?://([a-z0-9{][a-z0-9.{}?-]{1,100}[a-z0-9}])(?:/|$)")
_BOTO_ROOTS = ("boto3", "botocore", "aioboto3")
_SDK_ROOTS = ("sagemaker", "sagemaker_core", "smexperiments")
_WRITES = re.compile(r"output|destination|upload|checkpoint|code_location|to_csv|to_parquet|sink")
"""In the name of what holds or takes an S3 address: it is written to."""
_NO_NEED = re.compile(r"retrieve|inference_instances|transform_instances|supported|allowed")
"""In the name of what takes an instance type without asking for a machine."""


class Requests:
    """Collects the requests of one file."""

    def __init__(self, found: LabFindings) -> None:
        self._boto = BotoRequests(found)
        self._sdk = SdkRequests(self._boto)
        self._found = found
        self._types: dict[str, tuple[str, Place]] = {}
        """Instance types that stand in the file -> the name that holds the first, and where."""
        self._uses_sdk = False
        self._services: dict[str, None] = {}
        self._first = len(found.calls)

    @property
    def place(self) -> Place:
        return self._boto.place

    @place.setter
    def place(self, place: Place) -> None:
        self._boto.place = place

    @property
    def is_fallback(self) -> bool:
        return self._boto.is_fallback

    @is_fallback.setter
    def is_fallback(self, is_fallback: bool) -> None:
        self._boto.is_fallback = is_fallback

    def begin(self, place: Place, tree: ast.Module) -> None:
        """Take note of the services that a cell has clients of."""
        self.place = place
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._uses_sdk |= any(_root(name.name) in _SDK_ROOTS for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                self._uses_sdk |= _root(node.module or "") in _SDK_ROOTS
            elif isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                service = getattr(node.args[0], "value", None)
                is_made = name in ("client", "resource")
                if is_made and isinstance(service, str) and services.is_known(service):
                    self._services[service] = None

    def end(self) -> None:
        """Let machines whose type is not said be those that the file names and does not use."""
        for at, call in enumerate(self._found.calls[self._first :], self._first):
            if call.bucket in self._boto.made_buckets:
                self._found.calls[at] = replace(call, bucket=calls.BUCKET)
        mine = self._found.calls[self._first :]
        used = {name for call in mine for name in call.types}
        loose = {name: about for name, about in self._types.items() if name not in used}
        for at, call in enumerate(mine, self._first):
            suitable = [name for name, (hint, _) in loose.items() if machines.suits(hint, call.use)]
            if call.untyped and suitable:
                self._found.calls[at] = replace(call, types=tuple(suitable), untyped=False)
                used.update(suitable)
        self._found.loose_types += [
            (name, hint, place) for name, (hint, place) in loose.items() if name not in used
        ]

    def instance_type(self, name: str, hint: str) -> None:
        """Take note of an instance type that something called ``hint`` has."""
        if INSTANCE_TYPE.fullmatch(name) and not _NO_NEED.search(hint):
            self._types.setdefault(name, (hint, self.place))

    def text(self, text: str, hint: str) -> None:
        """Take note of a whole text: an instance type, or an address in S3."""
        self.instance_type(text, hint)
        found = _BUCKET.match(text)
        if found:
            self._boto.bucket(bucket_name(found[1]), writes=bool(_WRITES.search(hint.lower())))

    def decorator(self, name: str) -> None:
        """Take note of a decorator without options, such as ``@remote``."""
        if _root(name) in _SDK_ROOTS:
            self.function(name, [], {})

    def function(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Report what a function or class of a library does; return what is known of its result."""
        root, last = _root(name), name.rpartition(".")[2]
        if root in _BOTO_ROOTS:
            if last in ("client", "resource"):
                return self._boto.client(last, arguments, options)
            return SdkObject("boto_session") if "ession" in last else UNKNOWN
        if root in _SDK_ROOTS:
            return self._sdk.function(name, arguments, options)
        if root == "mlflow" and last in ("set_tracking_uri", "set_experiment"):
            self._mlflow(arguments)
        elif name.startswith(("awswrangler.athena", "pyathena.connect")):
            self._boto.add(*sdk.METHODS["feature_group", "athena_query"])
        return UNKNOWN

    def method(self, base: Any, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Report what the method of an object does; return what is known of its result."""
        found: Any = UNKNOWN
        match base:
            case Alternatives(values=values):
                for each in values:
                    found = self.method(each, name, arguments, options)
            case BotoClient():
                found = self._boto.of_client(base, name, arguments, options)
            case PaginatorOrWaiter(actions=actions):
                self._boto.request(actions, options)
            case S3Place(bucket=bucket):
                found = self._boto.of_s3(bucket, name)
            case SdkObject():
                found = self._sdk.method(base, name, arguments, options)
            case _:
                found = self._of_unknown(name, arguments, options)
        return found

    def _of_unknown(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Report a method of an object that nothing is known of, where its name says enough."""
        if name == "default_bucket":
            self._boto.add("s3:ListBucket")
            return calls.BUCKET
        # Names of one word are too common: a client has to be known.
        if "_" in name:
            for service in self._services or ({"sagemaker": None} if self._uses_sdk else {}):
                if services.of_method(service, name):
                    return self._boto.of_client(BotoClient(service), name, arguments, options)
        if self._uses_sdk and name in sdk.FREE:
            return self._sdk.method_of_unknown(name, arguments, options)
        return UNKNOWN

    def _mlflow(self, arguments: list[Any]) -> None:
        address = text(arguments[0]) if arguments else calls.UNKNOWN
        if not address.startswith(("http://localhost", "http://127.", "file:", "./", "/")):
            self._boto.add("sagemaker-mlflow:CreateExperiment")


def _root(name: str) -> str:
    return name.partition(".")[0]
