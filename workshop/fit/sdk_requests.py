"""The requests that the SageMaker Python SDK makes, by its classes, functions and methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore import xform_name

from workshop.fit import calls, machines, sdk, services
from workshop.fit.boto_requests import BotoRequests, bucket_name
from workshop.fit.calls import LabCall
from workshop.fit.machines import Options
from workshop.fit.values import UNKNOWN, Imported, SdkObject, made

_LOCAL = {"local", "local_gpu"}
_JUMPSTART = f"jumpstart-cache-prod-{calls.REGION}"
_OF_RELEASE_3 = ("core", "train", "serve")
"""Modules that release 3 has, and 2 has not."""


class SdkRequests:
    """Reports what the SDK asks of AWS, by way of what it asks of boto3."""

    def __init__(self, boto: BotoRequests) -> None:
        self._boto = boto

    def function(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Report a function or class by its dotted name; return what is known of its result."""
        rest, _, last = name.partition(".")[2].rpartition(".")
        if last in sdk.FUNCTIONS:
            if last == "get_execution_role":
                self._boto.add(*sdk.FUNCTIONS[last])
                return calls.ROLE
            # What runs a function of the lab's as a job asks for no pool, and says so.
            self._report(sdk.FUNCTIONS[last], [{"keep_alive_period_in_seconds": 0, **options}])
            return UNKNOWN
        owner = rest.rpartition(".")[2]
        if owner[:1].isupper():
            return self._of_class(owner, last, options)
        family = sdk.family(last)
        if family:
            return self._object(family, last, rest, {**options, "*": arguments})
        return Imported(f"sagemaker.{last}") if last[:1].isupper() else UNKNOWN

    def method(
        self, sdk_object: SdkObject, name: str, arguments: list[Any], options: dict[str, Any]
    ) -> Any:
        """Report a method of an object of the SDK."""
        if sdk_object.family == "boto_session":
            is_client = name in ("client", "resource")
            return self._boto.client(name, arguments, options) if is_client else UNKNOWN
        if sdk_object.family == "local_session":
            return UNKNOWN
        if sdk_object.family == "resource":
            self._resource(sdk_object.name, name, options)
            return sdk_object
        given = {**options, "*": arguments}
        actions = sdk.METHODS.get((sdk_object.family, name), sdk.FREE.get(name, ()))
        # A model's machines are named when it is deployed, an estimator's when it is made.
        objects = [] if name == "deploy" else machines.parts([sdk_object])
        self._report(
            actions,
            [given, *(each.options for each in objects)],
            closed=sdk.CLOSED_KINDS.get(sdk_object.family, ""),
        )
        self._named_bucket(actions, options)
        if sdk_object.family == "session" and name == "default_bucket":
            return bucket_name(sdk_object.options.get("default_bucket", calls.BUCKET))
        result = sdk.RESULTS.get((sdk_object.family, name))
        return SdkObject(result, "", given) if result else UNKNOWN

    def method_of_unknown(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Report a method whose name says enough, of an object that nothing is known of."""
        given = {**options, "*": arguments}
        is_other = (name == "deploy" and not machines.is_deployment(options, arguments)) or (
            name == "register" and not {"content_types", "model_package_group_name"} & {*options}
        )
        if is_other:
            return UNKNOWN
        self._report(sdk.FREE[name], [given])
        self._named_bucket(sdk.FREE[name], options)
        family = {"deploy": "predictor", "transformer": "transformer"}.get(name)
        return SdkObject(family, "", given) if family else UNKNOWN

    def _object(self, family: str, name: str, module: str, options: dict[str, Any]) -> SdkObject:
        """Report what making an object does, and return the object."""
        unnamed = options["*"]
        if family == "parameter" and len(unnamed) > 1:
            options.setdefault("default_value", unnamed[1])
        sdk_object = SdkObject(family, name, options)
        if actions := sdk.MADE.get(family, ()):
            sources = [each.options for each in machines.parts([sdk_object])]
            self._report(actions, sources, closed=sdk.CLOSED_KINDS.get(family, ""))
        if name.startswith("JumpStart"):
            self._boto.bucket(_JUMPSTART, writes=False)
            if module.startswith(_OF_RELEASE_3):
                self._boto.add("sagemaker:DescribeHubContent")
        if family == "session" and "default_bucket" in options:
            self._boto.bucket(bucket_name(options["default_bucket"]), writes=True)
        return sdk_object

    def _of_class(self, owner: str, name: str, options: dict[str, Any]) -> Any:
        """Report a method that is called on a class: ``Endpoint.get``, ``S3Uploader.upload``."""
        family = sdk.family(owner)
        actions = sdk.METHODS.get((family, name))
        if actions is not None:
            self._report(actions, [options])
            self._named_bucket(actions, options)
            return UNKNOWN
        if name in ("attach", "from_model_name", "load"):
            return SdkObject(family or "resource", owner)
        return SdkObject("resource", owner) if self._resource(owner, name, options) else UNKNOWN

    def _resource(self, owner: str, name: str, options: Options) -> bool:
        """Report a method of a resource class of release 3, and return whether it is one."""
        if name == "invoke":
            self._boto.add("sagemaker:InvokeEndpoint")
            return True
        operation = sdk.of_resource(owner, name)
        actions = services.of_method("sagemaker", xform_name(operation)) if operation else ()
        self._boto.request(actions, _as_of_api(options))
        return bool(actions)

    def _report(self, actions: Sequence[str], sources: Sequence[Options], closed: str = "") -> None:
        """Report actions, with the machines that are named by what they are done with."""
        types = {name for source in sources for name in machines.named_types(source)}
        if types and types <= _LOCAL:
            self._boto.found.tell("local_mode", "", self._boto.place)
            return
        for action in actions:
            use = machines.use_of(action)
            kind = closed if action.startswith("sagemaker:Create") else ""
            call = LabCall(action, self._boto.place, closed_kind=kind)
            fields = machines.of_options(sources, use) if use else {}
            self._boto.found.add(replace(call, **fields))

    def _named_bucket(self, actions: Sequence[str], options: Options) -> None:
        if "bucket" in options:
            of_s3 = [action for action in actions if action.startswith("s3:")]
            self._boto.add(*of_s3, bucket=bucket_name(options["bucket"]))


def _as_of_api(options: Options, depth: int = 0) -> Mapping[str, Any]:
    """Return the options of a resource class under the names that the API has for them."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        inner = next((sdk_object.options for sdk_object in made(value)), None)
        key = "".join(f"{word[:1].upper()}{word[1:]}" for word in name.split("_"))
        deeper = inner is not None and depth < 3  # noqa: PLR2004 - no shape of machines is deeper
        found[key] = _as_of_api(inner, depth + 1) if inner is not None and deeper else value
    return found
