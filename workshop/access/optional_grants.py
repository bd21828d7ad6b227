"""What depends on the YAML's openings: logs, models, public buckets, the feature store, a VPC.

Each is a pair: what the opening lets a seat do, and what it still cannot, or cannot without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from workshop.access.case import (
    Case,
    Keys,
    Resource,
    Whose,
    bucket,
    everything,
    here,
    logs,
    made,
    mine,
    of_mine,
    of_namesake,
    of_other,
    own_bucket,
    serving,
    stream,
    theirs,
    thing,
)
from workshop.config.models import Access, Profile, Vpc
from workshop.naming import Names

ELSEWHERE = {"aws:RequestedRegion": "us-west-2", "aws:ResourceAccount": "763104351884"}
"""Where a public bucket may be."""


def allowed(profile: Profile) -> Iterator[Case]:
    """Give what the profile's openings let a seat do."""
    access, vpc = profile.access, profile.notebook.vpc
    if access.logs == "shared":
        yield Case(
            "reads the log of a job of any name",
            "logs:GetLogEvents",
            logs(mine, "TrainingJobs:log-stream:pytorch-training-2026/algo-1"),
        )
        yield Case(
            "reads the log of an endpoint of any name",
            "logs:GetLogEvents",
            logs(mine, "Endpoints/pytorch-2026:log-stream:AllTraffic/i-0abc"),
        )
    if access.model_packages:
        # With the tags of the group, as policies.compute assumes.
        yield Case(
            "makes a version in its group",
            "sagemaker:CreateModelPackage",
            thing("model-package"),
            of_mine,
        )
    if not access.model_prefix:
        yield Case("makes a model of any name", "sagemaker:CreateModel", thing("model"), made())
        yield Case(
            "serves a model of any name",
            "sagemaker:CreateEndpointConfig",
            thing("endpoint-config"),
            serving([access.endpoint_instance_types[0]], mine, "free"),
        )
    for name in access.public_buckets:
        for about, action, suffix in (("lists", "ListBucket", ""), ("reads", "GetObject", "/a")):
            yield Case(
                f"{about} the public bucket {name}",
                f"s3:{action}",
                bucket(f"{name}{suffix}"),
                lambda *_: ELSEWHERE,
            )
    if access.feature_store:
        yield from _allowed_features()
    if vpc is not None:
        yield from _allowed_network(vpc)


def denied(profile: Profile) -> Iterator[Case]:
    """Give what no seat of the profile may do, whatever the openings."""
    access = profile.access
    yield from _denied_logs(access)
    yield from _denied_models(access)
    if not access.model_packages:
        yield Case(
            "makes a version in its group, validated on who knows what",
            "sagemaker:CreateModelPackage",
            thing("model-package"),
            of_mine,
        )
        yield Case(
            "makes a package without a group",
            "sagemaker:CreateModelPackage",
            thing("model-package"),
            made(),
        )
    if not access.has_console:
        yield Case("reads 500 metrics at once", "cloudwatch:GetMetricData", everything)
    if access.mode == "scoped":
        if access.model_packages:
            groups: tuple[tuple[str, Keys], ...] = (
                ("without a group", made()),
                ("in a neighbour's group", of_other),
                ("in a namesake's group", of_namesake),
            )
            for about, keys in groups:
                yield Case(
                    f"makes a package {about}",
                    "sagemaker:CreateModelPackage",
                    thing("model-package"),
                    keys,
                )
        yield from _denied_buckets(access)
        yield from _denied_network()
        if not access.feature_store:
            yield Case(
                "changes who reads its object", "s3:PutObjectAcl", own_bucket("/train/a.csv"), here
            )
        else:
            yield Case(
                "keeps features in the shared default bucket",
                "sagemaker:CreateFeatureGroup",
                thing("feature-group"),
                lambda me, other: {
                    **made()(me, other),
                    "sagemaker:FeatureGroupOfflineStoreS3Uri": (
                        f"s3://sagemaker-{me.region}-{me.account}/features"
                    ),
                },
            )
    yield Case("changes a neighbour's features", "glue:UpdateTable", _table(theirs))
    yield Case("reads another table", "glue:GetTable", _glue("table/sales/orders"))


def _allowed_features() -> Iterator[Case]:
    yield Case(
        "makes a feature group",
        "sagemaker:CreateFeatureGroup",
        thing("feature-group"),
        lambda me, other: {
            **made()(me, other),
            "sagemaker:FeatureGroupOfflineStoreS3Uri": f"s3://{me.bucket('data')}/features",
        },
    )
    yield Case(
        "makes a feature group without an offline store",
        "sagemaker:CreateFeatureGroup",
        thing("feature-group"),
        made(),
    )
    yield Case("asks who owns its bucket", "s3:GetBucketAcl", own_bucket(), here)
    yield Case("hands over its features", "s3:PutObjectAcl", own_bucket("/features/a"), here)
    for about, resource in (
        ("in the catalogue", _glue("catalog")),
        ("in the database", _glue("database/sagemaker_featurestore")),
        ("of its features", _table(mine)),
        ("of its features, underscored", _table(mine, "_")),
    ):
        yield Case(f"makes a table {about}", "glue:CreateTable", resource)


def _denied_logs(access: Access) -> Iterator[Case]:
    if access.logs == "own":
        for about, text in (
            ("a neighbour's endpoint", "Endpoints/{}digits:log-stream:AllTraffic/i-0abc"),
            ("an endpoint of nobody's", "Endpoints/organiser-prod:log-stream:AllTraffic/i-0abc"),
        ):
            yield Case(f"forges the log of {about}", "logs:PutLogEvents", logs(theirs, text))
        yield Case("reads the log of a neighbour's job", "logs:GetLogEvents", stream(theirs))
        yield Case(
            "reads the log of a neighbour's endpoint",
            "logs:GetLogEvents",
            logs(theirs, "Endpoints/{}digits:log-stream:AllTraffic/i-0abc"),
        )
        yield Case(
            "filters the log of a neighbour's endpoint",
            "logs:FilterLogEvents",
            logs(theirs, "Endpoints/{}digits"),
        )
    yield Case(
        "reads the log of a neighbour's notebook",
        "logs:GetLogEvents",
        logs(theirs, "NotebookInstances:log-stream:{}notebook/jupyter.log"),
    )


def _denied_models(access: Access) -> Iterator[Case]:
    if not access.model_prefix:
        return
    yield Case("makes a model of any name", "sagemaker:CreateModel", thing("model"), made())
    machine = [access.endpoint_instance_types[0]]
    for whose, of, models in (
        ("the organiser's model", mine, ["fraud-prod"]),
        ("a neighbour's model that the SDK named", mine, ["pytorch-inference-2027-03-15-09-00"]),
        ("a neighbour's model in capitals", theirs, [f"{{}}{'digits'.upper()}"]),
        ("a model named alike", mine, ["my-{}digits"]),
        ("the organiser's model among its own", mine, ["fraud-prod", "{}digits"]),
    ):
        for verb, kind, action in (
            ("serves", "endpoint-config", "CreateEndpointConfig"),
            ("transforms by", "transform-job", "CreateTransformJob"),
            ("places", "inference-component", "CreateInferenceComponent"),
        ):
            yield Case(
                f"{verb} {whose}",
                f"sagemaker:{action}",
                thing(kind),
                serving(machine, of, *models),
            )


def _denied_buckets(access: Access) -> Iterator[Case]:
    yield Case(
        "reads a public bucket that is not named",
        "s3:GetObject",
        bucket("another-public-bucket/a"),
        lambda *_: ELSEWHERE,
    )
    # Names of buckets are anybody's to take.
    for about, action, resource in (
        ("lists a bucket of its name", "ListBucket", own_bucket()),
        ("reads a bucket of its name", "GetObject", own_bucket("/a")),
        ("lists a bucket that is called as the datasets", "ListBucket", _datasets()),
        ("reads a bucket that is called as the datasets", "GetObject", _datasets("/a")),
        ("asks who owns a bucket of its name", "GetBucketAcl", own_bucket()),
        ("hands over an object in a bucket of its name", "PutObjectAcl", own_bucket("/a")),
    ):
        yield Case(
            f"{about} in another account",
            f"s3:{action}",
            resource,
            lambda *_: {"aws:ResourceAccount": "999988887777"},
        )
    for name in access.public_buckets:
        yield Case(
            f"writes to the public bucket {name}",
            "s3:PutObject",
            bucket(f"{name}/a"),
            lambda *_: {"aws:ResourceAccount": ELSEWHERE["aws:ResourceAccount"]},
        )


def _allowed_network(vpc: Vpc) -> Iterator[Case]:
    for about, resource in (
        ("an interface", _ec2("network-interface/eni-1")),
        ("an interface in its subnet", _ec2(f"subnet/{vpc.subnet_id}")),
        *(
            (f"an interface in the group {one}", _ec2(f"security-group/{one}"))
            for one in vpc.security_group_ids
        ),
    ):
        yield Case(f"makes {about}", "ec2:CreateNetworkInterface", resource)
    yield Case(
        "lets SageMaker use its interface",
        "ec2:CreateNetworkInterfacePermission",
        _ec2("network-interface/eni-1"),
        lambda me, other: {"ec2:Subnet": _ec2(f"subnet/{vpc.subnet_id}")(me, other)},
    )


def _denied_network() -> Iterator[Case]:
    another = "subnet/subnet-0ffffffff"
    for about, resource in (
        ("subnet", another),
        ("security group", "security-group/sg-0ffffffff"),
    ):
        yield Case(
            f"makes an interface in another {about}", "ec2:CreateNetworkInterface", _ec2(resource)
        )
    yield Case(
        "deletes an interface of another subnet",
        "ec2:DeleteNetworkInterface",
        _ec2("network-interface/eni-1"),
        lambda me, other: {"ec2:Subnet": _ec2(another)(me, other)},
    )


def _datasets(suffix: str = "") -> Resource:
    return lambda me, _other: me.datasets_bucket_arn + suffix


def _ec2(resource: str) -> Resource:
    return lambda me, _other: _arn(me, "ec2", resource)


def _glue(resource: str) -> Resource:
    return lambda me, _other: _arn(me, "glue", resource)


def _table(of: Whose, separator: str = "-") -> Resource:
    """The table of a feature group that is named after its seat."""
    return lambda me, other: _arn(
        me,
        "glue",
        "table/sagemaker_featurestore/"
        + f"{of(me, other).job_prefix}clicks_17".replace("-", separator),
    )


def _arn(names: Names, service: str, resource: str) -> str:
    return f"arn:{names.partition}:{service}:{names.region}:{names.account}:{resource}"
