"""Which actions IAM has, as far as this release and botocore's data know.

Most are named as the operations of a service's API. ``iam_actions.json`` has what differs, by
service: AWS adds to both at any time, so what is unknown deserves a question, not a refusal.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import Any

from workshop.config.diagnostics import not_known
from workshop.config.instance_types import data_loader

FILE = Path(__file__).with_name("iam_actions.json")
REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html"


def doubt(action: str) -> str:
    """Return what is doubtful of an action, ``service:Name`` or ``service:Na*``; else nothing."""
    service, _, name = action.partition(":")
    if service not in _services():
        return f"{service!r} {not_known(service, 'service of IAM', sorted(_services()))}"
    if name == "*":
        return ""
    known = names(service)
    start = name.removesuffix("*").casefold()
    if start in known or (name.endswith("*") and any(each.startswith(start) for each in known)):
        return ""
    if start in {each.casefold() for each in _services()[service].get("none", ())}:
        return f"{action!r} is a call, and IAM asks for an action of another name; see {REFERENCE}"
    close = difflib.get_close_matches(start, known, n=1)
    meant = f"did you mean '{service}:{known[close[0]]}'? " if close else ""
    fits = "fits" if name.endswith("*") else "is"
    return f"{action!r} {fits} no action that this release knows; {meant}check its spelling"


@cache
def names(service: str) -> dict[str, str]:
    """Return the names of all actions of a service, by how IAM reads them: in any case."""
    about = _services()[service]
    operations = {
        operation
        for model in about.get("models", ())
        for operation in data_loader().load_service_model(model, "service-2")["operations"]
    }
    actions = operations - {*about.get("none", ())} | {*about.get("more", ())}
    return {action.casefold(): action for action in sorted(actions)}


@cache
def _services() -> dict[str, Any]:
    services: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    services.pop("")  # where it is from
    return services
