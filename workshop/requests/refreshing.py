"""Has every machine bring the workshop's content, once more if it has it already."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from workshop import events
from workshop.account_region import AccountRegion
from workshop.agent.content import KEY
from workshop.aws.clients import Clients
from workshop.config.content import Content
from workshop.config.environment import LoadedEnvironment
from workshop.errors import UsageError, WorkshopError
from workshop.requests import bundles, inbox
from workshop.requests.everywhere import in_each
from workshop.requests.inbox import CohortInbox

BUNDLES = "workshop/content"
"""Where bundles lie in the cohort's bucket."""
LARGEST_BUNDLE = 5_000_000_000
"""Bytes that S3 takes at once."""


@dataclass(frozen=True)
class ContentRefresh:
    """Content that is brought again: ``folders`` by profile, under one ``version``."""

    version: str
    folders: Mapping[str, Sequence[Content]]

    @property
    def places(self) -> list[str]:
        """Return the folders' names, each once."""
        return sorted({content.place for each in self.folders.values() for content in each})


def chosen(loaded: LoadedEnvironment, folders: Collection[str]) -> ContentRefresh:
    """Return the content of some folders, or of all; raise UsageError where there is none."""
    known = {name: profile.notebook.contents for name, profile in loaded.settings.profiles.items()}
    places = sorted({content.place for each in known.values() for content in each})
    if not places:
        raise UsageError("no profile has 'notebook.content'; name there what is to be brought")
    if unknown := sorted({*folders} - {*places}):
        raise UsageError(f"no content has the folder {unknown[0]}; there are: {', '.join(places)}")
    taken = {
        name: tuple(content for content in each if not folders or content.place in folders)
        for name, each in known.items()
    }
    return ContentRefresh(inbox.new_id(events.now().timestamp()), taken)


def unsent(
    clients: Clients, loaded: LoadedEnvironment, account_regions: Collection[AccountRegion]
) -> list[str]:
    """Return the folders that notebooks do not clone by themselves and that nothing brings yet.

    Raise WorkshopError where that cannot be read.
    """
    missing: set[str] = set()

    def look(where: AccountRegion) -> None:
        profiles = {seat.profile for seat in loaded.seats_in(where)}
        later = {
            (name, content.place)
            for name in profiles
            for content in loaded.settings.profiles[name].notebook.contents
            if not content.is_cloned
        }
        if later:
            sent = CohortInbox(clients, loaded, where).read().get(KEY)
            entries = sent if isinstance(sent, list) else []
            known = {(entry.get("profile"), entry.get("folder")) for entry in entries}
            missing.update(place for _, place in later - known)

    in_each(loaded, account_regions, look)
    return sorted(missing)


def refresh(
    clients: Clients,
    loaded: LoadedEnvironment,
    account_regions: Collection[AccountRegion],
    wanted: ContentRefresh,
    say: Callable[[str], object],
) -> None:
    """Send what is private, and write down what notebooks have to bring.

    Raise WorkshopError where a repository cannot be cloned, before anything is written.
    """
    with tempfile.TemporaryDirectory(prefix="workshop-content-") as made:
        private = {
            content for each in wanted.folders.values() for content in each if content.private
        }
        packed: dict[Content, tuple[Path, str]] = {}
        for number, content in enumerate(
            sorted(private, key=lambda content: str(content.repository))
        ):
            folder = Path(made, str(number))
            folder.mkdir()
            packed[content] = bundles.pack(content, folder)
            size = packed[content][0].stat().st_size
            if size > LARGEST_BUNDLE:
                raise WorkshopError(
                    f"the files of {content.repository} are {size / 1e9:.1f} GB; keep it below"
                    " 5 GB, and bring what is large by: workshop data push"
                )
            say(f"{content.place}: {size / 1e6:,.1f} MB of {content.repository}")
        in_each(
            loaded,
            account_regions,
            lambda where: _write(CohortInbox(clients, loaded, where), loaded, wanted, packed),
        )


def _write(
    cohort: CohortInbox,
    loaded: LoadedEnvironment,
    wanted: ContentRefresh,
    packed: Mapping[Content, tuple[Path, str]],
) -> None:
    @cache
    def sent(content: Content) -> dict[str, Any]:
        bundle, commit = packed[content]
        key = f"{BUNDLES}/{content.place}-{commit}.bundle"
        return {"bundle": key, "size": cohort.upload(bundle, key)}

    profiles = {seat.profile for seat in loaded.seats_in(cohort.account_region)}
    made = [
        {
            "profile": profile,
            "folder": content.place,
            "version": wanted.version,
            **_source(content, sent),
        }
        for profile, each in wanted.folders.items()
        if profile in profiles
        for content in each
    ]
    places = ", ".join(wanted.places)
    text = (
        f"New in {places}. What you have changed there stays as it is; its new version lies beside"
        f" it, with {wanted.version} in its name."
    )
    cohort.change(partial(_edit, loaded=loaded, made=made, version=wanted.version, text=text))


def _source(content: Content, sent: Callable[[Content], dict[str, Any]]) -> dict[str, Any]:
    if content.s3 is not None:
        return {"s3": content.s3}
    return (
        sent(content)
        if content.private
        else {"repository": content.repository, "branch": content.branch}
    )


def _edit(
    document: inbox.Inbox,
    loaded: LoadedEnvironment,
    made: Sequence[Mapping[str, Any]],
    version: str,
    text: str,
) -> inbox.Inbox:
    """Return the document with new folders in place of the old ones, and a message about them.

    Folders that the YAML has no more are left out.
    """
    known = {
        (name, content.place)
        for name, profile in loaded.settings.profiles.items()
        for content in profile.notebook.contents
    }
    new = {(entry["profile"], entry["folder"]) for entry in made}
    before = document.get(KEY)
    kept = [
        entry
        for entry in (before if isinstance(before, list) else [])
        if (entry.get("profile"), entry.get("folder")) in known - new
    ]
    with_message = inbox.with_message(
        document,
        message_id=version,
        text=text[: inbox.LONGEST_MESSAGE],
        now=events.now().timestamp(),
    )
    return inbox.with_content(with_message, [*kept, *made])
