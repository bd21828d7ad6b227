"""Corrects ministack's evaluation of policies in place, once per process."""

# Private names and the signatures of ministack, held by emulator.HELD.
# ruff: noqa: SLF001, PLR0917
from __future__ import annotations

from typing import Any

from workshop import policy_engine
from workshop.localcloud import emulator
from workshop.localcloud.permissions import elsewhere


def mount_permissions() -> None:
    """Do it before the first request, when all services of ours are there.

    Only with ``AUTH=true`` is any of it asked.
    """
    _count_as_secure()
    _ask_as_aws_does()
    _ask_about_our_services()
    evaluator = policy_engine.evaluator()
    evaluator._first_match = policy_engine.aware(evaluator._first_match)


def _count_as_secure() -> None:
    """Take every request for one over TLS.

    Buckets deny what comes without (``aws:SecureTransport``). Here requests come over the loopback
    interface, which nobody else can listen to; TLS would ask every client for a certificate of
    ours and make nothing safer. The address stays what it is.
    """
    app = emulator.module("app")
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure_transport: pin(
        source_ip, secure_transport=True
    )


def _ask_as_aws_does() -> None:
    actions = emulator.module("core.iam_actions")
    extract_action, extract_arn, tags = (
        actions.extract_iam_action,
        actions.extract_resource_arn,
        actions.request_tag_context,
    )

    def action(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
    ) -> str | None:
        if headers.get("x-amz-target"):
            # The header is what is performed, whatever a query says.
            query_params = {name: query_params[name] for name in query_params.keys() - {"Action"}}
        operation = _smithy(service, path)
        found: str | None = extract_action(service, method, path, headers, body, query_params)
        return f"cloudwatch:{operation}" if found is None and operation else found

    def arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        *place: str,
    ) -> str:
        asked = action(service, method, path, headers, body, query_params)
        operation = str(asked).partition(":")[2]
        given = elsewhere.parameters(body, query_params)
        found = elsewhere.resource_arn(service, operation, given)
        if found is None:
            # ministack looks into every body as JSON and ends over one that is no text at all.
            text = b"{}" if _smithy(service, path) else body
            found = extract_arn(service, method, path, headers, text, query_params, *place)
        return found

    def context(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        added = elsewhere.context(service, elsewhere.parameters(body, params))
        return {**tags(service, iam_action, body, params), **added}

    actions.extract_iam_action = action
    actions.extract_resource_arn = arn
    actions.request_tag_context = context


def _smithy(service: str, path: str) -> str | None:
    """Give the operation of a request in CloudWatch's newest protocol."""
    return elsewhere.operation_of(path) if service == "monitoring" else None


def _ask_about_our_services() -> None:
    """Let ministack ask ``<service>:<Operation>`` on ``*``; SageMaker has a guard of its own."""
    namespaces = emulator.module("core.iam_actions").SERVICE_TO_IAM_NAMESPACE
    for name in emulator.json_services() - {"sagemaker"}:
        namespaces.setdefault(name, name)
