"""A synthesis is not repeated while its inputs are the same, and never when one of them is not."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from tests.support.config_folder import HEAD, PROFILES, load, write
from tests.support.usual_stacks import USUAL_STACKS
from workshop.deploy import app_process, assembly, synthesis_cache, synthesis_key
from workshop.deploy.synthesis_cache import Synthesis, SynthesisCache
from workshop.errors import WorkshopError

YAML = f"{HEAD}roster: {{file: people.csv}}\n{PROFILES}"
ROSTER = "id,name,email,profile\nada,Ada,a@example.com,\nben,Ben,b@example.com,instructor\n"
TEMPLATE = '{"Parameters": {"AttendeeId": {"Default": "ada"}}, "Resources": {}}'
SAID = "a runtime says that it is old"


@dataclass
class CacheInputs:
    """A folder with an environment, code and a Node of its own, and an app that is counted."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    only: tuple[str, ...] = ("ada", "ben")
    during: Callable[[], object] = lambda: None

    @property
    def cache(self) -> SynthesisCache:
        return SynthesisCache("dev", self.folder / ".workshop")

    @property
    def entries(self) -> list[Path]:
        return sorted(self.cache.folder.glob("*"))

    def run_app(self, context: Mapping[str, str], _: Mapping[str, str]) -> Synthesis:
        self.runs += 1
        self.during()
        seats = context["attendee"].split(",")
        names = [f"vision-{seat}-{kind}" for seat in seats for kind in USUAL_STACKS]
        shared = ("vision-cohort-start", "vision-cohort", "vision-cohort-watch")
        stacks = dict.fromkeys((*shared, *names), (TEMPLATE, False))
        return Synthesis(stacks, SAID)

    def synthesize(self) -> tuple[assembly.Assembly, str]:
        loaded = load(self.folder / "config")
        seats = [seat for seat in loaded.seats if seat.id in self.only]
        with (
            mock.patch.object(app_process, "run", self.run_app),
            mock.patch.dict(os.environ, self.variables),
        ):
            return assembly.synthesize(loaded, seats, self.cache)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CacheInputs]:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config", YAML)
    (tmp_path / "config" / "people.csv").write_text(ROSTER)
    for name in (*synthesis_key.CODE, *synthesis_key.LIBRARIES):
        for file in ("__init__.py", "scripts/start.sh", "_jsii/lib.tgz", "flags.json"):
            path = tmp_path / "site" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
    (tmp_path / "installed" / "aws_cdk_lib-2.0.0.dist-info").mkdir(parents=True)
    (tmp_path / "node").write_text("24")
    monkeypatch.syspath_prepend(tmp_path / "installed")

    def package_folder(name: str, _: object) -> Path:
        return tmp_path / "site" / name

    with mock.patch.object(synthesis_key, "package_folder", package_folder):
        yield CacheInputs(tmp_path, {"JSII_NODE": str(tmp_path / "node"), "HOME": str(tmp_path)})


def test_the_same_inputs_are_synthesized_once_and_all_that_was_said_is_said_again(
    world: CacheInputs,
) -> None:
    first, said = world.synthesize()
    again, said_again = world.synthesize()
    assert world.runs == 1
    assert (said, said_again) == (SAID, SAID)
    assert again.cohorts == first.cohorts
    assert again.exemplars.keys() == first.exemplars.keys()
    ada = load(world.folder / "config").seats[0]
    for of, exemplar in first.exemplars.items():
        assert again.exemplars[of].text(ada) == exemplar.text(ada)


def _written(path: str, text: str) -> Callable[[CacheInputs], object]:
    return lambda world: (world.folder / path).write_text(text)


def _renamed(path: str, to: str) -> Callable[[CacheInputs], object]:
    return lambda world: (world.folder / path).rename(world.folder / to)


def _variable(name: str, value: str) -> Callable[[CacheInputs], object]:
    return lambda world: world.variables.update({name: value})


def _only(*ids: str) -> Callable[[CacheInputs], object]:
    return lambda world: setattr(world, "only", ids)


CHANGES: Mapping[str, Callable[[CacheInputs], object]] = {
    "a stack's code": _written("site/stacks/__init__.py", "other"),
    "CDK's feature flags": _written("site/stacks/flags.json", "{}"),
    "a construct's code": _written("site/workbench/__init__.py", "other"),
    "a packed script": _written("site/workbench/scripts/start.sh", "other"),
    "the product's code": _written("site/workshop/__init__.py", "other"),
    "a new file of code": _written("site/workshop/new.py", ""),
    "a name of a file of code": _renamed("site/workshop/flags.json", "site/workshop/flag.json"),
    "a text that moves to the next file": lambda world: [
        (world.folder / "site/stacks/__init__.py").write_text("stac"),
        (world.folder / "site/stacks/flags.json").write_text("ksstacks"),
    ],
    "aws-cdk-lib itself": _written("site/aws_cdk/_jsii/lib.tgz", "other"),
    "cdk-nag itself": _written("site/cdk_nag/__init__.py", "other"),
    "the version of a package": _renamed(
        "installed/aws_cdk_lib-2.0.0.dist-info", "installed/aws_cdk_lib-2.0.1.dist-info"
    ),
    "Node": _written("node", "25.0"),
    "which Node": _variable("JSII_NODE", "/elsewhere/node"),
    "Python": lambda _: mock.patch.object(sys, "version", "3.99").start(),
    "the environment file": _written("config/dev.yaml", f"{YAML}# looked at\n"),
    "a setting": _written("config/dev.yaml", f"{YAML}tags: {{a: b}}\n"),
    "the account": _written("config/dev.yaml", YAML.replace("111122223333", "444455556666")),
    "the Region": _written("config/dev.yaml", YAML.replace("eu-west-1", "eu-west-3")),
    "the roster": _written("config/people.csv", f"{ROSTER}eve,Eve,e@example.com,\n"),
    "a size on the roster": _written(
        "config/people.csv", "id,profile,volume_gb\nada,,50\nben,instructor,\n"
    ),
    "who is chosen": _only("ada"),
    "a variable of CDK": _variable("CDK_DEBUG", "true"),
    "a variable of Node": _variable("NODE_OPTIONS", "--enable-source-maps"),
    "a variable of Python": _variable("PYTHONHASHSEED", "1"),
    "app.py": _written("app.py", "print()"),
    "cdk.json": _written("cdk.json", "{}"),
    "CDK's context": _written("cdk.context.json", "{}"),
    "CDK's settings at home": _written(".cdk.json", "{}"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_input_is_synthesized_anew(world: CacheInputs, what: str) -> None:
    world.synthesize()
    try:
        CHANGES[what](world)
        world.synthesize()
        assert world.runs == 2
        world.synthesize()
        assert world.runs == 2
    finally:
        mock.patch.stopall()


@pytest.mark.parametrize(
    "name", ["AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY", "SHLVL", "GITHUB_TOKEN"]
)
def test_what_the_app_is_not_given_cannot_count(world: CacheInputs, name: str) -> None:
    world.synthesize()
    world.variables[name] = "other"
    world.synthesize()
    assert world.runs == 1
    assert name not in app_process.variables({name: "other", "PATH": "/bin"})


def test_an_environment_that_is_changed_back_is_read_again(world: CacheInputs) -> None:
    world.synthesize()
    path = world.folder / "config" / "dev.yaml"
    path.write_text(f"{YAML}tags: {{a: b}}\n")
    world.synthesize()
    path.write_text(YAML)
    world.synthesize()
    assert world.runs == 2


def test_what_changes_during_a_synthesis_is_not_kept(world: CacheInputs) -> None:
    world.during = lambda: (world.folder / "site/stacks/__init__.py").write_text(f"{world.runs}")
    world.synthesize()
    assert world.entries == []
    world.synthesize()
    assert world.runs == 2


def test_a_synthesis_that_fails_is_not_kept(world: CacheInputs) -> None:
    def fails() -> None:
        raise WorkshopError("a finding")

    world.during = fails
    for _ in range(2):
        with pytest.raises(WorkshopError, match="a finding"):
            world.synthesize()
    assert (world.runs, world.entries) == (2, [])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _other_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"vision", b"vizion"))


def _rehashed(path: Path, **changes: object) -> None:
    document = json.loads(path.read_bytes().split(b"\n", 1)[1]) | changes
    body = json.dumps(document).encode()
    path.write_bytes(synthesis_cache._digest(body) + b"\n" + body)


def _linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere.json")
    path.symlink_to(path.parent.parent / "elsewhere.json")


def _piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "cut": _cut,
    "empty": lambda path: path.write_bytes(b""),
    "another text": _other_text,
    "no JSON": lambda path: path.write_bytes(
        synthesis_cache._digest(b"{") + b"\n{"  # its digest is right
    ),
    "another key": lambda path: _rehashed(path, key="0" * 64),
    "another form": lambda path: _rehashed(path, stacks=[]),
    "writable by a group": lambda path: path.chmod(0o620),
    "writable by all": lambda path: path.chmod(0o602),
    "in a folder that others write to": lambda path: path.parent.chmod(0o777),
    "in an environment that others write to": lambda path: path.parent.parent.chmod(0o770),
    "in a state folder that others write to": lambda path: path.parents[2].chmod(0o703),
    "a link": _linked,
    "a pipe": _piped,
}


@pytest.mark.parametrize("what", DAMAGES)
def test_what_is_damaged_or_somebody_elses_is_not_used(world: CacheInputs, what: str) -> None:
    world.synthesize()
    (entry,) = world.entries
    DAMAGES[what](entry)
    world.synthesize()
    assert world.runs == 2
    world.synthesize()  # and a sound one has taken its place
    assert world.runs == 2


@pytest.mark.parametrize("where", ["file", "folder"])
def test_what_another_user_owns_is_not_used(world: CacheInputs, where: str) -> None:
    world.synthesize()
    (entry,) = world.entries
    other = entry if where == "file" else entry.parent
    inode = other.stat().st_ino

    def owned(found: os.stat_result) -> bool:
        return found.st_ino != inode

    with mock.patch("workshop.files._is_own", owned):
        world.synthesize()
    assert world.runs == 2


def test_entries_are_private_and_the_newest_few_are_kept(world: CacheInputs) -> None:
    old = os.umask(0)
    try:
        for number in range(synthesis_cache.KEPT + 3):
            (world.folder / "cdk.json").write_text(str(number))
            world.synthesize()
            newest = max(world.entries, key=lambda path: path.stat().st_mtime_ns)
            os.utime(newest, ns=(number, number))  # whatever the clock's steps are
    finally:
        os.umask(old)
    assert len(world.entries) == synthesis_cache.KEPT
    assert {stat.S_IMODE(path.stat().st_mode) for path in world.entries} == {0o600}
    assert stat.S_IMODE(world.cache.folder.stat().st_mode) == 0o700
    runs = world.runs
    world.synthesize()
    assert world.runs == runs


def test_a_folder_that_cannot_be_written_to_costs_a_synthesis_and_nothing_else(
    world: CacheInputs,
) -> None:
    (world.folder / ".workshop").write_text("a file")
    world.synthesize()
    world.synthesize()
    assert world.runs == 2


def test_nobody_s_name_or_address_is_kept(world: CacheInputs) -> None:
    world.synthesize()
    (entry,) = world.entries
    text = entry.read_text()
    assert "example.com" not in text
    assert "Ada" not in text


def test_packages_in_the_working_directory_are_not_the_apps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = synthesis_key.package_folder("stacks", {})
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "__init__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert synthesis_key.package_folder("stacks", {}) == real
    given = {"PYTHONPATH": str(tmp_path)}  # the app finds it there
    assert synthesis_key.package_folder("stacks", given) == tmp_path / "stacks"
