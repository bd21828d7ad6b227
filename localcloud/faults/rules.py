"""The rules of a fault plan, as people and tests write them, and the error of a wrong rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args

from botocore.loaders import Loader
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from localcloud import accounts
from localcloud.errors import LocalCloudError
from localcloud.faults import globs
from localcloud.protocol import models

LONGEST_LATENCY = 900.0
"""Seconds; clients give up long before."""

Document = Mapping[str, Any]


def _operation(pattern: str) -> str:
    """Check a glob such as ``sagemaker:CreateTrainingJob`` against botocore's service models."""
    if pattern == "*":
        return pattern
    service, colon, operation = pattern.partition(":")
    if not colon:
        raise ValueError(f"'{pattern}' is no operation; write sagemaker:CreateTrainingJob, s3:*, *")
    known = _services()
    if not any(globs.matches(service, name) for name in known):
        raise ValueError(
            f"'{service}' is no service; {_meant(service, known)}names are those of boto3"
        )
    if globs.is_plain(service):
        names = models.service_model(service).operation_names
        if not any(globs.matches(operation, name) for name in names):
            raise ValueError(
                f"{service} has no operation '{operation}'; {_meant(operation, names)}"
                "names are those of the API, such as CreateTrainingJob"
            )
    return pattern


Operation = Annotated[str, AfterValidator(_operation)]
Text = Annotated[str, Field(min_length=1)]


class _FaultRule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Annotated[str, Field(pattern=accounts.ACCOUNT_PATTERN)] | None = None
    region: Annotated[str, Field(pattern=accounts.REGION_PATTERN)] | None = None


class _Counted(_FaultRule):
    """A rule that applies to some of its matching cases, counted from the first."""

    times: Annotated[int, Field(ge=1)] | None = None
    """How often it applies; None: until the plan is cleared."""
    after: Annotated[int, Field(ge=0)] = 0
    """How many matching cases succeed first."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0
    """The same seed chooses the same cases."""


class _OfCalls(_Counted):
    operation: Operation
    """``service:Operation`` as botocore names them; ``*`` and ``?`` as in IAM."""
    match: Text | None = None
    """A glob that a name or another value in the request has to match."""


class Throttle(_OfCalls):
    """The service answers its throttling error."""

    effect: Literal["throttle"]


class Error(_OfCalls):
    """The service fails."""

    effect: Literal["error"]
    status: Literal[500, 503] = 500
    code: Text | None = None
    """The error code instead of the service's usual one."""


class Timeout(_OfCalls):
    """The service does nothing and does not answer, until the client gives up."""

    effect: Literal["timeout"]


class LostAnswer(_OfCalls):
    """The service does it and does not answer."""

    effect: Literal["lost-answer"]


class Denied(_OfCalls):
    """No policy allows it."""

    effect: Literal["denied"]
    policy: Literal["identity", "organization"] = "identity"
    """Which policy: one of the caller, or a service control policy of the organization."""


class Expired(_OfCalls):
    """The caller's credentials have expired."""

    effect: Literal["expired"]
    operation: Operation = "*"
    code: Text | None = None
    """The error code instead of the service's usual one, such as InvalidClientTokenId."""


class NotOffered(_OfCalls):
    """The service has no such operation in the Region."""

    effect: Literal["not-offered"]


class Conflict(_OfCalls):
    """Another call changes the same at the moment: IAM's ConcurrentModification, ..."""

    effect: Literal["conflict"]


class Stale(_OfCalls):
    """What was changed by calls is not known to this call for some seconds of the cloud's clock.

    A description and a listing answer what they answered before; what was just made is not found.
    """

    effect: Literal["stale"]
    seconds: Annotated[float, Field(gt=0)]


class Latency(_OfCalls):
    """The answer takes longer, in real time; later rules still apply."""

    effect: Literal["latency"]
    seconds: Annotated[float, Field(gt=0, le=LONGEST_LATENCY)]


class Keys(_Counted):
    """Some keys of a DeleteObjects are not deleted, and its answer says so; the status is 200."""

    operation: ClassVar[str] = "s3:DeleteObjects"

    effect: Literal["keys"]
    match: Text
    """A glob over the keys."""
    code: Literal["InternalError", "AccessDenied"] = "InternalError"


class Stuck(_FaultRule):
    """A SageMaker resource does not leave a status although its time has passed."""

    effect: Literal["stuck"]
    noun: Text
    """The resource type, as in its operations: ``Endpoint``; a glob, as is ``name``."""
    name: Text = "*"
    status: Text


class Handler(_Counted):
    """A resource type's handler fails in a stack."""

    effect: Literal["handler"]
    type: Text
    """A glob over resource types, such as ``AWS::IAM::*``."""
    action: Literal["create", "update", "delete"] = "create"
    match: Text = "*"
    """A glob over logical ids."""
    code: Literal[
        "AccessDenied",
        "AlreadyExists",
        "GeneralServiceException",
        "InternalFailure",
        "InvalidCredentials",
        "InvalidRequest",
        "NetworkFailure",
        "NotFound",
        "NotStabilized",
        "NotUpdatable",
        "ResourceConflict",
        "ServiceInternalError",
        "ServiceLimitExceeded",
        "ServiceTimeout",
        "Throttling",
    ] = "Throttling"
    """One of the contract's error codes of handlers."""
    policy: Literal["organization"] | None = None
    """Of ``AccessDenied``: that a service control policy of the organization denies it."""


class Capacity(_Counted):
    """There is no machine of a type: what waits for one in SageMaker fails, and EC2 refuses."""

    effect: Literal["capacity"]
    instance_type: Text
    """A glob, such as ``ml.g5.*``, or ``g5.*`` for EC2."""
    zone: Text = "*"
    """A glob over EC2's Availability Zones."""


class ShortLived(_Counted):
    """The credentials of a role that Identity Center gives end soon."""

    operation: ClassVar[str] = "sso:GetRoleCredentials"

    effect: Literal["short-lived"]
    seconds: Annotated[float, Field(gt=0)]
    """By the machine's clock, as clients see it."""


CallRule = (
    Throttle
    | Error
    | Timeout
    | LostAnswer
    | Denied
    | Expired
    | NotOffered
    | Conflict
    | Stale
    | Latency
)
Rule = CallRule | Keys | Stuck | Handler | Capacity | ShortLived


class FaultChange(BaseModel):
    """A change of the plan: new rules for all, or some more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Annotated[Rule, Field(discriminator="effect")], ...] | None = None
    add: tuple[Annotated[Rule, Field(discriminator="effect")], ...] = ()


def change(document: Document) -> FaultChange:
    """Return the change in a document; ``LocalCloudError`` names its first mistake."""
    try:
        return FaultChange.model_validate(document)
    except ValidationError as error:
        raise LocalCloudError(_message(error.errors(include_url=False)[0])) from None


def _message(details: ErrorDetails) -> str:
    """Return one sentence with its cure."""
    ctx, given = details.get("ctx", {}), details["input"]
    messages: dict[str, Callable[[], str]] = {
        "value_error": lambda: str(ctx["error"]),
        "extra_forbidden": lambda: "is unknown; remove it",
        "missing": lambda: "is missing; add it",
        "union_tag_not_found": lambda: f"names no effect; known: {', '.join(_effects())}",
        "union_tag_invalid": lambda: (
            f"effect '{ctx['tag']}' is unknown; "
            f"{_meant(ctx['tag'], _effects())}known: {', '.join(_effects())}"
        ),
        "tuple_type": lambda: "must be a list of rules",
        "model_attributes_type": lambda: 'is no rule; write {"effect": ..., ...}',
        "string_pattern_mismatch": lambda: (
            f"'{given}' is none; give 12 digits as account, a code such as eu-west-1 as region"
        ),
    }
    message = messages.get(details["type"], lambda: f"{given!r} is wrong: {details['msg'].lower()}")
    return "".join(f"{part}: " for part in _where(*details["loc"])) + message()


def _where(part: str | int = "", number: str | int = "", *within: str | int) -> list[str]:
    """Return ``rules``, 0, ``throttle``, ``times`` as people write it: rule 1, times."""
    if isinstance(number, int):
        return [f"rule {number + 1}", *map(str, within[1:])]
    return [str(part)] if part else []


def _meant(word: str, names: Iterable[str]) -> str:
    """Return ``did you mean 'X'? `` when a name is close, whatever its case, else nothing."""
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lowered, n=1)
    return f"did you mean '{lowered[close[0]]}'? " if close else ""


@cache
def _services() -> tuple[str, ...]:
    return tuple(Loader().list_available_services("service-2"))


@cache
def _effects() -> tuple[str, ...]:
    kinds = (
        *(Throttle, Error, Timeout, LostAnswer, Denied, Expired, NotOffered, Conflict, Stale),
        Latency,
        *(Keys, Stuck, Handler, Capacity, ShortLived),
    )
    return tuple(get_args(kind.model_fields["effect"].annotation)[0] for kind in kinds)
