"""Which actions of AWS are called, by resource type: to deploy, to tear down, and while it runs."""

from __future__ import annotations

from workshop.naming import MLFLOW_APP
from workshop.policies.actions import actions

OF_STACKS_AND_ROLES = (
    *("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
    *("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole"),
    *("iam:ListPolicies", "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:ListRoles"),
)
"""What a teardown reads of what is deleted in steps of its own; the rest, resource types say."""

DELETES = (
    *actions("cloudwatch", "DeleteDashboards"),
    *actions("ec2", "DeleteLaunchTemplate DeleteNetworkInterface DeleteSecurityGroup"),
    *actions("ec2", "DeleteSnapshot DeleteVolume DeregisterImage StopInstances"),
    *actions("ec2", "TerminateInstances"),
    *actions("ecr", "BatchDeleteImage DeleteRepository"),
    *actions("events", "DeleteRule RemoveTargets"),
    *actions("logs", "DeleteLogGroup DeleteLogStream"),
    *actions("s3", "DeleteBucket"),
    *actions("sagemaker", "DeleteAssociation DisassociateTrialComponent StopPipelineExecution"),
    *actions("sagemaker", "UpdateTrainingJob"),
    *actions("scheduler", "DeleteSchedule"),
)
"""What a teardown calls to delete what attendees make, but for what SageMaker's types name."""

STACK, ROLE, POLICY, PARAMETER, LOG_GROUP = (
    "AWS::CloudFormation::Stack",
    "AWS::IAM::Role",
    "AWS::IAM::ManagedPolicy",
    "AWS::SSM::Parameter",
    "a log group of SageMaker",
)
WATCH_LOGS = "AWS::Logs::LogGroup"
"""The watch's stack makes one; SageMaker makes the others."""

ACTIONS: dict[str, tuple[str, ...]] = {
    STACK: actions(
        "cloudformation",
        "CreateStack UpdateStack DeleteStack DescribeStacks UpdateTerminationProtection",
        "RollbackStack",
        "DescribeStackEvents DescribeEvents GetTemplate",
    ),
    ROLE: actions(
        "iam",
        "CreateRole GetRole TagRole AttachRolePolicy DetachRolePolicy GetRolePolicy",
        "DeleteRolePolicy DeleteRole PassRole",
    ),
    POLICY: actions(
        "iam",
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy",
        "ListPolicyVersions",
    ),
    "AWS::S3::Bucket": actions(
        "s3",
        "CreateBucket PutBucketTagging PutBucketVersioning PutBucketPolicy",
        "PutBucketPublicAccessBlock PutBucketOwnershipControls PutEncryptionConfiguration",
        "PutLifecycleConfiguration DeleteBucket DeleteBucketPolicy",
    ),
    "AWS::S3::BucketPolicy": (),  # a part of its bucket
    "AWS::ECR::Repository": actions(
        "ecr",
        "CreateRepository DescribeRepositories PutLifecyclePolicy TagResource DeleteRepository",
    ),
    "AWS::SageMaker::NotebookInstance": actions(
        "sagemaker",
        "CreateNotebookInstance DescribeNotebookInstance StartNotebookInstance",
        "StopNotebookInstance CreatePresignedNotebookInstanceUrl DeleteNotebookInstance AddTags",
    ),
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": actions(
        "sagemaker",
        "CreateNotebookInstanceLifecycleConfig DescribeNotebookInstanceLifecycleConfig",
        "DeleteNotebookInstanceLifecycleConfig",
    ),
    "AWS::EC2::Instance": actions(
        "ec2",
        "RunInstances DescribeInstances StartInstances StopInstances TerminateInstances CreateTags",
    ),
    "AWS::EC2::SecurityGroup": actions(
        "ec2",
        "CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup",
    ),
    "AWS::EC2::LaunchTemplate": actions(
        "ec2", "CreateLaunchTemplate DescribeLaunchTemplates DeleteLaunchTemplate"
    ),
    "AWS::IAM::InstanceProfile": actions(
        "iam",
        "CreateInstanceProfile AddRoleToInstanceProfile GetInstanceProfile",
        "RemoveRoleFromInstanceProfile DeleteInstanceProfile",
    ),
    MLFLOW_APP: actions("sagemaker", "CreateMlflowApp DescribeMlflowApp DeleteMlflowApp"),
    "AWS::CloudWatch::Dashboard": actions(
        "cloudwatch", "PutDashboard GetDashboard TagResource DeleteDashboards"
    ),
    PARAMETER: actions("ssm", "PutParameter DeleteParameter GetParameters"),
    "AWS::Lambda::Function": actions(
        "lambda",
        "CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration",
        "DeleteFunction TagResource AddPermission RemovePermission GetPolicy",
    ),
    "AWS::Lambda::Permission": (),  # a part of its function
    "AWS::Lambda::Url": actions(
        "lambda",
        "CreateFunctionUrlConfig GetFunctionUrlConfig UpdateFunctionUrlConfig",
        "DeleteFunctionUrlConfig PutFunctionConcurrency DeleteFunctionConcurrency",
    ),
    "AWS::Events::Rule": actions(
        "events",
        "PutRule PutTargets DescribeRule ListTargetsByRule RemoveTargets DeleteRule TagResource",
    ),
    "AWS::SNS::Topic": actions(
        "sns",
        "CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic TagResource",
        "ListTagsForResource ListSubscriptionsByTopic",
    ),
    "AWS::SNS::TopicPolicy": (),  # a part of its topic
    "AWS::SNS::Subscription": actions("sns", "Subscribe Unsubscribe"),
    WATCH_LOGS: actions(
        "logs", "CreateLogGroup PutRetentionPolicy DeleteLogGroup TagResource ListTagsForResource"
    ),
    LOG_GROUP: actions("logs", "DescribeLogStreams"),
    "*": (
        *actions("sagemaker", "ListNotebookInstances ListTrainingJobs ListProcessingJobs"),
        *actions("sagemaker", "ListTransformJobs ListHyperParameterTuningJobs ListEndpoints"),
        *("sagemaker:Search", "tag:GetResources"),
    ),
}
"""By resource type, what CloudFormation's handlers and a deployment are known to call for a seat.

``*`` holds what IAM can allow on no single resource.
"""


OF_OBJECTS = actions("s3", "AbortMultipartUpload DeleteObject DeleteObjectVersion")
"""What a teardown does to what is in the workshop's buckets."""


OF_WORK = actions("s3", "GetObject GetObjectVersion PutObject")
"""What reads and saves attendees' work, tells agents something and copies work to another seat."""

OF_BILL = ("ce:GetCostAndUsage", "pricing:GetProducts")
"""What a bill reads besides; without it there are shipped prices, and nothing to compare with."""

OF_COMMON_BILL = (
    "ce:GetCostAndUsage",
    *actions("organizations", "DescribeOrganization ListAccounts"),
)
"""What ``bill --reconcile`` asks at home of several accounts, to have their costs at once."""
