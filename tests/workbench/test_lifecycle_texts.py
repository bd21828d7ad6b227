"""The lifecycle scripts as texts for ``Fn::Sub``: sound, bounded and without surprises."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lifecycle_scripts import TAGS, on_create, on_start, substituted
from workbench import lifecycle_scripts, packed
from workshop import naming
from workshop.environments import lint
from workshop.errors import WorkshopError

SCRIPTS = [
    pytest.param(on_create(), id="on-create"),
    pytest.param(on_create(None), id="on-create without content"),
    pytest.param(on_start(), id="on-start"),
    pytest.param(on_start(packages=(), idle_stop_minutes=None), id="on-start with the least"),
]


# The texts


def whole(script: str) -> str:
    """A script with the text that it unpacks and reads in the place where it does so."""
    return script.replace('    . "$opt/set_up.sh"\n', packed.set_up())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_sound_shell(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run(
        [shellcheck, "--exclude=SC1091", "-"],  # what it sources, it has written itself
        input=whole(substituted(script)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_holds_no_dollar_brace_but_known_placeholders(script: str) -> None:
    found = set(re.findall(r"\$\{[^}]*\}?", script))
    assert found <= {f"${{{name}}}" for name in naming.PLACEHOLDERS}


def test_a_dollar_brace_in_a_value_reaches_the_notebook_as_it_was() -> None:
    address = "https://git.example.org/${HOME}/${!x}/material"
    assert "${HOME}" not in on_create(address)
    assert address in substituted(on_create(address))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_fits_into_a_lifecycle_configuration(script: str) -> None:
    lifecycle_scripts.check_size(script, "the script")
    longest = {name: "x" * length for name, length in naming.PLACEHOLDERS.items()}
    assert len(base64.b64encode(substituted(script, longest).encode())) <= 16_384


def test_what_a_check_counts_for_a_script_is_no_more_than_it_has() -> None:
    least = on_start(packages=(), idle_stop_minutes=None)
    assert len(least.encode()) >= lint.START_SCRIPT
    packages = [f"package-{number}==1.0" for number in range(200)]
    prefixes = [f"prefix-{number}/" for number in range(100)]
    tags = {**TAGS, **{f"key{number}": "v" * 100 for number in range(20)}}
    bucket = "b" * 63
    counted = (
        sum(len(name) + 1 for name in packages)
        + sum(len(f"export WORKSHOP_S3_=s3://{bucket}/") + 2 * len(one) for one in prefixes)
        + sum(len(f"key{number}") + 100 + 22 for number in range(20))
    )
    grown = on_start(packages=packages, tags=tags, buckets={"data": (bucket, prefixes)})
    assert len(grown.encode()) >= lint.START_SCRIPT + counted


def test_the_largest_script_that_sagemaker_takes_passes_and_one_more_character_does_not() -> None:
    # The three placeholders are counted with 12, 15 and 10 characters.
    start = "${AttendeeId}${AWS::Region}${AWS::Partition}${!HOME}"
    largest = start + "x" * (12_288 - 12 - 15 - 10 - len("${HOME}"))
    lifecycle_scripts.check_size(largest, "the script")
    with pytest.raises(WorkshopError) as refused:
        lifecycle_scripts.check_size(largest + "x", "profiles.attendee: the on-start script")
    assert str(refused.value) == (
        "profiles.attendee: the on-start script has 16,388 characters in base64 and SageMaker"
        " takes 16,384; use fewer or shorter tags, prefixes, repositories or packages"
    )


def test_room_is_left_for_twenty_more_tags() -> None:
    extra = {f"organisation:tag-{number:02}": "a-value-of-some-length" for number in range(20)}
    lifecycle_scripts.check_size(on_start(tags=TAGS | extra), "the script")


@pytest.mark.parametrize(
    "change",
    [
        {"buckets": {"data": ("data\nWORKSHOP\ntouch pwned", ())}},
        {"tags": TAGS | {"owner": "a\x07b"}, "job_prefix": "\x07"},
        {"packages": ("shap\ntouch pwned",)},
        {"role_arn": "ärn"},
    ],
)
def test_a_value_that_could_end_a_here_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WorkshopError, match=r"cannot be part of a notebook's script; use one line"):
        on_start(**change)


def test_two_prefixes_that_would_share_a_variable_are_refused() -> None:
    with pytest.raises(WorkshopError) as refused:
        on_start(buckets={"data": ("data", ("raw-images/", "train/", "raw_images/"))})
    assert str(refused.value) == (
        "'raw-images/' and 'raw_images/' would both be WORKSHOP_S3_RAW_IMAGES in the notebook;"
        " rename one"
    )


# On-create
