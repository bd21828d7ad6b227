"""Which of a stack's templates is tried next, and what is said once no machine could be had."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workshop.deploy.desired import DesiredStack
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.templates import Template, overrides

BOX = "box"

_RESERVED = "the requested reservation does not have"
"""How EC2 says that a capacity reservation is full, or of another type."""
_VCPUS = re.compile(r"vCPU limit of (\d+)")


def where_it_is(desired: DesiredStack, current: int, before: Mapping[str, Any]) -> int:
    """Return which template an update leads to that leaves a seat's instance where it is.

    ``current`` is the one that counts where no other does, and ``before`` the stack's template:
    an instance in another zone or subnet would be another instance. The type that it has comes
    first, then the next in order.
    """
    if desired.kind != BOX:
        return current
    try:
        has = overrides(before)
    except (KeyError, TypeError, ValueError):
        return current
    place = has.get("box_subnet") or has.get("box_zone") or ""
    here = [
        number
        for number, template in enumerate(desired.templates)
        if number >= current and template.place == place
    ]
    same = [n for n in here if desired.templates[n].instance_type == has.get("box_type")]
    return next(iter((*same, *here)), current)


def following(
    desired: DesiredStack, tried: int, kind: FailureClass, *, updates: bool
) -> int | None:
    """Return the template to try after ``tried`` was refused a machine, None where none is left.

    An update never moves a machine to another place: with its place it would lose its disk. Where
    a quota refuses a type, it does so in every zone.
    """
    refused = desired.templates[tried]
    for number in range(tried + 1, len(desired.templates)):
        template = desired.templates[number]
        moves = updates and template.place != refused.place
        same = kind == FailureClass.LIMIT and template.instance_type == refused.instance_type
        if not moves and not same:
            return number
    return None


@dataclass(frozen=True)
class RefusedMachine:
    """A machine that EC2 did not give."""

    template: Template
    cause: Cause


def next_to_be_had(refused: RefusedMachine, other: Template) -> str:
    """Return which machine AWS did not give, and which it is asked for in its place."""
    if refused.cause.kind == FailureClass.LIMIT:
        why = f"the account's quota has no vCPUs left for {refused.template.instance_type}"
    else:
        why = f"AWS has no {_machine(refused.template)} to give now"
    return f"{why}; asking for {_machine(other)}"


def _machine(template: Template) -> str:
    return (
        f"{template.instance_type} in {template.place}"
        if template.place
        else template.instance_type
    )


def none_to_be_had(desired: DesiredStack, tried: Sequence[RefusedMachine]) -> str:
    """Return why a seat has no instance and what helps, once every type and place was refused."""
    no_machine = [
        refusal.template for refusal in tried if refusal.cause.kind == FailureClass.CAPACITY
    ]
    no_quota = [refusal for refusal in tried if refusal.cause.kind == FailureClass.LIMIT]
    deploy = desired.command("deploy", "--only", desired.seat)
    why, cures = [], []
    if any(_RESERVED in refusal.cause.message.casefold() for refusal in tried):
        types = _or([template.instance_type for template in no_machine])
        why.append(f"the capacity reservation of its profile has no room for {types}")
        cures.append(
            "stop what runs in it, reserve more, or take 'ec2.capacity_reservation' out, and run:"
            f" {deploy}"
        )
    elif no_machine:
        types = _or([template.instance_type for template in no_machine])
        places = list(dict.fromkeys(template.place for template in no_machine if template.place))
        where = f", asked for in {', '.join(places)} too" if places else ""
        why.append(f"EC2 has no {types} to give in {desired.account_region.region} now{where}")
        cures.append(
            f"try again later with: {deploy}, or give 'ec2.instance_types' of its profile"
            " another type"
        )
    if no_quota:
        types = _or([refusal.template.instance_type for refusal in no_quota])
        limit = _VCPUS.search(no_quota[0].cause.message)
        quota = f"quota of {limit[1]} vCPUs" if limit else "quota of vCPUs"
        why.append(f"the account's {quota} has none left for {types}")
        ask = desired.command("preflight", "--request-quotas")
        again = "" if no_machine else f", and once it is granted run: {deploy}"
        cures.append(f"ask AWS for more with: {ask}{again}")
    return f"{', and '.join(why)}; {'; '.join(cures)}"


def _or(named: Sequence[str]) -> str:
    names = list(dict.fromkeys(named))
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
