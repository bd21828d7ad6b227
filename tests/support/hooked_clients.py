"""Clients of botocore with the notebook's handlers, answered without a network."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from tests.support.lifecycle_scripts import NAMES, OPEN, TAG_LIST, substituted
from workbench.scripts import workshop_seat

PREFIX = substituted(NAMES.job_prefix)
BUCKET = substituted(NAMES.bucket("data"))
ENVIRONMENT = {
    "WORKSHOP_TAGS": json.dumps(TAG_LIST),
    "WORKSHOP_JOB_PREFIX": PREFIX,
    "WORKSHOP_MODEL_PREFIX": PREFIX,
    "WORKSHOP_BUCKET": BUCKET,
    "WORKSHOP_DATASETS": f"s3://{substituted(NAMES.datasets_bucket)}/",
    "WORKSHOP_ROLE_ARN": substituted(NAMES.role_arn),
    **{f"WORKSHOP_{name}": value for name, value in OPEN.items()},
}
"""Of the seat of :data:`tests.support.lifecycle_scripts.VALUES`."""


class Body(io.BytesIO):
    def stream(self) -> Any:
        yield self.read()


@dataclass
class Hooked:
    """A program's session; each call gets the next of ``answers``, or an empty one."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    sent: list[AWSRequest] = field(default_factory=list)
    session: botocore.session.Session = field(default_factory=botocore.session.Session)

    def __post_init__(self) -> None:
        for event, handler in workshop_seat.registered():
            self.session.register(event, handler)
        self.session.set_credentials("a", "b")

    def client(self, service: str, region: str = "eu-west-1") -> Any:
        # An address without names: what a request names stands in its path.
        made = self.session.create_client(
            service, region_name=region, endpoint_url="http://127.0.0.1:9"
        )
        made.meta.events.register("before-send", self._answer)
        return made

    def answer(self, body: Any, status: int = 200) -> None:
        """Let the next call have this answer, JSON unless it is a text."""
        self.answers.append((status, body if isinstance(body, str) else json.dumps(body)))

    def bodies(self) -> list[dict[str, Any]]:
        """What was sent, as JSON."""
        return [json.loads(request.body) for request in self.sent]

    def paths(self) -> list[str]:
        """What was asked for, without the host; of S3 the bucket comes first."""
        return [str(request.url).split("/", 3)[3] for request in self.sent]

    def _answer(self, request: AWSRequest, **_: Any) -> Any:
        self.sent.append(request)
        status, body = self.answers.pop(0) if self.answers else (200, "")
        return AWSResponse(str(request.url), status, HTTPHeaders(), Body(body.encode()))
