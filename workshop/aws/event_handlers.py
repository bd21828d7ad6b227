"""botocore's table of event handlers, which clients share until they add to it.

Each session registers 130 handlers, and each of its clients copies them all, has each of its own
inspected and works out anew what events are called by now: half of what a client costs.
"""

from __future__ import annotations

import inspect
from typing import Any

from botocore import hooks
from botocore.hooks import EventAliaser, HierarchicalEmitter, NodeList

_PrefixTrie: Any = hooks._PrefixTrie  # type: ignore[attr-defined]  # noqa: SLF001


class SharedTrie(_PrefixTrie):  # type: ignore[misc]
    """Handlers by event; a copy has the same nodes, and its own ones where either adds to them."""

    def __init__(self) -> None:
        super().__init__()
        self._root: dict[str, Any]
        self._own: set[int] = set()
        """The nodes that no other trie has, by ``id``; those without are all's, or new."""

    def __copy__(self) -> SharedTrie:
        made = type(self)()
        made._root = self._root  # noqa: SLF001 - it is of the same class
        self._own = set()
        return made

    def append_item(self, key: str, value: Any, section: int = 1) -> None:
        """Add a handler, to copies of the nodes on the way to it."""
        node = self._root = self._owned(self._root)
        for part in key.split("."):
            if part not in node["children"]:
                break  # what is new is nobody else's
            node["children"][part] = self._owned(node["children"][part])
            node = node["children"][part]
        super().append_item(key, value, section)

    def remove_item(self, key: str, value: Any) -> None:
        """Remove a handler, from a copy of everything."""
        self._root, self._own = _copied(self._root), set()
        super().remove_item(key, value)

    def _owned(self, node: dict[str, Any]) -> dict[str, Any]:
        if id(node) in self._own:
            return node
        made = _alone(node)
        self._own.add(id(made))
        return made


def _alone(node: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a node with the same children."""
    values = node["values"]
    return {
        "chunk": node["chunk"],
        "children": dict(node["children"]),
        "values": values and NodeList(*(list(section) for section in values)),
    }


def _copied(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with copies of all below it."""
    made = _alone(node)
    made["children"] = {part: _copied(child) for part, child in node["children"].items()}
    return made


class SharedEmitter(HierarchicalEmitter):
    """Calls the handlers of events; what takes any keyword is read off a handler's code."""

    def __init__(self) -> None:
        super().__init__()
        self._handlers: Any = SharedTrie()

    def _verify_accept_kwargs(self, func: Any) -> bool | None:
        code = getattr(getattr(func, "func", func), "__code__", None)
        if code is not None and code.co_flags & inspect.CO_VARKEYWORDS:
            return None
        checked: bool | None = super()._verify_accept_kwargs(func)  # type: ignore[misc]
        return checked


class SharedAliaser(EventAliaser):
    """Knows events by their former names; all have one table of those that were asked about."""

    _known: dict[str, str] = {}  # noqa: RUF012 - it is everybody's

    def __init__(self, event_emitter: Any, event_aliases: Any = None) -> None:
        super().__init__(event_emitter, event_aliases)
        self._alias_name_cache = self._known
