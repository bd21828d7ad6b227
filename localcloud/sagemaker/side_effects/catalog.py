"""Tables in the Glue data catalog, which a feature group makes and never takes away."""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Sequence

from localcloud import ministack_adapter


def add_table(database: str, table: str, location: str, columns: Sequence[str], maker: str) -> None:
    """Make a table over an ``s3://`` location, and its database if there is none.

    ``maker`` is the ARN of whoever makes it.
    """
    glue = ministack_adapter.module("services.glue")
    # What exists already is refused, and that is what is wanted.
    glue._create_database({"DatabaseInput": {"Name": database}})
    storage = {
        "Location": location,
        "Columns": [{"Name": name.lower(), "Type": "string"} for name in columns],
    }
    glue._create_table(
        {
            "DatabaseName": database,
            "TableInput": {
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": storage,
            },
        }
    )
    # Which only Glue itself tells, and ministack does not.
    glue._tables[f"{database}/{table}"].setdefault("CreatedBy", maker)
