"""The dashboards' bodies, as pure functions that return plain dictionaries.

The format is CloudWatch's
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html),
a grid 24 units wide. Jobs and endpoints do not exist yet when a dashboard is made, so their widgets
search for metrics; a search finds at most 500 series of the last two weeks
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html).
CloudFormation publishes no metrics of notebook instances, so none are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workshop.naming import Names

Widget = dict[str, Any]

TRAINING = "/aws/sagemaker/TrainingJobs"
PROCESSING = "/aws/sagemaker/ProcessingJobs"
INVOCATIONS = "AWS/SageMaker"

GRID = 24
HEIGHT = 6


def seat_body(
    names: Names,
    *,
    buckets: Sequence[str],
    period: int,
    training_gpu: bool,
    processing_gpu: bool,
    logs: bool,
) -> dict[str, Any]:
    """Return the dashboard of one seat.

    The SDK names jobs freely and cannot prefix them, so the seat's widgets find the jobs and
    endpoints whose names hold the workshop and the seat's id as words; the first widget says so,
    and says where the others are. ``buckets`` are the keys from the YAML, ``period`` is in
    seconds; ``training_gpu`` and ``processing_gpu`` say whether such jobs can have a GPU at all.
    """
    prefix = names.job_prefix
    explained = (
        f"## {names.workshop} / {names.seat}\n"
        f"Shows the jobs and endpoints whose names begin with `{prefix}`: set"
        f" `base_job_name='{prefix}train'`, for example. Those of other names are"
        f" on the cohort's dashboard `{names.cohort.dashboard}`. CloudWatch has no metrics of"
        " notebook instances."
    )
    mine = f' "{names.workshop}" "{names.seat}"'
    rows = [
        [_text(explained)],
        _jobs("Training jobs", TRAINING, names, mine, period, gpu=training_gpu),
        _jobs("Processing jobs", PROCESSING, names, mine, period, gpu=processing_gpu),
        [*_endpoints(names, mine, period), _bucket_size(names, buckets)],
    ]
    if logs:
        rows.append([_log_lines(names)])
    return {"widgets": _placed(rows)}


def cohort_body(
    names: Names, *, period: int, training_gpu: bool, processing_gpu: bool
) -> dict[str, Any]:
    """Return the dashboard of the whole cohort: every job and endpoint of this account and Region.

    SageMaker's metrics carry no tags, so others' jobs are shown too; the first widget says so.
    """
    explained = (
        f"## {names.workshop}: all seats\n"
        "Shows every training and processing job and every endpoint of this account and Region,"
        " the workshop's or not: SageMaker's metrics do not say whose job it is."
    )
    return {
        "widgets": _placed(
            [
                [_text(explained)],
                _jobs("Training jobs", TRAINING, names, "", period, gpu=training_gpu),
                _jobs("Processing jobs", PROCESSING, names, "", period, gpu=processing_gpu),
                _endpoints(names, "", period),
            ]
        )
    }


def _jobs(
    title: str, namespace: str, names: Names, words: str, period: int, *, gpu: bool
) -> list[Widget]:
    metrics = {"CPU": "CPUUtilization", "memory": "MemoryUtilization"}
    if gpu:
        metrics |= {"GPU": "GPUUtilization", "GPU memory": "GPUMemoryUtilization"}
    return [
        _graph(
            f"{title}: {label} (%)",
            names,
            period,
            "Average",
            [[{"expression": _search(namespace, "Host", metric, words, "Average")}]],
        )
        for label, metric in metrics.items()
    ]


def _endpoints(names: Names, words: str, period: int) -> list[Widget]:
    def search(metric: str, statistic: str) -> list[dict[str, str]]:
        return [
            {
                "expression": _search(
                    INVOCATIONS, "EndpointName,VariantName", metric, words, statistic
                )
            }
        ]

    counts = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
    return [
        _graph("Endpoints: calls", names, period, "Sum", [search(name, "Sum") for name in counts]),
        _graph(
            "Endpoints: latency (microseconds)",
            names,
            period,
            "Average",
            [search("ModelLatency", "Average")],
        ),
    ]


def _search(namespace: str, dimensions: str, metric: str, words: str, statistic: str) -> str:
    """``words`` all have to be in a name; each is quoted and has a blank before it."""
    return f"SEARCH('{{{namespace},{dimensions}}} MetricName=\"{metric}\"{words}', '{statistic}')"


def _bucket_size(names: Names, buckets: Sequence[str]) -> Widget:
    # S3 reports this metric once a day, hence its own period.
    return _graph(
        "Bucket size (bytes, once a day)",
        names,
        86_400,
        "Average",
        [
            [
                "AWS/S3",
                "BucketSizeBytes",
                "BucketName",
                names.bucket(key),
                "StorageType",
                "StandardStorage",
            ]
            for key in buckets
        ],
    )


def _log_lines(names: Names) -> Widget:
    query = (
        "SOURCE '/aws/sagemaker/TrainingJobs' | fields @timestamp, @logStream, @message"
        f" | filter @logStream like /^{names.job_prefix}/ | sort @timestamp desc | limit 100"
    )
    return {
        "type": "log",
        "properties": {
            "title": f"Training jobs named {names.job_prefix}...: latest lines",
            "region": names.region,
            "query": query,
            "view": "table",
        },
    }


def _text(markdown: str) -> Widget:
    return {"type": "text", "height": 3, "properties": {"markdown": markdown}}


def _graph(
    title: str, names: Names, period: int, statistic: str, metrics: Sequence[Sequence[object]]
) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": names.region,
            "period": period,
            "stat": statistic,
            "view": "timeSeries",
            "metrics": list(metrics),
        },
    }


def _placed(rows: Sequence[Sequence[Widget]]) -> list[Widget]:
    """Each row from left to right over the full width, one below the other."""
    placed = []
    y = 0
    for row in rows:
        width = GRID // len(row)
        height = max(widget.get("height", HEIGHT) for widget in row)
        for column, widget in enumerate(row):
            position = {"x": column * width, "y": y, "width": width, "height": height}
            placed.append({**widget, **position})
        y += height
    return placed
