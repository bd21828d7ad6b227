"""Everything that a local cloud holds and that is not a given seat's, to compare before and after.

Read by the account's root: descriptions of all that SageMaker lists, with tags; buckets with every
version of every object; images; log lines; readings; roles with their policies; dashboards; stacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from workshop.naming import Names

KINDS = {
    # The list -> its member, the member of a summary that identifies, and the description.
    "list_training_jobs": ("TrainingJobSummaries", "TrainingJobName", "describe_training_job"),
    "list_processing_jobs": (
        "ProcessingJobSummaries",
        "ProcessingJobName",
        "describe_processing_job",
    ),
    "list_transform_jobs": ("TransformJobSummaries", "TransformJobName", "describe_transform_job"),
    "list_hyper_parameter_tuning_jobs": (
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobName",
        "describe_hyper_parameter_tuning_job",
    ),
    "list_models": ("Models", "ModelName", "describe_model"),
    "list_endpoint_configs": (
        "EndpointConfigs",
        "EndpointConfigName",
        "describe_endpoint_config",
    ),
    "list_endpoints": ("Endpoints", "EndpointName", "describe_endpoint"),
    "list_experiments": ("ExperimentSummaries", "ExperimentName", "describe_experiment"),
    "list_trials": ("TrialSummaries", "TrialName", "describe_trial"),
    "list_trial_components": (
        "TrialComponentSummaries",
        "TrialComponentName",
        "describe_trial_component",
    ),
    "list_model_package_groups": (
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
        "describe_model_package_group",
    ),
    "list_pipelines": ("PipelineSummaries", "PipelineName", "describe_pipeline"),
    "list_feature_groups": (
        "FeatureGroupSummaries",
        "FeatureGroupName",
        "describe_feature_group",
    ),
    "list_notebook_instances": (
        "NotebookInstances",
        "NotebookInstanceName",
        "describe_notebook_instance",
    ),
    "list_notebook_instance_lifecycle_configs": (
        "NotebookInstanceLifecycleConfigs",
        "NotebookInstanceLifecycleConfigName",
        "describe_notebook_instance_lifecycle_config",
    ),
}

Held = dict[str, Any]
"""What a thing is called -> all that is known about it."""


def of_others(root: Cloud, names: Names) -> Held:
    """Give all that is held in the account, but for what is the seat's of ``names``."""
    parts = (sagemaker, buckets, images, logs, readings, identity, dashboards, stacks)
    return {
        f"{part.__name__} {what}": known
        for part in parts
        for what, known in part(root)
        if not _is_of(names, what, known)
    }


def changed(before: Held, after: Held) -> set[str]:
    """Give what is not as it was: ``kind name`` or, of what has members, ``kind name: member``."""
    told = set()
    for what in before | after:
        old, new = before.get(what), after.get(what)
        if old != new and isinstance(old, dict) and isinstance(new, dict):
            told |= {f"{what}: {name}" for name in old | new if old.get(name) != new.get(name)}
        elif old != new:
            told.add(what)
    return told


def _is_of(names: Names, what: str, known: Any) -> bool:
    """Whether a thing carries the seat's tag or, having no tags, the seat's name."""
    tags = known.get("tags") if isinstance(known, dict) else None
    if tags:
        return {"Key": "attendee", "Value": names.seat} in tags
    return names.job_prefix in f"{what}-" or f"{names.workshop}/{names.seat}/" in what


def sagemaker(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("sagemaker")
    for listed, (member, name, describe) in KINDS.items():
        for page in client.get_paginator(listed).paginate():
            for summary in page[member]:
                found = _answer(getattr(client, describe)(**{name: summary[name]}))
                arn = next(value for key, value in summary.items() if key.endswith("Arn"))
                known = {"described": found, "tags": client.list_tags(ResourceArn=arn)["Tags"]}
                yield arn, known
                if listed == "list_pipelines":
                    yield from _executions(client, summary[name], known["tags"])
                if listed == "list_model_package_groups":
                    yield from _versions(client, summary[name], known["tags"])


def _executions(client: Any, pipeline: str, tags: Any) -> Iterator[tuple[str, Any]]:
    for summary in client.list_pipeline_executions(PipelineName=pipeline)[
        "PipelineExecutionSummaries"
    ]:
        arn = summary["PipelineExecutionArn"]
        known = {
            "described": _answer(client.describe_pipeline_execution(PipelineExecutionArn=arn)),
            "steps": _answer(client.list_pipeline_execution_steps(PipelineExecutionArn=arn)),
        }
        yield arn, {**known, "tags": tags}


def _versions(client: Any, group: str, tags: Any) -> Iterator[tuple[str, Any]]:
    for item in client.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]:
        arn = item["ModelPackageArn"]
        yield (
            arn,
            {
                "described": _answer(client.describe_model_package(ModelPackageName=arn)),
                "tags": tags,
            },
        )


def buckets(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("s3")
    for bucket in client.list_buckets()["Buckets"]:
        where = {"Bucket": bucket["Name"]}
        found = _answer(client.list_object_versions(**where))
        versions = [
            {**where, "Key": version["Key"], "VersionId": version["VersionId"]}
            for version in found.get("Versions", [])
        ]
        yield (
            bucket["Name"],
            {
                "listed": found,
                "bodies": [client.get_object(**version)["Body"].read() for version in versions],
                "object tags": [
                    _optional(client.get_object_tagging, **where, Key=key)
                    for key in sorted({version["Key"] for version in versions})
                ],
                **{
                    setting: _optional(getattr(client, f"get_{setting}"), **where)
                    for setting in (
                        "bucket_policy",
                        "bucket_tagging",
                        "bucket_versioning",
                        "bucket_encryption",
                        "bucket_lifecycle_configuration",
                        "public_access_block",
                    )
                },
            },
        )


def images(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("ecr")
    for repository in client.describe_repositories()["repositories"]:
        name = {"repositoryName": repository["repositoryName"]}
        ids = client.list_images(**name)["imageIds"]
        yield (
            f"{repository['repositoryName']}/",
            {
                "described": repository,
                "images": client.describe_images(**name)["imageDetails"],
                "manifests": _optional(client.batch_get_image, **name, imageIds=ids),
                "policy": _optional(client.get_repository_policy, **name),
                "repository tags": client.list_tags_for_resource(
                    resourceArn=repository["repositoryArn"]
                )["tags"],
            },
        )


def logs(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("logs")
    for group in client.describe_log_groups()["logGroups"]:
        where = {"logGroupName": group["logGroupName"]}
        for stream in client.describe_log_streams(**where)["logStreams"]:
            one = {**where, "logStreamName": stream["logStreamName"]}
            lines = client.get_log_events(**one, startFromHead=True)["events"]
            yield f"{where['logGroupName']}:{stream['logStreamName']}", lines


def readings(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("cloudwatch")
    for metric in client.list_metrics()["Metrics"]:
        found = client.get_metric_statistics(
            Namespace=metric["Namespace"],
            MetricName=metric["MetricName"],
            Dimensions=metric["Dimensions"],
            StartTime=0,
            EndTime=4_000_000_000,
            Period=60,
            Statistics=["Sum", "SampleCount"],
        )
        said = [f"{dimension['Name']}={dimension['Value']}" for dimension in metric["Dimensions"]]
        yield " ".join([metric["Namespace"], metric["MetricName"], *said]), found["Datapoints"]


def identity(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("iam")
    for role in client.list_roles()["Roles"]:
        name = {"RoleName": role["RoleName"]}
        inline = client.list_role_policies(**name)["PolicyNames"]
        found = client.get_role(**name)["Role"]
        found.pop("RoleLastUsed", None)
        yield (
            role["Arn"],
            {
                "role": found,
                "attached": client.list_attached_role_policies(**name)["AttachedPolicies"],
                "inline": [
                    _answer(client.get_role_policy(**name, PolicyName=policy)) for policy in inline
                ],
            },
        )
    for policy in client.list_policies(Scope="Local")["Policies"]:
        versions = client.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
        yield policy["Arn"], {"versions": versions}


def dashboards(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("cloudwatch")
    for entry in client.list_dashboards()["DashboardEntries"]:
        name = entry["DashboardName"]
        yield name, client.get_dashboard(DashboardName=name)["DashboardBody"]


def stacks(root: Cloud) -> Iterator[tuple[str, Any]]:
    client = root.client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        name = {"StackName": stack["StackName"]}
        yield (
            stack["StackName"],
            {
                "described": stack,
                "template": client.get_template(**name)["TemplateBody"],
                "resources": client.list_stack_resources(**name)["StackResourceSummaries"],
            },
        )


def _answer(response: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def _optional(ask: Any, **request: Any) -> Any:
    """Give an answer, or the code of the refusal where there is nothing of that kind."""
    try:
        return _answer(ask(**request))
    except ClientError as error:
        return error.response["Error"]["Code"]
