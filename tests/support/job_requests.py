"""Requests that make jobs, for the conformance suite."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:1"
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"


def made_once(aws: Aws) -> tuple[str, str]:
    """Make the role and the bucket of all jobs of a test: ARN and ``s3://`` address."""
    return aws.role(), aws.bucket()


def training(account_region: tuple[str, str], name: str = "job", **more: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request; ``more`` replaces members."""
    role, bucket = account_region
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=(.*);"}],
        },
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": f"{bucket}/out/"},
        "ResourceConfig": machines(),
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **more,
    }


def machines(count: int = 1, **more: Any) -> dict[str, Any]:
    """Return a ResourceConfig."""
    return {
        "InstanceType": "ml.m5.large",
        "InstanceCount": count,
        "VolumeSizeInGB": 10,
        **more,
    }


def channel(uri: str, name: str = "train") -> dict[str, Any]:
    """Return one entry of an InputDataConfig."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def processing(account_region: tuple[str, str], name: str = "job", **more: Any) -> dict[str, Any]:
    """Return a CreateProcessingJob request with one output; ``more`` replaces members."""
    role, bucket = account_region
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": machines()},
        "AppSpecification": {"ImageUri": IMAGE},
        "RoleArn": role,
        "ProcessingOutputConfig": {"Outputs": [output(f"{bucket}/out/")]},
        **more,
    }


def output(uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    """Return one entry of the outputs of a processing job."""
    s3 = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/out", "S3UploadMode": mode}
    return {"OutputName": "table", "S3Output": s3}


def transform(account_region: tuple[str, str], name: str = "job", **more: Any) -> dict[str, Any]:
    """Return a CreateTransformJob request; ``more`` replaces members."""
    bucket = account_region[1]
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/in/"}
    return {
        "TransformJobName": name,
        "ModelName": "model",
        "TransformInput": {"DataSource": {"S3DataSource": source}},
        "TransformOutput": {"S3OutputPath": f"{bucket}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def tuning(account_region: tuple[str, str], name: str = "tune", **limits: Any) -> dict[str, Any]:
    """Return a CreateHyperParameterTuningJob request; ``limits`` are its ResourceLimits."""
    definition = training(account_region)
    del definition["TrainingJobName"]
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "accuracy"},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": 4,
                "MaxParallelTrainingJobs": 2,
                **limits,
            },
            "ParameterRanges": {
                "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9"}],
                "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0", "MaxValue": "1"}],
                "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
            },
        },
        "TrainingJobDefinition": {"StaticHyperParameters": {"epochs": "3"}, **definition},
    }


def automl(account_region: tuple[str, str], name: str = "auto", **more: Any) -> dict[str, Any]:
    """Return a CreateAutoMLJobV2 request for a table; ``more`` replaces members."""
    role, bucket = account_region
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/in/"}
    return {
        "AutoMLJobName": name,
        "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"{bucket}/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": role,
        **more,
    }


def compilation(account_region: tuple[str, str], name: str = "job", **more: Any) -> dict[str, Any]:
    """Return a CreateCompilationJob request; ``more`` replaces members."""
    role, bucket = account_region
    return {
        "CompilationJobName": name,
        "RoleArn": role,
        "InputConfig": {"S3Uri": f"{bucket}/in/model.tar.gz", "Framework": "PYTORCH"},
        "OutputConfig": {"S3OutputLocation": f"{bucket}/out", "TargetDevice": "ml_c5"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        **more,
    }


def put(aws: Aws, *keys: str) -> None:
    """Write small objects into the bucket of ``made_once``."""
    for key in keys:
        aws.client("s3").put_object(Bucket="conformance-bucket", Key=key, Body=b"1,2\n")
