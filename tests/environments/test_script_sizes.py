"""A script that SageMaker would refuse for what the YAML puts into it is told by a check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, mistakes, write

PACKAGES = ", ".join(f"'package-number-{number}==1.0'" for number in range(500))
PREFIXES = ", ".join(f"'prefix{number}/'" for number in range(200))
MANY = {
    "packages": f"notebook: {{packages: [{PACKAGES}]}}",
    "prefixes": f"storage: {{buckets: {{data: {{prefixes: [{PREFIXES}]}}}}}}",
}


@pytest.mark.parametrize("what", MANY)
def test_too_many_for_a_script_are_told_with_the_profile_s_line(tmp_path: Path, what: str) -> None:
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{{MANY[what]}}}\n")
    (found,) = mistakes(tmp_path)
    assert found.startswith(
        "8: profiles.attendee: the notebook's script of each start has at least "
    )
    assert found.endswith(
        " bytes and SageMaker takes 12,288; use fewer or shorter tags, prefixes or packages"
    )


def test_long_tags_count_too(tmp_path: Path) -> None:
    tags = ", ".join(f"key{number}: {'v' * 250}" for number in range(40))
    write(tmp_path, f"{HEAD}{SEATS}tags: {{{tags}}}\n")
    (found,) = mistakes(tmp_path)
    assert "the notebook's script of each start has at least 13," in found
