"""What earlier looks have seen: AWS tells nothing any more of what was deleted.

One file for each environment, written anew by each look: of two at once, the later one stays, and
all that is lost is a narrower bound. It holds no names of people.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from workshop import files
from workshop.account_region import AccountRegion
from workshop.bill.usages import Interval, Uptimes, Usage

Look = tuple[str, str, str]
"""An account, a Region and a kind of what is billed there."""


@dataclass(frozen=True)
class UsageRecord:
    """Usages by their keys, the uptimes of notebooks by theirs, and when jobs were looked at.

    Of what is in ``not_read`` the last look has read nothing.
    """

    usages: Mapping[str, Usage] = field(default_factory=dict)
    uptimes: Mapping[str, Uptimes] = field(default_factory=dict)
    jobs_at: datetime | None = None
    not_read: frozenset[Look] = frozenset()

    def with_usages(
        self,
        seen: Iterable[Usage],
        looked_at: Collection[Look],
        at: datetime,
        not_read: Collection[Look] = (),
    ) -> UsageRecord:
        """Return it with what was seen ``at`` a moment; what was looked for in vain is gone."""
        new = {usage.key: usage for usage in seen}
        old = {
            key: usage.gone(at) if (usage.account, usage.region, usage.kind) in looked_at else usage
            for key, usage in self.usages.items()
            if key not in new
        }
        unknown = self.not_read.difference(looked_at).union(not_read)
        return replace(self, usages={**old, **new}, not_read=unknown)

    def known_of(self, accounts: Collection[str]) -> UsageRecord:
        """Return it with nothing unread but in these accounts."""
        return replace(
            self, not_read=frozenset(look for look in self.not_read if look[0] in accounts)
        )

    def ended(self, account_region: AccountRegion, at: datetime) -> UsageRecord:
        """Return it as it is where nothing was left of the workshop there ``at`` a moment."""
        where = (account_region.account, account_region.region)
        return replace(
            self,
            usages={
                key: usage.gone(at) if (usage.account, usage.region) == where else usage
                for key, usage in self.usages.items()
            },
        )


def path(environment: str, folder: Path = files.STATE) -> Path:
    """Return the file of an environment."""
    return folder / environment / "bill.json"


def read(environment: str, folder: Path = files.STATE) -> UsageRecord:
    """Return what was kept; nothing where there is no file, or none that is whole."""
    content = files.own_content(path(environment, folder))
    try:
        document = json.loads(content or b"{}")
        return UsageRecord(
            {usage["key"]: _usage(usage) for usage in document.get("usages", ())},
            {
                key: Uptimes(_intervals(times["up"]), _intervals(times["down"]))
                for key, times in document.get("uptimes", {}).items()
            },
            _moment(document.get("jobs_at")),
            frozenset((str(a), str(r), str(k)) for a, r, k in document.get("not_read", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return UsageRecord()


def write(kept: UsageRecord, environment: str, folder: Path = files.STATE) -> None:
    """Keep it; OSError passes through."""
    document: dict[str, Any] = {
        "usages": [
            {**asdict(usage), "seen": usage.seen.isoformat()} for usage in kept.usages.values()
        ],
        "uptimes": {
            key: {"up": _texts(times.up), "down": _texts(times.down)}
            for key, times in kept.uptimes.items()
        },
        "jobs_at": kept.jobs_at and kept.jobs_at.isoformat(),
        "not_read": sorted(kept.not_read),
    }
    files.make_folder(path(environment, folder).parent)
    files.write(path(environment, folder), f"{json.dumps(document)}\n")


def _usage(document: Mapping[str, Any]) -> Usage:
    return Usage(**{**document, "seen": datetime.fromisoformat(document["seen"])})


def _intervals(texts: Iterable[tuple[str, str]]) -> tuple[Interval, ...]:
    return tuple(
        (datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in texts
    )


def _texts(intervals: Iterable[Interval]) -> list[list[str]]:
    return [[start.isoformat(), end.isoformat()] for start, end in intervals]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
