"""Requests that change something, signed as they should be and in all the ways they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.local_cloud import Cloud, root

FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"
DAY_OF_OLD = "20260101T000000Z"


@dataclass(frozen=True)
class Forged:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    def with_headers(self, **changed: str | None) -> Forged:
        """Return it with other headers; None takes one away."""
        names = {name.replace("_", "-").lower(): value for name, value in changed.items()}
        kept = {k: v for k, v in self.headers.items() if k.lower() not in names}
        added = {name: value for name, value in names.items() if value is not None}
        return replace(self, headers=kept | added)


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Change:
    """A call that makes something, of one service in one protocol."""

    service: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


def form(action: str, version: str, **members: str) -> bytes:
    return urlencode({"Action": action, "Version": version, **members}).encode()


TEMPLATE = '{"Resources": {"H": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}'
USER = form("CreateUser", "2010-05-08", UserName="forged")
STACK = form("CreateStack", "2010-05-15", StackName="forged", TemplateBody=TEMPLATE)
CHANGES = {
    "query POST": Change("iam", "POST", "/", {"Content-Type": FORM}, USER),
    "query GET": Change("cloudformation", "GET", f"/?{STACK.decode()}", {}),
    "json": Change(
        "sagemaker",
        "POST",
        "/",
        {"Content-Type": JSON, "X-Amz-Target": "SageMaker.CreateModelPackageGroup"},
        b'{"ModelPackageGroupName": "forged"}',
    ),
    "json of the emulator": Change(
        "ecr",
        "POST",
        "/",
        {
            "Content-Type": JSON,
            "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
        },
        b'{"repositoryName": "forged"}',
    ),
    "rest-xml": Change("s3", "PUT", "/forged", {}),
    "rest-xml body": Change("s3", "PUT", "/kept/forged", {"Content-Type": "text/plain"}, b"x"),
    "rest-json": Change(
        "scheduler",
        "POST",
        "/schedule-groups/forged",
        {"Content-Type": "application/json"},
        b'{"ClientToken": "a"}',
    ),
    "json of what was a query": Change(
        "monitoring",
        "POST",
        "/",
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.PutDashboard",
        },
        rb'{"DashboardName": "forged", "DashboardBody": "{\"widgets\":[]}"}',
    ),
}


def made(cloud: Cloud) -> list[str]:
    """Return what of the changes has happened."""
    s3 = cloud.client("s3")
    return [
        *(user["UserName"] for user in cloud.client("iam").list_users()["Users"]),
        *(
            stack["StackName"]
            for stack in cloud.client("cloudformation").describe_stacks()["Stacks"]
        ),
        *(
            group["ModelPackageGroupName"]
            for group in cloud.client("sagemaker").list_model_package_groups()[
                "ModelPackageGroupSummaryList"
            ]
        ),
        *(r["repositoryName"] for r in cloud.client("ecr").describe_repositories()["repositories"]),
        *(bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] != "kept"),
        *(content["Key"] for content in s3.list_objects_v2(Bucket="kept").get("Contents", [])),
        *(
            group["Name"]
            for group in cloud.client("scheduler").list_schedule_groups()["ScheduleGroups"]
            if group["Name"] != "default"
        ),
        *(
            entry["DashboardName"]
            for entry in cloud.client("cloudwatch").list_dashboards()["DashboardEntries"]
        ),
    ]


def signed(
    cloud: Cloud,
    change: Change,
    *,
    key: str = "",
    secret: str = "",
    token: str | None = None,
    at: str = "",
    host: str = "",
) -> Forged:
    """Return a change as botocore signs it, as the account's root unless told otherwise."""
    given = root(cloud.running)
    address = f"http://{host or f'127.0.0.1:{cloud.running.port}'}{change.target}"
    request = AWSRequest(change.method, address, dict(change.headers), change.body)
    known = Credentials(
        key or given["aws_access_key_id"], secret or given["aws_secret_access_key"], token
    )
    signer = S3SigV4Auth if change.service == "s3" else SigV4Auth
    moment = datetime.strptime(at, "%Y%m%dT%H%M%SZ") if at else datetime.now(UTC)  # noqa: DTZ007
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer(known, change.service, cloud.running.region).add_auth(request)
    headers = {"Host": urlsplit(address).netloc}
    headers |= {name: str(value) for name, value in request.headers.items()}
    return Forged(change.method, change.target, headers, change.body)


def send(cloud: Cloud, sent: Forged) -> Answered:
    """Send it and give what is answered."""
    connection = HTTPConnection("127.0.0.1", cloud.running.port, timeout=60)
    try:
        connection.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.headers.items():
            connection.putheader(name, value.encode())
        if "content-length" not in {name.lower() for name in sent.headers}:
            connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answered(answer.status, told, answer.read())
    finally:
        connection.close()


def visit(
    cloud: Cloud, url: str, method: str = "GET", body: bytes = b"", **headers: str
) -> Answered:
    """Send what a browser sends that opens a URL; one header a keyword."""
    parts = urlsplit(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return send(cloud, Forged(method, target, {"Host": parts.netloc, **named}, body))


def chunked(cloud: Cloud, change: Change) -> Iterator[tuple[str, Forged, list[Forged]]]:
    """Return uploads of ``abc`` in signed and unsigned chunks, and what is wrong of each."""
    body = b"3\r\nabc\r\n0\r\n"
    checksum = b"x-amz-checksum-crc32:NSRBwg==\r\n"
    told = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "3"}
    unsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    trailing = {**told, "X-Amz-Trailer": "x-amz-checksum-crc32"}
    sent = _with_payload(cloud, replace(change, headers=trailing), unsigned)
    good = replace(sent, body=body + checksum + b"\r\n")
    yield (
        unsigned,
        good,
        [
            replace(good, body=body + b"authorization: other\r\n" + checksum + b"\r\n"),
            replace(good, body=body + b"0\r\nx-amz-target: IAM\r\n0: 0\r\n" + checksum + b"\r\n"),
            replace(good, body=b"no chunks"),
        ],
    )
    streaming = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    sent = _with_payload(cloud, replace(change, headers=told), streaming)
    whole = _in_signed_chunks(cloud, sent, [b"abc", b""])
    yield (
        streaming,
        replace(sent, body=whole),
        [
            replace(sent, body=whole.replace(b"abc", b"abd")),
            replace(sent, body=body + b"\r\n"),
            replace(sent, body=_in_signed_chunks(cloud, sent, [b""])[:-2] + b"x: y\r\n\r\n"),
        ],
    )


def _with_payload(cloud: Cloud, change: Change, payload: str) -> Forged:
    with mock.patch.object(S3SigV4Auth, "payload", return_value=payload):
        return signed(cloud, change)


def _in_signed_chunks(cloud: Cloud, sent: Forged, chunks: list[bytes]) -> bytes:
    """Return the body as https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html."""
    signer = S3SigV4Auth(Credentials(*root(cloud.running).values()), "s3", cloud.running.region)
    timestamp = sent.headers["X-Amz-Date"]
    request = AWSRequest("PUT", "http://127.0.0.1/")
    request.context["timestamp"] = timestamp
    previous = sent.headers["Authorization"].rpartition("Signature=")[2]
    whole = b""
    for chunk in chunks:
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                timestamp,
                signer.credential_scope(request),
                previous,
                sha256(b"").hexdigest(),
                sha256(chunk).hexdigest(),
            )
        )
        previous = signer.signature(text, request)
        whole += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + b"\r\n"
    return whole


Forge = Callable[[Cloud, Change], Forged]


def _tampered(**changed: str | None) -> Forge:
    return lambda cloud, change: signed(cloud, change).with_headers(**changed)


def _signature(text: str) -> Forge:
    def forge(cloud: Cloud, change: Change) -> Forged:
        sent = signed(cloud, change)
        told = sent.headers["Authorization"].rpartition("Signature=")[0]
        return sent.with_headers(authorization=f"{told}Signature={text}")

    return forge


def _authorization(old: str, new: str) -> Forge:
    def forge(cloud: Cloud, change: Change) -> Forged:
        sent = signed(cloud, change)
        told = sent.headers["Authorization"]
        assert old in told
        return sent.with_headers(authorization=told.replace(old, new))

    return forge


def _ended_session(cloud: Cloud, change: Change) -> Forged:
    key, secret = cloud.running.account, root(cloud.running)["aws_secret_access_key"]
    return signed(cloud, change, key=key, secret=secret, token="of-a-session-that-ended")


def _of_another(cloud: Cloud, change: Change) -> Forged:
    """Replay the signature of another request."""
    other = replace(change, target="/another", body=b"another", headers={})
    told = signed(cloud, other).headers
    sent = signed(cloud, change)
    return replace(sent, headers={**sent.headers, "Authorization": told["Authorization"]})


def _both_ways(cloud: Cloud, change: Change) -> Forged:
    sent = signed(cloud, change)
    more = f"X-Amz-Credential={cloud.running.account}/20260101/us-east-1/s3/aws4_request"
    joint = "&" if "?" in sent.target else "?"
    return replace(sent, target=f"{sent.target}{joint}{more}")


def _another_query(cloud: Cloud, change: Change) -> Forged:
    sent = signed(cloud, change)
    joint = "&" if "?" in sent.target else "?"
    return replace(sent, target=f"{sent.target}{joint}more=1")


FORGERIES: dict[str, Forge] = {
    "nothing": _tampered(authorization=None),
    "an empty header": _tampered(authorization=""),
    "basic": _tampered(authorization="Basic MDAwMDAwMDAwMDAwOmxvY2Fs"),
    "version 2": _tampered(authorization="AWS 000000000000:c2lnbmF0dXJl"),
    "wrong secret": lambda cloud, change: signed(cloud, change, secret="local"),
    "the instance as secret": lambda cloud, change: signed(
        cloud, change, secret=cloud.running.instance
    ),
    "secret of another account": lambda cloud, change: signed(cloud, change, key="111122223333"),
    "unknown key": lambda cloud, change: signed(cloud, change, key="test", secret="test"),
    "no key": _authorization("Credential=000000000000/", "Credential=/"),
    "digits of another script": _authorization(
        "Credential=000", "Credential=\N{ARABIC-INDIC DIGIT ZERO}00"
    ),
    "wrong signature": _signature("0" * 64),
    "empty signature": _signature(""),
    "short signature": _signature("0"),
    "scheme in small letters": _authorization("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
    "another algorithm": _authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "host not signed": _authorization("host;", ""),
    "another scope": _authorization("/us-east-1/", "/eu-west-1/"),
    "too old": lambda cloud, change: signed(cloud, change, at=DAY_OF_OLD),
    "another date": _tampered(x_amz_date=DAY_OF_OLD),
    "no date": _tampered(x_amz_date=None),
    "another host": _tampered(host="rebound.example.org"),
    "another local host": _tampered(host="localhost:1"),
    "an unsigned header": _tampered(x_amz_security_token="unsigned"),
    "an unsigned target": _tampered(x_amz_target="SageMaker.DeleteModel"),
    "a token that nobody issued": _ended_session,
    "signature of another request": _of_another,
    "signed in two ways": _both_ways,
    "another query": _another_query,
}
"""What a forger may try, by name; none of it knows a secret, or signs what is sent."""


def page_headers(origin: str | None = None) -> dict[str, Any]:
    """Return the headers of a request that a page makes in a browser."""
    told = {
        "Referer": "http://127.0.0.1:8899/",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "no-cors",
        "Sec-Fetch-Dest": "image",
        "User-Agent": "Mozilla/5.0",
    }
    return told | ({"Origin": origin} if origin else {})
