"""What attendees make in a workshop, whoever they are here: one function a kind of thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.sessions import Maker
from tests.support.small_workshop import HOME

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/any/training:1"
MACHINES: dict[str, Any] = {
    "InstanceType": "ml.m5.large",
    "InstanceCount": 1,
    "VolumeSizeInGB": 5,
}
NEEDS = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}


def data(hand: Maker) -> None:
    """Versions, a delete marker and an upload that was never finished."""
    s3, bucket = hand.client("s3"), hand.bucket
    for body in (b"cat,1", b"cat,2"):
        s3.put_object(Bucket=bucket, Key="train/labels.csv", Body=body)
    s3.put_object(Bucket=bucket, Key="models/a b+ü.tar.gz", Body=b"weights")
    s3.delete_object(Bucket=bucket, Key="models/a b+ü.tar.gz")
    s3.create_multipart_upload(Bucket=bucket, Key="train/unfinished.bin")


def images(hand: Maker) -> None:
    for tag in ("v1", "v2"):
        hand.client("ecr").put_image(
            repositoryName=hand.names.repository("training"),
            imageManifest=json.dumps(
                {"schemaVersion": 2, "config": {"tag": hand.called(tag)}, "layers": []}
            ),
            imageTag=hand.called(tag),
        )


def training(hand: Maker, word: str = "fit", **more: Any) -> str:
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


def processing(hand: Maker, word: str = "prepare") -> None:
    hand.client("sagemaker").create_processing_job(
        ProcessingJobName=hand.called(word),
        ProcessingResources={"ClusterConfig": MACHINES},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def tuning(hand: Maker) -> None:
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


def automl(hand: Maker) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hand.bucket}/in"}
    hand.client("sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=hand.called("auto")[-32:].strip("-"),
        AutoMLJobInputDataConfig=[{"DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{hand.bucket}/auto"},
        AutoMLProblemTypeConfig={"TabularJobConfig": {"TargetAttributeName": "y"}},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def compilation(hand: Maker) -> None:
    hand.client("s3").put_object(Bucket=hand.bucket, Key="model.tar.gz", Body=b"weights")
    hand.client("sagemaker").create_compilation_job(
        CompilationJobName=hand.called("compile"),
        RoleArn=hand.role,
        InputConfig={"S3Uri": f"s3://{hand.bucket}/model.tar.gz", "Framework": "PYTORCH"},
        OutputConfig={"S3OutputLocation": f"s3://{hand.bucket}/out", "TargetDevice": "ml_c5"},
        StoppingCondition={"MaxRuntimeInSeconds": 900},
        Tags=hand.tagged,
    )


def model(hand: Maker, word: str = "net") -> str:
    hand.client("sagemaker").create_model(
        ModelName=hand.called(word),
        ExecutionRoleArn=hand.role,
        PrimaryContainer={"Image": IMAGE},
        Tags=hand.tagged,
    )
    return hand.called(word)


def transform(hand: Maker) -> None:
    """A batch transform, which AWS has no way to delete, with its model."""
    hand.client("s3").put_object(Bucket=hand.bucket, Key="in/1.csv", Body=b"1")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hand.bucket}/in"}
    hand.client("sagemaker").create_transform_job(
        TransformJobName=hand.called("batch"),
        ModelName=model(hand, "batched"),
        TransformInput={"DataSource": {"S3DataSource": source}},
        TransformOutput={"S3OutputPath": f"s3://{hand.bucket}/batch"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=hand.forced_tags,
    )


def endpoint(hand: Maker, word: str = "serve", **variant: Any) -> str:
    """A model, a configuration and an endpoint."""
    name = hand.called(word)
    more = {"ModelName": model(hand, word)} if "ManagedInstanceScaling" not in variant else {}
    client = hand.client("sagemaker")
    shown = {
        "VariantName": "all",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **more,
    }
    client.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**shown, **variant}],
        Tags=hand.forced_tags,
        **({} if more else {"ExecutionRoleArn": hand.role}),
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=hand.forced_tags)
    return name


def components(hand: Maker) -> None:
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
        Tags=hand.forced_tags,
    )
    scaled(hand, f"inference-component/{name}", "sagemaker:inference-component:DesiredCopyCount")


def scaled(hand: Maker, resource: str, dimension: str) -> None:
    client = hand.client("application-autoscaling")
    of = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": dimension,
    }
    client.register_scalable_target(**of, MinCapacity=1, MaxCapacity=2)
    client.put_scaling_policy(PolicyName=hand.called("load"), **of)


def scaled_endpoint(hand: Maker) -> None:
    name = endpoint(hand, "wide")
    scaled(hand, f"endpoint/{name}/variant/all", "sagemaker:variant:DesiredInstanceCount")


def experiments(hand: Maker) -> None:
    """An experiment with a trial and a component in it."""
    client, name = hand.client("sagemaker"), hand.called("cats")
    client.create_experiment(ExperimentName=name, Tags=hand.tagged)
    client.create_trial(TrialName=name, ExperimentName=name, Tags=hand.tagged)
    client.create_trial_component(TrialComponentName=name, Tags=hand.tagged)
    client.associate_trial_component(TrialComponentName=name, TrialName=name)


def packages(hand: Maker) -> None:
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


def pipelines(hand: Maker) -> None:
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


def features(hand: Maker) -> None:
    hand.client("sagemaker").create_feature_group(
        FeatureGroupName=hand.called("table"),
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{hand.bucket}/features"}},
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def tracking(hand: Maker) -> None:
    """A tracking server, and an App."""
    hand.client("sagemaker").create_mlflow_app(
        Name=hand.called("runs"),
        ArtifactStoreUri=f"s3://{hand.bucket}/runs",
        RoleArn=hand.role,
        Tags=hand.tagged,
    )
    hand.client("sagemaker").create_mlflow_tracking_server(
        TrackingServerName=hand.called("runs"),
        ArtifactStoreUri=f"s3://{hand.bucket}/runs",
        RoleArn=hand.role,
        Tags=hand.tagged,
    )


def studio(hand: Maker) -> None:
    """A domain with its file system, somebody in it, and a space and an app of theirs."""
    client = hand.client("sagemaker")
    made = client.create_domain(
        DomainName=hand.called("studio"),
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": hand.role},
        SubnetIds=["subnet-12345678"],
        VpcId="vpc-12345678",
        Tags=hand.tagged,
    )
    domain, name = {"DomainId": made["DomainId"]}, hand.called("me")
    client.create_user_profile(**domain, UserProfileName=name)
    client.create_space(
        **domain,
        SpaceName=name,
        OwnershipSettings={"OwnerUserProfileName": name},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    client.create_app(**domain, SpaceName=name, AppType="JupyterLab", AppName="default")


def notebook(hand: Maker, word: str = "extra") -> str:
    hand.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=hand.called(word),
        InstanceType="ml.t3.medium",
        RoleArn=hand.role,
        PlatformIdentifier="notebook-al2023-v1",
        Tags=hand.tagged,
    )
    return hand.called(word)


def pooled(hand: Maker) -> str:
    """A training job whose machines wait for the next one."""
    config = {**MACHINES, "KeepAlivePeriodInSeconds": 3600}
    return training(hand, "warm", ResourceConfig=config)


def schedule(hand: Maker) -> None:
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


def rule(hand: Maker) -> None:
    events, name = hand.client("events"), hand.called("hourly")
    events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")
    target = {
        "Id": "1",
        "Arn": f"arn:aws:sagemaker:{HOME.region}:{HOME.account}:pipeline/{name}",
        "RoleArn": hand.role,
    }
    events.put_targets(Rule=name, Targets=[target])


def log(hand: Maker) -> None:
    """A job that has ended, and its log."""
    name = training(hand, "logged")
    hand.client("sagemaker").stop_training_job(TrainingJobName=name)
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": f"{name}/algo-1"}
    hand.client("logs").create_log_stream(**where)


PROVEN: dict[str, Callable[[Maker], object]] = {
    one.__name__: one
    for one in (
        *(data, images, training, processing, tuning, automl, compilation, model, transform),
        *(endpoint, components, scaled_endpoint, experiments, packages, pipelines, features),
        *(tracking, studio),
        *(notebook, schedule, rule, log),
    )
}
"""What attendees make that proves by itself whose it is, whatever it is called."""


def dashboard(hand: Maker) -> None:
    body = json.dumps({"widgets": []})
    hand.client("cloudwatch").put_dashboard(DashboardName=hand.called("board"), DashboardBody=body)


def alarm(hand: Maker) -> None:
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


def script(hand: Maker) -> None:
    """A lifecycle configuration, of which nothing tells who made it but name and tags."""
    hand.client("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=hand.called("script"), Tags=hand.tagged
    )


def sources(hand: Maker) -> None:
    """A repository of code that notebooks check out."""
    hand.client("sagemaker").create_code_repository(
        CodeRepositoryName=hand.called("sources"),
        GitConfig={"RepositoryUrl": "https://git.example.org/sources.git"},
        Tags=hand.tagged,
    )


def machine(hand: Maker) -> None:
    given = [{"Key": key, "Value": value} for key, value in hand.tags]
    hand.client("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        TagSpecifications=[
            {"ResourceType": kind, "Tags": given} for kind in ("instance", "volume") if given
        ],
    )


CLAIMED: dict[str, Callable[[Maker], object]] = {
    one.__name__: one for one in (dashboard, alarm, script, sources, machine)
}
"""What only its name or its tags tell."""
