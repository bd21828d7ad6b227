"""Whose SageMaker's resources are: by role, by maker, by tag and by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, HERE, context, found, serves, trains, whose
from workshop.aws.clients import Clients
from workshop.teardown import discovery
from workshop.teardown.resource import Ownership, SeenRole
from workshop.teardown.resources import ALL
from workshop.teardown.scan_target import ScanTarget

OWNED, CLAIMED, FOREIGN, UNKNOWN = (
    Ownership.OWNED,
    Ownership.CLAIMED,
    Ownership.FOREIGN,
    Ownership.UNKNOWN,
)


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    cloud.delays(training=3600, processing=3600, transform=3600, tuning=3600, endpoint=0, tick=0)
    return teardown_demo.connect(cloud, monkeypatch)


def test_a_job_is_owned_by_its_role_whatever_its_name_and_tags(
    cloud: Cloud, clients: Clients
) -> None:
    trains(cloud, "nameless", teardown_demo.role(cloud, ADA))
    assert whose(context(clients), "training job") == {"nameless": (OWNED, "ada")}


def test_a_role_that_was_deleted_by_hand_still_proves(cloud: Cloud, clients: Clients) -> None:
    trains(cloud, "orphan", teardown_demo.role(cloud, ADA))
    serves(cloud, "orphan", ADA.role_arn, ADA)
    cloud.client("iam").delete_role(RoleName=ADA.role)
    for resource_type in ("training job", "model", "endpoint configuration", "endpoint"):
        assert whose(context(clients), resource_type) == {"orphan": (OWNED, "ada")}, resource_type


def test_a_look_alike_with_another_role_is_foreign_and_others_are_not_even_listed(
    cloud: Cloud, clients: Clients
) -> None:
    foreign = cloud.role("demo-ada-us-east-1-execution")  # of that name, but of another path
    trains(cloud, "demo-ada-fit", foreign)
    trains(cloud, "other", foreign)
    serves(cloud, "demo-ada-serve", foreign)
    serves(cloud, "other", foreign)
    assert whose(context(clients), "training job") == {"demo-ada-fit": (FOREIGN, "")}
    for resource_type in ("model", "endpoint configuration", "endpoint"):
        assert whose(context(clients), resource_type) == {"demo-ada-serve": (FOREIGN, "")}, (
            resource_type
        )


def test_the_prefix_of_another_project_claims_nothing(cloud: Cloud, clients: Clients) -> None:
    client = cloud.client("sagemaker")
    for name in ("demo-transformer-x", "demo-ada-x", "demolition-ada-x"):
        client.create_model(ModelName=name, PrimaryContainer={"Image": teardown_demo.IMAGE})
    assert whose(context(clients), "model") == {
        "demo-ada-x": (CLAIMED, "ada"),
        "demo-transformer-x": (FOREIGN, ""),
    }


def test_tags_are_only_a_claim_and_another_workshops_tags_none(
    cloud: Cloud, clients: Clients
) -> None:
    client = cloud.client("sagemaker")
    for name, tags in {
        "tagged": {"workshop": "demo", "attendee": "ada"},
        "demo-ada-theirs": {"workshop": "other", "attendee": "ada"},
    }.items():
        client.create_model(
            ModelName=name,
            PrimaryContainer={"Image": teardown_demo.IMAGE},
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
    arns = {one["ModelName"]: one["ModelArn"] for one in client.list_models()["Models"]}
    seen = context(
        clients,
        tagged={
            arns["tagged"]: {"workshop": "demo", "attendee": "ada"},
            arns["demo-ada-theirs"]: {"workshop": "other", "attendee": "ada"},
        },
    )
    assert whose(seen, "model") == {"tagged": (CLAIMED, "ada"), "demo-ada-theirs": (FOREIGN, "")}


def test_only_the_chosen_seats_are_looked_at(cloud: Cloud, clients: Clients) -> None:
    trains(cloud, "hers", teardown_demo.role(cloud, ADA))
    trains(cloud, "his", teardown_demo.role(cloud, BEN))
    trains(cloud, "demo-ben-fit", cloud.role("somebody"))
    assert whose(context(clients, "ada", whole=False), "training job") == {"hers": (OWNED, "ada")}
    assert whose(context(clients, "ada", whole=True), "training job") == {
        "hers": (OWNED, "ada"),
        "his": (OWNED, "ben"),
        "demo-ben-fit": (FOREIGN, ""),
    }


def test_what_cannot_be_described_is_unknown_and_hides_nothing(
    cloud: Cloud, clients: Clients
) -> None:
    trains(cloud, "open", teardown_demo.role(cloud, ADA))
    trains(cloud, "closed", ADA.role_arn)
    cloud.faults(
        {"effect": "denied", "operation": "sagemaker:DescribeTrainingJob", "match": "closed"}
    )
    seen = found(context(clients), "training job")
    assert {name: one.ownership for name, one in seen.items()} == {
        "open": OWNED,
        "closed": UNKNOWN,
    }
    assert "AccessDenied" in seen["closed"].why
    assert seen["closed"].hourly is None


def test_a_listing_that_fails_makes_its_kind_unknown_and_no_other(
    cloud: Cloud, clients: Clients
) -> None:
    trains(cloud, "hers", teardown_demo.role(cloud, ADA))
    cloud.faults(
        {"effect": "denied", "operation": "sagemaker:ListModels"},
        {"effect": "not-offered", "operation": "sagemaker:ListLabelingJobs"},
    )
    target = ScanTarget("demo", "demo", {teardown_demo.HERE: frozenset({"ada"})}, whole=True)
    seen = discovery.discover(clients, target, ALL)
    assert [one.resource_type for one in seen.unknown] == ["model"]
    assert ("training job", "hers", teardown_demo.HERE) in seen.resources
    assert set(seen.not_offered) == {"labeling job"}


@pytest.mark.parametrize("count", [26, 51, 101, 201])
def test_every_page_is_read(cloud: Cloud, clients: Clients, count: int) -> None:
    client, role = cloud.client("sagemaker"), teardown_demo.role(cloud, ADA)
    for number in range(count):
        client.create_model(
            ModelName=f"m{number}",
            PrimaryContainer={"Image": teardown_demo.IMAGE},
            ExecutionRoleArn=role,
        )
    assert len(found(context(clients), "model")) == count


def test_what_has_no_role_is_proven_by_its_maker(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    hers = cloud.as_role(ADA.role_arn).client("sagemaker")
    other = cloud.as_role(cloud.role("somebody")).client("sagemaker")
    for client, name in ((hers, "hers"), (other, "demo-ada-x"), (other, "theirs")):
        client.create_experiment(ExperimentName=name)
        client.create_trial(ExperimentName=name, TrialName=name)
        client.create_trial_component(TrialComponentName=name)
        client.create_model_package_group(ModelPackageGroupName=name)
        client.create_model_package(ModelPackageGroupName=name, InferenceSpecification=_served())
    for resource_type in ("experiment", "trial", "trial component", "model package group"):
        assert whose(context(clients), resource_type) == {
            "hers": (OWNED, "ada"),
            "demo-ada-x": (FOREIGN, ""),
        }, resource_type
    packages = whose(context(clients), "model package")
    assert {name.rpartition("package/")[2]: one for name, one in packages.items()} == {
        "hers/1": (OWNED, "ada"),
        "demo-ada-x/1": (FOREIGN, ""),
    }
    # The session's ARN has no path: another role of that name speaks against it.
    cloud.client("iam").delete_role(RoleName=ADA.role)
    cloud.role(ADA.role)
    assert "hers" not in whose(context(clients), "experiment")


def test_a_role_that_is_gone_proves_by_its_id_and_by_its_name_claims_at_most(
    cloud: Cloud, clients: Clients
) -> None:
    iam = cloud.client("iam")
    names = {
        "hers": ADA.role,
        "of-no-region": "demo-data-science-execution",
        "of-another-region": "demo-ada-eu-west-1-execution",
        "of-no-seat": "demo-zoe-us-east-1-execution",
    }
    seen: list[SeenRole] = []
    for name, role in names.items():
        session = cloud.as_role(cloud.role(role)).client("sagemaker")
        session.create_experiment(ExperimentName=name)
        made = iam.get_role(RoleName=role)["Role"]
        seen.append(
            SeenRole(HERE.account, role, made["RoleId"], made["CreateDate"], made["CreateDate"])
        )
        iam.delete_role(RoleName=role)
    # Its name alone: only that of this place's Region and of a seat that is known claims anything.
    assert whose(context(clients), "experiment") == {"hers": (CLAIMED, "ada")}
    # Its id, as an earlier scan noted it below the workshop's path.
    assert whose(context(clients, roles=(seen[0],)), "experiment") == {"hers": (OWNED, "ada")}
    # A later role of the name, this time the workshop's, did not make what is older.
    teardown_demo.role(cloud, ADA)
    assert whose(context(clients), "experiment") == {"hers": (CLAIMED, "ada")}


def test_what_a_job_leaves_is_proven_by_the_job(cloud: Cloud, clients: Clients) -> None:
    trains(cloud, "fit", teardown_demo.role(cloud, ADA))
    assert whose(context(clients), "trial component") == {"fit-aws-training-job": (OWNED, "ada")}


def test_an_endpoint_is_proven_by_its_models_only_if_all_are_ours(
    cloud: Cloud, clients: Clients
) -> None:
    client = cloud.client("sagemaker")
    mine, theirs = teardown_demo.role(cloud, ADA), cloud.role("somebody")
    for name, role in (("mine", mine), ("theirs", theirs)):
        client.create_model(
            ModelName=name, PrimaryContainer={"Image": teardown_demo.IMAGE}, ExecutionRoleArn=role
        )
    for config, models in {"both": ("mine", "theirs"), "demo-ada-both": ("mine", "theirs")}.items():
        client.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {
                    "VariantName": model,
                    "ModelName": model,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
                for model in models
            ],
        )
    assert whose(context(clients), "endpoint configuration") == {"demo-ada-both": (CLAIMED, "ada")}


def test_scaling_belongs_to_whom_its_endpoint_does(cloud: Cloud, clients: Clients) -> None:
    serves(cloud, "mine", teardown_demo.role(cloud, ADA), ADA)
    serves(cloud, "theirs", cloud.role("somebody"))
    scaling = cloud.client("application-autoscaling")
    for name in ("mine", "theirs"):
        scaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{name}/variant/all",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=2,
        )
    seen = found(context(clients), "scalable target")
    assert [(one.ownership, one.seat) for one in seen.values()] == [(OWNED, "ada")]
    [target] = seen.values()
    resource_type = teardown_demo.RESOURCE_TYPES["scalable target"]
    assert resource_type.state(context(clients), target) == ""
    resource_type.delete(context(clients), target)
    resource_type.delete(context(clients), target)
    assert resource_type.state(context(clients), target) is None


def test_every_kind_of_job_and_record_is_proven_by_its_role(cloud: Cloud, clients: Clients) -> None:
    role, client = teardown_demo.role(cloud, ADA), cloud.client("sagemaker")
    cloud.client("s3").create_bucket(Bucket="data")
    cloud.client("s3").put_object(Bucket="data", Key="x/model.tar.gz", Body=b"x")
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}
    client.create_processing_job(
        ProcessingJobName="one",
        ProcessingResources={"ClusterConfig": cluster},
        AppSpecification={"ImageUri": teardown_demo.IMAGE},
        RoleArn=role,
    )
    client.create_model(
        ModelName="one", PrimaryContainer={"Image": teardown_demo.IMAGE}, ExecutionRoleArn=role
    )
    client.create_transform_job(
        TransformJobName="one",
        ModelName="one",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x"}}
        },
        TransformOutput={"S3OutputPath": "s3://data/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=[{"Key": "workshop", "Value": "demo"}, {"Key": "attendee", "Value": "ada"}],
    )
    client.create_pipeline(
        PipelineName="one",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": []}),
        ClientRequestToken="0" * 32,
        RoleArn=role,
    )
    client.create_feature_group(
        FeatureGroupName="one",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        RoleArn=role,
    )
    client.create_mlflow_tracking_server(
        TrackingServerName="one", ArtifactStoreUri="s3://data/", RoleArn=role
    )
    client.create_notebook_instance(
        NotebookInstanceName="one",
        InstanceType="ml.t3.medium",
        RoleArn=role,
        PlatformIdentifier="notebook-al2023-v1",
    )
    seen = context(clients)
    for resource_type in (
        "processing job",
        "transform job",
        "pipeline",
        "feature group",
        "MLflow tracking server",
        "notebook",
    ):
        assert whose(seen, resource_type) == {"one": (OWNED, "ada")}, resource_type
    costs = {
        resource_type: found(seen, resource_type)["one"].hourly
        for resource_type in ("processing job", "transform job")
    }
    assert str(costs["processing job"]) == "0.230"
    assert str(costs["transform job"]) == "0.115"


def _served() -> dict[str, Any]:
    return {
        "Containers": [{"Image": teardown_demo.IMAGE}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
