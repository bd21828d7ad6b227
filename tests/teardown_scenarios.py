"""A small workshop on the local cloud, filled as its attendees would, beside things of strangers.

Seats work with the credentials of their notebooks. Whatever is there when ``others_are_set`` is
called, or made later as somebody else, is nobody's business; everything else is the workshop's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from tests.assemblies import shipped
from tests.fleet import HOME, cohort_text, exemplar
from tests.localcloud import IAM, TRUST, Cloud
from workshop import tags
from workshop.localcloud import process
from workshop.naming import COHORT, SEAT_STACKS, Names
from workshop.roster import Seat

WORKSHOP = ENVIRONMENT = "demo"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/any/training:1"
MACHINES: dict[str, Any] = {
    "InstanceType": "ml.m5.large",
    "InstanceCount": 1,
    "VolumeSizeInGB": 5,
}
NEEDS = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}
LONG = 10_000_000.0
"""Seconds that jobs run here, unless a test says otherwise."""

QUIET = {
    **dict.fromkeys(("training", "processing", "transform", "tuning", "automl"), LONG),
    **dict.fromkeys(("endpoint", "inference_component", "model_package", "stopping"), 0.0),
    **dict.fromkeys(("feature_group", "tracking_server", "domain", "app"), 0.0),
    **{"pipeline": LONG, "compilation": LONG, "notebook": 0.0, "beat": 0.0},
}


class _Session:
    """One boto3 session for all seats, in turn: making clients takes longer than using them."""

    def __init__(self, endpoint: str) -> None:
        self._session = boto3.Session(
            aws_access_key_id="000000000000",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud checks none
            aws_session_token="none",  # noqa: S106
            region_name=HOME.region,
        )
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def sign_in(self, **given: Any) -> None:
        """Be somebody else from now on; all clients that were made follow."""
        credentials: Any = self._session.get_credentials()
        credentials.access_key = given["AccessKeyId"]
        credentials.secret_key = given["SecretAccessKey"]
        credentials.token = given["SessionToken"]

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self._endpoint,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
        return self._clients[service]


@cache
def _session(endpoint: str) -> _Session:
    return _Session(endpoint)


@dataclass(frozen=True)
class Hand:
    """Whoever makes things: with which role, under which names, with or without tags."""

    session: _Session
    names: Names
    role: str
    prefix: str
    tags: tuple[tuple[str, str], ...]

    def called(self, word: str) -> str:
        return f"{self.prefix}{word}"

    def client(self, service: str) -> Any:
        return self.session.client(service)

    @property
    def tagged(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.tags]

    @property
    def bucket(self) -> str:
        return self.names.bucket("data")


def data(hand: Hand) -> None:
    """Versions, a delete marker and an upload that was never finished."""
    s3, bucket = hand.client("s3"), hand.bucket
    for body in (b"cat,1", b"cat,2"):
        s3.put_object(Bucket=bucket, Key="train/labels.csv", Body=body)
    s3.put_object(Bucket=bucket, Key="models/a b+ü.tar.gz", Body=b"weights")
    s3.delete_object(Bucket=bucket, Key="models/a b+ü.tar.gz")
    s3.create_multipart_upload(Bucket=bucket, Key="train/unfinished.bin")


def images(hand: Hand) -> None:
    for tag in ("v1", "v2"):
        hand.client("ecr").put_image(
            repositoryName=hand.names.repository("training"),
            imageManifest=json.dumps({"schemaVersion": 2, "config": {"tag": tag}, "layers": []}),
            imageTag=tag,
        )


def training(hand: Hand, word: str = "fit", **more: Any) -> str:
    name = hand.called(word)
    hand.client("sagemaker").create_training_job(
        **{
            "TrainingJobName": name,
            "RoleArn": hand.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{hand.bucket}/output"},
            "ResourceConfig": MACHINES,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "Tags": hand.tagged,
            **more,
        }
    )
    return name


def processing(hand: Hand, word: str = "prepare") -> None:
    hand.client("sagemaker").create_processing_job(
        ProcessingJobName=hand.called(word),
        ProcessingResources={"ClusterConfig": MACHINES},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def tuning(hand: Hand) -> None:
    hand.client("sagemaker").create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=hand.called("tune"),
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        },
        TrainingJobDefinition={
            "RoleArn": hand.role,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*);"}],
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://{hand.bucket}/tuned"},
            "ResourceConfig": MACHINES,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        },
        Tags=hand.tagged,
    )


def automl(hand: Hand) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hand.bucket}/in"}
    hand.client("sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=hand.called("auto")[-32:].strip("-"),
        AutoMLJobInputDataConfig=[{"DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{hand.bucket}/auto"},
        AutoMLProblemTypeConfig={"TabularJobConfig": {"TargetAttributeName": "y"}},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def compilation(hand: Hand) -> None:
    hand.client("s3").put_object(Bucket=hand.bucket, Key="model.tar.gz", Body=b"weights")
    hand.client("sagemaker").create_compilation_job(
        CompilationJobName=hand.called("compile"),
        RoleArn=hand.role,
        InputConfig={"S3Uri": f"s3://{hand.bucket}/model.tar.gz", "Framework": "PYTORCH"},
        OutputConfig={"S3OutputLocation": f"s3://{hand.bucket}/out", "TargetDevice": "ml_c5"},
        StoppingCondition={"MaxRuntimeInSeconds": 900},
        Tags=hand.tagged,
    )


def model(hand: Hand, word: str = "net") -> str:
    hand.client("sagemaker").create_model(
        ModelName=hand.called(word),
        ExecutionRoleArn=hand.role,
        PrimaryContainer={"Image": IMAGE},
        Tags=hand.tagged,
    )
    return hand.called(word)


def transform(hand: Hand) -> None:
    """A batch transform, which AWS has no way to delete, with its model."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hand.bucket}/in"}
    hand.client("sagemaker").create_transform_job(
        TransformJobName=hand.called("batch"),
        ModelName=model(hand, "batched"),
        TransformInput={"DataSource": {"S3DataSource": source}},
        TransformOutput={"S3OutputPath": f"s3://{hand.bucket}/batch"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=hand.tagged,
    )


def endpoint(hand: Hand, word: str = "serve", **variant: Any) -> str:
    """A model, a configuration and an endpoint."""
    name = hand.called(word)
    more = {"ModelName": model(hand, word)} if "ManagedInstanceScaling" not in variant else {}
    client = hand.client("sagemaker")
    shown = {
        **{"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
        **more,
    }
    client.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**shown, **variant}],
        Tags=hand.tagged,
        **({} if more else {"ExecutionRoleArn": hand.role}),
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=hand.tagged)
    return name


def components(hand: Hand) -> None:
    """An endpoint for inference components, one of these, and scaling of both."""
    client = hand.client("sagemaker")
    host = endpoint(hand, "host", ManagedInstanceScaling={"Status": "ENABLED"})
    name = hand.called("part")
    client.create_inference_component(
        InferenceComponentName=name,
        EndpointName=host,
        VariantName="all",
        Specification={"ModelName": model(hand, "part"), "ComputeResourceRequirements": NEEDS},
        RuntimeConfig={"CopyCount": 1},
        Tags=hand.tagged,
    )
    scaled(hand, f"inference-component/{name}", "sagemaker:inference-component:DesiredCopyCount")


def scaled(hand: Hand, resource: str, dimension: str) -> None:
    client = hand.client("application-autoscaling")
    of = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": dimension,
    }
    client.register_scalable_target(**of, MinCapacity=1, MaxCapacity=2)
    client.put_scaling_policy(
        PolicyName="load",
        **of,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
        },
    )


def scaled_endpoint(hand: Hand) -> None:
    name = endpoint(hand, "wide")
    scaled(hand, f"endpoint/{name}/variant/all", "sagemaker:variant:DesiredInstanceCount")


def experiments(hand: Hand) -> None:
    """An experiment with a trial and a component in it."""
    client, name = hand.client("sagemaker"), hand.called("cats")
    client.create_experiment(ExperimentName=name, Tags=hand.tagged)
    client.create_trial(TrialName=name, ExperimentName=name, Tags=hand.tagged)
    client.create_trial_component(TrialComponentName=name, Tags=hand.tagged)
    client.associate_trial_component(TrialComponentName=name, TrialName=name)


def packages(hand: Hand) -> None:
    """A model package group with two versions."""
    client, name = hand.client("sagemaker"), hand.called("zoo")
    client.create_model_package_group(ModelPackageGroupName=name, Tags=hand.tagged)
    for _ in range(2):
        client.create_model_package(
            ModelPackageGroupName=name,
            InferenceSpecification={
                "Containers": [{"Image": IMAGE}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )


def pipelines(hand: Hand) -> None:
    """A pipeline and an execution of it that runs."""
    client, name = hand.client("sagemaker"), hand.called("flow")
    wait = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    client.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [wait]}),
        ClientRequestToken="0" * 32,
        RoleArn=hand.role,
        Tags=hand.tagged,
    )
    client.start_pipeline_execution(PipelineName=name, ClientRequestToken="1" * 32)


def features(hand: Hand) -> None:
    hand.client("sagemaker").create_feature_group(
        FeatureGroupName=hand.called("table"),
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def notebook(hand: Hand, word: str = "extra") -> str:
    hand.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=hand.called(word),
        InstanceType="ml.t3.medium",
        RoleArn=hand.role,
        PlatformIdentifier="notebook-al2023-v1",
        Tags=hand.tagged,
    )
    return hand.called(word)


def pooled(hand: Hand) -> str:
    """A training job whose machines wait for the next one."""
    config = {**MACHINES, "KeepAlivePeriodInSeconds": 3600}
    return training(hand, "warm", ResourceConfig=config)


def schedule(hand: Hand) -> None:
    """A schedule that starts a job with the seat's role."""
    hand.client("scheduler").create_schedule(
        Name=hand.called("nightly"),
        ScheduleExpression="rate(1 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob",
            "RoleArn": hand.role,
        },
    )


def rule(hand: Hand) -> None:
    events, name = hand.client("events"), hand.called("hourly")
    events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")
    target = {
        "Id": "1",
        "Arn": f"arn:aws:sagemaker:{HOME.region}:{HOME.account}:pipeline/{name}",
        "RoleArn": hand.role,
    }
    events.put_targets(Rule=name, Targets=[target])


def log(hand: Hand) -> None:
    """A job that has ended, and its log."""
    name = training(hand, "logged")
    hand.client("sagemaker").stop_training_job(TrainingJobName=name)
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": f"{name}/algo-1"}
    hand.client("logs").create_log_stream(**where)


PROVEN: dict[str, Callable[[Hand], object]] = {
    one.__name__: one
    for one in (
        *(data, images, training, processing, tuning, automl, compilation, model, transform),
        *(endpoint, components, scaled_endpoint, experiments, packages, pipelines, features),
        *(notebook, schedule, rule, log),
    )
}
"""What attendees make that proves by itself whose it is, whatever it is called."""


def dashboard(hand: Hand) -> None:
    body = json.dumps({"widgets": []})
    hand.client("cloudwatch").put_dashboard(
        DashboardName=hand.called("board"), DashboardBody=body
    )


def alarm(hand: Hand) -> None:
    hand.client("cloudwatch").put_metric_alarm(
        AlarmName=hand.called("alarm"),
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
        Tags=hand.tagged,
    )


def script(hand: Hand) -> None:
    """A lifecycle configuration, of which nothing tells who made it but name and tags."""
    hand.client("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=hand.called("script"), Tags=hand.tagged
    )


def machine(hand: Hand) -> None:
    given = [{"Key": key, "Value": value} for key, value in hand.tags]
    hand.client("ec2").run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": given}] if given else [],
    )


CLAIMED: dict[str, Callable[[Hand], object]] = {
    one.__name__: one for one in (dashboard, alarm, script, machine)
}
"""What only its name or its tags tell."""


@dataclass
class Room:
    """The workshop ``demo`` with its environment ``demo``, and who else is in the account."""

    cloud: Cloud
    others: set[str] = field(default_factory=set)
    """Kinds and names of what is not the workshop's (see ``teardown_snapshots``)."""

    def __post_init__(self) -> None:
        self._session = _session(self.cloud.endpoint)
        self._credentials: dict[str, dict[str, str]] = {}

    @staticmethod
    def names(seat: str, workshop: str = WORKSHOP) -> Names:
        return Names(workshop, seat, HOME.account, HOME.region)

    # --- what the organiser made --------------------------------------------------------------

    def cohort(self) -> None:
        self._deploy(self.names(COHORT).stack(COHORT), cohort_text(), COHORT)

    def seat(self, seat: str, *kinds: str) -> None:
        """The stacks of a seat."""
        for kind in kinds or SEAT_STACKS:
            text = exemplar(kind).text(_seat(seat))
            self._deploy(self.names(seat).stack(kind), text, seat)

    def _deploy(self, name: str, text: str, seat: str) -> None:
        given = tags.seat_tags(
            workshop=WORKSHOP,
            environment=ENVIRONMENT,
            attendee=seat,
            profile="attendee",
            ends=shipped("demo").loaded.settings.end,
            extra={},
        )
        status = self.cloud.deploy(
            name, text, Tags=[{"Key": key, "Value": one} for key, one in given.items()], **IAM
        )
        assert status == "CREATE_COMPLETE", self.cloud.reasons(name, "CREATE_FAILED")

    # --- who makes things ---------------------------------------------------------------------

    def attendee(self, seat: str, *, prefix: str | None = None, tagged: bool = True) -> Hand:
        """A seat at work; its own prefix unless another is given."""
        names = self.names(seat)
        self._sign_in(names.role_arn)
        return self._hand(names, names.role_arn, prefix, tagged=tagged)

    def stranger(
        self,
        role: str = "somebody",
        *,
        path: str = "/",
        prefix: str = "theirs-",
        tags_of: str = "",
    ) -> Hand:
        """Somebody with a role of their own, and with a seat's tags if they took these."""
        arn = f"arn:aws:iam::{HOME.account}:role{path}{role}"
        if arn not in self._credentials:
            self.cloud.client("iam").create_role(
                RoleName=role, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST)
            )
        self._sign_in(arn)
        names = replace(self.names(tags_of or "nobody"), workshop=WORKSHOP if tags_of else "other")
        return replace(self._hand(names, arn, prefix, tagged=bool(tags_of)), names=_Theirs(names))

    def _sign_in(self, arn: str) -> None:
        if arn not in self._credentials:
            self._credentials[arn] = process.role_credentials(self.cloud.running, arn)
        self._session.sign_in(**self._credentials[arn])

    def _hand(self, names: Names, role: str, prefix: str | None, *, tagged: bool) -> Hand:
        given = {
            tags.WORKSHOP: names.workshop,
            tags.ENVIRONMENT: ENVIRONMENT,
            tags.ATTENDEE: names.seat,
        }
        return Hand(
            self._session,
            names,
            role,
            names.job_prefix if prefix is None else prefix,
            tuple(given.items()) if tagged else (),
        )


class _Theirs(Names):
    """Names of strangers: their bucket is nobody's."""

    def __init__(self, names: Names) -> None:
        super().__init__(names.workshop, names.seat, names.account, names.region)

    def bucket(self, key: str) -> str:
        return f"somebodys-{key}"

    def repository(self, key: str) -> str:
        return f"somebodys/{key}"


def _seat(seat: str) -> Seat:
    loaded = shipped("demo").loaded
    return replace(next(one for one in loaded.seats if one.profile == "attendee"), id=seat)


def room(cloud: Cloud, **delays: float) -> Room:
    """A workshop without any seat yet, in a cloud whose time stands still."""
    cloud.freeze()
    cloud.delays(**{**QUIET, **delays})
    for shared in ("TrainingJobs", "ProcessingJobs", "TransformJobs", "NotebookInstances"):
        cloud.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/{shared}")
    return Room(cloud)


def strangers(made: Room) -> None:
    """Another workshop of the account, look-alikes, and somebody's own work."""
    own = made.cloud.client("s3")
    for name in (
        "somebodys-data",
        f"demo-ada-photos-{HOME.account}",
        f"demos-ada-data-{HOME.account}-{HOME.region}",
        f"sagemaker-{HOME.region}-{HOME.account}",
    ):
        own.create_bucket(Bucket=name)
        own.put_object(Bucket=name, Key="demo2/ada/kept.txt", Body=b"kept")
    made.cloud.client("ecr").create_repository(repositoryName="somebodys/training")
    made.cloud.client("ecr").create_repository(repositoryName="demo2/ada/training")
    # Prefixes that begin alike, a seat's name in another workshop, and a seat's very prefix.
    for number, prefix in enumerate(
        ("theirs-", "demo2-ada-", "demos-ada-", "demo-adax-", "demo-ada-")
    ):
        hand = made.stranger(prefix=prefix)
        for make in (training, model, experiments, endpoint):
            make(hand)
        if number == 0:
            for make in (packages, pipelines, notebook, data, images, schedule, rule, log):
                make(hand)
    # Another workshop of ours, with a role of its own path, and a role that looks like a seat's.
    other = made.stranger("speech-ada-us-east-1-execution", path="/ws/speech/", prefix="speech-ada-")
    training(other)
    experiments(other)
    alike = made.stranger("demo-adax-us-east-1-execution", prefix="demo-adax-own-")
    training(alike)
    experiments(alike)
    machine(made.stranger())
    dashboard(made.stranger(prefix="demo2-"))
