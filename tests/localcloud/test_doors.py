"""The local cloud serves nobody but who started it: what is not proven does and shows nothing."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from localcloud import process
from localcloud.authentication import keys
from tests.support import forged_requests
from tests.support.forged_requests import (
    CHANGES,
    FORGERIES,
    Forged,
    made,
    page_headers,
    send,
    signed,
)
from tests.support.local_cloud import TRUST, Cloud, root
from tests.support.refusals import code_of

CODES = (
    b"AccessDenied",
    b"AuthorizationHeaderMalformed",
    b"ExpiredToken",
    b"IncompleteSignature",
    b"InvalidAccessKeyId",
    b"InvalidClientTokenId",
    b"InvalidSignature",
    b"MissingAuthenticationToken",
    b"RequestTimeTooSkewed",
    b"SignatureDoesNotMatch",
    b"UnrecognizedClient",
    b"has no such host name",
)
"""What AWS calls it, service by service; the last is of our own."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state_dir = tmp_path_factory.mktemp("enforcing")
    yield Cloud(process.start(state_dir, enforce_iam=True).running, state_dir)
    process.stop(state_dir)


@pytest.fixture(params=["for everything", "as policies allow"])
def either(request: pytest.FixtureRequest, running_cloud: Cloud, started: Cloud) -> Cloud:
    """An empty cloud, without and with ``--enforce-iam``, that has the bucket ``kept``."""
    cloud = running_cloud if request.param == "for everything" else started
    cloud.reset()
    cloud.client("s3").create_bucket(Bucket="kept")
    return cloud


def refused(answer: forged_requests.Answered) -> bool:
    """Whether an answer is AWS's refusal of who cannot prove who they are, and nothing more."""
    return (
        answer.status in {400, 401, 403}
        and any(code in answer.body for code in CODES)
        and "access-control-allow-origin" not in answer.headers
    )


# --- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", CHANGES)
def test_a_forged_request_changes_nothing_and_the_true_one_does(
    either: Cloud, protocol: str
) -> None:
    change = CHANGES[protocol]
    let_in = {
        name: answer
        for name, forge in FORGERIES.items()
        if not refused(answer := send(either, forge(either, change)))
    }
    assert let_in == {}
    assert made(either) == []
    answer = send(either, signed(either, change))
    assert answer.status in {200, 201}, answer
    assert made(either) == ["forged"]


@pytest.mark.parametrize("origin", [None, "null", "https://example.org"])
def test_a_page_s_requests_change_nothing(either: Cloud, origin: str | None) -> None:
    for change in CHANGES.values():
        key = f"&AWSAccessKeyId={either.running.account}" if "?" in change.target else ""
        headers = {"Host": f"127.0.0.1:{either.running.port}", **change.headers}
        sent = Forged(
            change.method, change.target + key, headers | page_headers(origin), change.body
        )
        assert refused(send(either, sent)), change
    assert made(either) == []


def test_credentials_that_were_issued_work_until_they_end(either: Cloud) -> None:
    iam = either.client("iam")
    user = iam.create_user(UserName="teacher")["User"]["Arn"]
    key = iam.create_access_key(UserName="teacher")["AccessKey"]
    trust = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="taken", AssumeRolePolicyDocument=json.dumps({**TRUST, "Statement": [trust]})
    )["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.put_user_policy(
        UserName="teacher",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    teacher = given_to(either, key["AccessKeyId"], key["SecretAccessKey"])
    taken = teacher.client("sts").assume_role(RoleArn=role, RoleSessionName="lesson")["Credentials"]
    session = (taken["AccessKeyId"], taken["SecretAccessKey"])
    who = given_to(either, *session, taken["SessionToken"]).client("sts").get_caller_identity()
    assert who["Arn"].endswith(":assumed-role/taken/lesson")

    # Without its token, with another, and after its end a session's key is worth nothing.
    assert denied(given_to(either, *session)) == "InvalidClientTokenId"
    assert denied(given_to(either, *session, "another")) == "InvalidClientTokenId"
    iam.update_access_key(UserName="teacher", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert denied(teacher) == "InvalidClientTokenId"
    either.reset()
    assert denied(given_to(either, *session, taken["SessionToken"])) == "InvalidClientTokenId"


def given_to(cloud: Cloud, key: str, secret: str, token: str | None = None) -> Cloud:
    names = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    if token is not None:
        names["aws_session_token"] = token
    return Cloud(cloud.running, cloud.state_dir, credentials=names)


def denied(cloud: Cloud) -> str:
    return code_of(cloud.client("sts").get_caller_identity)


def test_every_account_has_a_secret_of_its_own(either: Cloud) -> None:
    other = either.client("sts", account="111122223333").get_caller_identity()
    assert other["Account"] == "111122223333"
    secrets = {keys.account_secret(either.running.secret, f"{n:012}") for n in range(50)}
    assert len(secrets | {keys.control_token(either.running.secret)}) == 51
    mixed = given_to(either, "111122223333", root(either.running)["aws_secret_access_key"])
    assert denied(mixed) == "SignatureDoesNotMatch"


# --- presigned URLs -------------------------------------------------------------------------------


def presigned(cloud: Cloud, version: str, operation: str, seconds: int = 60) -> Forged:
    """Return what a browser sends that opens a presigned URL of the object ``kept/a``."""
    client = boto3.Session().client(  # type: ignore[call-overload]
        "s3",
        region_name="us-east-1",
        endpoint_url=cloud.endpoint,
        config=Config(signature_version=version),
        **root(cloud.running),
    )
    url = client.generate_presigned_url(
        operation, Params={"Bucket": "kept", "Key": "a"}, ExpiresIn=seconds
    )
    parts = urlsplit(url)
    method = "GET" if operation == "get_object" else "PUT"
    return Forged(method, f"{parts.path}?{parts.query}", {"Host": parts.netloc})


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_opens_its_object_and_nothing_else(either: Cloud, version: str) -> None:
    s3 = either.client("s3")
    s3.put_object(Bucket="kept", Key="a", Body=b"of a", ContentType="text/plain")
    s3.put_object(Bucket="kept", Key="b", Body=b"of b")
    url = presigned(either, version, "get_object")
    assert send(either, url).body == b"of a"
    assert send(either, url.with_headers(**page_headers())).body == b"of a"

    another_key = replace(url, target=url.target.replace("/a?", "/b?"))
    of_the_bucket = replace(url, target=url.target.replace("/a?", "?"))
    versioned = replace(url, target=f"{url.target}&versionId=null")
    action = replace(url, target=f"{url.target}&Action=CreateUser&UserName=forged")
    form = {"content_type": forged_requests.FORM}
    for other in (
        another_key,
        of_the_bucket,
        versioned,
        action,
        replace(url, method="DELETE"),
        replace(url, method="PUT", body=b"changed"),
        url.with_headers(host="kept.s3.localhost"),
        url.with_headers(x_amz_target="SageMaker.ListModels"),
        url.with_headers(authorization="AWS4-HMAC-SHA256 Credential=000000000000/a/b/iam/c"),
        replace(url.with_headers(**form), method="POST", body=forged_requests.USER),
        presigned(either, version, "get_object", seconds=-1),
        replace(url, target=re.sub("Expires=[0-9]+", f"Expires={'9' * 5000}", url.target)),
        replace(url, target=re.sub("Expires=[0-9]+", "Expires=%C2%B2", url.target)),
        replace(url, target=re.sub("Expires=[0-9]+", "Expires=", url.target)),
    ):
        assert refused(send(either, other)), other
    # The body of an upload may be anything, but it stays a body.
    upload = presigned(either, version, "put_object")
    trailing = b"1\r\nx\r\n0\r\nauthorization: AWS4-HMAC-SHA256 Credential=0/a/b/iam/c\r\n\r\n"
    chunked = replace(upload.with_headers(content_encoding="aws-chunked"), body=trailing)
    assert refused(send(either, chunked))
    assert refused(send(either, replace(upload.with_headers(**form), method="POST")))
    form_body = replace(upload.with_headers(**form), body=forged_requests.USER)
    send(either, form_body)
    assert either.client("iam").list_users()["Users"] == []
    assert s3.get_object(Bucket="kept", Key="b")["Body"].read() == b"of b"


def test_an_open_bucket_and_a_posted_form_are_for_nobody(either: Cloud) -> None:
    s3 = either.client("s3")
    s3.delete_public_access_block(Bucket="kept")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    statement = {**everybody, "Resource": ["arn:aws:s3:::kept", "arn:aws:s3:::kept/*"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps(document))
    s3.put_object(Bucket="kept", Key="a", Body=b"of a")
    host = {"Host": f"127.0.0.1:{either.running.port}"}
    assert refused(send(either, Forged("GET", "/kept/a", host)))
    assert refused(send(either, Forged("GET", "/kept", host)))
    posted = s3.generate_presigned_post("kept", "b")["fields"] | {"file": "x"}
    boundary = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in posted.items()
    )
    multipart = {**host, "Content-Type": "multipart/form-data; boundary=b"}
    body = f"{boundary}--b--\r\n".encode()
    assert refused(send(either, Forged("POST", "/kept", multipart, body)))
    assert [content["Key"] for content in s3.list_objects_v2(Bucket="kept")["Contents"]] == ["a"]


def test_what_is_signed_in_chunks_is_held_to_its_signatures(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    change = forged_requests.Change("s3", "PUT", "/kept/a", {})
    for payload, good, bad in forged_requests.chunked(cloud, change):
        assert send(cloud, good).status == 200, payload
        assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"abc"
        for body in bad:
            assert refused(send(cloud, body)), (payload, body.body)


# --- paths and names ------------------------------------------------------------------------------

OF_THE_EMULATOR = (
    "GET /health",
    "GET /_ministack/health",
    "GET /_ministack/ready",
    "GET /_localstack/health",
    "POST /_ministack/reset",
    "POST /_ministack/config",
    "POST /_ministack/rds/iam-auth",
    "POST /_ministack/eks-auth/x",
    "GET /_ministack/lambda-code/f",
    "PUT /_ministack/cfn-response/x",
    "PUT /_ministack/cfn-signal/x",
    "GET /_aws/sqs/messages",
    "GET /_aws/ses",
    "GET /_aws/lambda-url/x/",
    "GET /_aws/execute-api/x/y",
    "GET /_alb/x",
    "GET /latest/meta-data/iam/security-credentials/",
    "GET /v2/",
    "GET /v2/kept/manifests/latest",
    "PUT /v2/kept/manifests/latest",
    "GET /v2/credentials/x",
    "GET /2018-06-01/runtime/invocation/next",
    "POST /2015-03-31/functions/f/invocations",
    "GET /oauth2/authorize",
    "POST /oauth2/token",
    "POST /login",
    "GET /pool/.well-known/jwks.json",
    "GET /iceberg/v1/config",
    "POST /v1/chat/completions",
    "POST /WriteGetObjectResponse",
    "POST /Execute",
    "GET /v20180820/accesspoint",
    "GET /oidc/x",
    "OPTIONS /kept/a",
    "TRACE /",
    "GET /_localcloud/health",
    "POST /_localcloud/clock",
    "POST /_localcloud/credentials",
    "POST /_localcloud/faults",
    "GET //_localcloud/health",
    "GET /%5fworkshop/health",
)
"""What ministack serves without looking at a signature, and our own paths."""


@pytest.mark.parametrize("asked", OF_THE_EMULATOR)
def test_no_path_is_open(either: Cloud, asked: str) -> None:
    method, target = asked.split()
    for headers in (
        {"Host": f"127.0.0.1:{either.running.port}"},
        {"Host": f"localhost:{either.running.port}", "Authorization": "Bearer none"},
        {"Host": "rebound.example.org", **page_headers("https://rebound.example.org")},
        {"Host": f"{'a' * 32}.lambda-url.us-east-1.localhost:{either.running.port}"},
    ):
        answer = send(either, Forged(method, target, headers, b"{}"))
        assert answer.status in {400, 401, 403, 404, 405}, answer
        assert "access-control-allow-origin" not in answer.headers
        assert either.running.instance.encode() not in answer.body
    assert either.client("s3").list_buckets()["Buckets"] != []


def test_one_request_is_one_request(either: Cloud) -> None:
    """Nothing that stands in a body, or behind a request, is taken for another one's."""
    whole = send_raw(either, signed(either, CHANGES["query POST"]))
    assert whole.count(b"HTTP/1.1 200") == 1
    second = b"GET /?Action=CreateUser&UserName=second&Version=2010-05-08 HTTP/1.1\r\n"
    second += f"Host: 127.0.0.1:{either.running.port}\r\n\r\n".encode()
    first = signed(either, replace(CHANGES["rest-xml body"], body=b"x"))
    answers = send_raw(either, replace(first, body=b"x" + second))
    assert (answers.count(b"HTTP/1.1 200"), answers.count(b"HTTP/1.1 403")) == (1, 1)
    both = first.with_headers(transfer_encoding="chunked")
    answers = send_raw(either, replace(both, body=b"1\r\nx\r\n0\r\n\r\n" + second))
    assert b"HTTP/1.1 200" not in answers
    assert [user["UserName"] for user in either.client("iam").list_users()["Users"]] == ["forged"]


def send_raw(cloud: Cloud, sent: Forged) -> bytes:
    """Send bytes whose length is that of a body of one byte or of a form, and read to the end."""
    length = 1 if sent.headers.get("Content-Type") == "text/plain" else len(sent.body)
    lines = [f"{sent.method} {sent.target} HTTP/1.1", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    with socket.create_connection(("127.0.0.1", cloud.running.port), timeout=60) as plain:
        plain.sendall("\r\n".join([*lines, "", ""]).encode() + sent.body)
        plain.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: plain.recv(65536), b""))
