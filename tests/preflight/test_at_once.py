"""What a class uses at once, beside what everybody else uses: jobs, endpoints, fallbacks."""

from __future__ import annotations

from typing import Any

from tests.support.preflights import HOME, THREE, Preflights, one, refused
from workshop.preflight import CheckState

IMAGE = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/mine:1"

GPU = [
    ("ml.g5.xlarge for training job usage", "access.training_instance_types"),
    ("ml.g5.xlarge for endpoint usage", "access.endpoint_instance_types"),
    ("ml.m5.xlarge for processing job usage", "access.processing_instance_types"),
]


def test_a_type_of_which_there_is_none_fails_and_too_few_for_all_refuse_until_accepted(
    preflights: Preflights,
) -> None:
    preflights.cloud.quotas(region=HOME.region, sagemaker={name: 0 for name, _ in GPU})
    report = preflights.ask(THREE)
    assert sorted(refused(report)) == sorted(name for name, _ in GPU)
    for name, setting in GPU:
        assert one(report, name).message == (
            "0 for 3 seats of attendee: nobody can use it; ask AWS for 3, or take it out of "
            + setting
        )
    preflights.cloud.quotas(region=HOME.region, sagemaker={name: 2 for name, _ in GPU})
    report = preflights.ask(THREE)
    assert sorted(refused(report)) == sorted(name for name, _ in GPU)
    for name, _ in GPU:
        check = one(report, name)
        assert check.state == CheckState.SHORT
        assert check.message == (
            "you need 3 (3 seats of attendee, 0 used by others), AWS allows 2: 1 too few; ask AWS"
            f" for 3, or have seats take turns: --accept-short {check.quota_code}"
        )
        assert "--desired-value 3 --region eu-west-1" in check.request
    codes = [one(report, name).quota_code for name, _ in GPU]
    assert refused(preflights.ask(THREE, accept=codes[1:])) == [GPU[0][0]]
    accepted = preflights.ask(THREE, accept=codes)
    assert accepted.passed
    assert len(accepted.of(CheckState.WAIVED)) == len(GPU)


def test_jobs_and_endpoints_of_others_count_and_those_of_the_seats_do_not(
    preflights: Preflights,
) -> None:
    cloud = preflights.cloud
    cloud.delays(training=600, processing=600, endpoint=600)
    client, role = cloud.client("sagemaker", region=HOME.region), cloud.role()
    ours = [{"Key": "workshop", "Value": "vision"}, {"Key": "attendee", "Value": "seat02"}]

    def machines(count: int, kind: str) -> dict[str, Any]:
        return {"InstanceType": kind, "InstanceCount": count, "VolumeSizeInGB": 5}

    for name, tags, more in (
        ("theirs", [], {}),
        ("vision-seat01-fit", [], {}),
        ("mine", ours, {}),
        (
            "spare",
            [],
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
            },
        ),
    ):
        client.create_training_job(
            **{
                "TrainingJobName": name,
                "RoleArn": role,
                "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
                "OutputDataConfig": {"S3OutputPath": "s3://out/"},
                "ResourceConfig": machines(1, "ml.g5.xlarge"),
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                "Tags": tags,
                **more,
            }
        )
    client.create_processing_job(
        ProcessingJobName="theirs",
        ProcessingResources={"ClusterConfig": machines(3, "ml.m5.xlarge")},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=role,
    )
    client.create_model(
        ModelName="theirs", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=role
    )
    variant = {
        "VariantName": "all",
        "ModelName": "theirs",
        "InstanceType": "ml.g5.xlarge",
        "InitialInstanceCount": 2,
    }
    client.create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="theirs", EndpointConfigName="theirs")

    report = preflights.ask(THREE)
    used = {name: one(report, name).used for name, _ in GPU}
    assert used == {GPU[0][0]: 1, GPU[1][0]: 2, GPU[2][0]: 3}
    assert one(report, "Number of instances across all training jobs").used == 2
    # Of the 4 there are, 3 are needed: 1 more is free, and others have 2 in endpoints.
    assert refused(report) == ["ml.g5.xlarge for endpoint usage"]
    assert "--desired-value 5 " in one(report, "ml.g5.xlarge for endpoint usage").request


def test_what_others_use_is_unknown_where_it_cannot_be_read(preflights: Preflights) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "sagemaker:ListEndpoints"})
    report = preflights.ask(THREE)
    assert refused(report) == [
        "ml.m5.large for endpoint usage",
        "ml.g5.xlarge for endpoint usage",
        "Number of instances across active endpoints",
    ]
    assert {one(report, subject).state for subject in refused(report)} == {CheckState.UNKNOWN}
    assert preflights.ask(THREE, accept=refused(report)).passed


def test_the_sum_over_all_types_is_asked_too_and_alone_in_managed_mode(
    preflights: Preflights,
) -> None:
    name = "Number of instances across all training jobs"
    preflights.cloud.quotas(region=HOME.region, sagemaker={name: 0})
    managed = THREE + "profiles: {attendee: {access: {mode: managed}}}\n"
    report = preflights.ask(managed)
    assert refused(report) == [name]
    assert (
        one(report, name).message == "0 for 3 seats of attendee: nobody can use it; ask AWS for 3"
    )
    assert not any("for training job usage" in check.subject for check in report.checks)


def test_required_spot_training_asks_for_the_quota_of_spot(preflights: Preflights) -> None:
    spot = THREE + "profiles: {attendee: {access: {managed_spot: required}}}\n"
    report = preflights.ask(spot)
    subjects = {check.subject for check in report.checks}
    assert "ml.g5.xlarge for spot training job usage" in subjects
    assert "ml.g5.xlarge for training job usage" not in subjects
    assert refused(report) == [
        "ml.m5.large for training job usage (has to be 0)",
        "ml.g5.xlarge for training job usage (has to be 0)",
    ]
    assert one(report, refused(report)[1]).message == (
        "4, so attendee can still train on demand; ask AWS Support to lower it to 0, since IAM has"
        " no condition for spot, or set access.managed_spot to allowed"
    )
    on_demand = ("ml.m5.large for training job usage", "ml.g5.xlarge for training job usage")
    preflights.cloud.quotas(region=HOME.region, sagemaker=dict.fromkeys(on_demand, 0))
    assert preflights.ask(spot).passed
    total = "Number of instances across all spot training jobs"
    preflights.cloud.quotas(region=HOME.region, sagemaker={total: 2})
    report = preflights.ask(spot)
    assert (refused(report), one(report, total).quota_code) == ([total], "L-93958082")


def test_a_fallback_that_the_account_may_not_use_is_a_warning(preflights: Preflights) -> None:
    name = "ml.t3.large for notebook instance usage"
    preflights.cloud.quotas(region=HOME.region, sagemaker={name: 0})
    notebook = "{notebook: {fallback_instance_types: [ml.t3.large]}}"
    report = preflights.ask(f"{THREE}profiles: {{attendee: {notebook}}}\n")
    assert report.passed
    assert one(report, name).state == CheckState.WARNING
