"""Where records are kept: by account and Region, found by key, by ARN and in order.

Every order that a List operation has by default is kept sorted, so that a page costs the same
among ten resources and among ten thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sortedcontainers import SortedKeyList

from localcloud import ministack_adapter
from localcloud.sagemaker.paging import Position
from localcloud.sagemaker.resource_type import Record, SageMakerResourceType


def by_creation(record: Record) -> Position:
    """Oldest first; those of the same moment in the order of their keys."""
    return (record["created"], record["key"])


def by_name(record: Record) -> Position:
    """In the order of their names."""
    return (record["name"], record["key"])


class RecordTable:
    """The records of one type in one account and Region."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.used: Counter[str] = Counter()
        self._taken: dict[str, Mapping[str, float]] = {}
        self.orders = {
            "CreationTime": SortedKeyList(key=by_creation),
            "Name": SortedKeyList(key=by_name),
        }

    def add(self, record: Record) -> None:
        self.records[record["key"]] = record
        for order in self.orders.values():
            order.add(record)

    def take(self, key: str, amounts: Mapping[str, float]) -> None:
        """Set what a record takes of each quota, and keep ``used`` up to date."""
        self.used.subtract(self._taken.pop(key, {}))
        if amounts:
            self._taken[key] = amounts
            self.used.update(amounts)

    def remove(self, record: Record) -> None:
        del self.records[record["key"]]
        self.take(record["key"], {})
        for order in self.orders.values():
            order.remove(record)


class Store:
    """All tables; account and Region are those of the request being served."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str, str], RecordTable] = {}
        self._by_arn: dict[str, tuple[str, Record]] = {}

    def table(self, kind: SageMakerResourceType) -> RecordTable:
        place = (ministack_adapter.account(), ministack_adapter.region(), kind.noun)
        table = self._tables.get(place)
        if table is None:
            table = self._tables[place] = RecordTable()
        return table

    def add(self, kind: SageMakerResourceType, record: Record) -> None:
        self.table(kind).add(record)
        self._by_arn[record["arn"]] = (kind.noun, record)

    def remove(self, kind: SageMakerResourceType, record: Record) -> None:
        self.table(kind).remove(record)
        self._by_arn.pop(record["arn"], None)

    def by_arn(self, arn: str) -> tuple[str, Record] | None:
        """Return noun and record of an ARN of the present account and Region."""
        found = self._by_arn.get(arn)
        here = f":{ministack_adapter.region()}:{ministack_adapter.account()}:"
        return found if found is not None and here in arn else None

    def everything(self) -> Iterator[tuple[str, str, str, Record]]:
        """Return account, Region, noun and record of all there is."""
        for (account, region, noun), table in self._tables.items():
            for record in table.records.values():
                yield account, region, noun, record

    def clear(self) -> None:
        self._tables.clear()
        self._by_arn.clear()
