"""What a training job leaves: its model, its metrics, what it says.

The values of its metrics follow from its name, so that they are the same in every run.
"""

from __future__ import annotations

import json

from localcloud.sagemaker import objects, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Record
from localcloud.sagemaker.resources import jobs


def final_metrics(record: Record) -> dict[str, float]:
    """Metric name -> value, for the metrics the job defines; the same in every run."""
    definitions = record["members"].get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    return {
        definition["Name"]: score(record["name"], definition["Name"]) for definition in definitions
    }


def score(job: str, metric: str) -> float:
    """Return the value between 0.2 and 0.95 that a metric of a job ends with."""
    return round(side_effects.level(f"{job}:{metric}", 0) / 100, 6)


def lines(record: Record, moment: float) -> list[str]:
    """Return the log lines of every machine at a moment."""
    values = "".join(f" {name}={value};" for name, value in final_metrics(record).items())
    return [f"{int(moment - record['created'])} s: training{values}"]


def model_uri(record: Record) -> str:
    """Return where a job leaves its model: an archive, or a prefix for an unpacked model."""
    output = record["members"]["OutputDataConfig"]
    last = "model" if output.get("CompressionType") == "NONE" else "model.tar.gz"
    return objects.under(output["S3OutputPath"], record["name"], "output", last)


def upload_fails(engine: SageMakerEngine, record: Record) -> str | None:  # noqa: ARG001
    """Write the model at the end of a job, or return why that fails."""
    gone = jobs.role_is_gone(record["members"]["RoleArn"])
    if gone is not None:
        return gone
    return None if upload(record) else jobs.upload_failure(model_uri(record))


def upload(record: Record) -> bool:
    """Write the model; return whether its bucket took it."""
    model = json.dumps({"job": record["name"], "metrics": final_metrics(record)}).encode()
    uri = model_uri(record)
    if not uri.endswith(".tar.gz"):
        return objects.offer(objects.under(uri, "model.json"), model)
    return objects.offer(uri, objects.packed({"model.json": model}, record["created"]))
