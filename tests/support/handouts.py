"""A class with notebooks in the local cloud, and handouts made without any cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.config_folder import load, write
from tests.support.local_cloud import Cloud
from workshop.handout import slips
from workshop.handout.notebooks import LONGEST, OPEN, HandoutNotebook, Presigned
from workshop.handout.slips import Handout

MADE = datetime(2098, 3, 8, 8, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::000000000000:role/notebooks"
LINK = "https://vision-ada-notebook-1a2b.notebook.us-east-1.sagemaker.aws?authToken=x"
GIVEN = HandoutNotebook(OPEN, link=Presigned(LINK, MADE + timedelta(minutes=5), LONGEST))


def write_class(
    folder: Path, rows: Sequence[str], *, title: str = "Vision", profiles: str = "attendee: {}"
) -> Path:
    """An environment ``dev`` in the local cloud's own account, and its roster of these rows."""
    write(
        folder,
        f"workshop: vision\ntitle: {json.dumps(title)}\naccount: '000000000000'\n"
        "region: us-east-1\nstart: 2098-03-08T09:00:00+01:00\nend: 2099-03-09T17:00:00+01:00\n"
        f"roster: {{file: people.csv}}\nprofiles: {{{profiles}}}\n",
    )
    header = "id,name,email,region"
    (folder / "people.csv").write_text("\n".join((header, *rows, "")), encoding="utf-8")
    return folder


def notebooks(cloud: Cloud, ids: Sequence[str], *, region: str = "") -> None:
    """An open notebook for each seat, named as the provisioner names them; needs ``ROLE``."""
    client = cloud.client("sagemaker", region=region)
    for seat in ids:
        client.create_notebook_instance(
            NotebookInstanceName=f"vision-{seat}-notebook",
            InstanceType="ml.t3.medium",
            RoleArn=ROLE,
        )


def made(
    folder: Path,
    rows: Sequence[str] = ("ada,,,",),
    *,
    found: Mapping[str, HandoutNotebook] | None = None,
    presigned: bool = False,
    with_names: bool = False,
    title: str = "Vision",
    profiles: str = "attendee: {}",
) -> Handout:
    """A handout of this roster; notebooks that ``found`` leaves out are open."""
    loaded = load(write_class(folder, rows, title=title, profiles=profiles))
    opened = GIVEN if presigned else HandoutNotebook(OPEN)
    known = {seat.id: opened for seat in loaded.seats} | dict(found or {})
    return slips.handout(
        loaded, loaded.seats, known, made=MADE, presigned=presigned, with_names=with_names
    )
