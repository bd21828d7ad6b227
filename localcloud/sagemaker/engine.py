"""The engine: checks a request against the service model and does what the type's table says.

State is kept per account and Region. Transitions stand on the agenda and happen with the next
request, so no thread is needed and a test can jump ahead.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from typing import Any

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.protocol import models, responses
from localcloud.protocol.errors import ApiError, invalid, not_played
from localcloud.protocol.requests import check_request
from localcloud.sagemaker import listing, outside
from localcloud.sagemaker.notebook_sessions import NotebookSessions
from localcloud.sagemaker.resource_type import Members, Move, Record, SageMakerResourceType
from localcloud.sagemaker.statuses import Statuses
from localcloud.sagemaker.store import Store
from localcloud.transitions import Delays

SERVICE = "sagemaker"
Handler = Callable[[Members], Members]
Operation = Callable[["SageMakerEngine", Members], Members]
"""An operation that no table describes."""


class SageMakerEngine:
    """All resource types of the local SageMaker, behind ``call``."""

    def __init__(
        self,
        kinds: Iterable[SageMakerResourceType],
        clock: Clock,
        delays: Delays,
        *,
        quotas: outside.QuotaChecks | None = None,
        faults: outside.Faults | None = None,
    ) -> None:
        self.kinds = {kind.noun: kind for kind in kinds}
        self.clock = clock
        self.delays = delays
        self.quotas = quotas or outside.Unlimited()
        self.faults = faults or outside.Faultless()
        self.operations: dict[str, Handler] = {}
        self.store = Store()
        self.notebook_sessions = NotebookSessions(clock)
        self.lock = threading.RLock()
        self.statuses = Statuses(self)
        self._shown: dict[str, frozenset[str]] = {}
        for kind in self.kinds.values():
            self._add_operations(kind)

    # --- what is asked from outside ---------------------------------------------------------

    def call(self, operation: str, request: Members) -> Members:
        """Perform one API operation; raises ``ApiError`` for every refusal."""
        handler = self.operations.get(operation) or listing.of_nothing(operation, self.operations)
        if handler is None:
            raise not_played("SageMaker", operation)
        check_request(SERVICE, operation, request)
        with self.lock:
            self.statuses.run_due()
            answer = handler(request)
            return responses.checked(SERVICE, operation, answer)

    def record(self, kind: SageMakerResourceType, key: str) -> Record | None:
        """Return the record with this key in the present account and Region, or None."""
        with self.lock:
            self.statuses.run_due()
            return self.store.table(kind).records.get(_cased(kind, key))

    def records(self, kind: SageMakerResourceType) -> list[Record]:
        """All records of a kind in the present account and Region."""
        with self.lock:
            self.statuses.run_due()
            return list(self.store.table(kind).records.values())

    def by_arn(self, arn: str) -> tuple[SageMakerResourceType, Record] | None:
        """Return kind and record of this ARN, of whatever kind, or None."""
        with self.lock:
            self.statuses.run_due()
            found = self.store.by_arn(arn)
            return None if found is None else (self.kinds[found[0]], found[1])

    def existing(self, kind: SageMakerResourceType, request: Members, missing: str = "") -> Record:
        """Return the record that a request names; raise the type's own error if there is none."""
        record = self._found(kind, request)
        if record is None:
            name = str(request.get(kind.name, ""))
            # The name alone: in its words the service names what was asked for.
            arn = name if name.startswith("arn:") else self.arn(kind, _key(kind, request, name))
            words = missing or kind.missing
            raise ApiError(kind.missing_code, words.format(arn=arn, name=name))
        return record

    def view(self, kind: SageMakerResourceType, record: Record) -> Members:
        """Return a record under the API's member names; nested values are the record's own."""
        shown = self._shown[kind.noun]
        standard = {
            "CreationTime": record["created"],
            "LastModifiedTime": record["modified"],
            "FailureReason": record["failure"],
            "CreatedBy": {"IamIdentity": record["by"]},
            "LastModifiedBy": {"IamIdentity": record["changed_by"]},
        }
        members: Members = {
            **{name: value for name, value in standard.items() if name in shown},
            **_shown(kind, record["members"]),
            kind.name: record["name"],
            kind.arn: record["arn"],
        }
        if kind.status is not None:
            members[kind.status] = record["status"]
        if kind.derived is not None:
            members.update(kind.derived(self, record))
        return members

    def arn(self, kind: SageMakerResourceType, key: str) -> str:
        """Return the ARN of a key in the present account and Region."""
        place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
        return f"arn:aws:sagemaker:{place}:{kind.arn_type}/{_cased(kind, key)}"

    def snapshot(self) -> list[list[Any]]:
        """Return everything that has to survive a restart: account, Region, noun, record."""
        with self.lock:
            return [list(copy.deepcopy(entry)) for entry in self.store.everything()]

    def restore(self, kept: list[list[Any]]) -> None:
        """Restore what ``snapshot`` returned; unknown types are left out."""
        with self.lock:
            for account, region, noun, record in kept:
                if noun in self.kinds:
                    with ministack_adapter.request_scope(account, region):
                        self.store.add(self.kinds[noun], record)
            self.statuses.reschedule()

    def clear(self) -> None:
        """Forget every resource of every account."""
        with self.lock:
            self.store.clear()
            self.statuses.agenda.clear()
            self.notebook_sessions.clear()
        self.clock.wake()

    def in_use(self, quota: str) -> float:
        """What live resources take of a quota in the present account and Region."""
        return sum(self.store.table(kind).used[quota] for kind in self.kinds.values())

    # --- what operations do ---------------------------------------------------------------

    def create(
        self, kind: SageMakerResourceType, request: Members, moment: float | None = None
    ) -> Record:
        """Create a resource as its Create operation does; tables use it for children as well.

        Children are created at a moment of their parent, which may have passed.
        """
        name = kind.identify(self, request) if kind.identify is not None else request[kind.name]
        key = _key(kind, request, name)
        arn = self.arn(kind, key)
        before = self.record(kind, key)
        if before is not None and before["status"] not in kind.replaceable:
            raise ApiError(kind.duplicate_code, kind.duplicate.format(arn=arn, name=name))
        members = {**copy.deepcopy(dict(kind.defaults)), **_settings(kind, request)}
        for check in kind.on_create:
            check(self, request, members)
        now = self.clock.now() if moment is None else moment
        record: Record = {
            "key": _cased(kind, key),
            "name": name,
            "arn": arn,
            "created": now,
            "modified": now,
            "since": now,
            "held": None,
            "tick": None,
            "status": None,
            "failure": None,
            "by": outside.caller(),
            "changed_by": outside.caller(),
            "tags": {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
            "members": members,
        }
        if kind.uses is not None:
            self.quotas.require(SERVICE, kind.uses(record), self.in_use)
        if before is not None:
            self.store.remove(kind, before)
        self.store.add(kind, record)
        self.statuses.begin(kind, record, now)
        return record

    def move(self, kind: SageMakerResourceType, record: Record, move: Move) -> None:
        """Change the status as an operation does; raise ``ApiError`` if it is not allowed."""
        self._allow(kind, record, move)
        self._require_quotas(kind, record, move.to)
        record["changed_by"] = outside.caller()
        if move.to is None:
            self.statuses.remove(kind, record, self.clock.now())
        else:
            self.statuses.enter(kind, record, move.to, self.clock.now())

    def _require_quotas(
        self, kind: SageMakerResourceType, record: Record, status: str | None
    ) -> None:
        """Raise ``ApiError`` for a status in which a resource would exceed a quota."""
        if kind.uses is None or status not in kind.live:
            return
        now = kind.uses(record) if record["status"] in kind.live else {}
        then = kind.uses({**record, "status": status})
        more = {quota: amount - now.get(quota, 0.0) for quota, amount in then.items()}
        self.quotas.require(SERVICE, more, self.in_use)

    def _add_operations(self, kind: SageMakerResourceType) -> None:
        known = models.service_model(SERVICE).operation_names
        made: dict[str, Handler] = {
            "create": lambda request: self._answer(
                kind, self._operation(kind, "create"), self.create(kind, request)
            ),
            "describe": lambda request: self.view(kind, self.existing(kind, request)),
            "list": lambda request: listing.page(self, kind, request),
            "update": lambda request: self._update(kind, request),
            "delete": lambda request: self._delete(kind, request),
        }
        for role, handler in made.items():
            operation = self._operation(kind, role)
            if operation in known:
                self.operations[operation] = handler
        for move in kind.moves:
            self.operations[move.operation] = self._mover(kind, move)
        described = self._operation(kind, "describe")
        listed = self._operation(kind, "list")
        self._shown[kind.noun] = (
            models.output_members(SERVICE, described)
            if described in known
            else listing.summary_members(listed)
            if listed in known
            else frozenset()
        )

    def add_operation(self, name: str, operation: Operation) -> None:
        """Serve an operation that no table describes; the service must have it."""
        models.operation(SERVICE, name)
        self.operations[name] = lambda request: operation(self, request)

    def list_operation(self, kind: SageMakerResourceType) -> str:
        """Return the name of the operation that lists a kind."""
        return self._operation(kind, "list")

    @staticmethod
    def _operation(kind: SageMakerResourceType, role: str) -> str:
        plural = "s" if role == "list" else ""
        return kind.operations.get(role, f"{role.capitalize()}{kind.noun}{plural}")

    def _answer(self, kind: SageMakerResourceType, operation: str, record: Record) -> Members:
        shown = models.output_members(SERVICE, operation)
        view = self.view(kind, record)
        return {member: value for member, value in view.items() if member in shown}

    def _mover(self, kind: SageMakerResourceType, move: Move) -> Handler:
        def handle(request: Members) -> Members:
            record = self.existing(kind, request, move.missing)
            self.move(kind, record, move)
            return self._answer(kind, move.operation, record)

        return handle

    def _update(self, kind: SageMakerResourceType, request: Members) -> Members:
        record = self.existing(kind, request)
        if kind.update is not None:
            self._allow(kind, record, kind.update)
        members = copy.deepcopy(record["members"])
        for asked, member in kind.dropped.items():
            if request.get(asked):
                members.pop(member, None)
        for member, value in _settings(kind, request).items():
            # A structure is merged: UpdateCodeRepository sends only the part that changes.
            if isinstance(value, dict) and isinstance(members.get(member), dict):
                members[member] = {**members[member], **value}
            else:
                members[member] = value
        for check in kind.on_update:
            check(self, request, members)
        record["members"] = members
        record["modified"] = self.clock.now()
        record["changed_by"] = outside.caller()
        if kind.update is not None:
            self.move(kind, record, kind.update)
        return self._answer(kind, self._operation(kind, "update"), record)

    def _delete(self, kind: SageMakerResourceType, request: Members) -> Members:
        record = self.existing(kind, request)
        for check in kind.on_delete:
            check(self, request, self.view(kind, record))
        answer = self._answer(kind, self._operation(kind, "delete"), record)
        if kind.delete is not None:
            self.move(kind, record, kind.delete)
        else:
            self.statuses.remove(kind, record, self.clock.now())
        return answer

    def _found(self, kind: SageMakerResourceType, request: Members) -> Record | None:
        if kind.locate is not None:
            key = kind.locate(self, request)
            return None if key is None else self.record(kind, key)
        name = request.get(kind.name)
        if name is None:  # optional in the model, and asked for by the service itself
            raise invalid(f"{kind.name} is required.")
        if kind.takes_arn and name.startswith("arn:"):
            found = self.by_arn(name)
            return found[1] if found is not None and found[0] is kind else None
        return self.record(kind, _key(kind, request, name))

    def _allow(self, kind: SageMakerResourceType, record: Record, move: Move) -> None:
        if record["status"] not in move.allowed:
            raise ApiError(
                move.code,
                move.refusal.format(
                    status=record["status"],
                    STATUS=record["status"].upper(),
                    allowed=", ".join(move.allowed),
                    to=move.to,
                    words=kind.words,
                    arn=record["arn"],
                    name=record["name"],
                ),
            )


def _shown(kind: SageMakerResourceType, members: Members) -> Members:
    if not kind.hidden:
        return members
    return {member: value for member, value in members.items() if member not in kind.hidden}


def _settings(kind: SageMakerResourceType, request: Members) -> Members:
    ignored = {kind.name, "Tags", *kind.dropped, *kind.forgotten}
    return {
        kind.renamed.get(member, member): copy.deepcopy(value)
        for member, value in request.items()
        if member not in ignored and value is not None
    }


def _key(kind: SageMakerResourceType, request: Members, name: str) -> str:
    return "/".join([*(request[parent] for parent in kind.parents if parent in request), name])


def _cased(kind: SageMakerResourceType, key: str) -> str:
    return key.lower() if kind.lowercase_arn else key
