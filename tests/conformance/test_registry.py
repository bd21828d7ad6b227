"""Conformance: model package groups and model packages, as AWS treats them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conformance import Aws, listed

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serving:1"
SPECIFICATION = {
    "Containers": [{"Image": IMAGE}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
GROUP = {"ModelPackageGroupName": "group"}
PLACE = "arn:aws:sagemaker:us-east-1:000000000000"


def group(aws: Aws, name: str = "group", **more: Any) -> str:
    made = aws.sagemaker.create_model_package_group(ModelPackageGroupName=name, **more)
    return str(made["ModelPackageGroupArn"])


def version(aws: Aws, of: str = "group", **more: Any) -> str:
    made = aws.sagemaker.create_model_package(
        ModelPackageGroupName=of, InferenceSpecification=SPECIFICATION, **more
    )
    return str(made["ModelPackageArn"])


def single(aws: Aws, name: str, **more: Any) -> str:
    made = aws.sagemaker.create_model_package(
        ModelPackageName=name, InferenceSpecification=SPECIFICATION, **more
    )
    return str(made["ModelPackageArn"])


def described(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.sagemaker.describe_model_package(ModelPackageName=name))


def test_a_group_is_there_at_once_and_tells_who_made_it(aws: Aws) -> None:
    arn = group(aws, ModelPackageGroupDescription="models of ada")
    for name in ("group", arn):
        seen = aws.sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        assert seen["ModelPackageGroupArn"] == arn == f"{PLACE}:model-package-group/group"
        assert seen["ModelPackageGroupStatus"] == "Completed"
        assert seen["ModelPackageGroupDescription"] == "models of ada"
        assert seen["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::000000000000:")


def test_a_group_exists_once_or_not_at_all(aws: Aws) -> None:
    arn = group(aws)
    assert aws.refusal("create_model_package_group", **GROUP) == (
        f"ValidationException: Model Package Group already exists: {arn}"
    )
    aws.sagemaker.delete_model_package_group(ModelPackageGroupName=arn)
    for operation in ("describe_model_package_group", "delete_model_package_group"):
        assert aws.refusal(operation, **GROUP) == (
            f"ValidationException: ModelPackageGroup {arn} does not exist."
        )


def test_a_group_with_versions_cannot_be_deleted(aws: Aws) -> None:
    group(aws)
    arn = version(aws)
    assert aws.refusal("delete_model_package_group", **GROUP).startswith("ConflictException: ")
    aws.sagemaker.delete_model_package(ModelPackageName=arn)
    aws.sagemaker.delete_model_package_group(**GROUP)


def test_versions_are_numbered_and_no_number_comes_back(aws: Aws) -> None:
    group(aws)
    group(aws, "other")
    assert [version(aws) for _ in range(3)] == [
        f"{PLACE}:model-package/group/{number}" for number in (1, 2, 3)
    ]
    aws.sagemaker.delete_model_package(ModelPackageName=f"{PLACE}:model-package/group/3")
    assert version(aws).endswith("group/4")
    assert version(aws, "other").endswith("other/1")


def test_a_version_shows_its_group_number_and_makers(aws: Aws) -> None:
    of = group(aws)
    arn = version(aws, of, CustomerMetadataProperties={"a": "1"})
    for name in (arn, "group/1"):
        seen = described(aws, name)
        assert seen["ModelPackageArn"] == arn
        assert seen["ModelPackageGroupName"] == "group"
        assert seen["ModelPackageVersion"] == 1
        assert seen["ModelApprovalStatus"] == "PendingManualApproval"
        assert seen["InferenceSpecification"] == SPECIFICATION
        assert seen["CustomerMetadataProperties"] == {"a": "1"}
        assert seen["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::000000000000:")


def test_a_package_passes_through_its_checks(aws: Aws) -> None:
    group(aws)
    arn = version(aws)
    statuses = []
    for _ in range(3):
        statuses.append(described(aws, arn)["ModelPackageStatus"])
        aws.pass_time()
    assert statuses == ["Pending", "InProgress", "Completed"]


def test_an_unversioned_package_has_a_name_and_tags_of_its_own(aws: Aws) -> None:
    arn = single(aws, "package", Tags=[{"Key": "seat", "Value": "ada"}])
    assert arn == f"{PLACE}:model-package/package"
    seen = described(aws, "package")
    assert seen["ModelPackageName"] == "package"
    assert seen["CertifyForMarketplace"] is False
    assert "ModelPackageVersion" not in seen
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "seat", "Value": "ada"}]
    assert aws.refusal("create_model_package", ModelPackageName="package") == (
        f"ValidationException: Model Package already exists: {arn}"
    )


def test_a_version_takes_no_tags_its_group_has_them(aws: Aws) -> None:
    group(aws)
    refused = aws.refusal("create_model_package", **GROUP, Tags=[{"Key": "a", "Value": "1"}])
    assert refused.startswith("ValidationException: ")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({}, "Missing ARN."),
        (
            {"ModelPackageName": "package", **GROUP},
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot "
            "determine which one to use.",
        ),
        (GROUP, f"ModelPackageGroup {PLACE}:model-package-group/group does not exist."),
    ],
    ids=["neither", "both", "no such group"],
)
def test_a_package_is_either_named_or_in_a_group_that_exists(
    aws: Aws, names: dict[str, str], words: str
) -> None:
    assert aws.refusal("create_model_package", **names) == f"ValidationException: {words}"


def test_a_package_that_is_not_there_is_named_by_its_arn(aws: Aws) -> None:
    arn = f"{PLACE}:model-package/group/1"
    words = f"ValidationException: ModelPackage {arn} does not exist."
    for name in (arn, "group/1"):
        assert aws.refusal("describe_model_package", ModelPackageName=name) == words
        assert aws.refusal("delete_model_package", ModelPackageName=name) == words
    update = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
    assert aws.refusal("update_model_package", **update) == words


def test_an_update_approves_and_changes_properties(aws: Aws) -> None:
    group(aws)
    arn = version(aws, CustomerMetadataProperties={"a": "1", "b": "2"})
    created = described(aws, arn)["CreationTime"]
    aws.advance(5)
    aws.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="good",
        CustomerMetadataProperties={"c": "3"},
        AdditionalInferenceSpecificationsToAdd=[{"Name": "more", "Containers": [{"Image": IMAGE}]}],
    )
    seen = described(aws, arn)
    assert seen["ModelApprovalStatus"] == "Approved"
    assert seen["ApprovalDescription"] == "good"
    assert seen["CustomerMetadataProperties"] == {"a": "1", "b": "2", "c": "3"}
    assert [
        specification["Name"] for specification in seen["AdditionalInferenceSpecifications"]
    ] == ["more"]
    assert seen["LastModifiedTime"] > created
    assert seen["LastModifiedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::")
    aws.sagemaker.update_model_package(
        ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["a", "b"]
    )
    assert described(aws, arn)["CustomerMetadataProperties"] == {"c": "3"}


def arns(aws: Aws, **request: Any) -> list[str]:
    found = aws.sagemaker.list_model_packages(**request)["ModelPackageSummaryList"]
    return [package["ModelPackageArn"].partition("model-package/")[2] for package in found]


def test_packages_are_listed_by_type_group_and_approval(aws: Aws) -> None:
    of = group(aws)
    single(aws, "package")
    first = version(aws)
    aws.advance(1)
    version(aws)
    aws.sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved")
    assert arns(aws) == arns(aws, ModelPackageType="Unversioned") == ["package"]
    assert arns(aws, ModelPackageType="Versioned") == ["group/1", "group/2"]
    assert len(arns(aws, ModelPackageType="Both")) == 3
    assert arns(aws, ModelPackageGroupName=of) == arns(aws, **GROUP) == ["group/1", "group/2"]
    assert arns(aws, **GROUP, ModelApprovalStatus="Approved") == ["group/1"]
    assert arns(aws, **GROUP, SortOrder="Descending") == ["group/2", "group/1"]


def test_versions_of_a_group_that_is_not_there_cannot_be_listed(aws: Aws) -> None:
    assert "does not exist" in aws.refusal("list_model_packages", **GROUP)


def test_every_version_is_listed_once_whatever_the_number(aws: Aws) -> None:
    group(aws)
    made: list[str] = []
    for amount in range(1, 202):
        made.append(version(aws))
        if amount in (26, 51, 101, 201):
            found = listed(
                aws.sagemaker, "list_model_packages", "ModelPackageSummaryList", 25, **GROUP
            )
            assert sorted(package["ModelPackageArn"] for package in found) == sorted(made)


def test_a_model_can_be_made_from_an_approved_version_only(aws: Aws) -> None:
    group(aws)
    arn = version(aws)
    model = {"ModelName": "model", "PrimaryContainer": {"ModelPackageName": arn}}
    assert aws.refusal("create_model", **model).startswith("ValidationException: ")
    aws.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    aws.sagemaker.create_model(**model)
    aws.sagemaker.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[
            {
                "VariantName": "v",
                "ModelName": "model",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    aws.sagemaker.create_endpoint(EndpointName="ep", EndpointConfigName="config")
    aws.pass_time()
    [serving] = aws.sagemaker.describe_endpoint(EndpointName="ep")["ProductionVariants"]
    assert serving["DeployedImages"][0]["SpecifiedImage"] == IMAGE
