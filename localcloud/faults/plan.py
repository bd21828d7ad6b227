"""The fault plan: which rule applies to a request, and how often each did."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from localcloud import ministack_adapter
from localcloud.errors import LocalCloudError
from localcloud.faults import globs, microburst_adapter

if TYPE_CHECKING:
    from localcloud.admin import AdminEndpoint

    # Not loaded until there is a rule: a cloud without faults starts without pydantic.
    from localcloud.faults.calls import Call
    from localcloud.faults.rules import CallRule, Handler, Rule

Document = dict[str, Any]


class Planned:
    """A rule with its counts: ``seen`` matching cases, ``hits`` faults."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.hits = 0
        self._chance = random.Random(getattr(rule, "seed", 0))  # noqa: S311 - to be repeatable
        self._lifted = False
        self._waiting: list[Callable[[], None]] = []

    def is_here(self, account: str, region: str) -> bool:
        """Whether the rule is for this account and Region."""
        return self.rule.account in (None, account) and self.rule.region in (None, region)

    def applies(self) -> bool:
        """Count a matching case; return whether it fails."""
        self.seen += 1
        rule = self.rule
        if rule.effect != "stuck" and (
            self.seen <= rule.after
            or self.hits == rule.times
            or (rule.probability < 1 and self._chance.random() >= rule.probability)
        ):
            return False
        self.hits += 1
        return True

    def is_certain(self) -> bool:
        """Whether the next matching case is sure to fail."""
        rule = self.rule
        return (
            rule.effect != "stuck"
            and self.seen >= rule.after
            and self.hits != rule.times
            and rule.probability == 1
        )

    def when_lifted(self, call: Callable[[], None]) -> None:
        """Call ``call``, from any thread, when the rule leaves the plan."""
        if self._lifted:
            call()
        else:
            self._waiting.append(call)

    def lift(self) -> None:
        """Wake everything that waits for the end of the rule."""
        self._lifted = True
        for call in self._waiting:
            call()

    def as_document(self) -> Document:
        """Return the rule as it was written, with its counts."""
        written = self.rule.model_dump(exclude_defaults=True)
        return {"effect": self.rule.effect, **written, "seen": self.seen, "hits": self.hits}


class FaultPlan:
    """The rules in their order; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: tuple[Planned, ...] = ()
        self.forget: Callable[[], None] = lambda: None
        """Called when all rules are replaced, for what was noted because of them."""
        self.changed: Callable[[str, str], None] = lambda *_: None
        """Called when a stack has changed a resource: with its service, and the id of a new one."""
        self.concerns_calls = False
        """Whether rules are about calls."""
        self.concerns_changes = False
        """Whether rules are about calls that see recent changes late."""
        self.concerns_keys = False
        """Whether rules are about keys of a DeleteObjects."""

    # --- what is asked of it ----------------------------------------------------------------

    def verdict(
        self, call: Call, is_stale: Callable[[Call, float], bool] = lambda *_: False
    ) -> tuple[float, Planned | None]:
        """Return the seconds that a call waits, and the rule that decides it, if any.

        The rules are asked in their order: latencies add up, the first other one decides.
        ``is_stale`` says whether a call would see something that has changed within seconds.
        """
        wait = 0.0
        with self._lock:
            for planned in self._planned:
                rule = planned.rule
                if (
                    _is_of_calls(rule)
                    and planned.is_here(call.account, call.region)
                    and globs.matches(rule.operation, call.name)
                    and (rule.match is None or call.carries(rule.match))
                    and (rule.effect != "stale" or is_stale(call, rule.seconds))
                    and planned.applies()
                ):
                    if rule.effect != "latency":
                        return wait, planned
                    wait += rule.seconds
        return wait, None

    def lost_keys(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the error code of each key that a DeleteObjects does not delete."""
        lost: dict[str, str] = {}
        with self._lock:
            for planned in self._planned:
                rule = planned.rule
                if rule.effect != "keys" or not planned.is_here(*_here()):
                    continue
                matching = [key for key in keys if globs.matches(rule.match, key)]
                if matching and planned.applies():
                    lost = {**dict.fromkeys(matching, rule.code), **lost}
        return lost

    def is_stuck(self, noun: str, name: str, status: str) -> bool:
        """Whether a SageMaker resource stays in its status although its time has passed."""
        with self._lock:
            return any(
                planned.rule.effect == "stuck"
                and planned.is_here(*_here())
                and globs.matches(planned.rule.noun, noun)
                and globs.matches(planned.rule.name, name)
                and planned.rule.status == status
                and planned.applies()
                for planned in self._planned
            )

    def handler_fault(self, type_name: str, logical_id: str, action: str) -> Handler | None:
        """Return the rule by which a resource type's handler fails, or None."""
        with self._lock:
            for planned in self._planned:
                rule = planned.rule
                if (
                    rule.effect == "handler"
                    and planned.is_here(*_here())
                    and rule.action == action
                    and globs.matches(rule.type, type_name)
                    and globs.matches(rule.match, logical_id)
                    and planned.applies()
                ):
                    return rule
        return None

    def lacks_capacity(self, instance_type: str, zone: str | None = None) -> bool:
        """Whether no machine of that type is available: SageMaker's, or EC2's in a zone."""
        with self._lock:
            return any(planned.applies() for planned in self._about_capacity(instance_type, zone))

    def would_lack_capacity(self, instance_type: str, zone: str) -> bool:
        """Whether ``lacks_capacity`` is certain to say so; nothing is counted."""
        with self._lock:
            return any(
                planned.is_certain() for planned in self._about_capacity(instance_type, zone)
            )

    def _about_capacity(self, instance_type: str, zone: str | None) -> Iterator[Planned]:
        for planned in self._planned:
            rule = planned.rule
            if (
                rule.effect == "capacity"
                and planned.is_here(*_here())
                and globs.matches(rule.instance_type, instance_type)
                and globs.matches(rule.zone, zone or "*")
            ):
                yield planned

    def credentials_last(self) -> float | None:
        """Return for how many seconds Identity Center's credentials last, None as usual."""
        with self._lock:
            for planned in self._planned:
                rule = planned.rule
                if rule.effect == "short-lived" and planned.is_here(*_here()) and planned.applies():
                    return float(rule.seconds)
        return None

    # --- how it changes ---------------------------------------------------------------------

    def replace(self, rules: Iterable[Rule]) -> None:
        """Replace all rules; counts begin at 0."""
        with self._lock:
            lifted = self._planned
            self._have(Planned(rule) for rule in rules)
            for planned in lifted:
                planned.lift()
            self.forget()

    def add(self, rules: Iterable[Rule]) -> None:
        """Add rules after the present ones."""
        with self._lock:
            self._have((*self._planned, *(Planned(rule) for rule in rules)))

    def when_lifted(self, planned: Planned, call: Callable[[], None]) -> None:
        """Call ``call``, from any thread, when that rule leaves the plan."""
        with self._lock:
            planned.when_lifted(call)

    def as_documents(self) -> list[Document]:
        """Return all rules with their counts, in their order."""
        with self._lock:
            return [planned.as_document() for planned in self._planned]

    # --- what the emulator asks of a part with state ----------------------------------------

    def reset(self) -> None:
        """Remove all rules."""
        self.replace(())

    def get_state(self) -> None:
        """Return nothing: a plan ends with its process."""

    def load_persisted_state(self, data: Document) -> None:
        """Restore nothing."""

    def _have(self, planned: Iterable[Planned]) -> None:
        self._planned = tuple(planned)
        self.concerns_calls = any(_is_of_calls(entry.rule) for entry in self._planned)
        self.concerns_changes = any(entry.rule.effect == "stale" for entry in self._planned)
        self.concerns_keys = any(entry.rule.effect == "keys" for entry in self._planned)


def faults_endpoint(plan: FaultPlan, passing: Mapping[str, Collection[str]]) -> AdminEndpoint:
    """``rules`` replaces the plan, ``add`` adds to it; the answer has all rules and their counts.

    ``passing`` maps the noun of a resource type to the statuses that it leaves by itself: in no
    other can one be stuck.
    """

    def answer(document: Document) -> Document:
        if document:
            # Here: pydantic takes a tenth of a second, which a start without rules can save.
            from localcloud.faults import rules  # noqa: PLC0415

            change = rules.change(document)
            _check((*(change.rules or ()), *change.add), passing)
            if change.rules is not None:
                plan.replace(change.rules)
            plan.add(change.add)
        return {"rules": plan.as_documents()}

    return answer


def _check(rules: Iterable[Rule], passing: Mapping[str, Collection[str]]) -> None:
    microburst_adapter.check_release()
    for rule in rules:
        if rule.effect == "stuck":
            meant = [noun for noun in passing if globs.matches(rule.noun, noun)]
            if not meant:
                raise LocalCloudError(
                    f"no resource '{rule.noun}' passes from status to status;"
                    f" known: {', '.join(passing)}"
                )
            statuses = sorted({status for noun in meant for status in passing[noun]})
            if rule.status not in statuses:
                raise LocalCloudError(
                    f"{rule.noun} does not pass from '{rule.status}'; known: {', '.join(statuses)}"
                )


def _is_of_calls(rule: Rule) -> TypeGuard[CallRule]:
    """Whether a rule is about calls, not about resources behind the services."""
    return rule.effect not in ("keys", "stuck", "handler", "capacity", "short-lived")


def _here() -> tuple[str, str]:
    return ministack_adapter.account(), ministack_adapter.region()
