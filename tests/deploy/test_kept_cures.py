"""What deleted stacks kept is named before it hinders anything, and the cure takes it away."""

from __future__ import annotations

import json

import pytest

from tests.deploy.test_kept import with_template
from tests.support.cures import COMMAND, SEAT, Situation, follow
from tests.support.small_workshop import Fleet, repository
from workshop.deploy.plan import DeployPlan
from workshop.deploy.templates import Template

KEEP = "profiles: {attendee: {registry: {repositories: {training: {keep: true}}}}}"


def keeping_plan(fleet: Fleet, kind: str, type_: str, yaml: str) -> DeployPlan:
    """The plan of an edition that keeps what stacks of a kind make of a type."""
    fleet.write(1, yaml)
    plan = fleet.plan()
    (desired,) = (one.desired for one in plan.stacks if one.desired.kind == kind)
    document = desired.templates[0].document
    for resource in document["Resources"].values():
        if resource["Type"] == type_:
            resource["DeletionPolicy"] = "RetainExceptOnCreate"
        # The templates are another environment's.
        for tag in resource["Properties"].get("Tags", []):
            if tag["Key"] == "environment":
                tag["Value"] = "dev"
    return with_template(plan, kind, Template(json.dumps(document), "kept"))


def kept(kind: str, type_: str, yaml: str) -> Situation:
    """An edition whose stacks were deleted kept what those of a kind make of a type."""

    def was_kept(fleet: Fleet) -> None:
        assert fleet.deploy(plan=keeping_plan(fleet, kind, type_, yaml)).good
        for stack in sorted(fleet.statuses(), key=lambda name: SEAT not in name):
            assert fleet.cloud.destroy(stack) == "DELETE_COMPLETE", stack
        [name] = kept_names(fleet)
        if kind != "registry":
            fleet.cloud.client("s3").put_object(Bucket=name, Key="train/work", Body=b"x")
        assert fleet.statuses() == {}
        assert kept_names(fleet) == {KEPT_NAMES[kind]}

    was_kept.__name__ = f"{kind}_was_kept"
    return was_kept


KEPT_NAMES = {
    "storage": f"demo-{SEAT}-data-000000000000-us-east-1",
    "registry": repository(SEAT),
    "cohort": "demo-cohort-datasets-000000000000-us-east-1",
}


def kept_names(fleet: Fleet) -> set[str]:
    buckets = fleet.cloud.client("s3").list_buckets()["Buckets"]
    repositories = fleet.cloud.client("ecr").describe_repositories()["repositories"]
    return {one["Name"] for one in buckets} | {one["repositoryName"] for one in repositories}


KEPT = (
    (
        *("storage", "AWS::S3::Bucket"),
        "profiles: {attendee: {storage: {buckets: {data: {keep: true}}}}}",
    ),
    ("registry", "AWS::ECR::Repository", KEEP),
    ("cohort", "AWS::S3::Bucket", "cohort: {keep_datasets: true}"),
)
KEEPING = tuple(kept(*one) for one in KEPT)


def without_keep(fleet: Fleet) -> None:
    fleet.write(1)


@pytest.mark.parametrize(
    "keeping",
    [pytest.param(KEEPING[0], marks=pytest.mark.long), KEEPING[2]],
    ids=["storage", "cohort"],
)
def test_what_was_kept_is_refused_before_anything_is_made_and_its_cure_saves_it(
    fleet: Fleet, keeping: Situation
) -> None:
    keeping(fleet)
    refused = fleet.run("deploy")
    assert (refused.code, fleet.statuses()) == (3, {})
    (cure,) = [
        command
        for command in COMMAND.findall(refused.out + refused.err)
        if command.startswith("workshop teardown")
    ]
    without_keep(fleet)
    follow(fleet, cure)
    assert kept_names(fleet) == set()
    assert [path.name for path in (fleet.folder / "saved").rglob("train/work")] == ["work"]


@pytest.mark.parametrize(
    ("noun", "keeping"),
    [("bucket", KEPT[0]), pytest.param("repository", KEPT[1], marks=pytest.mark.long)],
)
def test_what_was_kept_is_named_by_whoever_calls_the_rest_gone(
    fleet: Fleet, noun: str, keeping: tuple[str, str, str]
) -> None:
    assert fleet.deploy(plan=keeping_plan(fleet, *keeping)).good
    follow(fleet, "workshop teardown -e dev --early")
    kept = f"kept on request: {noun} {KEPT_NAMES[keeping[0]]}"
    assert fleet.run("status").out.endswith(f"nothing is left but what is {kept}\n")
    left = fleet.run("leftovers")
    assert (left.code, left.err.splitlines()[-1]) == (0, kept)
    report = max((fleet.folder / ".workshop" / "dev").glob("teardown-*.md")).read_text()
    assert "nothing of workshop 'demo' but what is kept on request" in report


@pytest.mark.parametrize(
    "keeping",
    [KEPT[0], pytest.param(KEPT[2], marks=pytest.mark.long)],
    ids=["storage", "cohort"],
)
def test_a_bucket_that_is_to_be_kept_is_no_hindrance_after_a_creation_that_failed(
    fleet: Fleet, keeping: tuple[str, str, str]
) -> None:
    plan = keeping_plan(fleet, *keeping)
    failing = {"effect": "handler", "type": "AWS::S3::BucketPolicy", "code": "InvalidRequest"}
    fleet.cloud.faults({**failing, "after": int(keeping[0] == "storage")})
    assert not fleet.deploy(plan=plan).good
    assert KEPT_NAMES[keeping[0]] not in kept_names(fleet)
    fleet.cloud.faults()
    assert fleet.run("deploy").code == 0
