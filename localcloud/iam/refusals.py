"""What IAM has refused since the start: each question with all its condition keys.

A refusal's message names an action and a resource, and not the tags, types and hours that were
asked about. Whoever wants to know which statement decided asks again with these.
"""

# Private names of ministack, held by ministack_names.HELD.
from __future__ import annotations

import time
from collections import deque
from contextvars import ContextVar
from typing import Any

from localcloud import policy_engine
from localcloud.admin import AdminEndpoint, Document
from localcloud.errors import LocalCloudError

KEPT = 5_000
"""The last refusals that are remembered."""

_asked: ContextVar[Any] = ContextVar("asked", default=None)


def patch_refusals() -> AdminEndpoint:
    """Remember what is refused; return the endpoint that lists it from a number on."""
    remembered: deque[Document] = deque(maxlen=KEPT)
    evaluator = policy_engine.evaluator()
    evaluate, enforce = evaluator.evaluate, evaluator.enforce
    count = 0

    def evaluated(context: Any, *policies: Any) -> Any:
        _asked.set(context)
        return evaluate(context, *policies)

    def enforced(*arguments: Any, **more: Any) -> Any:
        nonlocal count
        refused = enforce(*arguments, **more)
        if isinstance(refused, evaluator.EvalResult):
            count += 1
            remembered.append(_document(count, _asked.get()))
        return refused

    def answer(change: Document) -> Document:
        if change.keys() - {"after"}:
            raise LocalCloudError("give the number of the last one that you know as 'after'")
        after = int(change.get("after", 0))
        return {"refusals": [refusal for refusal in remembered if refusal["number"] > after]}

    evaluator.evaluate, evaluator.enforce = evaluated, enforced
    return answer


def _document(number: int, asked: Any) -> Document:
    return {
        "number": number,
        # The machine's time, not the cloud's own, which can be moved.
        "at": time.time(),
        "principal": asked.principal_arn,
        "action": asked.action,
        "resource": asked.resource_arn,
        "region": asked.region,
        "context": {
            key: value for key, value in asked.service_context.items() if value is not None
        },
    }
