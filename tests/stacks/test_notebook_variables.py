"""What a notebook is told of the rules of its profile."""

from __future__ import annotations

from stacks import notebook
from workshop.config.profiles import Access, Profile


def test_a_notebook_knows_what_its_profile_opens() -> None:
    shared = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/shared-llm"
    opened = {"sid": "Shared", "actions": ["sagemaker:InvokeEndpoint"], "resources": [shared]}
    more = {"sid": "Prices", "actions": ["dynamodb:GetItem"], "resources": ["*"]}
    access = Access.model_validate(
        {
            "training_instance_types": ["ml.m5.large", "ml.g5.xlarge"],
            "max_runtime_hours": 4,
            "warm_pools": True,
            "feature_store": True,
            "public_buckets": ["sagemaker-sample-files"],
            "extra_statements": [opened, more],
        }
    )
    server = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/class"
    profile = Profile.model_validate({"access": access, "mlflow": {"shared": server}})
    assert notebook.open_to_seats(profile) == {
        "PUBLIC_BUCKETS": "sagemaker-sample-files",
        # Somebody else's, which keep their names.
        "KEPT_NAMES": "shared-llm,class",
        "TRAINING_INSTANCE_TYPES": "ml.m5.large,ml.g5.xlarge",
        "PROCESSING_INSTANCE_TYPES": "ml.m5.large,ml.m5.xlarge",
        "ENDPOINT_INSTANCE_TYPES": "ml.m5.large,ml.g5.xlarge",
        "MAX_RUNTIME_HOURS": "4",
        "WARM_POOL_MINUTES": "60",
        "OPENED": "feature_store,search",
    }


def test_where_nothing_is_capped_nothing_is_told() -> None:
    managed = Profile.model_validate({"access": {"mode": "managed"}})
    assert notebook.open_to_seats(managed) == {}
