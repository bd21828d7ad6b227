"""Calls from a notebook's Python, answered without a network."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.support.lifecycle_scripts import Sandbox, on_start

PACKAGES = sysconfig.get_paths()["purelib"]
PROGRAM = """
import io, json, sys
import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

class Body(io.BytesIO):
    def stream(self):
        yield self.read()

def made(service, operation, request, status, body):
    sent = []
    def answer(request, **_):
        sent.append(json.loads(request.body))
        return AWSResponse(request.url, status, {}, Body(json.dumps(body).encode()))
    client = boto3.client(service, region_name="eu-west-1", aws_access_key_id="a",
                          aws_secret_access_key="b")
    client.meta.events.register("before-send", answer)
    try:
        got = getattr(client, operation)(**request)
        got.pop("ResponseMetadata")
    except ClientError as error:
        got = error.response["Error"]["Code"]
    return {"sent": sent[0], "got": got, "request": request}

print(json.dumps([made(*call) for call in json.load(sys.stdin)]))
"""

Call = tuple[str, str, dict[str, Any], int, Any]
"""A service, its client's method, the request, and the status and body of the answer."""

Way = Literal["kernel", "program"]
"""A kernel of an environment of the attendee's own, or a program in one of the notebook's."""


@dataclass(frozen=True)
class Made:
    """What came of some calls, one each, and what the notebook said to it."""

    sent: list[dict[str, Any]]
    got: list[Any]
    """The answer's members, or the code of the error."""
    requests: list[dict[str, Any]]
    """What the program gave, as it was afterwards."""
    said: list[str]


def call(operation: str, **request: Any) -> Call:
    """Give a call to SageMaker that answers with nothing."""
    return ("sagemaker", operation, request, 200, {})


def python(sandbox: Sandbox, **changes: Any) -> Path:
    """Lay one of the notebook's environments, start the notebook, and give its Python."""
    found = sandbox.environment("python3", PACKAGES)
    assert sandbox.run(on_start(**changes)).returncode == 0
    return found


def run(sandbox: Sandbox, calls: Sequence[Call], way: Way = "program", **changes: Any) -> Made:
    """Make the calls in a notebook whose on-start script has some arguments changed."""
    interpreter, program = python(sandbox, **changes), PROGRAM
    if way == "kernel":
        interpreter = sandbox.root / sys.executable
        program = sandbox.read("etc/ipython/ipython_config.py") + program
    done = subprocess.run(
        [interpreter, "-c", program],
        input=json.dumps(calls),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return Made(
        [one["sent"] for one in made],
        [one["got"] for one in made],
        [one["request"] for one in made],
        done.stderr.splitlines(),
    )
