"""Stores of the emulator of which one account's entries are found without looking at all others'.

The emulator keeps what all accounts have in one dictionary, and looks through it for those of one:
with a thousand accounts, each new stack would cost a look at all stacks of all of them.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

Key = tuple[Hashable, ...]
Index = dict[Hashable, dict[Key, None]]


class IndexedKeys(dict[Key, Any]):
    """The entries of a store: keys begin with an account and end with a name."""

    def __init__(self, entries: Mapping[Key, Any]) -> None:
        super().__init__()
        self._of_account: Index = {}
        self._of_name: Index = {}
        self.update(entries)

    def of_account(self, account: str) -> list[Key]:
        """Return the keys of an account."""
        return list(self._of_account.get(account, ()))

    def of_name(self, name: str) -> list[Key]:
        """Return the keys of a name, in all accounts."""
        return list(self._of_name.get(name, ()))

    def __setitem__(self, key: Key, value: Any) -> None:
        super().__setitem__(key, value)
        for index, part in ((self._of_account, key[0]), (self._of_name, key[-1])):
            index.setdefault(part, {})[key] = None

    def __delitem__(self, key: Key) -> None:
        super().__delitem__(key)
        for index, part in ((self._of_account, key[0]), (self._of_name, key[-1])):
            index[part].pop(key, None)
            if not index[part]:
                del index[part]

    def pop(self, key: Key, *default: Any) -> Any:
        if key not in self:
            return super().pop(key, *default)
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key: Key, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(  # type: ignore[override]
        self, entries: Mapping[Key, Any] | Iterable[tuple[Key, Any]]
    ) -> None:
        for key, value in dict(entries).items():
            self[key] = value

    def clear(self) -> None:
        super().clear()
        self._of_account.clear()
        self._of_name.clear()


def indexed(store: Any) -> IndexedKeys:
    """Return the entries of one of the emulator's stores, which is given an index if it has none.

    A store that the emulator restores has entries without one again.
    """
    if not isinstance(store._data, IndexedKeys):
        store._data = IndexedKeys(store._data)
    found: IndexedKeys = store._data
    return found
