"""What an attendee does with the SageMaker Python SDK: prepare, train, deploy, register, track.

Run by the Python of the SDK's own environment, in the environment of a local cloud and with the
configuration that a notebook gives its attendee (``WORKSHOP_*`` and the SDK's defaults file). The
first argument is a program that trains a model: the example of ``docs/local-cloud.md``. Prints
one JSON object; what the SDK itself says goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

from hurry import hurry  # type: ignore[import-not-found]  # beside this program
from sagemaker.core import image_uris, resources
from sagemaker.core.experiments import Run
from sagemaker.core.helper import session_helper
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    Tag,
)
from sagemaker.serve import ModelBuilder

INSTANCE = "ml.m5.large"
PREFIX = os.environ["WORKSHOP_JOB_PREFIX"]
BUCKET = os.environ["WORKSHOP_BUCKET"]
TAGS = json.loads(os.environ["WORKSHOP_TAGS"])


def train(example: str) -> dict[str, Any]:
    """Run the documented example and give what its ``trainer`` knows about its job."""
    trainer = runpy.run_path(example)["trainer"]
    job = trainer._latest_training_job
    return {
        "name": job.training_job_name,
        "status": job.training_job_status,
        "artifact": job.model_artifacts.s3_model_artifacts,
        "phases": [step.status for step in job.secondary_status_transitions],
    }


def prepare_and_track(session: Session, image: str, folder: Path) -> dict[str, Any]:
    """Run a processing job inside an experiment's run that notes parameters and a metric."""
    script, data = folder / "prepare.py", folder / "data.csv"
    script.write_text("print('prepared')\n")
    data.write_text("1,2\n3,4\n")
    raw = session.upload_data(str(data), key_prefix="raw")
    experiment = f"{PREFIX}trees"
    with Run(experiment, "first", tags=list(TAGS), sagemaker_session=session) as run:
        run.log_parameters({"eta": 0.2, "kind": "tree"})
        for step, loss in enumerate((1.0, 0.5, 0.25)):
            run.log_metric("loss", loss, step=step)
        processor = ScriptProcessor(
            image_uri=image,
            command=["python3"],
            instance_type=INSTANCE,
            instance_count=1,
            base_job_name=f"{PREFIX}prepare",
            sagemaker_session=session,
        )
        processor.run(
            code=str(script),
            inputs=[
                ProcessingInput(
                    input_name="raw",
                    s3_input=ProcessingS3Input(
                        s3_uri=raw,
                        local_path="/opt/ml/processing/input",
                        s3_data_type="S3Prefix",
                        s3_input_mode="File",
                    ),
                )
            ],
            outputs=[
                ProcessingOutput(
                    output_name="clean",
                    s3_output=ProcessingS3Output(
                        s3_uri=f"s3://{BUCKET}/clean",
                        local_path="/opt/ml/processing/output",
                        s3_upload_mode="EndOfJob",
                    ),
                )
            ],
        )
    return {"job": processor.latest_job.processing_job_name, **run.experiment_config}


def deploy(session: Session, image: str, artifact: str) -> tuple[Any, dict[str, Any]]:
    """Deploy the model, ask it something and take it down; give its builder and what was seen."""
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artifact,
        instance_type=INSTANCE,
        role_arn=os.environ["WORKSHOP_ROLE_ARN"],
        sagemaker_session=session,
    )
    model = builder.build(model_name=f"{PREFIX}model")
    endpoint = builder.deploy(endpoint_name=f"{PREFIX}live")
    seen: dict[str, Any] = {
        "model": model.model_name,
        "name": endpoint.endpoint_name,
        "status": endpoint.endpoint_status,
    }
    answer = endpoint.invoke(body=b"1,2\n", content_type="text/csv", accept="text/csv")
    seen["answer"] = {"type": answer.content_type, "variant": answer.invoked_production_variant}
    arns = (model.model_arn, endpoint.endpoint_arn)
    seen["tags"] = [session.sagemaker_client.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    region = session.boto_region_name
    config = resources.EndpointConfig.get(endpoint.endpoint_config_name, region=region)
    endpoint.delete()
    endpoint.wait_for_delete()
    config.delete()
    model.delete()
    return builder, seen


def register(session: Session, builder: Any) -> dict[str, Any]:
    """Register the model as a version of a group, and approve it."""
    group = f"{PREFIX}models"
    boto = {"session": session.boto_session, "region": session.boto_region_name}
    tags = [Tag(key=tag["Key"], value=tag["Value"]) for tag in TAGS]
    resources.ModelPackageGroup.create(model_package_group_name=group, tags=tags, **boto)
    arn = builder.register(
        model_package_group_name=group,
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=[INSTANCE],
        approval_status="PendingManualApproval",
    )
    package = resources.ModelPackage.get(arn, **boto)
    package.wait_for_status("Completed")
    package.update(model_approval_status="Approved")
    return {"arn": arn, "status": package.model_package_status}


def default_bucket() -> str:
    """Let the SDK make the bucket that it uses where no configuration names one.

    It asks STS at an address it makes up itself, whatever ``AWS_ENDPOINT_URL`` says.
    """
    session_helper.sts_regional_endpoint = lambda _region: os.environ["AWS_ENDPOINT_URL"]
    bare = Session(sagemaker_config={"SchemaVersion": "1.0"})
    name: str = bare.default_bucket()
    bare.upload_string_as_file_body("hello", name, "greeting.txt")
    return name


def work(example: str) -> dict[str, Any]:
    """Do all of it and give what was seen on the way."""
    session = Session()
    image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")
    with tempfile.TemporaryDirectory() as folder:
        run = prepare_and_track(session, image, Path(folder))
    training = train(example)
    builder, endpoint = deploy(session, image, training["artifact"])
    return {
        "image": image,
        "run": run,
        "training": training,
        "endpoint": endpoint,
        "package": register(session, builder),
        "default_bucket": default_bucket(),
    }


if __name__ == "__main__":
    hurry()
    with contextlib.redirect_stdout(sys.stderr):
        report = work(sys.argv[1])
    print(json.dumps(report))
