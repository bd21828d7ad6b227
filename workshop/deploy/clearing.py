"""What goes with a stack that is deleted to be made again, of what people have made.

A bucket is not among it: CloudFormation deletes none that holds an object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workshop.aws.stacks import BROKEN, StackSummary
from workshop.deploy import diff
from workshop.deploy.desired import DesiredStack
from workshop.deploy.diff import INSTANCE, NOTEBOOK, REPOSITORY
from workshop.naming import MLFLOW_APP, SEAT_STACKS

_GOES = {
    NOTEBOOK: "its notebook, if that is left, and what is on the notebook's disk",
    MLFLOW_APP: "its MLflow App, if that is left, and the runs that it has recorded",
    REPOSITORY: "its repositories, if they are left, and the images in them",
    INSTANCE: "its EC2 instance, if that is left, and what is on the EC2 instance's disk",
}
"""The resource types that hold work and are deleted with it, as sentences name them."""
_LOST = {
    NOTEBOOK: "its disk is lost",
    MLFLOW_APP: "its runs are lost",
    REPOSITORY: "its images are lost",
    INSTANCE: "its disk is lost",
}

_MACHINES = (NOTEBOOK, INSTANCE)
_NOTHING_MADE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


def work_in(desired: DesiredStack, current: StackSummary) -> tuple[str, ...]:
    """Return the resource types of a stack with which work goes that is cleared.

    A failed deletion leaves whatever it did not come to, and so may a failed rollback. A change
    set that nobody ran has made nothing, and a whole stack is cleared for want of its machine.
    Where its template is none of the desired ones, it may hold whatever a stack of its kind may.
    """
    if current.status in _NOTHING_MADE or desired.kind not in SEAT_STACKS:
        return ()
    possible = [type_ for type_ in SEAT_STACKS[desired.kind].makes if type_ in _GOES]
    if current.status not in BROKEN:
        made = set(_deleted(desired.templates[0].document))
        return tuple(type_ for type_ in possible if type_ in made and type_ not in _MACHINES)
    known = [template for template in desired.templates if template.digest == current.template]
    made = set(_deleted(known[0].document)) if known else {*possible}
    return tuple(type_ for type_ in possible if type_ in made)


def names_of(desired: DesiredStack, types: Iterable[str]) -> list[str]:
    """Return what of these types a stack is to have, as ``--remove`` names it."""
    gone = diff.between(desired.templates[0].document, {})
    return [diff.data_of(change) for change in gone if change.type in {*types}]


def sentence(types: Iterable[str]) -> str:
    """Return what clearing a stack deletes."""
    return f"clearing it deletes {'; and '.join(_GOES[type_] for type_ in types)}"


def lost(types: Iterable[str]) -> str:
    """Return what is lost with these types: ``its disk is lost``."""
    return ", ".join(_LOST[type_] for type_ in types)


def _deleted(template: dict[str, Any]) -> Iterable[str]:
    """Yield the types of what goes with the stack: what is kept stays."""
    for resource in template.get("Resources", {}).values():
        if not str(resource.get("DeletionPolicy", "")).startswith("Retain"):
            yield resource["Type"]
