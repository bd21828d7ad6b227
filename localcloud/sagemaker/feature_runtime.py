"""The feature store's data: PutRecord, GetRecord, BatchGetRecord, DeleteRecord of its REST service.

It signs as ``sagemaker`` and sends no ``X-Amz-Target``, so method and path identify it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from localcloud.protocol import responses
from localcloud.protocol.json_service import Answer, parsed
from localcloud.protocol.requests import check_request
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members
from localcloud.sagemaker.resources import feature_groups

SERVICE = "sagemaker-featurestore-runtime"

_GROUP = re.compile(r"/FeatureGroup/([^/]+)")
_OPERATIONS = {"PUT": "PutRecord", "GET": "GetRecord", "DELETE": "DeleteRecord"}
_BATCH = "BatchGetRecord"
_IN_ADDRESS = ("RecordIdentifierValueAsString", "EventTime", "DeletionMode")


def operation(method: str, path: str) -> str | None:
    """Return the operation that a request means by its path, or None if it is none of these."""
    if (method, path) == ("POST", f"/{_BATCH}"):
        return _BATCH
    return _OPERATIONS.get(method) if _GROUP.fullmatch(path) else None


def members(
    path: str,
    headers: dict[str, str],  # noqa: ARG001 - asked like all
    query: dict[str, Any],
    body: bytes,
) -> Members:
    """Return the request under the API's member names."""
    found = _GROUP.fullmatch(path)
    if not found:
        return parsed(body)
    name = unquote(found[1])
    given = {member: query[member][0] for member in _IN_ADDRESS if member in query}
    return {"FeatureGroupName": name, **given, **parsed(body)}


def perform(
    engine: SageMakerEngine,
    asked: str,
    request: Members,
    body: bytes,  # noqa: ARG001 - asked like all
) -> Answer:
    """Perform the operation; raises ``ApiError`` for every refusal."""
    check_request(SERVICE, asked, request)
    name = request.get("FeatureGroupName", "")
    answer: Members = {}
    with engine.lock:
        engine.statuses.run_due()
        if asked == _BATCH:
            answer = {
                "Records": list(_found(engine, request["Identifiers"])),
                "Errors": [],
                "UnprocessedIdentifiers": [],
            }
        elif asked == "PutRecord":
            feature_groups.put_record(engine, name, request["Record"], engine.clock.now())
        elif asked == "GetRecord":
            found = feature_groups.get_record(
                engine, name, request["RecordIdentifierValueAsString"]
            )
            answer = {"Record": found or None}
        else:
            feature_groups.delete_record(engine, name, request["RecordIdentifierValueAsString"])
    answer = responses.checked(SERVICE, asked, answer)
    return HTTPStatus.OK, {"content-type": "application/json"}, json.dumps(answer).encode()


def _found(engine: SageMakerEngine, identifiers: list[Members]) -> Iterator[Members]:
    """Yield the records of a batch that there are, with the features that each entry asks for."""
    for entry in identifiers:
        name, features = entry["FeatureGroupName"], entry.get("FeatureNames")
        for identifier in entry["RecordIdentifiersValueAsString"]:
            record = feature_groups.get_record(engine, name, identifier)
            if record:
                yield {
                    "FeatureGroupName": name,
                    "RecordIdentifierValueAsString": identifier,
                    "Record": [
                        value
                        for value in record
                        if not features or value["FeatureName"] in features
                    ],
                }
