"""The registry stack: a seat's container repositories."""

from __future__ import annotations

from stacks.base import SeatStack
from workbench.repository import WorkbenchRepository
from workshop.config.profiles import Profile
from workshop.naming import Names


class RegistryStack(SeatStack):
    """The repositories that the profile's YAML names."""

    described = "Container repositories of one workshop seat, deleted with their images."

    def _define(self, names: Names, profile: Profile) -> None:
        for key, repository in profile.registry.repositories.items():
            word = "".join(part.capitalize() for part in key.split("-"))
            WorkbenchRepository(
                self,
                word,
                repository_name=names.repository(key),
                immutable_tags=repository.immutable_tags,
                scan_on_push=repository.scan_on_push,
                keep_images=repository.keep_images,
                untagged_days=repository.untagged_days,
                keep=repository.keep,
            )
            self._output(
                f"{word}Repository", names.repository_uri(key), f"Address of repository '{key}'"
            )
