"""A check says what content and tokens come to; other commands do not repeat it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, mistakes, write
from workshop.environments import loader

PRIVATE = "{repository: 'git@git.example.org:ml/closed.git', private: true}"
VPC = "{subnet_id: subnet-0abc12345, security_group_ids: [sg-0abc12345]}"


@pytest.mark.parametrize(
    ("notebook", "said"),
    [
        ("tokens: {HF_TOKEN: shared}", "whoever gets a shared token can copy it"),
        (f"content: {PRIVATE}", "closed lies in the datasets, which seats of helper may read"),
        (f"content: {PRIVATE}", "closed comes with: workshop content refresh"),
        (f"packages: [shap], network: {VPC}", "its subnet needs a way to PyPI or a mirror"),
        (
            f"content: {{repository: 'https://example.com/x.git'}}, network: {VPC}",
            "its subnet needs a way to the hosts of its content",
        ),
    ],
)
def test_what_may_not_be_meant_is_a_remark(tmp_path: Path, notebook: str, said: str) -> None:
    write(
        tmp_path,
        f"{HEAD}{SEATS}profiles:\n  attendee:\n    notebook: {{{notebook}}}\n  helper: {{}}\n",
    )
    name = next(tmp_path.glob("*.yaml")).stem
    read = loader.load(name, tmp_path)
    assert sum(said in remark for remark in read.remarks) == 1
    assert not any(said in warning for warning in read.warnings)


def test_one_token_for_each_seat_is_no_remark(tmp_path: Path) -> None:
    tokens = "notebook: {tokens: {HF_TOKEN: per_seat}}"
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{{tokens}}}\n")
    read = loader.load(next(tmp_path.glob("*.yaml")).stem, tmp_path)
    assert not any("tokens" in remark for remark in read.remarks)


def test_a_bucket_that_seats_cannot_read_is_a_mistake_until_it_is_opened(tmp_path: Path) -> None:
    notebook = "notebook: {content: {s3: 's3://some-bucket/labs/'}}"
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{{notebook}}}\n")
    (found,) = mistakes(tmp_path)
    assert "its seats cannot read 'some-bucket', of which notebook.content is to come;" in found
    opened = f"access: {{public_buckets: [some-bucket]}}, {notebook}"
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{{opened}}}\n")
    assert mistakes(tmp_path) == []
