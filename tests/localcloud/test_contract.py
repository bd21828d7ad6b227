"""The local SageMaker is held to botocore's service model, and ministack to what we lean on."""

from __future__ import annotations

import ast
import inspect
import re
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from botocore import xform_name

import localcloud
from localcloud import ministack_adapter, ministack_names
from localcloud.clock import Clock
from localcloud.errors import LocalCloudError
from localcloud.protocol import models
from localcloud.protocol.errors import ApiError
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays
from tests.support.local_cloud import Cloud
from tests.support.refusals import message_of
from tests.support.service_model import sample

NAMES_NOTHING = {"Search": "finds nothing"}
"""Operation -> what it does, instead of refusing, when what is asked for is not there."""


def operations() -> list[str]:
    """Every operation of the local SageMaker."""
    return sorted(build_engine(Clock(), delays()).operations)


@pytest.mark.parametrize(
    "operation",
    [
        name
        for name in operations()
        if not name.startswith(("Create", "List", "Put")) and name not in NAMES_NOTHING
    ],
)
def test_what_is_not_there_is_refused_with_an_error_of_the_model(
    cloud: Cloud, operation: str
) -> None:
    client = cloud.client("sagemaker")
    shape = client.meta.service_model.operation_model(operation).input_shape
    refused = message_of(client._make_api_call, operation, sample(shape))
    assert "validation error" not in refused


@pytest.mark.parametrize("operation", operations())
def test_no_optional_member_is_needed_for_an_answer_or_a_refusal(operation: str) -> None:
    engine = build_engine(Clock(), delays())
    shape = models.operation("sagemaker", operation).input_shape
    members = shape.members if shape is not None else {}
    required = sample(shape) if shape is not None else {}
    for more in (None, *(name for name in members if name not in required)):
        request = {**required} if more is None else {**required, more: sample(members[more])}
        with suppress(ApiError):
            assert isinstance(engine.call(operation, request), dict), more


def test_every_operation_is_called_by_some_test_of_the_suite() -> None:
    suite = Path(__file__).parents[1]
    texts = [path.read_text(encoding="utf-8") for path in suite.rglob("test_*.py")]
    called = set(re.findall(r"""[."']([a-z][a-z0-9_]+)\b""", "\n".join(texts)))
    assert [name for name in operations() if xform_name(name) not in called] == []


@pytest.mark.parametrize("module", ministack_names.HELD)
def test_ministack_still_has_the_private_names_we_lean_on(module: str) -> None:
    found = ministack_adapter.module(module)
    for name, signature in ministack_names.HELD[module].items():
        held = found
        for part in name.split("."):
            assert hasattr(held, part), f"ministack.{module} lost {name}"
            held = getattr(held, part)
        if signature is not None:
            # In this process nothing of ours is mounted: these are ministack's own. Pythons below
            # 3.14 write typing.Any where later ones write Any.
            own = str(inspect.signature(held)).replace("typing.", "")
            assert own == signature, f"ministack.{module}.{name}"


def private_names(source: str) -> set[str]:
    """Return the private attributes that a file's code takes of anything but its own objects."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and re.match("_[^_]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }


def test_every_private_name_of_ministack_that_is_used_is_held() -> None:
    held = {name for names in ministack_names.HELD.values() for name in names}
    modules = [ministack_adapter.module(name) for name in ministack_names.HELD]
    used = {
        (path.name, name)
        for path in Path(localcloud.__file__).parent.rglob("*.py")
        for name in private_names(path.read_text(encoding="utf-8")) - held
        if any(hasattr(module, name) for module in modules)
    }
    assert used == set()


@pytest.mark.parametrize("loop", ["_delete_stack_async", "_roll_back_operation"])
def test_ministack_still_walks_backwards_in_a_way_that_we_can_lead(loop: str) -> None:
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    assert "reversed" in getattr(stacks, loop).__code__.co_names
    assert "_delete_resource" in getattr(stacks, loop).__code__.co_names
    assert not hasattr(stacks, "reversed"), "ministack has a name of its own that we would hide"


def test_ministack_is_the_release_whose_private_names_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert metadata.version("ministack") == ministack_adapter.PINNED
    ministack_adapter.check_release()
    monkeypatch.setattr(ministack_adapter, "PINNED", "1.5.34")
    with pytest.raises(LocalCloudError, match=r"needs ministack 1\.5\.34 but found 1\.5\.33"):
        ministack_adapter.check_release()
