"""What the agents of seats report, read from the seats' own buckets.

Whoever has a seat can write anything there, so nothing of it is trusted but to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.agent.files import document
from workshop.agent.saving import PREFIX
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import SignInError
from workshop.naming import SAVED_BESIDE_NOTEBOOK

REPORT = "report.json"
MOST_BYTES = 100_000


@dataclass(frozen=True)
class AgentReport:
    """An agent's report; times are epoch seconds, 0 for never."""

    time: float = 0
    handled: frozenset[str] = frozenset()
    saved_until: float = 0
    files: int = 0
    bytes: int = 0
    left_out: int = 0
    left_out_first: tuple[str, ...] = ()
    """Some of what is not saved, each with the reason."""
    save_error: str = ""
    active: float = 0
    """When the machine was last used, 0 where the agent does not know."""
    disk_free: int | None = None
    content: bool | None = None
    """Whether the workshop's content is there; None where there is none to have."""
    brought: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of each folder of content the ``version`` that came, and how many files lie ``beside``."""
    no_tokens: tuple[str, ...] = ()
    """Variables of tokens that the notebook does not have."""
    packages: str | None = None
    kernels: Mapping[str, str] | None = None
    """Why a kernel does not start, by environment; None where that was not tried."""
    datasets: str = ""
    set_up: str = ""
    errors: tuple[str, ...] = field(default=())


def bucket(loaded: LoadedEnvironment, seat: Seat) -> str:
    """Return the bucket to which a seat's agent saves: the first of its profile."""
    key = next(iter(loaded.settings.profiles[seat.profile].storage.buckets))
    return loaded.names(seat).bucket(key)


def saved_below(loaded: LoadedEnvironment, seat: Seat, *, of_box: bool = False) -> str:
    """Return the prefix below which a machine's agent saves and reports, in the seat's bucket."""
    beside = of_box and loaded.settings.profiles[seat.profile].has_notebook
    return SAVED_BESIDE_NOTEBOOK if beside else PREFIX


def read(
    clients: Clients, loaded: LoadedEnvironment, seat: Seat, *, of_box: bool = False
) -> AgentReport | Unavailable:
    """Return the report of the agent of a seat's notebook, or of its EC2 instance.

    It is an empty one where there never was any.
    """
    try:
        answer = clients.call(
            seat.account_region,
            "s3",
            "GetObject",
            Bucket=bucket(loaded, seat),
            Key=f"{saved_below(loaded, seat, of_box=of_box)}{REPORT}",
            ExpectedBucketOwner=seat.account,
        )
        return of_document(document(answer["Body"].read(MOST_BYTES)))
    except SignInError:
        raise
    except (BotoCoreError, ClientError) as error:
        if errors.is_gone(error):
            return AgentReport()
        return Unavailable(errors.reason(error))


def of_document(text: Mapping[str, Any]) -> AgentReport:
    """Return what a report says, as far as it is what an agent writes."""
    saved = _mapping(text.get("saved"))
    kernels = text.get("kernels")
    content, packages = text.get("content"), text.get("packages")
    return AgentReport(
        time=_number(text.get("time")),
        handled=frozenset(_texts(text.get("handled"))),
        saved_until=_number(saved.get("until")),
        files=int(_number(saved.get("files"))),
        bytes=int(_number(saved.get("bytes"))),
        left_out=int(_number(saved.get("left_out"))),
        left_out_first=tuple(
            f"{each[0]}: {each[1]}"
            for each in _list(saved.get("left_out_first"))
            if isinstance(each, list) and len(each) == 2  # noqa: PLR2004 - a path and a reason
        ),
        save_error=_text(saved.get("error")),
        active=_number(text.get("active")),
        disk_free=int(_number(text["disk_free"])) if "disk_free" in text else None,
        content=content if isinstance(content, bool) else None,
        brought={
            str(folder): _mapping(about) for folder, about in _mapping(text.get("brought")).items()
        },
        no_tokens=tuple(_texts(text.get("no_tokens"))),
        packages=packages if isinstance(packages, str) else None,
        kernels=(
            None
            if kernels is None
            else {str(name): _text(why) for name, why in _mapping(kernels).items()}
        ),
        datasets=_text(text.get("datasets")),
        set_up=_text(text.get("set_up")),
        errors=tuple(_texts(text.get("errors"))),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in _list(value) if isinstance(each, str)]


def _number(value: object) -> float:
    finite = isinstance(value, int | float) and abs(value) < float("1e18")
    return value if finite else 0  # type: ignore[return-value]
