"""The feature store's data: PutRecord, GetRecord, BatchGetRecord, DeleteRecord of its REST service.

It signs as ``sagemaker`` and sends no ``X-Amz-Target``, so method and path identify it.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localcloud.protocol import responses
from localcloud.protocol.json_service import Answer, parsed
from localcloud.protocol.requests import check_request
from localcloud.sagemaker.resources import feature_groups

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Members

SERVICE = "sagemaker-featurestore-runtime"

_GROUP = re.compile(r"/FeatureGroup/([^/]+)")
_OPERATIONS = {"PUT": "PutRecord", "GET": "GetRecord", "DELETE": "DeleteRecord"}
_IN_ADDRESS = ("RecordIdentifierValueAsString", "EventTime", "DeletionMode")


def operation(method: str, path: str) -> str | None:
    """Return the operation that a request means by its path, or None if it is none of these."""
    if (method, path) == ("POST", "/BatchGetRecord"):
        return "BatchGetRecord"
    return _OPERATIONS.get(method) if _GROUP.fullmatch(path) else None


def members(
    path: str,
    headers: dict[str, str],  # noqa: ARG001 - asked like all
    query: dict[str, Any],
    body: bytes,
) -> Members:
    """Return the request under the API's member names."""
    found = _GROUP.fullmatch(path)
    if found is None:
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
        if asked == "BatchGetRecord":
            answer = _of_several(engine, request)
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


def _of_several(engine: SageMakerEngine, request: Members) -> Members:
    """Return the records of several groups that there are; what is missing is left out."""
    records = [
        {
            "FeatureGroupName": asked["FeatureGroupName"],
            "RecordIdentifierValueAsString": identifier,
            "Record": found,
        }
        for asked in request["Identifiers"]
        for identifier in asked["RecordIdentifiersValueAsString"]
        if (found := feature_groups.get_record(engine, asked["FeatureGroupName"], identifier))
    ]
    return {"Records": records, "Errors": [], "UnprocessedIdentifiers": []}
