"""The private names of ministack that the local cloud leans on, with their signatures.

ministack promises none of them. The contract tests hold this list against the pinned release, and
the local cloud's code against this list.
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.ministack_cloudformation import CLOUDFORMATION

_EVALUATOR = "ministack.core.iam_evaluator."
_STATEMENTS = f"list[{_EVALUATOR}ParsedStatement]"

HELD: Mapping[str, Mapping[str, str | None]] = {
    # module -> name -> signature (None: not a function)
    "app": {
        "app": "(scope, receive, send)",
        "SERVICE_REGISTRY": None,
        "_routing_params": (
            "(method: str, path: str, headers: dict, body: bytes, query_params: dict) -> dict"
        ),
        "SERVICE_HANDLERS": None,
        "_loaded_modules": None,
        "_state_map": None,
        "_get_module": "(name: str)",
        "_build_persistence_save_dict": "()",
        "_load_persisted_state": "()",
        "_reset_all_state": "()",
        "_docker_socket_present": "() -> bool",
        "pin_request_origin": "(source_ip: str, secure_transport: bool) -> None",
        "_credential_failure": (
            "(service: str, iam_action: str, request_id: str, denied, headers: dict)"
        ),
        "_handle_pre_body_request": (
            "(method: str, path: str, headers: dict, query_params: dict, request_id: str)"
        ),
        "_handle_post_body_shortcuts": (
            "(method: str, path: str, headers: dict, body: bytes, query_params: dict, "
            "request_id: str)"
        ),
        "_handle_special_data_plane_request": (
            "(method: str, path: str, headers: dict, body: bytes, query_params: dict, "
            "request_id: str, raw_path: str | None = None, raw_query_string: str = '', "
            "client_ip: str = '127.0.0.1')"
        ),
        "_handle_admin_reset": "(path: str, method: str, query_params: dict)",
        "_run_init_scripts": "()",
        "_run_ready_scripts": "()",
    },
    "core.router": {
        "SERVICE_PATTERNS": None,
        "detect_service": "(method: str, path: str, headers: dict, query_params: dict) -> str",
        "extract_access_key_id": "(headers: dict, query_params=None) -> str",
    },
    "core.sigv4": {
        "decode_header_value": "(value: bytes) -> str",
        "HeaderSignature": (
            "(access_key_id: str, date_stamp: str, region: str, service: str, "
            "signed_headers: str, signature: str, amz_date: str, "
            "region_set: str | None = None) -> None"
        ),
        "_chunk_signatures_match": (
            "(body: bytes, seed: str, signature: ministack.core.sigv4.HeaderSignature, "
            "key: bytes) -> bool"
        ),
    },
    "core.iam_evaluator": {
        "is_root_access_key": "(access_key_id: str) -> bool",
        "find_iam_access_key_account": "(access_key_id: str) -> str | None",
        # A default of its signature is another object in each process.
        "resolve_credential": None,
        "CredentialResolutionError": "(code: str, message: str) -> None",
        "AmbiguousAccessKeyError": None,
        "resolve_caller_identity": "(access_key_id: str) -> dict | None",
        "AuthError": "(code: str, message: str, details: dict[str, str] = <factory>) -> None",
        "EvalContext": (
            "(principal_arn: str, principal_type: str, principal_account: str, action: str, "
            "resource_arn: str, region: str, source_ip: str = <factory>, "
            "secure_transport: bool = <factory>, request_tags: dict[str, str] = <factory>, "
            "tag_keys: list[str] = <factory>, service_context: dict[str, Any] = <factory>, "
            "principal_keys: dict[str, Any] = <factory>) -> None"
        ),
        "_action_matches": (
            "(request_action: str, actions: list[str], not_actions: list[str]) -> bool"
        ),
        "_gather_role_policies": (f"(role_name: str, account_id: str) -> list[{_STATEMENTS}]"),
        "_permissions_boundary": (
            f"(store, name: str, account_id: str) -> list[list[{_STATEMENTS}]]"
        ),
        "_first_match": (
            f"(ctx: {_EVALUATOR}EvalContext, stmts: {_STATEMENTS}, effect: str) "
            f"-> {_EVALUATOR}ParsedStatement | None"
        ),
        "_fnmatch_compile": "(pattern: str, ignore_case: bool) -> re.Pattern",
        "_FNMATCH_CACHE": None,
        "_resolve_condition_key": f"(key: str, ctx: {_EVALUATOR}EvalContext) -> Any",
        "enforce": (
            "(access_key_id: str, iam_action: str, service: str, region: str, "
            "resource_arn: str = '*', service_context: dict[str, Any] | None = None) "
            f"-> {_EVALUATOR}EvalResult | {_EVALUATOR}AuthError | None"
        ),
        "evaluate": (
            f"(ctx: {_EVALUATOR}EvalContext, policies: list[{_STATEMENTS}], "
            f"*limits: list[{_STATEMENTS}]) -> {_EVALUATOR}EvalResult"
        ),
        "resolve_principal": (
            "(access_key_id: str, account_id: str, "
            f"credential: {_EVALUATOR}ResolvedCredential | None = None) "
            f"-> {_EVALUATOR}PrincipalInfo | {_EVALUATOR}AuthError"
        ),
        "evaluate_trust_policy": (
            "(trust_doc: str | dict, caller_arn: str, "
            f"ctx: {_EVALUATOR}EvalContext | None = None) -> bool"
        ),
        "caller_arn": "() -> str",
        "resource_policy_allows": (
            f"(raw_policy: str | dict | None, ctx: {_EVALUATOR}EvalContext, same_account: bool) "
            "-> bool"
        ),
        "parse_policy_document": (f"(doc: str | dict) -> {_STATEMENTS}"),
        "_service_principal_matches": "(principal: Any, service: str) -> bool",
    },
    "core.iam_actions": {
        "extract_iam_action": (
            "(service: str, method: str, path: str, headers: dict, body: bytes, "
            "query_params: dict) -> str | None"
        ),
        "extract_resource_arn": (
            "(service: str, method: str, path: str, headers: dict, body: bytes, "
            "query_params: dict, region: str, account_id: str) -> str"
        ),
        "request_tag_context": "(service: str, iam_action: str, body: bytes, params: dict) -> dict",
        "s3_service_context": (
            "(iam_action: str, query_params: dict | None, path: str = '', "
            "headers: dict | None = None) -> dict"
        ),
        "SERVICE_TO_IAM_NAMESPACE": None,
        "access_denied_response": (
            "(service: str, action: str, principal_arn: str, request_id: str, *, "
            "error_code: str = '', message: str = '', headers: dict | None = None, "
            "resource_arn: str = '*', explicit_deny: bool = False, resource_policy_arn: str = '') "
            "-> tuple"
        ),
        "_auth_failure": (
            "(service: str, code: str, message: str, headers: dict) -> tuple[str, int, str]"
        ),
    },
    "core.responses": {
        "get_account_id": "() -> str",
        "get_region": "() -> str",
        "request_scope": "(account_id: str, region: str)",
        "set_request_account_id": "(access_key_id: str) -> None",
        "_account_from_sts_session": "(access_key_id: str)",
        "new_uuid": "() -> str",
        "error_response_json": (
            "(code: str, message: str, status: int = 400, extra: dict | None = None, *, "
            "message_key: str = 'message', "
            "content_type: str = 'application/x-amz-json-1.0') -> tuple"
        ),
        "json_response": (
            "(data: dict, status: int = 200, *, "
            "content_type: str = 'application/x-amz-json-1.0') -> tuple"
        ),
    },
    "core.lambda_runtime": {
        "execution_credentials": "(config: dict) -> dict[str, str]",
        "_lock": None,
        "_workers": None,
        "kill_workers": "(workers) -> None",
        "Worker._drain_stderr": "(self) -> str",
        "Worker._drain_stderr_bounded": (
            "(self, first_line_wait: float = 0.05, idle_confirm: float = 0.005,"
            " hard_cap: float = 0.25) -> str"
        ),
        "Worker._read_stderr": "(self)",
    },
    "services.lambda_svc": {
        "release_worker": "(worker: ministack.core.lambda_runtime.Worker) -> None",
        "execution_credentials": "(config: dict) -> dict[str, str]",
        "resolve_function_url": ("(url_id: str) -> tuple[str, str, str, str | None, dict] | None"),
        "_get_func_record_for_ref": ("(function_ref: str) -> tuple[dict | None, dict | None, str]"),
        "_execution_record_for_config": "(func: dict, config: dict) -> dict",
        "_execute_function_with_config_scope": "(func: dict, event: dict) -> dict",
        "_create_function_url_config": "(func_name: str, data: dict, qualifier: str | None)",
        "_update_function_url_config": "(func_name: str, data: dict, qualifier: str | None)",
        "_delete_function": ("(name: str, query_params: dict, path_qualifier: str | None = None)"),
        "_ACCOUNT_CONCURRENCY_CAP": None,
        "_acquire_execution_slot": "(func: dict, config: dict)",
        "_get_account_settings": "()",
        "_put_function_concurrency": "(func_name: str, data: dict)",
        "_reserved_concurrency": "(func: dict, config: dict) -> int | None",
        "executions_in_flight": "() -> tuple[int, dict]",
        "_function_url_cors_headers": "(cfg: dict, request_headers: dict) -> dict",
        "_functions": None,
        "_get_func_record_for_ref_in_scope": (
            "(function_ref: str, *, account_id: str | None = None, region: str | None = None) "
            "-> tuple[dict | None, dict | None, str]"
        ),
        "run_reentrant": "(fn, *args, thread_name: str = 'ministack-reentrant')",
        "_url_config_key": "(func_name: str, qualifier: str | None) -> str",
        "_function_urls": None,
    },
    **CLOUDFORMATION,
    "services.s3": {
        "_bucket_encryption": None,
        "_bucket_owner_account": "(name: str) -> str | None",
        "_buckets": None,
        "_upload_part_copy": (
            "(bucket_name: str, dest_key: str, query_params: dict, headers: dict)"
        ),
        "_bucket_policies": None,
        "_bucket_versioning": None,
        "_error": (
            "(code: str, message: str, status: int, resource: str = '', "
            "extra: dict[str, str] | None = None, headers: dict | None = None) -> tuple"
        ),
        "_validate_bucket_name": "(name: str) -> bool",
        "_verify_presigned_sigv4": "(method, path, headers, query_params)",
        "_new_bucket_public_access_block": "() -> dict",
        "_NEW_BUCKET_PUBLIC_ACCESS_BLOCK": None,
        "_create_bucket": (
            "(name: str, body: bytes, headers: dict = None, endpoint_region: str | None = None)"
        ),
        "_delete_bucket": "(name: str)",
        "_get_object_data": (
            "(bucket_name: str, key: str, version_id: str | None = None) -> bytes | None"
        ),
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
        "_bucket_tags": None,
        "_put_bucket_tagging": "(name: str, body: bytes)",
        "_delete_bucket_tagging": "(name: str)",
        "_delete_objects": "(bucket_name: str, body: bytes, headers: dict = None)",
        "_xml_body": "(root: xml.etree.ElementTree.Element) -> bytes",
        "_object_versions": None,
        "_list_object_versions": "(bucket_name: str, query_params: dict)",
        "_list_multipart_uploads": "(bucket_name: str, query_params: dict)",
        "_qp": "(params: dict, key: str, default: str = '') -> str",
    },
    "services.iam": {
        "_create_instance_profile": "(p)",
        "_instance_profiles": None,
        "_lookup_instance_profile": "(name='', arn='')",
        "_trust_policy_not_principal_error": "(doc)",
        "_IAM_HANDLERS": None,
        "_roles": None,
        "_users": None,
        "_groups": None,
        "_policies": None,
        "_boundary_policy_error": "(arn)",
        "_boundary_usage_counts": "()",
        "_policy_exists": "(arn: str) -> bool",
        "_attach_role_policy": "(p)",
        "_simulate_principal_policy": "(p)",
        "_delete_policy": "(p)",
        "_delete_policy_version": "(p)",
        "_delete_role": "(p)",
        "_access_keys": None,
        "detach_managed_policy": "(entity: dict, policy_arn: str) -> None",
        "_gen_secret": "()",
        "_gen_session_access_key": "()",
        "_gen_session_token": "()",
        "_error": "(status, code, message, ns='iam')",
        "_p": "(params, key, default='')",
    },
    "services.ssm": {"_public_parameter": "(name)"},
    "services.sts": {
        "_sessions": None,
        "_session_expired": "(session) -> bool",
        "_assumed_role_arn": "(role_arn: str, session_name: str)",
        "_error": "(status, code, message, ns='iam')",
        "_role_id": "(role_arn: str) -> str",
        "register_session": "(access_key: str, session: dict) -> None",
    },
    "services.organizations": {
        "FULL_ACCESS_POLICY_ID": None,
        "_accounts": None,
        "_attachments": None,
        "_ous": None,
        "_roots": None,
        "_DISPATCH": None,
        "_ensure_org": "()",
    },
    "services.eventbridge": {
        "_delete_event_bus": "(data)",
        "_delete_rule": "(data)",
        "_dispatch_to_lambda": "(arn, payload)",
        "_event_buses": None,
        "_list_rules": "(data)",
        "_list_targets_by_rule": "(data)",
        "_now_ts": "() -> float",
        "_put_events": "(data, allow_aws_source=False)",
        "_remove_targets": "(data)",
        "_rule_key": "(rule_name: str, bus_name: str) -> str",
        "_rules": None,
        "_targets": None,
        "_tick_scheduled_rules": "()",
    },
    "services.ec2": {
        "_STUB_AMIS": None,
        "_error": "(code, message, status)",
        "_images": None,
        "_instances": None,
        "_key_pairs": None,
        "_launch_templates": None,
        "_parse_lt_data": "(params, prefix='LaunchTemplateData')",
        "_snapshots": None,
        "_tags": None,
        "_volumes": None,
        "_vpcs": None,
        "_DEFAULT_VPC_ID": None,
        "_ensure_defaults_initialized": "()",
        "_eni_fields_xml": "(eni, tag='item')",
        "_network_interfaces": None,
        "_parse_member_list": "(params, prefix)",
        "_security_groups": None,
        "_subnets": None,
        "_ACTION_MAP": None,
        "_p": "(params, key, default='')",
        "_parse_filters": "(params)",
        "_xml": "(status, root_tag, inner)",
    },
    "services.ecr": {
        "_repositories": None,
        "repository_policy_for_arn": "(resource_arn: str) -> tuple[str, str] | None",
        "_describe_repositories": "(data)",
        "_create_repository": "(data)",
        "_delete_repository": "(data)",
        "_tag_resource": "(data)",
        "_untag_resource": "(data)",
    },
    "services.cloudwatch": {
        "_delete_dashboards": "(params, cbor_data, is_cbor, is_json=False)",
        "_put_dashboard": "(params, cbor_data, is_cbor, is_json=False)",
        "_set_alarm_state": "(params, cbor_data, is_cbor, is_json=False)",
        "_resource_tags": None,
        "_dashboards": None,
        "_validate_alarm_tag_arn": "(arn, is_json=False, is_cbor=False)",
        "_store_datum": "(namespace, name, dims, ts, unit, value, values, counts, stat_values)",
    },
    "services.efs": {
        "_create_file_system": "(body)",
        "_delete_file_system": "(fs_id)",
    },
    "services.tagging": {
        "_COLLECTORS": None,
        "_HANDLERS": None,
        "_invalid_parameter": "(message)",
    },
    "services.glue": {
        "_create_database": "(data)",
        "_create_table": "(data)",
        "_databases": None,
        "_get_tables": "(data)",
        "_tables": None,
    },
    "services.sns": {
        "_fanout": None,
        "_list_subscriptions": "(params)",
        "_list_subscriptions_by_topic": "(params)",
        "_topics": None,
    },
    "services.cloudwatch_logs": {
        "_log_groups": None,
        "_create_log_group": "(data)",
        "_create_log_stream": "(data)",
        "_put_log_events": "(data)",
    },
}
