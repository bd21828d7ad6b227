"""The actions that belong together."""

from __future__ import annotations

S3_READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging")
S3_WRITE = (
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
S3_LIST = (
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
)
ECR_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
ECR_PUSH = (
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
ECR_VIEW = (
    "ecr:DescribeImages",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
)
# What the boundary lets through of S3 and ECR, in any mode: what is done with objects and images.
# Not: locks, holds, policies, replication, settings, and to make or delete what a stack made.
S3_OF_A_SEAT = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject*",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetObject*",
    "s3:ListBucket*",
    "s3:ListMultipart*",
    "s3:PutObject",
    "s3:PutObjectTagging",
)
ECR_OF_A_SEAT = (
    "ecr:BatchC*",
    "ecr:BatchDeleteImage",
    "ecr:BatchGetImage",
    "ecr:CompleteL*",
    "ecr:DescribeImage*",
    "ecr:DescribeRepositories",
    "ecr:GetAuthorizationToken",
    "ecr:GetD*",
    "ecr:InitiateL*",
    "ecr:ListImages",
    "ecr:PutImage",
    "ecr:UploadL*",
)
# Readings of a metric cost by the request; GetMetricData alone also by the metric, and takes 500 of
# them at once: it is for the console, which draws dashboards with it.
METRICS = (
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
)
CONSOLE_VIEWS = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "tag:GetResources",
)
LOG_WRITE = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
LOG_READ = ("logs:FilterLogEvents", "logs:GetLogEvents")
LOG_NAMES = ("logs:DescribeLogGroups", "logs:DescribeLogStreams")
TRAINING_CREATE = ("sagemaker:CreateTrainingJob", "sagemaker:CreateHyperParameterTuningJob")
PROCESSING_CREATE = ("sagemaker:CreateProcessingJob", "sagemaker:CreateTransformJob")
ENDPOINT_CREATE = ("sagemaker:CreateEndpointConfig",)
OTHER_CREATE = (
    "sagemaker:CreateAction",
    "sagemaker:CreateArtifact",
    "sagemaker:CreateContext",
    "sagemaker:CreateExperiment",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:CreatePipeline",
    "sagemaker:CreateTrialComponent",
)
# Made out of something that exists: authorised on both, and only on what is new could a tag of the
# request stand for the seat's own.
MADE_OF = {
    "sagemaker:CreateEndpoint": ("endpoint", "endpoint-config"),
    "sagemaker:CreateTrial": ("experiment-trial", "experiment"),
}
# A registration may have SageMaker validate the package by transform jobs of any instance type
# (``ValidationSpecification``), of which IAM knows nothing.
MODEL_PACKAGES = ("sagemaker:CreateModelPackage",)
# What may be done with a thing that carries the seat's own tag. Wildcards save room where all that
# they cover may be done, today and by the looks of the names.
TAGGED_USE = (
    "sagemaker:AddAssociation",
    "sagemaker:AddTags",
    "sagemaker:AssociateTrialComponent",
    "sagemaker:BatchPutMetrics",
    *MADE_OF,
    "sagemaker:DeleteA*",
    "sagemaker:DeleteContext",
    "sagemaker:DeleteE*",
    "sagemaker:DeleteModel*",
    "sagemaker:DeleteP*",
    "sagemaker:DeleteTr*",
    "sagemaker:Describe*",
    "sagemaker:DisassociateTrialComponent",
    "sagemaker:InvokeEndpoint*",
    "sagemaker:ListPipeline*",
    "sagemaker:ListTags",
    "sagemaker:RetryPipelineExecution",
    "sagemaker:StartPipelineExecution",
    "sagemaker:Stop*",
    "sagemaker:UpdateE*",
    "sagemaker:UpdateModelPackage",
    "sagemaker:UpdatePipeline*",
    "sagemaker:UpdateTrial*",
)
# Executions have no AddTags of their own, and whether AWS lets them answer for the tags of their
# pipeline is nowhere written: below a pipeline of the seat's prefix they are its own by name.
EXECUTION_USE = ("sagemaker:*Pipeline*Execution*",)
# What changes an execution, to send to it and to stop it among others. StartPipelineExecution is
# not of it: it is done to a pipeline.
EXECUTION_CHANGE = (
    "sagemaker:RetryPipelineExecution",
    "sagemaker:S???PipelineExecution*",
    "sagemaker:UpdatePipelineExecution",
)
# What serves models: the model's own role runs in the container, not the caller's.
MODEL_USE = (
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateInferenceComponent",
    "sagemaker:CreateTransformJob",
)
# Lists show names and states. Nearly all have no resource-level permissions. Search has none
# either, but shows whole records of every seat (hyper-parameters, paths): the YAML can close it.
LISTS = tuple(
    f"sagemaker:List{kind}"
    for kind in (
        "Associations",
        "E*",
        "HyperParameterTuningJobs",
        "Model*",
        "NotebookInstances",
        "Pipelines",
        "ProcessingJobs",
        "Tr*",
    )
)
# What a job or notebook in a VPC needs of its own role
# (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html).
NETWORK_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:*NetworkInterfacePermission",
)
NETWORK_VIEW = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
# What the boundary lets through of SageMaker, in any mode. A name that AWS adds is not among them
# unless a wildcard covers it, of which ``test_access_completeness`` knows all that it covers.
SAGEMAKER_OF_A_SEAT = tuple(
    f"sagemaker:{action}"
    for action in (
        "AddAssociation",
        "AddTags",
        "AssociateT*",
        "Batch*Metrics",
        "CreateAction",
        "CreateArtifact",
        "CreateContext",
        "CreateEndpoint*",
        "CreateExp*",
        "CreateHyper*",
        "CreateModel",
        "CreateModelPackageGroup",
        "CreatePi*",
        "CreatePresignedN*",
        "CreateProc*",
        "CreateTr*Job",
        "CreateTrial*",
        "DeleteA*",
        "DeleteCon*",
        "DeleteE*",
        "DeleteHyper*",
        "DeleteModel*",
        "DeleteP*",
        "DeleteTr*",
        "Describe*",
        "Disassociate*",
        "InvokeEndpoint*",
        "List*",
        "RetryP*",
        "Search",
        "SendP*",
        "StartNotebook*",
        "StartP*",
        "Stop*",
        "UpdateE*",
        "UpdateModelP*",
        "UpdatePi*",
        "UpdateTr*",
    )
)
# ``*te`` is to create, to update and to delete, here and below. ``check`` refuses to open these.
# These run something that costs and know no ``sagemaker:InstanceTypes``, so nothing could cap them
# (Service Authorization Reference); some are paid in advance and cannot be taken back.
COMPUTE_WITHOUT_TYPE = tuple(
    f"sagemaker:{action}"
    for action in (
        "*Cluster*",
        "*ComputeQuota",
        "*Edge*",
        "*HubModel",
        "*InferenceExperiment",
        "*Mlflow*",
        "*TrainingPlan",
        "*tePartnerApp*",
        "Create*tion*Job",
        "CreateAI*",
        "CreateAlgorithm",
        "CreateAutoMLJob*",
        "CreateJob",
        "CreateLabelingJob",
        "CreateModelCardExportJob",
        "CreateReservedCapacity",
        "StartHumanLoop",
        "StartSession",
    )
)
# Root code on a notebook, a second notebook, Studio, monitoring, the removal of the tags by which
# teardown finds things, and settings of the whole account: nobody's business in a workshop of
# notebooks. UpdateInferenceComponent could put a neighbour's model into a running component, and
# IAM does not know which model.
NEVER = tuple(
    f"sagemaker:{action}"
    for action in (
        "*MonitoringSchedule",
        "*teDomain",
        "*teNotebookInstance*",
        "*teSpace",
        "*teUserProfile",
        "*Policy",
        "*Portfolio",
        "*Workforce",
        "Create*JobDefinition",
        "CreateApp",
        "CreatePresignedDomainUrl",
        "CreateStudioLifecycleConfig",
        "DeleteTags",
        "UpdateInferenceComponent",
    )
)
FEATURE_STORE_CREATE = ("sagemaker:CreateFeatureGroup",)
FEATURE_STORE_USE = (
    "sagemaker:BatchGetRecord",
    "sagemaker:DeleteFeatureGroup",
    "sagemaker:DeleteRecord",
    "sagemaker:GetRecord",
    "sagemaker:PutRecord",
    "sagemaker:UpdateFeature*",
)
FEATURE_STORE_LISTS = ("sagemaker:ListFeatureGroups",)
# What an offline store needs beside writing its objects: the bucket's owner, and a table in AWS
# Glue (AWS's policy AmazonSageMakerFeatureStoreAccess; to make the first of them,
# AmazonSageMakerFullAccess).
OFFLINE_STORE_LIST = ("s3:GetBucketAcl",)
OFFLINE_STORE_WRITE = ("s3:PutObjectAcl",)
FEATURE_STORE_TABLES = (
    "glue:CreateDatabase",
    "glue:CreateTable",
    "glue:GetDatabase",
    "glue:GetTable",
    "glue:UpdateTable",
)
# What is done to a repository or in one: everything in ECR but GetAuthorizationToken and
# settings of the whole registry.
ECR_EVERYTHING_NAMED = tuple(
    f"ecr:{verb}*" for verb in (*"BCDILPRSTU", "GetD", "GetI", "GetL", "GetR")
)
# Global services answer from one Region, whatever the caller's; a Region rule must spare them.
GLOBAL_SERVICES = ("iam:*", "sts:*", "s3:GetBucketLocation")
# Sample data lies in buckets of any Region. To read them makes nothing and costs the seat nothing;
# which ones a seat can read is said by its own policies, and this account's are closed by name.
PUBLIC_READ = ("s3:GetObject", "s3:ListBucket")
