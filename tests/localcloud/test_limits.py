"""Quotas enforced: what is one too many is refused, over the API and in stacks alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.local_cloud import IAM, TRUST, Cloud, template
from tests.support.refusals import code_of, refusal

TYPE = "ml.t3.medium for notebook instance usage"
TOTAL = "Total number of notebook instances"
EMPTY = template({"Topic": {"Type": "AWS::SNS::Topic"}})
ALLOW = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)
NESTED = template(
    {
        "Child": {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": "https://s3.amazonaws.com/templates/child.json"},
        }
    }
)


# --- notebook instances ------------------------------------------------------------------------


def notebook(cloud: Cloud, name: str, instance_type: str = "ml.t3.medium") -> None:
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        InstanceType=instance_type,
        RoleArn="arn:aws:iam::000000000000:role/seat",
    )


def stop(cloud: Cloud, name: str) -> None:
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=name)


def test_a_machine_of_a_type_more_than_allowed_is_refused_until_one_is_stopped(
    cloud: Cloud,
) -> None:
    cloud.role()
    cloud.quotas(sagemaker={TYPE: 1})
    notebook(cloud, "a")
    status, code, message = refusal(lambda: notebook(cloud, "b"))
    assert (status, code) == (400, "ResourceLimitExceeded")
    assert message.startswith(
        f"The account-level service limit '{TYPE}' is 1 Instances, with current utilization of 1 "
        "Instances and a request delta of 1 Instances. Please use AWS Service Quotas"
    )
    notebook(cloud, "c", "ml.t3.large")
    stop(cloud, "a")
    notebook(cloud, "b")


def test_a_stopped_notebook_counts_in_the_total_until_it_is_gone(cloud: Cloud) -> None:
    cloud.role()
    cloud.quotas(sagemaker={TOTAL: 1})
    notebook(cloud, "a")
    stop(cloud, "a")
    _, code, message = refusal(lambda: notebook(cloud, "b"))
    assert code == "ResourceLimitExceeded"
    assert f"'{TOTAL}' is 1 NotebookInstances, with current utilization of 1 Note" in message
    cloud.client("sagemaker").delete_notebook_instance(NotebookInstanceName="a")
    notebook(cloud, "b")


def test_quotas_of_one_place_say_nothing_about_another(cloud: Cloud) -> None:
    cloud.role()
    cloud.quotas(sagemaker={TOTAL: 0}, region="eu-west-1")
    cloud.quotas(sagemaker={TOTAL: 0}, account="111122223333")
    notebook(cloud, "a")


def test_a_stack_with_a_notebook_too_many_fails_with_sagemakers_reason(cloud: Cloud) -> None:
    cloud.quotas(sagemaker={TYPE: 0})
    properties = {"InstanceType": "ml.t3.medium", "RoleArn": cloud.role()}
    given = {"Type": "AWS::SageMaker::NotebookInstance", "Properties": properties}
    assert cloud.deploy("s", template({"Notebook": given})) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("s", "CREATE_FAILED")["Notebook"]
    assert f"The account-level service limit '{TYPE}' is 0 Instances" in reason


# --- stacks ------------------------------------------------------------------------------------


def change_set(cloud: Cloud, stack: str, kind: str) -> None:
    cloud.client("cloudformation").create_change_set(
        StackName=stack, ChangeSetName="change", ChangeSetType=kind, TemplateBody=EMPTY
    )


def test_a_stack_too_many_is_refused_until_another_is_deleted(cloud: Cloud) -> None:
    cloud.quotas(cloudformation={"Stacks": 1})
    assert cloud.deploy("a", EMPTY) == "CREATE_COMPLETE"
    full = (400, "LimitExceededException", "Limit for stack has been exceeded")
    assert refusal(lambda: cloud.deploy("b", EMPTY)) == full
    assert refusal(lambda: change_set(cloud, "b", "CREATE")) == full
    # What exists is changed, and what is taken is said to be taken.
    change_set(cloud, "a", "UPDATE")
    assert code_of(lambda: cloud.deploy("a", EMPTY)) == "AlreadyExistsException"
    assert cloud.destroy("a") == "DELETE_COMPLETE"
    change_set(cloud, "b", "CREATE")
    assert refusal(lambda: cloud.deploy("c", EMPTY)) == full


def test_a_nested_stack_counts_too(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.json", Body=EMPTY.encode())
    cloud.quotas(cloudformation={"Stacks": 1})
    assert cloud.deploy("parent", NESTED) == "ROLLBACK_COMPLETE"
    assert cloud.reasons("parent", "CREATE_FAILED")["Child"] == "Limit for stack has been exceeded"
    cloud.quotas(cloudformation={"Stacks": 3})
    assert cloud.deploy("other", NESTED) == "CREATE_COMPLETE"
    assert code_of(lambda: cloud.deploy("third", EMPTY)) == "LimitExceededException"


# --- roles, policies, buckets, repositories ----------------------------------------------------


def role(cloud: Cloud, name: str) -> None:
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))


def policy(cloud: Cloud, name: str) -> None:
    cloud.client("iam").create_policy(PolicyName=name, PolicyDocument=ALLOW)


def bucket(cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)


def repository(cloud: Cloud, name: str) -> None:
    cloud.client("ecr").create_repository(repositoryName=name)


CASES = [
    pytest.param(
        "iam",
        "Roles per account",
        role,
        (409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1"),
        ("AWS::IAM::Role", "RoleName", {"AssumeRolePolicyDocument": TRUST}),
        "EntityAlreadyExists",
        id="roles",
    ),
    pytest.param(
        "iam",
        "Customer managed policies per account",
        policy,
        (409, "LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 1"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", {"PolicyDocument": json.loads(ALLOW)}),
        "EntityAlreadyExists",
        id="policies",
    ),
    pytest.param(
        "s3",
        "General purpose buckets",
        bucket,
        (400, "TooManyBuckets", "You have attempted to create more buckets than allowed."),
        ("AWS::S3::Bucket", "BucketName", {}),
        None,  # in us-east-1, making one's own bucket again succeeds
        id="buckets",
    ),
    pytest.param(
        "ecr",
        "Registered repositories",
        repository,
        (
            400,
            "LimitExceededException",
            "The registry with id '000000000000' has reached the maximum allowed number of "
            "repositories which is '1'",
        ),
        ("AWS::ECR::Repository", "RepositoryName", {}),
        "RepositoryAlreadyExistsException",
        id="repositories",
    ),
]


@pytest.mark.parametrize(("service", "quota", "make", "full", "resource", "taken"), CASES)
def test_one_too_many_is_refused_over_the_api_and_in_a_stack(  # noqa: PLR0917
    cloud: Cloud,
    service: str,
    quota: str,
    make: Callable[[Cloud, str], None],
    full: tuple[int, str, str],
    resource: tuple[str, str, dict[str, Any]],
    taken: str | None,
) -> None:
    one: dict[str, Any] = {service: {quota: 1}}
    cloud.quotas(**one)
    make(cloud, "first")
    assert refusal(lambda: make(cloud, "second")) == full
    type_name, name, properties = resource
    for named in ({name: "second"}, {}):
        given = {"Type": type_name, "Properties": {**properties, **named}}
        stack = f"stack{len(named)}"
        assert cloud.deploy(stack, template({"R": given}), **IAM) == "ROLLBACK_COMPLETE"
        assert full[2].rstrip(".") in cloud.reasons(stack, "CREATE_FAILED")["R"]
    if taken is None:
        make(cloud, "first")
    else:
        assert code_of(lambda: make(cloud, "first")) == taken
    three: dict[str, Any] = {service: {quota: 3}}
    cloud.quotas(**three)
    make(cloud, "second")
    third = {"Type": type_name, "Properties": {**properties, name: "third"}}
    assert cloud.deploy("third", template({"R": third}), **IAM) == "CREATE_COMPLETE"


def test_a_role_takes_no_more_policies_than_its_quota(cloud: Cloud) -> None:
    cloud.role("seat")
    cloud.quotas(iam={"Managed policies per role": 1})
    iam = cloud.client("iam")
    first, second = (f"arn:aws:iam::aws:policy/{name}" for name in ("First", "Second"))
    for _ in range(2):
        iam.attach_role_policy(RoleName="seat", PolicyArn=first)
    full = (409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 1")
    attach = {"RoleName": "seat", "PolicyArn": second}
    assert refusal(lambda: iam.attach_role_policy(**attach)) == full
    iam.detach_role_policy(RoleName="seat", PolicyArn=first)
    iam.attach_role_policy(**attach)


def test_a_stopped_notebook_starts_only_if_its_type_has_a_machine_left(cloud: Cloud) -> None:
    cloud.role()
    cloud.quotas(sagemaker={TYPE: 1})
    notebook(cloud, "a")
    stop(cloud, "a")
    notebook(cloud, "b")
    sagemaker = cloud.client("sagemaker")
    _, code, message = refusal(lambda: sagemaker.start_notebook_instance(NotebookInstanceName="a"))
    assert (code, TYPE in message) == ("ResourceLimitExceeded", True)
    stop(cloud, "b")
    sagemaker.start_notebook_instance(NotebookInstanceName="a")
