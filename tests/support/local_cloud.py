"""A running local cloud for tests: ask for the fixture ``cloud``.

One server process serves the whole session; ``cloud`` empties it before each test. Notebooks change
status at once unless a test slows them down with ``cloud.delays(notebook=60)``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import psutil
import pytest
from botocore.config import Config

from localcloud import environment, process, process_identity
from localcloud.authentication import keys
from localcloud.record import Running
from tests.support.prepared import for_good
from tests.support.service_model import Watch

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""The trust policy of a role that SageMaker can assume."""


IAM = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
"""What a stack operation has to acknowledge for a template with named roles or policies."""


def template(resources: dict[str, Any], **sections: Any) -> str:
    """Return the JSON of a template with these resources and other sections."""
    return json.dumps({"Resources": resources, **sections})


def root(running: Running, account: str = "") -> dict[str, str]:
    """Return the credentials of an account's root, as boto3 takes them."""
    key = account or running.account
    secret = keys.account_secret(running.secret, key)
    return {"aws_access_key_id": key, "aws_secret_access_key": secret}


@cache
def _session() -> boto3.Session:
    """One for all clients: it keeps the service models, which take long to read."""
    return boto3.Session()


@dataclass
class Cloud:
    """One running local cloud."""

    running: Running
    state_dir: Path
    watch: Watch = field(default_factory=Watch)
    credentials: dict[str, str] = field(default_factory=dict)
    """Those of a role, as boto3 takes them; without any it is the account's root that calls."""
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return self.running.endpoint

    def client(self, service: str, *, account: str = "", region: str = "") -> Any:
        """Return a boto3 client that talks to this cloud only, without retries."""
        key = (service, account or self.running.account, region or self.running.region)
        if key not in self._clients:
            self._clients[key] = _session().client(  # type: ignore[call-overload]
                key[0],
                region_name=key[2],
                endpoint_url=self.endpoint,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
                **root(self.running, key[1]) | self.credentials,
            )
            # Only where JSON is spoken, and by a service of ours.
            self._clients[key].meta.events.register("before-parse.sagemaker", self.watch)
        return self._clients[key]

    def as_role(self, role_arn: str) -> Cloud:
        """Return this cloud as a notebook with that role sees it."""
        return self.with_credentials(process.role_credentials(self.running, role_arn))

    def as_box(self, instance: str) -> Cloud:
        """Return this cloud as a running EC2 instance sees it."""
        return self.with_credentials(process.instance_credentials(self.running, instance))

    def with_credentials(self, given: dict[str, str]) -> Cloud:
        """Return this cloud as whoever has these temporary credentials sees it."""
        credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return Cloud(self.running, self.state_dir, credentials=credentials)

    def environment(self, *, account: str | None = None) -> dict[str, str]:
        """Return the environment of a subprocess (``cdk``, ``aws``) that uses this cloud."""
        chosen = environment.variables(self.running, self.state_dir, account)
        return environment.applied(os.environ, chosen)

    def role(self, name: str = "seat") -> str:
        """Make a role that SageMaker can assume and give its ARN."""
        made = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        return str(made["Role"]["Arn"])

    def reset(self) -> None:
        process.reset(self.running)

    def freeze(self) -> None:
        """Let the cloud's time stand still until the test advances it."""
        process.set_clock(self.running, freeze=True)

    def advance(self, seconds: float) -> None:
        process.set_clock(self.running, advance=seconds)

    def shut_down(self, instance: str) -> None:
        """Shut an EC2 instance down from inside, as ``shutdown`` on it does."""
        process.shut_down(self.running, instance)

    def delays(self, **seconds: float) -> None:
        """How long transitions take, such as ``notebook=60``; undone by the next reset."""
        process.set_delays(self.running, **seconds)

    def quotas(self, *, account: str = "", region: str = "", **services: Any) -> None:
        """What may be used, ``sagemaker={"Total domains": 1}``; undone by the next reset."""
        where = {
            "account": account or self.running.account,
            "region": region or self.running.region,
        }
        process.set_quotas(self.running, **where, **services)

    def billing(self, **wanted: Any) -> None:
        """What the price list and Cost Explorer say; undone by the next reset."""
        process.set_billing(self.running, **wanted)

    def faults(self, *rules: dict[str, Any]) -> list[dict[str, Any]]:
        """What goes wrong from now on, and nothing else; undone by the next reset.

        ``{"effect": "throttle", "operation": "sagemaker:StopTrainingJob", "times": 2}``
        """
        told: list[dict[str, Any]] = process.set_faults(self.running, *rules)["rules"]
        return told

    def deploy(self, name: str, template: str, **more: Any) -> str:
        """Create a stack, wait, and give its final status."""
        client = self.client("cloudformation")
        client.create_stack(StackName=name, TemplateBody=template, **more)
        return self.settled(name)

    def update(self, name: str, template: str, **more: Any) -> str:
        """Update a stack, wait, and give its final status."""
        client = self.client("cloudformation")
        client.update_stack(StackName=name, TemplateBody=template, **more)
        return self.settled(name)

    def destroy(self, name: str) -> str:
        """Delete a stack, wait, and give its final status."""
        client = self.client("cloudformation")
        stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        client.delete_stack(StackName=name)
        return self.settled(stack_id)

    def settled(self, stack: str) -> str:
        """Return the status of a stack once nothing is in progress any more."""
        client = self.client("cloudformation")
        for _ in range(5000):
            status = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return str(status)
        raise AssertionError(f"{stack} is still {status}")

    def reasons(self, stack: str, status: str) -> dict[str, str]:
        """Logical id -> reason of the events with this status."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events")
        return {
            event["LogicalResourceId"]: event.get("ResourceStatusReason", "")
            for page in pages.paginate(StackName=stack)
            for event in page["StackEvents"]
            if event["ResourceStatus"] == status
        }


@cache
def _program() -> Path:
    """Return a Python that runs local clouds at once: all of a run are forks of one process."""
    forked = "tests.support.forked_cloud"
    return for_good(f"{forked}:prepare").program("cloud", f"{forked}:main")


def _fork(pid: int, _: str) -> psutil.Process | None:
    """Return the process of a local cloud; its command line is that of all forks."""
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


@contextmanager
def started(
    state_dir: Path, delays: Mapping[str, float] | None = None, **options: Any
) -> Iterator[Cloud]:
    """A local cloud that can tell all it holds, see :mod:`tests.support.local_cloud_inside`."""
    forks = SimpleNamespace(executable=str(_program()))
    delays = {"notebook": 0, "instance": 0, "agent": 0} if delays is None else delays
    with mock.patch.object(process, "sys", forks):
        running = process.start(state_dir, delays=delays, **options).running
    try:
        yield Cloud(running, state_dir)
    finally:
        with mock.patch.object(process_identity, "find", _fork):
            process.stop(state_dir)


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One server for the session; tests use ``cloud``, which is empty each time."""
    with started(tmp_path_factory.mktemp("localcloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: Cloud) -> Iterator[Cloud]:
    """Return an empty local cloud; afterwards, none of its answers broke the service model."""
    running_cloud.reset()
    yield running_cloud
    problems, running_cloud.watch.problems = running_cloud.watch.problems, []
    assert problems == []


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that enforces IAM, for the tests of a module; they empty it."""
    with started(tmp_path_factory.mktemp("enforcing"), enforce_iam=True) as cloud:
        yield cloud
