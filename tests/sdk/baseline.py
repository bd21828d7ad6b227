"""What an attendee runs on an EC2 instance: a baseline by hand, then the same as a SageMaker job.

It is written as on a machine of one's own: names and tags come from the hook of the interpreter.
Data comes from the seat's bucket and the model goes there; in place of a network it learns the
mean of each class. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

import boto3

BUCKET = os.environ["WORKSHOP_BUCKET"]
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311"


def fetch(s3: Any, folder: Path) -> dict[str, list[float]]:
    """Bring the training data here, as ``aws s3 sync`` does; return the values of each class."""
    classes: dict[str, list[float]] = {}
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="train/")
    for found in listed["Contents"]:
        file = folder / found["Key"]
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(BUCKET, found["Key"], str(file))
        classes.setdefault(file.parent.name, []).append(float(file.read_text()))
    return classes


def main() -> None:
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    with tempfile.TemporaryDirectory() as folder:
        classes = fetch(s3, Path(folder))
        model = Path(folder) / "model.json"
        model.write_text(json.dumps({name: mean(values) for name, values in classes.items()}))
        s3.upload_file(str(model), BUCKET, "models/baseline/model.json")
    made = sagemaker.create_training_job(
        TrainingJobName="spine-densenet",
        RoleArn=os.environ["WORKSHOP_ROLE_ARN"],
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": os.environ["WORKSHOP_S3_TRAIN"],
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    often: Any = {"Delay": 0.05, "MaxAttempts": 200}  # boto3 sleeps for any number of seconds
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="spine-densenet", WaiterConfig=often
    )
    job = sagemaker.describe_training_job(TrainingJobName="spine-densenet")
    told = {
        "who": boto3.client("sts").get_caller_identity()["Arn"],
        "job": made["TrainingJobArn"],
        "status": job["TrainingJobStatus"],
        "artifact": job["ModelArtifacts"]["S3ModelArtifacts"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
