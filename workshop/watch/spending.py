"""Counts what seats spend at list prices: what runs, and what ran since it was counted last.

The sums are one document of the watch's bucket. Each resource in it says until when it was counted,
so that a run that comes late, twice or not to its end counts no second two times.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from workshop.watch.boxes import listed_boxes
from workshop.watch.counted import BOX, LONGEST, Counted, Spending
from workshop.watch.endpoints import note
from workshop.watch.machines import listed, seat_of_notebook, tags_of
from workshop.watch.messages import is_written, read_document
from workshop.watch.work import OutOfTimeError, Work

SPENDING = "spending.json"
USUAL_DISK = 100
"""GB of a job's disk that are not counted: they cost a hundredth of what a machine does."""
DISK_GB_HOUR = 0.14 / 730
"""USD, as the shipped list has it."""
FOR_HOLDING = 120.0
"""Seconds of a run that are kept for freezing and stopping, however much there is to count."""
RECENT = 3000.0
"""Seconds before the last run in which a job that has ended is looked for: a listing may have
failed, or may be late."""
KEPT = RECENT + 600.0
"""Seconds for which what has ended is remembered as counted."""


class JobKind(NamedTuple):
    """Jobs that bill: their noun, boto3's word, the word before StartTime, and that of a bill."""

    noun: str
    snake: str
    word: str
    kind: str


TRAINING_JOBS = JobKind("TrainingJob", "training_job", "Training", "training")
JOBS_THAT_BILL = (
    TRAINING_JOBS,
    JobKind("ProcessingJob", "processing_job", "Processing", "processing"),
    JobKind("TransformJob", "transform_job", "Transform", "transform"),
)
"""A tuning job costs by its training jobs."""
KINDS = ("endpoint", *(jobs.kind for jobs in JOBS_THAT_BILL))
"""What SageMaker's events tell the beginning of, by the word of a bill."""


def read_spending(work: Work) -> tuple[Spending, dict[str, str]]:
    """Return what was counted, and the condition under which it may be replaced."""
    document, condition = read_document(work.client("s3"), _place(work))
    return spending_of(document), condition


def spending_of(document: dict[str, Any]) -> Spending:
    """Return what a document holds that was written."""
    resources = document.get("resources", {})
    return Spending(
        document.get("at", 0.0),
        document.get("usd", {}),
        {key: Counted(**fields) for key, fields in resources.items()},
    )


def write_spending(
    work: Work, spending: Spending, condition: dict[str, str], *, whole: bool = True
) -> bool:
    """Write what was counted; return False where another run has written meanwhile.

    ``whole``: jobs that have ended were counted too, and the next run need not look for them.
    """
    before = spending.at
    if whole and not work.unfinished:
        spending.at = work.now.timestamp()
    kept = {
        key: asdict(resource)
        for key, resource in spending.resources.items()
        if resource.runs or resource.until > before - KEPT
    }
    document = {"at": spending.at, "usd": spending.usd, "resources": kept}
    return is_written(work.client("s3"), _place(work), json.dumps(document).encode(), condition)


def count_all(
    work: Work, spending: Spending, only: str | None = None, kinds: Collection[str] = KINDS
) -> None:
    """Count everything that runs, and the jobs that ran; an error of one kind stops no other.

    With ``only`` a seat, its jobs and endpoints of these ``kinds`` that run: of its neighbours
    nothing is described, and jobs that have ended are left to the next tick: somebody may make
    hundreds.
    """
    with work.keeping(FOR_HOLDING):
        _count_kinds(work, spending, only, kinds)


def _count_kinds(work: Work, spending: Spending, only: str | None, kinds: Collection[str]) -> None:
    try:
        if "endpoint" in kinds:
            with work.noting("endpoints were not counted"):
                _count_endpoints(work, spending, only)
        for jobs in JOBS_THAT_BILL:
            if jobs.kind in kinds:
                with work.noting(f"{jobs.snake}s were not counted"):
                    _count_jobs(work, spending, jobs, only)
        if only is None:
            with work.noting("warm pools were not counted"):
                _count_pools(work, spending)
            with work.noting("notebooks were not counted"):
                _count_notebooks(work, spending)
            if work.settings.boxes:
                with work.noting("EC2 instances were not counted"):
                    _count_boxes(work, spending)
    except OutOfTimeError:
        work.unfinished = True


def _place(work: Work) -> dict[str, str]:
    return {"Bucket": work.settings.bucket, "Key": SPENDING}


def _seat_of(work: Work, arn: str) -> str | None:
    """Return the seat that tags name, empty for none of the workshop, None where not readable."""
    tags = tags_of(work, arn)
    if tags is None:
        return None
    return tags.get("attendee", "") if tags.get("workshop") == work.settings.workshop else ""


def _price(work: Work, use: str, instance_type: str) -> float:
    """Return USD per hour of an instance; the dearest that is known where its own is not."""
    prices = work.settings.budget["prices"]
    every = {
        type_name: by[use] if isinstance(by, dict) else by
        for type_name, by in prices.items()
        if not isinstance(by, dict) or use in by
    }
    if instance_type not in every:
        work.problems.append(f"no price of {instance_type or 'an instance'} for {use} is known")
        return float(max(every.values(), default=0.0))
    return float(every[instance_type])


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


# --- jobs ----------------------------------------------------------------------------------------


def _count_jobs(work: Work, spending: Spending, jobs: JobKind, only: str | None) -> None:
    noun, now = jobs.noun, work.now.timestamp()
    recent = datetime.fromtimestamp(max(spending.at - RECENT, now - LONGEST), UTC)
    asked: list[dict[str, Any]] = [
        {"StatusEquals": "InProgress"},
        {"StatusEquals": "Stopping"},
        *([{"LastModifiedTimeAfter": recent}] if only is None else []),
    ]
    seen = {
        _key(job, noun): job
        for request in asked
        for job in listed(work, f"list_{jobs.snake}s", f"{noun}Summaries", **request)
    }
    spending.rest(jobs.kind, seen)
    for key, job in seen.items():
        work.go_on()
        with work.noting(f"the job {job[f'{noun}Name']} was not counted"):
            found = spending.resources.get(key) or _new_job(work, job[f"{noun}Arn"], jobs.kind)
            if found and only in (None, found.seat):
                _count_job(work, spending, jobs, key, job=job, found=found)
    if only is None:
        _count_deleted(spending, jobs.kind, seen, now)


def _key(summary: dict[str, Any], noun: str) -> str:
    """Return a key of a resource: what is made anew under a name, by whomever, is another."""
    return f"{summary[f'{noun}Arn']} {_seconds(summary['CreationTime']):.0f}"


def _count_job(
    work: Work, spending: Spending, jobs: JobKind, key: str, *, job: dict[str, Any], found: Counted
) -> None:
    noun, now = jobs.noun, work.now.timestamp()
    if found.seat and not found.start:
        _describe_job(work, found, jobs, job[f"{noun}Name"])
    runs = job[f"{noun}Status"] in ("InProgress", "Stopping")
    end = None if runs else _seconds(job.get(f"{jobs.word}EndTime")) or found.until or now
    if found.seat:
        spending.count(key, found, now, end)
    else:
        _note_foreign(spending, key, found, now, runs=runs)


def _count_deleted(spending: Spending, kind: str, seen: Iterable[str], now: float) -> None:
    """Count until now the jobs that were seen to run and whose record somebody has deleted."""
    there = {*seen}
    for key, resource in list(spending.resources.items()):
        if resource.kind == kind and resource.seat and not resource.ended and key not in there:
            resource.start = resource.start or resource.until
            spending.count(key, resource, now, now)


def _new_job(work: Work, arn: str, kind: str) -> Counted | None:
    seat = _seat_of(work, arn)
    return None if seat is None else Counted(seat, kind)


def _note_foreign(spending: Spending, key: str, found: Counted, now: float, *, runs: bool) -> None:
    """Remember what is no seat's, so that its tags are read once."""
    spending.resources[key], found.until, found.runs = found, now, runs


def _describe_job(work: Work, found: Counted, jobs: JobKind, name: str) -> None:
    describe = getattr(work.client("sagemaker"), f"describe_{jobs.snake}")
    job = describe(**{f"{jobs.noun}Name": name})
    groups = list(_groups(job))
    found.start = _seconds(job.get(f"{jobs.word}StartTime"))
    found.instances = sum(group.get("InstanceCount", 1) for group in groups)
    found.hourly = sum(
        _price(work, found.kind, group.get("InstanceType", "")) * group.get("InstanceCount", 1)
        for group in groups
    )
    found.hourly += _large_disk(job) * found.instances * DISK_GB_HOUR


def _large_disk(job: dict[str, Any]) -> int:
    """Return the GB above what is usual of the disk that each machine of a job has.

    IAM has no key for it, and 16 TB cost more than most machines.
    """
    config = job.get("ResourceConfig") or job.get("ProcessingResources", {}).get("ClusterConfig")
    return max(0, int((config or {}).get("VolumeSizeInGB", 0)) - USUAL_DISK)


def _groups(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the equal machines of a job of any kind."""
    if "ResourceConfig" in job:
        yield from job["ResourceConfig"].get("InstanceGroups") or [job["ResourceConfig"]]
    elif "ProcessingResources" in job:
        yield job["ProcessingResources"]["ClusterConfig"]
    else:
        yield job["TransformResources"]


def _count_pools(work: Work, spending: Spending) -> None:
    seen = list(
        listed(work, "list_training_jobs", "TrainingJobSummaries", WarmPoolStatusEquals="Available")
    )
    keys = {f"{_key(job, 'TrainingJob')} warm pool": job for job in seen}
    spending.rest("warm pool", keys)
    for key, job in keys.items():
        found = spending.resources.get(key)
        if found is None:
            found = _new_job(work, job["TrainingJobArn"], "training")
            if found is None or not found.seat:
                continue
            _describe_job(work, found, TRAINING_JOBS, job["TrainingJobName"])
            found.kind, found.start = "warm pool", _seconds(job.get("TrainingEndTime"))
        spending.count(key, found, work.now.timestamp())


# --- endpoints and notebooks ---------------------------------------------------------------------


def _count_endpoints(work: Work, spending: Spending, only: str | None) -> None:
    now, configs = work.now.timestamp(), dict[str, dict[str, Any]]()
    seen = {
        _key(endpoint, "Endpoint"): endpoint
        for endpoint in listed(work, "list_endpoints", "Endpoints")
    }
    spending.rest("endpoint", seen)
    for key, endpoint in seen.items():
        found = spending.resources.get(key)
        if found is None:
            found = _new_job(work, endpoint["EndpointArn"], "endpoint")
            if found is not None and only is None:  # an event of its own has noted it, or was lost
                note(work, endpoint["EndpointName"], _seconds(endpoint["CreationTime"]), found.seat)
        if not found or only not in (None, found.seat):
            continue
        if not found.seat:
            _note_foreign(spending, key, found, now, runs=True)
            continue
        if endpoint["EndpointStatus"] == "Deleting":
            if found.runs:
                spending.count(key, found, now, now)
            continue
        with work.noting(f"endpoint {endpoint['EndpointName']} was not counted"):
            _describe_endpoint(work, found, endpoint, configs)
            spending.count(key, found, now)


def _describe_endpoint(
    work: Work, found: Counted, summary: dict[str, Any], configs: dict[str, dict[str, Any]]
) -> None:
    """Note what an endpoint has: the larger of what runs and of what it is being changed to.

    While it is created it counts already: it can neither be deleted nor bill nothing for long. One
    in service that nobody has modified since it was read has what it had.
    """
    modified = _seconds(summary["LastModifiedTime"])
    if summary["EndpointStatus"] == "InService" and found.modified == modified:
        return
    endpoint = work.client("sagemaker").describe_endpoint(EndpointName=summary["EndpointName"])
    found.start = _seconds(summary["CreationTime"])
    if endpoint["EndpointStatus"] in ("Failed", "OutOfService"):
        found.hourly, found.instances = 0.0, 0
        return
    each = found.hourly / found.instances if found.instances else None
    sizes, is_steady = [], endpoint["EndpointStatus"] == "InService"
    for deployed in (endpoint, endpoint.get("PendingDeploymentSummary")):
        if deployed and deployed.get("EndpointConfigName"):
            config = _config(work, deployed["EndpointConfigName"], configs)
            machines = list(_serving(deployed, config))
            is_steady &= not any("ManagedInstanceScaling" in v for v in _variants(config))
            usd = sum(
                count * (each if each and not kind else _price(work, "endpoint", kind))
                for kind, count in machines
            )
            sizes.append((usd, sum(count for _, count in machines)))
    found.hourly = max((usd for usd, _ in sizes), default=0.0)
    found.instances = max((count for _, count in sizes), default=0)
    found.modified = modified if is_steady else 0.0


def _config(work: Work, name: str, configs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a configuration, empty for one that was deleted: the endpoint goes on without."""
    if name not in configs:
        try:
            configs[name] = work.client("sagemaker").describe_endpoint_config(
                EndpointConfigName=name
            )
        except ClientError:
            configs[name] = {}
    return configs[name]


def _serving(deployed: dict[str, Any], config: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield type and number of instances of each variant; what is serverless has none."""
    running, written = (
        {variant["VariantName"]: variant for variant in _variants(of)} for of in (deployed, config)
    )
    for name in {**running, **written}:
        now, wanted = running.get(name, {}), written.get(name, {})
        if "ServerlessConfig" in wanted or "CurrentServerlessConfig" in now:
            continue
        counts = [
            now[key] for key in ("CurrentInstanceCount", "DesiredInstanceCount") if key in now
        ]
        count = max(counts, default=wanted.get("InitialInstanceCount", 1))
        yield now.get("InstanceType") or wanted.get("InstanceType", ""), count


def _variants(of: dict[str, Any]) -> list[dict[str, Any]]:
    return [*of.get("ProductionVariants", []), *of.get("ShadowProductionVariants", [])]


def _count_notebooks(work: Work, spending: Spending) -> None:
    seen = {
        notebook["NotebookInstanceArn"]: notebook
        for notebook in listed(
            work,
            "list_notebook_instances",
            "NotebookInstances",
            NameContains=f"{work.settings.workshop}-",
            StatusEquals="InService",
        )
    }
    spending.rest("notebook", seen)
    for arn, notebook in seen.items():
        seat = seat_of_notebook(work.settings.workshop, notebook["NotebookInstanceName"])
        if seat:
            found = spending.resources.get(arn) or Counted(seat, "notebook", instances=1)
            found.hourly = _price(work, "notebook", notebook["InstanceType"])
            found.start = _seconds(notebook["LastModifiedTime"])
            spending.count(arn, found, work.now.timestamp())


def _count_boxes(work: Work, spending: Spending) -> None:
    seen = {box.id: box for box in listed_boxes(work) if box.state in ("pending", "running")}
    spending.rest(BOX, seen)
    for key, box in seen.items():
        found = spending.resources.get(key) or Counted(box.seat, BOX, instances=1)
        found.hourly = _price(work, "box", box.instance_type)
        found.start = _seconds(box.since)
        spending.count(key, found, work.now.timestamp())
