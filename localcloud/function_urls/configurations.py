"""Corrects ministack's configurations of function URLs in place, once per process."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.local_names import served_at

Step = Callable[..., Any]


def patch_configurations() -> None:
    """Give URLs addresses on this machine, and let them go with their function."""
    service = ministack_adapter.module("services.lambda_svc")
    service._create_function_url_config = _at_local_host(
        _buffered(service._create_function_url_config)
    )
    service._update_function_url_config = _buffered(service._update_function_url_config)
    service._delete_function = _with_its_urls(service._delete_function)
    types = ministack_adapter.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    functions = types["AWS::Lambda::Function"]
    functions["delete"] = _with_its_urls(functions["delete"])


def _buffered(make: Step) -> Step:
    """Refuse what Python's runtime does not do either."""

    def made(function: str, data: dict[str, Any], qualifier: str | None) -> Any:
        if data.get("InvokeMode", "BUFFERED") != "BUFFERED":
            return ministack_adapter.module("core.responses").error_response_json(
                "InvalidParameterValueException",
                "The local cloud plays function URLs with InvokeMode BUFFERED alone.",
                400,
            )
        return make(function, data, qualifier)

    return made


def _at_local_host(make: Step) -> Step:
    """Give function URLs a host name that leads to this machine instead of AWS's."""

    def made(function: str, data: dict[str, Any], qualifier: str | None) -> Any:
        answer = make(function, data, qualifier)
        service = ministack_adapter.module("services.lambda_svc")
        config = service._function_urls.get(service._url_config_key(function, qualifier))
        if config is None or not config["FunctionUrl"].endswith(".on.aws/"):
            return answer
        host, _, _ = config["FunctionUrl"].removeprefix("https://").partition(".on.aws/")
        config["FunctionUrl"] = f"http://{served_at(host)}/"
        return ministack_adapter.module("core.responses").json_response(config, status=answer[0])

    return made


def _with_its_urls(delete: Step) -> Step:
    """Delete a function's URLs with it: one that is made anew under its name has none."""

    def deleted(name: str, *given: Any, **named: Any) -> Any:
        answer = delete(name, *given, **named)
        service = ministack_adapter.module("services.lambda_svc")
        if name not in service._functions:
            for key in [*service._function_urls]:
                if key.partition(":")[0] == name:
                    del service._function_urls[key]
        return answer

    return deleted
