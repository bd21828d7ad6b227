"""GetResources of the local cloud: SageMaker's tags, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.faulty import refusal
from tests.support.local_cloud import Cloud

OWN = [{"Key": "workshop", "Values": ["vision"]}]


def tagged(cloud: Cloud, count: int, region: str = "us-east-1", first: int = 0) -> list[str]:
    client = cloud.client("sagemaker", region=region)
    return [
        client.create_model_package_group(
            ModelPackageGroupName=f"group{number:03}",
            Tags=[
                {"Key": "workshop", "Value": "vision"},
                {"Key": "attendee", "Value": f"a{number}"},
            ],
        )["ModelPackageGroupArn"]
        for number in range(first, first + count)
    ]


def found(cloud: Cloud, **request: Any) -> list[dict[str, Any]]:
    answer = cloud.client("resourcegroupstaggingapi").get_resources(**request)
    listed: list[dict[str, Any]] = answer["ResourceTagMappingList"]
    return listed


def test_what_sagemaker_holds_is_found_by_tag_and_type(cloud: Cloud) -> None:
    [arn] = tagged(cloud, 1)
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="untagged")
    tags = [{"Key": "attendee", "Value": "a0"}, {"Key": "workshop", "Value": "vision"}]
    wanted = [{"ResourceARN": arn, "Tags": tags}]
    assert found(cloud, TagFilters=OWN) == wanted
    assert found(cloud, ResourceTypeFilters=["sagemaker:model-package-group"]) == wanted
    assert found(cloud, ResourceTypeFilters=["sagemaker:endpoint"]) == []
    assert found(cloud, TagFilters=[{"Key": "workshop", "Values": ["other"]}]) == []


def test_log_groups_are_found_by_their_tags(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/mine", tags={"workshop": "vision"})
    logs.create_log_group(logGroupName="/untagged")
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/mine"
    tags = [{"Key": "workshop", "Value": "vision"}]
    assert found(cloud, TagFilters=OWN) == [{"ResourceARN": arn, "Tags": tags}]
    assert len(found(cloud, ResourceTypeFilters=["logs"])) == 1
    logs.delete_log_group(logGroupName="/mine")
    assert found(cloud, TagFilters=OWN) == []


def test_named_arns_come_with_their_tags_and_strangers_not_at_all(cloud: Cloud) -> None:
    arns = tagged(cloud, 3)
    nowhere = arns[0].replace("group000", "nowhere")
    answered = found(cloud, ResourceARNList=[arns[2], nowhere, arns[0]])
    assert {resource["ResourceARN"] for resource in answered} == {arns[0], arns[2]}


def test_another_region_has_its_own(cloud: Cloud) -> None:
    tagged(cloud, 2, region="eu-west-1")
    assert found(cloud) == []


@pytest.mark.parametrize(("size", "pages"), [(100, [100, 1]), (None, [50, 50, 1])])
def test_many_come_in_pages_without_gap_or_repetition(
    cloud: Cloud, size: int | None, pages: list[int]
) -> None:
    arns = tagged(cloud, 101)
    given = {} if size is None else {"ResourcesPerPage": size}
    token, listed = "", []
    while True:
        answer = cloud.client("resourcegroupstaggingapi").get_resources(
            TagFilters=OWN, PaginationToken=token, **given
        )
        listed.append([resource["ResourceARN"] for resource in answer["ResourceTagMappingList"]])
        token = answer["PaginationToken"]
        if not token:
            break
    assert [len(page) for page in listed] == pages
    assert sorted(arn for page in listed for arn in page) == sorted(arns)


def test_more_than_a_hundred_a_page_are_refused(cloud: Cloud) -> None:
    told = refusal(cloud.client("resourcegroupstaggingapi").get_resources, ResourcesPerPage=101)
    assert told["code"] == "InvalidParameterException"
