"""The registry stack: a seat's container repositories."""

from __future__ import annotations

from constructs import Construct

from stacks.base import Placement, SeatStack
from workbench.repository import WorkbenchRepository
from workshop.config.models import Registry


class RegistryStack(SeatStack):
    """The repositories that the profile's YAML names."""

    def __init__(
        self, scope: Construct, construct_id: str, *, placement: Placement, registry: Registry
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="registry",
            description="Container repositories of one workshop seat, deleted with their images.",
            placement=placement,
        )
        names = placement.inside
        for key, repository in registry.repositories.items():
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
