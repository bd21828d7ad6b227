"""What one seat may do, and what it may not: requests for a local cloud that enforces IAM."""

from __future__ import annotations

import json
import time

from tests.support.local_cloud import TRUST
from tests.support.seats import (
    ADA,
    BEN,
    LOGS,
    Case,
    endpoint,
    endpoint_config,
    execution,
    experiment,
    image,
    model,
    package,
    package_group,
    pipeline,
    processing,
    tagged,
    training,
    transform,
    tuning,
)
from workshop.naming import Names


def use(names: Names) -> dict[str, Case]:
    """What a seat may do with its own things, and nobody with another's."""
    data = {"Bucket": names.bucket("data")}
    repository = {"repositoryName": names.repository("training")}
    notebook = {"NotebookInstanceName": names.notebook}
    own = f"{names.job_prefix}own"
    return {
        "put an object": ("s3", "put_object", {**data, "Key": "new", "Body": b"2"}),
        "get an object": ("s3", "get_object", {**data, "Key": "own"}),
        "list a bucket": ("s3", "list_objects_v2", data),
        "list versions": ("s3", "list_object_versions", data),
        "delete an object": ("s3", "delete_object", {**data, "Key": "new"}),
        "delete objects": ("s3", "delete_objects", {**data, "Delete": {"Objects": [{"Key": "x"}]}}),
        "copy an object": (
            "s3",
            "copy_object",
            {
                "Bucket": ADA.bucket("data"),
                "Key": "copy",
                "CopySource": {**data, "Key": "own"},
            },
        ),
        "see a repository": (
            "ecr",
            "describe_repositories",
            {"repositoryNames": [names.repository("training")]},
        ),
        "list images": ("ecr", "list_images", repository),
        "push a layer": ("ecr", "initiate_layer_upload", repository),
        "push an image": image(names),
        "pull an image": (
            "ecr",
            "batch_get_image",
            {**repository, "imageIds": [{"imageTag": "1"}]},
        ),
        "see a notebook": ("sagemaker", "describe_notebook_instance", notebook),
        "see a notebook, in capitals": (
            "sagemaker",
            "describe_notebook_instance",
            {"NotebookInstanceName": names.notebook.upper()},
        ),
        "open a notebook": ("sagemaker", "create_presigned_notebook_instance_url", notebook),
        "stop a notebook": ("sagemaker", "stop_notebook_instance", notebook),
        "start a notebook": ("sagemaker", "start_notebook_instance", notebook),
        "see a notebook's tags": ("sagemaker", "list_tags", {"ResourceArn": names.notebook_arn}),
        "train": training(names),
        "see a training job": ("sagemaker", "describe_training_job", {"TrainingJobName": own}),
        "stop a training job": ("sagemaker", "stop_training_job", {"TrainingJobName": own}),
        "process data": processing(names),
        "stop a processing job": (
            "sagemaker",
            "stop_processing_job",
            {"ProcessingJobName": own},
        ),
        "make a pipeline": pipeline(names),
        "transform data": transform(names),
        "see a transform job": ("sagemaker", "describe_transform_job", {"TransformJobName": own}),
        "stop a transform job": ("sagemaker", "stop_transform_job", {"TransformJobName": own}),
        "tune": tuning(names),
        "see a tuning job": (
            "sagemaker",
            "describe_hyper_parameter_tuning_job",
            {"HyperParameterTuningJobName": own},
        ),
        "stop a tuning job": (
            "sagemaker",
            "stop_hyper_parameter_tuning_job",
            {"HyperParameterTuningJobName": own},
        ),
        "run a pipeline": execution(names),
        "make a model": model(names),
        "see a model": ("sagemaker", "describe_model", {"ModelName": own}),
        "configure an endpoint": endpoint_config(names),
        "make an endpoint": endpoint(names, names),
        "see an endpoint": ("sagemaker", "describe_endpoint", {"EndpointName": own}),
        "invoke an endpoint": (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": own, "Body": b"1"},
        ),
        "change an endpoint": (
            "sagemaker",
            "update_endpoint",
            {"EndpointName": own, "EndpointConfigName": own},
        ),
        "delete an endpoint": ("sagemaker", "delete_endpoint", {"EndpointName": own}),
        "begin an experiment": experiment(names),
        "note a metric": (
            "sagemaker-metrics",
            "batch_put_metrics",
            {
                "TrialComponentName": own,
                "MetricData": [{"MetricName": "m", "Timestamp": 1, "Value": 1.0}],
            },
        ),
        "delete an experiment": ("sagemaker", "delete_experiment", {"ExperimentName": own}),
        "open a table of models": package_group(names),
        "register a model": package(names),
        "list versions of a model": (
            "sagemaker",
            "list_model_packages",
            {"ModelPackageGroupName": own},
        ),
        "read a log": (
            "logs",
            "get_log_events",
            {"logGroupName": LOGS, "logStreamName": f"{own}/log"},
        ),
        "see a role": ("iam", "get_role", {"RoleName": names.role}),
        "see a dashboard": ("cloudwatch", "get_dashboard", {"DashboardName": names.dashboard}),
    }


MAY: dict[str, Case] = {
    **use(ADA),
    "list notebooks": ("sagemaker", "list_notebook_instances", {}),
    "list log groups": ("logs", "describe_log_groups", {}),
    "list log streams": ("logs", "describe_log_streams", {"logGroupName": LOGS}),
    "log in to the registry": ("ecr", "get_authorization_token", {}),
    "list the datasets": ("s3", "list_objects_v2", {"Bucket": ADA.datasets_bucket}),
    "publish a metric of SageMaker's": (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "/aws/sagemaker/TrainingJobs", "MetricData": [{"MetricName": "m"}]},
    ),
    "list metrics": ("cloudwatch", "list_metrics", {}),
    "begin a log": (
        "logs",
        "create_log_stream",
        {"logGroupName": LOGS, "logStreamName": "free/log"},
    ),
    "write a log": (
        "logs",
        "put_log_events",
        {
            "logGroupName": LOGS,
            "logStreamName": f"{ADA.job_prefix}own/log",
            "logEvents": [{"timestamp": int(time.time() * 1000), "message": "another line"}],
        },
    ),
    "ask who she is": ("sts", "get_caller_identity", {}),
}

NOTEBOOK = {
    "NotebookInstanceName": "another",
    "InstanceType": "ml.t3.medium",
    "PlatformIdentifier": "notebook-al2023-v1",
}
ROLE = {"RoleName": ADA.role}
MAY_NOT: dict[str, Case] = {
    **{f"{what} of ben's": case for what, case in use(BEN).items()},
    "make a notebook with her role": (
        "sagemaker",
        "create_notebook_instance",
        {**NOTEBOOK, "RoleArn": ADA.role_arn},
    ),
    "change her notebook": (
        "sagemaker",
        "update_notebook_instance",
        {"NotebookInstanceName": ADA.notebook, "InstanceType": "ml.p3.2xlarge"},
    ),
    "delete ben's notebook": (
        "sagemaker",
        "delete_notebook_instance",
        {"NotebookInstanceName": BEN.notebook},
    ),
    "change what ben's notebook runs as root": (
        "sagemaker",
        "update_notebook_instance_lifecycle_config",
        {"NotebookInstanceLifecycleConfigName": BEN.lifecycle_config},
    ),
    "take the tag of a freeze off her notebook": (
        "sagemaker",
        "delete_tags",
        {"ResourceArn": ADA.notebook_arn, "TagKeys": ["frozen"]},
    ),
    "overwrite the tag of a freeze on her notebook": (
        "sagemaker",
        "add_tags",
        {"ResourceArn": ADA.notebook_arn, "Tags": [{"Key": "frozen", "Value": "false"}]},
    ),
    "put her tags on ben's notebook": (
        "sagemaker",
        "add_tags",
        {"ResourceArn": BEN.notebook_arn, "Tags": tagged(ADA)},
    ),
    "put her tags on ben's model": (
        "sagemaker",
        "add_tags",
        {"ResourceArn": BEN.sagemaker_arn("model", "demo-ben-own"), "Tags": tagged(ADA)},
    ),
    "take the tags from ben's model": (
        "sagemaker",
        "delete_tags",
        {"ResourceArn": BEN.sagemaker_arn("model", "demo-ben-own"), "TagKeys": ["attendee"]},
    ),
    "take the tags from her own model": (
        "sagemaker",
        "delete_tags",
        {"ResourceArn": ADA.sagemaker_arn("model", "demo-ada-own"), "TagKeys": ["attendee"]},
    ),
    "train with ben's role": training(ADA, RoleArn=BEN.role_arn),
    "train under ben's tags": training(ADA, Tags=tagged(BEN)),
    "train without tags": training(ADA, Tags=[]),
    "train on a type that is not allowed": training(
        ADA,
        ResourceConfig={
            "InstanceType": "ml.p4d.24xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
    ),
    "train on a mixed fleet": training(
        ADA,
        ResourceConfig={
            "VolumeSizeInGB": 5,
            "InstanceGroups": [
                {"InstanceType": kind, "InstanceCount": 1, "InstanceGroupName": kind[3:5]}
                for kind in ("ml.m5.large", "ml.p4d.24xlarge")
            ],
        },
    ),
    "tune with ben's role": tuning(ADA, RoleArn=BEN.role_arn),
    "tune on a type that is not allowed": tuning(
        ADA,
        ResourceConfig={
            "InstanceType": "ml.p4d.24xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
    ),
    "transform on a type that is not allowed": transform(
        ADA, TransformResources={"InstanceType": "ml.g5.48xlarge", "InstanceCount": 1}
    ),
    "transform with ben's model": transform(ADA, ModelName="demo-ben-own"),
    "open a shell in a training job": training(ADA, RemoteDebugConfig={"EnableRemoteDebug": True}),
    "make a model with ben's role": model(ADA, ExecutionRoleArn=BEN.role_arn),
    "serve ben's configuration": endpoint(ADA, BEN),
    "serve ben's configuration with her endpoint": (
        "sagemaker",
        "update_endpoint",
        {"EndpointName": "demo-ada-made", "EndpointConfigName": "demo-ben-own"},
    ),
    "serve the organiser's model": endpoint_config(ADA, served="fraud-prod"),
    "transform with a model that the SDK named": transform(ADA, ModelName="pytorch-2027-03-15"),
    "make a model of a free name": model(ADA, ModelName="free"),
    "register a model without a group": (
        "sagemaker",
        "create_model_package",
        {
            "ModelPackageName": f"{ADA.job_prefix}made",
            "Tags": tagged(ADA),
            "InferenceSpecification": package(ADA)[2]["InferenceSpecification"],
        },
    ),
    "hoard logs": ("logs", "create_log_group", {"logGroupName": "/aws/sagemaker/hoard"}),
    "open a table of objects": ("s3", "create_bucket", {"Bucket": ADA.bucket("hoard")}),
    "open a table of images": (
        "ecr",
        "create_repository",
        {"repositoryName": ADA.repository("hoard")},
    ),
    "try in the organiser's experiment": (
        "sagemaker",
        "create_trial",
        {
            "TrialName": f"{ADA.job_prefix}made",
            "ExperimentName": "organisers",
            "Tags": tagged(ADA),
        },
    ),
    "make a domain": (
        "sagemaker",
        "create_domain",
        {
            "DomainName": "d",
            "AuthMode": "IAM",
            "DefaultUserSettings": {"ExecutionRole": ADA.role_arn},
        },
    ),
    "filter everybody's logs": ("logs", "filter_log_events", {"logGroupName": LOGS}),
    "query everybody's logs": (
        "logs",
        "start_query",
        {"logGroupName": LOGS, "startTime": 0, "endTime": 1, "queryString": "fields @message"},
    ),
    "publish a metric of another namespace": (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "AWS/Billing", "MetricData": [{"MetricName": "m"}]},
    ),
    "draw her dashboard": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": ADA.dashboard, "DashboardBody": '{"widgets": []}'},
    ),
    "change the datasets": (
        "s3",
        "put_object",
        {"Bucket": ADA.datasets_bucket, "Key": "k", "Body": b""},
    ),
    "list all buckets": ("s3", "list_buckets", {}),
    "drop her bucket's policy": (
        "s3",
        "delete_bucket_policy",
        {"Bucket": ADA.bucket("data")},
    ),
    "list all repositories": ("ecr", "describe_repositories", {}),
    "delete her repository": (
        "ecr",
        "delete_repository",
        {"repositoryName": ADA.repository("training")},
    ),
    "detach her boundary": ("iam", "delete_role_permissions_boundary", ROLE),
    "set another boundary": (
        "iam",
        "put_role_permissions_boundary",
        {**ROLE, "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "attach a policy": (
        "iam",
        "attach_role_policy",
        {**ROLE, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "write a policy": (
        "iam",
        "put_role_policy",
        {**ROLE, "PolicyName": "all", "PolicyDocument": json.dumps(TRUST)},
    ),
    "take ben's role": (
        "sts",
        "assume_role",
        {"RoleArn": BEN.role_arn, "RoleSessionName": "SageMaker"},
    ),
    "see the stacks": ("cloudformation", "describe_stacks", {}),
    "see the quotas": ("service-quotas", "list_service_quotas", {"ServiceCode": "sagemaker"}),
}
