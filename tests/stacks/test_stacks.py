"""What must hold for every template of every shipped environment, whatever its contents."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import yaml

from stacks import app
from stacks.cdk_yaml import as_cdk_sends
from tests.support.assemblies import ENVIRONMENTS, exemplars, shipped
from tests.support.cdk_command import CDK
from workshop import tags
from workshop.naming import COHORT, MLFLOW_APP, SEAT_STACKS, WATCH
from workshop.policies import documents, layout

INLINE_LIMIT = 51_200
BOUNDARY_ROOM = 4_800
"""How many characters the boundary of a shipped environment may have, so that it can grow."""
KEEPING = ("DeletionPolicy", "UpdateReplacePolicy")
DATA = {"AWS::S3::Bucket", "AWS::ECR::Repository"}
# CloudFormation gives these no Tags property (their resource schemas).
UNTAGGABLE = {
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
}


def templates(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    assembly = shipped(name)
    for stack in assembly.stacks():
        yield stack, assembly.template(stack)


def resources(name: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack, template in templates(name):
        for resource in template["Resources"].values():
            if resource["Type"] == kind:
                yield stack, resource


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_template_travels_inline(name: str) -> None:
    assembly = shipped(name)
    sizes = {stack: len(assembly.text(stack).encode()) for stack in assembly.stacks()}
    assert sizes, "no stacks"
    assert {stack: size for stack, size in sizes.items() if size >= INLINE_LIMIT} == {}
    as_yaml = {
        stack: len(as_cdk_sends(assembly.template(stack)))
        for stack, size in sizes.items()
        if size > INLINE_LIMIT // 2
    }
    assert as_yaml, "none is large"
    assert {stack: size for stack, size in as_yaml.items() if size >= INLINE_LIMIT} == {}


def test_our_yaml_is_as_long_as_that_of_the_cdk_command_line() -> None:
    assembly = shipped("prod")
    for stack in (COHORT, f"{COHORT}-{WATCH}"):
        name = f"{assembly.loaded.settings.workshop}-{stack}"
        printed = subprocess.run(
            [CDK, "synth", name, "--exclusively", "--no-notices", "--app", assembly.directory],
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        ours = as_cdk_sends(assembly.template(name))
        assert yaml.safe_load(printed) == yaml.safe_load(ours)
        assert 0.999 < len(ours) / len(printed) <= 1.001


def test_what_cdk_could_send_only_through_a_bootstrapped_bucket_is_told() -> None:
    assembly = shipped("prod")
    name = f"{assembly.loaded.settings.workshop}-{COHORT}"
    stack = SimpleNamespace(
        stack_name=name, template_full_path=assembly.directory / f"{name}.template.json"
    )
    read = SimpleNamespace(stacks=[stack])
    assert app.too_large_for_cdk(read) == []
    size = len(as_cdk_sends(assembly.template(name)))
    with mock.patch.object(app, "TEMPLATE_LIMIT", size - 1):
        (line,) = app.too_large_for_cdk(read)
    assert f"the template of {name} as YAML, which has {size:,} characters" in line
    assert "deploy it with 'workshop deploy', which needs no bootstrap" in line


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_nothing_needs_a_bootstrapped_account(name: str) -> None:
    manifest = shipped(name).manifest()
    kinds = {artifact["type"] for artifact in manifest["artifacts"].values()}
    assert "cdk:asset-manifest" not in kinds, "assets need a bootstrap bucket"
    text = json.dumps(manifest)
    assert "assumeRoleArn" not in text
    assert "BootstrapVersion" not in "".join(str(template) for _, template in templates(name))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_seat_has_the_stacks_of_the_map_and_the_cohort_comes_first(name: str) -> None:
    assembly = shipped(name)
    workshop = assembly.loaded.settings.workshop
    wanted = [f"{workshop}-{COHORT}{kind}" for kind in ("", "-start", "-watch")] + [
        f"{workshop}-{seat}-{kind}"
        for profile, seat in exemplars(assembly.loaded).items()
        for kind in assembly.loaded.settings.profiles[profile].stacks
    ]
    assert sorted(assembly.stacks()) == sorted(wanted)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_stacks_wait_only_for_what_they_cannot_do_without(name: str) -> None:
    assembly = shipped(name)
    workshop = assembly.loaded.settings.workshop
    artifacts = assembly.manifest()["artifacts"]
    for stack in assembly.stacks():
        artifact = artifacts[stack]
        needs = artifact.get("dependencies", [])
        seat, _, kind = stack.removeprefix(f"{workshop}-").partition("-")
        if stack == f"{workshop}-{COHORT}":
            assert sorted(needs) == [f"{stack}-start", f"{stack}-{WATCH}"]
            continue
        needed = "" if seat == COHORT else SEAT_STACKS[kind].needs
        name = f"{workshop}-{COHORT}" if needed == COHORT else f"{workshop}-{seat}-{needed}"
        expected = [name] if needed else []
        assert needs == expected, stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_stack_makes_what_the_map_says(name: str) -> None:
    for stack, template in templates(name):
        _, seat, *kind = stack.split("-")
        made = {resource["Type"] for resource in template["Resources"].values()}
        if seat != COHORT:
            # None of the shipped environments has an MLflow App.
            assert made == set(SEAT_STACKS[kind[0]].makes) - {MLFLOW_APP}, stack


def empty_strings(value: Any, path: str = "") -> Iterator[str]:
    """The paths of empty strings, but for what functions compare with or put between pieces."""
    if isinstance(value, dict):
        for key, one in value.items():
            left_out = {"Fn::Join": 1, "Fn::Equals": 2}.get(key, 0)
            yield from empty_strings(one[left_out:] if left_out else one, f"{path}/{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from empty_strings(one, f"{path}/{number}")
    elif value == "":
        yield path


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_value_is_empty_but_the_default_of_a_parameter(name: str) -> None:
    """Many a service refuses one, and CloudFormation's own pages say it of parameters alone."""
    for stack, template in templates(name):
        found = [*empty_strings(template)]
        assert all(re.fullmatch(r"/Parameters/\w+/Default", one) for one in found), (stack, found)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_stack_exports_or_imports_anything(name: str) -> None:
    for stack, template in templates(name):
        text = json.dumps(template)
        assert "Fn::ImportValue" not in text, stack
        assert '"Export"' not in text, stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_template_knows_its_account_or_seat(name: str) -> None:
    assembly = shipped(name)
    for stack, template in templates(name):
        seat = stack.split("-")[1]
        parameters = template.pop("Parameters", {})
        if seat != COHORT:
            assert parameters["AttendeeId"]["Default"] == seat
        text = json.dumps(template)
        assert assembly.loaded.settings.account not in text, stack
        if seat != COHORT:
            assert not re.search(rf"\b{seat}\b", text), stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_everything_that_can_be_tagged_is_tagged(name: str) -> None:
    for stack, template in templates(name):
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in UNTAGGABLE:
                continue
            given = resource["Properties"]["Tags"]
            # SSM takes them as a mapping.
            found = (
                given if isinstance(given, dict) else {tag["Key"]: tag["Value"] for tag in given}
            )
            where = f"{stack}/{logical_id}"
            # The digest is the stack's alone: it would be different for each seat.
            never = {tags.TEMPLATE, tags.FROZEN}
            assert found.keys() & tags.RESERVED == tags.RESERVED - never, where
            mine = COHORT if stack.split("-")[1] == COHORT else {"Ref": "AttendeeId"}
            assert found[tags.ATTENDEE] == mine, where
            assert found[tags.ENVIRONMENT] == name, where


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_stack_tags_are_concrete(name: str) -> None:
    artifacts = shipped(name).manifest()["artifacts"]
    for stack in shipped(name).stacks():
        stack_tags = artifacts[stack]["properties"]["tags"]
        assert stack_tags[tags.ATTENDEE] == stack.split("-")[1]
        assert all("$" not in value for value in stack_tags.values())


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_nothing_is_retained_unless_the_yaml_says_keep(name: str) -> None:
    assembly = shipped(name)
    settings = assembly.loaded.settings
    wanted = int(settings.cohort.keep_datasets) + sum(
        thing.keep
        for profile in exemplars(assembly.loaded)
        for things in (
            settings.profiles[profile].storage.buckets,
            settings.profiles[profile].registry.repositories,
        )
        for thing in things.values()
    )
    kept = 0
    for stack, template in templates(name):
        for logical_id, resource in template["Resources"].items():
            policies_of = tuple(resource.get(key, "Delete") for key in KEEPING)
            if resource["Type"] in DATA and policies_of == ("RetainExceptOnCreate", "Retain"):
                kept += 1
            else:
                assert policies_of == ("Delete", "Delete"), f"{stack}/{logical_id}"
    assert kept == wanted


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_personal_data_in_any_file_of_the_assembly(name: str) -> None:
    assembly = shipped(name)
    personal = {
        text for seat in assembly.loaded.seats for text in (seat.name, seat.email) if len(text) > 3
    }
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in assembly.directory.rglob("*") if path.is_file()
    )
    assert {text for text in personal if text in written} == set()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_buckets_are_private_encrypted_and_answer_over_tls_only(name: str) -> None:
    buckets = list(resources(name, "AWS::S3::Bucket"))
    bucket_policies = list(resources(name, "AWS::S3::BucketPolicy"))
    assert len(buckets) == len(bucket_policies) > 0
    for stack, bucket in buckets:
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, stack
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"], stack
        assert properties["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": "BucketOwnerEnforced"}
        ], stack
        rules = properties["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), stack
        assert any("NoncurrentVersionExpiration" in rule for rule in rules) or (
            "VersioningConfiguration" not in properties
        ), stack
    for stack, policy in bucket_policies:
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert any(
            statement["Effect"] == "Deny"
            and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in statements
        ), stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_repositories_scan_tidy_and_go_with_their_images(name: str) -> None:
    repositories = list(resources(name, "AWS::ECR::Repository"))
    assert repositories
    for stack, repository in repositories:
        properties = repository["Properties"]
        assert properties["EmptyOnDelete"] is True, stack
        assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}, stack
        lifecycle = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])
        selections = [rule["selection"]["tagStatus"] for rule in lifecycle["rules"]]
        assert selections == ["untagged", "any"], stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_role_is_for_sagemaker_alone_and_stays_inside_the_boundary(name: str) -> None:
    roles = list(resources(name, "AWS::IAM::Role"))
    assert roles
    for stack, role in roles:
        properties = role["Properties"]
        (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
        if stack.endswith(f"-{WATCH}"):
            assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}, stack
            continue
        assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}, stack
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}}
        }, stack
        assert "-boundary" in properties["PermissionsBoundary"]["Fn::Sub"], stack
        assert properties["Path"] == f"/ws/{shipped(name).loaded.settings.workshop}/", stack


def _substituted(value: dict[str, Any]) -> Any:
    return value["Fn::Sub"] if list(value) == ["Fn::Sub"] else value


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_policies_stay_within_iams_limits_and_the_boundary_can_grow(name: str) -> None:
    sizes = {
        policy["Properties"]["ManagedPolicyName"]["Fn::Sub"].rpartition("${AWS::Region}-")[2]: (
            documents.characters(
                json.loads(
                    json.dumps(policy["Properties"]["PolicyDocument"]), object_hook=_substituted
                )
            )
        )
        for _, policy in resources(name, "AWS::IAM::ManagedPolicy")
    }
    assert {part: size for part, size in sizes.items() if size > documents.MANAGED_LIMIT} == {}
    assert sizes["boundary"] <= BOUNDARY_ROOM


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_roles_carry_the_cohorts_policies_and_none_of_their_own(name: str) -> None:
    made = {
        policy["Properties"]["ManagedPolicyName"]["Fn::Sub"]
        for _, policy in resources(name, "AWS::IAM::ManagedPolicy")
    }
    for stack, role in resources(name, "AWS::IAM::Role"):
        if stack.endswith(f"-{WATCH}"):
            continue
        attached = [arn["Fn::Sub"] for arn in role["Properties"]["ManagedPolicyArns"]]
        assert "Policies" not in role["Properties"], stack
        assert len(attached) <= layout.ATTACHMENTS, stack
        assert {arn.rpartition("/")[2] for arn in attached} <= made, stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_notebooks_use_the_creatable_platform_and_imdsv2(name: str) -> None:
    notebooks = list(resources(name, "AWS::SageMaker::NotebookInstance"))
    assert notebooks
    for stack, notebook in notebooks:
        properties = notebook["Properties"]
        assert properties["PlatformIdentifier"] == "notebook-al2023-v1", stack
        assert properties["InstanceMetadataServiceConfiguration"] == {
            "MinimumInstanceMetadataServiceVersion": "2"
        }, stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_widget_can_stay_empty_for_ever(name: str) -> None:
    """CloudFormation publishes no metrics of notebook instances; jobs have to be searched for."""
    published = {
        "/aws/sagemaker/TrainingJobs",
        "/aws/sagemaker/ProcessingJobs",
        "AWS/SageMaker",
    }
    dashboards = list(resources(name, "AWS::CloudWatch::Dashboard"))
    assert dashboards
    for stack, dashboard in dashboards:
        body = dashboard["Properties"]["DashboardBody"]["Fn::Sub"]
        namespaces = set(re.findall(r"SEARCH\('\{([^,]+),", body))
        assert namespaces == published, stack
        widgets = json.loads(body)["widgets"]
        assert widgets[0]["type"] == "text", "the first widget says what is shown"
        assert all(widget["x"] + widget["width"] <= 24 for widget in widgets), stack


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_gpu_widgets_are_drawn_where_jobs_can_have_a_gpu(name: str) -> None:
    settings = shipped(name).loaded.settings
    for profile, seat in exemplars(shipped(name).loaded).items():
        access = settings.profiles[profile].access
        stack = f"{settings.workshop}-{seat}-monitoring"
        body = json.dumps(shipped(name).template(stack))
        for kind, types in (
            ("Training", access.training_instance_types),
            ("Processing", access.processing_instance_types),
        ):
            possible = any(re.match(r"ml\.[gp]\d", one) for one in types)
            assert (f"{kind} jobs: GPU" in body) is possible, f"{stack}: {kind}"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_deleting_a_cohort_that_is_in_use_harms_nothing(name: str) -> None:
    """The boundary depends on everything else, so it is deleted, or refuses to go, first."""
    workshop = shipped(name).loaded.settings.workshop
    cohort = shipped(name).template(f"{workshop}-{COHORT}")["Resources"]
    (boundary,) = (
        one
        for one in cohort.values()
        if "-boundary" in json.dumps(one["Properties"]) and one["Type"] == "AWS::IAM::ManagedPolicy"
    )
    others = {key for key, resource in cohort.items() if resource is not boundary}
    assert set(boundary["DependsOn"]) == others


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_stack_carries_its_templates_digest(name: str) -> None:
    assembly = shipped(name)
    for stack, artifact in assembly.manifest()["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            told = artifact["properties"]["tags"][tags.TEMPLATE]
            assert told == tags.template_digest(assembly.text(stack)), stack
