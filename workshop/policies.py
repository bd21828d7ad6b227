"""The policy documents, as pure functions that return plain dictionaries.

Each takes :class:`workshop.naming.Names`: with real values it returns the document as IAM will see
it, with :meth:`Names.placeholders` the text that CloudFormation's ``Fn::Sub`` completes. IAM's own
variables (``${aws:PrincipalTag/attendee}``) are left for IAM; whoever hands a document to
``Fn::Sub`` escapes them (``workbench.sub`` does).

Which action knows which resource type and condition key follows the Service Authorization
Reference for SageMaker
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workshop import tags
from workshop.errors import WorkshopError
from workshop.naming import Names

Document = dict[str, Any]
Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""Characters, white space left out, of all inline policies of one role
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
LONGEST = {
    "${AttendeeId}": 12,
    "${AWS::AccountId}": 12,
    "${AWS::Region}": 15,
    "${AWS::Partition}": 10,
}
"""The most characters that a placeholder can become."""
MANAGED_LIMIT = 6_144
"""Characters, white space left out, of one managed policy (same page)."""

MANAGED_POLICIES = (
    "AmazonSageMakerFullAccess",
    "AmazonS3FullAccess",
    "AmazonEC2ContainerRegistryFullAccess",
)
"""What ``access.mode: managed`` attaches: the three policies that workshops usually ask for."""

WHY_WILDCARD = {
    "OwnObjects": "every object, in the seat's own buckets only",
    "SharedDatasetObjects": "every object of the shared datasets, to read only",
    "RegistryLogin": "ecr:GetAuthorizationToken has no resource; the token opens nothing by itself",
    "BaseImagesOfOtherAccounts": "AWS's image accounts differ by Region; aws:ResourceAccount keeps"
    " this account's repositories out",
    "MakeOwn": "what does not exist yet has no name; aws:RequestTag forces the seat's tag on it",
    "TagWhatIsBeingMade": "sagemaker:TaggingAction allows tags only while a thing is being made",
    "UseOwn": "attendees name their things freely; aws:ResourceTag limits the use to the seat's",
    "MakeOwnEndpoint": "as MakeOwn, on the endpoint alone: its configuration must be the seat's",
    "SeeNames": "SageMaker's lists have no resource-level permissions",
    "SeeNetworks": "EC2's descriptions have no resource-level permissions",
    "NetworkInterfaces": "SageMaker makes interfaces with the job's role, in the profile's subnet"
    " alone",
    "WriteJobLogs": "SageMaker names log streams after jobs, whose names are free",
    "SeeLogGroups": "names of log groups only",
    "SeeLogStreams": "names of log streams only",
    "ReadOwnLogs": "streams whose names begin with the seat's prefix, which no other name does",
    "WriteSageMakerMetrics": "cloudwatch:namespace keeps it to SageMaker's namespaces",
    "ReadMetrics": "CloudWatch's metrics have no resource-level permissions",
    "ServicesOfTheWorkshop": "a boundary allows nothing by itself, it only limits",
}
"""Why a statement may hold a wildcard, by Sid."""

OWN_ATTENDEE = f"${{aws:PrincipalTag/{tags.ATTENDEE}}}"
"""IAM's variable for the seat that the calling role is tagged with."""

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
# shows whole records of every seat (hyper-parameters, paths, environments): it is not among them.
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
# Root code on a notebook, reservations that are paid at once, clusters, and the removal of the
# tags by which teardown finds things: nobody's business in a workshop.
NEVER = (
    "sagemaker:CreateCluster",
    "sagemaker:CreateDomain",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateNotebookInstanceLifecycleConfig",
    "sagemaker:CreatePartnerApp",
    "sagemaker:CreateReservedCapacity",
    "sagemaker:CreateTrainingPlan",
    "sagemaker:DeleteTags",
    "sagemaker:UpdateNotebookInstance",
    "sagemaker:UpdateNotebookInstanceLifecycleConfig",
)
# Global services answer from one Region, whatever the caller's; a Region rule must spare them.
GLOBAL_SERVICES = ("iam:*", "sts:*", "s3:ListAllMyBuckets", "s3:GetBucketLocation")


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources),
        **rest,
    }


def _deny(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    return {**_allow(sid, actions, resources, **rest), "Effect": "Deny"}


def trust_policy(names: Names) -> Document:
    """Who may take on a seat's role: SageMaker, and only on behalf of this account.

    The account condition closes the confused-deputy gap
    (https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html).
    """
    return _document(
        {
            "Sid": "SageMakerOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": names.account}},
        }
    )


def managed_policy_arns(names: Names) -> tuple[str, ...]:
    """The ARNs behind ``access.mode: managed``."""
    return tuple(f"arn:{names.partition}:iam::aws:policy/{name}" for name in MANAGED_POLICIES)


def data_policy(names: Names, *, buckets: Sequence[str], repositories: Sequence[str]) -> Document:
    """The seat's own buckets and repositories, the shared datasets, and the public base images.

    ``buckets`` and ``repositories`` are the keys from the YAML.
    """
    own_buckets = [names.bucket_arn(key) for key in buckets]
    own_repositories = [names.repository_arn(key) for key in repositories]
    return _document(
        _allow("OwnBuckets", S3_LIST, own_buckets),
        _allow("OwnObjects", S3_READ + S3_WRITE, [f"{arn}/*" for arn in own_buckets]),
        _allow("SharedDatasets", S3_LIST, [names.datasets_bucket_arn]),
        _allow("SharedDatasetObjects", S3_READ, [f"{names.datasets_bucket_arn}/*"]),
        _allow("RegistryLogin", ["ecr:GetAuthorizationToken"], ["*"]),
        _allow("OwnRepositories", ECR_PULL + ECR_PUSH + ECR_VIEW, own_repositories),
        # AWS's deep-learning and SageMaker images live in accounts of AWS's own, which differ by
        # Region; what this account holds is covered by the statement above and nothing else.
        _allow(
            "BaseImagesOfOtherAccounts",
            ECR_PULL,
            [f"arn:{names.partition}:ecr:*:*:repository/*"],
            Condition={"StringNotEquals": {"aws:ResourceAccount": names.account}},
        ),
    )


def sagemaker_policy(
    names: Names,
    *,
    training_instance_types: Sequence[str],
    processing_instance_types: Sequence[str],
    endpoint_instance_types: Sequence[str],
) -> Document:
    """SageMaker for one seat: what it makes carries its tag, and only that can it use.

    Instance types are capped by a Deny: an Allow with ``ForAnyValue:StringEquals`` would let a
    mixed list through.
    """
    # The workshop as well as the seat: another workshop of the account may have the same id.
    own = {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
    own_tag = {f"aws:RequestTag/{key}": value for key, value in own.items()}
    own_thing = {f"aws:ResourceTag/{key}": value for key, value in own.items()}

    def cap(sid: str, actions: Sequence[str], types: Sequence[str]) -> Statement:
        return _deny(
            sid,
            actions,
            ["*"],
            Condition={"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(types)}},
        )

    return _document(
        _allow(
            "MakeOwn",
            TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE,
            ["*"],
            Condition={"StringEquals": own_tag},
        ),
        # Authorised on the endpoint and on its configuration: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role.
        _allow(
            "MakeOwnEndpoint",
            ["sagemaker:CreateEndpoint"],
            [names.sagemaker_arn("endpoint", "*")],
            Condition={"StringEquals": own_tag},
        ),
        # Tags can be set while a thing is made and at no other time, so that nobody can put their
        # own tag on a neighbour's
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html).
        _allow(
            "TagWhatIsBeingMade",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"StringEquals": own_tag, "Null": {"sagemaker:TaggingAction": "false"}},
        ),
        _allow("UseOwn", TAGGED_USE, ["*"], Condition={"StringEquals": own_thing}),
        _allow("SeeNames", LISTS, ["*"]),
        _allow(
            "OwnNotebook",
            [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DescribeNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            [names.notebook_arn],
        ),
        _allow(
            "PassOwnRole",
            ["iam:PassRole"],
            [names.role_arn],
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        _allow("ReadOwnRole", ["iam:GetRole"], [names.role_arn]),
        cap("TrainingInstanceTypes", TRAINING_CREATE, training_instance_types),
        cap("ProcessingInstanceTypes", PROCESSING_CREATE, processing_instance_types),
        cap("EndpointInstanceTypes", ENDPOINT_CREATE, endpoint_instance_types),
    )


def observation_policy(names: Names) -> Document:
    """Log streams of the seat's own names, metrics, and the seat's dashboard.

    SageMaker writes a job's log stream with the job's role and names it after the job. Names are
    free, so writing has to cover every stream of the group, a neighbour's as well. Reading is
    limited to jobs that begin with the seat's prefix and to the seat's notebook: the log of a job
    of another name stays closed, even to who started it.
    """
    logs = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group"
    groups = f"{logs}:/aws/sagemaker/*"
    return _document(
        _allow(
            "WriteJobLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [groups],
        ),
        _allow("SeeLogGroups", ["logs:DescribeLogGroups"], [f"{logs}:*"]),
        _allow("SeeLogStreams", ["logs:DescribeLogStreams"], [groups]),
        _allow(
            "ReadOwnLogs",
            ["logs:GetLogEvents"],
            [
                f"{groups}:log-stream:{names.job_prefix}*",
                f"{logs}:/aws/sagemaker/NotebookInstances:log-stream:{names.notebook}/*",
            ],
        ),
        _allow(
            "WriteSageMakerMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            Condition={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}},
        ),
        _allow(
            "ReadMetrics",
            [
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ],
            ["*"],
        ),
        _allow(
            "OwnDashboard",
            ["cloudwatch:GetDashboard"],
            [f"arn:{names.partition}:cloudwatch::{names.account}:dashboard/{names.dashboard}"],
        ),
    )


def network_policy(names: Names, *, subnet_id: str) -> Document:
    """What a notebook in a VPC needs: network interfaces in the profile's subnet."""
    ec2 = f"arn:{names.partition}:ec2:{names.region}:{names.account}"
    return _document(
        _allow("SeeNetworks", NETWORK_VIEW, ["*"]),
        _allow(
            "NetworkInterfaces",
            NETWORK_INTERFACES,
            [
                f"{ec2}:network-interface/*",
                f"{ec2}:security-group/*",
                f"{ec2}:subnet/{subnet_id}",
            ],
        ),
    )


def check_inline(documents: Mapping[str, Document], what: str) -> None:
    """Refuse a role's inline policies that IAM would refuse, for the longest placeholders.

    ``what`` names the role at the start of the sentence.
    """
    size = sum(characters(document) for document in documents.values())
    if size > INLINE_LIMIT:
        raise WorkshopError(
            f"{what} has {size:,} characters of policies and IAM takes {INLINE_LIMIT:,}; allow"
            " fewer instance types, buckets or repositories"
        )


def characters(document: Document) -> int:
    """The size of a document as IAM counts it, with placeholders at their longest."""
    text = json.dumps(document, separators=(",", ":"))
    for placeholder, longest in LONGEST.items():
        text = text.replace(placeholder, "x" * longest)
    return len(text)


def boundary_policy(names: Names) -> Document:
    """The most that any seat's role can ever do, whatever is attached to it.

    It serves every seat at once: what is a seat's own is read from the tag of the calling role.
    """
    any_seat = replace(names, seat=OWN_ATTENDEE)
    return _document(
        _allow(
            "ServicesOfTheWorkshop",
            [
                "cloudwatch:*",
                "ec2:Describe*",
                *NETWORK_INTERFACES,
                "ecr:*",
                "iam:GetRole",
                "iam:PassRole",
                "logs:*",
                "s3:*",
                "sagemaker:*",
                "sts:GetCallerIdentity",
            ],
            ["*"],
        ),
        {
            "Sid": "OtherRegions",
            "Effect": "Deny",
            "NotAction": sorted(GLOBAL_SERVICES),
            "Resource": ["*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": names.region}},
        },
        {
            "Sid": "RolesOfOthers",
            "Effect": "Deny",
            "Action": ["iam:PassRole"],
            "NotResource": [any_seat.role_arn],
        },
        {
            "Sid": "DatasetsAreReadOnly",
            "Effect": "Deny",
            "NotAction": sorted(S3_READ + S3_LIST),
            "Resource": [names.datasets_bucket_arn, f"{names.datasets_bucket_arn}/*"],
        },
        {
            "Sid": "NotebooksOfOthers",
            "Effect": "Deny",
            "Action": [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DeleteNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            "NotResource": [any_seat.notebook_arn],
        },
        _deny(
            "TagsOfOthers",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"Null": {"sagemaker:TaggingAction": "true"}},
        ),
        # A shell in a training container would run with the job's role and outlive the job's code
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/train-remote-debugging.html).
        _deny(
            "RemoteDebugging",
            ["sagemaker:CreateTrainingJob", "sagemaker:UpdateTrainingJob"],
            ["*"],
            Condition={"Bool": {"sagemaker:EnableRemoteDebug": "true"}},
        ),
        _deny("Never", NEVER, ["*"]),
    )
