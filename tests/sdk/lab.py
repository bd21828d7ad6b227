"""A lab as labs are published for release 2 of the SageMaker Python SDK: it knows of no seat.

Run by the Python of one of a notebook's environments, with the credentials of a seat's role. It
trains, deploys and deletes with names that the SDK makes up and with names that it writes down;
everybody's copy has the same. Prints one JSON object; what the SDK says goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import sagemaker
from clock import HurriedClock  # type: ignore[import-not-found]  # beside this program
from sagemaker.estimator import Estimator
from sagemaker.experiments import Run, list_runs, load_run
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.serializers import CSVSerializer
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import TrainingStep

INSTANCE = "ml.m5.large"


def hurry() -> None:
    """Let the SDK wait less, and ask where the local cloud is.

    It makes the address of STS up, and botocore before 1.31 reads none from the environment.
    """
    make = botocore.session.Session.create_client

    def create_client(session: Any, *words: Any, **more: Any) -> Any:
        more["endpoint_url"] = more.get("endpoint_url") or os.environ["AWS_ENDPOINT_URL"]
        return make(session, *words, **more)

    botocore.session.Session.create_client = create_client  # type: ignore[assignment,method-assign]
    vars(sagemaker.session)["time"] = HurriedClock()
    vars(sagemaker.session)["sts_regional_endpoint"] = lambda _: os.environ["AWS_ENDPOINT_URL"]


def train(session: Any, image: str, data: str) -> Any:
    estimator = Estimator(
        image,
        sagemaker.get_execution_role(session),
        instance_count=1,
        instance_type=INSTANCE,
        output_path=f"s3://{session.default_bucket()}/abalone",
        hyperparameters={"num_round": "10"},
        sagemaker_session=session,
    )
    estimator.fit({"train": TrainingInput(data, content_type="csv")}, logs="All")
    return estimator


def work() -> dict[str, Any]:
    session = sagemaker.Session()
    region, client = session.boto_region_name, session.sagemaker_client
    image = sagemaker.image_uris.retrieve("xgboost", region, "1.5-1")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "train.csv")
        file.write_text("1,2\n3,4\n")
        data = session.upload_data(str(file), key_prefix="abalone/input")
    account = boto3.client("sts").get_caller_identity()["Account"]
    # As labs write it that make the bucket's name up.
    bucket = f"sagemaker-{region}-{account}"
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="abalone/input")
    estimator = train(session, image, data)
    job = estimator.latest_training_job.name
    artifact = f"abalone/{job}/output/model.tar.gz"
    boto3.client("s3").head_object(Bucket=bucket, Key=artifact)
    predictor = estimator.deploy(
        1, INSTANCE, endpoint_name="abalone-live", serializer=CSVSerializer()
    )
    answer = predictor.predict("1,2")
    described = client.describe_endpoint(EndpointName="abalone-live")
    names = [each["EndpointName"] for each in client.list_endpoints()["Endpoints"]]
    seen = {
        "release": sagemaker.__version__,
        "bucket": session.default_bucket(),
        "data": data,
        "listed": [each["Key"] for each in listed["Contents"]],
        "job": job,
        "model_data": estimator.model_data,
        "answer": bool(answer),
        "endpoint": [predictor.endpoint_name, described["EndpointName"]],
        "endpoint_arn": described["EndpointArn"],
        "listed_endpoint": "abalone-live" in names,
    }
    predictor.delete_model()
    predictor.delete_endpoint()
    return {**seen, "pipeline": orchestrate(session, image, data), "tracked": track(session)}


def orchestrate(session: Any, image: str, data: str) -> dict[str, Any]:
    """Train and register by a pipeline that names itself and its group."""
    inside, role = PipelineSession(), sagemaker.get_execution_role(session)
    estimator = Estimator(image, role, 1, INSTANCE, sagemaker_session=inside)
    inputs = {"train": TrainingInput(data, content_type="csv")}
    train = TrainingStep(name="TrainAbalone", step_args=estimator.fit(inputs))
    artifact = train.properties.ModelArtifacts.S3ModelArtifacts
    model = Model(image, model_data=artifact, role=role, sagemaker_session=inside)
    package = model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=[INSTANCE],
        transform_instances=[INSTANCE],
        model_package_group_name="AbaloneGroup",
    )
    steps = [train, ModelStep(name="Register", step_args=package)]
    pipeline = Pipeline(name="AbalonePipeline", steps=steps, sagemaker_session=inside)
    pipeline.upsert(role_arn=role)
    execution = pipeline.start()
    execution.wait(delay=0.2, max_attempts=500)
    client = session.sagemaker_client
    listed = client.list_model_packages(ModelPackageGroupName="AbaloneGroup")
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "steps": {step["StepName"]: step["StepStatus"] for step in execution.list_steps()},
        "versions": len(listed["ModelPackageSummaryList"]),
        "name": client.describe_pipeline(PipelineName="AbalonePipeline")["PipelineName"],
    }


def track(session: Any) -> dict[str, Any]:
    """Note a run of an experiment, and find it again."""
    with Run("abalone", "first", sagemaker_session=session) as run:
        run.log_parameter("eta", 0.2)
    with load_run(run_name="first", experiment_name="abalone", sagemaker_session=session) as run:
        found = {"experiment": run.experiment_name, "run": run.run_name}
    return {**found, "runs": len(list_runs("abalone", sagemaker_session=session))}


def refused() -> str:
    """Ask for a machine that is not open, and give what the error says."""
    session = sagemaker.Session()
    image = sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, "1.5-1")
    role, kind = os.environ["WORKSHOP_ROLE_ARN"], "ml.p3.16xlarge"
    estimator = Estimator(image, role, 1, kind, sagemaker_session=session)
    try:
        estimator.fit()
    except session.sagemaker_client.exceptions.ClientError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    hurry()
    with contextlib.redirect_stdout(sys.stderr):
        report = {**work(), "refused": refused()}
    print(json.dumps(report))
