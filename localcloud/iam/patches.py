"""Corrects ministack's evaluation of policies in place, once per process."""

# Private names and the signatures of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001, PLR0917
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter, policy_engine
from localcloud.clock import Clock
from localcloud.iam import asked_about, ec2_requests, other_services

Resolve = Callable[[str, Any], Any]
"""Returns the value of a condition key in a context."""

WRITTEN_WITH = ("x-amz-storage-class", "x-amz-server-side-encryption-customer-algorithm")
"""Headers of a new object that S3 has condition keys for and ministack has not
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)."""


_QUESTIONS = {
    "ec2": ec2_requests.of_ec2,
    "ec2-instance-connect": ec2_requests.of_instance_connect,
    "ssm": ec2_requests.of_session_manager,
}
"""Service -> what returns the questions about one of its requests."""


def patch_permissions(clock: Clock) -> None:
    """Patch it before the first request, when all services of ours are registered.

    It is used only with ``AUTH=true``. Dates in policies are judged by the local cloud's clock.
    """
    policy_engine.keep_time(clock.now)
    _count_as_secure()
    _ask_as_aws_does()
    _ask_about_our_services()
    evaluator = policy_engine.evaluator()
    evaluator._resolve_condition_key = _with_owners_of_buckets(evaluator._resolve_condition_key)
    evaluator._first_match = policy_engine.aware(evaluator._first_match)
    asked_about.patch_questions()


def _with_owners_of_buckets(resolve: Resolve) -> Resolve:
    """Tell policies whose a bucket is, which its ARN does not: ministack takes it for the caller's.

    Names of buckets are unique in all accounts.
    """
    owner_of = ministack_adapter.module("services.s3")._bucket_owner_account

    def value(key: str, context: Any) -> Any:
        arn = str(context.resource_arn)
        if key.lower() in {"aws:resourceaccount", "s3:resourceaccount"} and ":s3:::" in arn:
            owner = owner_of(arn.partition(":s3:::")[2].partition("/")[0])
            if owner is not None:
                return owner
        return resolve(key, context)

    return value


def _count_as_secure() -> None:
    """Take every request for one over TLS.

    Buckets deny what comes without (``aws:SecureTransport``). Here requests come over the loopback
    interface, which nobody else can listen to; TLS would ask every client for a certificate of
    ours and make nothing safer. The address stays what it is.
    """
    app = ministack_adapter.module("app")
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure_transport: pin(
        source_ip, secure_transport=True
    )


def _ask_as_aws_does() -> None:
    actions = ministack_adapter.module("core.iam_actions")
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
        if service == "lambda" and (known := other_services.function_action(method, path)):
            return known
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
        asked = str(action(service, method, path, headers, body, query_params))
        operation = asked.partition(":")[2]
        given = other_services.parameters(body, query_params)
        questions = _QUESTIONS[service](operation, given) if service in _QUESTIONS else None
        noted = asked_about.note(asked, questions)
        if noted is not None:
            return noted
        found = other_services.resource_arn(service, operation, given)
        if found is None:
            # ministack looks into every body as JSON and ends over one that is no text at all.
            text = b"{}" if _smithy(service, path) else body
            found = extract_arn(service, method, path, headers, text, query_params, *place)
        return found

    def context(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        added = other_services.context(service, iam_action, other_services.parameters(body, params))
        return {**tags(service, iam_action, body, params), **added}

    object_context = actions.s3_service_context

    def of_an_object(
        iam_action: str,
        query_params: dict[str, Any] | None,
        path: str = "",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = object_context(iam_action, query_params, path, headers)
        written = iam_action == "s3:PutObject" and "uploadId" not in (query_params or {})
        given = headers or {}
        more = {f"s3:{name}": given[name] for name in WRITTEN_WITH if written and given.get(name)}
        return {**found, **more}

    actions.s3_service_context = of_an_object
    actions.extract_iam_action = action
    actions.extract_resource_arn = arn
    actions.request_tag_context = context


def _smithy(service: str, path: str) -> str | None:
    """Return the operation of a request in CloudWatch's newest protocol."""
    return other_services.operation_of(path) if service == "monitoring" else None


def _ask_about_our_services() -> None:
    """Make ministack check ``<service>:<Operation>`` on ``*``; SageMaker has a guard of its own."""
    namespaces = ministack_adapter.module("core.iam_actions").SERVICE_TO_IAM_NAMESPACE
    for name in ministack_adapter.json_services() - {"sagemaker"}:
        namespaces.setdefault(name, name)
