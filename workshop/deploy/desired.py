"""What the stacks of an environment should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.config import command_line
from workshop.config.command_line import CONFIG_DIR
from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat, account_regions_of
from workshop.deploy.assembly import Assembly
from workshop.deploy.templates import Exemplar, Template
from workshop.naming import COHORT, SEAT_STACKS, Names, needed_by


@dataclass(frozen=True)
class DesiredStack:
    """One stack as it should be.

    ``seat`` is the seat's id, ``cohort`` for the cohort. ``templates`` holds the desired template
    and, for a machine, those with the instance types, zones or subnets that may take its place;
    ``tags`` are without the digest. ``needs`` is the name of the stack that has to be there
    before, empty for none. ``protected`` is None where the YAML is silent about the stack's
    termination protection: whoever set it by hand meant it.
    """

    name: str
    kind: str
    seat: str
    account_region: AccountRegion
    templates: tuple[Template, ...] = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)
    protected: bool | None = None
    needs: str = ""
    config_dir: Path = CONFIG_DIR
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values that are not the template's defaults; they may be secret."""
    lasting: frozenset[str] = frozenset()
    """Parameters that keep the stack's value where ``parameters`` has none."""

    def values(self, current: Collection[str] = ()) -> list[dict[str, Any]]:
        """Return the parameters of a call, for a stack that has those in ``current`` already."""
        given = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in self.parameters.items()
        ]
        kept = sorted((self.lasting & {*current}) - self.parameters.keys())
        return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]

    def command(self, verb: str, *options: str) -> str:
        """Return the command that does ``verb`` with the environment that the stack is of."""
        name = self.tags[tags.ENVIRONMENT]
        return command_line.command(verb, name, self.config_dir, *options)

    def tagged(self, template: Template) -> dict[str, str]:
        """Return the stack's tags when it is made from ``template``."""
        return dict(sorted({**self.tags, tags.TEMPLATE: template.digest}.items()))


def stacks(
    loaded: LoadedEnvironment,
    assembly: Assembly,
    seats: Iterable[Seat],
    zones: Mapping[AccountRegion, Mapping[str, Sequence[str]]] | None = None,
) -> Iterator[DesiredStack]:
    """Yield the stacks of ``seats`` and of the cohorts they share, cohorts first.

    ``zones`` has, by account and Region, the zones that offer an EC2 instance type.
    """
    seats, offered = tuple(seats), zones or {}
    for account_region in account_regions_of(seats):
        names = loaded.cohort_names(account_region)
        for kind in loaded.settings.cohort_stacks:
            made, needed = assembly.cohorts[account_region, kind], needed_by(kind)
            says = kind == COHORT and _says_protection(loaded)
            yield DesiredStack(
                name=names.stack(kind),
                kind=kind,
                seat=COHORT,
                account_region=account_region,
                templates=(made.template,),
                tags=loaded.tags(COHORT, COHORT),
                protected=made.protected if says else None,
                needs=names.stack(needed) if needed else "",
                config_dir=loaded.path.parent,
                lasting=frozenset(made.template.document.get("Parameters", ())),
            )
    for seat in seats:
        yield from _workbench(loaded, assembly, seat, offered.get(seat.account_region, {}))


def _says_protection(loaded: LoadedEnvironment) -> bool:
    return "termination_protection" in loaded.settings.cohort.model_fields_set


def _workbench(
    loaded: LoadedEnvironment, assembly: Assembly, seat: Seat, zones: Mapping[str, Sequence[str]]
) -> Iterator[DesiredStack]:
    names = loaded.names(seat)
    seat_tags = loaded.tags(seat.attendee, seat.profile)
    profile = loaded.settings.profiles[seat.profile]
    for kind in profile.stacks:
        exemplar = assembly.exemplars[seat.profile, kind]
        variants = _candidates(profile, kind, seat, zones)
        yield DesiredStack(
            name=names.stack(kind),
            kind=kind,
            seat=seat.id,
            account_region=seat.account_region,
            templates=tuple(_template(exemplar, kind, variant) for variant in variants),
            tags=seat_tags,
            needs=_needed(names, kind),
            config_dir=loaded.path.parent,
        )


def _template(exemplar: Exemplar, kind: str, seat: Seat) -> Template:
    """Return a template with what it says of the seat's machine."""
    made = exemplar.template(seat)
    if kind == "notebook":
        return dataclasses.replace(made, instance_type=seat.instance_type)
    if kind == "box":
        place = seat.box_subnet or seat.box_zone
        return dataclasses.replace(made, instance_type=seat.box_type, place=place)
    return made


def _candidates(
    profile: Profile, kind: str, seat: Seat, zones: Mapping[str, Sequence[str]]
) -> list[Seat]:
    """Return the seat with each machine that its stack of a kind may have, the first desired."""
    if kind == "notebook":
        types = dict.fromkeys((seat.instance_type, *profile.notebook.fallback_instance_types))
        return [dataclasses.replace(seat, instance_type=name) for name in types]
    if kind == "box" and profile.ec2:
        return [
            dataclasses.replace(seat, box_type=name, box_zone=zone, box_subnet=subnet)
            for name, zone, subnet in profile.ec2.candidates(seat.box_type, zones)
        ]
    return [seat]


def _needed(names: Names, kind: str) -> str:
    needed = SEAT_STACKS[kind].needs
    if needed == COHORT:
        return names.cohort.stack(COHORT)
    return names.stack(needed) if needed else ""
