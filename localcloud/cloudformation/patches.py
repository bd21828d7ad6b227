"""Adds our resource types and patches to the emulator's CloudFormation, once per process."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation import (
    answers,
    buckets,
    dashboards,
    deletions,
    ec2_instances,
    ec2_types,
    identities,
    listings,
    operations,
    repositories,
    system_tags,
    templates,
)
from localcloud.cloudformation.sagemaker_handlers import SageMakerHandlers
from localcloud.cloudformation.sagemaker_types import RESOURCE_TYPES
from localcloud.ec2.service import Ec2Service
from localcloud.protocol.errors import not_played
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.stacksets.query import Answer, Params, refusal_answer


def patch_cloudformation(engine: SageMakerEngine, machines: Ec2Service) -> None:
    """Import the emulator's CloudFormation (about 0.7 s) and patch it in place."""
    _add_sagemaker_types(engine)
    _add_instances(machines)
    _correct_resources()
    _correct_services()
    _correct_templates()
    _correct_deletions()
    operations.patch_operations()
    answers.patch_answers()
    _refuse_stack_policies()


def _add_sagemaker_types(engine: SageMakerEngine) -> None:
    provisioners = ministack_adapter.module("services.cloudformation.provisioners")
    waiting = set()
    for spec in RESOURCE_TYPES:
        handlers = SageMakerHandlers(spec, engine)
        provisioners._RESOURCE_HANDLERS[spec.type_name] = handlers.table()
        provisioners._REPLACING_PROPERTIES[spec.type_name] = spec.create_only
        provisioners._CUSTOM_NAME_REPLACEMENT[spec.type_name] = {
            "name": engine.kinds[spec.noun].name,
            "requires_replacement": handlers.replaces,
        }
        provisioners._STACK_TAG_PROPERTY[spec.type_name] = ("Tags", "list")
        if spec.stops_to_update or spec.named_by_service:
            waiting.add(spec.type_name)
    _wait_on_threads(waiting)


def _add_instances(machines: Ec2Service) -> None:
    provisioners = ministack_adapter.module("services.cloudformation.provisioners")
    name = ec2_instances.TYPE
    provisioners._RESOURCE_HANDLERS[name] = ec2_instances.InstanceHandlers(machines).table()
    provisioners._REPLACING_PROPERTIES[name] = ec2_instances.CREATE_ONLY
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES[name] = ("BlockDeviceMappings",)
    provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")
    _wait_on_threads({name})
    # An update that stopped an instance and cannot start it is undone.
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    others = stacks._sends_back_failed_update
    stacks._sends_back_failed_update = lambda kind: kind == name or others(kind)


def _wait_on_threads(waiting: set[str]) -> None:
    """Run the handlers of types that wait beside the requests."""
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    runs_on_worker_thread = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: (
        resource_type in waiting or runs_on_worker_thread(resource_type)
    )


def _correct_resources() -> None:
    provisioners = ministack_adapter.module("services.cloudformation.provisioners")
    corrected: dict[str, dict[str, Any]] = {
        "AWS::S3::Bucket": {
            "create": buckets.create_bucket,
            "update": buckets.update_bucket,
            "delete": buckets.delete_bucket,
        },
        "AWS::S3::BucketPolicy": {
            "create": buckets.create_policy,
            "update": buckets.update_policy,
            "delete": buckets.delete_policy,
        },
        "AWS::IAM::Role": {
            "create": identities.create_role,
            "update": identities.update_role,
            "delete": identities.delete_role,
        },
        "AWS::IAM::ManagedPolicy": {
            "create": identities.create_managed_policy,
            "delete": identities.delete_managed_policy,
        },
        "AWS::ECR::Repository": {
            "create": repositories.create_repository,
            "update": repositories.update_repository,
            "delete": repositories.delete_repository,
        },
        "AWS::CloudWatch::Dashboard": {
            "create": dashboards.create_dashboard,
            "update": dashboards.update_dashboard,
        },
        **ec2_types.HANDLERS,
    }
    for type_name, handlers in corrected.items():
        provisioners._RESOURCE_HANDLERS[type_name].update(handlers)
    provisioners._REPLACING_PROPERTIES["AWS::S3::Bucket"] = ("BucketName",)
    provisioners._REPLACING_PROPERTIES["AWS::S3::BucketPolicy"] = ("Bucket",)
    provisioners._REPLACING_PROPERTIES["AWS::CloudWatch::Dashboard"] = ("DashboardName",)
    for type_name in ("AWS::S3::Bucket", "AWS::CloudWatch::Dashboard"):
        provisioners._STACK_TAG_PROPERTY[type_name] = ("Tags", "list")


def _correct_services() -> None:
    iam = ministack_adapter.module("services.iam")
    iam._boundary_policy_error = identities.boundary_error
    iam._IAM_HANDLERS["AttachRolePolicy"] = identities.attach_role_policy
    iam._IAM_HANDLERS["DeletePolicy"] = identities.delete_policy
    iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = identities.simulate_principal_policy
    ecr = ministack_adapter.module("services.ecr")
    ecr._delete_repository = repositories.refusing_with_images(ecr._delete_repository)
    ecr._describe_repositories = repositories.in_pages(ecr._describe_repositories)
    for name in ("_create_repository", "_tag_resource", "_untag_resource"):
        setattr(ecr, name, system_tags.refusing(getattr(ecr, name)))
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    cloudwatch._validate_alarm_tag_arn = dashboards.taggable(cloudwatch._validate_alarm_tag_arn)
    s3 = ministack_adapter.module("services.s3")
    s3._put_bucket_tagging = system_tags.keeping_on_put(s3._put_bucket_tagging)
    s3._delete_bucket_tagging = system_tags.keeping_on_delete(s3._delete_bucket_tagging)
    blocked = s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK
    s3._new_bucket_public_access_block = lambda: {"_public_access_block": blocked}


def _correct_templates() -> None:
    handlers = ministack_adapter.module("services.cloudformation.handlers")
    changesets = ministack_adapter.module("services.cloudformation.changesets")
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    engine = ministack_adapter.module("services.cloudformation.engine")
    evaluate = templates.with_mappings(engine._evaluate_conditions)
    for module in (engine, handlers, changesets, stacks):
        module._evaluate_conditions = evaluate
    handlers._capabilities_enforced = lambda: True
    handlers._page = listings.as_aws_lists(handlers._page)
    for module in (handlers, changesets):
        module.validate_template_support = templates.checked_references(
            module.validate_template_support
        )
        module._resolve_parameters = templates.checked_parameters(module._resolve_parameters)


def _correct_deletions() -> None:
    handlers = ministack_adapter.module("services.cloudformation.handlers")
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    # Its deletion loops run over reversed(...): a name of the module's own goes before Python's.
    stacks.reversed = deletions.leaving_needed(reversed)
    stacks._delete_resource = deletions.noting_failures(stacks._delete_resource)
    for module in (handlers, stacks):
        module._delete_stack_async = deletions.keeping_needed(module._delete_stack_async)
        module._roll_back_operation = deletions.remembering_left(module._roll_back_operation)


def _refuse_stack_policies() -> None:
    """Refuse what would guard nothing: ministack keeps the policies of stacks and obeys none."""
    actions = ministack_adapter.module("services.cloudformation.handlers")._ACTION_HANDLERS
    for name in ("GetStackPolicy", "SetStackPolicy"):
        del actions[name]
    for name in ("CreateStack", "UpdateStack"):
        actions[name] = _without_policy(name, actions[name])


def _without_policy(name: str, action: Callable[[Params], Answer]) -> Callable[[Params], Answer]:
    def without_policy(params: Params) -> Answer:
        if any(member.startswith("StackPolicy") for member in params):
            return refusal_answer(name, not_played("CloudFormation", f"a stack policy in {name}"))
        return action(params)

    return without_policy
