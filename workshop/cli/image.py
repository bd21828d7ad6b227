"""``workshop image``: the machine images of the seats' EC2 instances."""

from __future__ import annotations

import typer

from workshop.aws import account_guard
from workshop.aws.clients import Clients
from workshop.cli import console
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.config import images
from workshop.config.roster import account_regions_of
from workshop.counting import count_of
from workshop.environments import loader
from workshop.files import shown, write
from workshop.images import pinning

app = typer.Typer(help="The machine images of EC2 instances.")


@app.callback()
def _group() -> None:
    """Keep the group, which has a single command so far."""


@app.command()
def pin(*, env: Env, config_dir: ConfigDir = CONFIG_DIR) -> None:
    """Ask AWS which images the YAML's are today, and write that down beside the environments.

    Check the file in: templates are made of it, so that every organiser makes the same ones without
    asking AWS. Nothing changes until somebody runs this again; another image replaces the
    instances that are there, with their disks.

    For example:

        workshop image pin -e gpu
    """
    loaded = loader.load(env, config_dir, pinned=False)
    if not loaded.settings.has_boxes:
        console.say("no profile has EC2 instances; there is no image to pin")
        return
    clients = Clients.of(loaded)
    account_guard.check_accounts(clients, loaded, [loaded.home, *account_regions_of(loaded.seats)])
    pins, changes = pinning.pin(clients, loaded)
    file = images.path(config_dir)
    file.parent.mkdir(exist_ok=True)
    write(file, images.text(pins))
    table = console.table("Region", "image", "id", "made", "before")
    for change in changes:
        before = change.before.image if change.before else ""
        now = change.after
        table.add_row(
            change.region,
            change.source,
            now.image,
            now.created,
            "the same" if before == now.image else before,
        )
    console.print_table(table)
    console.say(f"wrote {count_of(len(changes), 'image')} to {shown(file)}; check it in")
