"""What CloudFormation writes on buckets and repositories, nobody else writes or takes away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud, template

STACK = "aws:cloudformation:stack-id"
FORGED = {"Key": STACK, "Value": "arn:of-another"}


def refused(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def test_system_tags_are_written_by_cloudformation_alone(cloud: Cloud) -> None:
    s3, ecr = cloud.client("s3"), cloud.client("ecr")
    held = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "held-bucket"}},
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "held/images"}},
    }
    assert cloud.deploy("holder", template(held)) == "CREATE_COMPLETE"

    def tags() -> dict[str, str]:
        found = s3.get_bucket_tagging(Bucket="held-bucket")["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    written = tags()
    assert written[STACK].startswith("arn:aws:cloudformation:")
    own = [{"Key": "team", "Value": "blue"}]
    system = [{"Key": key, "Value": value} for key, value in written.items()]
    s3.create_bucket(Bucket="free-bucket")
    for bucket, wanted in (
        ("free-bucket", [FORGED]),
        ("held-bucket", own),
        ("held-bucket", [FORGED, *own]),
    ):
        given = {"Bucket": bucket, "Tagging": {"TagSet": wanted}}
        assert refused(s3.put_bucket_tagging, **given) == "InvalidTag"
    assert refused(s3.get_bucket_tagging, Bucket="free-bucket") == "NoSuchTagSet"
    s3.put_bucket_tagging(Bucket="held-bucket", Tagging={"TagSet": [*system, *own]})
    assert tags() == {**written, "team": "blue"}
    s3.delete_bucket_tagging(Bucket="held-bucket")
    assert tags() == written
    invalid = "InvalidTagParameterException"
    arn = ecr.describe_repositories()["repositories"][0]["repositoryArn"]
    assert refused(ecr.tag_resource, resourceArn=arn, tags=[FORGED]) == invalid
    assert refused(ecr.untag_resource, resourceArn=arn, tagKeys=[STACK]) == invalid
    assert refused(ecr.create_repository, repositoryName="free/images", tags=[FORGED]) == invalid
    assert cloud.destroy("holder") == "DELETE_COMPLETE"
