"""Repositories and dashboards under CloudFormation, and templates refused at the door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud, template
from tests.support.refusals import refusal

KEEP_TEN = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": 10,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
BODY = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]})


def repository(name: str = "ws/ada/training", **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name, **more}}


def dashboard(**more: Any) -> dict[str, Any]:
    given = {"DashboardName": "seat", "DashboardBody": BODY, **more}
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": given}


def push(cloud: Cloud) -> None:
    cloud.client("ecr").put_image(
        repositoryName="ws/ada/training", imageManifest='{"schemaVersion": 2}', imageTag="v1"
    )


def test_every_setting_of_a_repository_is_given_back_by_ecr(cloud: Cloud) -> None:
    given = repository(
        ImageTagMutability="IMMUTABLE",
        ImageScanningConfiguration={"ScanOnPush": "true"},
        LifecyclePolicy={"LifecyclePolicyText": KEEP_TEN},
        Tags=[{"Key": "attendee", "Value": "ada"}],
    )
    assert cloud.deploy("s", template({"R": given})) == "CREATE_COMPLETE"
    ecr = cloud.client("ecr")
    (seen,) = ecr.describe_repositories()["repositories"]
    assert seen["imageTagMutability"] == "IMMUTABLE"
    assert seen["imageScanningConfiguration"] == {"scanOnPush": True}
    assert seen["repositoryArn"] == "arn:aws:ecr:us-east-1:000000000000:repository/ws/ada/training"
    kept = ecr.get_lifecycle_policy(repositoryName="ws/ada/training")["lifecyclePolicyText"]
    assert json.loads(kept) == json.loads(KEEP_TEN)
    tags = ecr.list_tags_for_resource(resourceArn=seen["repositoryArn"])["tags"]
    assert {"Key": "attendee", "Value": "ada"} in tags
    push(cloud)
    with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
        push(cloud)


def test_a_changed_repository_is_updated_in_place_with_its_images(cloud: Cloud) -> None:
    cloud.deploy(
        "s", template({"R": repository(LifecyclePolicy={"LifecyclePolicyText": KEEP_TEN})})
    )
    push(cloud)
    new = repository(ImageScanningConfiguration={"ScanOnPush": True})
    assert cloud.update("s", template({"R": new})) == "UPDATE_COMPLETE"
    ecr = cloud.client("ecr")
    (seen,) = ecr.describe_repositories()["repositories"]
    assert seen["imageScanningConfiguration"] == {"scanOnPush": True}
    assert len(ecr.list_images(repositoryName="ws/ada/training")["imageIds"]) == 1
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        ecr.get_lifecycle_policy(repositoryName="ws/ada/training")


def test_a_repository_with_images_goes_only_if_the_template_says_so(cloud: Cloud) -> None:
    cloud.deploy("s", template({"R": repository()}))
    push(cloud)
    left = (
        "The repository with name 'ws/ada/training' in registry with id '000000000000' cannot be "
        "deleted because it still contains images"
    )
    with pytest.raises(ClientError, match=left):
        cloud.client("ecr").delete_repository(repositoryName="ws/ada/training")
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert left in cloud.reasons("s", "DELETE_FAILED")["R"]
    cloud.client("ecr").delete_repository(repositoryName="ws/ada/training", force=True)
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    cloud.deploy("t", template({"R": repository(EmptyOnDelete="true")}))
    push(cloud)
    assert cloud.destroy("t") == "DELETE_COMPLETE"
    assert cloud.client("ecr").describe_repositories()["repositories"] == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (repository("Training"), "Invalid parameter at 'repositoryName'"),
        (repository("a"), "Invalid parameter at 'repositoryName'"),
        (
            repository(LifecyclePolicy={"LifecyclePolicyText": "{}"}),
            "Invalid parameter at 'LifecyclePolicyText'",
        ),
    ],
)
def test_a_repository_ecr_would_not_take_fails_the_stack(
    cloud: Cloud, given: dict[str, Any], reason: str
) -> None:
    assert cloud.deploy("s", template({"R": given})) == "ROLLBACK_COMPLETE"
    assert reason in cloud.reasons("s", "CREATE_FAILED")["R"]
    assert cloud.client("ecr").describe_repositories()["repositories"] == []


def test_a_repository_name_that_is_taken_is_never_overwritten(cloud: Cloud) -> None:
    cloud.deploy("first", template({"R": repository(ImageTagMutability="IMMUTABLE")}))
    assert cloud.deploy("s", template({"R": repository()})) == "ROLLBACK_COMPLETE"
    assert "already exists" in cloud.reasons("s", "CREATE_FAILED")["R"]
    (seen,) = cloud.client("ecr").describe_repositories()["repositories"]
    assert seen["imageTagMutability"] == "IMMUTABLE"


def test_a_dashboard_keeps_its_body_and_tags_and_goes_with_its_stack(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    given = dashboard(Tags=[{"Key": "attendee", "Value": "ada"}])
    assert cloud.deploy("s", template({"D": given})) == "CREATE_COMPLETE"
    seen = cloudwatch.get_dashboard(DashboardName="seat")
    assert seen["DashboardBody"] == BODY
    tags = cloudwatch.list_tags_for_resource(ResourceARN=seen["DashboardArn"])["Tags"]
    assert {"Key": "attendee", "Value": "ada"} in tags
    other = BODY.replace("hello", "bye")
    assert cloud.update("s", template({"D": dashboard(DashboardBody=other)})) == "UPDATE_COMPLETE"
    assert cloudwatch.get_dashboard(DashboardName="seat")["DashboardBody"] == other
    renamed = template({"D": dashboard(DashboardName="other")})
    assert cloud.update("s", renamed) == "UPDATE_COMPLETE"
    names = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
    assert names == ["other"]
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


@pytest.mark.parametrize("body", ["{", "[]"])
def test_a_dashboard_body_that_is_no_dashboard_fails_the_stack(cloud: Cloud, body: str) -> None:
    assert cloud.deploy("s", template({"D": dashboard(DashboardBody=body)})) == (
        "ROLLBACK_COMPLETE"
    )
    assert "must be a valid JSON object" in cloud.reasons("s", "CREATE_FAILED")["D"]


WIDGET = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": "#"}}


@pytest.mark.parametrize(
    "widgets",
    [
        "none",
        ["none"],
        [{**WIDGET, "type": "nosuch"}],
        [{**WIDGET, "width": 25}],
        [{**WIDGET, "x": "left"}],
        [{"type": "text"}],
        [{**WIDGET, "properties": {}}],
        [{**WIDGET, "type": "metric", "properties": {"region": "us-east-1"}}],
        [{**WIDGET, "type": "log", "properties": {"query": "q", "region": "r", "view": "pies"}}],
        [{**WIDGET, "type": "alarm", "properties": {"alarms": "all"}}],
    ],
)
def test_a_wrong_widget_fails_the_stack_and_the_call(cloud: Cloud, widgets: Any) -> None:
    body = json.dumps({"widgets": widgets})
    assert cloud.deploy("s", template({"D": dashboard(DashboardBody=body)})) == (
        "ROLLBACK_COMPLETE"
    )
    message = "The dashboard body is invalid, there are 1 validation errors"
    assert message in cloud.reasons("s", "CREATE_FAILED")["D"]
    with pytest.raises(ClientError, match=message):
        cloud.client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody=body)


@pytest.mark.parametrize(
    ("resources", "sections", "said"),
    [
        (
            {"D": dashboard(DashboardName={"Ref": "Nowhere"})},
            {},
            "Unresolved resource dependencies [Nowhere] in the Resources block of the template",
        ),
        (
            {"D": dashboard(DashboardName={"Fn::Sub": "seat-${Nowhere}-${AWS::Region}"})},
            {},
            "Unresolved resource dependencies [Nowhere] in the Resources block of the template",
        ),
        (
            {"D": {**dashboard(), "DependsOn": ["Nowhere"]}},
            {},
            "Unresolved resource dependencies [Nowhere] in the Resources block of the template",
        ),
        (
            {"D": dashboard()},
            {"Outputs": {"O": {"Value": {"Ref": "Nowhere"}}}},
            "Unresolved resource dependencies [Nowhere] in the Outputs block of the template",
        ),
        (
            {"D": {"Type": "AWS::SageMaker::Notebook"}},
            {},
            "Unrecognized resource types: [AWS::SageMaker::Notebook]",
        ),
        (
            {"D": dashboard()},
            {"Parameters": {"AttendeeId": {"Type": "String"}}},
            "Parameters: [AttendeeId] must have values",
        ),
    ],
)
def test_a_template_with_a_loose_end_is_refused_before_anything_is_made(
    cloud: Cloud, resources: dict[str, Any], sections: dict[str, Any], said: str
) -> None:
    formation = cloud.client("cloudformation")
    body = template(resources, **sections)
    _, code, message = refusal(formation.create_stack, StackName="s", TemplateBody=body)
    assert code == "ValidationError"
    assert said in message
    assert formation.describe_stacks()["Stacks"] == []


def test_a_parameter_the_template_does_not_have_is_refused(cloud: Cloud) -> None:
    given = [{"ParameterKey": "Attendee", "ParameterValue": "ada"}]
    with pytest.raises(ClientError, match=r"Parameters: \[Attendee\] do not exist in the template"):
        cloud.deploy("s", template({"D": dashboard()}), Parameters=given)


def test_an_update_may_keep_the_previous_value_of_a_parameter(cloud: Cloud) -> None:
    def body(text: str) -> str:
        return template(
            {
                "D": dashboard(
                    DashboardName={"Ref": "Name"}, DashboardBody=BODY.replace("hello", text)
                )
            },
            Parameters={"Name": {"Type": "String"}},
        )

    cloud.deploy("s", body("a"), Parameters=[{"ParameterKey": "Name", "ParameterValue": "n"}])
    keep = [{"ParameterKey": "Name", "UsePreviousValue": True}]
    assert cloud.update("s", body("b"), Parameters=keep) == "UPDATE_COMPLETE"
    assert "b" in cloud.client("cloudwatch").get_dashboard(DashboardName="n")["DashboardBody"]


def test_a_stack_is_described_as_the_template_that_stands_describes_it(cloud: Cloud) -> None:
    formation = cloud.client("cloudformation")

    def body(told: str) -> str:
        return json.dumps({**json.loads(template({"Board": dashboard()})), "Description": told})

    def described() -> str:
        (stack,) = formation.describe_stacks(StackName="seat")["Stacks"]
        return str(stack["Description"])

    named = {"StackName": "seat", "ChangeSetName": "c"}
    formation.create_change_set(**named, ChangeSetType="CREATE", TemplateBody=body("a first one"))
    formation.execute_change_set(**named)
    assert cloud.settled("seat") == "CREATE_COMPLETE"
    assert described() == "a first one"
    formation.update_stack(StackName="seat", TemplateBody=body("another one"))
    assert cloud.settled("seat") == "UPDATE_COMPLETE"
    assert described() == "another one"
