"""What is kept on request is no hindrance to the next try."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.support.local_cloud import template
from tests.support.single_construct import only
from tests.support.small_workshop import Fleet, repository
from workbench.repository import WorkbenchRepository
from workshop.deploy.plan import DeployPlan
from workshop.deploy.templates import Template

KIND = "AWS::ECR::Repository"
RESULTS = "demo-seat01-results-000000000000-us-east-1"
SERVING = "demo/seat01/serving"


def kept_and_taken() -> Template:
    """A registry whose first repository is kept, and whose second has a name that is taken."""
    kept = only(
        lambda stack: WorkbenchRepository(
            *(stack, "Images"),
            repository_name="demo/kept",
            immutable_tags=True,
            scan_on_push=True,
            keep_images=5,
            untagged_days=1,
            keep=True,
        ),
        KIND,
    )
    taken = {"Type": KIND, "DependsOn": "A", "Properties": {"RepositoryName": repository("seat01")}}
    return Template(template({"A": kept, "B": taken}), "kept")


def with_template(plan: DeployPlan, kind: str, made: Template) -> DeployPlan:
    """The plan with another template for one kind of stack."""
    seats = tuple(
        replace(
            seat,
            stacks=tuple(
                replace(one, desired=replace(one.desired, templates=(made,)))
                if one.desired.kind == kind
                else one
                for one in seat.stacks
            ),
        )
        for seat in plan.seats
    )
    return replace(plan, seats=seats)


def test_a_creation_that_fails_leaves_nothing_of_what_is_to_be_kept(fleet: Fleet) -> None:
    fleet.write(1)
    fleet.take("seat01")
    made = kept_and_taken()
    failed = fleet.deploy(plan=with_template(fleet.plan(), "registry", made))
    assert "already exists" in failed.message("seat01")
    ecr = fleet.cloud.client("ecr")
    names = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
    assert names == [repository("seat01")]
    fleet.free("seat01")
    assert fleet.deploy(plan=with_template(fleet.plan(), "registry", made)).good


def with_another(plan: DeployPlan, kind: str, resource: dict[str, Any]) -> DeployPlan:
    """The plan with one more resource in one kind of stack."""
    desired = next(one.desired for one in plan.stacks if one.desired.kind == kind)
    document = desired.templates[0].document
    document["Resources"]["Another"] = resource
    return with_template(plan, kind, Template(json.dumps(document), "another"))


def deploy_two(fleet: Fleet, **bucket: str) -> None:
    """Deploy a seat with a bucket and a repository that its YAML does not name any more."""
    fleet.write(1)
    name = {"Fn::Sub": "demo-${AttendeeId}-results-${AWS::AccountId}-${AWS::Region}"}
    results: dict[str, Any] = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": name},
        **bucket,
    }
    name = {"Fn::Sub": "demo/${AttendeeId}/serving"}
    serving = {"Type": KIND, "Properties": {"RepositoryName": name, "EmptyOnDelete": True}}
    plan = with_another(fleet.plan(), "storage", results)
    assert fleet.deploy(plan=with_another(plan, "registry", serving)).good
    fleet.cloud.client("s3").put_object(Bucket=RESULTS, Key="work", Body=b"x")


def there(fleet: Fleet) -> set[str]:
    """What there is of the bucket and the repository."""
    buckets = {one["Name"] for one in fleet.cloud.client("s3").list_buckets()["Buckets"]}
    listed = fleet.cloud.client("ecr").describe_repositories()["repositories"]
    return (buckets | {one["repositoryName"] for one in listed}) & {RESULTS, SERVING}


def test_what_holds_work_is_removed_only_where_somebody_asks_for_it_by_name(fleet: Fleet) -> None:
    deploy_two(fleet)
    planned = fleet.run("plan")
    assert "bucket results is REMOVED, with what is in it" in planned.out
    refused = fleet.run("deploy")
    assert (refused.code, there(fleet)) == (1, {RESULTS, SERVING})
    for name in ("bucket:results", "repository:serving"):
        assert (
            f"{name} would be removed with what is in it, and nobody asked for that; put it back"
            " into the YAML, or remove it with: workshop deploy -e dev --remove bucket:results"
            " --remove repository:serving"
        ) in refused.out
    assert refused.err.splitlines()[-1] == (
        "not all is done; first do what is said of each that failed. To go on from here:"
        " workshop deploy -e dev"
    )
    asked = fleet.run("deploy", "--remove", "repository:serving", "--remove", "bucket:reslts")
    assert (asked.code, there(fleet)) == (1, {RESULTS})
    assert "--remove bucket:reslts: no update would remove anything of this name" in asked.err


def test_a_bucket_that_an_update_could_not_delete_is_named_and_is_not_done(fleet: Fleet) -> None:
    deploy_two(fleet)
    both = ("--remove", "bucket:results", "--remove", "repository:serving")
    ran = fleet.run("deploy", *both)
    assert (ran.code, there(fleet)) == (1, {RESULTS})
    said = "UPDATE_COMPLETE: Update successful. One or more resources could not be deleted."
    assert f"demo-seat01-storage: {said}; in no stack any more: bucket {RESULTS} (" in ran.out
    assert ran.out.count("; in the end it is deleted by: workshop teardown -e dev") == 1
    again = fleet.run("deploy")
    assert (again.code, again.out.splitlines()[-1]) == (0, "seats: 1 unchanged")
    assert said in again.out


def test_what_is_to_be_kept_and_is_removed_on_request_is_named(fleet: Fleet) -> None:
    deploy_two(fleet, DeletionPolicy="RetainExceptOnCreate")
    ran = fleet.run("deploy", "--remove", "bucket:results", "--remove", "repository:serving")
    assert (ran.code, there(fleet)) == (0, {RESULTS})
    assert (
        f"left outside: demo-seat01-storage in no stack any more: bucket {RESULTS};"
        " in the end it is deleted by: workshop teardown -e dev"
    ) in ran.err
