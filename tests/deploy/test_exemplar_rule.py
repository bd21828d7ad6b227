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
from workshop.deploy.templates import Exemplar
from workshop.environments import loader
from workshop.naming import COHORT, SEAT_STACKS


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cdk_synth_needs_no_credentials_and_every_seat_of_an_environment_can_be_derived(
    name: str, tmp_path: Path
) -> None:
    """The flags that templates depend on hold under ``cdk`` and in the tests alike."""
    one_per_profile = shipped(name)
    workshop = one_per_profile.loaded.settings.workshop
    nobody = {
        **without_aws(),
        "HOME": str(tmp_path),
        "CI": "true",
        # What jsii unpacks of CDK the first time, for 5 seconds, is there already.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
    }
    Cdk(nobody, tmp_path / "cdk.out").succeed("synth", "--quiet", env=name)
    everybody = Synthesized(loader.load(name, ROOT / "config"), tmp_path / "cdk.out")
    for stack in one_per_profile.stacks():
        assert everybody.text(stack) == one_per_profile.text(stack), stack
    compared = 0
    for seat in everybody.loaded.seats:
        exemplar = exemplars(one_per_profile.loaded)[seat.profile]
        for kind in SEAT_STACKS:
            derived = Exemplar(one_per_profile.text(f"{workshop}-{exemplar}-{kind}")).text(seat)
            assert derived == everybody.text(f"{workshop}-{seat.id}-{kind}")
            compared += 1
    assert compared == len(everybody.loaded.seats) * len(SEAT_STACKS) > 0


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
