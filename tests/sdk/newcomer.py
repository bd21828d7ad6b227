"""What an attendee does with the SageMaker Python SDK who has read nothing about tags or names.

Run by the Python of one of the notebook's environments, with the credentials of the seat's role.
No tag, role, bucket or name is given to the SDK where it has a default; experiments, pipelines and
groups of models have to be named. Prints one JSON object; what the SDK says goes to stderr.
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
from hurry import hurry  # type: ignore[import-not-found]  # beside this program
from sagemaker.core import image_uris, resources
from sagemaker.core.experiments import Run
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute
from sagemaker.train.tuner import HyperparameterTuner

INSTANCE = "ml.m5.large"


def trainer(session: Session, image: str) -> ModelTrainer:
    return ModelTrainer(
        training_image=image,
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        sagemaker_session=session,
    )


def processor(session: Session, image: str) -> ScriptProcessor:
    return ScriptProcessor(
        image_uri=image,
        command=["python3"],
        instance_type=INSTANCE,
        instance_count=1,
        sagemaker_session=session,
    )


def train(session: Session, image: str) -> dict[str, Any]:
    """Train and follow the log until the job has ended."""
    one = trainer(session, image)
    one.train(wait=True, logs=True)
    job = one._latest_training_job
    return {
        "name": job.training_job_name,
        "status": job.training_job_status,
        "artifact": job.model_artifacts.s3_model_artifacts,
    }


def process(session: Session, image: str, script: Path) -> dict[str, Any]:
    """Process inside an experiment's run that notes a parameter and a metric."""
    with Run("newcomers", "first", sagemaker_session=session) as run:
        run.log_parameter("eta", 0.2)
        run.log_metric("loss", 0.5, step=1)
        one = processor(session, image)
        one.run(code=str(script), wait=True, logs=True)
    return {"name": one.latest_job.processing_job_name, "run": run.experiment_config["RunName"]}


def serve(session: Session, image: str, artifact: str, data: str) -> dict[str, Any]:
    """Deploy the model, ask it, transform with it, and register it."""
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artifact,
        instance_type=INSTANCE,
        sagemaker_session=session,
    )
    model = builder.build()
    endpoint = builder.deploy()
    answer = endpoint.invoke(body=b"1,2\n", content_type="text/csv", accept="text/csv")
    output = f"s3://{session.default_bucket()}/transformed"
    transformer = Transformer(
        model.model_name, 1, INSTANCE, output_path=output, sagemaker_session=session
    )
    transformer.transform(data, content_type="text/csv", wait=True, logs=True)
    boto = {"session": session.boto_session, "region": session.boto_region_name}
    resources.ModelPackageGroup.create(model_package_group_name="newcomers", **boto)
    package = builder.register(
        model_package_group_name="newcomers",
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=[INSTANCE],
    )
    return {
        "model": model.model_name,
        "endpoint": endpoint.endpoint_name,
        "variant": answer.invoked_production_variant,
        "transform": transformer.latest_transform_job.transform_job_name,
        "package": package,
    }


def by_hand(session: Session, image: str, artifact: str) -> dict[str, Any]:
    """Do what labs without the SDK do: a model of a name of one's own, served and deleted."""
    client, name = session.sagemaker_client, f"abalone-{'x' * 50}"
    container = {"Image": image, "ModelDataUrl": artifact}
    role = os.environ["WORKSHOP_ROLE_ARN"]
    client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
    }
    client.create_endpoint_config(EndpointConfigName="abalone", ProductionVariants=[variant])
    (served,) = client.describe_endpoint_config(EndpointConfigName="abalone")["ProductionVariants"]
    described = client.describe_model(ModelName=name)
    client.delete_model(ModelName=name)
    arn, found = described["ModelArn"], described["ModelName"]
    return {"name": name, "found": found, "served": served["ModelName"], "arn": arn}


def tune(session: Session, image: str) -> str:
    tuner = HyperparameterTuner(
        trainer(session, image),
        objective_metric_name="loss",
        objective_type="Minimize",
        metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        hyperparameter_ranges={"eta": ContinuousParameter(0.1, 0.9)},
        max_jobs=2,
    )
    tuner.tune(wait=True)
    return str(tuner.latest_tuning_job.hyper_parameter_tuning_job_name)


def orchestrate(session: Session, image: str, script: Path, artifact: str) -> dict[str, Any]:
    """Make a pipeline, change it, run it, and wait for its steps."""
    inside = PipelineSession(default_bucket=session.default_bucket())
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artifact,
        role_arn=os.environ["WORKSHOP_ROLE_ARN"],
        sagemaker_session=inside,
    )
    steps = [
        ProcessingStep(name="prepare", step_args=processor(inside, image).run(code=str(script))),
        TrainingStep(name="train", step_args=trainer(inside, image).train()),
        ModelStep(name="package", step_args=builder.build()),
    ]
    pipeline = Pipeline(name="newcomers", steps=steps, sagemaker_session=inside)
    pipeline.upsert()
    pipeline.upsert(description="better")
    execution = pipeline.start()
    execution.wait(delay=0.2, max_attempts=1000)
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "steps": {step["StepName"]: step["StepStatus"] for step in execution.list_steps()},
    }


def work() -> dict[str, Any]:
    """Do all of it and give what was seen on the way."""
    session = Session()
    image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "prepare.py"), Path(folder, "data.csv")
        script.write_text("print('prepared')\n")
        data.write_text("1,2\n3,4\n")
        training = train(session, image)
        return {
            "who": boto3.client("sts").get_caller_identity()["Arn"],
            "training": training,
            "processing": process(session, image, script),
            "serving": serve(session, image, training["artifact"], session.upload_data(str(data))),
            "by_hand": by_hand(session, image, training["artifact"]),
            "tuning": tune(session, image),
            "pipeline": orchestrate(session, image, script, training["artifact"]),
        }


if __name__ == "__main__":
    hurry()
    with contextlib.redirect_stdout(sys.stderr):
        report = work()
    print(json.dumps(report))
