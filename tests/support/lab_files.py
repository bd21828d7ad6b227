"""Labs of our own writing: notebooks from the sources of their cells."""

from __future__ import annotations

import json
from pathlib import Path


def notebook_text(*cells: str, kernel: str = "conda_python3") -> str:
    """Return a notebook with these cells of code."""
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "source": cell, "outputs": [], "metadata": {}}
                for cell in cells
            ],
            "metadata": {"kernelspec": {"name": kernel}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def write_notebook(folder: Path, name: str, *cells: str, kernel: str = "conda_python3") -> Path:
    """Write a notebook into a folder of labs, and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(*cells, kernel=kernel), encoding="utf-8")
    return path


TRAIN = """
import sagemaker
from sagemaker.pytorch import PyTorch

session = sagemaker.Session()
role = sagemaker.get_execution_role()
kind = "ml.g5.2xlarge"
estimator = PyTorch(
    entry_point="train.py", role=role, instance_type=kind, instance_count=2, max_run=7200
)
estimator.fit({"training": f"s3://{session.default_bucket()}/train"})
"""
SERVE = """
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.c5.xlarge")
predictor.predict([1, 2, 3])
predictor.delete_endpoint()
"""
POOL = """
from sagemaker.remote_function import remote

@remote(instance_type="ml.m5.4xlarge", keep_alive_period_in_seconds=600)
def square(x):
    return x * x
"""
SAMPLES = """
import boto3
s3 = boto3.client("s3")
s3.download_file("sagemaker-sample-files", "datasets/a.csv", "a.csv")
"""
FEATURES = """
from sagemaker.feature_store.feature_group import FeatureGroup
group = FeatureGroup(name="customers", sagemaker_session=session)
group.create(s3_uri=f"s3://{session.default_bucket()}/features", role_arn=role)
"""
REGISTER = """
sm = boto3.client("sagemaker")
sm.create_model_package_group(ModelPackageGroupName="group")
sm.create_model_package(ModelPackageGroupName="group")
"""
MONITOR = """
from sagemaker.model_monitor import DefaultModelMonitor
monitor = DefaultModelMonitor(role=role, instance_type="ml.m5.12xlarge")
monitor.create_monitoring_schedule(monitor_schedule_name="watch")
"""
SELECT = """
s3.select_object_content(Bucket="my-bucket", Key="a.csv", Expression="select 1")
boto3.client("iam").create_role(RoleName="more", AssumeRolePolicyDocument="{}")
"""
PUSH = """
!docker build -t lab .
!docker push lab:latest
!sudo dnf install -y jq
"""

IMAGING = (
    """
import boto3, sagemaker
session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = session.default_bucket()
data = session.upload_data("data/train", bucket=bucket, key_prefix="train")
""",
    """
from sagemaker.processing import ScriptProcessor
repository = os.environ["WORKSHOP_REPOSITORY_TRAINING"]
processor = ScriptProcessor(
    command=["python3"], image_uri=f"{repository}:latest", role=role, instance_count=1,
    instance_type="ml.m5.xlarge",
)
processor.run(code="preprocessing.py")
""",
    """
from sagemaker.pytorch import PyTorch
estimator = PyTorch(
    entry_point="train.py", source_dir="code", role=role, instance_count=1,
    instance_type="ml.g5.xlarge", framework_version="2.0", py_version="py310",
    use_spot_instances=True, max_run=3600, max_wait=7200,
    checkpoint_s3_uri=f"s3://{bucket}/checkpoints",
    keep_alive_period_in_seconds=1800,
)
estimator.fit({"train": data}, wait=True)
""",
    """
from sagemaker.estimator import Estimator
own = Estimator(
    image_uri=f"{repository}:latest", role=role, instance_count=1, instance_type="ml.g5.2xlarge",
)
own.fit({"train": data})
""",
    """
wide = PyTorch(
    entry_point="ddp.py", role=role, instance_count=1, instance_type="ml.g5.12xlarge",
    distribution={"torch_distributed": {"enabled": True}}, keep_alive_period_in_seconds=600,
)
wide.fit({"train": data})
sharded = PyTorch(
    entry_point="fsdp.py", role=role, instance_count=1, instance_type="ml.g4dn.12xlarge",
)
sharded.fit({"train": data})
""",
    """
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
tuner = HyperparameterTuner(
    estimator, "dice", {"lr": ContinuousParameter(1e-4, 1e-2)}, max_jobs=4, max_parallel_jobs=2
)
tuner.fit({"train": data})
""",
    """
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
predictor.predict([1, 2, 3])
predictor.delete_endpoint()
""",
    """
from sagemaker.experiments.run import Run
with Run(experiment_name="segmentation", sagemaker_session=session) as run:
    run.log_parameter("lr", 0.001)
""",
    """
import mlflow
mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
mlflow.set_experiment("segmentation")
""",
    """
logs = boto3.client("logs")
streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")
logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="one/algo-1")
""",
)
"""The steps of a published workshop on medical images, in cells of our own writing."""
