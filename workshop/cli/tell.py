"""``workshop tell``: a message that every running notebook shows."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from workshop import events
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.counting import count_of
from workshop.errors import UsageError
from workshop.requests import inbox
from workshop.requests.inbox import CohortInbox


def tell(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message, one line of text.")],
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Show a message to everybody, within two minutes.

    It becomes the first file of everybody's list of files, 00-MESSAGES.txt, is printed below the
    next cell that is run in a Python kernel, and in every terminal. A notebook that is stopped
    shows it when it starts. Whoever has a seat may read all messages of the workshop.

    For example:

        workshop tell -e prod "Lunch until 13:15. Please save and stop your training jobs."
    """
    shown = " ".join(text.split())
    if not shown:
        raise UsageError("the message is empty; write what everybody is to read")
    if len(shown) > inbox.LONGEST_MESSAGE:
        raise UsageError(
            f"the message has {len(shown):,} characters; use {inbox.LONGEST_MESSAGE:,} at most,"
            " or hand out a file with: workshop share"
        )
    work = opened(env, config_dir)
    now = events.now().timestamp()
    message_id = inbox.new_id(now)
    for where in work.account_regions:
        CohortInbox(work.clients, work.loaded, where).change(
            partial(inbox.with_message, message_id=message_id, text=shown, now=now)
        )
    console.say(f"notebooks of {count_of(len(work.seats), 'seat')} show it within two minutes")
