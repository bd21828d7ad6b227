"""AddTags, ListTags and DeleteTags, which work on any type by its ARN."""

from __future__ import annotations

from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record

LIMIT = 50
"""The most tags of a resource, and the tags on a page of ListTags."""


def _tagged(engine: SageMakerEngine, request: Members) -> Record:
    found = engine.by_arn(request["ResourceArn"])
    if found is None:
        raise invalid(f"Could not find a resource with the ARN {request['ResourceArn']}")
    return found[1]


def add_tags(engine: SageMakerEngine, request: Members) -> Members:
    """Add or overwrite tags; the answer lists those given."""
    record = _tagged(engine, request)
    merged = {**record["tags"], **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
    if len(merged) > LIMIT:
        raise invalid(f"A resource can have at most {LIMIT} tags")
    record["tags"] = merged
    return {"Tags": request["Tags"]}


def list_tags(engine: SageMakerEngine, request: Members) -> Members:
    """Return the tags of a resource, ordered by key."""
    tags = _tagged(engine, request)["tags"]
    return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def delete_tags(engine: SageMakerEngine, request: Members) -> Members:
    """Remove tags; missing keys are no error."""
    tags = _tagged(engine, request)["tags"]
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS = {"AddTags": add_tags, "ListTags": list_tags, "DeleteTags": delete_tags}
