"""What Python on the notebook adds to its calls, so that nobody has to know about it.

Shipped inside the on-start script, with two programs beside it. The notebook's environments import
it when an interpreter starts (a ``.pth`` file), and IPython's configuration does so for kernels of
environments that attendees make themselves. Before botocore is imported nothing happens, so that a
program without it starts as fast as ever. Needs Python 3.9.

- What is made, and what the steps of a pipeline make, carries the seat's tags unless it names its
  own: release 3 of the SageMaker Python SDK takes none for training from its configuration, boto3
  none at all, and the seat's policy denies what has none.
- Where jobs may take less than a day, one that names no limit, or the day that is the default of
  the SDK's release 2, gets the longest that is allowed, and a line says so. Any other limit is
  somebody's wish: it stays, and is refused if it is too long.
- What requests name gets the seat's prefix (``workshop_names.py``).
- The steps of a pipeline that SageMaker would name after the execution get the seat's prefix and
  the step's name, to which it adds the execution: their logs can be read, and their models served.
  (``use_custom_job_prefix``: https://github.com/aws/sagemaker-python-sdk/pull/3946). A group that a
  step registers in is made before the pipeline, and the experiment of a pipeline is left out:
  SageMaker would make both without tags.
- The SDK follows the log of a job and gives up when it is denied. The log of a job without the
  seat's prefix is an empty page instead, and a line says what would open it.
- A denial says which rule of the workshop it is (``workshop_reasons.py``).
- Releases of the SDK before 2.173 refuse a defaults file of newer ones, or do not read it: they
  take what they know of it, and the seat's bucket.
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
# Types of a pipeline's steps by what they make, where the API has another word for it.
MAKERS = {
    "Tuning": "HyperParameterTuningJob",
    "QualityCheck": "ProcessingJob",
    "ClarifyCheck": "ProcessingJob",
    "RegisterModel": "ModelPackage",
}
# Those whose name the pipeline makes up: a base, "-", 12 characters for the execution, 10 for the
# step and a number. Names of tuning jobs are too short for that.
NAMED = ("Training", "Processing", "Transform", "Model")
BASE = 36
# The newest release of the SDK that does not know the whole defaults file.
OLD = (2, 172)

said: set[str] = set()
parameters: dict[str, str] = {}
"""Parameters of pipelines whose values are names, and of what."""
wanted: set[str] = set()
"""Groups of models that the steps of a pipeline register in."""
groups: set[str] = set()
"""Those that are known to be there."""


def say(text: str) -> None:
    """Tell the attendee, once."""
    if text not in said:
        said.add(text)
        print("workshop:", text, file=sys.stderr, flush=True)


def beside(name: str) -> Any:
    """Return a module that lies beside this one."""
    from importlib import import_module
    from pathlib import Path

    folder = str(Path(__file__).parent)
    if not __package__ and folder not in sys.path:
        sys.path.append(folder)
    return import_module(f"{__package__}.{name}" if __package__ else name)


def environment() -> None:
    """Set the variables that login shells read from ``profile.d``, where they are not set."""
    import shlex
    from pathlib import Path

    root = Path(__file__).parents[3]  # from opt/workshop/python
    for line in (root / "etc/profile.d/workshop.sh").read_text().splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        os.environ.setdefault(name, value)


def limited(job: dict[str, Any]) -> dict[str, Any]:
    """Return a job, or the definition of a tuning job's, with a limit that is allowed."""
    hours = int(os.environ.get("WORKSHOP_MAX_RUNTIME_HOURS", str(DAY)))
    condition = job.get("StoppingCondition") or {}
    if hours >= DAY or condition.get("MaxRuntimeInSeconds", DAY * 3600) != DAY * 3600:
        return job
    say(f"jobs end after {hours} h here, the longest that is allowed, unless you give them less")
    return {**job, "StoppingCondition": {**condition, "MaxRuntimeInSeconds": hours * 3600}}


def complete(made: str, request: dict[str, Any]) -> None:
    """Add what is lacking to a request that makes something."""
    given = request.get("Tags") or []
    if isinstance(given, list):  # and not a reference to a pipeline's parameter
        known = [tag.get("Key") for tag in given]
        mine = beside("workshop_names").tags()
        request["Tags"] = given + [tag for tag in mine if tag["Key"] not in known]
    if made in ("TrainingJob", "ProcessingJob"):
        request.update(limited(request))
    if request.get("TrainingJobDefinition"):
        request["TrainingJobDefinition"] = limited(request["TrainingJobDefinition"])
    if request.get("TrainingJobDefinitions"):
        request["TrainingJobDefinitions"] = [*map(limited, request["TrainingJobDefinitions"])]


def asked(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Complete a request to SageMaker before it is checked and sent."""
    name, names = model.name, beside("workshop_names")
    before = names.count()
    names.requested(params, model, context)
    if names.count() > before:
        say(f"names of what you make begin with {names.own()} here, and get it where they do not")
    # A version of a model takes no tags: its group has them.
    version = name == "CreateModelPackage" and "ModelPackageGroupName" in params
    if name.startswith("Create") and "Tags" in model.input_shape.members and not version:
        complete(name[len("Create") :], params)
    if isinstance(params.get("PipelineDefinition"), str):
        params["PipelineDefinition"] = defined(params["PipelineDefinition"], model, context)
    for given in params.get("PipelineParameters") or []:
        member = parameters.get(given.get("Name"))
        if member and isinstance(given.get("Value"), str):
            given["Value"] = names.renamed(member, given["Value"], model.service_model)


def defined(text: str, model: Any, context: dict[str, Any]) -> str:
    """Return a pipeline's definition with its steps completed."""
    import json

    try:
        definition = json.loads(text, object_hook=lambda part: step(part, model.service_model))
    except ValueError:
        return text  # the service says what is wrong with it
    if isinstance(definition, dict):
        if definition.pop("PipelineExperimentConfig", None):
            say("pipelines run without an experiment here: SageMaker would make it without tags")
        for given in definition.get("Parameters") or []:
            member = parameters.get(given.get("Name"))
            if member and isinstance(given.get("DefaultValue"), str):
                names = beside("workshop_names")
                value = names.renamed(member, given["DefaultValue"], model.service_model)
                given["DefaultValue"] = value
                if member == "ModelPackageGroupName":
                    wanted.add(value)
    while wanted:
        grouped(wanted.pop(), context, type(model).__module__)
    return json.dumps(definition)


def step(part: dict[str, Any], service: Any) -> dict[str, Any]:
    """Complete a part of a pipeline's definition if it is a step that makes something."""
    kind, request = part.get("Type"), part.get("Arguments")
    if not isinstance(kind, str) or not isinstance(request, dict):
        return part
    made = MAKERS.get(kind, f"{kind}Job")
    if f"Create{made}" not in service.operation_names:
        made = kind
    if f"Create{made}" not in service.operation_names:
        return part
    shape = service.operation_model(f"Create{made}").input_shape
    names = beside("workshop_names")
    request.update(names.of_step(shape, request, parameters, service))
    group = request.get("ModelPackageGroupName")
    if made == "ModelPackage":
        if isinstance(group, str):
            wanted.add(group)
        return part
    if "Tags" in shape.members:
        complete(made, request)
    if kind in NAMED and isinstance(part.get("Name"), str):
        base = os.environ["WORKSHOP_JOB_PREFIX"] + part["Name"].replace("_", "-")
        request.setdefault(f"{made}Name", base[:BASE].rstrip("-"))
    closed = beside("workshop_reasons").of_compute(f"Create{made}", request)
    if closed:
        say(f"the step {part.get('Name')} will be denied: {closed}")
    return part


def grouped(name: str, context: dict[str, Any], package: str) -> None:
    """Make the group of models that a step registers in, unless it is there."""
    if name in groups or name.startswith("arn:"):
        return
    from importlib import import_module

    # Its own, of boto3 or of the AWS CLI.
    botocore = package[: -len(".model")]
    errors = import_module(f"{botocore}.exceptions")
    once = import_module(f"{botocore}.config").Config(
        connect_timeout=5, read_timeout=20, retries={"max_attempts": 1}
    )
    session = import_module(f"{botocore}.session").get_session()
    try:
        client = session.create_client("sagemaker", context["client_region"], config=once)
        client.create_model_package_group(ModelPackageGroupName=name)
    except (errors.ClientError, errors.BotoCoreError) as error:
        if "already exist" not in str(error):
            say(f"the group {name} that the pipeline registers in was not made: {error}")
            return
    groups.add(name)


def answered(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Let an answer name things as the program does."""
    beside("workshop_names").answered(parsed, model, context)


def denied(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Let a denial say why."""
    why = beside("workshop_reasons").denied(parsed, model, context)
    if why:
        say(why)


def bucket_made(params: dict[str, Any], context: dict[str, Any], **_: Any) -> Any:
    """Answer for S3 that a bucket was made: the seat's own stands for it."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    name = context["workshop_request"]["Bucket"]
    try:
        beside("workshop_names").bucket_wanted(name)
    except OSError:
        return None  # S3 says no, and the reason is added
    say(f"nobody makes buckets here: {name} stands for yours, WORKSHOP_BUCKET, in Python")
    parsed = {"Location": f"/{name}", "ResponseMetadata": {"HTTPStatusCode": 200}}
    return AWSResponse(params["url"], 200, HTTPHeaders(), None), parsed


def log_answered(
    http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any
) -> None:
    """Make an empty page of a denial for the log of a job that lacks the seat's prefix."""
    log, prefix = context["workshop_request"], os.environ["WORKSHOP_JOB_PREFIX"]
    group = log.get("logGroupName", "")
    job = log["logStreamName"].partition("/")[0]
    if "/Endpoints/" in group:
        job = group.rpartition("/")[2]
    denied = parsed.get("Error", {}).get("Code") == "AccessDeniedException"
    if denied and group.startswith("/aws/sagemaker/") and not job.startswith(prefix):
        say(
            f"no log of {job}: you can read those of jobs and endpoints whose names begin with"
            f" {prefix}; look at the metrics, or ask the organiser for access.logs: shared"
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
    handlers.BUILTIN_HANDLERS += registered()


def registered() -> list[tuple[str, Any]]:
    """Return the handlers and their events; later ones of an event see what earlier ones did."""
    names, reasons = beside("workshop_names"), beside("workshop_reasons")
    before, after = "before-parameter-build", "after-call"
    runtimes = ("sagemaker-runtime", "sagemaker-metrics", "sagemaker-featurestore-runtime")
    return [
        (before, reasons.requested),
        (f"{before}.sagemaker", asked),
        *((f"{before}.{service}", names.requested) for service in runtimes),
        (f"{before}.cloudwatch-logs", names.logs_requested),
        (f"{before}.cloudwatch", names.metrics_requested),
        (f"{before}.application-auto-scaling", names.scaling_requested),
        (f"{before}.ecr", names.repository_requested),
        (f"{before}.s3", names.bucket_requested),
        ("before-call.s3.CreateBucket", bucket_made),
        (f"{after}.cloudwatch-logs.GetLogEvents", log_answered),
        *((f"{after}.{service}", answered) for service in ("sagemaker", *runtimes)),
        (after, denied),
    ]


# The SageMaker Python SDK's release 2 below 2.173


def old() -> bool:
    """Whether the SDK is of a release that does not know the whole defaults file."""
    from importlib.metadata import version

    return tuple(map(int, version("sagemaker").split(".")[:2])) <= OLD


def lenient(module: Any) -> None:
    """Let the SDK pass over keys of its defaults file that it does not know."""

    def open_up(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("additionalProperties") is False:
                del part["additionalProperties"]
            for inner in part.values():
                open_up(inner)

    if old():
        open_up(module.SAGEMAKER_PYTHON_SDK_CONFIG_SCHEMA)


def bucketed(module: Any) -> None:
    """Let a session that is given no bucket take the seat's own."""
    if not old():
        return
    take = module.Session.default_bucket

    def default_bucket(session: Any) -> Any:
        chosen = vars(session)
        if not chosen.get("_default_bucket") and not chosen.get("_default_bucket_name_override"):
            chosen["_default_bucket"] = os.environ.get("WORKSHOP_BUCKET")
        return take(session)

    module.Session.default_bucket = default_bucket


late = {
    "botocore.handlers": install,
    "awscli.botocore.handlers": install,  # release 2 of the AWS CLI brings its own
    "sagemaker.config.config_schema": lenient,
    "sagemaker.session": bucketed,
}


class Late:
    """An importer that leaves everything to the others, and acts as a module is imported."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> Any:
        if name not in late:
            return None
        from importlib.util import find_spec

        act = late.pop(name)
        spec = find_spec(name)
        if spec and spec.loader:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                act(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Late)
