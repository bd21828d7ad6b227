"""What CloudFormation writes on buckets and repositories, nobody else writes or takes away."""

from __future__ import annotations

from tests.support.local_cloud import Cloud, template
from tests.support.refusals import code_of

STACK = "aws:cloudformation:stack-id"
FORGED = {"Key": STACK, "Value": "arn:of-another"}


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
        assert code_of(s3.put_bucket_tagging, **given) == "InvalidTag"
    assert code_of(s3.get_bucket_tagging, Bucket="free-bucket") == "NoSuchTagSet"
    s3.put_bucket_tagging(Bucket="held-bucket", Tagging={"TagSet": [*system, *own]})
    assert tags() == {**written, "team": "blue"}
    s3.delete_bucket_tagging(Bucket="held-bucket")
    assert tags() == written
    invalid = "InvalidTagParameterException"
    arn = ecr.describe_repositories()["repositories"][0]["repositoryArn"]
    assert code_of(ecr.tag_resource, resourceArn=arn, tags=[FORGED]) == invalid
    assert code_of(ecr.untag_resource, resourceArn=arn, tagKeys=[STACK]) == invalid
    assert code_of(ecr.create_repository, repositoryName="free/images", tags=[FORGED]) == invalid
    assert cloud.destroy("holder") == "DELETE_COMPLETE"
