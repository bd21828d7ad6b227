"""``/_workshop/faults``: the fault plan, changed and looked at from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from localcloud.errors import LocalCloudError
from localcloud.faults import globs, microburst_adapter

if TYPE_CHECKING:
    from localcloud.admin import AdminEndpoint, Document
    from localcloud.faults.plan import FaultPlan
    from localcloud.faults.rules import Rule


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
