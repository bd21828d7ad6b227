"""Stops what bills by the hour: endpoints, jobs, notebooks, machines kept warm.

What is the workshop's is told by its tag, which seats can neither leave out nor change; IAM asks
for the same tag when something is stopped. What AWS does not end yet is noted and tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workshop.watch.boxes import stop_boxes
from workshop.watch.work import AWS_ERRORS, Work

JOBS = (
    ("AutoMLJob", "auto_ml_job"),
    ("HyperParameterTuningJob", "hyper_parameter_tuning_job"),
    ("TrainingJob", "training_job"),
    ("ProcessingJob", "processing_job"),
    ("TransformJob", "transform_job"),
)
"""What runs and ends: its noun in SageMaker's and boto3's words; what starts others is first."""
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
"""States of an endpoint in which AWS refuses to delete it, while it bills."""
PAGE = 100
"""Of a listing, the most that SageMaker takes; without, it answers ten at a time."""
ON_ITS_WAY = ("Pending", "Updating")
"""States of a notebook in which AWS refuses to stop it, while it bills."""


def stop_all(work: Work) -> None:
    """Stop everything of ``work.seats``, the dearest first.

    Neither an error of one kind nor the time that it takes keeps another from being stopped.
    """
    with work.sharing(), work.noting("endpoints"):
        _delete_endpoints(work)
    if work.settings.boxes:
        with work.sharing(), work.noting("EC2 instances"):
            stop_boxes(work)
    for noun, snake in JOBS:
        with work.sharing(), work.noting(f"{snake}s"):
            _stop_jobs(work, noun, snake)
    with work.sharing(), work.noting("warm pools"):
        _release_pools(work)
    with work.sharing(), work.noting("notebooks"):
        stop_notebooks(work)


def stop_one(work: Work, detail: dict[str, Any]) -> None:
    """Stop what one of SageMaker's own events tells of; the rule lets pass what can be stopped."""
    for noun, snake in JOBS:
        if f"{noun}Name" in detail and f"{noun}Status" in detail:
            _stop_job(work, noun, snake, detail)
    if "EndpointStatus" in detail and not is_deleting(detail):
        _delete_endpoint(work, detail["EndpointName"], detail["EndpointArn"])
    elif "NotebookInstanceStatus" in detail:
        _stop_notebook(work, detail["NotebookInstanceName"])


def is_deleting(detail: dict[str, Any]) -> bool:
    """Return whether an event tells that an endpoint goes, which bills no more."""
    return str(detail.get("EndpointStatus", "")).upper() == "DELETING"


def listed(work: Work, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield what all pages of a listing hold, for as long as there is time."""
    pages = work.client("sagemaker").get_paginator(operation)
    pages = pages.paginate(**request, PaginationConfig={"PageSize": PAGE})
    for page in pages:
        for summary in page[member]:
            work.go_on()
            yield summary


def tags_of(work: Work, arn: str) -> dict[str, str] | None:
    """Return the tags of a resource, read once in a run; None where they could not be read."""
    try:
        if arn not in work.tags:
            pages = work.client("sagemaker").get_paginator("list_tags").paginate(ResourceArn=arn)
            work.tags[arn] = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        return work.tags[arn]
    except AWS_ERRORS as error:
        work.problems.append(f"the tags of {arn} could not be read: {error}")
        return None


def _is_ours(work: Work, arn: str) -> bool:
    """Return whether it is the workshop's, and of the seats that are to be stopped.

    What is gone meanwhile is not.
    """
    if not _is_named(work, arn.rpartition("/")[2]):
        return False
    tags = tags_of(work, arn) or {}
    is_ours = tags.get("workshop") == work.settings.workshop
    return is_ours and (work.seats is None or tags.get("attendee") in work.seats)


def _is_named(work: Work, name: str) -> bool:
    return work.only is None or name.lower() in work.only


def ask(work: Work, what: str, done: str, operation: str, **request: Any) -> None:
    """Make one call; what AWS refuses is noted, and asked for again by the next run.

    The first of the request is the name of what is stopped.
    """
    try:
        getattr(work.client("sagemaker"), operation)(**request)
        work.done[done] += 1
    except AWS_ERRORS as error:
        _wait(work, next(iter(request.values())), f"{what}: {error}")


def _wait(work: Work, name: str, text: str) -> None:
    """Note what AWS does not let be stopped yet."""
    work.refused.add(name.lower())
    work.pending.append(text)


# --- endpoints -----------------------------------------------------------------------------------


def _delete_endpoints(work: Work) -> None:
    for endpoint in listed(work, "list_endpoints", "Endpoints"):
        _delete_endpoint(
            work, endpoint["EndpointName"], endpoint["EndpointArn"], endpoint["EndpointStatus"]
        )


def _delete_endpoint(work: Work, name: str, arn: str, status: str = "") -> None:
    if not _is_ours(work, arn):
        return
    if status == "Deleting":
        work.pending.append(f"endpoint {name} is Deleting")
    elif status in CHANGING:
        _wait(work, name, f"endpoint {name} is {status}")
    elif not _has_dependents(work, name, _scalable_targets(work)):
        ask(work, f"endpoint {name}", "endpoints deleted", "delete_endpoint", EndpointName=name)


def _scalable_targets(work: Work) -> dict[str, list[dict[str, Any]]]:
    """Return what lets Application Auto Scaling change sizes, by ``endpoint/NAME`` and the like."""
    if work.targets is not None:
        return work.targets
    found: dict[str, list[dict[str, Any]]] = {}
    work.targets = found
    with work.noting("scalable targets"):
        pages = work.client("application-autoscaling").get_paginator("describe_scalable_targets")
        for page in pages.paginate(ServiceNamespace="sagemaker"):
            for target in page["ScalableTargets"]:
                of = "/".join(target["ResourceId"].split("/")[:2])
                found.setdefault(of, []).append(target)
    return found


def _has_dependents(work: Work, endpoint: str, targets: dict[str, list[dict[str, Any]]]) -> bool:
    """Take away what keeps an endpoint from being deleted; return whether some of it is left."""
    _deregister(work, targets.get(f"endpoint/{endpoint}", []))
    left = False
    with work.noting(f"the components of endpoint {endpoint}"):
        some = list(
            listed(
                work,
                "list_inference_components",
                "InferenceComponents",
                EndpointNameEquals=endpoint,
            )
        )
        left = bool(some)
        for component in some:
            name, status = (
                component["InferenceComponentName"],
                component.get("InferenceComponentStatus"),
            )
            _deregister(work, targets.get(f"inference-component/{name}", []))
            if status in CHANGING or status == "Deleting":
                _wait(work, endpoint, f"component {name} of endpoint {endpoint} is {status}")
                continue
            _wait(work, endpoint, f"endpoint {endpoint} waits for its component {name}")
            ask(
                work,
                f"component {name}",
                "components deleted",
                "delete_inference_component",
                InferenceComponentName=name,
            )
    return left


def _deregister(work: Work, some: list[dict[str, Any]]) -> None:
    scaling = work.client("application-autoscaling")
    for target in some:
        with work.noting(f"the scaling of {target['ResourceId']}"):
            scaling.deregister_scalable_target(
                ServiceNamespace="sagemaker",
                ResourceId=target["ResourceId"],
                ScalableDimension=target["ScalableDimension"],
            )


# --- jobs and notebooks --------------------------------------------------------------------------


def _stop_jobs(work: Work, noun: str, snake: str) -> None:
    running = listed(work, f"list_{snake}s", f"{noun}Summaries", StatusEquals="InProgress")
    for job in running:
        _stop_job(work, noun, snake, job)


def _stop_job(work: Work, noun: str, snake: str, job: dict[str, Any]) -> None:
    if _is_ours(work, job[f"{noun}Arn"]):
        name = job[f"{noun}Name"]
        ask(work, f"{snake} {name}", "jobs stopped", f"stop_{snake}", **{f"{noun}Name": name})


def _release_pools(work: Work) -> None:
    pooled = listed(
        work, "list_training_jobs", "TrainingJobSummaries", WarmPoolStatusEquals="Available"
    )
    for job in pooled:
        if _is_ours(work, job["TrainingJobArn"]):
            name = job["TrainingJobName"]
            ask(
                work,
                f"the warm pool of {name}",
                "warm pools released",
                "update_training_job",
                TrainingJobName=name,
                ResourceConfig={"KeepAlivePeriodInSeconds": 0},
            )


def listed_notebooks(work: Work) -> Iterator[tuple[str, str, str]]:
    """Yield name, status and ARN of the workshop's notebooks."""
    found = listed(
        work,
        "list_notebook_instances",
        "NotebookInstances",
        NameContains=f"{work.settings.workshop}-",
    )
    for notebook in found:
        name = notebook["NotebookInstanceName"]
        if _is_notebook_asked_for(work, name):
            yield name, notebook["NotebookInstanceStatus"], notebook["NotebookInstanceArn"]


def stop_notebooks(work: Work) -> None:
    """Stop the workshop's notebooks that run; those on their way are noted."""
    for name, status, _ in listed_notebooks(work):
        if status in ON_ITS_WAY:
            _wait(work, name, f"notebook {name} is {status}")
        elif status == "InService":
            _stop_notebook(work, name)


def _stop_notebook(work: Work, name: str) -> None:
    if _is_notebook_asked_for(work, name):
        ask(
            work,
            f"notebook {name}",
            "notebooks stopped",
            "stop_notebook_instance",
            NotebookInstanceName=name,
        )


def _is_notebook_asked_for(work: Work, name: str) -> bool:
    seat = seat_of_notebook(work.settings.workshop, name)
    return bool(seat) and _is_named(work, name) and (work.seats is None or seat in work.seats)


def seat_of_notebook(workshop: str, name: str) -> str:
    """Return the seat that a notebook's name names: seats make none of any other name."""
    found = re.fullmatch(rf"{re.escape(workshop)}-([a-z][a-z0-9]{{1,11}})-notebook", name)
    return found[1] if found else ""
