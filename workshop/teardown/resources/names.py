"""Names of the resource types that others refer to: what goes before what."""

from workshop import naming

BUCKET = "bucket"
SHARED_FOLDER = "folder in the shared bucket"
REPOSITORY = "repository"
LOG_STREAM = "log stream"
LOG_GROUP = "log group"

TRAINING_JOB = "training job"
PROCESSING_JOB = "processing job"
TRANSFORM_JOB = "transform job"
TUNING_JOB = "tuning job"
AUTOML_JOB = "AutoML job"

ENDPOINT = "endpoint"
ENDPOINT_CONFIG = "endpoint configuration"
MODEL = "model"
INFERENCE_COMPONENT = "inference component"
SCALABLE_TARGET = "scalable target"

MODEL_PACKAGE = "model package"
PIPELINE = "pipeline"
FEATURE_GROUP = "feature group"
MLFLOW_APP = "MLflow App"
TRIAL = "trial"
TRIAL_COMPONENT = "trial component"

NOTEBOOK = "notebook"
APP = "Studio app"
SPACE = "Studio space"
USER_PROFILE = "Studio user profile"
DOMAIN = "Studio domain"

EC2_INSTANCE = "EC2 instance"
EBS_VOLUME = "EBS volume"
SNAPSHOT = "EBS snapshot"
MACHINE_IMAGE = "machine image"


def seat_of_profile(workshop: str, name: str) -> str:
    """Return the seat of an instance profile's name, empty where it is none of the workshop's."""
    seat = naming.seat_of_name(workshop, name) or ""
    return seat if seat and name.endswith("-box") else ""
