"""Writes ``iam_actions.json``: how IAM's actions differ from the operations that botocore knows.

Most actions have the name of an operation. What is left of the Service Authorization Reference,
which ``tools.iam_reference`` reads, is small enough to be shipped: for each service the models of
botocore whose operations count, the ``more`` actions, and the operations that are ``none``.
"""

from __future__ import annotations

import json
import sys
from functools import cache

from botocore.loaders import Loader

from tools import generated_files, iam_reference
from workshop.environments.iam_actions import FILE

MODULE = "tools.iam_actions"


def text() -> str:
    """Return the whole file, a service a line."""
    lines = [
        f"{json.dumps(service)}: {json.dumps(_service(service), separators=(',', ':'))}"
        for service in iam_reference.services()
    ]
    package = "/".join(iam_reference.FOLDER.parts[-2:])
    source = f'"": {json.dumps({"package": package, "version": iam_reference.version()})}'
    return "{\n" + ",\n".join((source, *lines)) + "\n}\n"


def _service(service: str) -> dict[str, list[str]]:
    actions = {action.name for action in iam_reference.actions(service)}
    models = [
        model
        for model, (names, operations) in _models().items()
        if service in names and not operations.isdisjoint(actions)
    ]
    known = {operation for model in models for operation in _models()[model][1]}
    whole = {"models": models, "more": sorted(actions - known), "none": sorted(known - actions)}
    return {part: names for part, names in whole.items() if names}


@cache
def _models() -> dict[str, tuple[set[str], set[str]]]:
    """Model of botocore -> what IAM may call the service, and its operations."""
    loader, found = Loader(), {}
    for name in loader.list_available_services("service-2"):
        model = loader.load_service_model(name, "service-2")
        about = model["metadata"]
        names = {name, about["endpointPrefix"], about.get("signingName", name)}
        found[name] = names, {*model["operations"]}
    return found


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; return the exit code."""
    return generated_files.main(MODULE, __doc__, {FILE: text()}, arguments)


if __name__ == "__main__":
    sys.exit(main())
