"""Nothing in the policies is there for show: without any one denial or condition, the cell leaks.

Each denial of the boundary and of a seat's policies is taken away, and each condition of a
statement, one at a time; the isolation table then has to answer differently. What it should
answer is held by ``test_access_simulation``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workshop.access import cases
from workshop.access.decision import BOUNDARY, EVERYTHING, Cell, cell
from workshop.naming import Names
from workshop.settings import Access, Environment, Profile

ME = Names("vision", "ada", "111122223333", "eu-west-1")
OTHER = replace(ME, seat="adam")

SCOPED = Profile(access=Access(max_runtime_hours=4, feature_store=True, search=False))
MANAGED = Profile(access=Access(mode="managed"))


def settings(profile: Profile) -> Environment:
    return Environment.model_validate(
        {
            "workshop": "vision",
            "account": "111122223333",
            "region": "eu-west-1",
            "start": "2098-03-08T09:00:00+01:00",
            "end": "2099-03-09T17:00:00+01:00",
            "roster": {"seats": 2},
            "profiles": {"attendee": profile.model_dump(mode="json")},
        }
    )


def whole(profile: Profile) -> Cell:
    return cell(ME, profile, settings(profile))


def answers(profile: Profile, tried: Cell) -> list[bool]:
    """What the cell answers to the whole table."""
    asked = [*cases.allowed(profile), *cases.denied(profile)]
    return [tried.decide(case.question(ME, OTHER)).allowed for case in asked]


def mutants(profile: Profile) -> Iterator[tuple[str, Cell]]:
    """Give each cell that lacks one denial or one condition, with what it lacks."""
    made = whole(profile)
    documents = {**made.documents, BOUNDARY: made.boundary}
    for name, document in documents.items():
        for number, statement in enumerate(document["Statement"]):
            sid = statement["Sid"]
            if statement["Effect"] == "Deny":
                yield f"{name} without {sid}", _with(made, name, number, None)
            for operator, tests in statement.get("Condition", {}).items():
                for key in tests:
                    less = copy.deepcopy(statement)
                    del less["Condition"][operator][key]
                    yield f"{name} {sid} without {operator} {key}", _with(made, name, number, less)


def _with(made: Cell, name: str, number: int, statement: Any) -> Cell:
    def changed(document: Mapping[str, Any]) -> dict[str, Any]:
        statements = list(document["Statement"])
        statements[number : number + 1] = [] if statement is None else [statement]
        return {**document, "Statement": statements}

    if name == BOUNDARY:
        return replace(made, boundary=changed(made.boundary))
    return replace(made, documents={**made.documents, name: changed(made.documents[name])})


def test_without_any_one_denial_or_condition_of_a_seats_policies_the_table_differs() -> None:
    """Asked without the boundary, which denies much of it once more."""
    opened = replace(whole(SCOPED), boundary=EVERYTHING)
    wanted = answers(SCOPED, opened)
    tried = {what: one for what, one in mutants(SCOPED) if not what.startswith(BOUNDARY)}
    assert len(tried) > 25
    assert {
        what
        for what, one in tried.items()
        if answers(SCOPED, replace(one, boundary=EVERYTHING)) == wanted
    } == set()


def test_without_any_one_denial_or_condition_of_the_boundary_the_table_differs() -> None:
    """Asked in ``managed`` mode, where nothing else denies."""
    wanted = answers(MANAGED, whole(MANAGED))
    tried = {what: one for what, one in mutants(MANAGED) if what.startswith(BOUNDARY)}
    assert len(tried) > 15
    assert {what for what, one in tried.items() if answers(MANAGED, one) == wanted} == set()
