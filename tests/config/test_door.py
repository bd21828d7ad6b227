"""What the YAML may say of a door, and what is refused with a line and a cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, mistakes, write
from workshop.naming import COHORT, DOOR, START, WATCH


def test_an_environment_has_the_doors_stack_where_its_yaml_has_a_door(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}")
    assert load(tmp_path).settings.cohort_stacks == (START, COHORT, WATCH)
    write(tmp_path, f"{HEAD}{SEATS}door: {{}}\n")
    settings = load(tmp_path).settings
    assert settings.cohort_stacks == (START, COHORT, WATCH, DOOR)
    assert settings.door is not None
    assert (settings.door.languages, settings.saved_work_ends) == (("en",), None)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{languages: [fr]}", "door.languages[0]: "),
        ("{languages: [en, en]}", "door.languages: names a language twice; name each once"),
        ("{languages: []}", "door.languages: "),
        ("{saved_work_until: 2000-01-01}", "give a later 'saved_work_until'"),
        ("{saved_work_until: soon}", "'soon' is no day; write one such as 2027-03-25"),
        ("{concurrency: 0}", "door.concurrency: "),
        ("{codes: long}", "door.codes: "),
    ],
)
def test_what_no_door_can_have_is_told_with_its_line(
    tmp_path: Path, said: str, message: str
) -> None:
    write(tmp_path, f"{HEAD}{SEATS}door: {said}\n")
    [found] = mistakes(tmp_path)
    line = len(f"{HEAD}{SEATS}".splitlines()) + 1
    assert found.startswith(f"{line}: door")
    assert message in found
