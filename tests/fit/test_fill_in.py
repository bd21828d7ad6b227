"""Texts that stand for what only a seat has, with what a rehearsal puts in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab_files import write_notebook
from workshop.fit import content, fill_in, labs

PUSH = """%%bash
NAME=lab-training
aws ecr create-repository --repository-name $NAME
docker push <account-id>.dkr.ecr.us-east-1.amazonaws.com/$NAME:latest
"""


def replacements(folder: Path, *cells: str) -> dict[str, str]:
    write_notebook(folder, "lab.ipynb", *cells)
    return fill_in.replacements(labs.read(content.read_folder(folder)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("bucket = 'your-bucket'", {"your-bucket": "$WORKSHOP_BUCKET"}),
        ("BUCKET_NAME = 'YOUR_BUCKET'", {"YOUR_BUCKET": "$WORKSHOP_BUCKET"}),
        ("s = Session(region_name='<your-region>')", {"<your-region>": "$AWS_REGION"}),
        ("role = 'SageMakerRole'", {"SageMakerRole": "$WORKSHOP_ROLE_ARN"}),
        (
            "image_uri='URI-of-your-image'",
            {"URI-of-your-image": "$WORKSHOP_REPOSITORY_TRAINING:latest"},
        ),
        (
            PUSH,
            {
                "aws ecr create-repository": "true",
                "lab-training": "$WORKSHOP_REPOSITORY_NAME",
                "<account-id>": "$WORKSHOP_ACCOUNT",
            },
        ),
    ],
)
def test_what_is_to_be_filled_in_has_a_variable(
    tmp_path: Path, cell: str, expected: dict[str, str]
) -> None:
    assert replacements(tmp_path, cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "# role = 'SageMakerRole'",
        "message = Message(role='user')",
        "bucket = session.default_bucket()",
        "region_name = 'us-east-1'",
        "image_uri = '111122223333.dkr.ecr.us-east-1.amazonaws.com/a:1'",
        "key = 'xxx'",
    ],
)
def test_what_only_looks_like_it_stays(tmp_path: Path, cell: str) -> None:
    assert replacements(tmp_path, cell) == {}


def test_a_bucket_that_labs_read_stays_and_one_that_they_write_to_is_the_seats(
    tmp_path: Path,
) -> None:
    calls = "import boto3\ns3 = boto3.client('s3')\n"
    reads = f"{calls}s3.get_object(Bucket='samples-of-all', Key='a')"
    writes = f"{calls}s3.put_object(Bucket='authors-own', Key='a')"
    assert replacements(tmp_path, reads, writes) == {"authors-own": "$WORKSHOP_BUCKET"}


def test_a_text_within_another_comes_after_it(tmp_path: Path) -> None:
    made = replacements(tmp_path, "bucket = 'your-bucket'", "bucket = 'enter-your-bucket-here'")
    assert [*made] == ["enter-your-bucket-here", "your-bucket"]
