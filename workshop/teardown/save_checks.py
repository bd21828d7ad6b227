"""Whether work can be saved where it is to go, found out before anything is frozen or deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from workshop import files
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.errors import GuardError
from workshop.teardown import save_paths

MARK = "workshop-saves-here.txt"
"""What is written into a bucket to see whether that can be done; it stays."""

_TEXT = b"The command 'workshop teardown' saves the work of attendees below this prefix.\n"


def check_exists(clients: Clients, to: str, where: Iterable[AccountRegion]) -> None:
    """Raise GuardError unless the bucket can be listed from these Regions; nothing is changed.

    A folder can be made later, as far as nothing else has its name.
    """
    target = save_paths.read(to)
    try:
        if isinstance(target, save_paths.Prefix):
            for account_region in where:
                clients.client("s3", account_region).list_objects_v2(
                    Bucket=target.bucket, Prefix=target.prefix, MaxKeys=1
                )
        elif next(path for path in (target, *target.parents) if path.exists()).is_file():
            raise GuardError(_message(to, "there is a file of that name"))
    except (*errors.Refusal, OSError) as error:
        raise GuardError(_message(to, errors.describe(error))) from error


def check_writable(clients: Clients, to: str, where: Iterable[AccountRegion]) -> None:
    """Raise GuardError unless files can be written there; a folder is made, a bucket is not."""
    where = list(where)
    check_exists(clients, to, where)
    target = save_paths.read(to)
    try:
        if isinstance(target, save_paths.Prefix):
            key = f"{target.prefix}/{MARK}".removeprefix("/")
            for account_region in where:
                clients.client("s3", account_region).put_object(
                    Bucket=target.bucket, Key=key, Body=_TEXT
                )
        else:
            files.make_folder(target)
            with tempfile.NamedTemporaryFile(dir=target, prefix=".saving-") as file:
                file.write(_TEXT)
    except (*errors.Refusal, OSError) as error:
        raise GuardError(_message(to, errors.describe(error))) from error


def _message(to: str, why: str) -> str:
    of = "the bucket" if not isinstance(save_paths.read(to), Path) else "the folder"
    return (
        f"work cannot be saved to {to}: {why}; nothing was frozen or deleted. Make {of}, or name"
        " another place with --save-to"
    )
