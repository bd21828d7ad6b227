"""The notebook stack: a seat's notebook instance."""

from __future__ import annotations

from aws_cdk import CfnMapping, Token
from constructs import Construct

from stacks.base import Placement, SeatStack
from workbench import lifecycle_scripts
from workbench.notebook import WorkbenchNotebook
from workshop.config.models import Access, Notebook, Registry, Storage


class NotebookStack(SeatStack):
    """One notebook instance with its lifecycle scripts.

    What a roster row may override stands in the mapping ``Seat`` and not in a parameter:
    ``cdk deploy`` re-uses a parameter's previous value when it updates a stack, so that a changed
    default would be shown by ``cdk diff`` and never arrive.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        notebook: Notebook,
        instance_type: str,
        volume_gb: int,
        storage: Storage,
        registry: Registry,
        access: Access,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="notebook",
            description="Notebook instance of one workshop seat. What is saved on its disk goes"
            " with it.",
            placement=placement,
        )
        names = placement.inside
        seat = CfnMapping(
            self,
            "Seat",
            lazy=False,
            mapping={"Notebook": {"InstanceType": instance_type, "VolumeSizeInGB": str(volume_gb)}},
        )
        on_create, on_start = self._scripts(placement, notebook, storage, registry, access)
        vpc = notebook.vpc
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
            instance_type=seat.find_in_map("Notebook", "InstanceType"),
            volume_gb=Token.as_number(seat.find_in_map("Notebook", "VolumeSizeInGB")),
        )
        self._output("NotebookName", names.notebook, "Name of the notebook instance")

    def _scripts(
        self,
        placement: Placement,
        notebook: Notebook,
        storage: Storage,
        registry: Registry,
        access: Access,
    ) -> tuple[str, str]:
        """The scripts for the notebook's creation and for each start, their size checked."""
        names = placement.inside
        content = notebook.content
        on_create = lifecycle_scripts.on_create(
            content_repository=content.repository if content else None,
            content_branch=content.branch if content else "",
        )
        on_start = lifecycle_scripts.on_start(
            tags=placement.inside_tags,
            role_arn=names.role_arn,
            buckets={
                key: (names.bucket(key), bucket.prefixes) for key, bucket in storage.buckets.items()
            },
            datasets_bucket=names.datasets_bucket,
            repositories={key: names.repository_uri(key) for key in registry.repositories},
            job_prefix=names.job_prefix,
            model_prefix=access.model_prefix,
            max_runtime_hours=access.max_runtime_hours if access.mode == "scoped" else None,
            packages=notebook.packages,
            idle_stop_minutes=notebook.idle_stop_minutes,
            busy_stop_hours=notebook.busy_stop_hours,
            keep_running_hours=notebook.keep_running_hours,
        )
        lifecycle_scripts.check_size(on_create, f"{self.stack_name}: the on-create script")
        lifecycle_scripts.check_size(on_start, f"{self.stack_name}: the on-start script")
        return on_create, on_start
