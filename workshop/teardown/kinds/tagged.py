"""What the tags of a thing prove, and what they only claim."""

from __future__ import annotations

from collections.abc import Mapping

from workshop import tags as keys
from workshop.naming import SEAT_STACKS
from workshop.teardown import proof
from workshop.teardown.model import Ownership, Scope, World
from workshop.teardown.proof import Proof, Whose

STACK = "aws:cloudformation:stack-name"
"""Written by CloudFormation on what a stack makes, and left there when the stack goes. AWS keeps
the prefix to itself (https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html)."""


def asked_about(scope: Scope, name: str) -> bool:
    """Whether a name may be of a seat that is torn down; of others not even tags are read."""
    return scope.whole or proof.seat_of_name(scope.workshop, name) in scope.seats


def judge(world: World, name: str, arn: str, tags: Mapping[str, str] | None) -> Whose | None:
    """The verdict on what the workshop tags when it makes it; None where it does not look alike.

    ``tags`` is None where they could not be read. A name without tags is no claim here.
    """
    found = proven(world.scope, tags)
    return proof.judge(world, name=name, arn=arn, proof=found, tagged=tags or {})


def proven(scope: Scope, tags: Mapping[str, str] | None) -> Proof | None:
    """What tags prove; None where they claim it for the workshop and no more."""
    if tags is None:
        return Proof(Ownership.UNKNOWN, "its tags could not be read")
    said = tags.get(keys.WORKSHOP), tags.get(keys.ENVIRONMENT)
    if said == (None, None):
        return Proof(Ownership.FOREIGN, "its name begins alike, and it has no tag of the workshop")
    if said != (scope.workshop, scope.environment):
        return Proof(Ownership.FOREIGN, f"its tags say workshop {said[0]}, environment {said[1]}")
    seat = tags.get(keys.ATTENDEE, "")
    stack = tags.get(STACK)
    names = scope.names(seat)
    if stack and stack in {names.stack(kind) for kind in SEAT_STACKS}:
        told = f"made by the stack {stack}, as CloudFormation's own tag says"
        return Proof(Ownership.OWNED, told, seat)
    return None
