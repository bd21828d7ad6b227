"""What IAM refuses in statements and principals that each look sound by themselves.

Without these rules it would be told by the first stack, of every seat, on the day of the deployment
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from workshop.config.diagnostics import Diagnostic, suggestion
from workshop.config.instance_types import partition
from workshop.config.models import Environment
from workshop.config.profiles import Access, ExtraStatement
from workshop.config.roster import Seat
from workshop.config.rules import shown
from workshop.config.yaml_document import Document

_COMPARED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan")
OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
    *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
    *(f"{kind}{how}" for kind in ("Numeric", "Date") for how in (*_COMPARED, "GreaterThanEquals")),
)
"""IAM's condition operators, without ``IfExists`` behind and a set's word before them."""

_OPERATOR = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(\w+?)(?:IfExists)?")
_KEY = re.compile(r"[A-Za-z0-9-]+:\S+")
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
            for message in (*_of_partition(resource, regions), *_of_bucket(resource)):
                yield (*place, "resources", each), message
        yield from ((place, message) for message in _of_statement(extra))


def _of_partition(arn: str, regions: Sequence[str]) -> Iterator[str]:
    if arn == "*":
        return
    written = arn.split(":")[1]
    for region in regions:
        known = partition(region)["name"]
        if written != known:
            yield f"IAM in {region} takes no ARN of {written}; write 'arn:{known}:...'"
            return


def _of_bucket(resource: str) -> Iterator[str]:
    if _PLACED_BUCKET.match(resource):
        yield (
            f"{shown(resource)}: the ARN of a bucket has neither Region nor account; write"
            " 'arn:aws:s3:::bucket/*'"
        )


def _of_statement(extra: ExtraStatement) -> Iterator[str]:
    texts = [*extra.resources]
    for operator, tests in extra.conditions.items():
        yield from _of_operator(operator)
        for key, values in tests.items():
            texts += [key, *([values] if isinstance(values, str) else values)]
            if not _KEY.fullmatch(key):
                yield (
                    f"{shown(key)} is no condition key; write service and name, such as"
                    " 'aws:RequestedRegion'"
                )
            if not values:
                yield f"{shown(key)} is compared with nothing; give it a value, or remove it"
        if not tests:
            yield f"{shown(operator)} has no condition key; give it one, or remove it"
    beyond = next((found[0] for text in texts if (found := _BEYOND.search(text))), None)
    if beyond is not None:
        yield f"{shown(beyond)} can be in no policy; IAM takes Latin letters and signs alone"


def _of_operator(operator: str) -> Iterator[str]:
    found = _OPERATOR.fullmatch(operator)
    word = found[1] if found else operator
    if word.casefold() not in {known.casefold() for known in OPERATORS}:
        yield (
            f"{shown(operator)} is no condition operator of IAM's; {suggestion(word, OPERATORS)}"
            "write one such as 'StringEquals'"
        )
