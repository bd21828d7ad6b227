"""What a local cloud that enforces IAM answers to whom, and how it words a refusal."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localcloud import process
from localcloud.errors import LocalCloudError
from tests.support import refusals
from tests.support.local_cloud import TRUST, Cloud
from tests.support.workshop_command import run

HERE = "us-east-1:000000000000"
LIST = "sagemaker:ListTrainingJobs"
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENY_LIST = {"Effect": "Deny", "Action": LIST, "Resource": "*"}


@pytest.fixture
def enforcing(enforcing: Cloud) -> Cloud:
    """The one of the module, empty."""
    enforcing.reset()
    return enforcing


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(cloud: Cloud, *statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> str:
    """Make a role that SageMaker can assume, with these permissions, and give its ARN."""
    iam = cloud.client("iam")
    arn = cloud.role("seat")
    if statements:
        iam.put_role_policy(RoleName="seat", PolicyName="p", PolicyDocument=policy(*statements))
    if boundary:
        made = iam.create_policy(PolicyName="boundary", PolicyDocument=policy(boundary))
        iam.put_role_permissions_boundary(
            RoleName="seat", PermissionsBoundary=made["Policy"]["Arn"]
        )
    return arn


def refusal(cloud: Cloud, service: str, method: str, **request: Any) -> tuple[int, str, str]:
    """Return HTTP status, code and message of what is refused."""
    return refusals.refusal(getattr(cloud.client(service), method), **request)


WHO = "User: arn:aws:sts::000000000000:assumed-role/seat/SageMaker is not authorized to perform: "


@pytest.mark.parametrize(
    ("statements", "boundary", "reason"),
    [
        ([], None, f"because no identity-based policy allows the {LIST} action"),
        ([ALLOW_ALL, DENY_LIST], None, "with an explicit deny in an identity-based policy"),
        (
            [ALLOW_ALL],
            {**ALLOW_ALL, "Action": "s3:*"},
            f"because no permissions boundary allows the {LIST} action",
        ),
        ([ALLOW_ALL], DENY_LIST, "with an explicit deny in a permissions boundary"),
        # What comes first in AWS's evaluation is named.
        ([], DENY_LIST, "with an explicit deny in a permissions boundary"),
        (
            [],
            {**ALLOW_ALL, "Action": "s3:*"},
            f"because no identity-based policy allows the {LIST} action",
        ),
    ],
)
def test_a_refusal_names_who_what_on_what_and_the_kind_of_policy(
    enforcing: Cloud,
    statements: list[dict[str, Any]],
    boundary: dict[str, Any] | None,
    reason: str,
) -> None:
    seat = enforcing.as_role(role(enforcing, *statements, boundary=boundary))
    expected = (400, "AccessDeniedException", f"{WHO}{LIST} on resource: * {reason}")
    assert refusal(seat, "sagemaker", "list_training_jobs") == expected


def test_a_session_policy_limits_a_session_of_a_role_that_a_user_may_assume(
    enforcing: Cloud,
) -> None:
    iam = enforcing.client("iam")
    user = iam.create_user(UserName="teacher")["User"]["Arn"]
    key = iam.create_access_key(UserName="teacher")["AccessKey"]
    iam.put_user_policy(
        UserName="teacher",
        PolicyName="p",
        PolicyDocument=policy({**ALLOW_ALL, "Action": "sts:AssumeRole"}),
    )
    trust = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName="seat", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="seat", PolicyName="p", PolicyDocument=policy(ALLOW_ALL))
    teacher = as_user(enforcing, key["AccessKeyId"], key["SecretAccessKey"])
    given = teacher.client("sts").assume_role(
        RoleArn=arn, RoleSessionName="SageMaker", Policy=policy({**ALLOW_ALL, "Action": "s3:*"})
    )["Credentials"]
    seat = as_user(enforcing, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    seat.client("s3").list_buckets()
    message = refusal(seat, "sagemaker", "list_training_jobs")[2]
    assert message.endswith(f"because no session policy allows the {LIST} action")
    message = refusal(teacher, "sagemaker", "list_training_jobs")[2]
    assert message.startswith(f"User: {user} is not authorized to perform: {LIST}")
    # The trust policy decides, and SageMaker alone is trusted by a seat's role.
    other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(TRUST))
    asked = {"RoleArn": other["Role"]["Arn"], "RoleSessionName": "SageMaker"}
    assert refusal(teacher, "sts", "assume_role", **asked)[1] == "AccessDenied"


def as_user(cloud: Cloud, key: str, secret: str, token: str = "") -> Cloud:
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    if token:
        credentials["aws_session_token"] = token
    return Cloud(cloud.running, cloud.state_dir, credentials=credentials)


def test_a_pattern_matches_keys_over_their_line_breaks_and_not_beyond_its_end(
    enforcing: Cloud,
) -> None:
    own = {"Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::data/*"}
    kept = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::data/kept"}
    seat = enforcing.as_role(role(enforcing, own, kept)).client("s3")
    enforcing.client("s3").create_bucket(Bucket="data")
    for key in ("a\nb", "cr\rx", "kept\n", "ctl\x01x"):
        seat.put_object(Bucket="data", Key=key, Body=b"x")
        seat.delete_object(Bucket="data", Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        seat.put_object(Bucket="data", Key="kept", Body=b"x")


def test_a_role_can_only_be_passed_by_who_may_pass_it(enforcing: Cloud) -> None:
    arn = role(enforcing, {**ALLOW_ALL, "Action": "sagemaker:*"})
    seat = enforcing.as_role(arn)
    request = {"ModelName": "m", "ExecutionRoleArn": arn, "PrimaryContainer": {"Image": "i"}}
    assert refusal(seat, "sagemaker", "create_model", **request) == (
        400,
        "AccessDeniedException",
        f"{WHO}iam:PassRole on resource: {arn} "
        "because no identity-based policy allows the iam:PassRole action",
    )
    only_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    allowed = {**ALLOW_ALL, "Action": ["sagemaker:*", "iam:PassRole"], "Condition": only_sagemaker}
    enforcing.client("iam").put_role_policy(
        RoleName="seat",
        PolicyName="p",
        PolicyDocument=policy({**ALLOW_ALL, "Action": "sagemaker:*"}, allowed),
    )
    seat.client("sagemaker").create_model(**request)


def test_the_account_itself_may_do_everything_and_mistakes_are_told_as_before(
    enforcing: Cloud,
) -> None:
    enforcing.client("sagemaker").list_training_jobs()
    seat = enforcing.as_role(role(enforcing, ALLOW_ALL))
    missing = {"NotebookInstanceName": "nobody"}
    assert refusal(seat, "sagemaker", "describe_notebook_instance", **missing)[2] == (
        "RecordNotFound"
    )
    unserved = refusal(seat, "sagemaker", "describe_flow_definition", FlowDefinitionName="a")
    assert unserved[:2] == (400, "NotPlayedHere")
    wrong = refusal(seat, "sagemaker", "describe_notebook_instance", NotebookInstanceName="a b")
    assert wrong[1] == "ValidationException"


def send(request: AWSRequest) -> tuple[int, Any]:
    """Send what boto3 would not."""
    prepared = request.prepare()
    body = prepared.body if isinstance(prepared.body, bytes) else None
    raw = urllib.request.Request(  # noqa: S310 - always http to 127.0.0.1
        prepared.url, body, dict(prepared.headers.items()), method=prepared.method
    )
    try:
        with urllib.request.urlopen(raw, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def stop_notebook(cloud: Cloud) -> AWSRequest:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "SageMaker.StopNotebookInstance",
    }
    return AWSRequest("POST", f"{cloud.endpoint}/", headers, b'{"NotebookInstanceName": "n"}')


def keys(cloud: Cloud) -> Credentials:
    given = cloud.credentials
    return Credentials(
        given["aws_access_key_id"], given["aws_secret_access_key"], given["aws_session_token"]
    )


def test_nobody_is_served_without_a_signature_of_their_own(enforcing: Cloud) -> None:
    status, body = send(stop_notebook(enforcing))
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")

    seat = enforcing.as_role(role(enforcing, ALLOW_ALL))
    presigned = stop_notebook(enforcing)
    SigV4QueryAuth(keys(seat), "sagemaker", "us-east-1").add_auth(presigned)
    status, body = send(presigned)
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")

    forged = as_user(enforcing, seat.credentials["aws_access_key_id"], "wrong", "wrong")
    refused = refusal(forged, "sagemaker", "list_training_jobs")
    assert refused[1] == "UnrecognizedClientException"
    forged.credentials["aws_session_token"] = seat.credentials["aws_session_token"]
    forged = Cloud(forged.running, forged.state_dir, credentials=forged.credentials)
    refused = refusal(forged, "sagemaker", "list_training_jobs")
    assert refused[1] == "InvalidSignatureException"


def test_what_is_performed_is_what_is_asked_about(enforcing: Cloud) -> None:
    login = {**ALLOW_ALL, "Action": "ecr:GetAuthorizationToken"}
    seat = enforcing.as_role(role(enforcing, login))
    enforcing.client("ecr").create_repository(repositoryName="bens")
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DeleteRepository",
    }
    body = b'{"repositoryName": "bens", "force": true}'
    address = f"{enforcing.endpoint}/?Action=GetAuthorizationToken"
    masked = AWSRequest("POST", address, headers, body)
    SigV4Auth(keys(seat), "ecr", "us-east-1").add_auth(masked)
    status, answer = send(masked)
    assert json.loads(answer)["__type"] == "AccessDeniedException", status

    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    smithy = AWSRequest("POST", f"{enforcing.endpoint}{path}", headers, b"\xa0")
    SigV4Auth(keys(seat), "monitoring", "us-east-1").add_auth(smithy)
    status, answer = send(smithy)
    assert status == 403, answer
    assert b"cloudwatch:ListMetrics" in answer


def test_only_a_role_that_trusts_sagemaker_gives_credentials(enforcing: Cloud) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    enforcing.client("iam").create_role(
        RoleName="machine",
        AssumeRolePolicyDocument=policy({**trust, "Action": "sts:AssumeRole"}),
    )
    arn = "arn:aws:iam::000000000000:role/machine"
    with pytest.raises(LocalCloudError, match=f"Could not assume role {arn}"):
        enforcing.as_role(arn)
    with pytest.raises(LocalCloudError, match=r"give one role by its ARN, such as arn:aws:iam::"):
        enforcing.as_role("machine")


def test_without_enforcement_a_role_is_named_but_not_limited(cloud: Cloud) -> None:
    seat = cloud.as_role(cloud.role("seat"))
    who = seat.client("sts").get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::000000000000:assumed-role/seat/SageMaker"
    assert who["Account"] == "000000000000"
    seat.client("sagemaker").list_training_jobs()
    seat.client("s3").create_bucket(Bucket="anything-goes")


def test_the_command_says_whether_permissions_are_enforced(
    enforcing: Cloud, running_cloud: Cloud
) -> None:
    for tried, told in ((enforcing, True), (running_cloud, False)):
        where = ("--state-dir", str(tried.state_dir))
        assert run("cloud", "status", *where).out.endswith(", IAM enforced\n") is told
        assert json.loads(run("cloud", "status", "--json", *where).out)["enforce_iam"] is told
    again = ("cloud", "start", "--state-dir", str(enforcing.state_dir))
    assert "it keeps its own settings" in run(*again).err
    assert "it keeps its own settings" not in run(*again, "--enforce-iam").err


def test_a_date_in_a_policy_is_judged_by_the_clouds_own_clock(enforcing: Cloud) -> None:
    """What a workshop's end denies can be seen without waiting for it."""
    enforcing.freeze()
    now = process.set_clock(enforcing.running)["now"]
    end = datetime.fromtimestamp(int(now) + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {
        "Effect": "Deny",
        "Action": "sagemaker:Create*",
        "Resource": "*",
        "Condition": {"DateGreaterThan": {"aws:CurrentTime": end}},
    }
    seat = enforcing.as_role(role(enforcing, ALLOW_ALL, ended)).client("sagemaker")
    seat.create_experiment(ExperimentName="before")
    enforcing.advance(3590)
    seat.create_experiment(ExperimentName="just-before")
    enforcing.advance(20)
    with pytest.raises(ClientError, match="with an explicit deny"):
        seat.create_experiment(ExperimentName="after")
    assert len(seat.list_experiments()["ExperimentSummaries"]) == 2


def test_what_was_refused_is_listed_with_all_that_was_asked(enforcing: Cloud) -> None:
    before = max((one["number"] for one in process.refusals(enforcing.running)), default=0)
    seat = enforcing.as_role(role(enforcing, ALLOW_ALL, DENY_LIST))
    seat.client("sagemaker").list_models()
    with pytest.raises(ClientError):
        seat.client("sagemaker").list_training_jobs()
    with pytest.raises(ClientError):
        enforcing.as_role(enforcing.role("other")).client("sagemaker").create_experiment(
            ExperimentName="mine", Tags=[{"Key": "attendee", "Value": "ada"}]
        )
    listed, made = process.refusals(enforcing.running, after=before)
    assert (listed["action"], listed["resource"], listed["context"]) == (LIST, "*", {})
    assert listed["principal"].endswith(":assumed-role/seat/SageMaker")
    assert made["action"] == "sagemaker:CreateExperiment"
    assert made["context"]["aws:requesttag/attendee"] == "ada"
    assert made["number"] == listed["number"] + 1
    assert process.refusals(enforcing.running, after=made["number"]) == []
    with pytest.raises(LocalCloudError, match="give the number of the last one"):
        process.post(enforcing.running, "/_localcloud/refusals", {"before": 1})


@pytest.mark.parametrize("service", ["comprehend", "textract", "rekognition", "athena", "polly"])
def test_a_service_that_is_not_there_at_all_is_not_played_either(
    enforcing: Cloud, service: str
) -> None:
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "athena": ("list_work_groups", {}),
        "comprehend": ("detect_entities", {"Text": "a", "LanguageCode": "en"}),
        "polly": ("describe_voices", {}),
        "rekognition": ("list_collections", {}),
        "textract": ("detect_document_text", {"Document": {"Bytes": b"a"}}),
    }
    method, request = calls[service]
    with pytest.raises(ClientError, match="NotPlayedHere"):
        getattr(enforcing.client(service), method)(**request)
