"""The private names of ministack's CloudFormation, a part of ``ministack_names.HELD``."""

from __future__ import annotations

from collections.abc import Mapping

_DELETE_STACK = "(stack_name: str, stack_id: str, retain_resources=(), force=False)"
_ROLL_BACK = (
    "(stack_name: str, stack_id: str, stack: dict, operation: dict, reason_override: str = '')"
)

CLOUDFORMATION: Mapping[str, Mapping[str, str | None]] = {
    "services.cloudformation.custom_resource": {"_response_url": "(token: str) -> str"},
    "services.cloudformation.wait_conditions": {"handle_url": "(token: str) -> str"},
    "services.cloudformation": {"_stacks": None, "_stack_events": None},
    "services.cloudformation.stacks": {
        "_evaluate_conditions": "(template: dict, params: dict) -> dict",
        "_add_event": (
            "(stack_id, stack_name, logical_id, resource_type, status, reason='', "
            "physical_id='', detailed_status='')"
        ),
        "_deploy_stack_async": (
            "(stack_name: str, stack_id: str, template: dict, param_values: dict, "
            "disable_rollback: bool, tags: list, is_update: bool = False, "
            "previous_stack: dict | None = None, retain_except_on_create: bool = False,"
            " imports: dict | None = None)"
        ),
        "_fail_property_validation": (
            "(stack, stack_id, stack_name, resources_defs, ordered, param_values, "
            "conditions, mappings, disable_rollback, previous_stack=None)"
        ),
        "_runs_on_worker_thread": "(resource_type: str) -> bool",
        "_sends_back_failed_update": "(resource_type: str) -> bool",
        "_delete_resource": (
            "(resource_type: str, physical_id: str, props: dict, "
            "stack_name: str | None = None, logical_id: str | None = None)"
        ),
        "_with_dependencies": "(logical_ids, res_defs, remaining)",
        "_delete_stack_async": _DELETE_STACK,
        "_roll_back_operation": _ROLL_BACK,
    },
    "services.cloudformation.engine": {
        "_evaluate_conditions": "(template: dict, params: dict) -> dict",
        "_extract_deps": "(resource_def: dict, all_resource_names: set) -> set",
        "validate_template_support": (
            "(template: dict, conditions: dict, params: dict | None = None) -> None"
        ),
        "_resolve_parameters": (
            "(template: dict, provided_params: list[dict], "
            "previous_params: dict | None = None) -> dict"
        ),
    },
    "services.cloudformation.helpers": {
        "_error": "(code, message, status=400)",
        "stack_name_problems": "(stack_name: str) -> list[str]",
        "validation_error_message": "(problems: list[str]) -> str",
    },
    "services.cloudformation.handlers": {
        "_describe_events": "(params)",
        "_resolve_stack": "(stack_name)",
        "_resource_status_reason_xml": "(res)",
        "_page": "(items, params, action, page_size=100)",
        "_ACTION_HANDLERS": None,
        "_create_stack_task_in_region": "(coro, stack: dict | None, stack_id: str | None = None)",
        "_parse_template": "(template_body: str) -> dict",
        "_apply_transforms": (
            "(template: dict, provided_params=None, previous_params=None) -> dict"
        ),
        "_check_capabilities": "(sent, template, params, macros=True)",
        "_evaluate_conditions": "(template: dict, params: dict) -> dict",
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
        "_evaluate_conditions": "(template: dict, params: dict) -> dict",
        "validate_template_support": (
            "(template: dict, conditions: dict, params: dict | None = None) -> None"
        ),
        "_resolve_parameters": (
            "(template: dict, provided_params: list[dict], "
            "previous_params: dict | None = None) -> dict"
        ),
    },
    "services.cloudformation.provisioners": {
        "_provision_resource": (
            "(resource_type: str, logical_id: str, props: dict, stack_name: str) -> tuple"
        ),
        "_update_resource": (
            "(resource_type: str, physical_id: str, old_props: dict, new_props: dict, "
            "stack_name: str, logical_id: str | None = None, old_attrs: dict | None = "
            "None) -> tuple"
        ),
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
        "_ec2_launch_template_create": "(logical_id, props, stack_name)",
        "_ec2_launch_template_update": (
            "(physical_id, old_props, new_props, stack_name, logical_id=None)"
        ),
        "_ec2_sg_create": "(logical_id, props, stack_name)",
        "_iam_role_create": "(logical_id, props, stack_name)",
        "_iam_role_update": ("(physical_id, old_props, new_props, stack_name, logical_id=None)"),
        "_iam_managed_policy_create": "(logical_id, props, stack_name)",
        "_ecr_repo_create": "(logical_id, props, stack_name)",
        "_ecr_repo_update": "(physical_id, old_props, new_props, stack_name, logical_id=None)",
        "_cw_dashboard_create": "(logical_id, props, stack_name)",
        "_cw_dashboard_update": "(physical_id, old_props, new_props, stack_name)",
    },
}
