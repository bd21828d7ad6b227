"""A cloud in which things go wrong: clients without a watch, refusals, and what rules count."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from localcloud import process
from localcloud.record import Running
from tests.support.local_cloud import Cloud, root
from tests.support.refusals import refused_answer


def client(cloud: Cloud, service: str, **config: Any) -> Any:
    """A client whose answers nobody holds against the model, with retries as asked for."""
    return _client(cloud.running, service, json.dumps(config))


@cache
def _client(running: Running, service: str, config: str) -> Any:
    settings = {"retries": {"total_max_attempts": 1}, "proxies": {}, **json.loads(config)}
    return _session().client(  # type: ignore[call-overload]
        service,
        region_name="us-east-1",
        endpoint_url=running.endpoint,
        config=Config(**settings),
        **root(running),
    )


def refusal(call: Any, **request: Any) -> dict[str, Any]:
    """Error code, HTTP status and message of a refusal, and whom it blames, where it does."""
    answer = refused_answer(call, **request)
    error, status = answer["Error"], answer["ResponseMetadata"]["HTTPStatusCode"]
    blamed = error.get("Type", "")
    return {"code": error["Code"], "status": status, "message": error["Message"], "blamed": blamed}


def counts(cloud: Cloud) -> list[tuple[int, int]]:
    """What each rule has seen and hit."""
    told = process.post(cloud.running, "/_localcloud/faults", {})["rules"]
    return [(rule["seen"], rule["hits"]) for rule in told]


@cache
def _session() -> boto3.Session:
    """One for all clients: it reads each service model once."""
    return boto3.Session()
