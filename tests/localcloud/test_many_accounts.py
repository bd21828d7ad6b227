"""What a thing costs in one account does not grow with what other accounts have."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from localcloud import functions, ministack_adapter
from localcloud.clock import Clock
from localcloud.indexed_keys import IndexedKeys, indexed
from localcloud.service_quotas import limits
from localcloud.service_quotas.applied import AppliedQuotas

REGION = "us-east-1"
HERE = "000000000000"


def lines_of(work: Callable[[], Any]) -> int:
    """Return how many lines of Python it takes."""
    count = 0

    def traced(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty store of stacks in place of the emulator's."""
    service = ministack_adapter.module("services.cloudformation")
    made = type(service._stacks)()
    monkeypatch.setattr(service, "_stacks", made)
    return made


@pytest.mark.parametrize("accounts", [100, 400])
def test_what_an_account_may_have_more_is_known_without_a_look_at_the_others(
    store: Any, accounts: int
) -> None:
    for number in range(accounts):
        with ministack_adapter.request_scope(f"{number:012}", REGION):
            for stack in range(30):
                store[f"stack{stack}"] = {"StackStatus": "CREATE_COMPLETE"}
    limit = limits.EnforcedLimit(
        *(AppliedQuotas(Clock()), "cloudformation", "Stacks", "services.cloudformation", "_stacks")
    )
    with ministack_adapter.request_scope(HERE, REGION):
        limit.exceeded_by("first")  # makes the index
        assert lines_of(lambda: limit.exceeded_by("new")) < 400


def test_an_index_follows_every_change_of_its_store(store: Any) -> None:
    with ministack_adapter.request_scope(HERE, REGION):
        store["kept"] = 1
        keys = indexed(store)
        store["more"] = 2
        store["kept"] = 3
        assert store.pop("more") == 2
        assert store.pop("more", None) is None
        store.setdefault("other", 4)
        assert keys.of_account(HERE) == [(HERE, REGION, "kept"), (HERE, REGION, "other")]
        assert keys.of_name("more") == []
        del store["kept"]
        assert [*store] == ["other"]
        assert indexed(store) is keys
    store.clear()
    assert keys.of_account(HERE) == keys.of_name("other") == []
    restored = type(store).from_dict({(HERE, REGION, "back"): 5})
    assert indexed(restored).of_name("back") == [(HERE, REGION, "back")]
    assert isinstance(restored._data, IndexedKeys)


def test_few_processes_of_functions_stay_those_that_were_called_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = ministack_adapter.module("core.lambda_runtime")
    ended: list[Any] = []
    pools = {
        f"account{number}": [SimpleNamespace(in_use=number == 0, last_used=number)]
        for number in range(functions.WARM + 4)
    }
    expected = [pools[f"account{number}"][0] for number in (1, 2, 3)]
    monkeypatch.setattr(runtime, "_workers", pools)
    monkeypatch.setattr(runtime, "kill_workers", ended.extend)
    functions._keeping_few_warm(lambda _: None)(None)
    assert ended == expected
    assert "account0" in pools  # it is running
    assert len(pools) == functions.WARM + 1
