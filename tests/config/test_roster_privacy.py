"""Names and e-mail addresses stay in the roster file and in ``workshop roster``."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks import build
from tests.support.config_folder import load, write_roster
from tests.support.workshop_command import run
from workshop import tags
from workshop.environments import loader

NAME, FAMILY, EMAIL = "Xanthippe", "Quillfeather", "quill@secret.example.com"
PERSONAL = (NAME, FAMILY, EMAIL, "quill@")


def leaks(text: str) -> list[str]:
    return [word for word in PERSONAL if word.casefold() in text.casefold()]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("people.csv", f"{NAME},{FAMILY},{EMAIL}\n"),
        ("people.csv", f"id,name,{EMAIL}\nada,{NAME},x\n"),
        ("people.csv", f"id,{FAMILY}\nada,x\n"),
        ("people.csv", f"id,email\n{NAME} {FAMILY},{EMAIL}\n"),
        ("people.csv", f"id,email,name\nada,{NAME} {FAMILY},{EMAIL}\n"),
        ("people.csv", f"id,email\nada,{EMAIL}\nbob,{EMAIL}\n"),
        ("people.csv", f"id,name\n{FAMILY},x\n{FAMILY},y\n"),
        ("people.csv", f"id,profile\nada,{NAME}\nbob,{EMAIL}\n"),
        ("people.csv", f"id,instance_type,volume_gb\nada,{NAME},{FAMILY}\n"),
        ("people.csv", f"id,account,region\nada,{NAME},{EMAIL}\n"),
        ("people.csv", f"id,name\nada,{NAME},{EMAIL}\n"),
        ("people.csv", f'id,name\nada,"{NAME}" {FAMILY}\n'),
        ("people.csv", f'id,name\nada,"{NAME}\n'),
        ("people.csv", f"id,name\nada,{FAMILY * 20}\n"),
        ("people.csv", f"id,name\n,{NAME} {FAMILY}\n"),
        ("people.csv", f"id,name\nada,\x07{NAME}\n"),
        ("people.yaml", f"{NAME} {FAMILY}: {EMAIL}\n"),
        ("people.yaml", f"- {NAME} {FAMILY}\n"),
        ("people.yaml", f"- {NAME}: {EMAIL}\n  {NAME}: {FAMILY}\n"),
        ("people.yaml", f"- id: ada\n  name: &{NAME} x\n- id: bob\n  name: *{NAME}\n"),
        ("people.yaml", f"- id: ada\n  name: !{NAME} x\n"),
        ("people.yaml", f"- id: ada\n  name: !{NAME}!x y\n"),
        ("people.yaml", f"- id: ada\n  name: {NAME}: {FAMILY}\n"),
        ("people.yaml", f'- id: ada\n  name: "{NAME}\n'),
        ("people.yaml", f"- id: ada\n {NAME}: {EMAIL}\n"),
        ("people.yaml", f"- id: ada\n  name: [{NAME}, {FAMILY}\n"),
        ("people.yaml", f"- id: ada\n  name: {{{NAME}: {EMAIL}}}\n"),
        ("people.yaml", f"- id: ada\n  {NAME}\n  name: x\n"),
        ("people.yaml", f"- id: ada\n  ? [{NAME}]\n  : x\n"),
    ],
)
def test_no_message_repeats_a_cell_even_in_the_wrong_column(
    tmp_path: Path, file: str, text: str
) -> None:
    write_roster(tmp_path, text, file)
    checked = run("check", "-e", "dev", "--config-dir", str(tmp_path))
    assert checked.code == 2
    assert f"{file}:" in checked.err
    assert not leaks(checked.err + checked.out)


def test_nothing_that_could_reach_a_log_shows_a_person(tmp_path: Path) -> None:
    write_roster(tmp_path, f"id,name,email\nada,{NAME} {FAMILY},{EMAIL}\n")
    loaded = load(tmp_path)
    draft = loader.draft("dev", tmp_path)
    assert loaded.seats[0].email == EMAIL
    assert not leaks(repr(loaded) + repr(draft) + repr(draft.sheet))


def test_check_shows_no_person(tmp_path: Path) -> None:
    write_roster(tmp_path, f"id,name,email\nada,{NAME} {FAMILY},{EMAIL}\n")
    for options in ((), ("--json",)):
        checked = run("check", "-e", "dev", "--config-dir", str(tmp_path), *options)
        assert checked.code == 0
        assert not leaks(checked.out + checked.err)


def test_roster_shows_people_on_stdout_only(tmp_path: Path) -> None:
    write_roster(tmp_path, f"name,email\n{NAME} {FAMILY},{EMAIL}\n")
    for options in ((), ("--json",), ("--write",)):
        shown = run("roster", "-e", "dev", "--config-dir", str(tmp_path), *options)
        assert shown.code == 0
        assert EMAIL in shown.out
        # The id is made from the first name, and is public from then on.
        assert not leaks(shown.err.replace(NAME.lower(), ""))


def test_tags_and_templates_know_ids_and_no_people(tmp_path: Path) -> None:
    write_roster(tmp_path, f"id,name,email\nada,{NAME} {FAMILY},{EMAIL}\n")
    loaded = load(tmp_path)
    (seat,) = loaded.seats
    made = tags.seat_tags(
        workshop="vision",
        environment="dev",
        attendee=seat.id,
        profile=seat.profile,
        extra=loaded.settings.tags,
    )
    assert not leaks(str(made))
    out = tmp_path / "out"
    synthesized = build.new_app(str(out))
    build.build(synthesized, loaded)
    synthesized.synth()
    files = [path for path in out.rglob("*") if path.is_file()]
    assert any("ada" in path.name for path in files)
    for path in files:
        assert not leaks(path.read_text(encoding="utf-8")), path.name
