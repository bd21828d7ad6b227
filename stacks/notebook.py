"""The notebook stack: a seat's notebook instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnMapping, Token

from stacks.base import SeatStack
from workbench import lifecycle_scripts
from workbench.mlflow import WorkbenchMlflow
from workbench.notebook import WorkbenchNotebook
from workshop.config.profiles import Profile, SavedFiles
from workshop.naming import MLFLOW, Names


class NotebookStack(SeatStack):
    """One notebook instance with its lifecycle scripts.

    What a roster row may override stands in the mapping ``Seat`` and not in a parameter:
    ``cdk deploy`` re-uses a parameter's previous value when it updates a stack, so that a changed
    default would be shown by ``cdk diff`` and never arrive.
    """

    described = "Notebook instance of one workshop seat. What is saved on its disk goes with it."

    def _define(self, names: Names, profile: Profile) -> None:
        notebook, vpc = profile.notebook, profile.notebook.vpc
        overrides = {
            "InstanceType": self.seat.instance_type,
            "VolumeSizeInGB": str(self.seat.volume_gb),
        }
        mapping = CfnMapping(self, "Seat", lazy=False, mapping={"Notebook": overrides})
        if profile.mlflow == "app":
            bucket, *_ = profile.storage.buckets
            WorkbenchMlflow(
                self,
                "Tracking",
                app_name=names.mlflow,
                role_arn=names.role_arn,
                artifacts=f"s3://{names.bucket(bucket)}/mlflow",
            )
        on_create, on_start = self._scripts(names, profile)
        WorkbenchNotebook(
            self,
            "Workbench",
            notebook_name=names.notebook,
            lifecycle_name=names.lifecycle_config,
            role_arn=names.role_arn,
            platform=notebook.platform,
            root_access=notebook.root_access,
            on_create=on_create,
            on_start=on_start,
            subnet_id=vpc.subnet_id if vpc else None,
            security_group_ids=vpc.security_group_ids if vpc else (),
            direct_internet=vpc.direct_internet if vpc else True,
            instance_type=mapping.find_in_map("Notebook", "InstanceType"),
            volume_gb=Token.as_number(mapping.find_in_map("Notebook", "VolumeSizeInGB")),
        )
        self._output("NotebookName", names.notebook, "Name of the notebook instance")

    def _scripts(self, names: Names, profile: Profile) -> tuple[str, str]:
        """Return the scripts for the notebook's creation and for each start, their size checked."""
        notebook = profile.notebook
        on_create = lifecycle_scripts.on_create(clones=clones(profile))
        on_start = lifecycle_scripts.on_start(
            **seat_values(names, profile, self.placement.inside_tags),
            mlflow=profile.shared_mlflow or (f"${{{MLFLOW}.Arn}}" if profile.mlflow else ""),
            idle_stop_minutes=notebook.idle_stop_minutes,
            busy_stop_hours=notebook.busy_stop_hours,
            keep_running_hours=notebook.keep_running_hours,
        )
        lifecycle_scripts.check_size(on_create, f"{self.stack_name}: the on-create script")
        lifecycle_scripts.check_size(on_start, f"{self.stack_name}: the on-start script")
        return on_create, on_start


def clones(profile: Profile) -> list[tuple[str, str, str]]:
    """Return the content that a machine clones itself: address, branch and folder."""
    return [
        (content.repository, content.branch, content.place)
        for content in profile.notebook.contents
        if content.is_cloned and content.repository
    ]


def seat_values(names: Names, profile: Profile, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what the start script of any machine of a seat is told."""
    notebook = profile.notebook
    return {
        "region": names.region,
        "parameters_path": names.start_parameters,
        "content": [content.place for content in notebook.contents],
        "tags": tags,
        "role_arn": names.role_arn,
        "buckets": {
            key: (names.bucket(key), bucket.prefixes)
            for key, bucket in profile.storage.buckets.items()
        },
        "datasets_bucket": names.datasets_bucket,
        "repositories": {key: names.repository_uri(key) for key in profile.registry.repositories},
        "job_prefix": names.job_prefix,
        "model_prefix": profile.access.model_prefix,
        "open_to_seats": open_to_seats(profile),
        "packages": notebook.packages,
        # What is usual is not said, so that no template changes with it.
        "tokens": sorted(notebook.tokens),
        "save": "" if notebook.save == SavedFiles() else notebook.save.model_dump_json(),
    }


def open_to_seats(profile: Profile) -> dict[str, str]:
    """Return what the notebook tells of the rules of a profile, and goes by when a call is denied.

    Names that ``extra_statements`` open, and a shared MLflow's, are somebody else's, and stay as a
    program writes them.
    """
    access = profile.access
    resources = [each for more in access.extra_statements for each in more.resources]
    resources += [profile.shared_mlflow] if profile.shared_mlflow else []
    names = [each.rpartition("/")[2] for each in resources if ":sagemaker:" in each]
    values = {
        "PUBLIC_BUCKETS": ",".join(access.public_buckets),
        "KEPT_NAMES": ",".join(name for name in names if name.strip("*")),
    }
    keys = ("autoscaling", "feature_store", "model_packages", "search", "serverless")
    if access.mode == "scoped":
        minutes = 60 if access.warm_pools is True else int(access.warm_pools)
        values |= {
            "TRAINING_INSTANCE_TYPES": ",".join(access.training_instance_types),
            "PROCESSING_INSTANCE_TYPES": ",".join(access.processing_instance_types),
            "ENDPOINT_INSTANCE_TYPES": ",".join(access.endpoint_instance_types),
            "MAX_RUNTIME_HOURS": str(access.max_runtime_hours),
            "WARM_POOL_MINUTES": str(minutes),
            "OPENED": ",".join(key for key in keys if getattr(access, key, None)),
        }
    return {name: value for name, value in values.items() if value}
