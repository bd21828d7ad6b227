"""The supported operations of the emulator; all others are closed, above all what runs code.

ministack runs code in a dozen ways: Lambda, Glue and CodeBuild jobs, ECS tasks, init scripts,
databases, and paths and host names that are served before any signature is checked. Whatever
is not on these lists is refused.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from localcloud import ministack_adapter
from localcloud.authentication.gate import CALLBACKS
from localcloud.protocol.errors import NOT_PLAYED, not_played

SERVICES = frozenset(
    {
        "cloudformation",
        "ec2",
        "ecr",
        "elasticfilesystem",
        "events",
        "glue",
        "iam",
        "lambda",
        "logs",
        "monitoring",
        "organizations",
        "s3",
        "scheduler",
        "sns",
        "ssm",
        "sts",
        "tagging",
    }
)
"""Of ministack's services, by the names of its registry; ours come on top."""

RESOURCE_TYPES = re.compile(
    r"AWS::(CDK|CloudFormation|CloudWatch|EC2|Events|IAM|Logs|SageMaker|Scheduler|SNS|SQS|SSM)::.+"
    r"|AWS::S3::(Bucket|BucketPolicy)|AWS::ECR::Repository|AWS::EFS::.+"
    r"|AWS::Glue::(Database|Table)|AWS::Lambda::(Alias|Function|Permission|Url|Version)"
    r"|Custom::.+"
)
"""Of the types that templates can have."""

_UNKNOWN = re.compile(r"InvalidAction|UnknownOperationException")
"""The codes with which ministack refuses operations that it does not have."""

_CATALOG = re.compile(r"AWSGlue\.(BatchDelete|Create|Delete|Get|Update)(Database|Table)s?")
_DATED = r"/\d{4}-\d\d-\d\d"
_FUNCTIONS = re.compile(
    rf"(GET|DELETE) {_DATED}/functions.*|GET {_DATED}/account-settings/?"
    rf"|POST {_DATED}/functions/[^/]+/(invocations|policy|url)"
    rf"|PUT {_DATED}/functions/[^/]+/(concurrency|url)"
)
"""No source of a function comes in this way."""

_TOPICS = re.compile(
    "(Get|Set)(Topic|Subscription)Attributes|List(Topics|Subscriptions(ByTopic)?|TagsForResource)"
    "|Publish|(Unt|T)agResource"
)
"""What is sent stays here: there is no way to make a topic or a subscription but in a template."""

Answer = tuple[int, dict[str, str], Any]
Service = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]


def close_the_rest() -> None:
    """Close what is not supported, once all services of ours are registered."""
    _close_services()
    _close_resource_types()
    _close_doors()


def _close_services() -> None:
    app = ministack_adapter.module("app")
    handlers = app.SERVICE_HANDLERS = _Services(app.SERVICE_HANDLERS)
    open_ones = SERVICES | ministack_adapter.json_services()
    for name in handlers.keys() - open_ones:
        handlers[name] = partial(_unsupported, name)
    for name in SERVICES:
        handlers[name] = _with_code_of_not_played(handlers[name])
    handlers["glue"] = _only(_CATALOG, "glue", handlers["glue"])
    handlers["sns"] = _only(_TOPICS, "sns", handlers["sns"])
    handlers["lambda"] = _only(_FUNCTIONS, "lambda", handlers["lambda"])


class _Services(dict[str, Service]):
    """The services by name, of which those that ministack does not know answer as well."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default) or partial(_unsupported, name)


def _with_code_of_not_played(service: Service) -> Service:
    """Give an operation that ministack does not know the code of what is not played here."""

    async def asked(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        status, answer_headers, given = await service(method, path, headers, body, query)
        if status < HTTPStatus.BAD_REQUEST or not given:
            return status, answer_headers, given
        # Bytes as they are: CloudWatch answers in CBOR, where the new code is as long as the old.
        text = given.decode("latin-1") if isinstance(given, bytes) else given
        renamed = _UNKNOWN.sub(NOT_PLAYED, text, count=1)
        if renamed == text:
            return status, answer_headers, given
        named = {key: _UNKNOWN.sub(NOT_PLAYED, value) for key, value in answer_headers.items()}
        return HTTPStatus.BAD_REQUEST, named, renamed.encode("latin-1")

    return asked


def _only(supported: re.Pattern[str], name: str, service: Service) -> Service:
    async def asked(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        operation = headers.get("x-amz-target") or _action(body) or f"{method} {path}"
        answer = service if supported.fullmatch(operation) else partial(_unsupported, name)
        return await answer(method, path, headers, body, query)

    return asked


def _action(body: bytes) -> str:
    """Return the operation that a form names, as SNS is asked; empty for any other body."""
    form = body.decode("latin-1") if body.startswith(b"Action=") or b"&Action=" in body else ""
    return parse_qs(form).get("Action", [""])[0]


async def _unsupported(
    name: str, method: str, path: str, headers: dict[str, str], *_: Any
) -> Answer:
    operation = headers.get("x-amz-target", "").rpartition(".")[2] or f"{method} {path}"
    refusal = not_played(name, operation)
    _, answer_headers, text = ministack_adapter.module("core.iam_actions").access_denied_response(
        name,
        "",
        "",
        str(uuid.uuid4()),
        error_code=refusal.code,
        message=refusal.message,
        headers=headers,
    )
    return 400, answer_headers, text


def _close_resource_types() -> None:
    provisioners = ministack_adapter.module("services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS
    for type_name in [name for name in handlers if not RESOURCE_TYPES.fullmatch(name)]:
        del handlers[type_name]


def _close_doors() -> None:
    """Close what the emulator serves by path or host name, signed or not.

    All other requests go to the service that their signature is for.
    """
    app = ministack_adapter.module("app")
    reset, callbacks = app._handle_admin_reset, app._handle_post_body_shortcuts

    async def before_body(
        method: str,
        path: str,
        headers: dict[str, str],  # noqa: ARG001 - as it is called
        query_params: dict[str, Any],
        request_id: str,  # noqa: ARG001
    ) -> Answer | None:
        found: Answer | None = await reset(path, method, query_params)
        return found

    async def after_body(method: str, path: str, *given: Any) -> Answer | None:
        if not path.startswith(CALLBACKS):
            return None
        found: Answer | None = await callbacks(method, path, *given)
        return found or (404, {}, b"")

    async def by_host(*_: Any, **__: Any) -> None:
        """Serve nothing: other host names than the cloud's own are for ``PublicHosts``."""

    async def no_scripts() -> None:
        """Run nothing: the emulator would look for scripts in fixed folders."""

    app._handle_pre_body_request = before_body
    app._handle_post_body_shortcuts = after_body
    app._handle_special_data_plane_request = by_host
    # Presigned URLs are checked by the gate; this check would ask for a public secret.
    ministack_adapter.module("services.s3")._verify_presigned_sigv4 = lambda *_: None
    app._run_init_scripts = lambda: None
    app._run_ready_scripts = no_scripts
