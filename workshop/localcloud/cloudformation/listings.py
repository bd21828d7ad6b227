"""The order in which CloudFormation lists stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Page = Callable[..., tuple[Sequence[Any], str, Any]]

_OF_STACKS = ("DescribeStacks", "ListStacks")


def newest_first(page: Page) -> Page:
    """``_page`` that lists the stack that was made last first, as AWS does.

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
            items = sorted(items, key=lambda one: one["CreationTime"], reverse=True)
        return page(items, params, action, page_size)

    return in_order
