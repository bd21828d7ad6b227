"""The small engine: validate by the service model, do what the kind's table says, shape the answer.

State is kept per account and Region. Statuses that pass by themselves are settled from the
clock whenever somebody looks, so no thread is needed and a test can jump ahead.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from workshop.localcloud import emulator
from workshop.localcloud.sagemaker import listing, model, validation
from workshop.localcloud.sagemaker.faults import ApiError, invalid
from workshop.localcloud.sagemaker.tables import Kind, Members, Move, Record

if TYPE_CHECKING:
    from workshop.localcloud.clock import Clock
    from workshop.localcloud.settings import Delays

Handler = Callable[[Members], Members]


class Engine:
    """All kinds of resources of the local SageMaker, behind ``call``."""

    def __init__(self, kinds: Iterable[Kind], clock: Clock, delays: Delays) -> None:
        self.kinds = {kind.noun: kind for kind in kinds}
        self.clock = clock
        self.delays = delays
        self.operations: dict[str, Handler] = {}
        self._lock = threading.RLock()
        self._stores: dict[str, Any] = {noun: emulator.scoped_store() for noun in self.kinds}
        for kind in self.kinds.values():
            self._add_operations(kind)

    def call(self, operation: str, request: Members) -> Members:
        """Perform one API operation; raises ``ApiError`` for every refusal."""
        handler = self.operations.get(operation)
        if handler is None:
            raise ApiError(
                "UnknownOperationException",
                f"the local cloud has no SageMaker operation {operation}",
                status=404,
            )
        validation.check_request(operation, request)
        with self._lock:
            answer = handler(request)
        shaped: Members = model.shaped(model.operation(operation).output_shape, answer)
        return shaped

    def record(self, kind: Kind, name: str) -> Record | None:
        """Give the settled record of a resource of the present account and Region, or None."""
        with self._lock:
            found: Record | None = self._stores[kind.noun].get(self._key(kind, name))
            return found if found is not None and self._settle(kind, found) else None

    def records(self, kind: Kind) -> list[Record]:
        """All settled records of a kind in the present account and Region."""
        with self._lock:
            return [one for one in self._stores[kind.noun].values() if self._settle(kind, one)]

    def by_arn(self, arn: str) -> Record | None:
        """Give the record with this ARN, of whatever kind, or None."""
        arn_type, _, name = arn.split(":", 5)[-1].partition("/")
        for kind in self.kinds.values():
            if kind.arn_type == arn_type:
                found = self.record(kind, name)
                return found if found is not None and found["arn"] == arn else None
        return None

    def view(self, kind: Kind, record: Record) -> Members:
        """Give a record under the API's member names; nested values are the record's own."""
        members: Members = dict(record["members"])
        members[kind.name] = record["name"]
        members[kind.arn] = record["arn"]
        members["CreationTime"] = record["created"]
        members["LastModifiedTime"] = record["modified"]
        if kind.status is not None:
            members[kind.status] = record["status"]
        if kind.derived is not None:
            members.update(kind.derived(self, record))
        return members

    def next_change(self, kind: Kind, record: Record) -> float | None:
        """When the status of a record passes by itself, or None if it rests."""
        step = kind.steps.get(record["status"])
        return None if step is None else float(record["since"] + self.delays[step.delay])

    def snapshot(self) -> dict[str, Any]:
        """Everything that has to survive a restart."""
        with self._lock:
            return copy.deepcopy(self._stores)

    def restore(self, stores: dict[str, Any]) -> None:
        """Take over what ``snapshot`` gave; kinds unknown by now are left out."""
        with self._lock:
            for noun, store in stores.items():
                if noun in self._stores:
                    self._stores[noun].update(store)

    def clear(self) -> None:
        """Forget every resource of every account."""
        with self._lock:
            for store in self._stores.values():
                store.clear()
        self.clock.wake()

    def _add_operations(self, kind: Kind) -> None:
        self.operations[f"Create{kind.noun}"] = lambda request: self._create(kind, request)
        self.operations[f"Describe{kind.noun}"] = lambda request: self.view(
            kind, self._existing(kind, request)
        )
        self.operations[f"List{kind.plural}"] = lambda request: listing.page(self, kind, request)
        self.operations[f"Delete{kind.noun}"] = lambda request: self._delete(kind, request)
        if f"Update{kind.noun}" in model.service_model().operation_names:
            self.operations[f"Update{kind.noun}"] = lambda request: self._update(kind, request)
        for move in kind.moves:
            self.operations[move.operation] = self._mover(kind, move)

    def _mover(self, kind: Kind, move: Move) -> Handler:
        def handle(request: Members) -> Members:
            self._move(kind, self._existing(kind, request), move)
            return {}

        return handle

    def _create(self, kind: Kind, request: Members) -> Members:
        name = request[kind.name]
        arn = self._arn(kind, name)
        if self.record(kind, name) is not None:
            raise invalid(kind.duplicate.format(arn=arn, name=name))
        members = {**copy.deepcopy(dict(kind.defaults)), **self._settings(kind, request)}
        for check in kind.on_create:
            check(self, request, members)
        now = self.clock.now()
        record: Record = {
            "name": name,
            "arn": arn,
            "created": now,
            "modified": now,
            "since": now,
            "status": kind.first_status,
            "tags": {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
            "members": members,
        }
        self._stores[kind.noun][self._key(kind, name)] = record
        self._settle(kind, record)
        return {kind.arn: arn}

    def _update(self, kind: Kind, request: Members) -> Members:
        record = self._existing(kind, request)
        if kind.update is not None:
            self._allow(kind, record, kind.update)
        members = copy.deepcopy(record["members"])
        for asked, member in kind.dropped.items():
            if request.get(asked):
                members.pop(member, None)
        for member, value in self._settings(kind, request).items():
            # A structure is merged: UpdateCodeRepository sends only the part that changes.
            if isinstance(value, dict) and isinstance(members.get(member), dict):
                members[member] = {**members[member], **value}
            else:
                members[member] = value
        for check in kind.on_update:
            check(self, request, members)
        record["members"] = members
        record["modified"] = self.clock.now()
        if kind.update is not None:
            self._move(kind, record, kind.update)
        return {kind.arn: record["arn"]}

    def _delete(self, kind: Kind, request: Members) -> Members:
        record = self._existing(kind, request)
        for check in kind.on_delete:
            check(self, request, self.view(kind, record))
        if kind.delete is not None:
            self._move(kind, record, kind.delete)
        else:
            del self._stores[kind.noun][self._key(kind, record["name"])]
        return {}

    def _existing(self, kind: Kind, request: Members) -> Record:
        name = request[kind.name]
        if kind.takes_arn and name.startswith("arn:"):
            name = name.rpartition("/")[2]
        record = self.record(kind, name)
        if record is None:
            raise invalid(kind.missing.format(arn=self._arn(kind, name), name=name))
        return record

    def _allow(self, kind: Kind, record: Record, move: Move) -> None:
        if record["status"] not in move.allowed:
            allowed = ", ".join(move.allowed)
            raise invalid(
                f"Status ({record['status']}) not in ([{allowed}]). Unable to transition to "
                f"({move.to}) for {kind.words} ({record['arn']})"
            )

    def _move(self, kind: Kind, record: Record, move: Move) -> None:
        self._allow(kind, record, move)
        record["status"] = move.to
        record["since"] = record["modified"] = self.clock.now()
        self._settle(kind, record)

    def _settle(self, kind: Kind, record: Record) -> bool:
        """Let the status pass as far as time allows; False when the resource is gone."""
        while (due := self.next_change(kind, record)) is not None and due <= self.clock.now():
            target = kind.steps[record["status"]].to
            if target is None:
                self._stores[kind.noun].pop(self._key(kind, record["name"]), None)
                return False
            record["status"] = target
            record["since"] = record["modified"] = due
        return True

    @staticmethod
    def _settings(kind: Kind, request: Members) -> Members:
        ignored = {kind.name, "Tags", *kind.dropped}
        return {
            kind.renamed.get(member, member): copy.deepcopy(value)
            for member, value in request.items()
            if member not in ignored and value is not None
        }

    @staticmethod
    def _key(kind: Kind, name: str) -> str:
        return name.lower() if kind.lowercase_arn else name

    @staticmethod
    def _arn(kind: Kind, name: str) -> str:
        shown = name.lower() if kind.lowercase_arn else name
        place = f"{emulator.region()}:{emulator.account()}"
        return f"arn:aws:sagemaker:{place}:{kind.arn_type}/{shown}"
