"""Finding environments by name, their neighbours in the folder, and what is worth a warning."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from tests.support.config_folder import HEAD, PROFILES, SEATS, load, mistakes, write, write_roster
from tools import generated_files, schema
from workshop.config import json_schema, yaml_document
from workshop.environments import lint, loader
from workshop.errors import ConfigError, UsageError

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config"


def test_known_names_are_the_yaml_files_of_the_folder_sorted(tmp_path: Path) -> None:
    for name in ("prod", "dev", ".hidden", "my env", "eu-2.test"):
        write(tmp_path, HEAD, name)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.yaml").mkdir()
    assert loader.known(tmp_path) == ["dev", "eu-2.test", "prod"]
    assert loader.known(tmp_path / "missing") == []


def test_an_unknown_environment_is_told_with_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("prod", "dev", "demo"):
        write(tmp_path / "config", HEAD, name)
    with pytest.raises(UsageError) as raised:
        loader.load("x")
    assert str(raised.value) == "no environment 'x' in config/; known: demo, dev, prod"
    with pytest.raises(UsageError) as raised:
        loader.load("prd")
    told = "no environment 'prd' in config/; did you mean 'prod'? known: demo, dev, prod"
    assert str(raised.value) == told


def test_a_wrong_folder_is_told_as_that_and_nobody_is_asked_to_begin_a_second_workshop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        loader.load("dev")
    elsewhere = "go to the folder that holds your workshop, or name its folder with --config-dir"
    assert str(raised.value) == (
        f"{tmp_path}/config/ is not there, where dev.yaml was expected; {elsewhere}"
    )
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError) as raised:
        loader.load("dev", Path("mine"))
    assert str(raised.value) == (
        f"{tmp_path}/mine/ has no environment, where dev.yaml was expected; {elsewhere}"
    )


@pytest.mark.parametrize(
    ("named", "cure"),
    [
        ((), "cd {folder}/spring"),
        ((Path("spring"),), "--config-dir spring/config"),
    ],
)
def test_an_environment_right_below_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: tuple[Path, ...], cure: str
) -> None:
    (tmp_path / "spring").mkdir()
    write(tmp_path / "spring" / "config", HEAD + SEATS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        loader.load("dev", *named)
    assert str(raised.value).endswith(
        f"it is in {tmp_path}/spring/config/: go on with: {cure.format(folder=tmp_path)}"
    )


def test_an_environment_in_a_folder_above_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "config", HEAD + SEATS)
    below = tmp_path / "some" / "folder"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    with pytest.raises(UsageError) as raised:
        loader.load("dev")
    assert str(raised.value) == (
        f"{below}/config/ is not there, where dev.yaml was expected; it is in {tmp_path}/config/:"
        f" go on with: cd {tmp_path}"
    )


@pytest.mark.parametrize("name", ["../dev", "dev.yaml", "", "DEV", "/etc/passwd"])
def test_only_a_name_leads_to_a_file(tmp_path: Path, name: str) -> None:
    write(tmp_path, HEAD + SEATS)
    write(tmp_path / "config", HEAD + SEATS, "prod")
    with pytest.raises(UsageError, match="no environment"):
        loader.load(name, tmp_path / "config")


def test_files_outside_the_current_folder_are_named_in_full(tmp_path: Path) -> None:
    write(tmp_path, "")
    with pytest.raises(ConfigError) as raised:
        loader.load("dev", tmp_path)
    assert raised.value.diagnostics[0].startswith(f"{tmp_path.as_posix()}/dev.yaml:1: is empty")


def test_the_roster_file_counts_from_the_environment_file(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster:\n  file: people/dev.csv\n")
    (told,) = mistakes(tmp_path)
    assert told.startswith("7: roster.file: 'people/dev.csv' is not there; the path counts from ")
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "dev.csv").write_text("id\nada\n")
    assert [seat.id for seat in load(tmp_path).seats] == ["ada"]


def test_a_roster_is_checked_although_the_environment_has_mistakes(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,profile\nA,guest\n")
    write(tmp_path, "roster: {file: people.csv}\nprofiles: {attendee: {}}\n")
    found = loader.draft("dev", tmp_path).diagnostics
    of_roster = [m.where for m in found if m.file.endswith("people.csv")]
    assert of_roster == ["id", "profile"]


# --- neighbours -----------------------------------------------------------------------------


def test_two_environments_of_one_workshop_and_account_would_overwrite_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config", HEAD + SEATS, "dev")
    write(tmp_path / "config", HEAD.replace("eu-west-1", "us-east-1") + SEATS, "prod")
    with pytest.raises(ConfigError) as raised:
        loader.load("dev")
    assert str(raised.value) == (
        "config/dev.yaml:1: workshop: 'vision' in account 111122223333 is config/prod.yaml too, and"
        " each would overwrite the other; rename one of the workshops, or, for several Regions of"
        " one workshop, give rows of one roster a 'region'"
    )


def test_an_account_without_quotes_is_the_same_account(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    write(tmp_path, HEAD.replace('"', "") + SEATS, "prod")
    assert len(mistakes(tmp_path)) == 1


def test_a_row_that_names_a_neighbours_account_overwrites_it_as_well(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,account\nada,444455556666\n")
    write(tmp_path, HEAD.replace("111122223333", "444455556666") + SEATS, "prod")
    for name in ("dev", "prod"):
        (told,) = mistakes(tmp_path, name)
        assert told.startswith("1: workshop: 'vision' in account 444455556666 is ")


@pytest.mark.parametrize(
    "neighbour",
    [
        HEAD.replace("vision", "audio") + SEATS,
        HEAD.replace("111122223333", "444455556666") + SEATS,
        "\tbroken",
        "- a list",
        "",
        b"\xff\xfe",
        "workshop: 5\n",
    ],
)
def test_other_neighbours_and_unreadable_ones_do_no_harm(
    tmp_path: Path, neighbour: str | bytes
) -> None:
    write(tmp_path, HEAD + SEATS)
    write(tmp_path, neighbour, "prod")
    assert mistakes(tmp_path) == []


def test_environments_without_a_name_or_account_do_not_collide(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        write(tmp_path, f"title: {name}\n", name)
    assert not [told for told in mistakes(tmp_path) if "overwrite" in told]


# --- warnings -------------------------------------------------------------------------------


def test_a_sound_environment_has_no_warnings(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    assert load(tmp_path).warnings == ()


def test_managed_access_is_warned_of_for_each_profile(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}profiles: {{attendee: {{access: {{mode: managed}}}}}}\n")
    assert load(tmp_path).warnings == (
        "profiles.attendee.access.mode is managed: AWS's broad policies let an attendee use"
        " every instance type for any time and change what carries no tags;"
        " use scoped",
    )


def test_notebooks_without_an_upper_bound_of_use_are_warned_of(tmp_path: Path) -> None:
    notebook = "{idle_stop_minutes: 30, busy_stop_hours: null}"
    write(tmp_path, f"{HEAD}{SEATS}profiles: {{attendee: {{notebook: {notebook}}}}}\n")
    assert load(tmp_path).warnings == (
        "profiles.attendee.notebook.busy_stop_hours is null: a cell that never ends, or an input()"
        " that nobody answers, keeps a notebook running and billed for ever",
    )


def test_a_workshop_that_is_over_is_warned_of(tmp_path: Path) -> None:
    past = HEAD.replace("2098", "2024").replace("2099", "2025")
    write(tmp_path, past + SEATS)
    assert load(tmp_path).warnings == (
        "the workshop is over since 2025-03-09T17:00:00+01:00; give a later 'end', or tear it down",
    )


def test_a_workshop_is_over_at_its_end_and_not_before(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    settings = load(tmp_path).settings
    just_before = datetime(2099, 3, 9, 15, 59, 59, tzinfo=UTC)
    assert not list(lint.warnings(settings, load(tmp_path).seats, just_before))
    at_the_end = datetime(2099, 3, 9, 16, 0, 0, tzinfo=UTC)
    (told,) = lint.warnings(settings, load(tmp_path).seats, at_the_end)
    assert told.startswith("the workshop is over")


def test_a_profile_without_seats_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS + PROFILES)
    told = "no seat has the profile instructor; nothing is made of it"
    assert load(tmp_path).warnings == (told,)


def test_rows_of_another_account_or_region_are_warned_of_and_counted_apart(tmp_path: Path) -> None:
    write_roster(
        tmp_path,
        "id,account,region,profile\nada,,,\nbob,444455556666,,instructor\neve,,us-east-1,\n",
    )
    assert load(tmp_path).warnings == (
        "1 seat is in 111122223333 us-east-1 by its roster row: that account and Region"
        " needs credentials and gets a cohort of its own",
        "1 seat is in 444455556666 eu-west-1 by its roster row: that account and Region"
        " needs credentials and gets a cohort of its own",
    )


def test_the_stack_limit_holds_for_each_account_and_region(tmp_path: Path) -> None:
    rows = [f"a{number},us-east-1" for number in range(399)]
    rows += [f"b{number},us-west-2" for number in range(399)]
    write_roster(tmp_path, "\n".join(["id,region", *rows]))
    assert mistakes(tmp_path) == []
    write_roster(tmp_path, "\n".join(["id,region", *rows, "c1,us-west-2"]))
    (told,) = mistakes(tmp_path)
    assert told.startswith("6: roster: 400 seats in 111122223333 us-west-2 are 2,003 stacks")


# --- what is shipped ------------------------------------------------------------------------


@pytest.mark.parametrize("name", loader.known(SHIPPED))
def test_every_shipped_environment_is_sound(name: str) -> None:
    assert loader.load(name, SHIPPED).seats


@pytest.mark.parametrize("name", loader.known(SHIPPED))
def test_every_shipped_environment_keeps_to_the_schema_that_editors_use(name: str) -> None:
    text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    document = json.loads((SHIPPED / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    jsonschema.Draft202012Validator(document).validate(yaml_document.parse(text).data)
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize("name", loader.known(SHIPPED))
def test_shipped_people_are_fictitious(name: str) -> None:
    for seat in loader.load(name, SHIPPED).seats:
        assert not seat.email or seat.email.endswith("@example.com")


def test_the_demo_has_five_seats_two_profiles_and_no_end_in_sight() -> None:
    demo = loader.load("demo", SHIPPED)
    assert len(demo.seats) >= 5
    assert {seat.profile for seat in demo.seats} == {"attendee", "instructor"}
    assert {seat.account for seat in demo.seats} == {"000000000000"}
    assert demo.settings.end.year == 2099
    assert demo.warnings == ()
    attendee, instructor = demo.settings.profiles.values()
    assert attendee.storage.buckets.keys() != instructor.storage.buckets.keys()


def test_prod_is_a_class_of_a_hundred_with_spares_and_all_profiles_in_use() -> None:
    prod = loader.load("prod", SHIPPED)
    spares = [seat for seat in prod.seats if seat.id.startswith("spare")]
    assert len(prod.seats) == 100 + len(spares)
    assert spares
    assert {seat.profile for seat in prod.seats} == {"attendee", "instructor", "gpu"}
    assert prod.settings.cohort.termination_protection


def test_the_schema_and_the_reference_in_the_docs_are_what_the_models_say() -> None:
    assert schema.main(["--check"]) == 0


def test_a_stale_schema_is_told_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "config" / "schema.json").write_text("{}\n")
    docs = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (tmp_path / "docs" / "configuration.md").write_text(docs, encoding="utf-8")
    for module in (schema, generated_files):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    assert schema.main(["--check"]) == 1
    told = "stale, run 'python -m tools.schema --write': config/schema.json\n"
    assert capsys.readouterr().err == told
    assert schema.main(["--write"]) == 0
    shipped = (SHIPPED / "schema.json").read_bytes()
    assert (tmp_path / "config" / "schema.json").read_bytes() == shipped
    assert schema.main(["--check"]) == 0


def test_the_schema_refuses_what_the_models_refuse() -> None:
    document = json.loads(json_schema.text())
    good = yaml_document.parse((SHIPPED / "dev.yaml").read_text(encoding="utf-8")).data
    validator = jsonschema.Draft202012Validator(document)
    for key, wrong in (
        ("workshop", "My-Shop"),
        ("account", "12"),
        ("region", "Ireland"),
        ("roster", {}),
        ("roster", {"seats": 3, "file": "a.csv"}),
        ("tags", {"aws:x": "y"}),
        ("profiles", {"Bad": {}}),
        ("profiles", {"attendee": {"notebook": {"platform": "notebook-al2-v2"}}}),
        ("profiles", {"attendee": {"notebook": {"network": "vpc"}}}),
        ("unknown", 1),
    ):
        assert not validator.is_valid({**good, key: wrong}), (key, wrong)


def test_each_key_in_the_schema_has_a_description() -> None:
    document = json.loads(json_schema.text())
    models = [document, *document["$defs"].values()]
    for model in models:
        for key, value in model["properties"].items():
            reference = value.get("$ref", "").rsplit("/", 1)[-1]
            described = value.get("description") or document["$defs"][reference]["description"]
            assert described, key


def test_an_instance_type_that_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"{HEAD}{SEATS}profiles: {{attendee: {{notebook: {{instance_type: ml.t3.medum}},"
        " access: {endpoint_instance_types: [ml.g5.xlarge, ml.t9.huge]}}}\n",
    )
    first, second = load(tmp_path).warnings
    assert first == (
        f"{tmp_path}/dev.yaml:7: profiles.attendee.notebook.instance_type: 'ml.t3.medum' is no"
        " notebook instance type that this release knows; did you mean 'ml.t3.medium'? check its"
        " spelling"
    )
    assert second.startswith(
        f"{tmp_path}/dev.yaml:7: profiles.attendee.access.endpoint_instance_types[1]: 'ml.t9.huge'"
        " is no endpoint instance"
    )


def test_a_rows_instance_type_that_nobody_knows_is_asked_about_without_repeating_it(
    tmp_path: Path,
) -> None:
    write_roster(tmp_path, "id,name,instance_type\nada,Ada,ml.t3.medium\nben,Ben,ml.t3.medum\n")
    assert load(tmp_path).remarks == (
        f"{tmp_path}/people.csv:3: instance_type: is no notebook instance type that this release"
        " knows; did you mean 'ml.t3.medium'? check its spelling",
    )


@pytest.mark.parametrize("tag", ["owner: me@firm.example", '"me@firm.example": x'])
def test_a_person_in_a_tag_is_warned_of_with_the_line(tmp_path: Path, tag: str) -> None:
    write(tmp_path, f"{HEAD}{SEATS}tags:\n  team: vision\n  {tag}\n")
    (told,) = load(tmp_path).warnings
    assert told.startswith(f"{tmp_path}/dev.yaml:9: tags.")
    assert told.endswith(
        ": holds an e-mail address, and everybody in the account sees tags, bills too; write a team"
        " or a cost centre"
    )


def test_the_shipped_environments_name_only_known_instance_types() -> None:
    for name in loader.known(SHIPPED):
        warnings = loader.load(name, SHIPPED).warnings
        assert not [text for text in warnings if "this release knows" in text]


def test_a_region_that_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}".replace("eu-west-1", "eu-wset-1"))
    assert load(tmp_path).warnings == (
        "region: 'eu-wset-1' is no Region that this release knows; did you mean 'eu-west-1'? check"
        " its spelling",
    )


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    write(tmp_path, HEAD)
    with pytest.raises(UsageError, match="is a file; name the folder that holds the environments"):
        loader.load("lab", next(tmp_path.glob("*.yaml")))
