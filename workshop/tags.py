"""Every tag, made in one place.

Keys and values keep to the characters that all tagged services accept: letters, digits, spaces
and ``_ . : / = + - @``, keys to 128 and values to 256 characters; CloudFormation takes no empty one
(https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
Spaces alone are no tag here: nobody could tell it from an empty one.
No tag ever holds a person's name or e-mail address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

WORKSHOP = "workshop"
ENVIRONMENT = "environment"
ATTENDEE = "attendee"
PROFILE = "profile"
MANAGED_BY = "managed-by"

TEMPLATE = "template"
FROZEN = "frozen"
"""Of the notebook of a frozen seat alone, for as long as it is frozen."""
FROZEN_VALUE = "true"

RESERVED = frozenset({WORKSHOP, ENVIRONMENT, ATTENDEE, PROFILE, MANAGED_BY, TEMPLATE, FROZEN})
MANAGED_BY_VALUE = "workshop-provisioner"

KEY_PATTERN = r"^(?!aws:)(?! *$)[A-Za-z0-9 _.:/=+\-@]{1,128}$"
VALUE_PATTERN = r"^(?! *$)[A-Za-z0-9 _.:/=+\-@]{1,256}$"


def template_digest(template: str) -> str:
    """Return the value of a stack's tag ``template``: a digest of CDK's text, 32 hex digits.

    With it, one listing of all stacks shows which of them differ from what is desired. It is a tag
    of stacks alone; CloudFormation hands it on to their resources.
    """
    return hashlib.sha256(template.encode()).hexdigest()[:32]


def seat_of_tags(workshop: str, tags: Mapping[str, str]) -> str:
    """Return the seat that tags name, empty where they are of no seat of this workshop."""
    return tags.get(ATTENDEE, "") if tags.get(WORKSHOP) == workshop else ""


def belong_to(workshop: str, environment: str, tags: Mapping[str, str]) -> bool:
    """Return whether tags say that the provisioner made something for this environment."""
    own = {WORKSHOP: workshop, ENVIRONMENT: environment, MANAGED_BY: MANAGED_BY_VALUE}
    return own.items() <= tags.items()


def seat_tags(
    *,
    workshop: str,
    environment: str,
    attendee: str,
    profile: str,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Return the tags of everything that belongs to one seat, sorted by key.

    ``attendee`` and ``profile`` are ``cohort`` for what all seats share; ``extra`` are the YAML's
    own tags, which cannot take a reserved key. Nothing that may change while seats are at work is
    a tag: the workshop's end is not among them.
    """
    tags = {
        **extra,
        WORKSHOP: workshop,
        ENVIRONMENT: environment,
        ATTENDEE: attendee,
        PROFILE: profile,
        MANAGED_BY: MANAGED_BY_VALUE,
    }
    return dict(sorted(tags.items()))
