"""Whose a job, an endpoint or a notebook is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workshop import tags as tag_rules


@dataclass(frozen=True)
class Owners:
    """The seats of one workshop in one place."""

    workshop: str
    seats: Collection[str]

    def by_name(self, name: str) -> str | None:
        """The seat whose prefix a name has: ``ada`` of ``vision-ada-fit``."""
        workshop, _, rest = name.partition("-")
        seat, hyphen, _ = rest.partition("-")
        return seat if workshop == self.workshop and hyphen and seat in self.seats else None

    def of(self, name: str, tags: Mapping[str, str]) -> str | None:
        """The seat by the name, else by the tags; None where neither says it."""
        seat = self.by_name(name)
        if seat is None and tags.get(tag_rules.WORKSHOP) == self.workshop:
            tagged = tags.get(tag_rules.ATTENDEE, "")
            seat = tagged if tagged in self.seats else None
        return seat

    def is_another_workshops(self, tags: Mapping[str, str]) -> bool:
        """Whether the tags name a workshop, and not this one."""
        return tags.get(tag_rules.WORKSHOP, self.workshop) != self.workshop
