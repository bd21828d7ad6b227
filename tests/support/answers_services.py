"""Situations in which the answers of IAM, S3 and the other services were recorded."""

from __future__ import annotations

import json
from typing import Any

from tests.support.local_cloud import TRUST
from tests.support.recorded_answers import Provoker, Shown, provokes, refused

NO_POLICY = "arn:aws:iam::000000000000:policy/none"
STATEMENT = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})

# --- IAM ---------------------------------------------------------------------------------------

refused("iam-01", "iam", "get_role", RoleName="none")
refused("iam-02", "iam", "list_instance_profiles_for_role", RoleName="none")
refused("iam-06", "iam", "get_policy", PolicyArn=NO_POLICY)
refused("iam-09", "iam", "delete_policy", PolicyArn=NO_POLICY)
refused(
    "iam-10",
    "iam",
    "simulate_principal_policy",
    PolicySourceArn="arn:aws:iam::000000000000:role/none",
    ActionNames=["s3:GetObject"],
)
refused(
    "iam-20",
    "iam",
    "create_role",
    RoleName="unreadable",
    AssumeRolePolicyDocument="{not json",
)


def role(world: Provoker) -> dict[str, str]:
    """Make a role; return what names it."""
    name = world.name("role")
    world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return {"RoleName": name}


def policy(world: Provoker) -> dict[str, str]:
    """Make a managed policy; return what names it."""
    made = world.client("iam").create_policy(
        PolicyName=world.name("policy"), PolicyDocument=DOCUMENT
    )
    return {"PolicyArn": made["Policy"]["Arn"]}


@provokes("iam-03")
def a_role_that_is_none_leaves_a_profile(world: Provoker) -> None:
    iam = world.client("iam")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="none")


@provokes("iam-05")
def a_policy_is_detached_that_is_not_attached(world: Provoker) -> None:
    world.client("iam").detach_role_policy(**role(world), **policy(world))


@provokes("iam-07")
def a_policy_is_attached_that_is_none(world: Provoker) -> None:
    world.client("iam").attach_role_policy(**role(world), PolicyArn=NO_POLICY)


@provokes("iam-11")
def iam_throttles(world: Provoker) -> None:
    with world.faults({"effect": "throttle", "operation": "iam:SimulatePrincipalPolicy"}):
        world.client("iam").simulate_principal_policy(
            PolicySourceArn=world.seat, ActionNames=["s3:GetObject"]
        )


@provokes("iam-13")
def a_role_with_policies_is_deleted(world: Provoker) -> None:
    iam, named = world.client("iam"), role(world)
    iam.attach_role_policy(**named, **policy(world))
    iam.delete_role(**named)


@provokes("iam-16")
def an_attached_policy_is_deleted(world: Provoker) -> None:
    iam, named = world.client("iam"), policy(world)
    iam.attach_role_policy(**role(world), **named)
    iam.delete_policy(**named)


@provokes("iam-17")
def a_policy_with_versions_is_deleted(world: Provoker) -> None:
    iam, named = world.client("iam"), policy(world)
    iam.create_policy_version(**named, PolicyDocument=DOCUMENT)
    iam.delete_policy(**named)


@provokes("iam-18")
def the_default_version_of_a_policy_is_deleted(world: Provoker) -> None:
    world.client("iam").delete_policy_version(**policy(world), VersionId="v1")


@provokes("iam-19")
def a_service_linked_role_is_deleted(world: Provoker) -> None:
    iam = world.client("iam")
    made = iam.create_service_linked_role(AWSServiceName="sagemaker.amazonaws.com")
    iam.delete_role(RoleName=made["Role"]["RoleName"])


@provokes("iam-21")
def a_role_trusts_nobody_there_is(world: Provoker) -> None:
    principal = {"AWS": "arn:aws:iam::000000000000:role/none"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    world.client("iam").create_role(
        RoleName=world.name("role"), AssumeRolePolicyDocument=json.dumps(document)
    )


@provokes("iam-24")
def an_inline_policy_is_gone_already(world: Provoker) -> None:
    world.client("iam").delete_role_policy(**role(world), PolicyName="none")


# --- S3 ----------------------------------------------------------------------------------------

NO_BUCKET = {"Bucket": "no-such-bucket"}
refused("s3-03", "s3", "head_bucket", **NO_BUCKET)
refused("s3-07", "s3", "list_object_versions", **NO_BUCKET)
refused("s3-08", "s3", "get_object", **NO_BUCKET, Key="a")


def bucket(world: Provoker, **more: Any) -> dict[str, str]:
    """Make a bucket; return what names it."""
    name = world.name("bucket")
    world.client("s3").create_bucket(Bucket=name, **more)
    return {"Bucket": name}


def versioned(world: Provoker) -> dict[str, str]:
    """Make a bucket that keeps versions."""
    named = bucket(world)
    enabled = {"Status": "Enabled"}
    world.client("s3").put_bucket_versioning(**named, VersioningConfiguration=enabled)
    return named


def unconfigured(one: str, operation: str) -> None:
    """Register the question about a setting that a bucket does not have."""

    @provokes(one)
    def call(world: Provoker) -> None:
        getattr(world.client("s3"), operation)(**world.once("plain", lambda: bucket(world)))


unconfigured("s3-28", "get_bucket_tagging")
unconfigured("s3-29", "get_bucket_policy")
unconfigured("s3-30", "get_bucket_lifecycle_configuration")
unconfigured("s3-34", "get_object_lock_configuration")
unconfigured("s3-35", "get_bucket_replication")
unconfigured("s3-36", "get_bucket_website")


def taken_off(one: str, get: str, delete: str) -> None:
    """Register the question about a setting that a bucket had from the start and lost."""

    @provokes(one)
    def call(world: Provoker) -> None:
        named = bucket(world)
        getattr(world.client("s3"), delete)(**named)
        getattr(world.client("s3"), get)(**named)


taken_off("s3-32", "get_public_access_block", "delete_public_access_block")
taken_off("s3-33", "get_bucket_ownership_controls", "delete_bucket_ownership_controls")


@provokes("s3-01")
def a_bucket_of_another_is_asked_for_its_policy(world: Provoker) -> None:
    world.client("s3").get_bucket_policy(**bucket(world), ExpectedBucketOwner="444455556666")


@provokes("s3-02")
def the_expected_owner_is_no_account(world: Provoker) -> None:
    world.client("s3").get_bucket_policy(**bucket(world), ExpectedBucketOwner="abc")


def denied(one: str, operation: str, **request: str) -> None:
    """Register a call that no policy allows."""

    @provokes(one)
    def call(world: Provoker) -> None:
        with world.faults({"effect": "denied", "operation": "s3:*"}):
            getattr(world.client("s3"), operation)(Bucket="any", **request)


denied("s3-04", "head_object", Key="a")
denied("s3-05", "get_bucket_location")
denied("s3-06", "delete_bucket")


@provokes("s3-09")
def a_key_is_read_that_is_none(world: Provoker) -> None:
    world.client("s3").get_object(**bucket(world), Key="none")


@provokes("s3-10", "s3-11", "s3-12", "s3-13")
def versions_and_keys_that_are_not_there(world: Provoker) -> dict[str, Shown]:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    s3, named = world.client("s3"), versioned(world)
    version = s3.put_object(**named, Key="a", Body=b"1")["VersionId"]
    s3.delete_object(**named, Key="a", VersionId=version)
    s3.put_object(**named, Key="a", Body=b"1")
    gone = {"Key": "a", "VersionId": version}

    def error(operation: str, **request: Any) -> Shown:
        try:
            getattr(s3, operation)(**named, **request)
        except ClientError as refusal:
            told = refusal.response["Error"]
            status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
            return Shown(told["Message"], code=told["Code"], status=status)
        return Shown()

    deleted = s3.delete_objects(**named, Delete={"Objects": [gone, {"Key": "none"}]})
    (failed,) = deleted.get("Errors") or [{"Code": None, "Message": ""}]
    assert "none" in [entry["Key"] for entry in deleted["Deleted"]]
    return {
        "s3-10": error("get_object", **gone),
        "s3-11": Shown(failed["Message"], code=failed["Code"]),
        "s3-12": Shown(),
        "s3-13": error("delete_object", Key="a", VersionId="no version"),
    }


@provokes("s3-14", "s3-15")
def a_locked_version_is_deleted(world: Provoker) -> dict[str, Shown]:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    s3, named = world.client("s3"), bucket(world, ObjectLockEnabledForBucket=True)
    version = s3.put_object(**named, Key="a", Body=b"1")["VersionId"]
    s3.put_object_legal_hold(**named, Key="a", LegalHold={"Status": "ON"})
    locked = {"Key": "a", "VersionId": version}
    (failed,) = s3.delete_objects(**named, Delete={"Objects": [locked]})["Errors"]
    try:
        s3.delete_object(**named, **locked)
    except ClientError as refusal:
        told = refusal.response["Error"]
    return {
        "s3-14": Shown(told["Message"], code=told["Code"], status=403),
        "s3-15": Shown(failed["Message"], code=failed["Code"]),
    }


@provokes("s3-18")
def a_bucket_with_objects_is_deleted(world: Provoker) -> None:
    named = bucket(world)
    world.client("s3").put_object(**named, Key="a", Body=b"1")
    world.client("s3").delete_bucket(**named)


@provokes("s3-19")
def a_bucket_with_versions_is_deleted(world: Provoker) -> None:
    named = versioned(world)
    world.client("s3").put_object(**named, Key="a", Body=b"1")
    world.client("s3").delete_bucket(**named)


@provokes("s3-27")
def parts_of_no_upload_are_listed(world: Provoker) -> None:
    world.client("s3").list_parts(**bucket(world), Key="a", UploadId="none")


# --- the others --------------------------------------------------------------------------------

refused("cw-01", "cloudwatch", "get_dashboard", DashboardName="none")
refused("cw-03", "cloudwatch", "put_dashboard", DashboardName="a b!c", DashboardBody="{}")
refused(
    "cw-04",
    "cloudwatch",
    "put_dashboard",
    DashboardName="wrong",
    DashboardBody=json.dumps({"widgets": [{"type": "nosuch"}]}),
)
refused("ev-04", "events", "describe_event_bus", Name="none")
refused("ev-06", "events", "delete_rule", Name="none", EventBusName="other")
refused("sch-01", "scheduler", "get_schedule", Name="none")
refused("sts-01", "sts", "assume_role", RoleArn="x" * 20, RoleSessionName="one")
refused("sq-01", "service-quotas", "get_service_quota", ServiceCode="none", QuotaCode="L-00000000")


@provokes("cw-10")
def alarms_are_listed_without_their_type(world: Provoker) -> Shown:
    cloudwatch = world.client("cloudwatch")
    threshold = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    metric = {"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(AlarmName="metric", EvaluationPeriods=1, **threshold, **metric)
    cloudwatch.put_composite_alarm(AlarmName="composite", AlarmRule="ALARM(metric)")
    listed = cloudwatch.describe_alarms()
    assert [alarm["AlarmName"] for alarm in listed["MetricAlarms"]] == ["metric"]
    assert listed.get("CompositeAlarms", []) == []
    return Shown()


@provokes("cw-07")
def an_alarm_is_set_to_a_state_that_is_none(world: Provoker) -> None:
    world.client("cloudwatch").set_alarm_state(
        AlarmName="any", StateValue="INVALID", StateReason="for a test"
    )


@provokes("ecr-01", "ecr-02", "ecr-03")
def a_repository_without_policies_is_asked_and_deleted(
    world: Provoker,
) -> dict[str, Shown]:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    ecr, named = world.client("ecr"), {"repositoryName": world.name("images")}
    ecr.create_repository(**named)
    ecr.put_image(**named, imageManifest='{"schemaVersion": 2}', imageTag="v1")

    def error(operation: str) -> Shown:
        try:
            getattr(ecr, operation)(**named)
        except ClientError as refusal:
            told = refusal.response["Error"]
            return Shown(told["Message"], code=told["Code"], status=400)
        return Shown()

    return {
        "ecr-01": error("delete_repository"),
        "ecr-02": error("get_lifecycle_policy"),
        "ecr-03": error("get_repository_policy"),
    }


@provokes("logs-01")
def a_log_group_is_made_twice(world: Provoker) -> None:
    for _ in range(2):
        world.client("logs").create_log_group(logGroupName="twice")


@provokes("logs-03")
def a_stream_that_is_none_gets_events(world: Provoker) -> None:
    world.client("logs").create_log_group(logGroupName="empty")
    world.client("logs").put_log_events(
        logGroupName="empty", logStreamName="none", logEvents=[{"timestamp": 1, "message": "a"}]
    )


@provokes("logs-04")
def a_stream_is_made_twice(world: Provoker) -> None:
    world.client("logs").create_log_group(logGroupName="streams")
    for _ in range(2):
        world.client("logs").create_log_stream(logGroupName="streams", logStreamName="one")


@provokes("logs-06")
def logs_throttle(world: Provoker) -> None:
    with world.faults({"effect": "throttle", "operation": "logs:*"}):
        world.client("logs").describe_log_groups()


@provokes("ev-02")
def a_rule_with_targets_is_deleted(world: Provoker) -> None:
    events = world.client("events")
    events.put_rule(Name="targeted", ScheduleExpression="rate(1 day)")
    arn = "arn:aws:sqs:us-east-1:000000000000:queue"
    events.put_targets(Rule="targeted", Targets=[{"Id": "1", "Arn": arn}])
    events.delete_rule(Name="targeted")


@provokes("sq-31", "sq-02")
def a_global_quota_is_asked_elsewhere(world: Provoker) -> None:
    world.cloud.client("service-quotas", region="eu-west-1").get_service_quota(
        ServiceCode="iam", QuotaCode="L-FE177D64"
    )


def quota(one: str, service: str, code: str, name: str, *, adjustable: bool = True) -> None:
    """Register a quota that AWS has under this code and name."""

    @provokes(one)
    def listed(world: Provoker) -> Shown:
        found = world.client("service-quotas").get_service_quota(
            ServiceCode=service, QuotaCode=code
        )["Quota"]
        assert (found["QuotaName"], found["Adjustable"]) == (name, adjustable)
        return Shown()


for one, shape in {
    "sq-03": ("cloudformation", "L-0485CB21", "Stacks"),
    "sq-05": ("ecr", "L-CFEB8E8D", "Registered repositories"),
    "sq-07": ("sagemaker", "L-04CE2E67", "Total number of notebook instances"),
    "sq-08": ("sagemaker", "L-00C91CB5", "Number of instances across all training jobs"),
    "sq-09": ("sagemaker", "L-F311B08F", "Number of instances across all processing jobs"),
    "sq-10": ("sagemaker", "L-7A3DF611", "Number of instances across active endpoints"),
    "sq-12": ("sagemaker", "L-E17566B7", "ml.t3.medium for notebook instance usage"),
    "sq-13": ("sagemaker", "L-B6D80D9C", "ml.g5.xlarge for training job usage"),
    "sq-18": (
        "sagemaker",
        "L-E4B12EA2",
        "Total EBS volume size in GB across all notebook instances",
    ),
    "sq-19": ("sagemaker", "L-93958082", "Number of instances across all spot training jobs"),
    "sq-20": ("sagemaker", "L-CFC2D5B6", "Maximum number of concurrent AutoML Jobs"),
    "sq-21": (
        "sagemaker",
        "L-4E39DDC4",
        "Maximum number of running Studio apps allowed per account",
    ),
}.items():
    quota(one, *shape)


# --- what is true for a while only ---------------------------------------------------------------

INVALID_HERE = {"effect": "expired", "code": "UnrecognizedClientException"}


@provokes("iam-22")
def two_change_a_role(world: Provoker) -> None:
    named = role(world)
    with world.faults({"effect": "conflict", "operation": "iam:*Role*"}):
        world.client("iam").delete_role(**named)


@provokes("s3-24")
def two_change_a_bucket(world: Provoker) -> None:
    named = bucket(world)
    with world.faults({"effect": "conflict", "operation": "s3:DeleteBucket"}):
        world.client("s3").delete_bucket(**named)


@provokes("logs-07")
def two_change_a_log_group(world: Provoker) -> None:
    with world.faults({"effect": "conflict", "operation": "logs:*"}):
        world.client("logs").create_log_group(logGroupName="both")


@provokes("cw-02")
def a_new_dashboard_is_asked_for(world: Provoker) -> None:
    stale = {"effect": "stale", "operation": "cloudwatch:GetDashboard", "seconds": 5}
    cloudwatch, named = world.client("cloudwatch"), {"DashboardName": world.name("board")}
    with world.faults(stale):
        cloudwatch.put_dashboard(**named, DashboardBody='{"widgets": []}')
        cloudwatch.get_dashboard(**named)


@provokes("sts-03")
def the_region_does_not_know_the_caller(world: Provoker) -> None:
    with world.faults({**INVALID_HERE, "code": "InvalidClientTokenId"}):
        world.client("sts").get_caller_identity()


@provokes("any-01")
def a_json_service_does_not_know_the_caller(world: Provoker) -> None:
    with world.faults(INVALID_HERE):
        world.sagemaker.list_models()


@provokes("any-02")
def the_organization_denies(world: Provoker) -> None:
    denial = {"effect": "denied", "operation": "sagemaker:*", "policy": "organization"}
    with world.faults(denial):
        world.sagemaker.list_models()
