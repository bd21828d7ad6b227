"""The door's texts: every language says everything, and is one that the YAML may name."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import get_args

import pytest

from tests.support.door_visits import Door, door_without_stacks
from tests.support.local_cloud import Cloud
from workshop.config.models import Door as DoorOfYaml
from workshop.door.texts import TEXTS


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_has_every_text_with_the_same_values_in_it(language: str) -> None:
    def values(text: str) -> set[str]:
        return {*re.findall(r"\{(\w+)\}", text)}

    english, other = TEXTS["en"], TEXTS[language]
    assert other.keys() == english.keys()
    assert {name: values(text) for name, text in other.items()} == {
        name: values(text) for name, text in english.items()
    }


def test_the_yaml_may_name_each_of_them_and_no_other() -> None:
    [listed] = get_args(DoorOfYaml.model_fields["languages"].annotation)[:1]
    assert {*get_args(listed)} == TEXTS.keys()


def test_no_text_is_there_that_no_page_shows() -> None:
    source = "".join(
        path.read_text()
        for path in files("workshop.door").iterdir()
        if path.name.endswith(".py")
        if path.name != "texts.py"
    )
    built = ("state_", "types_", "column_", "box_state_", "box_to_")
    unused = [
        name
        for name in TEXTS["en"]
        if not name.startswith(built) and f'"{name}"' not in source and f"'{name}'" not in source
    ]
    assert unused == []


@pytest.mark.parametrize("language", TEXTS)
def test_no_page_shows_a_value_that_was_not_filled_in(cloud: Cloud, language: str) -> None:
    door: Door = door_without_stacks(cloud, "ada", cap=9, languages=[language])
    door.let_claim("ada")
    ada, helper, late = (door.visitor(one) for one in ("seat:ada", "helper:1", "class"))
    ada.post("/hand", up="1")
    helper.post("/taken", seat="ada")
    pages = [
        *(ada.get(), ada.get("/?say=claimed"), ada.get("/files"), ada.get("/check")),
        *(helper.get(), late.get(), door.visitor().get()),
    ]
    for page in pages:
        assert not re.search(r"\{\w+\}", page.body.partition("</style>")[2])
        assert not re.search(r"\b(state|types|column|hand|claim|no)_\w+", page.words)
