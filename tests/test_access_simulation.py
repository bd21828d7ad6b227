"""The cell of every seat, asked of two policy engines over the templates as synthesized."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests import simulation
from tests.assemblies import ENVIRONMENTS, ROOT, exemplars, shipped
from workshop.access import cases, decision
from workshop.environment import load
from workshop.naming import Names

SEATS = ("ada", "adam", "seat01")
"""Three seats; the id of one begins another's."""

PROFILES = [
    (environment, profile)
    for environment in ENVIRONMENTS
    for profile in exemplars(load(environment, ROOT / "config"))
]


@pytest.mark.parametrize(("environment", "profile_name"), PROFILES)
def test_a_seat_can_do_its_workshop_and_nothing_to_a_neighbour(
    environment: str, profile_name: str
) -> None:
    assembly = shipped(environment)
    settings = assembly.loaded.settings
    profile = settings.profiles[profile_name]
    exemplar = exemplars(assembly.loaded)[profile_name]
    names = {
        seat: Names(settings.workshop, seat, settings.account, settings.region) for seat in SEATS
    }
    roles = {seat: simulation.role(assembly, exemplar, names[seat]) for seat in SEATS}
    cells = {seat: decision.cell(names[seat], profile, settings) for seat in SEATS}

    told: list[str] = []
    asked: list[tuple[bool, bool, dict[str, object]]] = []
    for mine, theirs in permutations(SEATS, 2):
        for wanted, some in ((True, cases.allowed(profile)), (False, cases.denied(profile))):
            for case in some:
                question = case.question(names[mine], names[theirs])
                ours = cells[mine].decide(question).allowed
                told.append(f"{mine} {case.about} ({theirs}): {case.action}")
                asked.append((wanted, ours, roles[mine].simulation(question)))
    answers = simulation.ask([one for _, _, one in asked])

    assert len(answers) == len(asked) > 120
    wrong = [
        f"{what}: wanted {wanted}, ours says {ours}, iam-simulate says {answer}"
        for what, (wanted, ours, _), answer in zip(told, asked, answers, strict=True)
        if not (wanted == ours == (answer == "Allowed")) or answer.startswith("error")
    ]
    assert wrong == []
