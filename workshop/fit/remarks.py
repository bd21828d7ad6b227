"""What the author of labs has to edit, or has to know: sentences, with the places they are about.

Nothing of a cell is repeated: what stands there may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from workshop.config.instance_types import known
from workshop.counting import count_of
from workshop.fit import asking
from workshop.fit.calls import LabFindings, Place
from workshop.fit.fitting import Fitting


@dataclass(frozen=True)
class Remark:
    """A sentence, and where in the labs it holds."""

    text: str
    places: tuple[Place, ...]


def remarks(fitting: Fitting, found: LabFindings, region: str) -> tuple[Remark, ...]:
    """Return what has to be edited or known, the gravest first."""
    made: dict[str, set[Place]] = {}
    for text, place in (*_of_facts(found, region), *_of_calls(fitting, found)):
        made.setdefault(text, set()).add(place)
    ordered = sorted(made.items(), key=lambda each: (_rank(each[0]), each[0]))
    return tuple(Remark(text, tuple(sorted(places))) for text, places in ordered)


def _rank(text: str) -> int:
    return 0 if text.startswith("holds what looks like") else 1


_BUCKET_TO_FILL = "has a bucket's name to be filled in: put WORKSHOP_BUCKET there"
_SAYS: dict[str, Callable[[str], str]] = {
    "secret": lambda what: f"holds what looks like {what}: take it out, and revoke it",
    "account": lambda _: (
        "names an account's id in an ARN: take the role from WORKSHOP_ROLE_ARN, and the id from"
        " sts get-caller-identity"
    ),
    "debugger": lambda _: (
        "uses SageMaker Debugger, which AWS closed to new customers: leave its rules and hooks out"
    ),
    "kernel": lambda name: (
        f"was saved with a kernel that the notebook may not have ({name}): where it asks, choose"
        " conda_python3 or conda_pytorch"
    ),
    "tensorflow": lambda _: (
        "imports TensorFlow, which the notebook's kernels do not have: install it in a cell, or add"
        " it to notebook.packages"
    ),
    "sudo": lambda _: "uses sudo, which takes notebook.root_access: do without where you can",
    "installer": lambda name: (
        f"calls {name}: the notebook's system is Amazon Linux 2023, which has dnf and no apt"
    ),
    "docker": lambda _: (
        "uses docker on the notebook: without root_access it is rootless there, and its images are"
        " gone when the notebook stops"
    ),
    "push": lambda _: "pushes an image: push it to the repository WORKSHOP_REPOSITORY_TRAINING",
    "local_mode": lambda _: (
        "runs SageMaker's local mode, which needs docker compose on the notebook"
    ),
    "repository": lambda _: (
        "names a repository in a command: begin the name as WORKSHOP_REPOSITORY_TRAINING does,"
        " below the seat's own"
    ),
    "makes_repository": lambda _: (
        "makes a repository in a command: leave that out, and push to WORKSHOP_REPOSITORY_TRAINING,"
        " which is there"
    ),
    "bucket_to_fill": lambda _: _BUCKET_TO_FILL,
    "region_to_fill": lambda _: "has a Region to be filled in: take the session's",
    "image_to_fill": lambda _: (
        "has an image's address to be filled in: put WORKSHOP_REPOSITORY_TRAINING and a tag there"
    ),
    "account_to_fill": lambda _: (
        "has an account's id to be filled in: take it from sts get-caller-identity"
    ),
    "role": lambda _: "names a role that is not the seat's: take it from WORKSHOP_ROLE_ARN",
}
"""Kind of a fact -> the sentence about it."""


def _of_facts(found: LabFindings, region: str) -> Iterator[tuple[str, Place]]:
    for kind, detail, place in sorted(found.facts):
        if kind in _SAYS:
            yield _SAYS[kind](_cut(detail)), place
        elif kind == "region" and detail != region:
            text = f"names the Region {detail}, and the workshop is in {region}: take the session's"
            yield text, place
        elif kind == "image" and detail != region:
            text = (
                f"takes an image from the Region {detail}, and a seat pulls from {region} alone:"
                " find it with sagemaker.image_uris.retrieve"
            )
            yield text, place


def _of_calls(fitting: Fitting, found: LabFindings) -> Iterator[tuple[str, Place]]:
    for verdict in fitting.verdicts:
        call = verdict.call
        kind = asking.kind_of_bucket(call.bucket) if call.service == "s3" else ""
        if kind == "placeholder":
            yield _BUCKET_TO_FILL, call.place
        if call.untyped:
            use = "batch transform" if call.use == "transform" else call.use
            text = f"asks for machines for {use} of a type that its code does not say: name one"
            yield text, call.place
        for name in call.types:
            if not _is_offered(name, call.use):
                text = (
                    f"asks for {name}, which SageMaker does not offer for {call.use}: name another"
                )
                yield text, call.place
    for place in found.unread:
        yield "could not be read as Python: what it calls is not known", place


def _is_offered(name: str, use: str) -> bool:
    if use == "transform":
        return True  # AWS's model of the API has a list of its own for it, which nothing else uses
    return use not in ("training", "processing", "endpoint") or name in known(use)


def _cut(text: str, most: int = 60) -> str:
    """Return a name from the labs, which may be of any length and hold anything."""
    return text if len(text) <= most else f"{text[:most]}..."


def where(places: Iterable[Place], most: int = 3) -> str:
    """Return some places in words: the first few, and how many more there are."""
    listed = list(places)
    named = ", ".join(map(str, listed[:most]))
    left = len(listed) - most
    return named if left <= 0 else f"{named} and {count_of(left, 'more place')}"
