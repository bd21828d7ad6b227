"""GetResources of the Resource Groups Tagging API, over SageMaker and log groups too, in pages.

ministack collects the tags of its own services and answers all at once. AWS answers at most 100
resources a page (botocore's service model); how many unless asked for a number is not measured.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.sagemaker.engine import SageMakerEngine

PAGE = 50
MOST = 100

Answer = tuple[int, dict[str, str], bytes]
Document = dict[str, Any]


def patch_tag_search(engine: SageMakerEngine) -> None:
    """Include our SageMaker's resources in GetResources, once per process."""
    tagging = ministack_adapter.module("services.tagging")
    tagging._COLLECTORS["sagemaker"] = lambda: _tagged(engine)
    tagging._COLLECTORS["logs"] = _log_groups
    handlers = tagging._HANDLERS
    handlers["GetResources"] = in_pages(handlers["GetResources"], tagging._invalid_parameter)


def _log_groups() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Return ARN and tags of each tagged log group, which ministack's answer leaves out."""
    for name, group in ministack_adapter.module("services.cloudwatch_logs")._log_groups.items():
        if group["tags"]:
            region, account = ministack_adapter.region(), ministack_adapter.account()
            arn = f"arn:aws:logs:{region}:{account}:log-group:{name}"
            yield arn, [{"Key": key, "Value": group["tags"][key]} for key in sorted(group["tags"])]


def _tagged(engine: SageMakerEngine) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Return ARN and tags of each tagged resource in the present account and Region."""
    for kind in engine.kinds.values():
        for record in engine.records(kind):
            if record["tags"]:
                tags = [
                    {"Key": key, "Value": record["tags"][key]} for key in sorted(record["tags"])
                ]
                yield record["arn"], tags


def in_pages(
    everything: Callable[[Document], Answer], refusal: Callable[[str], Answer]
) -> Callable[[Document], Answer]:
    """Cut an answer into pages; the token is the last ARN of the page before."""

    def get_resources(request: Document) -> Answer:
        if "ResourceARNList" in request:
            return everything(request)
        size = request.get("ResourcesPerPage", PAGE)
        if not 1 <= size <= MOST:
            return refusal(f"ResourcesPerPage must be between 1 and {MOST}, and is {size}")
        status, headers, body = everything(request)
        answer = json.loads(body)
        if "ResourceTagMappingList" in answer:
            after = request.get("PaginationToken", "")
            found = sorted(
                answer["ResourceTagMappingList"], key=lambda resource: resource["ResourceARN"]
            )
            rest = [resource for resource in found if resource["ResourceARN"] > after]
            answer["ResourceTagMappingList"] = rest[:size]
            answer["PaginationToken"] = rest[size - 1]["ResourceARN"] if len(rest) > size else ""
            body = json.dumps(answer).encode()
        return status, headers, body

    return get_resources
