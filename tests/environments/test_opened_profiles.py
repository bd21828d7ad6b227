"""Profiles as labs need them: whole families of machines, and every key at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, mistakes, write
from workshop.access import permissions
from workshop.access.permissions import AccessQuestion
from workshop.config import instance_types
from workshop.config.profiles import Access
from workshop.naming import Names
from workshop.pricing import caps

ACCESS = f"{HEAD}{SEATS}profiles:\n  attendee:\n    access:\n"
EVERYTHING = f"""{HEAD}{SEATS}profiles:
  attendee:
    mlflow: app
    access:
      training_instance_types: [ml.m5.*, ml.m4.*, ml.c5.*, ml.g4dn.*, ml.g5.*, ml.p3.*]
      processing_instance_types: [ml.m5.*, ml.m4.*, ml.c5.*, ml.c4.*, ml.r5.*]
      endpoint_instance_types: [ml.m5.*, ml.m4.*, ml.c5.*, ml.g4dn.*, ml.g5.*, ml.t2.*, ml.inf2.*]
      max_runtime_hours: 120
      warm_pools: true
      serverless: {{max_concurrency: 10, memory_mb: 6144}}
      autoscaling: true
      feature_store: true
      model_packages: true
      logs: shared
      public_buckets:
        - sagemaker-sample-files
        - sagemaker-example-files-prod-us-east-1
        - sagemaker-sample-data-us-east-1
        - jumpstart-cache-prod-us-east-1
        - jumpstart-private-cache-prod-us-east-1
        - hf-sagemaker-inference
        - dsoaws
        - aws-ml-blog
"""
"""What thirteen published workshops need together."""
SHARED = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-tracking-server/class"


def test_a_profile_for_all_published_workshops_together_fits_into_iams_policies(
    tmp_path: Path,
) -> None:
    write(tmp_path, EVERYTHING)
    assert mistakes(tmp_path) == []


def test_a_family_stands_for_its_sizes_small_ones_first(tmp_path: Path) -> None:
    write(
        tmp_path, f"{ACCESS}      training_instance_types: [ml.g5.*, ml.m5.large, ml.g5.xlarge]\n"
    )
    loaded = load(tmp_path)
    access = loaded.settings.profiles["attendee"].access
    types = instance_types.expanded("training", access.training_instance_types)
    assert types[:3] == ("ml.g5.xlarge", "ml.g5.2xlarge", "ml.g5.4xlarge")
    assert types.count("ml.g5.xlarge") == 1
    names = Names("vision", "seat01", "111122223333", "eu-west-1")
    cell = permissions.cell(names, loaded.settings.profiles["attendee"], loaded.settings)
    own: dict[str, str | list[str]] = {
        "aws:RequestTag/attendee": "seat01",
        "aws:RequestTag/workshop": "vision",
    }

    def trains(instance_type: str) -> bool:
        context = {**own, "sagemaker:InstanceTypes": [instance_type]}
        job = names.sagemaker_arn("training-job", "a")
        return cell.decide(AccessQuestion("sagemaker:CreateTrainingJob", job, context)).allowed

    assert trains("ml.g5.48xlarge")
    assert not trains("ml.g5en.xlarge")
    assert not trains("ml.m5.xlarge")
    allowed = {
        one.instance_type
        for one in caps.allowed_types("attendee", loaded.settings.profiles["attendee"])
        if one.use == "training"
    }
    assert allowed == {*types}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "ml.m55.*",
            "'ml.m55.*' is no family of instance types for training that this release knows",
        ),
        ("ml.m5.larg", "'ml.m5.larg' is no training instance type that this release knows"),
    ],
)
def test_an_unknown_family_is_asked_about_as_an_unknown_type_is(
    tmp_path: Path, written: str, told: str
) -> None:
    write(tmp_path, f"{ACCESS}      training_instance_types: [{written}]\n")
    (warning, *_) = load(tmp_path).warnings
    assert told in warning
    assert "did you mean 'ml.m5." in warning


@pytest.mark.parametrize("written", ["'*'", "ml.*", "ml.m5", "ml.m5.*xlarge"])
def test_a_wildcard_stands_for_all_sizes_of_a_family_and_for_nothing_else(
    tmp_path: Path, written: str
) -> None:
    write(tmp_path, f"{ACCESS}      training_instance_types: [{written}]\n")
    (mistake,) = mistakes(tmp_path)
    assert "is neither a SageMaker instance type nor a family of them; write one such as" in mistake


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        (
            f"{HEAD}{SEATS}profiles: {{attendee: {{notebook:"
            " {instance_type: ml.p3.2xlarge}}}\n",
            "profiles.attendee.notebook.instance_type: 'ml.p3.2xlarge' cannot be a notebook:"
            " notebook-al2023-v1 does not run on ml.p3; use another family",
        ),
        (
            f"{HEAD}{SEATS}profiles: {{attendee: {{notebook:"
            " {fallback_instance_types: [ml.g4dn.xlarge, ml.inf1.xlarge]}}}\n",
            "profiles.attendee.notebook.fallback_instance_types[1]: 'ml.inf1.xlarge' cannot be",
        ),
    ],
)
def test_a_notebook_of_a_family_without_the_platform_is_a_mistake(
    tmp_path: Path, yaml: str, told: str
) -> None:
    write(tmp_path, yaml)
    (mistake,) = mistakes(tmp_path)
    assert told in mistake


@pytest.mark.parametrize(
    ("written", "minutes"), [("false", 0), ("true", 60), ("1", 1), ("10", 10), ("60", 60)]
)
def test_pools_last_for_minutes_or_as_long_as_they_can(
    tmp_path: Path, written: str, minutes: int
) -> None:
    write(tmp_path, f"{ACCESS}      warm_pools: {written}\n")
    assert load(tmp_path).settings.profiles["attendee"].access.warm_pool_minutes == minutes
    assert Access().warm_pool_minutes == 0


@pytest.mark.parametrize("written", ["61", "0", "'yes'", "-1"])
def test_a_pool_of_any_other_length_is_a_mistake(tmp_path: Path, written: str) -> None:
    write(tmp_path, f"{ACCESS}      warm_pools: {written}\n")
    assert mistakes(tmp_path) != []


def test_a_shared_mlflow_and_autoscaling_say_what_they_mean(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"{ACCESS}      autoscaling: true\n    mlflow: {{shared: '{SHARED}'}}\n",
    )
    shared, scaling = load(tmp_path).warnings
    assert shared == (
        "profiles.attendee.mlflow is shared: every seat of the profile reads, changes and deletes"
        f" what all seats keep in {SHARED}; 'app' gives each seat its own"
    )
    assert scaling.endswith(
        "'aws iam create-service-linked-role --aws-service-name"
        " sagemaker.application-autoscaling.amazonaws.com'"
    )


@pytest.mark.parametrize("written", ["server", "{shared: class}", "true"])
def test_mlflow_is_an_app_or_the_arn_of_a_shared_one(tmp_path: Path, written: str) -> None:
    write(tmp_path, f"{HEAD}{SEATS}profiles: {{attendee: {{mlflow: {written}}}}}\n")
    assert mistakes(tmp_path) != []


def test_what_a_statement_opens_and_caps_still_deny_is_told_with_it(tmp_path: Path) -> None:
    statement = "{sid: More, actions: ['sagemaker:CreateEndpointConfig'], resources: ['*']}"
    write(tmp_path, f"{ACCESS}      extra_statements: [{statement}]\n")
    opened, *_ = load(tmp_path).warnings
    assert opened == (
        "profiles.attendee.access.extra_statements opens sagemaker:CreateEndpointConfig on * to"
        " every seat of the profile, but for what ServingOtherNames, EndpointInstanceTypes,"
        " ComputeWithoutInstances, ServerlessEndpoints deny"
    )
