"""``workshop share``: files that every machine gets during the workshop."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workshop import events
from workshop.account_region import AccountRegion
from workshop.agent.inbox import SHARED
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.counting import count_of
from workshop.errors import UsageError
from workshop.files import shown
from workshop.requests import inbox
from workshop.requests.everywhere import in_each
from workshop.requests.inbox import CohortInbox


def share(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files.")],
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Give files to everybody, within two minutes: into a new folder of each machine.

    The folder is shared/ with the time, so that nothing that attendees have changed is written
    over: share a corrected file once more. A message says where it is. What was brought once and
    deleted is not brought again. The files lie in the cohort's bucket, which every seat may read.

    For example:

        workshop share -e prod 03-solutions.ipynb

        workshop share -e prod data/*.csv
    """
    _check(files)
    work = opened(env, config_dir)
    now = events.now().timestamp()
    version = inbox.new_id(now)

    def bring(where: AccountRegion) -> None:
        cohort = CohortInbox(work.clients, work.loaded, where)
        brought = []
        for file in files:
            key = f"workshop/{SHARED}/{version}/{file.name}"
            size = cohort.upload(file, key)
            brought.append({"name": file.name, "key": key, "size": size})
        names = ", ".join(file.name for file in files)
        text = f"New in the folder {SHARED}/{version}: {names}"[: inbox.LONGEST_MESSAGE]
        cohort.change(partial(_edit, version=version, brought=brought, text=text, now=now))

    in_each(work.loaded, work.account_regions, bring)
    console.say(
        f"{count_of(len(files), 'file')} will be in {SHARED}/{version} of every running"
        " machine within two minutes; stopped ones get it when they start"
    )


def _edit(
    document: inbox.Inbox, version: str, brought: list[dict[str, object]], text: str, now: float
) -> inbox.Inbox:
    with_files = inbox.with_shared(document, version, brought)
    return inbox.with_message(with_files, message_id=version, text=text, now=now)


def _check(files: list[Path]) -> None:
    """Refuse what no machine could take, before anything is sent."""
    for file in files:
        if not file.is_file():
            raise UsageError(f"{shown(file)} is no file; name files, or pack a folder into one")
        if file.stat().st_size > inbox.LARGEST_FILE:
            raise UsageError(
                f"{shown(file)} is larger than 1 GB; put it into the cohort's datasets instead"
            )
        if not file.name.isprintable():
            raise UsageError(f"{shown(file)} has a name that cannot be shown; rename it")
    names = [file.name for file in files]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise UsageError(f"two files are called {double[0]}; rename one")
