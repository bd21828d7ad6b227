"""How CloudFormation lists stacks: in which order, and with which description."""

# The stacks of all accounts are in ministack's own store.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud import ministack_adapter

Page = Callable[..., tuple[Sequence[Any], str, Any]]

_OF_STACKS = ("DescribeStacks", "ListStacks")


def as_aws_lists(page: Page) -> Page:
    """``_page`` that lists the stack that was made last first, each as its template describes it.

    ministack knows the description of a stack that CreateStack made, and never changes it.

    AWS documents no order. Tools that read the first page alone are known to miss the oldest stacks
    (https://github.com/hw-labs/knife-cloudformation/issues/11).
    """

    def in_order(
        items: Sequence[Mapping[str, Any]],
        params: Mapping[str, Any],
        action: str,
        page_size: int = 100,
    ) -> tuple[Sequence[Any], str, Any]:
        if action in _OF_STACKS:
            items = sorted(items, key=lambda item: item["CreationTime"], reverse=True)
        listed, token, refusal = page(items, params, action, page_size)
        if action == "DescribeStacks":
            listed = [{**item, "Description": _description(item)} for item in listed]
        return listed, token, refusal

    return in_order


def _description(stack: Mapping[str, Any]) -> str:
    return str((stack.get("_template") or {}).get("Description", ""))


def stacks_endpoint(_: dict[str, Any]) -> dict[str, Any]:
    """Return the stacks of all accounts and Regions, with their tags."""
    stacks = ministack_adapter.module("services.cloudformation")._stacks
    listed = [
        {
            "account": account,
            "region": region,
            "name": name,
            "tags": {tag["Key"]: tag["Value"] for tag in stack.get("Tags") or ()},
        }
        for (account, region, name), stack in sorted(stacks._data.items())
        if stack["StackStatus"] != "DELETE_COMPLETE"
    ]
    return {"stacks": listed}
