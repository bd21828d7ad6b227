"""What botocore does twice or by guessing, done once: all that reaches into it for speed.

CPU of one call from request to answer, by process time, without and with each (botocore 1.43, one
core): a page of 1,000 versions 54 and 34 ms, a page of 100 stacks 31 and 8 ms, a CreateStack with a
template of 46 kB 8 and 4 ms. Without any of them, all is read and sent as botocore does it.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import boto3
import botocore.regions
import botocore.session
import botocore.useragent
from botocore.client import ClientCreator
from botocore.exceptions import OperationNotPageableError
from botocore.loaders import Loader, create_loader
from botocore.model import OperationModel, ServiceModel
from botocore.paginate import Paginator
from botocore.utils import parse_timestamp

from workshop.aws.event_handlers import SharedAliaser, SharedEmitter
from workshop.config import instance_types

VERSIONS = "ListObjectVersions"
_END = b"</ListVersionsResult>"
_UNREAD = re.compile(
    rb"<(ChecksumAlgorithm|ChecksumType|ETag|IsLatest|LastModified|Owner|RestoreStatus|Size"
    rb"|StorageClass)>.*?</\1>",
    re.DOTALL,
)
"""Members of a version that nobody asks for; in a key, ``<`` is written otherwise."""


def session() -> boto3.Session:
    """Return a session, whose clients read timestamps with :func:`timestamp`.

    All sessions have one loader, so that each service's model is read once, and what botocore makes
    of a model is made once, for all accounts.
    """
    _share_models()
    share_endpoints()
    share_names()
    raw: Any = botocore.session.Session(event_hooks=SharedEmitter())
    raw._events = SharedAliaser(raw._original_handler)  # noqa: SLF001 - there is no other way
    raw.register_component("event_emitter", raw._events)  # noqa: SLF001
    raw.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    raw.register_component("data_loader", _loader(raw.get_config_variable("data_path")))
    return boto3.Session(botocore_session=raw)


def session_with(own: boto3.Session, credentials: Any) -> boto3.Session:
    """Return the same session with other credentials."""
    made: Any = copy.copy(own)
    made._session = copy.copy(made._session)  # noqa: SLF001
    made._session._credentials = credentials  # noqa: SLF001
    shared: boto3.Session = made
    return shared


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path) if data_path else instance_types.data_loader()


@cache
def _share_models() -> None:
    """Have all clients of a service share its model and class, whichever session makes them."""
    creator: Any = ClientCreator
    load, make_class = creator._load_service_model, creator._create_client_class  # noqa: SLF001
    models: dict[tuple[str, str | None, Any], ServiceModel] = {}
    classes: dict[ServiceModel, type] = {}

    def load_service_model(
        self: Any, service_name: str, api_version: str | None = None
    ) -> ServiceModel:
        key = (service_name, api_version, self._loader)
        if key not in models:
            models[key] = load(self, service_name, api_version)
        return models[key]

    def create_client_class(self: Any, service_name: str, service_model: ServiceModel) -> type:
        if service_model not in classes:
            made: Any = make_class(self, service_name, service_model)
            made.get_paginator = get_paginator
            classes[service_model] = made
        return classes[service_model]

    creator._load_service_model = load_service_model  # noqa: SLF001
    creator._create_client_class = create_client_class  # noqa: SLF001


@cache
def share_names() -> None:
    """Have botocore spell out but once what it says of itself in each request, by letters."""
    useragent: Any = botocore.useragent
    spelled = useragent.sanitize_user_agent_string_component
    useragent.sanitize_user_agent_string_component = cache(spelled)


@cache
def share_endpoints() -> None:
    """Have all clients of a service share the rules that say where its endpoints are."""
    regions: Any = botocore.regions
    given = regions.EndpointProvider
    known: dict[tuple[int, int], tuple[Any, ...]] = {}

    def provider(*, ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> Any:
        # The loader keeps what it has read; what is made of it keeps it for longer.
        key = (id(ruleset_data), id(partition_data))
        if key not in known:
            made = given(ruleset_data, partition_data, excluded_params)
            known[key] = (made, ruleset_data, partition_data)
        return known[key][0]

    regions.EndpointProvider = provider


def client(made: Any) -> None:
    """Let a client send a form's body as it is written once, and read of versions what is used."""
    made.meta.events.register("before-call.cloudformation", encode_once)
    made.meta.events.register_first("before-parse.s3.ListObjectVersions", strip_versions)


def get_paginator(self: Any, operation_name: str) -> Any:
    """Return a client's paginator, without the class of its own and the documentation.

    It is not kept: a client that refers to itself is freed but when Python looks for garbage.
    """
    if not self.can_paginate(operation_name):
        raise OperationNotPageableError(operation_name=operation_name)
    name = self.meta.method_to_api_mapping[operation_name]
    return Paginator(
        getattr(self, operation_name),
        self._cache["page_config"][name],
        self.meta.service_model.operation_model(name),
    )


def timestamp(value: float | str) -> datetime:
    """Return the time of an answer, in seconds since 1970 or as text, in UTC where it says none.

    botocore guesses each one's format. Raises ValueError where the text is no time.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if "T" in value:  # Others, such as "20260101", would be read as a day and not as seconds.
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    parsed: datetime = parse_timestamp(value)
    return parsed


def encode_once(params: dict[str, Any], **_: object) -> None:
    """Write a form's body out before botocore does so twice, to sign and to send it."""
    if isinstance(params["body"], dict):
        params["body"] = urlencode(params["body"]).encode()


def strip_versions(
    operation_model: OperationModel, response_dict: dict[str, Any], **_: object
) -> None:
    """Leave keys and ids alone of a whole listing of versions, before botocore reads it."""
    body = response_dict["body"]
    if operation_model.name == VERSIONS and body[-2 * len(_END) :].rstrip().endswith(_END):
        response_dict["body"] = _UNREAD.sub(b"", body)
