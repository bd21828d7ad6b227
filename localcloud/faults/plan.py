"""The fault plan at work: which rule applies to what is asked, and how often each did."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from localcloud import ministack_adapter
from localcloud.errors import LocalCloudError
from localcloud.faults import globs, microburst_adapter

if TYPE_CHECKING:
    from localcloud.admin import AdminEndpoint

    # Not loaded until there is a rule: a cloud without faults starts without pydantic.
    from localcloud.faults.calls import Call
    from localcloud.faults.rules import CallRule, Rule

Document = dict[str, Any]


class Planned:
    """One rule and what it has done: ``seen`` cases it is about, ``hits`` it applied to."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.hits = 0
        self._chance = random.Random(getattr(rule, "seed", 0))  # noqa: S311 - to be repeatable
        self._lifted = False
        self._waiting: list[Callable[[], None]] = []

    def is_here(self, account: str, region: str) -> bool:
        """Whether the rule is about this account and Region."""
        return self.rule.account in (None, account) and self.rule.region in (None, region)

    def applies(self) -> bool:
        """Count a case that the rule is about; whether this one goes wrong."""
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

    def when_lifted(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, from any thread, when the rule is in the plan no more."""
        if self._lifted:
            call()
        else:
            self._waiting.append(call)

    def lift(self) -> None:
        """Let go of everything that waits for the end of the rule."""
        self._lifted = True
        for call in self._waiting:
            call()

    def told(self) -> Document:
        """Give the rule as it was written, with its counts."""
        written = self.rule.model_dump(exclude_defaults=True)
        return {"effect": self.rule.effect, **written, "seen": self.seen, "hits": self.hits}


class FaultPlan:
    """The rules in their order; safe to be asked and changed from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: tuple[Planned, ...] = ()
        self.concerns_calls = False
        """Whether a request has to be looked at before it is served."""
        self.concerns_keys = False
        """Whether a DeleteObjects has to be."""

    # --- what is asked of it ----------------------------------------------------------------

    def verdict(self, call: Call) -> tuple[float, Planned | None]:
        """Give for how long (seconds) a call waits, and the rule that decides it, if one does.

        The rules are asked in their order: latencies add up, the first other one decides.
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
                    and planned.applies()
                ):
                    if rule.effect != "latency":
                        return wait, planned
                    wait += rule.seconds
        return wait, None

    def lost_keys(self, keys: Sequence[str]) -> dict[str, str]:
        """Give the error code of each key that a DeleteObjects does not delete."""
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

    def lacks_capacity(self, instance_type: str) -> bool:
        """Whether there is no machine of that type to be had."""
        with self._lock:
            return any(
                planned.rule.effect == "capacity"
                and planned.is_here(*_here())
                and globs.matches(planned.rule.instance_type, instance_type)
                and planned.applies()
                for planned in self._planned
            )

    # --- how it changes ---------------------------------------------------------------------

    def replace(self, rules: Iterable[Rule]) -> None:
        """Have these rules and no others; all counts begin at 0."""
        with self._lock:
            lifted = self._planned
            self._have(Planned(rule) for rule in rules)
            for planned in lifted:
                planned.lift()

    def add(self, rules: Iterable[Rule]) -> None:
        """Have these rules too, after those that are there."""
        with self._lock:
            self._have((*self._planned, *(Planned(rule) for rule in rules)))

    def when_lifted(self, planned: Planned, call: Callable[[], None]) -> None:
        """Have ``call`` called, from any thread, when that rule is in the plan no more."""
        with self._lock:
            planned.when_lifted(call)

    def told(self) -> list[Document]:
        """Give all rules with their counts, in their order."""
        with self._lock:
            return [planned.told() for planned in self._planned]

    # --- what the emulator asks of a part with state ----------------------------------------

    def reset(self) -> None:
        """Let nothing go wrong any more."""
        self.replace(())

    def get_state(self) -> None:
        """A plan ends with its process."""

    def load_persisted_state(self, data: Document) -> None:
        """Nothing was kept."""

    def _have(self, planned: Iterable[Planned]) -> None:
        self._planned = tuple(planned)
        self.concerns_calls = any(_is_of_calls(entry.rule) for entry in self._planned)
        self.concerns_keys = any(entry.rule.effect == "keys" for entry in self._planned)


def faults_endpoint(plan: FaultPlan, passing: Mapping[str, Collection[str]]) -> AdminEndpoint:
    """``rules`` replaces the plan, ``add`` adds to it; the answer has all rules and their counts.

    ``passing`` gives the statuses that pass by themselves, by the noun of the resource: in no
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
        return {"rules": plan.told()}

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
    """Not of those effects that are looked for where resources are kept, behind the services."""
    return rule.effect not in ("keys", "stuck", "capacity")


def _here() -> tuple[str, str]:
    return ministack_adapter.account(), ministack_adapter.region()
