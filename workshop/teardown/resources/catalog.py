"""Tables in the Glue data catalog, which feature groups with an offline store leave behind.

DeleteFeatureGroup takes neither the data in S3 nor the table along (its documentation). Who made a
table is proof, as it is for an experiment: SageMaker makes it with the role of the group. The
database is that of all feature groups of the account, and is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Ownership, Resource, ResourceType, ScanContext

DATABASE = "sagemaker_featurestore"
"""Where SageMaker makes them (documentation of DataCatalogConfig)."""


@dataclass(frozen=True)
class GlueTables:
    """Tables of the feature store's database."""

    name: str = "feature table"
    after: tuple[str, ...] = ("feature group",)
    resource_type: str = "AWS::Glue::Table"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        pages = self._client(world).get_paginator("get_tables").paginate(DatabaseName=DATABASE)
        try:
            tables = [table for page in pages for table in page["TableList"]]
        except ClientError as error:
            if refusals.is_gone(error):
                return  # Nobody has had a feature group here.
            raise
        for table in tables:
            yield from self._judged(world, table)

    def _judged(self, world: ScanContext, table: Mapping[str, Any]) -> Iterator[Resource]:
        place, name = world.scope.place, str(table["Name"])
        maker = table.get("CreatedBy")
        try:
            found = (
                ownership.of_maker(world, maker, created=table.get("CreateTime")) if maker else None
            )
        except refusals.Refusal as error:
            told = f"its maker could not be read: {refusals.told(error)}"
            found = Proof(Ownership.UNKNOWN, told)
        arn = f"{self._arn(world)}/{DATABASE}/{name}"
        # Hyphens of a group's name are underscores in that of its table.
        group = name.replace("_", "-")
        verdict = ownership.judge(world, name=group, arn=arn, proof=found, tagged=None)
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=name,
                place=place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=arn,
                created=table.get("CreateTime"),
                details={"DatabaseName": DATABASE, "Name": name},
            )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - costs nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            self._client(world).delete_table(**thing.details)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            self._client(world).get_table(**thing.details)
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        return ""

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True

    @staticmethod
    def _client(world: ScanContext) -> Any:
        return world.clients.client("glue", world.scope.place)

    @staticmethod
    def _arn(world: ScanContext) -> str:
        place = world.scope.place
        partition = world.clients.client("glue", place).meta.partition
        return f"arn:{partition}:glue:{place.region}:{place.account}:table"


KINDS: tuple[ResourceType, ...] = (GlueTables(),)
