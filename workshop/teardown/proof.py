"""Whose a thing is: proven by a role or by who made it, or claimed by a tag or a name.

Role names and their path are made by :mod:`workshop.naming`. Nobody but the provisioner may make
roles below the workshop's path, so that a role's ARN is proof even when the role itself is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workshop import naming, tags
from workshop.teardown import refusals
from workshop.teardown.model import Ownership, Scope, World

_ROLE = re.compile(r"arn:[^:]+:iam::(?P<account>\d{12}):role(?P<path>/(?:.*/)?)(?P<name>[^/]+)")
_SESSION = re.compile(r"arn:[^:]+:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/.*")


@dataclass(frozen=True)
class Proof:
    """What the services tell: ``ownership`` is OWNED, FOREIGN or UNKNOWN; ``why`` in words."""

    ownership: Ownership
    why: str
    seat: str = ""


@dataclass(frozen=True)
class Whose:
    """The verdict on one thing."""

    ownership: Ownership
    why: str
    seat: str = ""


def of_role(scope: Scope, arn: str) -> Proof:
    """What it proves that something runs with a role."""
    parts = _ROLE.fullmatch(arn)
    path = naming.Names(scope.workshop, "", "", "").iam_path
    if parts and parts["path"] == path and parts["account"] == scope.place.account:
        seat = seat_of_role(scope.workshop, parts["name"]) or ""
        return Proof(Ownership.OWNED, f"runs with the role {parts['name']}", seat)
    return Proof(Ownership.FOREIGN, f"runs with the role {arn}")


def of_maker(world: World, arn: str) -> Proof:
    """What it proves that somebody made something: a role's session, or anybody else.

    The ARN of a session holds no path; another role of such a name can only exist while the
    workshop's does not, so IAM is asked. Raises botocore's errors.
    """
    session = _SESSION.fullmatch(arn)
    scope = world.scope
    if session is None or session["account"] != scope.place.account:
        return Proof(Ownership.FOREIGN, f"made by {arn}")
    name = session["name"]
    seat = seat_of_role(scope.workshop, name)
    if seat is None:
        return Proof(Ownership.FOREIGN, f"made by the role {name}")
    exists = world.memory.get(("role", name), lambda: _role_arn(world, name))
    if exists and of_role(scope, exists).ownership != Ownership.OWNED:
        return Proof(Ownership.FOREIGN, f"made by the role {exists}")
    return Proof(Ownership.OWNED, f"made by the role {name}", seat)


def joined(proofs: Iterable[Proof]) -> Proof | None:
    """What several proofs of one thing prove together: what is partly foreign proves nothing."""
    all_of_them = list(proofs)
    for worst in (Ownership.UNKNOWN, Ownership.OWNED):
        found = [one for one in all_of_them if one.ownership == worst]
        if found and worst == Ownership.OWNED and len(found) < len(all_of_them):
            return None
        if found:
            return found[0]
    return all_of_them[0] if all_of_them else None


def judge(
    world: World, *, name: str, arn: str, proof: Proof | None, tagged: Mapping[str, str] | None
) -> Whose | None:
    """The verdict on a thing; None where it is somebody else's and does not even look alike.

    ``tagged`` are its own tags where they are at hand, else those that the tagging service knows.
    """
    scope = world.scope
    mine = world.tagged.get(arn, {}) if tagged is None else tagged
    if proof is not None and proof.ownership == Ownership.UNKNOWN:
        return Whose(Ownership.UNKNOWN, proof.why, proof.seat or _claimed_seat(scope, name, mine))
    if proof is not None and proof.ownership == Ownership.OWNED:
        inside = scope.whole or proof.seat in scope.seats
        return Whose(Ownership.OWNED, proof.why, proof.seat) if inside else None
    seat = _claimed_seat(scope, name, mine)
    looks = bool(seat) or _looks_alike(scope, name, mine)
    if proof is not None:
        return Whose(Ownership.FOREIGN, proof.why) if looks else None
    if seat:
        tagged_so = bool(_tagged_seat(scope, mine))
        by = "only its tags say so" if tagged_so else "only its name says so"
        return Whose(Ownership.CLAIMED, by, seat)
    if looks and scope.whole:
        return Whose(Ownership.FOREIGN, "its name begins alike, and nothing proves it ours")
    return None


def seat_of_role(workshop: str, name: str) -> str | None:
    """The seat whose role has such a name, ``vision-ada-eu-west-1-execution``; None for no role."""
    found = re.fullmatch(
        rf"{re.escape(workshop)}-(?P<seat>[a-z][a-z0-9]{{1,11}})-[a-z0-9-]+-(?:execution|console)",
        name,
    )
    return found["seat"] if found else None


def seat_of_name(workshop: str, name: str) -> str | None:
    """The seat whose prefix a name has: ``ada`` of ``vision-ada-fit`` or ``vision/ada/fit``."""
    found = re.match(rf"{re.escape(workshop)}([-/])([a-z][a-z0-9]{{1,11}})\1", name)
    return found[2] if found else None


def _claimed_seat(scope: Scope, name: str, tagged: Mapping[str, str]) -> str:
    """The seat that tags or name say it is of, of those that are torn down; empty for none."""
    seat = _tagged_seat(scope, tagged)
    if seat:
        return seat
    if tagged.get(tags.WORKSHOP, scope.workshop) != scope.workshop:
        return ""
    named = seat_of_name(scope.workshop, name) or ""
    return named if named in scope.seats or (scope.whole and named == naming.COHORT) else ""


def _tagged_seat(scope: Scope, tagged: Mapping[str, str]) -> str:
    if tagged.get(tags.WORKSHOP) != scope.workshop:
        return ""
    seat = tagged.get(tags.ATTENDEE, naming.COHORT)
    return seat if scope.whole or seat in scope.seats else ""


def _looks_alike(scope: Scope, name: str, tagged: Mapping[str, str]) -> bool:
    alike = name.lower().startswith((f"{scope.workshop}-", f"{scope.workshop}/"))
    others = seat_of_name(scope.workshop, name)
    if others is not None and not scope.whole and others not in scope.seats:
        return False  # another seat's, which is not asked about
    return alike or tagged.get(tags.WORKSHOP) == scope.workshop


def _role_arn(world: World, name: str) -> str:
    """The ARN of the role of that name, empty where there is none."""
    client = world.clients.client("iam", world.scope.place)
    try:
        return str(client.get_role(RoleName=name)["Role"]["Arn"])
    except refusals.Refusal as error:
        if refusals.is_gone(error):
            return ""
        raise
