"""What Python in a rehearsal adds to itself: a note of each call to AWS, and less waiting.

Every interpreter of the rehearsal's environments imports it when it starts (a ``.pth`` file), as it
imports the notebook's own ``workshop_seat``. Needs Python 3.9.

- Each answer of AWS is a line of JSON in the file that ``WORKSHOP_REHEARSAL_CALLS`` names; with
  what was asked for, where it is denied.

Where AWS is played, and ``WORKSHOP_REHEARSAL_ON_AWS`` does not say otherwise, three more:

- ``time.sleep`` takes a fiftieth, and ``time.time`` counts what was left out: SageMaker's side is
  played within a second or two, so whoever waits for it need not wait for minutes.
- A client that was given an address of AWS goes to the rehearsal's cloud: the SageMaker Python SDK
  makes up STS's by itself.
- Sample data of other accounts' buckets is asked for before it is read (``sample_data``).
"""
# ruff: noqa: PLC0415 - an interpreter's start must not wait for imports

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from typing import Any

PACE = 50
SHORT = 0.02
MESSAGE = 1_000
"""Characters of an error's message that are noted."""
REQUEST = 20_000
"""Characters of a request that is noted; of a longer one nothing is."""

PLAYED = not os.environ.get("WORKSHOP_REHEARSAL_ON_AWS")

_sleep, _time = time.sleep, time.time
_left_out = 0.0


def sleep(seconds: float) -> None:
    """Sleep for a fiftieth; a nap stays as it is."""
    global _left_out  # noqa: PLW0603 - the clock of this process
    if not isinstance(seconds, (int, float)) or seconds <= SHORT:
        _sleep(seconds)
        return
    real = max(seconds / PACE, SHORT)
    _left_out += seconds - real
    _sleep(real)


def now() -> float:
    """Return the time with what was slept too little."""
    return _time() + _left_out


def noted(model: Any, parsed: Any, http_response: Any, context: Any = None, **_: Any) -> None:
    """Write down what a call was answered, after whatever the notebook's hook made of it."""
    error = (parsed or {}).get("Error") or {}
    status = getattr(http_response, "status_code", 0)
    code = str(error.get("Code", ""))
    request = (context or {}).get("workshop_request") if code else None
    write(model, code, str(error.get("Message", "")), status, request)


def failed(exception: Any, event_name: str, **_: Any) -> None:
    """Write down that a call was not answered."""
    service, operation = event_name.split(".", 2)[1:]
    write((service, operation), type(exception).__name__, str(exception), 0)


def write(model: Any, code: str, message: str, status: int, request: Any = None) -> None:
    """Add a line to the file; nothing that goes wrong here ends the call."""
    import json

    try:
        service, operation = (
            model
            if isinstance(model, tuple)
            else (model.service_model.signing_name, model.wire_name)
        )
        call = {
            "process": os.getpid(),
            "service": service,
            "operation": operation,
            "status": status,
            "code": code,
            "message": message[:MESSAGE],
        }
        if request and len(text := json.dumps(request, default=str)) <= REQUEST:
            call["request"] = json.loads(text)
        file = os.open(os.environ["WORKSHOP_REHEARSAL_CALLS"], os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, (json.dumps(call) + "\n").encode())
        finally:
            os.close(file)
    except Exception:  # noqa: BLE001, S110 - the lab's call goes on
        pass


def redirected(create: Any) -> Any:
    """Return ``Session.create_client`` for a cloud at one address."""

    def create_client(self: Any, *arguments: Any, **more: Any) -> Any:
        from urllib.parse import urlsplit

        given = more.get("endpoint_url")
        host = (urlsplit(str(given)).hostname or "") if given else ""
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
            more["endpoint_url"] = os.environ["AWS_ENDPOINT_URL"]
        return create(self, *arguments, **more)

    return create_client


def install(module: Any) -> None:
    """Add to a module of botocore's, which has just been imported."""
    if module.__name__ == "botocore.handlers":
        module.BUILTIN_HANDLERS += [
            ("after-call", noted, module.REGISTER_LAST),
            ("after-call-error", failed),
        ]
    elif not PLAYED:
        return
    elif module.__name__ == "botocore.session":
        module.Session.create_client = redirected(module.Session.create_client)
    else:
        from importlib import import_module

        import_module("sample_data").install(module, write)


class RecordingImporter:
    """An importer that leaves everything to the others, and adds to modules of botocore."""

    names = (
        "botocore.handlers",
        "botocore.session",
        "botocore.httpsession",
        "aiobotocore.httpsession",
        "requests.sessions",
        "urllib.request",
    )
    busy = False

    @classmethod
    def find_spec(cls, name: str, *_: Any) -> Any:
        if name not in cls.names or cls.busy:
            return None
        from importlib.util import find_spec

        cls.busy = True
        try:
            spec = find_spec(name)
        finally:
            cls.busy = False
        if spec and spec.loader:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                install(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if os.environ.get("WORKSHOP_REHEARSAL_CALLS") and "workshop_rehearsal" in __name__:
    if PLAYED:
        vars(time).update(sleep=sleep, time=now)
    sys.meta_path.insert(0, RecordingImporter)
