"""Whose a resource is: proven by a role or by who made it, or claimed by a tag or a name.

Role names and their path are made by :mod:`workshop.naming`. Nobody but the provisioner may make
roles below the workshop's path, so that a role's ARN is proof even when the role itself is gone.
A name without a path proves nothing once its role is gone: a role's id does, which is noted
whenever the workshop's roles are seen.

IAM forces the tags ``workshop`` and ``attendee`` on whatever a seat makes
(:mod:`workshop.policies.compute`), so what carries them is never called somebody else's: it is the
seat's if its role, its maker or its stack is, and claimed for it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop import naming, tags
from workshop.aws import errors
from workshop.teardown.resource import STILL_THERE, Ownership, ScanContext, Scope, SeenRole

_ROLE = re.compile(r"arn:[^:]+:iam::(?P<account>\d{12}):role(?P<path>/(?:.*/)?)(?P<name>[^/]+)")
_NAMED = re.compile(
    rf"(?P<workshop>{naming.WORKSHOP_PATTERN.strip('^$')})"
    rf"-(?P<seat>{naming.SEAT_PATTERN.strip('^$')})-(?P<region>.+)-(?:execution|console|watch)"
)
_SESSION = re.compile(r"arn:[^:]+:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/.*")


@dataclass(frozen=True)
class OwnershipVerdict:
    """Whose a resource is and why; ``seat`` is empty where that is not known.

    ``of_environment`` is another environment of the workshop, if it belongs to one.
    """

    ownership: Ownership
    why: str
    seat: str = ""
    of_environment: str = ""


def unread(error: Exception, what: str = "") -> OwnershipVerdict:
    """Return the verdict on what AWS would not show: ``its tags could not be read: ...``."""
    return OwnershipVerdict(
        Ownership.UNKNOWN, f"{what} could not be read: {errors.describe(error)}".lstrip()
    )


def of_role(scope: Scope, arn: str) -> OwnershipVerdict:
    """Return what it proves that something runs with a role."""
    parts = _ROLE.fullmatch(arn)
    path = naming.Names(scope.workshop, "", "", "").iam_path
    if parts and parts["path"] == path and parts["account"] == scope.account_region.account:
        seat = seat_of_role(scope.workshop, parts["name"]) or ""
        return OwnershipVerdict(Ownership.OWNED, f"runs with the role {parts['name']}", seat)
    return OwnershipVerdict(Ownership.FOREIGN, f"runs with the role {arn}")


def of_maker(
    context: ScanContext, arn: str, principal: str = "", created: datetime | None = None
) -> OwnershipVerdict:
    """Return what it proves that somebody made something: a role's session, or anybody else.

    The ARN of a session holds no path; ``principal`` is ``<role id>:<session>``, empty where the
    service does not tell it, and ``created`` when the resource was made. Raises botocore's errors.
    """
    session = _SESSION.fullmatch(arn)
    scope = context.scope
    if session is None or session["account"] != scope.account_region.account:
        return OwnershipVerdict(Ownership.FOREIGN, f"made by {arn}")
    name = session["name"]
    parts = role_name(scope.workshop, name)
    if parts is None:
        return OwnershipVerdict(Ownership.FOREIGN, f"made by the role {name}")
    seat, region = parts
    if any(role.made(name, principal, created) for role in context.roles):
        return OwnershipVerdict(Ownership.OWNED, f"made by the role {name}", seat)
    now = context.memory.get(("role", name), lambda: _role(context, name))
    if now is not None:
        arn_now, role = now
        if of_role(scope, arn_now).ownership != Ownership.OWNED:
            return OwnershipVerdict(Ownership.FOREIGN, f"made by the role {arn_now}")
        if not principal or role.made(name, principal, created):
            return OwnershipVerdict(Ownership.OWNED, f"made by the role {name}", seat)
    gone = f"made by a role {name} that is gone, and of which nothing but its name is known"
    ours = seat in scope.seats and scope.account_region.region == region
    return OwnershipVerdict(
        Ownership.CLAIMED if ours else Ownership.FOREIGN, gone, seat if ours else ""
    )


def joined(proofs: Iterable[OwnershipVerdict]) -> OwnershipVerdict | None:
    """Return what proofs of one resource prove together: nothing where it is partly foreign."""
    all_of_them = list(proofs)
    for worst in (Ownership.UNKNOWN, Ownership.OWNED):
        found = [proof for proof in all_of_them if proof.ownership == worst]
        if found and worst == Ownership.OWNED and len(found) < len(all_of_them):
            return None
        if found:
            return found[0]
    return all_of_them[0] if all_of_them else None


def judge(
    context: ScanContext,
    *,
    name: str,
    arn: str,
    proof: OwnershipVerdict | None,
    tagged: Mapping[str, str] | None,
) -> OwnershipVerdict | None:
    """Return the verdict on a resource; None for somebody else's that does not even look alike.

    ``tagged`` are its own tags where they are at hand, else those that the tagging service knows.
    """
    scope = context.scope
    mine = context.tagged.get(arn, {}) if tagged is None else tagged
    if proof is not None and proof.ownership == Ownership.UNKNOWN:
        return OwnershipVerdict(
            Ownership.UNKNOWN, proof.why, proof.seat or _claimed_seat(scope, name, mine)
        )
    if proof is not None and proof.ownership in (Ownership.OWNED, Ownership.CLAIMED):
        inside = scope.whole or proof.seat in scope.seats
        return OwnershipVerdict(proof.ownership, proof.why, proof.seat) if inside else None
    if proof is not None:
        return _against(scope, name, mine, proof)
    seat = _claimed_seat(scope, name, mine)
    if seat:
        tagged_so = bool(_tagged_seat(scope, mine))
        by = "only its tags say so" if tagged_so else "only its name says so"
        return OwnershipVerdict(Ownership.CLAIMED, by, seat)
    if scope.whole and _looks_alike(scope, name, mine):
        return OwnershipVerdict(
            Ownership.FOREIGN, "its name begins alike, and nothing proves it ours"
        )
    return None


def _against(
    scope: Scope, name: str, tagged: Mapping[str, str], proof: OwnershipVerdict
) -> OwnershipVerdict | None:
    """Return the verdict on what is proven another's: forced tags speak against that proof."""
    forced = tags.seat_of_tags(scope.workshop, tagged)
    if forced and (scope.whole or forced in scope.seats):
        return OwnershipVerdict(Ownership.CLAIMED, f"its tags say so, but: {proof.why}", forced)
    looks = _claimed_seat(scope, name, tagged) or _looks_alike(scope, name, tagged)
    return OwnershipVerdict(Ownership.FOREIGN, proof.why) if looks else None


def role_name(workshop: str, name: str) -> tuple[str, str] | None:
    """Return seat and Region of a role's name, ``vision-ada-eu-west-1-execution``; None for others.

    The Region is empty where the name holds something else in its place.
    """
    found = _NAMED.fullmatch(name)
    if not found or found["workshop"] != workshop:
        return None
    region = found["region"]
    return found["seat"], region if re.fullmatch(naming.REGION_PATTERN, region) else ""


def seat_of_role(workshop: str, name: str) -> str | None:
    """Return the seat whose role has such a name; None for no role."""
    return (role_name(workshop, name) or (None,))[0]


def _claimed_seat(scope: Scope, name: str, tagged: Mapping[str, str]) -> str:
    """Return the seat of tags or name, of those that are torn down; empty for none."""
    seat = _tagged_seat(scope, tagged)
    if seat:
        return seat
    if tagged.get(tags.WORKSHOP, scope.workshop) != scope.workshop:
        return ""
    named = naming.seat_of_name(scope.workshop, name) or ""
    return named if named in scope.seats or (scope.whole and named == naming.COHORT) else ""


def _tagged_seat(scope: Scope, tagged: Mapping[str, str]) -> str:
    if tagged.get(tags.WORKSHOP) != scope.workshop:
        return ""
    seat = tagged.get(tags.ATTENDEE, naming.COHORT)
    return seat if scope.whole or seat in scope.seats else ""


def _looks_alike(scope: Scope, name: str, tagged: Mapping[str, str]) -> bool:
    alike = name.lower().startswith((f"{scope.workshop}-", f"{scope.workshop}/"))
    others = naming.seat_of_name(scope.workshop, name)
    if others is not None and not scope.whole and others not in scope.seats:
        return False  # another seat's, which is not asked about
    return alike or tagged.get(tags.WORKSHOP) == scope.workshop


def _role(context: ScanContext, name: str) -> tuple[str, SeenRole] | None:
    """Return the ARN of the role of that name, and it as it was seen; None where there is none."""
    client = context.clients.client("iam", context.scope.account_region)
    with errors.gone_is_fine():
        found = client.get_role(RoleName=name)["Role"]
        account = context.scope.account_region.account
        seen = SeenRole(account, name, found["RoleId"], found["CreateDate"], STILL_THERE)
        return found["Arn"], seen
    return None
