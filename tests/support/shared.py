"""What all tests of a process share: what botocore would work out anew each time.

A test makes a session of its own, as a command does: all clients of one that read their models
anew take half a second, and 40 ms where they are there.
"""

from __future__ import annotations

import inspect
from copy import deepcopy
from functools import cache
from typing import Any

import botocore.hooks
import botocore.regions
import botocore.session
import botocore.useragent
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser, NodeList

from tests.support import connections

OFTEN = (
    *("cloudformation", "cloudwatch", "ecr", "events", "glue", "iam", "lambda", "logs", "s3"),
    *("sagemaker", "service-quotas", "sns", "ssm", "sts", "resourcegroupstaggingapi"),
)
"""Services that most commands ask."""


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
    share_endpoints()
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
    """Let each client have the handlers of its session, and copies of what it adds to alone."""
    trie: Any = botocore.hooks._PrefixTrie  # type: ignore[attr-defined]
    append, remove = trie.append_item, trie.remove_item

    def copied(self: Any) -> Any:
        made = type(self)()
        made._root, self._own = self._root, set()
        return made

    def item_appended(self: Any, key: str, value: Any, section: int = 1) -> None:
        own: set[int] = self.__dict__.setdefault("_own", set())
        node = self._root = _own_node(self._root, own)
        for part in key.split("."):
            if part not in node["children"]:
                break  # what is new is nobody else's
            node["children"][part] = _own_node(node["children"][part], own)
            node = node["children"][part]
        append(self, key, value, section)

    def item_removed(self: Any, key: str, value: Any) -> None:
        self._root, self._own = _copied(self._root), set()
        remove(self, key, value)

    trie.__copy__, trie.append_item, trie.remove_item = copied, item_appended, item_removed


def _own_node(node: dict[str, Any], own: set[int]) -> dict[str, Any]:
    """Return a node that one client alone has, its own one or a copy; its children are all's."""
    if id(node) in own:
        return node
    values = node["values"]
    made = {
        "chunk": node["chunk"],
        "children": dict(node["children"]),
        "values": values and NodeList(*(list(section) for section in values)),
    }
    own.add(id(made))
    return made


def _copied(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with copies of all below it."""
    made = _own_node(node, set())
    made["children"] = {part: _copied(child) for part, child in node["children"].items()}
    return made


def share_endpoints() -> None:
    """Let all clients of a service have one set of rules, which say where its endpoints are."""
    known: dict[tuple[int, int], Any] = {}
    given = botocore.regions.EndpointProvider  # type: ignore[attr-defined]

    def provider(*, ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> Any:
        # Data that all read with one loader; what is made of it keeps it.
        key = (id(ruleset_data), id(partition_data))
        if key not in known:
            made = given(ruleset_data, partition_data, excluded_params)
            known[key] = (made, ruleset_data, partition_data)
        return known[key][0]

    setattr(botocore.regions, "EndpointProvider", provider)  # noqa: B010
