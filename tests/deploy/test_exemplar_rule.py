"""Deriving a seat's templates gives, byte for byte, what ``cdk synth`` writes for that seat."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.support.assemblies import (
    ENVIRONMENTS,
    ROOT,
    Synthesized,
    exemplars,
    shipped,
    synthesize,
)
from tests.support.cdk_command import Cdk, without_aws
from tests.support.usual_stacks import USUAL_STACKS
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy.templates import Exemplar
from workshop.environments import loader
from workshop.naming import COHORT


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name != "prod")) for name in ENVIRONMENTS],
)
def test_cdk_synth_needs_no_credentials_and_seats_of_every_sort_can_be_derived(
    name: str, tmp_path: Path
) -> None:
    """The flags that templates depend on hold under ``cdk`` and in the tests alike."""
    loaded = loader.load(name, ROOT / "config")
    check(name, synthesized(tmp_path, name, attendee=",".join(of_every_sort(loaded))))


@pytest.mark.long
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_seat_of_an_environment_can_be_derived(name: str, tmp_path: Path) -> None:
    assembly = synthesized(tmp_path, name)
    assert check(name, assembly) == len(assembly.loaded.seats) * len(USUAL_STACKS)


def of_every_sort(loaded: LoadedEnvironment) -> list[str]:
    """Return the first and the last seat of those that differ in nothing but their names."""
    alike: dict[Seat, list[str]] = {}
    for seat in loaded.seats:
        alike.setdefault(dataclasses.replace(seat, id="", name="", email=""), []).append(seat.id)
    return list(dict.fromkeys(seat for seats in alike.values() for seat in (seats[0], seats[-1])))


def synthesized(folder: Path, name: str, **context: str) -> Synthesized:
    """Return what ``cdk synth`` writes for somebody who has no credentials."""
    nobody = {
        **without_aws(),
        "HOME": str(folder),
        "CI": "true",
        # What jsii unpacks of CDK the first time, for 5 seconds, is there already.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
    }
    Cdk(nobody, folder / "cdk.out").succeed("synth", "--quiet", env=name, **context)
    return Synthesized(loader.load(name, ROOT / "config"), folder / "cdk.out")


def check(name: str, written: Synthesized) -> int:
    """Hold what CDK wrote against what is derived from one seat of each profile; how often."""
    one_per_profile = shipped(name)
    workshop = one_per_profile.loaded.settings.workshop
    for stack in one_per_profile.stacks():
        assert written.text(stack) == one_per_profile.text(stack), stack
    known, compared = set(written.stacks()), 0
    for seat in written.loaded.seats:
        exemplar = exemplars(one_per_profile.loaded)[seat.profile]
        for kind in USUAL_STACKS:
            stack = f"{workshop}-{seat.id}-{kind}"
            if stack in known:
                derived = Exemplar(one_per_profile.text(f"{workshop}-{exemplar}-{kind}")).text(seat)
                assert derived == written.text(stack)
                compared += 1
    assert compared >= len(one_per_profile.stacks()) - 1 > 0
    return compared


def test_overrides_of_a_roster_row_are_derived_too() -> None:
    loaded = loader.load("demo", ROOT / "config")
    first, second, *rest = loaded.seats
    large = dataclasses.replace(
        second, profile=first.profile, instance_type="ml.t3.xlarge", volume_gb=77
    )
    assembly = synthesize(dataclasses.replace(loaded, seats=(first, large, *rest)))
    workshop = loaded.settings.workshop
    expected = assembly.text(f"{workshop}-{large.id}-notebook")
    assert '"ml.t3.xlarge"' in expected
    assert '"77"' in expected
    assert Exemplar(assembly.text(f"{workshop}-{first.id}-notebook")).text(large) == expected


def test_a_cohorts_template_is_nobodys_seat() -> None:
    assembly = shipped("demo")
    cohort = assembly.text(f"{assembly.loaded.settings.workshop}-{COHORT}")
    with pytest.raises(ValueError, match="has no parameter AttendeeId"):
        Exemplar(cohort)
