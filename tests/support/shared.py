"""What all tests of a run share: a folder, and what botocore would work out anew each time.

A test makes a session of its own, as a command does: all clients of one that read their models
anew take half a second, and 40 ms where they are there.
"""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import botocore.hooks
import botocore.session
import botocore.useragent
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser, NodeList

from tests.support import connections

_FOLDER = "TESTS_SHARED_FOLDER"
"""The variable by which all workers of a run know it."""

OFTEN = (
    *("cloudformation", "cloudwatch", "ecr", "events", "glue", "iam", "lambda", "logs", "s3"),
    *("sagemaker", "service-quotas", "sns", "ssm", "sts", "resourcegroupstaggingapi"),
)
"""Services that most commands ask."""


def folder() -> Path:
    """Return the folder of what one worker makes for all."""
    return Path(os.environ[_FOLDER])


def share_folder() -> Callable[[], None]:
    """Make the folder unless another process of the run has; return what ends it."""
    if _FOLDER in os.environ:
        return lambda: None
    made = os.environ[_FOLDER] = tempfile.mkdtemp(prefix="tests-")
    return lambda: shutil.rmtree(made)


def share_models() -> None:
    """Let all clients of a service have one model and one class, which never change."""
    models: dict[Any, Any] = {}
    classes: dict[Any, Any] = {}
    creator: Any = ClientCreator
    read, make = creator._load_service_model, creator._create_client_class

    def model(self: Any, service: str, version: str | None = None) -> Any:
        key = (self._loader, service, version)
        if key not in models:
            found = read(self, service, version)
            # botocore takes the bucket out of S3's paths: others read the model as it is.
            models[key] = deepcopy(found) if service == "s3" else found
        return models[key]

    def client_class(self: Any, service: str, its_model: Any) -> Any:
        if its_model not in classes:
            classes[its_model] = make(self, service, its_model)
        return classes[its_model]

    botocore.session.create_loader = cache(botocore.session.create_loader)
    creator._load_service_model = model
    creator._create_client_class = client_class


def read_models() -> None:
    """Share all this, and read what most commands read: for a process that is forked for each."""
    share_models()
    share_events()
    share_names()
    share_handlers()
    connections.carry_requests()
    session = botocore.session.Session()
    for service in OFTEN:
        session.create_client(
            service,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )


def share_events() -> None:
    """Let all sessions have one table of what events are called by now, which never changes.

    What takes any keyword is read off its code: a session asks it of 130 functions.
    """
    known: dict[str, str] = {}
    aliaser, hooks = EventAliaser, botocore.hooks
    begin, ask = aliaser.__init__, hooks.accepts_kwargs

    def init(self: Any, emitter: Any, aliases: Any = None) -> None:
        begin(self, emitter, aliases)
        self._alias_name_cache = known

    def accepts(function: Any) -> Any:
        code = getattr(function, "__code__", None)
        return ask(function) if code is None else code.co_flags & inspect.CO_VARKEYWORDS

    setattr(aliaser, "__init__", init)  # noqa: B010
    setattr(hooks, "accepts_kwargs", accepts)  # noqa: B010


def share_names() -> None:
    """Let botocore spell out but once what it says of itself, twice a request, letter by letter."""
    spelled = botocore.useragent.sanitize_user_agent_string_component
    setattr(botocore.useragent, "sanitize_user_agent_string_component", cache(spelled))  # noqa: B010


def share_handlers() -> None:
    """Let the handlers that each client begins with be copied without Python's search for a way."""

    def copied(_: Any, node: dict[str, Any]) -> dict[str, Any]:
        return {key: _copied(value) for key, value in node.items()}

    trie: Any = botocore.hooks
    trie._PrefixTrie._recursive_copy = copied


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, NodeList):
        return NodeList(list(value.first), list(value.middle), list(value.last))
    return value
