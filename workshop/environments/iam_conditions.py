"""What IAM refuses in the conditions of a statement: operators, keys and values.

Sources: the condition operators of IAM's user guide, and the errors of IAM Access Analyzer's policy
validation (https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from workshop.config.diagnostics import suggestion
from workshop.config.rules import shown

_COMPARED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan")
OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
    *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
    *(f"{kind}{how}" for kind in ("Numeric", "Date") for how in (*_COMPARED, "GreaterThanEquals")),
)
"""IAM's condition operators, without ``IfExists`` behind and a set's word before them."""

_OPERATOR = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9-]+:\S+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_NAME = re.compile(r"[*?$]|[A-Za-z0-9-]+:[^\s,]+(?:, '[^']*')?")
"""What stands in a policy variable: a sign that stands for itself, or a condition key, with a
default value or without (IAM's user guide, policy variables)."""

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


def mistakes(conditions: Conditions) -> Iterator[str]:
    """Yield why IAM would refuse the conditions, or never find them true."""
    yield from _repeated(conditions)
    for operator, tests in conditions.items():
        yield from _of_operator(operator)
        yield from _repeated(tests)
        if not tests:
            yield f"{shown(operator)} has no condition key; give it one, or remove it"
        for key, values in tests.items():
            if not _KEY.fullmatch(key):
                yield (
                    f"{shown(key)} is no condition key; write service and name, such as"
                    " 'aws:RequestedRegion'"
                )
            if not values:
                yield f"{shown(key)} is compared with nothing; give it a value, or remove it"
            for value in values:
                yield from variable_mistakes(value)
                yield from _of_value(operator, value)


def variable_mistakes(text: str) -> Iterator[str]:
    """Yield what is wrong with the policy variables in a text."""
    for name in _VARIABLE.findall(text):
        if not _VARIABLE_NAME.fullmatch(name):
            yield (
                f"{shown('${' + name + '}')} is no policy variable; write a condition key in it,"
                " such as '${aws:PrincipalTag/attendee}'"
            )
    if "${" in _VARIABLE.sub("", text):
        yield f"{shown(text)} has a policy variable without its end; close it with '}}'"


def _of_operator(operator: str) -> Iterator[str]:
    found = _OPERATOR.fullmatch(operator)
    word = found[1] if found else operator
    if word.casefold() not in {known.casefold() for known in OPERATORS}:
        yield (
            f"{shown(operator)} is no condition operator of IAM's; {suggestion(word, OPERATORS)}"
            "write one such as 'StringEquals'"
        )
    elif found and found[2] and word.casefold() == "null":
        yield f"{shown(operator)}: IAM knows no IfExists of Null; write 'Null'"


def _repeated(words: Iterable[str]) -> Iterator[str]:
    """Yield words that are one to IAM, which reads neither operators nor keys by case."""
    seen: dict[str, str] = {}
    for word in words:
        first = seen.setdefault(word.casefold(), word)
        if first != word:
            yield f"{shown(first)} and {shown(word)} are one to IAM; write their values in one list"


def _of_value(operator: str, value: str) -> Iterator[str]:
    found = _OPERATOR.fullmatch(operator)
    if found is None or "${" in value:
        return
    word = found[1].casefold()
    for beginning, (accepts, noun, example) in _VALUES.items():
        if word.startswith(beginning) and not accepts(value):
            yield f"{shown(value)} is no {noun}, which {found[1]} compares; write one, {example}"


def _is_date(value: str) -> bool:
    if _NUMBER.fullmatch(value):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return re.fullmatch(r"[0-9]{4}(?:-[0-9]{2})?", value) is not None
    return True


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return False
    return True


def _is_truth(value: str) -> bool:
    return value.casefold() in ("true", "false")


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def _is_arn(value: str) -> bool:
    return "*" in value or re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", value) is not None


_VALUES: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "date": (_is_date, "date", "such as '2027-03-15T18:00:00Z'"),
    "numeric": (_is_number, "number", "such as '3600'"),
    "bool": (_is_truth, "truth value", "'true' or 'false'"),
    "null": (_is_truth, "truth value", "'true' or 'false'"),
    "ipaddress": (_is_network, "range of addresses", "such as '203.0.113.0/24'"),
    "notipaddress": (_is_network, "range of addresses", "such as '203.0.113.0/24'"),
    "binary": (_is_base64, "base64", "such as 'QUJD'"),
    "arn": (_is_arn, "ARN", "such as 'arn:aws:s3:::bucket'"),
}
"""How an operator begins -> what it takes, its noun, an example."""
