"""What resources leave in other services: log lines, metrics, a Glue table, an EFS file system.

Namespaces and dimensions of the metrics are those of "Monitor Amazon SageMaker AI with Amazon
CloudWatch" in the developer guide.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from localcloud import ministack_adapter

LOG_GROUP = "/aws/sagemaker/"
"""What the names of all log groups of the service begin with."""
MACHINE_METRICS = ("CPUUtilization", "MemoryUtilization", "DiskUtilization")
_GPU_METRICS = ("GPUUtilization", "GPUMemoryUtilization")
_GPU_FAMILIES = ("p", "g", "trn", "inf")


def write_log(group: str, stream: str, moment: float, *lines: str) -> None:
    """Write lines to ``/aws/sagemaker/<group>`` at a moment (seconds since the epoch).

    Group and stream come with the first line; a group that somebody deletes while a job still runs
    is there again after the next.
    """
    logs = ministack_adapter.module("services.cloudwatch_logs")
    name = {"logGroupName": LOG_GROUP + group}
    place = {**name, "logStreamName": stream}
    # A refusal means that it exists already.
    logs._create_log_group(name)
    logs._create_log_stream(place)
    stamp = int(moment * 1000)
    events = [{"timestamp": stamp, "message": line} for line in lines]
    logs._put_log_events({**place, "logEvents": events})


def _has_gpu(instance_type: str) -> bool:
    """Whether a type such as ``ml.g5.xlarge`` has an accelerator, by its family."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    return family.startswith(_GPU_FAMILIES)


def publish_metrics(
    namespace: str,
    dimensions: Mapping[str, str],
    values: Mapping[str, float],
    moment: float,
    unit: str = "Percent",
) -> None:
    """Publish one value for each metric name, at a moment (seconds since the epoch)."""
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    for name, value in values.items():
        cloudwatch._store_datum(
            namespace, name, dict(dimensions), moment, unit, value, None, None, None
        )


def publish_machine(
    namespace: str,
    dimensions: Mapping[str, str],
    instance_type: str,
    moment: float,
    metrics: tuple[str, ...] = MACHINE_METRICS,
) -> None:
    """Publish how busy one machine is: plausible, and the same in every run.

    ``metrics`` are those of every machine; with an accelerator it has more.
    """
    names = metrics + (_GPU_METRICS if _has_gpu(instance_type) else ())
    host = "/".join(dimensions.values())
    values = {name: level(f"{host}:{name}", moment) for name in names}
    publish_metrics(namespace, dimensions, values, moment)


def level(source: str, moment: float) -> float:
    """Return a percentage between 20 and 95 that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{source}@{int(moment)}".encode()).digest()
    return 20.0 + 75.0 * digest[0] / 255


def add_table(database: str, table: str, location: str, columns: Sequence[str], maker: str) -> None:
    """Make a Glue table over an ``s3://`` location, and its database if there is none.

    A feature group makes it and never takes it away.
    ``maker`` is the ARN of whoever makes it.
    """
    glue = ministack_adapter.module("services.glue")
    # A refusal means that it exists already.
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
    # ministack does not record it.
    glue._tables[f"{database}/{table}"].setdefault("CreatedBy", maker)


def create_file_system(domain_arn: str) -> str:
    """Make the EFS file system of a Studio domain, tagged as AWS does, and return its id."""
    efs = ministack_adapter.module("services.efs")
    tag = {"Key": "ManagedByAmazonSageMakerResource", "Value": domain_arn}
    _, _, body = efs._create_file_system({"CreationToken": domain_arn, "Tags": [tag]})
    return str(json.loads(body)["FileSystemId"])


def delete_file_system(file_system: str) -> None:
    """Remove a file system; a missing one is no error."""
    ministack_adapter.module("services.efs")._delete_file_system(file_system)
