"""What the conformance suite runs against: ask for the fixture ``aws``.

The suite (``test_conformance_*.py``) speaks to a cloud through boto3 alone and asserts what AWS
does. By default the cloud is the local one, its time standing still until the test moves it on:
every transition (starting, running, stopping) takes ``TRANSITION`` seconds. ``pytest --cloud moto``
runs the same cases against moto's server, whose time cannot be moved: how decisions were measured.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.transitions import TRANSITIONS
from tests.support.local_cloud import TRUST, Cloud
from tests.support.refusals import refusal

TRANSITION = 60.0
"""Seconds that every transition takes in these tests."""

TICK = 10.0
"""Seconds between two log lines of what runs in these tests."""


@dataclass
class Aws:
    """One empty cloud with what nearly every case needs."""

    client: Callable[[str], Any]
    advance: Callable[[float], None]

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    def role(self, name: str = "seat") -> str:
        """Make a role that SageMaker can assume and give its ARN."""
        made = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        return str(made["Role"]["Arn"])

    def bucket(self, name: str = "conformance-bucket") -> str:
        """Make a bucket that keeps versions and give its ``s3://`` address."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return f"s3://{name}"

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of the objects in an ``s3://`` bucket, in order."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        return [
            item["Key"]
            for page in pages.paginate(Bucket=bucket.removeprefix("s3://"))
            for item in page.get("Contents", [])
        ]

    def streams(self, group: str) -> list[str]:
        """Return the names of the streams of a log group; none if there is no such group."""
        logs = self.client("logs")
        try:
            found = logs.describe_log_streams(logGroupName=group)
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def pass_time(self, transitions: int = 1) -> None:
        """Let that many transitions go by, one after the other."""
        for _ in range(transitions):
            self.advance(TRANSITION)

    def without_default_vpc(self) -> None:
        """Delete the default VPC with all that is in it."""
        ec2 = self.client("ec2")
        of_default = [{"Name": "is-default", "Values": ["true"]}]
        [vpc] = ec2.describe_vpcs(Filters=of_default)["Vpcs"]
        inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
        for one in ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
            name = one["InternetGatewayId"]
            ec2.detach_internet_gateway(InternetGatewayId=name, VpcId=vpc["VpcId"])
            ec2.delete_internet_gateway(InternetGatewayId=name)
        ec2.delete_vpc(VpcId=vpc["VpcId"])

    def refusal(self, operation: str, **request: Any) -> str:
        """Return ``code: message`` with which SageMaker refuses a call."""
        _, code, message = refusal(getattr(self.sagemaker, operation), **request)
        return f"{code}: {message}"


def listed(client: Any, operation: str, member: str, size: int, **request: Any) -> list[Any]:
    """Return all items of a List operation, page by page of ``size``."""
    items: list[Any] = []
    page = getattr(client, operation)(MaxResults=size, **request)
    while True:
        assert len(page[member]) <= size
        items += page[member]
        if "NextToken" not in page:
            return items
        page = getattr(client, operation)(MaxResults=size, NextToken=page["NextToken"], **request)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cloud", choices=["local", "moto"], default="local", help="for the conformance suite"
    )


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """Address of a moto server of this session."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - only for --cloud moto

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Aws:
    """Return an empty cloud whose time stands still."""
    if request.config.getoption("--cloud") == "moto":
        return _moto(request.getfixturevalue("moto_endpoint"))
    cloud: Cloud = request.getfixturevalue("cloud")
    cloud.delays(**{**dict.fromkeys(TRANSITIONS, TRANSITION), "tick": TICK})
    cloud.freeze()
    return Aws(cloud.client, cloud.advance)


def _moto(endpoint: str) -> Aws:
    reset = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")  # noqa: S310
    urllib.request.urlopen(reset).close()  # noqa: S310 - always http to 127.0.0.1
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = boto3.Session().client(  # type: ignore[call-overload]
                service,
                aws_access_key_id="111122223333",
                aws_secret_access_key="local",
                region_name="us-east-1",
                endpoint_url=endpoint,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
        return clients[service]

    return Aws(client, lambda _: None)
