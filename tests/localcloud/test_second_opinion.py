"""The same stacks on a fresh moto server: an emulator that shares no code with the local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.assemblies import shipped
from tests.support.cdk_command import Cdk, without_aws
from tests.support.local_cloud import IAM, Cloud

ACCOUNT = "123456789012"
"""moto's own account; the configuration is pointed at it."""


@pytest.fixture
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "second.yaml").write_text(
        "workshop: second\n"
        f'account: "{ACCOUNT}"\n'
        "region: us-east-1\n"
        "start: 2026-01-01T09:00:00+00:00\n"
        "end: 2099-12-31T17:00:00+00:00\n"
        "roster: {seats: 2}\n"
    )
    return folder


# moto says which resource types it passes over, such as bucket policies.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")


def test_moto_makes_of_the_templates_what_the_local_cloud_makes(
    moto_endpoint: str, cloud: Cloud
) -> None:
    """The same stacks by the API alone, without the CDK command line."""
    session = boto3.Session("local", "local", region_name="us-east-1")
    theirs = session.client("cloudformation", endpoint_url=moto_endpoint)
    kinds = ("cohort", "ada-storage", "ada-registry", "ada-access")
    for kind in kinds:
        text = shipped("demo").text(f"demo-{kind}")
        theirs.create_stack(
            StackName=f"demo-{kind}", TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        assert cloud.deploy(f"demo-{kind}", text, **IAM) == "CREATE_COMPLETE"
    made = {one["StackName"]: one["StackStatus"] for one in theirs.describe_stacks()["Stacks"]}
    assert made == dict.fromkeys([f"demo-{kind}" for kind in kinds], "CREATE_COMPLETE")
    roles = [
        client.get_role(RoleName="demo-ada-us-east-1-execution")["Role"]
        for client in (session.client("iam", endpoint_url=moto_endpoint), cloud.client("iam"))
    ]
    for member in ("Path", "MaxSessionDuration", "Description"):
        assert len({role.get(member) for role in roles}) == 1, member
    by_moto, by_us = (
        role["PermissionsBoundary"]["PermissionsBoundaryArn"].partition(":policy")[2]
        for role in roles
    )
    assert by_moto == by_us == "/ws/demo/demo-cohort-us-east-1-boundary"


@pytest.mark.long
def test_moto_deploys_and_deletes_the_same_stacks(
    moto_endpoint: str, config: Path, tmp_path: Path
) -> None:
    variables = {
        **without_aws(),
        "AWS_ENDPOINT_URL": moto_endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    cdk = Cdk(variables, tmp_path / "cdk.out", {"env": "second", "config": str(config)})
    session = boto3.Session("local", "local", region_name="us-east-1")

    # All but the stack of the start scripts: moto takes the tags of a parameter for a list.
    chosen = ("--exclusively", "second-cohort", "second-cohort-watch", "second-seat0*")
    cdk.succeed("deploy", *chosen, "--method", "direct", "--require-approval", "never")
    cloudformation = session.client("cloudformation", endpoint_url=moto_endpoint)
    statuses = {
        stack["StackName"]: stack["StackStatus"]
        for stack in cloudformation.describe_stacks()["Stacks"]
    }
    assert len(statuses) == 12
    assert set(statuses.values()) == {"CREATE_COMPLETE"}
    s3 = session.client("s3", endpoint_url=moto_endpoint)
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {
        f"second-{seat}-{ACCOUNT}-us-east-1"
        for seat in ("cohort-datasets", "cohort-watch", "seat01-data", "seat02-data")
    }
    role = session.client("iam", endpoint_url=moto_endpoint).get_role(
        RoleName="second-seat01-us-east-1-execution"
    )["Role"]
    assert role["Path"] == "/ws/second/"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(
        ":policy/ws/second/second-cohort-us-east-1-boundary"
    )

    cdk.succeed_again("destroy", *chosen, "--force")
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert s3.list_buckets()["Buckets"] == []
