"""``workshop tell``: a message that every running machine shows."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.requests import telling


def tell(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message, one line of text.")],
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Show a message to everybody, within two minutes.

    It becomes the first file of everybody's list of files, 00-MESSAGES.txt, is printed below the
    next cell that is run in a Python kernel, and in every terminal. A machine that is stopped
    shows it when it starts. Whoever has a seat may read all messages of the workshop.

    For example:

        workshop tell -e prod "Lunch until 13:15. Please save and stop your training jobs."
    """
    shown = telling.message(text)
    work = opened(env, config_dir)
    console.say(telling.tell(work.clients, work.loaded, work.seats, shown))
