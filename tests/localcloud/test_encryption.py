"""Objects encrypted by KMS have a key: S3's own where none is named."""

from __future__ import annotations

import pytest

from tests.support.local_cloud import Cloud

NAMED = "arn:aws:kms:us-east-1:000000000000:key/of-the-account"
BY_KMS = {"SSEAlgorithm": "aws:kms"}


@pytest.mark.parametrize("asked", [{}, {"ServerSideEncryption": "aws:kms"}])
def test_an_object_has_the_key_of_s3_unless_one_is_named(
    cloud: Cloud, asked: dict[str, str]
) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="ours")
    if not asked:
        rules = [{"ApplyServerSideEncryptionByDefault": BY_KMS}]
        s3.put_bucket_encryption(Bucket="ours", ServerSideEncryptionConfiguration={"Rules": rules})
    s3.put_object(Bucket="ours", Key="a", Body=b"1", **asked)
    s3.copy_object(Bucket="ours", Key="b", CopySource="ours/a", **asked)
    keys = {s3.head_object(Bucket="ours", Key=key)["SSEKMSKeyId"] for key in "ab"}
    (managed,) = keys
    assert managed.startswith("arn:aws:kms:us-east-1:000000000000:key/")
    named = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": NAMED}
    assert s3.put_object(Bucket="ours", Key="c", Body=b"1", **named)["SSEKMSKeyId"] == NAMED
