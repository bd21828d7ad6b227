"""The machines that a request asks for, read from a request of boto3 or from objects of the SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workshop.fit import calls
from workshop.fit.calls import INSTANCE_TYPE
from workshop.fit.values import SdkObject, made, number, texts, under_key

USES = {
    "CreateTrainingJob": "training",
    "CreateHyperParameterTuningJob": "training",
    "CreateProcessingJob": "processing",
    "CreateTransformJob": "transform",
    "CreateEndpointConfig": "endpoint",
}
"""Operation of SageMaker -> what its machines are for."""

Options = Mapping[str, Any]
"""Arguments by their names; those without a name are listed under ``*``."""

_MOST_OBJECTS = 32
_CONCURRENCY, _MEMORY_MB = 5, 2048
"""What the SDK takes for a serverless endpoint where nothing is said."""
_WORDS = {
    "training": ("train", "fit", "tun"),
    "processing": ("process", "eval", "prep", "feature"),
    "transform": ("transform", "batch"),
    "endpoint": ("deploy", "infer", "endpoint", "host", "serv", "predict"),
}


def use_of(action: str) -> str:
    """Return what the machines of an action are for; empty for one that asks for none."""
    service, _, name = action.partition(":")
    return USES.get(name, "") if service == "sagemaker" else ""


def of_request(options: Options, use: str) -> dict[str, Any]:
    """Return the fields of a call for the machines in a request of boto3."""

    def numbers(*names: str) -> list[int]:
        each = (value for name in names for value in under_key(options, name))
        return [found for value in each if (found := number(value)) is not None]

    if use == "endpoint" and [*under_key(options, "ServerlessConfig")]:
        concurrency = max(numbers("MaxConcurrency"), default=_CONCURRENCY)
        return {
            "use": use,
            "serverless": (concurrency, max(numbers("MemorySizeInMB"), default=_MEMORY_MB)),
        }
    named = [text for value in under_key(options, "InstanceType") for text in texts(value)]
    types = calls.instance_types(tuple(named))
    return {
        "use": use,
        "types": types,
        "untyped": not types,
        "count": max(numbers("InstanceCount", "InitialInstanceCount"), default=1),
        "keep_alive": max(numbers("KeepAlivePeriodInSeconds"), default=None),
        "max_run": max(numbers("MaxRuntimeInSeconds"), default=None),
        "spot": True in under_key(options, "EnableManagedSpotTraining"),
        "remote_debug": True in under_key(options, "EnableRemoteDebug"),
        "file_system": any(True for _ in under_key(options, "FileSystemId")),
    }


def of_options(sources: Sequence[Options], use: str) -> dict[str, Any]:
    """Return the same for the options of methods and objects of the SDK; the first has its say."""
    serverless = _serverless(sources)
    if use == "endpoint" and serverless:
        return {"use": use, "serverless": serverless}
    types = calls.instance_types(tuple(name for source in sources for name in named_types(source)))
    found: dict[str, Any] = {
        "use": use,
        "types": types,
        "untyped": not types,
        "count": _first(sources, "instance_count", "initial_instance_count") or 1,
    }
    if use in ("training", "processing"):
        found["max_run"] = _first(sources, "max_run", "max_runtime_in_seconds")
    if use == "training":
        found["keep_alive"] = _first(sources, "keep_alive_period_in_seconds")
        found["spot"] = _is_true(sources, "use_spot_instances")
        found["remote_debug"] = _is_true(sources, "enable_remote_debug")
    return found


def parts(objects: Sequence[SdkObject]) -> list[SdkObject]:
    """Return objects and those that they are made of: the estimator of a tuner or of a step."""
    found: list[SdkObject] = []
    waiting = [*objects]
    while waiting and len(found) < _MOST_OBJECTS:
        part = waiting.pop(0)
        if any(each is part for each in found):
            continue
        found.append(part)
        held = [*part.options.values(), *part.options.get("*", ())]
        inner = [each for value in held for each in made(value) if each.family != "session"]
        waiting += inner[:_MOST_OBJECTS]
    return found


def named_types(options: Options) -> Iterator[str]:
    """Yield the instance types among some options, ``local`` too."""
    for name, value in options.items():
        if name.endswith("instance_type") or name in ("instance", "InstanceType"):
            yield from texts(value)
        elif name == "*":
            yield from (
                text for each in value for text in texts(each) if INSTANCE_TYPE.fullmatch(text)
            )


def suits(hint: str, use: str) -> bool:
    """Return whether a name such as ``deploy_instance_type`` may be of machines for this use."""
    lower = hint.lower()
    of = [each for each, words in _WORDS.items() if any(word in lower for word in words)]
    return not of or use in of


def is_deployment(options: Options, arguments: Sequence[Any]) -> bool:
    """Return whether a method that is called deploy has the arguments of the SDK's."""
    names = ("instance_type", "initial_instance_count", "serverless_inference_config")
    return any(name in options for name in names) or any(
        INSTANCE_TYPE.fullmatch(text) for each in arguments for text in texts(each)
    )


def _serverless(sources: Sequence[Options]) -> tuple[int, int] | None:
    for sdk_object in (
        instance for source in sources for value in source.values() for instance in made(value)
    ):
        if sdk_object.family == "serverless":
            concurrency = number(sdk_object.options.get("max_concurrency"))
            memory = number(sdk_object.options.get("memory_size_in_mb"))
            return concurrency or _CONCURRENCY, memory or _MEMORY_MB
    return None


def _first(sources: Sequence[Options], *names: str) -> int | None:
    found = (number(source.get(name)) for source in sources for name in names)
    return next((each for each in found if each is not None), None)


def _is_true(sources: Sequence[Options], name: str) -> bool:
    return any(source.get(name) is True for source in sources)
