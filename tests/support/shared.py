"""What all tests of a process share: what botocore would work out anew each time.

A test makes a session of its own, as a command does: all clients of one that read their models
anew take half a second, and 40 ms where they are there.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import botocore.session
from botocore.client import ClientCreator

from tests.support import connections
from workshop.aws import event_handlers, speedups

OFTEN = (
    *("cloudformation", "cloudwatch", "ecr", "events", "glue", "iam", "lambda", "logs", "s3"),
    *("sagemaker", "service-quotas", "sns", "ssm", "sts", "resourcegroupstaggingapi"),
)
"""Services that most commands ask."""


def share_models() -> None:
    """Let all clients of a service have one model and one class, which never change."""
    models: dict[Any, Any] = {}
    classes: dict[Any, Any] = {}
    creator: Any = ClientCreator
    read, make = creator._load_service_model, creator._create_client_class

    def model(self: Any, service: str, version: str | None = None) -> Any:
        key = (self._loader, service, version)
        if key not in models:
            found = read(self, service, version)
            # botocore takes the bucket out of S3's paths: others read the model as it is.
            models[key] = deepcopy(found) if service == "s3" else found
        return models[key]

    def client_class(self: Any, service: str, its_model: Any) -> Any:
        if its_model not in classes:
            classes[its_model] = make(self, service, its_model)
        return classes[its_model]

    botocore.session.create_loader = cache(botocore.session.create_loader)
    creator._load_service_model = model
    creator._create_client_class = client_class


def read_models() -> None:
    """Share all this, and read what most commands read: for a process that is forked for each."""
    share_models()
    share_events()
    speedups.share_names()
    speedups.share_endpoints()
    connections.carry_requests()
    session = botocore.session.Session()
    for service in OFTEN:
        session.create_client(
            service,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )


def share_events() -> None:
    """Let all sessions share their handlers with their clients, as those of commands do."""
    setattr(botocore.session, "EventAliaser", event_handlers.SharedAliaser)  # noqa: B010
    setattr(botocore.session, "HierarchicalEmitter", event_handlers.SharedEmitter)  # noqa: B010
