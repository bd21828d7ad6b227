"""ECR repositories: names checked, nothing overwritten, images protected."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation import system_tags
from localcloud.cloudformation.failures import ResourceError, already_exists, handler_message

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]
Answer = tuple[int, dict[str, str], bytes]
Call = Callable[[dict[str, Any]], Answer]

_PAGE = 100
"""What a page of DescribeRepositories holds if ``maxResults`` is not given (API reference)."""

_NAME = re.compile(r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
"""``RepositoryName`` of the ECR API."""


def _ecr() -> Any:
    return ministack_adapter.module("services.ecr")


def create_repository(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::ECR::Repository; a taken name, a bad name and a broken lifecycle policy are refused."""
    name = props.get("RepositoryName")
    if name is not None and not _NAME.fullmatch(name):
        text = (
            f"Invalid parameter at 'repositoryName' failed to satisfy constraint: "
            f"'must satisfy regular expression '{_NAME.pattern}''"
        )
        raise ResourceError(handler_message("Ecr", text, 400, "InvalidRequest"))
    if name in _ecr()._repositories:
        raise ResourceError(already_exists("AWS::ECR::Repository", str(name)))
    _check_lifecycle(props)
    with system_tags.as_cloudformation():
        made: Made = ministack_adapter.module(
            "services.cloudformation.provisioners"
        )._ecr_repo_create(logical_id, props, stack_name)
    return made


def update_repository(
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str | None = None,
) -> Made:
    """Change a repository in place after checking its lifecycle policy."""
    _check_lifecycle(new)
    made: Made = ministack_adapter.module("services.cloudformation.provisioners")._ecr_repo_update(
        physical_id, old, new, stack_name, logical_id
    )
    return made


def delete_repository(physical_id: str, props: Properties) -> None:
    """Delete with its images only if the template says ``EmptyOnDelete``."""
    if physical_id not in _ecr()._repositories:
        return
    force = str(props.get("EmptyOnDelete", False)).lower() == "true"
    status, _, body = _ecr()._delete_repository({"repositoryName": physical_id, "force": force})
    if status >= HTTPStatus.BAD_REQUEST:
        message = json.loads(body)["message"]
        raise ResourceError(handler_message("Ecr", message, status, "GeneralServiceException"))


def refusing_with_images(delete: Call) -> Call:
    """ECR's DeleteRepository with the sentence the real service answers for images left."""

    def delete_repository(data: dict[str, Any]) -> Answer:
        status, headers, body = delete(data)
        if status >= HTTPStatus.BAD_REQUEST and b"RepositoryNotEmptyException" in body:
            text = (
                f"The repository with name '{data['repositoryName']}' in registry with id "
                f"'{ministack_adapter.account()}' cannot be deleted because it still contains"
                " images"
            )
            body = json.dumps({"__type": "RepositoryNotEmptyException", "message": text}).encode()
        return status, headers, body

    return delete_repository


def in_pages(describe: Call) -> Call:
    """ECR's DescribeRepositories, which ministack ends after its first page."""

    def describe_repositories(data: dict[str, Any]) -> Answer:
        if data.get("repositoryNames"):
            return describe(data)
        status, headers, body = describe({"maxResults": len(_ecr()._repositories)})
        found = sorted(
            json.loads(body)["repositories"], key=lambda repository: repository["repositoryName"]
        )
        # A name as the token: what is deleted between two pages hides nothing else.
        left = [
            repository
            for repository in found
            if repository["repositoryName"] > data.get("nextToken", "")
        ]
        shown = left[: data.get("maxResults", _PAGE)]
        answer = {"repositories": shown}
        if len(shown) < len(left):
            answer["nextToken"] = shown[-1]["repositoryName"]
        return status, headers, json.dumps(answer).encode()

    return describe_repositories


def _check_lifecycle(props: Properties) -> None:
    text = (props.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
    if text is not None and not (isinstance(text, str) and _is_lifecycle(text)):
        message = (
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure'"
        )
        raise ResourceError(handler_message("Ecr", message, 400, "InvalidRequest"))


@lru_cache
def _is_lifecycle(text: str) -> bool:
    """Return whether a policy has rules, each with a priority of its own."""
    try:
        rules = json.loads(text)["rules"]
        priorities = [rule["rulePriority"] for rule in rules]
        return bool(rules) and len(set(priorities)) == len(priorities)
    except (ValueError, KeyError, TypeError):
        return False
