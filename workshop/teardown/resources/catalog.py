"""Tables in the Glue data catalog, which feature groups with an offline store leave behind.

DeleteFeatureGroup takes neither the data in S3 nor the table along (its documentation). Who made a
table is proof, as it is for an experiment: SageMaker makes it with the role of the group. The
database is that of all feature groups of the account, and is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType

DATABASE = "sagemaker_featurestore"
"""Where SageMaker makes them (documentation of DataCatalogConfig)."""


class GlueTables(ResourceType):
    """Tables of the feature store's database."""

    name = "feature table"
    service = "glue"
    after = (names.FEATURE_GROUP,)
    cloudformation_type = "AWS::Glue::Table"
    reads = ("glue:GetTables",)
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        with errors.gone_is_fine():  # without a database nobody has had a feature group here
            for table in self.listed(context, "get_tables", "TableList", DatabaseName=DATABASE):
                yield from self._judged(context, table)

    def _judged(self, context: ScanContext, table: Mapping[str, Any]) -> Iterator[Resource]:
        name, created = str(table["Name"]), table.get("CreateTime")
        maker = table.get("CreatedBy")
        try:
            proof = ownership.of_maker(context, maker, created=created) if maker else None
        except errors.Refusal as error:
            proof = ownership.unread(error, "its maker")
        yield from self.judged(
            context,
            name,
            # Hyphens of a group's name are underscores in that of its table.
            name=name.replace("_", "-"),
            arn=f"{self._arn(context)}/{DATABASE}/{name}",
            proof=proof,
            created=created,
            details={"DatabaseName": DATABASE, "Name": name},
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_table(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).get_table(**resource.details)
        return ""

    @staticmethod
    def _arn(context: ScanContext) -> str:
        account_region = context.scope.account_region
        partition = context.clients.client("glue", account_region).meta.partition
        return f"arn:{partition}:glue:{account_region.region}:{account_region.account}:table"


TYPES: tuple[ResourceType, ...] = (GlueTables(),)
