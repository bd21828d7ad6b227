"""The permissions boundary of every seat."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    ALARMS,
    BOX_OF_A_SEAT,
    BOXES_OF_OTHERS,
    CONSOLE_VIEWS,
    ECR_EVERYTHING_NAMED,
    ECR_OF_A_SEAT,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_TABLES,
    FEATURE_STORE_USE,
    GLOBAL_SERVICES,
    LOG_NAMES,
    LOG_READ,
    LOG_WRITE,
    METRICS,
    MLFLOW_USE,
    MODEL_PACKAGES,
    NETWORK_INTERFACES,
    OFFLINE_STORE_LIST,
    OFFLINE_STORE_QUERIES,
    OFFLINE_STORE_WRITE,
    PUBLIC_READ,
    S3_OF_A_SEAT,
    SAGEMAKER_OF_A_SEAT,
    SCALING_LISTS,
    SCALING_MAKE,
    SCALING_USE,
    START,
)
from workshop.policies.data import offline_store_tables, sagemaker_logs
from workshop.policies.documents import (
    OWN_ATTENDEE,
    Document,
    Statement,
    allow,
    deny,
    deny_but,
    differs,
    document,
)


@dataclass(frozen=True)
class Openings:
    """What any profile of an environment opens, which the one boundary has to let through."""

    extra_actions: tuple[str, ...] = ()
    feature_store: bool = False
    model_packages: bool = False
    network: bool = False
    console: bool = False
    autoscaling: bool = False
    mlflow: bool = False
    box: bool = False


def boundary_policy(names: Names, openings: Openings = Openings()) -> Document:
    """Return the most that any seat's role can ever do, whatever is attached to it.

    It serves every seat at once: what is a seat's own is read from the tag of the calling role.
    It names what it lets through: an action that AWS adds tomorrow is not among it.
    """
    any_seat = replace(names, seat=OWN_ATTENDEE)
    # Of any account and Region, to save room: other Regions are denied, and what S3 and ECR hold in
    # other accounts goes by ``aws:ResourceAccount``.
    anywhere = replace(any_seat, account="*", region="*")
    # Bucket and objects in one pattern, which no other seat's names match.
    own_buckets = f"arn:{names.partition}:s3:::{any_seat.job_prefix}*"
    datasets = f"arn:{names.partition}:s3:::{names.cohort.job_prefix}datasets-*"
    boxes = BOXES_OF_OTHERS if openings.box else ()
    of_this_account = {"StringEqualsIfExists": {"aws:ResourceAccount": names.account}}
    return document(
        allow("ServicesOfTheWorkshop", _services(openings), ["*"]),
        allow(
            "OwnRole",
            ["iam:PassRole"],
            [any_seat.role_arn],
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("Logs", LOG_READ + LOG_WRITE, [f"{sagemaker_logs(anywhere)}/*"]),
        *_offline_store(anywhere, openings),
        # Where the caller has no such tag, a statement that names it matches nothing: without this
        # one, most denials below would be void for a role or person that lost the tag.
        deny(
            "NobodyInParticular",
            ["*"],
            ["*"],
            Condition={"Null": {f"aws:PrincipalTag/{tags.ATTENDEE}": "true"}},
        ),
        {
            "Sid": "OtherRegions",
            "Effect": "Deny",
            "NotAction": sorted(GLOBAL_SERVICES + PUBLIC_READ),
            "Resource": ["*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": names.region}},
        },
        deny_but(
            "NotebooksOfOthers",
            ["sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker:St*NotebookInstance"],
            [anywhere.notebook_arn],
        ),
        # Tags are set while a thing is made; later only on what is one's own already, or everybody
        # could put their own tag on a neighbour's. A missing tag differs from every value.
        deny(
            "TagsOfOthers",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={
                "Null": {"sagemaker:TaggingAction": "true"},
                "StringNotEquals": {f"aws:ResourceTag/{tags.ATTENDEE}": OWN_ATTENDEE},
            },
        ),
        # Whatever is attached, a bucket of this account is one's own or the datasets, to read; the
        # Python SDK's default bucket, shared by everybody in the account, is neither. Those of
        # other accounts hold sample data, to read, and are reached through access points as well.
        # Where S3 does not say whose it is, it is nobody's.
        deny_but("BucketsOfOthers", ["s3:*"], [own_buckets, datasets], Condition=of_this_account),
        {
            "Sid": "BucketsElsewhere",
            "Effect": "Deny",
            "NotAction": list(PUBLIC_READ),
            # A region is written for access points alone: IAM has refused it for other ARNs of S3.
            "Resource": [
                f"arn:{names.partition}:s3:::*",
                f"arn:{names.partition}:s3:*:*:accesspoint/*",
            ],
            "Condition": {"StringNotEquals": {"aws:ResourceAccount": names.account}},
        },
        {
            "Sid": "DatasetsAreReadOnly",
            "Effect": "Deny",
            "NotAction": ["s3:Get*", "s3:List*"],
            "Resource": [datasets],
        },
        # The same for repositories; those of other accounts hold base images.
        deny_but(
            "RepositoriesOfOthers",
            sorted(ECR_EVERYTHING_NAMED),
            [anywhere.repository_arn("*")],
            Condition=of_this_account,
        ),
        # What carries another seat's tag is that seat's; what carries none is nobody's. Another
        # workshop of the account may have a seat of the same id.
        *(
            differs(sid, ["ecr:*", "sagemaker:*", *boxes], f"aws:ResourceTag/{key}", own)
            for sid, key, own in (
                ("ThingsOfOthers", tags.ATTENDEE, OWN_ATTENDEE),
                ("ThingsOfOtherWorkshops", tags.WORKSHOP, names.workshop),
            )
        ),
    )


def _services(openings: Openings) -> list[str]:
    """Return the actions that no statement of the boundary limits to a resource when it allows."""
    actions = {
        "cloudwatch:GetDashboard",
        "cloudwatch:PutMetricData",
        "iam:GetRole",
        *START,
        *METRICS,
        *LOG_NAMES,
        *S3_OF_A_SEAT,
        *ECR_OF_A_SEAT,
        *SAGEMAKER_OF_A_SEAT,
        *openings.extra_actions,
    }
    if openings.console:
        actions.update(CONSOLE_VIEWS)
    if openings.model_packages:
        actions.update(MODEL_PACKAGES)
    if openings.box:
        actions.update(BOX_OF_A_SEAT)
    if openings.network:
        # What the wildcard covers is left out, to save room.
        actions = {action for action in actions if not action.startswith("ec2:Describe")}
        actions.update(NETWORK_INTERFACES, ["ec2:Describe*"])
    if openings.autoscaling:
        actions.update(SCALING_MAKE, SCALING_USE, SCALING_LISTS, ALARMS)
    if openings.mlflow:
        actions.update(MLFLOW_USE)
    if openings.feature_store:
        actions.update(
            FEATURE_STORE_CREATE,
            FEATURE_STORE_USE,
            FEATURE_STORE_LISTS,
            OFFLINE_STORE_LIST,
            OFFLINE_STORE_QUERIES,
            OFFLINE_STORE_WRITE,
        )
    return sorted(actions)


def _offline_store(anywhere: Names, openings: Openings) -> list[Statement]:
    if not openings.feature_store:
        return []
    return [allow("OfflineStoreTables", FEATURE_STORE_TABLES, offline_store_tables(anywhere))]
