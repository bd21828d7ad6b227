"""Writes what CDK would write, from templates that were synthesized before.

It stands in for the CDK app of the real ``workshop`` processes that tests run.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.support.usual_stacks import USUAL_STACKS
from workshop.config.roster import account_regions_of
from workshop.deploy.templates import Exemplar
from workshop.environments import loader


def write(source: str) -> None:
    """Write what the app was asked for, from the files in the folder ``source``."""
    context = json.load(sys.stdin)
    loaded = loader.load(context["env"], Path(context["config"]))
    out = Path(os.environ["CDK_OUTDIR"])
    out.mkdir(parents=True)
    seats = loaded.chosen(context["attendee"].split(","))
    texts = {}
    for account_region in account_regions_of(seats):
        where = (
            ""
            if account_region == loaded.home
            else f"-{account_region.account}-{account_region.region}"
        )
        for kind in loaded.settings.cohort_stacks:
            name = loaded.cohort_names(account_region).stack(kind)
            texts[f"{name}{where}"] = (Path(source) / kind).read_text()
    for seat in seats:
        for kind in USUAL_STACKS:
            texts[loaded.names(seat).stack(kind)] = Exemplar(
                (Path(source) / kind).read_text()
            ).text(seat)
    artifacts = {}
    for name, content in texts.items():
        (out / name).write_text(content)
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": name},
        }
    (out / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
