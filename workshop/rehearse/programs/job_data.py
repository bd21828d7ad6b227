"""The data of SageMaker's jobs in the seat's own buckets: what they read, and what they write.

A workshop's data is brought by its organiser, and what a job writes is made by code that a
rehearsal does not run. So what a job is to read, and is not there, is asked for before the request
goes out; and so is what code reads below a place that a job was told to write to. Needs Python 3.9.
"""
# ruff: noqa: PLC0415 - an interpreter's start must not wait for imports

from __future__ import annotations

import os
import re
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

READ = frozenset({"InputDataConfig", "ProcessingInputs", "TransformInput"})
"""Members of requests, and of steps of a pipeline, below which addresses are read."""
WRITTEN = frozenset({"OutputDataConfig", "ProcessingOutputConfig", "TransformOutput"})
NESTED = "PipelineDefinition"
"""The member that holds requests as a text."""
PLACES = "written"
"""The file beside the questions: addresses that jobs of this rehearsal write to."""
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)")


def own_buckets() -> set[str]:
    """Return the seat's buckets."""
    return {value for key, value in os.environ.items() if key.startswith("WORKSHOP_BUCKET")}


def is_of_jobs(request: Any) -> bool:
    """Return whether a request asks SageMaker to make something."""
    target = next((v for k, v in request.headers.items() if k.lower() == "x-amz-target"), "")
    target = target.decode() if isinstance(target, bytes) else str(target)
    return target.startswith(("SageMaker.Create", "SageMaker.Update", "SageMaker.Start"))


def wanted(request: Any, want: Callable[[str, str], object]) -> None:
    """Ask for what a request's jobs read of the seat's buckets; note where they write."""
    import json

    own = own_buckets()
    written = []
    for reads, bucket, key in places(json.loads(request.body)):
        if bucket in own and reads and key.strip("/"):
            want(bucket, key)
        elif bucket in own and key.strip("/"):
            written.append(f"{bucket}/{key.rstrip('/')}/\n")
    if written:
        with (Path(os.environ["WORKSHOP_REHEARSAL_WANTED"]) / PLACES).open("a") as file:
            file.writelines(written)


def places(value: Any, *, reads: bool | None = None) -> Iterator[tuple[bool, str, str]]:
    """Yield the addresses of a request: whether it is read, the bucket, the key."""
    import json

    if isinstance(value, list):
        for part in value:
            yield from places(part, reads=reads)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == NESTED and isinstance(part, str):
                definition = json.loads(part)
                yield from places(filled(definition, defaults(definition)), reads=reads)
                continue
            below = True if key in READ else False if key in WRITTEN else reads
            yield from places(part, reads=below)
    elif isinstance(value, str) and reads is not None:
        found = _S3.fullmatch(value)
        if found:
            yield reads, found[1], found[2]


def defaults(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a pipeline's parameters that an execution need not give."""
    given = definition.get("Parameters", [])
    return {f"Parameters.{each['Name']}": each.get("DefaultValue") for each in given}


def filled(value: Any, known: dict[str, Any]) -> Any:
    """Return a part of a pipeline with the values of its parameters."""
    if isinstance(value, list):
        return [filled(part, known) for part in value]
    if not isinstance(value, dict):
        return value
    name = value.get("Get") if len(value) == 1 else None
    if isinstance(name, str):
        return known.get(name, value)
    return {key: filled(part, known) for key, part in value.items()}


def is_written(bucket: str, key: str) -> bool:
    """Return whether a job of this rehearsal was told to write to such a place."""
    if bucket not in own_buckets():
        return False
    try:
        text = (Path(os.environ["WORKSHOP_REHEARSAL_WANTED"]) / PLACES).read_text()
    except OSError:
        return False
    return f"{bucket}/{key}".startswith(tuple(text.split()))
