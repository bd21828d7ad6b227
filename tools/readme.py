"""Generates three parts of ``README.md``: what an attendee gets, what it costs, what to install.

The picture is drawn from the templates that CDK makes, the sums from the price list, the extras
from the command line. Run it as ``python -m tools.readme --write``, or with ``--check`` to learn
whether the page is stale (exit code 1).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from stacks import build
from tools import generated_files
from tools.generated_files import ROOT
from workshop import extras
from workshop.cli import COMMANDS, GROUPS
from workshop.config.profiles import Profile
from workshop.environments import loader
from workshop.naming import COHORT, Names
from workshop.pricing import prices

_MODULE = "tools.readme"
PAGE = ROOT / "README.md"

ENVIRONMENT, SEAT = "demo", "ada"
"""The shipped environment and the seat whose workbench is drawn."""

CLASS, HOURS, REGION = 30, 8, "us-east-1"
"""So many attendees, so many hours a day, where the price list knows the prices."""

Templates = Mapping[str, Mapping[str, Any]]
"""Name of a stack -> its template."""

_NAME = re.compile(r".*Name$")


# --- the picture --------------------------------------------------------------------------------


def synthesized() -> Templates:
    """Return the templates of the seat and of the cohort."""
    loaded = loader.load(ENVIRONMENT, ROOT / "config")
    with tempfile.TemporaryDirectory() as folder:
        app = build.new_app(folder)
        build.build(app, loaded, [SEAT])
        app.synth()
        return {
            path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8"))
            for path in Path(folder).glob("*.template.json")
        }


def picture(templates: Templates) -> str:
    """Return a diagram of a seat's stacks, their named resources, and what names what."""
    names = Names(loader.load(ENVIRONMENT, ROOT / "config").settings.workshop, SEAT, "", "")
    stacks = [names.stack(kind) for kind in Profile().stacks] + [names.cohort.stack(COHORT)]
    boxes = {stack: _boxes(templates[stack]) for stack in stacks}
    lines = ["```mermaid", "flowchart LR"]
    for stack, inside in boxes.items():
        lines.append(f'  subgraph {stack}["stack {stack}"]')
        for box, resources in inside.items():
            lines.append(f'    {stack}-{box}["{_title(resources)}"]')
        lines.append("  end")
    lines += sorted(_arrows(boxes))
    return "\n".join([*lines, "```"])


def _boxes(template: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the resources that have a name of their own, by resource type: a box for each."""
    boxes: dict[str, list[dict[str, Any]]] = {}
    for logical_id, resource in template["Resources"].items():
        name = next((_text(value) for key, value in _naming(resource) if _text(value)), "")
        if name:
            found = {"type": resource["Type"], "name": name, "id": logical_id}
            box = resource["Type"].rpartition("::")[2]
            boxes.setdefault(box, []).append({**found, "properties": resource["Properties"]})
    return boxes


def _naming(resource: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the properties that name a resource: ``BucketName``, ``RepositoryName``, ..."""
    noun = resource["Type"].rpartition("::")[2]
    for key, value in resource.get("Properties", {}).items():
        if _NAME.fullmatch(key) and key.removesuffix("Name") in noun:
            yield key, value


def _text(value: Any) -> str:
    """Return a name as the template's ``Fn::Sub`` writes it, empty for a reference."""
    return str(value.get("Fn::Sub", "")) if isinstance(value, dict) else str(value)


def _title(resources: list[dict[str, Any]]) -> str:
    first = resources[0]
    service, noun = first["type"].split("::")[1:]
    if len(resources) > 1:
        return f"{service} {noun}<br>{len(resources)} of them"
    name = re.sub(r"\$\{(?:AWS::)?(\w+)\}", lambda found: _SHOWN[found[1]], first["name"])
    return f"{service} {noun}<br>{name}"


_SHOWN = {"AttendeeId": SEAT, "AccountId": "ACCOUNT", "Region": "REGION"}


def _arrows(boxes: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> set[str]:
    """Return an arrow for each resource whose properties name or reference another."""
    every = [
        (f"{stack}-{box}", resource)
        for stack, inside in boxes.items()
        for box, resources in inside.items()
        for resource in resources
    ]
    return {
        f"  {box} --> {other}"
        for box, resource in every
        for other, used in every
        if box != other and _names(json.dumps(resource["properties"]), used)
    }


def _names(value: str, used: Mapping[str, Any]) -> bool:
    """Return whether properties hold the whole name of a resource, or a reference to it."""
    whole = rf"(?<![\w}}-]){re.escape(used['name'])}(?![\w$-])"
    return bool(re.search(whole, value)) or f'"{used["id"]}"' in value


# --- the costs ----------------------------------------------------------------------------------


def cost_table() -> str:
    """Return what a day of a class costs, from the price list and the configuration's defaults."""
    profile = Profile()
    notebook, access = profile.notebook, profile.access
    training, endpoint = access.training_instance_types[0], access.endpoint_instance_types[0]
    forgotten = access.endpoint_instance_types[-1]
    disk = prices.volume_hourly(notebook.volume_gb, REGION) or Decimal(0)
    day = {
        f"{CLASS} notebooks `{notebook.instance_type}` for {HOURS} hours": HOURS
        * _hourly("notebook", notebook.instance_type),
        f"their disks of {notebook.volume_gb} GB, day and night": 24 * disk,
        f"an hour of training for each on `{training}`": _hourly("training", training),
        f"an hour of an endpoint for each on `{endpoint}`": _hourly("endpoint", endpoint),
    }
    rows = [f"| {what} | {CLASS * usd:.2f} |" for what, usd in day.items()]
    night = 24 * _hourly("endpoint", forgotten)
    return "\n".join(
        [
            "| a day of a class of 30 | USD |",
            "|---|---|",
            *rows,
            f"| **together** | **{CLASS * sum(day.values()):.2f}** |",
            f"| one forgotten endpoint on `{forgotten}`, 24 hours | {night:.2f} |",
            "",
            f"({prices.basis(REGION)}, without storage, traffic and tax: an estimate, not a bill.)",
        ]
    )


def _hourly(use: prices.Use, instance_type: str) -> Decimal:
    found = prices.hourly(use, instance_type, REGION)
    if found is None:
        raise ValueError(f"the price list has no price of {instance_type} for {use}")
    return found


# --- the extras ---------------------------------------------------------------------------------


def extras_table() -> str:
    """Return which commands there are with which extra of the package."""
    needs = {name: extras.NEEDS.get(name, ("", ""))[0] for name in (*COMMANDS, *GROUPS)}
    rows = ["| installed with | there are |", "|---|---|"]
    besides = {"": "", "board": ", `handout` with `--serve`", "cdk": ", plain `cdk`", "local": ""}
    besides["all"] = " and all others"
    for extra in dict.fromkeys(sorted(needs.values(), key=list(besides).index)):
        commands = ", ".join(f"`{name}`" for name, needed in needs.items() if needed == extra)
        rows.append(
            f"| `{extras.PACKAGE}{f'[{extra}]' if extra else ''}` | {commands}{besides[extra]} |"
        )
    return "\n".join(rows)


def page_text(templates: Templates) -> str:
    """Return the page with all parts renewed."""
    parts = {
        "workbench": picture(templates),
        "costs": cost_table(),
        "extras": extras_table(),
    }
    return generated_files.page(PAGE, _MODULE, parts)


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page; return the exit code."""
    wanted = {PAGE: page_text(synthesized())}
    return generated_files.main(_MODULE, __doc__, wanted, arguments)


if __name__ == "__main__":
    sys.exit(main())
