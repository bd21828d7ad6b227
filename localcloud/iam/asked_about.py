"""What IAM is asked about one request, where that is more than one action on one resource.

ministack asks about one. EC2 asks about every instance of a StopInstances, and Session Manager
about the instance and the document of a session. The keys of a resource that is there (its tags, an
instance's type) are read when it is asked about.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from localcloud import ministack_adapter, policy_engine
from localcloud.iam import ec2_conditions

Value = str | list[str]

SERVICES = frozenset({"ec2", "ec2-instance-connect", "ssm"})
"""Those whose requests are asked about in this way."""


@dataclass(frozen=True)
class Question:
    """An action on a resource, with the condition keys that the request itself gives."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


_questions: ContextVar[tuple[str, list[Question]] | None] = ContextVar("questions", default=None)
"""Of the request being served: its action, and what is asked because of it."""
_refused: ContextVar[Question | None] = ContextVar("refused question", default=None)
_key: ContextVar[str | None] = ContextVar("access key that is being judged", default=None)


def note(action: str, questions: list[Question] | None) -> str | None:
    """Remember what is asked about a request; return the resource that ministack asks about.

    Without questions it is left to ministack, and nothing is remembered of the request before.
    """
    _questions.set((action, questions) if questions else None)
    return questions[0].resource if questions else None


def patch_questions() -> None:
    """Have ministack ask about all of it, once per process; before refusals are remembered."""
    evaluator = policy_engine.evaluator()
    evaluator.enforce = _asking_all(evaluator.enforce)
    evaluator.evaluate = _with_known(evaluator.evaluate)
    actions = ministack_adapter.module("core.iam_actions")
    denied = actions.access_denied_response

    def access_denied(service: str, action: str, *given: Any, **more: Any) -> Any:
        refused = _refused.get()
        if refused is not None and service in SERVICES:
            action, more = refused.action, {**more, "resource_arn": refused.resource}
        return denied(service, action, *given, **more)

    actions.access_denied_response = access_denied


def _asking_all(enforce: Callable[..., Any]) -> Callable[..., Any]:
    """``enforce`` of all that is asked about a request; the first refusal decides."""

    def enforced(
        access_key: str, action: str, service: str, region: str, *given: Any, **more: Any
    ) -> Any:
        noted, token = _questions.get(), _key.set(access_key)
        _refused.set(None)
        try:
            if service not in SERVICES or noted is None or noted[0] != action:
                return enforce(access_key, action, service, region, *given, **more)
            for question in noted[1]:
                asked = (question.action, service, region, question.resource)
                refused = enforce(access_key, *asked, dict(question.context))
                if refused is not None:
                    _refused.set(question)
                    return refused
            return None
        finally:
            _key.reset(token)

    return enforced


def _with_known(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """``evaluate`` with the keys of the resource and the caller, for a request that is judged."""

    def evaluated(context: Any, policies: Any, *limits: Any) -> Any:
        key = _key.get()
        if key is not None:
            known = context.service_context
            found = ec2_conditions.of_resource(context.action, context.resource_arn)
            known.update({**found, **known, **_of_caller(key)})
            default = ec2_conditions.default_document(context.action, context.resource_arn)
            if default is not None and ec2_conditions.DOCUMENT_CHECK not in known:
                of_document = replace(context, resource_arn=default, service_context=dict(known))
                allowed = evaluate(of_document, policies, *limits).decision == "Allow"
                known[ec2_conditions.DOCUMENT_CHECK] = str(allowed).lower()
        return evaluate(context, policies, *limits)

    return evaluated


def _of_caller(key: str) -> dict[str, str]:
    """Return the keys of credentials that an instance has from EC2."""
    session = ministack_adapter.module("services.sts")._sessions.get(key) or {}
    arn = session.get("InstanceArn")
    return {"ec2:sourceinstancearn": arn, "ec2:roledelivery": "2.0"} if arn else {}
