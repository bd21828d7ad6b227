"""The actions of AWS's services that belong together."""

from __future__ import annotations


def actions(service: str, *names: str) -> tuple[str, ...]:
    """Return the actions of a service; each of ``names`` holds several, with blanks between."""
    return tuple(f"{service}:{name}" for text in names for name in text.split())


# Wildcards save lines of the cohort's template where all that they cover may be done.
S3_READ = actions("s3", "GetObject*")
S3_WRITE = actions(
    "s3",
    "PutObject PutObjectTagging DeleteObject* AbortMultipartUpload ListMultipartUploadParts",
)
S3_LIST = actions("s3", "ListBucket* GetBucketLocation GetBucketVersioning")
ECR_PULL = actions("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer")
ECR_PUSH = actions("ecr", "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage")
# One's own images can be taken away again; a repository is its stack's, or teardown's.
ECR_DELETE = actions("ecr", "BatchDeleteImage")
ECR_VIEW = actions(
    "ecr",
    "DescribeImage* DescribeRepositories ListImages",
)
# What the boundary lets through of S3 and ECR, in any mode: what is done with objects and images.
# Not: locks, holds, policies, replication, settings, and to make or delete what a stack made.
S3_OF_A_SEAT = actions(
    "s3",
    "AbortM* DeleteObject* GetBucketLocation GetBucketV* GetObject*",
    "ListBucket* ListMultipart* PutObject PutObjectTagging",
)
ECR_OF_A_SEAT = actions(
    "ecr",
    "BatchC* BatchDeleteImage BatchGetI* CompleteL* CreateRepository DescribeImage*",
    "DescribeRepositories",
    "GetAu* GetD* InitiateL* ListImages PutImage UploadL*",
)
# Readings of a metric cost by the request; GetMetricData alone also by the metric, and takes 500 of
# them at once: it is for the console, which draws dashboards with it.
METRICS = actions("cloudwatch", "GetMetricStatistics ListMetrics")
CONSOLE_VIEWS = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "tag:GetResources",
)
LOG_WRITE = actions("logs", "CreateLogGroup CreateLogStream PutLogEvents")
LOG_READ = actions("logs", "FilterLogEvents GetLogEvents")
LOG_NAMES = actions("logs", "DescribeLogGroups DescribeLogStreams")
# What a notebook reads when it starts, below the path of the workshop's parameters.
START = actions("ssm", "GetParametersByPath")
TRAINING_CREATE = actions("sagemaker", "CreateTrainingJob CreateHyperParameterTuningJob")
PROCESSING_CREATE = actions("sagemaker", "CreateProcessingJob CreateTransformJob")
ENDPOINT_CREATE = actions("sagemaker", "CreateEndpointConfig")
OTHER_CREATE = actions(
    "sagemaker",
    "CreateAction CreateArtifact CreateContext CreateExperiment CreateModel",
    "CreateModelPackageGroup CreatePipeline CreateTrialComponent",
)
# Below the seat's own name, which the boundary sees to; the tags prove to a teardown whose it is.
REPOSITORY_CREATE = actions("ecr", "CreateRepository")
# Made out of something that exists: authorised on both, and only on what is new could a tag of the
# request stand for the seat's own.
MADE_OF = {
    "sagemaker:CreateEndpoint": ("endpoint", "endpoint-config"),
    "sagemaker:CreateInferenceComponent": ("inference-component", "endpoint"),
    "sagemaker:CreateTrial": ("experiment-trial", "experiment"),
}
# A registration may have SageMaker validate the package by transform jobs of any instance type
# (``ValidationSpecification``), of which IAM knows nothing.
MODEL_PACKAGES = actions("sagemaker", "CreateModelPackage")
# What may be done with a thing that carries the seat's own tag. Wildcards save room where all that
# they cover may be done, today and by the looks of the names.
TAGGED_USE = (
    *MADE_OF,
    *actions(
        "sagemaker",
        "AddAssociation AddTags AssociateTrialComponent BatchPutMetrics",
        "DeleteA* DeleteContext DeleteE* DeleteInferenceC* DeleteModel* DeleteP* DeleteTr*",
        "Describe* DisassociateTrialComponent InvokeEndpoint* ListPipeline* ListTags",
        "RetryPipelineExecution StartPipelineExecution Stop*",
        "UpdateE* UpdateInferenceComponentR* UpdateModelPackage UpdatePipeline* UpdateTrial*",
    ),
)
# What programs make unless it is there. IAM takes no wildcard for a type.
ASKED_FOR = (
    *("endpoint", "endpoint-config", "experiment", "experiment-trial"),
    *("experiment-trial-component", "feature-group", "model", "model-package-group", "pipeline"),
)
# Executions have no AddTags of their own, and whether AWS lets them answer for the tags of their
# pipeline is nowhere written: below a pipeline of the seat's prefix they are its own by name.
EXECUTION_USE = actions("sagemaker", "*Pipeline*Execution*")
# What changes an execution, to send to it and to stop it among others. StartPipelineExecution is
# not of it: it is done to a pipeline.
EXECUTION_CHANGE = actions(
    "sagemaker",
    "RetryPipelineExecution S???PipelineExecution* UpdatePipelineExecution",
)
# One's own notebook, opened and started as attendees and whoever hands out links do.
NOTEBOOK_USE = actions(
    "sagemaker",
    "CreatePresignedNotebookInstanceUrl DescribeNotebookInstance",
    "StartNotebookInstance StopNotebookInstance",
)
# What serves models: the model's own role runs in the container, not the caller's.
MODEL_USE = actions("sagemaker", "CreateEndpointConfig CreateInferenceComponent CreateTransformJob")
# Lists show names and states. Nearly all have no resource-level permissions. Search has none
# either, but shows whole records of every seat (hyper-parameters, paths): the YAML can close it.
LISTS = actions(
    "sagemaker",
    "ListA* ListContexts ListE* ListHyperParameterTuningJobs ListInferenceC* ListLineage*",
    "ListModel* ListNotebookInstances ListPipelines ListProcessingJobs ListTr* QueryLineage",
)
# What JumpStart of the Python SDK reads of AWS's own hub of models.
HUB_VIEW = actions("sagemaker", "DescribeHub* ListHubContent*")
# What a job or notebook in a VPC needs of its own role
# (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html).
NETWORK_INTERFACES = actions(
    "ec2",
    "CreateNetworkInterface DeleteNetworkInterface *NetworkInterfacePermission",
)
NETWORK_VIEW = actions(
    "ec2",
    "DescribeDhcpOptions DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets",
    "DescribeVpcs",
)
# A seat's own EC2 instance: started, stopped, and entered by Session Manager; SSH goes through it
# with a key that lasts a minute.
BOX_USE = actions("ec2", "RebootInstances StartInstances StopInstances")
BOX_KEY = actions("ec2-instance-connect", "SendSSHPublicKey")
BOX_SESSION = actions("ssm", "StartSession")
SESSION_USE = actions("ssm", "ResumeSession TerminateSession")
# What shows that a seat may go in: of a frozen one it is taken away.
BOX_ENTER = (*BOX_KEY, *BOX_SESSION, "ssm:ResumeSession")
BOX_VIEW = (
    *actions("ec2", "DescribeInstances DescribeInstanceStatus"),
    "ssm:DescribeInstanceInformation",
)
BOX_CONNECTION = actions("ssm", "GetConnectionStatus")
# What the SSM agent calls for sessions alone: no commands, no parameters, no inventory
# (https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html).
# Whoever opens a session carries it as well. Of the agent's own, AWS says from which instance they
# come (Service Authorization Reference).
AGENT_ITSELF = ("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel")
AGENT = actions("ssmmessages", "CreateDataChannel OpenControlChannel")
CARRY = actions("ssmmessages", "OpenDataChannel")
# The same for the boundary, by wildcards that cover nothing else.
BOX_OF_A_SEAT = (
    *("ec2-instance-connect:SendSSH*", "ec2:RebootI*", "ec2:St*Instances"),
    *("ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
    *("ssm:*Session", "ssm:DescribeInstanceI*", "ssm:GetConn*"),
    *("ssm:UpdateInstanceI*", "ssmmessages:*"),
)
# What carries another seat's tag is that seat's: of EC2 instances alone, since networks of the
# organiser's may carry tags of any meaning.
BOXES_OF_OTHERS = ("ec2-instance-connect:*", "ec2:*Instance*", "ssm:StartSession")
# By these one could take another's instance for one's own, put another role on it, or run something
# on it: ``check`` refuses to open them where seats have instances. By their whole names, so that
# any wildcard that covers one is found.
BOX_NEVER = (
    *actions("ec2", "AssociateIamInstanceProfile CreateTags DeleteTags ModifyInstanceAttribute"),
    *actions("ec2", "ModifyInstanceMetadataOptions ReplaceIamInstanceProfileAssociation"),
    *actions("ssm", "CreateAssociation CreateAssociationBatch SendCommand"),
    *actions("ssm", "StartAutomationExecution UpdateAssociation"),
)
# What the boundary lets through of SageMaker, in any mode. A name that AWS adds is not among them
# unless a wildcard covers it, of which ``test_access_completeness`` knows all that it covers.
SAGEMAKER_OF_A_SEAT = actions(
    "sagemaker",
    "AddAssociation AddTags Asso* Batch*Metrics",
    "CreateAct* CreateAr* CreateCont* CreateEndpoint* CreateExp* CreateHyper* CreateInferenceC*",
    "CreateModel CreateModelPackageG* CreatePi* CreatePresignedN* CreateProc*",
    "CreateTr*Job CreateTrial*",
    "DeleteA* DeleteCon* DeleteE* DeleteHyper* DeleteInferenceC* DeleteModel* DeleteP* DeleteTr*",
    "Describe* Disas* InvokeE* List* QueryL* RetryP* Search SendP*",
    "StartN* StartP* Stop* UpdateE* UpdateInferenceComponentR* UpdateModelP* UpdatePi* UpdateTr*",
)
# ``*te`` is to create, to update and to delete, here and below. ``check`` refuses to open these.
# These run something that costs and know no ``sagemaker:InstanceTypes``, so nothing could cap them
# (Service Authorization Reference); some are paid in advance and cannot be taken back.
COMPUTE_WITHOUT_TYPE = actions(
    "sagemaker",
    "*AutoMLJob* *Cluster* *ComputeQuota *Edge* *HubModel *InferenceExperiment *TrainingPlan",
    "*teMlflow* *tePartnerApp* Create*tion*Job CreateAI* CreateAlgorithm CreateJob",
    "CreateLabelingJob CreateModelCardExportJob CreateReservedCapacity StartHumanLoop",
    "StartMlflow* StartSession",
)
# What AWS closed to new customers: Model Monitor and Clarify.
CLOSED_BY_AWS = actions("sagemaker", "*MonitoringSchedule Create*JobDefinition")
# Root code on a notebook, a second notebook, Studio, the removal of the tags by which
# teardown finds things, and settings of the whole account: nobody's business in a workshop of
# notebooks. UpdateInferenceComponent could put a neighbour's model into a running component, and
# IAM does not know which model.
NEVER = actions(
    "sagemaker",
    "*teDomain *teNotebookInstance* *teSpace *teUserProfile *Policy *Portfolio *Workforce",
    "CreateApp CreatePresignedDomainUrl CreateStudioLifecycleConfig DeleteTags",
    "UpdateInferenceComponent",
)
FEATURE_STORE_CREATE = actions("sagemaker", "CreateFeatureGroup")
FEATURE_STORE_USE = actions(
    "sagemaker",
    "BatchGetRecord DeleteFeatureGroup DeleteRecord GetRecord PutRecord UpdateFeature*",
)
FEATURE_STORE_LISTS = actions("sagemaker", "ListFeatureGroups")
# What an offline store needs beside writing its objects: the bucket's owner, and a table in AWS
# Glue (AWS's policy AmazonSageMakerFeatureStoreAccess; to make the first of them,
# AmazonSageMakerFullAccess).
OFFLINE_STORE_LIST = actions("s3", "GetBucketAcl")
OFFLINE_STORE_WRITE = actions("s3", "PutObjectAcl")
FEATURE_STORE_TABLES = actions(
    "glue",
    "CreateDatabase CreateTable GetDatabase GetPartitions GetTable UpdateTable",
)
# How an offline store is read. A query reads with the rights of whoever asks, and is known by an id
# that AWS gives; to list queries, or to stop them, would reach those of all.
OFFLINE_STORE_QUERIES = actions("athena", "GetQueryExecution GetQueryResults StartQueryExecution")
# An endpoint's own size: Application Auto Scaling asks, with the rights of whoever registers it,
# whether they may change the endpoint.
SCALING_MAKE = actions("application-autoscaling", "RegisterScalableTarget")
SCALING_CHANGE = actions("application-autoscaling", "PutScalingPolicy PutScheduledAction")
SCALING_USE = actions("application-autoscaling", "Delete* Deregister* PutS*")
SCALING_LISTS = (*actions("application-autoscaling", "Describe*"), "cloudwatch:DescribeAlarms")
ALARMS = actions("cloudwatch", "DeleteAlarms PutMetricAlarm")
# MLflow: of an App by one permission and by those of what is done in it, of a tracking server by
# the latter alone (https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-app-setup-prerequisites-iam.html).
MLFLOW_USE = (
    *actions("sagemaker", "CallMlflowAppApi CreatePresignedMlflow*"),
    "sagemaker-mlflow:*",
)
MLFLOW_VIEW = actions("sagemaker", "DescribeMlflow* ListTags")
MLFLOW_LISTS = actions("sagemaker", "ListMlflow*")
# What is done to a repository or in one: everything in ECR but GetAuthorizationToken and
# settings of the whole registry.
ECR_EVERYTHING_NAMED = tuple(
    f"ecr:{verb}*" for verb in (*"BCDILPRSTU", "GetD", "GetI", "GetL", "GetR")
)
# Global services answer from one Region, whatever the caller's; a Region rule must spare them.
GLOBAL_SERVICES = ("iam:*", "s3:GetBucketLocation")
# Sample data lies in buckets of any Region. To read them makes nothing and costs the seat nothing;
# which ones a seat can read is said by its own policies, and this account's are closed by name.
PUBLIC_READ = actions("s3", "GetObject ListBucket")
