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
TRAINING_CREATE = ("sagemaker:CreateTrainingJob", "sagemaker:CreateHyperParameterTuningJob")
PROCESSING_CREATE = ("sagemaker:CreateProcessingJob", "sagemaker:CreateTransformJob")
ENDPOINT_CREATE = ("sagemaker:CreateEndpointConfig",)
OTHER_CREATE = (
    "sagemaker:CreateExperiment",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:CreatePipeline",
    "sagemaker:CreateTrial",
    "sagemaker:CreateTrialComponent",
)
# What may be done with a thing that carries the seat's own tag.
TAGGED_USE = (
    "sagemaker:AssociateTrialComponent",
    "sagemaker:BatchPutMetrics",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateModelPackage",
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteExperiment",
    "sagemaker:DeleteModel",
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:DeletePipeline",
    "sagemaker:DeleteProcessingJob",
    "sagemaker:DeleteTrainingJob",
    "sagemaker:DeleteTrial",
    "sagemaker:DeleteTrialComponent",
    "sagemaker:Describe*",
    "sagemaker:DisassociateTrialComponent",
    "sagemaker:InvokeEndpoint",
    "sagemaker:InvokeEndpointAsync",
    "sagemaker:ListTags",
    "sagemaker:StartPipelineExecution",
    "sagemaker:Stop*",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "sagemaker:UpdateExperiment",
    "sagemaker:UpdateModelPackage",
    "sagemaker:UpdatePipeline",
    "sagemaker:UpdateTrial",
    "sagemaker:UpdateTrialComponent",
)
# Lists have no resource-level permissions and show names and states. Search has none either, but
# shows whole records of every seat (hyper-parameters, paths): the YAML can close it.
LISTS = tuple(
    f"sagemaker:List{kind}"
    for kind in (
        "Associations",
        "EndpointConfigs",
        "Endpoints",
        "Experiments",
        "HyperParameterTuningJobs",
        "ModelPackageGroups",
        "ModelPackages",
        "Models",
        "NotebookInstances",
        "PipelineExecutions",
        "Pipelines",
        "ProcessingJobs",
        "TrainingJobs",
        "TrainingJobsForHyperParameterTuningJob",
        "TransformJobs",
        "TrialComponents",
        "Trials",
    )
)
# What a job or notebook in a VPC needs of its own role
# (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html).
NETWORK_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
)
NETWORK_VIEW = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
# These run something that costs and know no ``sagemaker:InstanceTypes``, so nothing could cap them
# (Service Authorization Reference); some are paid in advance and cannot be taken back.
COMPUTE_WITHOUT_TYPE = tuple(
    f"sagemaker:{action}"
    for action in (
        "BatchAddClusterNodes",
        "BatchReplaceClusterNodes",
        "CreateAI*",
        "CreateAutoMLJob*",
        "CreateCluster*",
        "CreateCompilationJob",
        "CreateComputeQuota",
        "CreateEdge*",
        "CreateInferenceExperiment",
        "CreateInferenceRecommendationsJob",
        "CreateJob",
        "CreateLabelingJob",
        "CreateMlflow*",
        "CreateModelCardExportJob",
        "CreateOptimizationJob",
        "CreatePartnerApp*",
        "CreateReservedCapacity",
        "CreateTrainingPlan",
        "ExtendTrainingPlan",
        "StartClusterHealthCheck",
        "StartEdgeDeploymentStage",
        "StartHumanLoop",
        "StartInferenceExperiment",
        "StartMlflowTrackingServer",
        "StartMonitoringSchedule",
        "StartSession",
        "TrainHubModel",
        "DeployHubModel",
        "UpdateCluster*",
        "UpdateComputeQuota",
        "UpdateInferenceExperiment",
        "UpdateMlflow*",
        "UpdatePartnerApp",
    )
)
# Root code on a notebook, a second notebook, Studio, monitoring, and the removal of the tags by
# which teardown finds things: nobody's business in a workshop of notebooks.
NEVER = tuple(
    f"sagemaker:{action}"
    for action in (
        "Create*JobDefinition",
        "CreateApp",
        "CreateDomain",
        "CreateMonitoringSchedule",
        "CreateNotebookInstance*",
        "CreatePresignedDomainUrl",
        "CreateSpace",
        "CreateStudioLifecycleConfig",
        "CreateUserProfile",
        "DeleteTags",
        "UpdateDomain",
        "UpdateMonitoringSchedule",
        "UpdateNotebookInstance*",
        "UpdateSpace",
        "UpdateUserProfile",
    )
)
FEATURE_STORE_CREATE = ("sagemaker:CreateFeatureGroup",)
FEATURE_STORE_USE = (
    "sagemaker:BatchGetRecord",
    "sagemaker:DeleteFeatureGroup",
    "sagemaker:DeleteRecord",
    "sagemaker:GetRecord",
    "sagemaker:PutRecord",
    "sagemaker:UpdateFeatureGroup",
    "sagemaker:UpdateFeatureMetadata",
)
FEATURE_STORE_LISTS = ("sagemaker:ListFeatureGroups",)
# What takes a role's own tag instead of a name: everything in ECR that has a resource.
ECR_EVERYTHING_NAMED = tuple(
    f"ecr:{verb}*"
    for verb in (
        "Batch",
        "Complete",
        "Delete",
        "Describe",
        "GetD",
        "GetL",
        "GetR",
        "Initiate",
        "List",
        "Put",
        "Replicate",
        "Set",
        "Start",
        "Tag",
        "Untag",
        "Upload",
    )
)
# Global services answer from one Region, whatever the caller's; a Region rule must spare them.
GLOBAL_SERVICES = ("iam:*", "sts:*", "s3:ListAllMyBuckets", "s3:GetBucketLocation")
