"""Nothing in the policies is there for show: without any one part of a denial, the cell differs.

Each denial of the boundary and of a seat's policies is taken away, each of its actions, each thing
that it spares, and each condition of a statement, one at a time; the isolation table then has to
answer differently. What it should answer is held by ``test_access_simulation``. What is denied
outright is too much for the table: ``test_access_completeness`` misses it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from tests.access import test_completeness as completeness
from workshop.access import matrix
from workshop.access.permissions import BOUNDARY, EVERYTHING, EffectivePermissions, cell
from workshop.config.ec2 import Ec2
from workshop.config.models import Environment
from workshop.config.profiles import Access, ExtraStatement, Notebook, Profile, Serverless, Vpc
from workshop.naming import Names
from workshop.policies.actions import CLOSED_BY_AWS, COMPUTE_WITHOUT_TYPE, NEVER

ME = Names("vision", "ada", "111122223333", "eu-west-1")
OTHER = replace(ME, seat="adam")

SCOPED = Profile(
    access=Access(
        max_runtime_hours=4,
        autoscaling=True,
        feature_store=True,
        search=False,
        model_packages=True,
        serverless=Serverless(max_concurrency=3, memory_mb=2048),
        warm_pools=5,
        # Limits hold for what an organiser opens too.
        extra_statements=(
            ExtraStatement(
                sid="Opened",
                actions=("sagemaker:CreateInferenceComponent", "sagemaker:UpdateTrainingJob"),
                resources=("*",),
            ),
        ),
    ),
    ec2=Ec2(),
    mlflow="app",
    notebook=Notebook(
        network=Vpc(subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345",))
    ),
)
MANAGED = Profile(ec2=Ec2(), access=Access(mode="managed"))
WITHOUT_BOX = Profile(access=Access(mode="managed"))
FREE_MODELS = Profile(access=Access(mode="managed", model_prefix=False))
OTHERS = Profile(
    ec2=Ec2(),
    mlflow="app",
    access=Access(
        autoscaling=True,
        feature_store=True,
        model_packages=True,
        extra_statements=(
            ExtraStatement(
                sid="OpenedToOthers",
                actions=(
                    *("ecr:Delete*", "ecr:Get*", "ecr:Replicate*", "ecr:Set*", "ecr:Tag*"),
                    "sagemaker:CreateInferenceComponent",
                ),
                resources=("*",),
            ),
        ),
    ),
)
"""Another profile of the same environment: what it opens, the one boundary lets through."""
PARTS = ("Action", "NotAction", "NotResource")
"""Lists of a denial of which each entry counts."""
BY_THE_OTHER_ENGINE = {"data BaseImagesOfOtherAccounts without Null aws:ResourceAccount"}
"""The engine here knows the account of every ARN: ``test_access_simulation`` asks another."""


def settings(profile: Profile) -> Environment:
    profiles = {"attendee": profile, "others": OTHERS}
    return Environment.model_validate(
        {
            "workshop": "vision",
            "account": "111122223333",
            "region": "eu-west-1",
            "start": "2098-03-08T09:00:00+01:00",
            "end": "2099-03-09T17:00:00+01:00",
            "roster": {"seats": 2, "profile": "attendee"},
            "profiles": {name: one.model_dump(mode="json") for name, one in profiles.items()},
        }
    )


def whole(profile: Profile) -> EffectivePermissions:
    return cell(ME, profile, settings(profile))


def mutants(profile: Profile) -> Iterator[tuple[str, EffectivePermissions]]:
    """Give each cell that lacks one part of a denial or one condition, with what it lacks."""
    made = whole(profile)
    documents = {**made.documents, BOUNDARY: made.boundary}
    for name, document in documents.items():
        for number, statement in enumerate(document["Statement"]):
            for what, less in _lesser(statement):
                yield f"{name} {statement['Sid']} {what}", _with(made, name, number, less)


def _lesser(statement: Any) -> Iterator[tuple[str, Any]]:
    if statement["Effect"] == "Deny":
        yield "", None
        for part in PARTS:
            entries = statement.get(part, [])
            # Without its only entry it is no statement; that it is there at all is tried above.
            for entry in entries if len(entries) > 1 else ():
                yield (
                    f"without {part} {entry}",
                    {**statement, part: [one for one in entries if one != entry]},
                )
    for operator, tests in statement.get("Condition", {}).items():
        for key in tests:
            less = copy.deepcopy(statement)
            del less["Condition"][operator][key]
            yield f"without {operator} {key}", less


def survivors(
    profile: Profile, tried: Mapping[str, EffectivePermissions], wanted: EffectivePermissions
) -> set[str]:
    """What was taken away without any answer of the table being another."""
    asked = [
        case.question(ME, OTHER) for case in (*matrix.denied(profile), *matrix.allowed(profile))
    ]
    answers = [wanted.decide(one).allowed for one in asked]
    return {
        what
        for what, one in tried.items()
        if all(
            one.decide(question).allowed is answer
            for question, answer in zip(asked, answers, strict=True)
        )
    }


def _with(
    made: EffectivePermissions, name: str, number: int, statement: Any
) -> EffectivePermissions:
    def changed(document: Mapping[str, Any]) -> dict[str, Any]:
        statements = list(document["Statement"])
        statements[number : number + 1] = [] if statement is None else [statement]
        return {**document, "Statement": statements}

    if name == BOUNDARY:
        return replace(made, boundary=changed(made.boundary))
    return replace(made, documents={**made.documents, name: changed(made.documents[name])})


def test_without_any_one_part_of_what_a_seat_is_allowed_the_table_differs() -> None:
    """Asked without what holds in any mode, which denies much of it once more."""

    def alone(one: EffectivePermissions) -> EffectivePermissions:
        documents = {name: made for name, made in one.documents.items() if name != "limits"}
        return replace(one, documents=documents, boundary=EVERYTHING)

    tried = {
        what: alone(one)
        for what, one in mutants(SCOPED)
        if not what.startswith((BOUNDARY, "limits"))
    }
    assert len(tried) > 40
    assert survivors(SCOPED, tried, alone(whole(SCOPED))) == BY_THE_OTHER_ENGINE


def test_without_any_one_part_of_what_holds_in_any_mode_the_table_differs() -> None:
    """Asked in ``managed`` mode, where nothing else denies, and AWS's policies allow everything."""
    allowed = {
        statement["Sid"]
        for document in whole(MANAGED).documents.values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
    }
    tried = {
        what: one
        for what, one in mutants(MANAGED)
        if what.startswith(BOUNDARY) or what.split(" ")[1] not in allowed
    }
    assert len(tried) > 100
    assert survivors(MANAGED, tried, whole(MANAGED)) == set()


def test_in_managed_mode_a_seat_without_an_instance_has_nothing_of_anothers() -> None:
    tried = {what: one for what, one in mutants(WITHOUT_BOX) if "OpenedToOthers" in what}
    assert len(tried) > 10
    assert survivors(WITHOUT_BOX, tried, whole(WITHOUT_BOX)) == set()


def test_where_models_may_have_any_name_a_neighbours_prefix_is_still_closed() -> None:
    tried = {what: one for what, one in mutants(FREE_MODELS) if "ModelsOfOthers" in what}
    assert len(tried) > 3
    assert survivors(FREE_MODELS, tried, whole(FREE_MODELS)) == set()


def test_without_any_one_action_that_is_denied_outright_something_is_undecided() -> None:
    """Each pattern alone denies some action that ``test_access_completeness`` asks about."""
    names = completeness.uncapped() | completeness.typed()
    patterns = [*COMPUTE_WITHOUT_TYPE, *CLOSED_BY_AWS, *NEVER]
    for pattern in patterns:
        others = [one for one in patterns if one != pattern]
        alone = {
            name
            for name in names
            if fnmatchcase(f"sagemaker:{name}", pattern)
            and not any(fnmatchcase(f"sagemaker:{name}", one) for one in others)
        }
        # That tags are not taken off is in the table.
        assert alone or pattern == "sagemaker:DeleteTags", pattern
