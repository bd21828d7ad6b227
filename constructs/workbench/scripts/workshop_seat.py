"""What Python on the notebook adds to its calls, so that nobody has to know about it.

Shipped inside the on-start script. The notebook's environments import it when an interpreter
starts (a ``.pth`` file), and IPython's configuration does so for kernels of environments that
attendees make themselves. Before botocore is imported nothing happens, so that a program without
it starts as fast as ever. Needs Python 3.9.

- What is made, and what the steps of a pipeline make, carries the seat's tags unless it names its
  own: release 3 of the SageMaker Python SDK takes none for training from its configuration, boto3
  none at all, and the seat's policy denies what has none.
- Where jobs may take less than a day, one that names no limit, or the day that is the default of
  the SDK's release 2, gets the longest that is allowed, and a line says so. Any other limit is
  somebody's wish: it stays, and is refused if it is too long.
- Where a seat may make and serve only models of its own prefix, a name of a model that lacks it
  gets it, in every request that names one: the SDK makes up names, and labs have theirs. The same
  name gives the same, so that what was made under a name is found under it. Answers show the real
  name. Jobs and endpoints keep the names that they are given: programs know from a training job's
  name where in S3 its model is, and from an endpoint's its metrics.
- The steps of a pipeline that SageMaker would name after the execution get the seat's prefix and
  the step's name, to which it adds the execution: their logs can be read, and their models served.
  (``use_custom_job_prefix``: https://github.com/aws/sagemaker-python-sdk/pull/3946).
- The SDK follows the log of a job and gives up when it is denied. The log of a job without the
  seat's prefix is an empty page instead, and a line says what would open it.
"""
# ruff: noqa: INP001 - no package
# ruff: noqa: PLC0415 - an interpreter's start must not wait for imports

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from typing import Any

# Hours after which SageMaker ends a job that names no limit.
DAY = 24
# Types of a pipeline's steps that make something with tags, and what it is to the API.
MAKERS = {
    "Training": "TrainingJob",
    "Processing": "ProcessingJob",
    "Transform": "TransformJob",
    "Tuning": "HyperParameterTuningJob",
    "Model": "Model",
    "EndpointConfig": "EndpointConfig",
    "Endpoint": "Endpoint",
}
# Those of them whose name the pipeline makes up: a base, "-", 12 characters for the execution, 10
# for the step and a number. Names of tuning jobs are too short for that.
NAMED = ("Training", "Processing", "Transform", "Model")
BASE = 36
LONGEST = 63

told: set[str] = set()


def say(text: str) -> None:
    """Tell the attendee, once."""
    if text not in told:
        told.add(text)
        print("workshop:", text, file=sys.stderr, flush=True)


def environment() -> None:
    """Set the variables that login shells read from ``profile.d``, where they are not set."""
    import shlex
    from pathlib import Path

    root = Path(__file__).parents[3]  # from opt/workshop/python
    for line in (root / "etc/profile.d/workshop.sh").read_text().splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        os.environ.setdefault(name, value)


def limited(job: dict[str, Any]) -> dict[str, Any]:
    """Give a job, or the definition of a tuning job's, with a limit that is allowed."""
    hours = int(os.environ.get("WORKSHOP_MAX_RUNTIME_HOURS", str(DAY)))
    condition = job.get("StoppingCondition") or {}
    if hours >= DAY or condition.get("MaxRuntimeInSeconds", DAY * 3600) != DAY * 3600:
        return job
    say(f"jobs end after {hours} h here, the longest that is allowed, unless you give them less")
    return {**job, "StoppingCondition": {**condition, "MaxRuntimeInSeconds": hours * 3600}}


def complete(kind: str, request: dict[str, Any]) -> None:
    """Add what is lacking to a request; ``kind`` is the type of a step that makes the same."""
    import json

    given = request.get("Tags") or []
    if isinstance(given, list):  # and not a reference to a pipeline's parameter
        known = [tag.get("Key") for tag in given]
        mine = json.loads(os.environ["WORKSHOP_TAGS"])
        request["Tags"] = given + [tag for tag in mine if tag["Key"] not in known]
    if kind in ("Training", "Processing"):
        request.update(limited(request))
    if request.get("TrainingJobDefinition"):
        request["TrainingJobDefinition"] = limited(request["TrainingJobDefinition"])
    if request.get("TrainingJobDefinitions"):
        request["TrainingJobDefinitions"] = [*map(limited, request["TrainingJobDefinitions"])]


def prefixed(name: str) -> str:
    """Give a model's name with the seat's prefix; too long a name ends in a hash of it."""
    prefix = os.environ.get("WORKSHOP_MODEL_PREFIX", "")
    if name.startswith(prefix):
        return name
    say(f"names of models begin with {prefix} here, and get it where they do not")
    if len(prefix + name) <= LONGEST:
        return prefix + name
    from hashlib import sha256

    return f"{(prefix + name)[: LONGEST - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


def named(shape: Any, value: Any) -> Any:
    """Give a request, or a part of it, with the names of models prefixed; found by their shape."""
    if shape.type_name == "structure" and isinstance(value, dict):
        known = shape.members
        return {
            key: named(known[key], part) if key in known else part for key, part in value.items()
        }
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        return [named(shape.member, part) for part in value]
    return prefixed(value) if shape.name == "ModelName" and isinstance(value, str) else value


def step(part: dict[str, Any], service: Any) -> dict[str, Any]:
    """Complete a part of a pipeline's definition if it is a step that makes something."""
    kind, request = part.get("Type"), part.get("Arguments")
    if kind in MAKERS and isinstance(request, dict):
        complete(kind, request)
        made = MAKERS[kind]
        request.update(named(service.operation_model(f"Create{made}").input_shape, request))
        if kind in NAMED and isinstance(part.get("Name"), str):
            base = os.environ["WORKSHOP_JOB_PREFIX"] + part["Name"].replace("_", "-")
            request.setdefault(f"{made}Name", base[:BASE].rstrip("-"))
    return part


def asked(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Complete a request to SageMaker before it is checked and sent."""
    name, definition = model.name, params.get("PipelineDefinition")
    if model.input_shape:
        params.update(named(model.input_shape, params))
    # A version of a model takes no tags: its group has them.
    version = name == "CreateModelPackage" and "ModelPackageGroupName" in params
    if name.startswith("Create") and "Tags" in model.input_shape.members and not version:
        complete(name[len("Create") : -len("Job")], params)
    if isinstance(definition, str):
        import json

        try:
            steps = json.loads(definition, object_hook=lambda part: step(part, model.service_model))
            params["PipelineDefinition"] = json.dumps(steps)
        except ValueError:
            return  # the service says what is wrong with it


def log_asked(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keep the request for :func:`log_answered`."""
    context["log"] = params


def log_answered(
    http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any
) -> None:
    """Make an empty page of a denial for the log of a job that lacks the seat's prefix."""
    log, prefix = context["log"], os.environ["WORKSHOP_JOB_PREFIX"]
    job = log["logStreamName"].partition("/")[0]
    denied = parsed.get("Error", {}).get("Code") == "AccessDeniedException"
    ours = log.get("logGroupName", "").startswith("/aws/sagemaker/")
    if denied and ours and not job.startswith(prefix):
        say(
            f"no log of {job}: you can read those of jobs whose names begin with {prefix}; give"
            f' base_job_name="{prefix}...", look at the metrics, or ask the organiser for'
            " access.logs: shared"
        )
        del parsed["Error"]
        parsed.update(events=[], nextForwardToken="f/0", nextBackwardToken="b/0")
        # What botocore goes by when it decides, after this, whether to raise an error.
        http_response.status_code = 200


def install(handlers: Any) -> None:
    """Let every client of every session made from now on have the handlers."""
    try:
        environment()
    except OSError as error:
        say(f"nothing is added to your calls: {error}")
        return
    handlers.BUILTIN_HANDLERS += [
        ("before-parameter-build.sagemaker", asked),
        ("before-parameter-build.cloudwatch-logs.GetLogEvents", log_asked),
        ("after-call.cloudwatch-logs.GetLogEvents", log_answered),
    ]


class Late:
    """An importer that leaves everything to the others, and installs as botocore is imported."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> Any:
        if name != "botocore.handlers":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(Late)
        spec = find_spec(name)
        if spec and spec.loader:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                install(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Late)
