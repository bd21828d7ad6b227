"""Which resources a request is about: the ARNs that the caller needs the permission for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.iam import reference
from localcloud.iam.reference import IamAction
from localcloud.iam.request_members import Member
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, SageMakerResourceType

ANY = "*"
_IN_GROUPS = ("CreateModelPackage", "ListModelPackages")


def of(
    engine: SageMakerEngine, operation: str, request: Members, members: list[Member]
) -> list[str]:
    """Return the ARNs, or ``["*"]`` for an operation without resource-level permissions.

    An ARN comes from the engine's tables, which know how a type is named and spelt, else from an
    ARN in the request, else from the reference's pattern. What the service itself will name, such
    as a new domain, is ``domain/*``.
    """
    action = reference.load().actions[operation]
    if not action.types and not action.optional:
        return [ANY]
    mentioned: dict[str, list[str]] = {}
    for source in (
        _of_kinds(engine, request),
        _of_entries(engine, operation, request),
        _of_members(members, action),
        _of_patterns(action, request),
    ):
        _add_new_types(mentioned, source)
    wanted = [arn for name in (*action.types, *action.optional) for arn in mentioned.get(name, ())]
    return wanted or [_unnamed(operation, request)]


def made(engine: SageMakerEngine, operation: str, request: Members, named: list[str]) -> str:
    """Return the one of ``named``, which came from ``of``, that a Create operation makes."""
    for kind in engine.kinds.values():
        if kind.operations.get("create", f"Create{kind.noun}") == operation:
            arn = _of_kind(engine, kind, request)
            return arn if arn in named else named[0]
    return named[0]


def owner(arn: str) -> str:
    """Return the ARN of what carries the tags of a resource: mostly itself.

    A version of a model uses the tags of its group and can have none of its own (API reference of
    CreateModelPackage, ``Tags``).
    """
    before, _, version = arn.partition(":model-package/")
    group = version.rpartition("/")[0]
    return f"{before}:model-package-group/{group}" if group else arn


def _add_new_types(mentioned: dict[str, list[str]], arns: Iterable[str]) -> None:
    """Add ARNs by their type, unless a better source has named one of that type before."""
    before = frozenset(mentioned)
    for arn in arns:
        found = reference.load().type_of(arn)
        if found is not None and found not in before:
            listed = mentioned.setdefault(found, [])
            if arn not in listed:
                listed.append(arn)


def _of_kinds(engine: SageMakerEngine, request: Members) -> Iterator[str]:
    for kind in engine.kinds.values():
        arn = _of_kind(engine, kind, request)
        if arn is not None:
            yield arn


def _of_entries(engine: SageMakerEngine, operation: str, request: Members) -> Iterator[str]:
    """Yield what the entries of a batch name."""
    if operation.startswith("Batch"):
        for value in request.values():
            for entry in value if isinstance(value, list) else ():
                if isinstance(entry, dict):
                    yield from _of_kinds(engine, entry)


def _of_kind(engine: SageMakerEngine, kind: SageMakerResourceType, request: Members) -> str | None:
    name = request.get(kind.name)
    if name is None or name.startswith("arn:"):
        return name
    key = None if kind.locate is None else kind.locate(engine, request)
    above = [request[parent] for parent in kind.parents if request.get(parent) is not None]
    return engine.arn(kind, key or "/".join([*above, name]))


def _of_members(members: list[Member], action: IamAction) -> Iterator[str]:
    for member in members:
        # Deep inside a request stands what is merely used; the reference has that as an optional
        # resource, if at all.
        if len(member.path) == 1:
            yield from _arns(member.value)
        else:
            yield from (
                arn
                for arn in _arns(member.value)
                if reference.load().type_of(arn) in action.optional
            )


def _arns(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.startswith("arn:"):
            yield item


def _of_patterns(action: IamAction, request: Members) -> Iterator[str]:
    given = _strings(request)
    for name in action.types:
        resource = reference.load().types[name]
        if all(variable in given for variable in resource.variables):
            yield _arn(resource.filled(given))


def _unnamed(operation: str, request: Members) -> str:
    if operation in _IN_GROUPS and "ModelPackageGroupName" in request:
        # The service gives the next number in the group, or lists all of them.
        return _arn(f"model-package/{request['ModelPackageGroupName'].rpartition('/')[2]}/{ANY}")
    types = reference.load().actions[operation].types
    if not types:
        return ANY
    return _arn(reference.load().types[types[0]].filled(_strings(request)))


def _strings(request: Members) -> dict[str, str]:
    return {name: value for name, value in request.items() if isinstance(value, str)}


def _arn(resource: str) -> str:
    # AWS's own hub goes by its name alone, and is no account's.
    is_public = resource.startswith(("hub/SageMakerPublicHub", "hub-content/SageMakerPublicHub/"))
    account = "aws" if is_public else ministack_adapter.account()
    return f"arn:aws:sagemaker:{ministack_adapter.region()}:{account}:{resource}"
