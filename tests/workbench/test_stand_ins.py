"""Buckets, repositories and images that a lab names and that stand for the seat's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.hooked_clients import BUCKET, PREFIX, Hooked
from tests.support.lifecycle_scripts import TAG_LIST

pytestmark = pytest.mark.usefixtures("kernel")

ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/seat"}

SHARED = "sagemaker-eu-west-1-123456789012"
ACCOUNT = "123456789012"


def test_the_bucket_of_the_whole_account_stands_for_the_seats() -> None:
    hooked = Hooked()
    s3 = hooked.client("s3")
    s3.put_object(Bucket=SHARED, Key="a/b", Body=b"")
    s3.list_objects_v2(Bucket=SHARED, Prefix="a/")
    s3.put_object(Bucket="sagemaker-sample-files", Key="a", Body=b"")
    assert [path.partition("/")[0].partition("?")[0] for path in hooked.paths()] == [
        BUCKET,
        BUCKET,
        "sagemaker-sample-files",
    ]
    hooked.sent.clear()
    hooked.client("sagemaker").create_training_job(
        TrainingJobName="lab",
        HyperParameters={"submit": f'"s3://{SHARED}/lab/source.tar.gz"'},
        OutputDataConfig={"S3OutputPath": f"s3://{SHARED}/out"},
        **ROLE,
    )
    (sent,) = hooked.bodies()
    assert sent["HyperParameters"] == {"submit": f'"s3://{BUCKET}/lab/source.tar.gz"'}
    assert sent["OutputDataConfig"] == {"S3OutputPath": f"s3://{BUCKET}/out"}


def test_a_bucket_that_a_program_makes_is_the_seats_and_nothing_of_it_is_deleted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hooked = Hooked()
    s3 = hooked.client("s3")
    config = {"LocationConstraint": "eu-west-1"}
    made = s3.create_bucket(Bucket="my-lab", CreateBucketConfiguration=config)
    assert made["Location"] == "/my-lab"
    assert hooked.sent == []
    assert "my-lab stands for yours, WORKSHOP_BUCKET" in capsys.readouterr().err
    # In another program as well.
    s3 = hooked.client("s3")
    s3.copy_object(Bucket="my-lab", Key="a", CopySource={"Bucket": "my-lab", "Key": "b c"})
    assert hooked.sent[0].headers["x-amz-copy-source"] == f"{BUCKET}/b%20c".encode()
    s3.delete_object(Bucket="my-lab", Key="a")
    s3.delete_bucket(Bucket="my-lab")
    assert [path.partition("/")[0].partition("?")[0] for path in hooked.paths()] == [
        BUCKET,
        "my-lab",
        "my-lab",
    ]


def test_a_bucket_that_cannot_be_noted_is_refused_as_ever(tmp_path: Path) -> None:
    (tmp_path / "SageMaker").rmdir()
    hooked = Hooked()
    denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    hooked.answer(denied, 403)
    with pytest.raises(ClientError, match="the bucket my-lab is not open here, yours is"):
        hooked.client("s3").create_bucket(Bucket="my-lab")


def test_the_model_of_a_training_job_is_where_the_job_of_the_real_name_put_it() -> None:
    hooked = Hooked()
    client, s3 = hooked.client("sagemaker"), hooked.client("s3")
    client.describe_training_job(TrainingJobName="lab")
    s3.get_object(Bucket=BUCKET, Key="out/lab/output/model.tar.gz")
    s3.get_object(Bucket=BUCKET, Key="out/lab/source/sourcedir.tar.gz")
    container = {"Image": "i", "ModelDataUrl": f"s3://{BUCKET}/lab/output/model.tar.gz"}
    client.create_model(ModelName="lab", PrimaryContainer=container)
    assert hooked.paths()[1:3] == [
        f"{BUCKET}/out/{PREFIX}lab/output/model.tar.gz",
        f"{BUCKET}/out/lab/source/sourcedir.tar.gz",
    ]
    served = json.loads(hooked.sent[3].body)["PrimaryContainer"]["ModelDataUrl"]
    assert served == f"s3://{BUCKET}/{PREFIX}lab/output/model.tar.gz"


def test_a_repository_is_the_seats_own_of_that_name() -> None:
    hooked = Hooked()
    ecr = hooked.client("ecr")
    ecr.describe_repositories(repositoryNames=["my-lab", "vision/ada/training"])
    ecr.create_repository(repositoryName="my-lab")
    ecr.batch_get_image(
        registryId="763104351884", repositoryName="pytorch-training", imageIds=[{"imageTag": "2"}]
    )
    names = [body.get("repositoryName") or body["repositoryNames"] for body in hooked.bodies()]
    assert names == [
        ["vision/ada/my-lab", "vision/ada/training"],
        "vision/ada/my-lab",
        "pytorch-training",
    ]
    assert [body.get("tags") for body in hooked.bodies()] == [None, TAG_LIST, None]


@pytest.mark.parametrize(
    ("image", "sent"),
    [
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/my-lab:1", "vision/ada/my-lab:1"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/vision/ada/a", "vision/ada/a"),
        ("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:2", "pytorch:2"),
    ],
)
def test_an_image_is_that_of_the_repository(image: str, sent: str) -> None:
    hooked = Hooked()
    hooked.client("sagemaker").create_model(ModelName="m", PrimaryContainer={"Image": image})
    assert hooked.bodies()[0]["PrimaryContainer"]["Image"].partition("/")[2] == sent
