"""What is handed to whoever administers the accounts: policies, and a page that explains them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from workshop import tags
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.preflight import home_policy, organiser_policy
from workshop.preflight.organiser_policy import OrganiserScope
from workshop.pricing import prices

PAGE = "organiser.md"
_ANY = "*"
"""Stands for each account that is a seat's own: the same is needed in all of them."""
_MEMBERS = "members"
"""How the files of these are called."""


@dataclass(frozen=True)
class NotebookCost:
    """The notebooks of one instance type, their disks in GB, and what they cost an hour in USD."""

    instance_type: str
    count: int
    gigabytes: int
    hourly: Decimal | None


def files(
    loaded: LoadedEnvironment,
    seats: Collection[Seat],
    *,
    partition: str,
    expected: Sequence[str] = (),
) -> dict[str, str]:
    """Return the page and the policies of each account, by the names of their files.

    ``expected`` are lines on what it will cost with jobs and endpoints.
    """
    scopes = _scopes(loaded, seats, partition)
    documents = {scope.account: organiser_policy.documents(scope) for scope in scopes}
    if loaded.settings.accounts.are_own:  # stack sets make what seats have
        documents = {
            loaded.home.account: home_policy.documents(loaded, partition),
            **({} if loaded.settings.accounts.makes_role else {_MEMBERS: documents[_ANY]}),
        }
    policies: dict[str, str] = {}
    accounts: dict[str, list[str]] = {}
    for account, some in documents.items():
        for number, document in enumerate(some, 1):
            name = f"organiser-{account}-{number}.json"
            policies[name] = json.dumps(document, indent=1) + "\n"
            accounts.setdefault(account, []).append(name)
    return {PAGE: _page(loaded, seats, scopes, accounts, expected), **policies}


def write(folder: Path, made: Mapping[str, str]) -> None:
    """Write the files into a folder, which is made if need be; OSError passes through."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _scopes(
    loaded: LoadedEnvironment, seats: Collection[Seat], partition: str
) -> tuple[OrganiserScope, ...]:
    are_own = loaded.settings.accounts.are_own
    regions: dict[str, dict[str, None]] = {}
    for where in account_regions_of(seats):
        regions.setdefault(_ANY if are_own else where.account, {})[where.region] = None
    profiles = loaded.settings.profiles
    return tuple(
        OrganiserScope(
            workshop=loaded.settings.workshop,
            account=account,
            regions=tuple(some),
            partition=partition,
            has_door=loaded.settings.door is not None,
            has_mlflow=loaded.settings.has_mlflow,
            has_box=loaded.settings.has_boxes,
            has_common_bill=len(regions) > 1 and account == loaded.home.account,
            in_vpc=any(
                profiles[seat.profile].notebook.vpc is not None
                for seat in seats
                if account in (seat.account, _ANY)
            ),
        )
        for account, some in regions.items()
    )


def _page(
    loaded: LoadedEnvironment,
    seats: Collection[Seat],
    scopes: Collection[OrganiserScope],
    accounts: Mapping[str, list[str]],
    expected: Sequence[str],
) -> str:
    settings = loaded.settings
    hours = (settings.end - settings.start).total_seconds() / 3600
    machines = _machines(seats)
    known = [row.hourly for row in machines if row.hourly is not None]
    total = sum(known, Decimal(0)) * Decimal(round(hours)) if len(known) == len(machines) else None
    template = Environment(
        loader=PackageLoader("workshop.preflight"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown; every value is a name of AWS's or a rule's
    ).get_template(f"{PAGE}.j2")
    return template.render(
        workshop=settings.workshop,
        start=f"{settings.start:%A %d %B %Y %H:%M %z}",
        end=f"{settings.end:%A %d %B %Y %H:%M %z}",
        seats=len(seats),
        teardown="`workshop teardown`",
        accounts=accounts,
        member_role=settings.accounts.role if _MEMBERS in accounts else "",
        are_own=settings.accounts.are_own,
        regions=sorted({region for scope in scopes for region in scope.regions}),
        services=sorted({name for scope in scopes for name in organiser_policy.services(scope)}),
        tags=(tags.WORKSHOP, tags.ENVIRONMENT, tags.MANAGED_BY),
        machines=machines,
        hours=round(hours),
        total=None if total is None else f"{total:.2f}",
        expected=expected,
        basis=dict.fromkeys(prices.basis(seat.region) for seat in seats),
    )


def _machines(seats: Collection[Seat]) -> list[NotebookCost]:
    found: dict[str, list[Seat]] = {}
    for seat in seats:
        if seat.instance_type:
            found.setdefault(seat.instance_type, []).append(seat)
    return [
        NotebookCost(instance_type, len(some), sum(seat.volume_gb for seat in some), _hourly(some))
        for instance_type, some in found.items()
    ]


def _hourly(seats: Collection[Seat]) -> Decimal | None:
    """Return what these notebooks and their disks cost an hour, None where a price is missing."""
    total = Decimal(0)
    for (instance_type, gigabytes, region), count in Counter(
        (seat.instance_type, seat.volume_gb, seat.region) for seat in seats
    ).items():
        machine = prices.hourly("notebook", instance_type, region)
        disk = prices.volume_hourly(gigabytes, region)
        if machine is None or disk is None:
            return None
        total += count * (machine + disk)
    return total.quantize(Decimal("0.01"))
