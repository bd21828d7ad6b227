"""The smallest profile for labs: each key is needed, and what stays closed has a reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab_files import (
    FEATURES,
    MONITOR,
    POOL,
    PUSH,
    REGISTER,
    SAMPLES,
    SELECT,
    SERVE,
    TRAIN,
    write_notebook,
)
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.fit import closed, content, fitting, labs
from workshop.fit.fitting import Fitting, Policies, applied
from workshop.fit.needs import NEEDS, Labs
from workshop.naming import Names
from workshop.policies.extra import refused

NAMES = Names("vision", "ada", "111122223333", "eu-west-1")
ALL = (TRAIN, SERVE, POOL, SAMPLES, FEATURES, REGISTER, MONITOR, SELECT, PUSH)


def needed(folder: Path, cells: Sequence[str], base: Profile | None = None) -> Labs:
    """Return what these cells need, in an environment that is new unless it has a profile."""
    write_notebook(folder, "lab.ipynb", *cells)
    found = labs.read(content.read_folder(folder))
    return Labs(found, "eu-west-1", base or Profile(), keeps=base is not None)


def environment(profile: Profile) -> Environment:
    return Environment.model_validate(
        {
            "workshop": "vision",
            "account": "111122223333",
            "region": "eu-west-1",
            "start": "2026-12-01T09:00:00+01:00",
            "end": "2026-12-02T17:00:00+01:00",
            "roster": {"seats": 2},
            "profiles": {"attendee": profile},
        }
    )


def fit(folder: Path, cells: Sequence[str], base: Profile | None = None) -> Fitting:
    of = needed(folder, cells, base)
    return fitting.fit(of, NAMES, environment(of.base), "attendee")


def values(made: Fitting) -> dict[str, Any]:
    return {".".join(setting.key): setting.value for setting in made.settings}


def test_labs_get_the_keys_that_they_need_and_no_others(tmp_path: Path) -> None:
    assert values(fit(tmp_path, ALL)) == {
        "access.training_instance_types": ["ml.g5.2xlarge", "ml.m5.4xlarge"],
        "access.processing_instance_types": ["ml.m5.large"],
        "access.endpoint_instance_types": ["ml.c5.xlarge"],
        "access.warm_pools": 10,
        "access.feature_store": True,
        "access.model_packages": True,
        "access.public_buckets": ["sagemaker-sample-files"],
        "notebook.root_access": True,
    }


def test_a_run_of_ones_own_experiment_needs_no_key(tmp_path: Path) -> None:
    """A trial is asked about by the type that IAM knows it by."""
    made = fit(
        tmp_path,
        [
            "from sagemaker.experiments.run import Run\n"
            "with Run(experiment_name='churn') as run:\n    run.log_parameter('lr', 1)\n"
        ],
    )
    assert "sagemaker:CreateTrial" in {each.call.action for each in made.verdicts}
    assert made.denied_cells == frozenset()


def test_without_any_key_something_is_denied_or_more_is_open(tmp_path: Path) -> None:
    """No key is there for nothing: it opens what labs ask for, or shuts what they do not."""
    of = needed(tmp_path, ALL)
    made = fitting.fit(of, NAMES, environment(of.base), "attendee")
    allowed = {id(each.call) for each in made.verdicts if each.decision.allowed}
    told = {need.key for need in NEEDS if not need.is_asked}
    for setting in made.settings:
        if setting.key in told:
            continue
        rest = [each for each in made.settings if each.key != setting.key]
        profile = applied(Profile(), rest)
        asked = Policies(NAMES, environment(profile), "attendee", profile)
        is_denied = any(not asked.decide(call).allowed for call in of.calls if id(call) in allowed)
        name = setting.key[-1]
        is_wider = isinstance(setting.value, list) and {*getattr(profile.access, name)} - {
            *setting.value
        }
        assert is_denied or is_wider, setting
        assert is_denied or name == "processing_instance_types", setting


@pytest.mark.parametrize("name", ["training_instance_types", "public_buckets"])
def test_without_any_value_of_a_list_something_is_denied(tmp_path: Path, name: str) -> None:
    of = needed(tmp_path, ALL)
    made = fitting.fit(of, NAMES, environment(of.base), "attendee")
    (setting,) = (each for each in made.settings if each.key[-1] == name)
    for value in setting.value:
        fewer = [each for each in setting.value if each != value] or ["ml.t3.large"]
        profile = applied(made.profile, [fitting.FittedSetting(setting.key, fewer, "")])
        asked = Policies(NAMES, environment(profile), "attendee", profile)
        lost = [each for each in made.verdicts if each.runs and not asked.decide(each.call).allowed]
        assert lost, value


def test_a_machine_of_the_defaults_stays_beside_others(tmp_path: Path) -> None:
    process = "from sagemaker.processing import ScriptProcessor as S\nS(instance_type='{}').run()"
    kinds = ["ml.c5.xlarge", "ml.m5.large", "ml.m5.xlarge"]
    made = fit(tmp_path, [process.format(kind) for kind in kinds])
    assert sorted(made.profile.access.processing_instance_types) == kinds
    assert not made.denied_cells


def test_labs_that_ask_for_nothing_leave_no_gpu_open(tmp_path: Path) -> None:
    made = fit(tmp_path, ["x = 1"])
    assert not made.profile.access.training_gpu
    assert made.profile.access.endpoint_instance_types == ("ml.m5.large",)
    assert made.verdicts == ()


def test_what_stays_closed_is_told_with_a_reason(tmp_path: Path) -> None:
    made = fit(tmp_path, ALL)
    reasons = {each.call.action: closed.reason(each) for each in made.verdicts if not each.runs}
    monitor = "AWS closed SageMaker Model Monitor to new customers; leave the step out"
    assert reasons == {
        "sagemaker:CreateMonitoringSchedule": monitor,
        "sagemaker:CreateDataQualityJobDefinition": monitor,
        "sagemaker:DescribeMonitoringSchedule": monitor,
        "s3:SelectObjectContent": (
            "AWS closed S3 Select to new customers; read the object instead"
        ),
        "iam:CreateRole": (
            "iam would let a seat give itself more; the organiser makes what it needs"
        ),
    }


def test_machines_of_what_is_closed_are_not_opened(tmp_path: Path) -> None:
    made = fit(tmp_path, [TRAIN, MONITOR])
    assert "ml.m5.12xlarge" not in made.profile.access.processing_instance_types


def test_a_profile_that_is_there_keeps_what_it_has(tmp_path: Path) -> None:
    base = Profile.model_validate(
        {"access": {"training_instance_types": ["ml.m5.large"], "warm_pools": True}}
    )
    made = fit(tmp_path, [TRAIN, POOL], base)
    assert values(made) == {
        "access.training_instance_types": ["ml.m5.large", "ml.g5.2xlarge", "ml.m5.4xlarge"]
    }


def test_a_profile_that_is_enough_gets_no_key(tmp_path: Path) -> None:
    base = Profile.model_validate({"access": {"training_instance_types": ["ml.g5.2xlarge"]}})
    assert values(fit(tmp_path, [TRAIN], base)) == {}


def test_a_setting_says_where_it_is_needed(tmp_path: Path) -> None:
    made = fit(tmp_path, ALL)
    places = {setting.key[-1]: [*map(str, setting.places)] for setting in made.settings}
    assert places["warm_pools"] == ["lab.ipynb cell 3"]
    assert places["training_instance_types"] == ["lab.ipynb cell 1", "lab.ipynb cell 3"]
    assert places["root_access"] == ["lab.ipynb cell 9"]


def test_jobs_of_days_get_their_hours_as_far_as_the_key_goes(tmp_path: Path) -> None:
    job = TRAIN.replace("max_run=7200", "max_run=5 * 24 * 3600")
    assert values(fit(tmp_path, [job]))["access.max_runtime_hours"] == 120
    longer = fit(tmp_path, [TRAIN.replace("max_run=7200", "max_run=6 * 24 * 3600")])
    reasons = {closed.reason(each) for each in longer.verdicts if not each.runs}
    assert reasons == {"it asks for longer than the profile can allow; set a shorter limit"}
    assert "access.max_runtime_hours" not in values(longer)


SERVERLESS = """
from sagemaker.serverless import ServerlessInferenceConfig
from sagemaker.model import Model
config = ServerlessInferenceConfig(memory_size_in_mb={}, max_concurrency={})
Model(image_uri="x").deploy(serverless_inference_config=config)
"""
SCALING = """
import boto3
scaling = boto3.client("application-autoscaling")
scaling.register_scalable_target(ResourceId="endpoint/a/variant/b")
scaling.put_scaling_policy(PolicyName="a")
boto3.client("cloudwatch").put_metric_alarm(AlarmName="slow")
"""
MLFLOW = """
import mlflow
mlflow.set_tracking_uri(arn)
boto3.client("sagemaker").create_presigned_mlflow_app_url(Arn=arn)
"""
JUMPSTART = """
from sagemaker.serve.jumpstart import JumpStartModel
JumpStartModel("m")
"""


@pytest.mark.parametrize(
    ("cells", "key", "value"),
    [
        ([SERVERLESS.format(2048, 2)], "access.serverless",
         {"max_concurrency": 2, "memory_mb": 2048}),
        ([SERVERLESS.format(2048, 20), SERVERLESS.format(3000, 1)], "access.serverless",
         {"max_concurrency": 20, "memory_mb": 3072}),
        ([SCALING], "access.autoscaling", True),
        ([MLFLOW], "mlflow", "app"),
        ([JUMPSTART], "access.public_buckets", ["jumpstart-cache-prod-eu-west-1"]),
    ],
)  # fmt: skip
def test_a_key_opens_all_that_a_lab_of_its_kind_asks_for(
    tmp_path: Path, cells: Sequence[str], key: str, value: object
) -> None:
    made = fit(tmp_path, ["import boto3", *cells])
    assert values(made)[key] == value
    assert {each.call.action for each in made.verdicts if not each.runs} == set()


def test_a_pool_of_no_seconds_needs_no_key(tmp_path: Path) -> None:
    made = fit(tmp_path, [POOL.replace("600", "0")])
    assert "access.warm_pools" not in values(made)
    assert not made.denied_cells


def test_families_that_are_there_hold_their_types(tmp_path: Path) -> None:
    base = Profile.model_validate({"access": {"training_instance_types": ["ml.g5.*"]}})
    assert values(fit(tmp_path, [TRAIN], base)) == {}


def test_a_bucket_that_labs_write_to_is_nobody_elses_to_open(tmp_path: Path) -> None:
    cell = "output = 's3://labs-of-somebody/x'\ninput = 's3://labs-of-somebody/y'"
    made = fit(tmp_path, [cell])
    assert made.profile.access.public_buckets == ()
    (reason,) = {closed.reason(each) for each in made.verdicts if not each.runs}
    assert reason == (
        "the bucket labs-of-somebody is somebody else's; use WORKSHOP_BUCKET, or name it in"
        " access.public_buckets if everybody may read it"
    )


def test_a_bucket_that_a_lab_makes_is_the_seats_own(tmp_path: Path) -> None:
    cell = (
        "import boto3\ns3 = boto3.client('s3')\nname = 'labs-of-mine'\n"
        "s3.create_bucket(Bucket=name)\ns3.upload_file('a', name, 'a')\np = f's3://{name}/a'"
    )
    made = fit(tmp_path, [cell])
    assert not made.denied_cells
    assert made.profile.access.public_buckets == ()
    (verdict,) = fit(tmp_path, ["!aws s3 mb s3://labs-of-mine"]).verdicts
    assert closed.reason(verdict) == (
        "the seat's stack makes its buckets and sets them up; use WORKSHOP_BUCKET"
    )


def test_no_more_public_buckets_are_named_than_a_profile_takes(tmp_path: Path) -> None:
    made = fit(tmp_path, [f"a = 's3://samples-{number:02}/x'" for number in range(15)])
    assert len(made.profile.access.public_buckets) == 10
    assert len(made.denied_cells) == 5


def test_the_bucket_of_all_in_the_account_stays_closed(tmp_path: Path) -> None:
    python = "output = f's3://sagemaker-{region}-{account}/x'"
    assert not fit(tmp_path, [python]).denied_cells
    cell = "!aws s3 cp a s3://sagemaker-{region}-{account}/x"
    (verdict,) = fit(tmp_path, [cell]).verdicts
    assert closed.reason(verdict) == (
        "the SDK's default bucket is the seat's own in Python alone; use WORKSHOP_BUCKET"
    )


def test_what_is_opened_by_statements_is_never_refused(tmp_path: Path) -> None:
    made = fit(tmp_path, ["import boto3\nboto3.client('ec2').describe_vpcs()"])
    statements = made.profile.access.extra_statements
    assert [each.sid for each in statements] == ["SeeNetworks"]
    assert not [message for each in statements for message in refused(each)]
    assert not made.denied_cells


def test_every_key_of_the_table_is_one_of_a_profile() -> None:
    for need in NEEDS:
        document: dict[str, Any] = {}
        section: Any = Profile()
        for part in need.key:
            section = section.get(part) if isinstance(section, dict) else getattr(section, part)
        fitting.put(document, need.key, section)
        assert document


def test_serverless_endpoints_are_as_large_as_the_largest_that_labs_make(tmp_path: Path) -> None:
    cell = (
        "from sagemaker.serverless import ServerlessInferenceConfig\n"
        "from sagemaker.model import Model\n"
        "config = ServerlessInferenceConfig(memory_size_in_mb=4096, max_concurrency=7)\n"
        "Model(image_uri='i', role='r').deploy(serverless_inference_config=config)"
    )
    opened = values(fit(tmp_path, [cell]))
    assert opened["access.serverless"] == {"max_concurrency": 7, "memory_mb": 4096}


def test_scaling_and_tracking_are_opened_by_keys_of_their_own(tmp_path: Path) -> None:
    scaled = (
        "import boto3\n"
        "boto3.client('application-autoscaling').register_scalable_target("
        "ServiceNamespace='sagemaker', ResourceId='endpoint/a/variant/b',"
        " ScalableDimension='sagemaker:variant:DesiredInstanceCount')"
    )
    tracked = "import mlflow\nmlflow.set_tracking_uri('arn:x')\nmlflow.set_experiment('cats')"
    made = fit(tmp_path, [scaled, tracked])
    opened = values(made)
    assert (opened["access.autoscaling"], opened["mlflow"]) == (True, "app")
    assert all(verdict.runs for verdict in made.verdicts)
