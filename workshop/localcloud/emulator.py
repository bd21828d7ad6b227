"""The only door to ministack: every private name we lean on is fetched through here and listed.

ministack promises none of them, so it is pinned to one release and ``HELD`` is checked by the
contract tests: an upgrade that renames or reshapes one of them fails loudly.
"""

# ruff: noqa: SLF001
from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from workshop.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

PINNED = "1.5.33"

_DELETE_STACK = "(stack_name: str, stack_id: str, retain_resources=(), force=False)"
_ROLL_BACK = (
    "(stack_name: str, stack_id: str, stack: dict, operation: dict, reason_override: str = '')"
)

HELD: Mapping[str, Mapping[str, str | None]] = {
    # module -> name -> signature (None: not a function)
    "app": {
        "app": "(scope, receive, send)",
        "SERVICE_REGISTRY": None,
        "SERVICE_HANDLERS": None,
        "_loaded_modules": None,
        "_state_map": None,
        "_get_module": "(name: str)",
        "_build_persistence_save_dict": "()",
        "_load_persisted_state": "()",
        "_reset_all_state": "()",
        "_docker_socket_present": "() -> bool",
    },
    "core.router": {
        "SERVICE_PATTERNS": None,
        "extract_access_key_id": "(headers: dict, query_params=None) -> str",
    },
    "core.iam_evaluator": {
        "resolve_caller_identity": "(access_key_id: str) -> dict | None",
    },
    "core.responses": {
        "get_account_id": "() -> str",
        "get_region": "() -> str",
        "request_scope": "(account_id: str, region: str)",
        "new_uuid": "() -> str",
    },
    "services.cloudformation": {"_stacks": None},
    "services.cloudformation.stacks": {
        "_runs_on_worker_thread": "(resource_type: str) -> bool",
        "_delete_resource": (
            "(resource_type: str, physical_id: str, props: dict, "
            "stack_name: str | None = None, logical_id: str | None = None)"
        ),
        "_with_dependencies": "(logical_ids, res_defs, remaining)",
        "_delete_stack_async": _DELETE_STACK,
        "_roll_back_operation": _ROLL_BACK,
    },
    "services.cloudformation.engine": {
        "validate_template_support": (
            "(template: dict, conditions: dict, params: dict | None = None) -> None"
        ),
        "_resolve_parameters": (
            "(template: dict, provided_params: list[dict], "
            "previous_params: dict | None = None) -> dict"
        ),
        "_intrinsic_references": "(value)",
    },
    "services.cloudformation.handlers": {
        "_capabilities_enforced": "()",
        "_delete_stack_async": _DELETE_STACK,
        "_roll_back_operation": _ROLL_BACK,
        "validate_template_support": (
            "(template: dict, conditions: dict, params: dict | None = None) -> None"
        ),
        "_resolve_parameters": (
            "(template: dict, provided_params: list[dict], "
            "previous_params: dict | None = None) -> dict"
        ),
    },
    "services.cloudformation.changesets": {
        "validate_template_support": (
            "(template: dict, conditions: dict, params: dict | None = None) -> None"
        ),
        "_resolve_parameters": (
            "(template: dict, provided_params: list[dict], "
            "previous_params: dict | None = None) -> dict"
        ),
    },
    "services.cloudformation.drift": {"_DRIFT_READERS": None},
    "services.cloudformation.provisioners": {
        "_RESOURCE_HANDLERS": None,
        "_REPLACING_PROPERTIES": None,
        "_CONDITIONALLY_REPLACING_PROPERTIES": None,
        "_CUSTOM_NAME_REPLACEMENT": None,
        "_STACK_TAG_PROPERTY": None,
        "_physical_name": (
            "(stack_name: str, logical_id: str, *, lowercase: bool = False, "
            "max_len: int = 128, seeded: bool = True) -> str"
        ),
        "_seeded_create": "(create_fn, logical_id, props, stack_name)",
        "_s3_create": "(logical_id, props, stack_name)",
        "_s3_update": "(physical_id, old_props, new_props, stack_name)",
        "_iam_role_create": "(logical_id, props, stack_name)",
        "_iam_role_update": ("(physical_id, old_props, new_props, stack_name, logical_id=None)"),
        "_iam_managed_policy_create": "(logical_id, props, stack_name)",
        "_iam_managed_policy_update": (
            "(physical_id, old_props, new_props, stack_name, logical_id=None)"
        ),
        "_ecr_repo_create": "(logical_id, props, stack_name)",
        "_ecr_repo_update": "(physical_id, old_props, new_props, stack_name, logical_id=None)",
        "_cw_dashboard_create": "(logical_id, props, stack_name)",
        "_cw_dashboard_update": "(physical_id, old_props, new_props, stack_name)",
    },
    "services.s3": {
        "_buckets": None,
        "_bucket_policies": None,
        "_bucket_versioning": None,
        "_validate_bucket_name": "(name: str) -> bool",
        "_new_bucket_public_access_block": "() -> dict",
        "_NEW_BUCKET_PUBLIC_ACCESS_BLOCK": None,
        "_delete_bucket": "(name: str)",
        "_put_object": "(bucket_name: str, key: str, body: bytes, headers: dict)",
        "_put_bucket_policy": "(name: str, body: bytes)",
        "_delete_bucket_policy": "(name: str)",
        "_put_bucket_versioning": "(name: str, body: bytes)",
        "_put_bucket_encryption": "(name: str, body: bytes)",
        "_delete_bucket_encryption": "(name: str)",
        "_put_bucket_lifecycle": "(name: str, body: bytes)",
        "_delete_bucket_lifecycle": "(name: str)",
        "_put_bucket_ownership_controls": "(name: str, body: bytes)",
        "_delete_bucket_ownership_controls": "(name: str)",
        "_put_bucket_tagging": "(name: str, body: bytes)",
        "_delete_bucket_tagging": "(name: str)",
    },
    "services.iam": {
        "_IAM_HANDLERS": None,
        "_roles": None,
        "_users": None,
        "_groups": None,
        "_policies": None,
        "_boundary_policy_error": "(arn)",
        "_boundary_usage_counts": "()",
        "_policy_exists": "(arn: str) -> bool",
        "_attach_role_policy": "(p)",
        "_delete_policy": "(p)",
        "_delete_role": "(p)",
        "_delete_role_policy": "(p)",
        "detach_managed_policy": "(entity: dict, policy_arn: str) -> None",
        "_error": "(status, code, message, ns='iam')",
        "_p": "(params, key, default='')",
    },
    "services.ecr": {
        "_repositories": None,
        "_delete_repository": "(data)",
    },
    "services.cloudwatch": {
        "_resource_tags": None,
        "_dashboards": None,
        "_validate_alarm_tag_arn": "(arn, is_json=False, is_cbor=False)",
        "_store_datum": "(namespace, name, dims, ts, unit, value, values, counts, stat_values)",
    },
    "services.cloudwatch_logs": {
        "_create_log_group": "(data)",
        "_create_log_stream": "(data)",
        "_put_log_events": "(data)",
    },
}


def module(name: str) -> Any:
    """Give a module of ministack by its dotted name below it, such as ``services.iam``."""
    return import_module(f"ministack.{name}")


def check_release() -> None:
    """Refuse to run on any other release than the one whose private names are held."""
    found = metadata.version("ministack")
    if found != PINNED:
        raise LocalCloudError(
            f"the local cloud needs ministack {PINNED} but found {found}; "
            "install the locked requirements again"
        )


def account() -> str:
    """Give the 12-digit account of the request being served."""
    return str(module("core.responses").get_account_id())


def region() -> str:
    """Give the Region of the request being served."""
    return str(module("core.responses").get_region())


def request_scope(account_id: str, region_name: str) -> AbstractContextManager[None]:
    """Act for an account and Region outside a request."""
    scope: AbstractContextManager[None] = module("core.responses").request_scope(
        account_id, region_name
    )
    return scope


def add_json_service(name: str, target_prefix: str, service: Any) -> None:
    """Let the emulator route ``X-Amz-Target: <target_prefix>.*`` to a service of ours.

    It also keeps the service's state between runs and empties it on a reset.
    """
    app = module("app")
    kept_as = f"workshop_{name}"
    app._loaded_modules[kept_as] = service
    app._state_map[kept_as] = kept_as
    app.SERVICE_REGISTRY[name] = {"module": kept_as}
    app.SERVICE_HANDLERS[name] = service.handle_request
    module("core.router").SERVICE_PATTERNS[name] = {"target_prefixes": [f"{target_prefix}."]}


def caller(headers: dict[str, str]) -> dict[str, str] | None:
    """Give ``Arn`` and ``PrincipalId`` of whoever signed a request, or None if it is unknown."""
    key = module("core.router").extract_access_key_id(headers)
    found = module("core.iam_evaluator").resolve_caller_identity(key)
    return found and {"Arn": found["userArn"], "PrincipalId": found["userId"]}
