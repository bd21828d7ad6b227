"""Every mistake of an environment file, all at once, with its line, its path and its cure."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.config_folder import HEAD, NOTEBOOK, SEATS, load, mistakes, write
from tests.support.properties import untimed
from workshop.config import yaml_document
from workshop.config.validation import validate
from workshop.environments import loader
from workshop.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config"


def test_the_message_names_file_line_path_mistake_and_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config", NOTEBOOK + "      platform: notebook-al2-v2\n")
    with pytest.raises(ConfigError) as raised:
        loader.load("dev")
    assert str(raised.value) == (
        "config/dev.yaml:10: profiles.attendee.notebook.platform: 'notebook-al2-v2' can no longer"
        " be created; use 'notebook-al2023-v1'"
    )


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("platform: windows", "platform: 'windows' is not a platform that can be created; use"
         " 'notebook-al2023-v1'"),
        ("root_access: no", "root_access: 'no' is neither true nor false; write one of the two"),
        ("root_access: 1", "root_access: 1 is neither true nor false; write one of the two"),
        ("root_access: 'true'", "root_access: 'true' is neither true nor false; write one of the"
         " two"),
        ("root_access:", "root_access: is empty; give it a value or remove it"),
        ("volume_gb: '20'", "volume_gb: '20' is not a whole number; write one such as 20, without"
         " quotes"),
        ("volume_gb: 020", "volume_gb: '020' is not a whole number; write one such as 20, without"
         " quotes"),
        ("volume_gb: 20.5", "volume_gb: '20.5' is not a whole number; write one such as 20, without"
         " quotes"),
        ("volume_gb: true", "volume_gb: true is not a whole number; write one such as 20, without"
         " quotes"),
        ("volume_gb: [20]", "volume_gb: a list is not a whole number; write one such as 20, without"
         " quotes"),
        ("volume_gb: 4", "volume_gb: 4 is too small; the least is 5"),
        ("volume_gb: 16385", "volume_gb: 16385 is too large; the most is 16384"),
        ("volume: 20", "volume: unknown key; did you mean 'volume_gb'? known: enabled,"
         " instance_type, fallback_instance_types, volume_gb, platform, root_access,"
         " idle_stop_minutes, busy_stop_hours, keep_running_hours, save, content, tokens, packages,"
         " network"),
        ("instance_type: t3.medium", "instance_type: 't3.medium' is not a SageMaker instance type;"
         " write one such as 'ml.t3.medium'"),
        ("packages: numpy", "packages: holds text where a list is expected; write '- ' before each"
         " entry"),
        ("packages: {a: b}", "packages: holds keys where a list is expected; write '- ' before each"
         " entry"),
        ("packages: [7]", "packages[0]: 7 is not text; put the text in quotes"),
        ("packages: [null]", "packages[0]: is empty; give it a value or remove it"),
        ("packages: [numpy; rm]", "packages[0]: 'numpy; rm' is not a package; write its name and at"
         " most one version rule, such as 'xgboost==3.1.0'"),
        ("content: x", "content: holds text where keys are expected; write 'key: value' lines below"
         " it"),
        ("content: {branch: v1}", "content: names no source, or two; give it either 'repository' or"
         " 's3'"),
        ("content: {s3: 'datasets/a/', private: true}", "content: is private, which only a"
         " repository can be; remove 'private'"),
        ("content: {s3: 'datasets/workshop/'}", "content.s3: 'datasets/workshop/' is no source;"
         " write 's3://bucket/prefix/', or 'datasets/prefix/' for what is in the cohort's datasets,"
         " with a '/' at its end"),
        ("content: [{s3: datasets/a/}, {repository: 'https://example.com/A.git'}]", "content: has 2"
         " sources for the folder 'a'; give each a 'folder' of its own"),
        ("content: [{s3: datasets/a/, folder: ../b}]", "content[0].folder: '../b' cannot be a"
         " folder; use letters, digits, '.', '_' and '-', and no '.' or '-' in front"),
        ("content: {s3: datasets/a/, folder: shared}", "content: 'shared' is a name that notebooks"
         " use; give another 'folder'"),
        ("tokens: {PATH: shared}", "tokens.PATH: 'PATH' cannot be a token's variable; use capital"
         " letters that end in _TOKEN or _KEY, such as 'HF_TOKEN', and begin with neither AWS_ nor"
         " WORKSHOP_"),
        ("content: {repository: 'https://me:secret@example.com/x'}", "content.repository:"
         " 'https://me:secret@example.com/x' is not an address to clone from; write one such as"
         " 'https://github.com/example/material.git', without a user or password"),
        ("content: {repository: https://example.com/x, branch: --upload-pack=x}", "content.branch:"
         " '--upload-pack=x' cannot be a branch or tag; use letters, digits, '.', '_', '/' and"
         " '-'"),
        ("network: vpc", "network: 'vpc' is unknown; write direct, or the keys of a VPC below it"),
        ("network: [a]", "network: a list is unknown; write direct, or the keys of a VPC below it"),
        ("network: {subnet_id: subnet-0abc12345}", "network.security_group_ids: is missing; add it,"
         " such as 'security_group_ids: [sg-0abc12345]'"),
        ("network: {subnet_id: x, security_group_ids: [sg-0abc12345]}", "network.subnet_id: 'x' is"
         " not a subnet's id; write one such as 'subnet-0abc12345'"),
        ("network: {subnet_id: subnet-0abc12345, security_group_ids: []}",
         "network.security_group_ids: is empty; name at least 1"),
        ("network: {subnet_id: subnet-0abc12345, security_group_ids: [sg-0abc12345, sg-0abc12345]}",
         "network.security_group_ids: names 'sg-0abc12345' twice; name it once"),
        ("network: {subnet_id: subnet-0abc12345, security_group_ids: [sg-0abc12345], vpc: x}",
         "network.vpc: unknown key; known: subnet_id, security_group_ids, direct_internet"),
    ],
)  # fmt: skip
def test_a_wrong_notebook_is_told_with_its_cure(tmp_path: Path, added: str, told: str) -> None:
    write(tmp_path, f"{NOTEBOOK}      {added}\n")
    assert mistakes(tmp_path) == [f"10: profiles.attendee.notebook.{told}"]


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("title: 2026", "title: 2026 is not text; put the text in quotes"),
        ("tags: {Team: a, team: b}", "tags: 'Team' and 'team' are one key to AWS IAM; keep one of"
         " them"),
        ("tags: {Workshop: x}", "tags.Workshop: 'Workshop' is set by the provisioner; remove it"),
        ("tags: {'aws:x': y}", "tags.aws:x: 'aws:x' cannot be a tag's key; use letters, digits,"
         " spaces and _.:/=+-@, and no 'aws:' in front"),
        ("tags: {'AWS:x': y}", "tags.AWS:x: 'AWS:x' is reserved by AWS; begin it otherwise"),
        ("tags: {a: Zoë}", "tags.a: 'Zoë' cannot be a tag's value; use letters, digits, spaces and"
         " _.:/=+-@, and not spaces alone"),
        ("tags: {a: ''}", "tags.a: '' cannot be a tag's value; use letters, digits, spaces and"
         " _.:/=+-@, and not spaces alone"),
        ("tags: {a: '  '}", "tags.a: '  ' cannot be a tag's value; use letters, digits, spaces and"
         " _.:/=+-@, and not spaces alone"),
        ("tags: {' ': x}", "tags. : ' ' cannot be a tag's key; use letters, digits,"
         " spaces and _.:/=+-@, and no 'aws:' in front"),
        ("tags: {a: true}", "tags.a: true is not text; put the text in quotes"),
        ("profiles: {}", "profiles: is empty; name at least 1"),
        ("profiles:", "profiles: is empty; give it a value or remove it"),
        ("profiles: [attendee]", "profiles: holds a list where keys are expected; write 'key:"
         " value' lines below it"),
        ("profiles: {attendee: {}, Guest: {}}", "profiles.Guest: 'Guest' cannot name a profile; use"
         " 2 to 20 lower-case letters and digits, a letter first"),
        ("profiles: {attendee: {access: {mode: scopd}}}", "profiles.attendee.access.mode: 'scopd'"
         " is unknown; did you mean 'scoped'? known: scoped, managed"),
        ("profiles: {attendee: {storage: {buckets: {}}}}", "profiles.attendee.storage.buckets: is"
         " empty; name at least 1"),
        ("profiles: {attendee: {storage: {buckets: {Data: {}}}}}", "profiles.attendee.storage"
         ".buckets.Data: 'Data' cannot name a bucket; use 2 to 8 lower-case letters and digits, a"
         " letter first"),
        ("profiles: {attendee: {storage: {buckets: {data: {prefixes: [train]}}}}}",
         "profiles.attendee.storage.buckets.data.prefixes[0]: 'train' is not a prefix; use letters,"
         " digits, '.', '_', '-' and end it with '/'"),
        ("profiles: {attendee: {storage: {buckets: {aa: {}, bb: {}, cc: {}, dd: {}, ee: {},"
         " ff: {}}}}}", "profiles.attendee.storage.buckets: has 6 entries; at most 5 are possible"),
        ("profiles: {attendee: {registry: {repositories: {My_Repo: {}}}}}", "profiles.attendee"
         ".registry.repositories.My_Repo: 'My_Repo' cannot name a repository; use up to 100"
         " lower-case letters and digits, words joined by '-', each with a letter first"),
        ("profiles: {attendee: {dashboard: {period_seconds: 61}}}", "profiles.attendee.dashboard"
         ".period_seconds: 61 is unknown; known: 60, 300, 900, 3600"),
        ("profiles: {attendee: {dashboard: {period_seconds: 9223372036854775808}}}", "profiles"
         ".attendee.dashboard.period_seconds: 9223372036854775808 is unknown; known: 60, 300, 900,"
         " 3600"),
    ],
)  # fmt: skip
def test_a_wrong_section_is_told_with_its_cure(tmp_path: Path, added: str, told: str) -> None:
    write(tmp_path, f"{HEAD}{SEATS}{added}\n")
    assert mistakes(tmp_path) == [f"7: {told}"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('account: "12345"', "account: '12345' is not an account id; write its 12 digits in"
         " quotes"),
        ("region: Ireland", "region: 'Ireland' is not a Region; write its code, such as"
         " 'eu-west-1'"),
        ("region: aa-wwwwwwwwwwww-1", "region: 'aa-wwwwwwwwwwww-1' is not a Region; write its code,"
         " such as 'eu-west-1'"),
        ("workshop: my-shop", "workshop: 'my-shop' cannot be a workshop's name; use 2 to 12"
         " lower-case letters and digits, a letter first, no hyphen (sthree and amzn are reserved"
         " by S3)"),
        ("workshop: sthree", "workshop: 'sthree' cannot be a workshop's name; use 2 to 12"
         " lower-case letters and digits, a letter first, no hyphen (sthree and amzn are reserved"
         " by S3)"),
        ("start: 2098-03-08", "start: '2098-03-08' is not a time with its zone; write it as"
         " 2026-12-01T09:00:00+01:00"),
        ("start: 20980308", "start: '20980308' is not a time with its zone; write it as"
         " 2026-12-01T09:00:00+01:00"),
        ("start: 2098-03-08T09:00:00", "start: '2098-03-08T09:00:00' is not a time with its zone;"
         " write it as 2026-12-01T09:00:00+01:00"),
        ("start: 2098-02-30T09:00:00Z", "start: '2098-02-30T09:00:00Z' is not in the calendar;"
         " correct the date or hour"),
        ("start:", "start: is empty; give it a value"),
        ("end: 2098-03-08T08:00:00Z", "end: 2098-03-08T08:00:00+00:00 is not after the start,"
         " 2099-03-08T09:00:00+01:00; give a later end"),
    ],
)  # fmt: skip
def test_a_wrong_head_is_told_with_its_cure(tmp_path: Path, line: str, told: str) -> None:
    key = line.partition(":")[0]
    lines = [line if old.startswith(f"{key}:") else old for old in HEAD.splitlines()]
    number = lines.index(line) + 1
    write(tmp_path, "\n".join([*lines, SEATS]))
    assert mistakes(tmp_path) == [f"{number}: {told}"]


@pytest.mark.parametrize(
    ("roster", "told"),
    [
        ("{}", ".seats: neither 'file' nor 'seats' is given; name one of them"),
        ("{seats: 0}", ".seats: 0 is too small; the least is 1"),
        ("{seats: no}", ".seats: 'no' is not a whole number; write one such as 20, without quotes"),
        ("{seats: 3, spares: -1}", ".spares: -1 is too small; the least is 0"),
        ("{seats: 3, profile: attendeee}", ".profile: 'attendeee' is no profile of this file; did"
         " you mean 'attendee'? known: attendee"),
        ("{file: people.xlsx}", ".file: 'people.xlsx' is not a roster; name a file that ends in"
         " .csv, .tsv, .yaml or .yml"),
        ("{seats: 400}", ": 400 seats in 111122223333 eu-west-1 are 2,003 stacks, and"
         " CloudFormation holds 2000 in a Region; keep to 399 seats there, and give others another"
         " account or region"),
        ("{seats: 398, spares: 2}", ": 400 seats in 111122223333 eu-west-1 are 2,003 stacks, and"
         " CloudFormation holds 2000 in a Region; keep to 399 seats there, and give others another"
         " account or region"),
        ("", ": is empty; give it a value"),
    ],
)  # fmt: skip
def test_a_wrong_roster_section_is_told_with_its_cure(
    tmp_path: Path, roster: str, told: str
) -> None:
    write(tmp_path, f"{HEAD}roster: {roster}\n")
    assert mistakes(tmp_path) == [f"6: roster{told}"]


def test_a_roster_file_and_a_number_of_seats_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id\nada\n")
    write(tmp_path, f"{HEAD}roster: {{file: people.csv, seats: 3}}\n")
    told = "6: roster.seats: both 'file' and 'seats' are given; name one of them"
    assert mistakes(tmp_path) == [told]


def test_as_many_seats_as_a_region_holds_are_allowed(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 399}}\n")
    assert len(load(tmp_path).seats) == 399


def test_all_mistakes_of_both_files_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "config",
        """\
workshop: Vision
account: "12"
regoin: eu-west-1
start: tomorrow
end: 2099-03-09T17:00:00+01:00
roster:
  file: people.csv
  profile: teacher
tags:
  Team: a
  team: b
  workshop: mine
profiles:
  attendee:
    notebook:
      platform: notebook-al1-v1
      volume_gb: 1
      volume_gb: 2
""",
    )
    (tmp_path / "config" / "people.csv").write_text("id,profile\nA,guest\nada,attendee\nada,\n")
    with pytest.raises(ConfigError) as raised:
        loader.load("dev")
    assert [problem.split("; ")[0] for problem in raised.value.diagnostics] == [
        "config/dev.yaml:1: workshop: 'Vision' cannot be a workshop's name",
        "config/dev.yaml:1: region: is missing",
        "config/dev.yaml:2: account: '12' is not an account id",
        "config/dev.yaml:3: regoin: unknown key",
        "config/dev.yaml:4: start: 'tomorrow' is not a time with its zone",
        "config/dev.yaml:8: roster.profile: 'teacher' is no profile of this file",
        "config/dev.yaml:9: tags: 'Team' and 'team' are one key to AWS IAM",
        "config/dev.yaml:12: tags.workshop: 'workshop' is set by the provisioner",
        "config/dev.yaml:16: profiles.attendee.notebook.platform: 'notebook-al1-v1' can no longer"
        " be created",
        "config/dev.yaml:18: profiles.attendee.notebook.volume_gb: repeats line 17",
        "config/people.csv:2: id: cannot be an id",
        "config/people.csv:2: profile: unknown profile",
        "config/people.csv:4: id: stands in line 3 too",
    ]


def test_a_missing_key_is_told_at_its_parent_with_an_example(tmp_path: Path) -> None:
    write(tmp_path, "title: x\n")
    assert mistakes(tmp_path) == [
        "1: workshop: is missing; add it, such as 'workshop: vision'",
        "1: account: is missing; add it, such as 'account: \"111122223333\"'",
        "1: region: is missing; add it, such as 'region: eu-west-1'",
        "1: start: is missing; add it, such as 'start: 2026-12-01T09:00:00+01:00'",
        "1: end: is missing; add it, such as 'end: 2026-12-03T17:00:00+01:00'",
        "1: roster: is missing; add it, such as 'roster: {seats: 20}'",
    ]


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    write(tmp_path, f"{NOTEBOOK}      platform: {'x' * 5000}\n")
    (told,) = mistakes(tmp_path)
    assert f"'{'x' * 59}... is not a platform" in told


# --- whatever is written, the answer is a sentence ------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab1-.:/", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=4,
)


PROD: dict[str, Any] = yaml_document.parse((SHIPPED / "prod.yaml").read_text(encoding="utf-8")).data


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if _is_list(node) else ()
    return [path, *(deeper for key in keys for deeper in _paths(node[key], (*path, key)))]


def _is_list(node: object) -> bool:
    return isinstance(node, list)


def _dump(node: Any) -> str:
    """YAML in flow style, by hand: PyYAML's own writer follows YAML 1.1."""
    if isinstance(node, dict):
        return "{" + ", ".join(f'"{key}": {_dump(value)}' for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(_dump(value) for value in node) + "]"
    if isinstance(node, bool):
        return str(node).lower()
    return "null" if node is None else str(node) if isinstance(node, int) else f'"{node}"'


@untimed
@given(data=st.data())
def test_any_value_in_any_place_is_right_or_told_in_plain_words(data: st.DataObject) -> None:
    document = copy.deepcopy(PROD)
    path = data.draw(st.sampled_from([path for path in _paths(document) if path]))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = data.draw(ANYTHING)
    made, found = validate(yaml_document.parse(_dump(document)))
    assert (made is None) == bool(found)
    for message in (diagnostic.message for diagnostic in found):
        assert ";" in message or "? known:" in message
        assert "Input should" not in message
        assert "pydantic" not in message
