"""Texts of labs that stand for what only a seat has: placeholders, and names of the author's own.

Each is told with what goes into its place, as ``workshop rehearse --replace`` takes it. Only what
looks like such a text is repeated, never a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workshop.fit import asking
from workshop.fit.calls import LabCall, LabFindings
from workshop.fit.needs import written_buckets

_STANDS_FOR = re.compile(r"(?i)\byour|[-_]your|\benter[-_ ]|[<>]|xxx|replace|placeholder|insert")
_NAMED = r"""^[^#\n]*?\b{name}\s*=\s*["']([^"'\n{{}}]{{3,80}})["']"""
_BUCKET, _REGION, _IMAGE, _ROLE = (
    re.compile(_NAMED.format(name=name), re.MULTILINE | re.IGNORECASE)
    for name in (r"\w*bucket\w*", r"\w*region(?:_name)?", r"\w*image(?:_uri)?", r"\w*role\w*")
)
_ROLE_NAME = re.compile(r"(?i)(?=.*(?:role|sagemaker))[\w+=,.@-]{1,64}")
_ACCOUNT = re.compile(
    r"(?i)(?<![\w-])(x{8,12}|<[^<>\s]{0,20}account[^<>\s]{0,20}>|your[-_]account(?:[-_]\w+)?)(?![\w-])"
)
_MAKES = re.compile(r"\baws ecr create-repository\b[^\n]*?--repository-name[= ]+[\"']?([^\s\"']+)")
_PLAIN = re.compile(r"[a-z0-9]+(?:[-_/.][a-z0-9]+)+")
"""A repository's name of more than one word: replacing it hits nothing else."""


def found(python: str, shell: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of what has to be filled in, or is the author's own."""
    for text in _BUCKET.findall(python):
        if asking.kind_of_bucket(text) == "placeholder":
            yield "bucket_to_fill", text
    for kind, pattern in (("region_to_fill", _REGION), ("image_to_fill", _IMAGE)):
        yield from ((kind, text) for text in pattern.findall(python) if _STANDS_FOR.search(text))
    for text in _ROLE.findall(python):
        if _ROLE_NAME.fullmatch(text):
            yield "role", text
    yield from (("account_to_fill", text) for text in _ACCOUNT.findall(f"{python}\n{shell}"))
    for name in _MAKES.findall(shell):
        yield "makes_repository", _variable(name, shell)


def _variable(name: str, shell: str) -> str:
    """Return what a shell's variable was given; any other word as it is."""
    word = re.fullmatch(r"\$\{?(\w+)\}?", name)
    given = word and re.search(rf"^{word[1]}=[\"']?([^\s\"'$]+)", shell, re.MULTILINE)
    return given[1] if given else name


def replacements(findings: LabFindings) -> dict[str, str]:
    """Return each text with what goes into its place, longer ones first."""
    written = written_buckets(findings.calls)
    made = {
        call.bucket: "$WORKSHOP_BUCKET" for call in findings.calls if _is_to_fill(call, written)
    }
    for kind, text, _ in sorted(findings.facts):
        if kind in _INSTEAD:
            made[text] = _INSTEAD[kind]
        elif kind == "makes_repository":
            made["aws ecr create-repository"] = "true"
            if _PLAIN.fullmatch(text):
                made[text] = "$WORKSHOP_REPOSITORY_NAME"
    return {text: made[text] for text in sorted(made, key=lambda text: (-len(text), text))}


def _is_to_fill(call: LabCall, written: frozenset[str]) -> bool:
    kind = asking.kind_of_bucket(call.bucket) if call.service == "s3" else ""
    known = "{" not in call.bucket and "=" not in call.bucket
    return known and (kind == "placeholder" or (kind == "other" and call.bucket in written))


_INSTEAD = {
    "bucket_to_fill": "$WORKSHOP_BUCKET",
    "region_to_fill": "$AWS_REGION",
    "image_to_fill": "$WORKSHOP_REPOSITORY_TRAINING:latest",
    "role": "$WORKSHOP_ROLE_ARN",
    "account_to_fill": "$WORKSHOP_ACCOUNT",
}
"""Kind of a fact -> a variable of the notebook, or of the rehearsal alone."""
