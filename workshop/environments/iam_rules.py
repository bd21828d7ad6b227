"""What IAM refuses in statements and principals that each look sound by themselves.

Without these rules it would be told by the first stack, of every seat, on the day of the
deployment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from workshop.config.diagnostics import Diagnostic, not_known
from workshop.config.instance_types import known_regions, partition
from workshop.config.models import Environment
from workshop.config.profiles import Access, ExtraStatement
from workshop.config.roster import Seat
from workshop.config.rules import shown
from workshop.config.yaml_document import Document
from workshop.counting import count_of
from workshop.environments import iam_actions, iam_conditions

_BEYOND = re.compile(r"[^\t\n\r\x20-\xff]")
"""What no policy document may hold (botocore's model of IAM, ``policyDocumentType``)."""
_PLACED_BUCKET = re.compile(r"arn:[a-z-]+:s3:(?:[^:]*:[^:]+|[^:]+:[^:]*):(?!accesspoint/)")

Place = tuple[str | int, ...]


def diagnostics(
    document: Document, settings: Environment, seats: Sequence[Seat]
) -> Iterator[Diagnostic]:
    """Yield what IAM would refuse, at its line."""
    regions = sorted({settings.region, *(seat.region for seat in seats)})
    for name, profile in settings.profiles.items():
        where = ("profiles", name, "access")
        for place, message in _of_access(profile.access, where, regions):
            yield Diagnostic(document.line(place), place, message)


def _of_access(access: Access, where: Place, regions: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for key in ("console_principals", "console_organisers"):
        for number, principal in enumerate(getattr(access, key)):
            for message in _of_partition(principal, regions):
                yield (*where, key, number), message
    counted = Counter(extra.sid for extra in access.extra_statements)
    for number, extra in enumerate(access.extra_statements):
        place = (*where, "extra_statements", number)
        if counted[extra.sid] > 1:
            yield (*place, "sid"), f"{shown(extra.sid)} names two statements; give each its own"
        for each, resource in enumerate(extra.resources):
            for message in (*_of_partition(resource, regions), *_of_arn(resource)):
                yield (*place, "resources", each), message
        for message in _of_letters(extra):
            yield place, message
        for message in iam_conditions.mistakes(extra.conditions):
            yield (*place, "conditions"), message


def _of_partition(arn: str, regions: Sequence[str]) -> Iterator[str]:
    if arn == "*":
        return
    written = arn.split(":")[1]
    for region in regions:
        known = partition(region)["name"]
        if written != known:
            yield f"IAM in {region} takes no ARN of {written}; write 'arn:{known}:...'"
            return


def _of_arn(resource: str) -> Iterator[str]:
    """Yield what is wrong in a resource whose form is an ARN's."""
    if resource == "*":
        return
    if resource != resource.strip():
        yield f"{shown(resource)} has blanks around it; remove them"
    _, _, service, region, account, _ = resource.split(":", 5)
    if "*" not in account and len(account) not in (0, 12):
        digits = count_of(len(account), "digit")
        yield (
            f"{shown(resource)}: {shown(account)} has {digits}, and an account's id 12; correct it"
        )
    if service == "iam" and region:
        yield f"{shown(resource)}: the ARN of IAM has no Region; write 'arn:aws:iam::...'"
    if _PLACED_BUCKET.match(resource):
        yield (
            f"{shown(resource)}: the ARN of a bucket has neither Region nor account; write"
            " 'arn:aws:s3:::bucket/*'"
        )
    yield from iam_conditions.variable_mistakes(resource)


def _of_letters(extra: ExtraStatement) -> Iterator[str]:
    texts = [*extra.resources]
    for tests in extra.conditions.values():
        for key, values in tests.items():
            texts += [key, *values]
    beyond = next((found[0] for text in texts if (found := _BEYOND.search(text))), None)
    if beyond is not None:
        yield f"{shown(beyond)} can be in no policy; IAM takes Latin letters and signs alone"


def doubts(document: Document, settings: Environment) -> Iterator[Diagnostic]:
    """Yield actions, and Regions of ARNs, that this release does not know: they may be slips."""
    known = known_regions()
    for name, profile in settings.profiles.items():
        for number, extra in enumerate(profile.access.extra_statements):
            for each, action in enumerate(extra.actions):
                if message := iam_actions.doubt(action):
                    within = ("extra_statements", number, "actions", each)
                    place = ("profiles", name, "access", *within)
                    yield Diagnostic(document.line(place), place, message)
            for each, resource in enumerate(extra.resources):
                region = "" if resource == "*" else resource.split(":")[3]
                if region and "*" not in region and region not in known:
                    within = ("extra_statements", number, "resources", each)
                    place = ("profiles", name, "access", *within)
                    message = f"{region!r} {not_known(region, 'Region', sorted(known))}"
                    yield Diagnostic(document.line(place), place, message)
