"""What a profile of an environment file may say: a named variant of the workbench."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from workshop.config import rules
from workshop.config.content import Content, Contents
from workshop.config.ec2 import Ec2, each_once
from workshop.config.model import Flag, Model, Whole
from workshop.config.rules import shown
from workshop.naming import SEAT_STACKS

CREATABLE_PLATFORM = "notebook-al2023-v1"
"""The only platform on which a notebook instance can be created since 2026-07-01."""

MIN_VOLUME_GB, MAX_VOLUME_GB = 5, 16384
"""SageMaker's bounds for ``VolumeSizeInGB`` of a notebook instance (botocore's service model)."""


InstanceType = Annotated[str, rules.INSTANCE_TYPE]
VolumeGb = Annotated[Whole, Field(ge=MIN_VOLUME_GB, le=MAX_VOLUME_GB)]


def _creatable(platform: str) -> str:
    if platform != CREATABLE_PLATFORM:
        known = platform.startswith(("notebook-al1", "notebook-al2-"))
        reason = "can no longer be created" if known else "is not a platform that can be created"
        raise ValueError(f"{shown(platform)} {reason}; use {CREATABLE_PLATFORM!r}")
    return platform


class Bucket(Model):
    """One bucket of a seat."""

    versioned: Flag = True
    """Keep earlier versions of each object, as datasets need."""
    prefixes: tuple[Annotated[str, rules.PREFIX], ...] = ("train/", "val/", "models/", "output/")
    """The layout that attendees see in their notebook's environment."""
    noncurrent_days: Whole = Field(default=7, ge=1, le=3650)
    """Days after which an overwritten or deleted version is removed."""
    incomplete_upload_days: Whole = Field(default=1, ge=1, le=365)
    """Days after which an unfinished multipart upload is removed."""
    expire_days: Whole | None = Field(default=None, ge=1, le=3650)
    """Days after which every object is removed; null keeps objects."""
    keep: Flag = False
    """Leave the bucket behind when the seat's stack is deleted."""


class Storage(Model):
    """The buckets of a seat."""

    buckets: dict[Annotated[str, rules.BUCKET_KEY], Bucket] = Field(
        default={"data": Bucket()}, min_length=1, max_length=5
    )
    """By key; the key becomes part of the bucket's name. The first is the SDK's default bucket."""


class Repository(Model):
    """One container repository of a seat."""

    immutable_tags: Flag = False
    """Whether a tag, once pushed, always means the same image; then ``latest`` can be pushed once
    alone."""
    scan_on_push: Flag = True
    """Scan each image for known vulnerabilities when it arrives."""
    keep_images: Whole = Field(default=10, ge=1, le=1000)
    """How many images stay; older ones are removed."""
    untagged_days: Whole = Field(default=1, ge=1, le=365)
    """Days after which an image without a tag is removed."""
    keep: Flag = False
    """Leave the repository and its images behind when the seat's stack is deleted."""


class Registry(Model):
    """The container repositories of a seat."""

    repositories: dict[Annotated[str, rules.REPOSITORY_KEY], Repository] = Field(
        default={"training": Repository()}, min_length=1, max_length=10
    )
    """By key; the key becomes the last part of the repository's name."""


InstanceTypes = Annotated[tuple[Annotated[str, rules.INSTANCE_TYPES], ...], Field(min_length=1)]
"""Instance types, and whole families of them as in ``ml.m5.*``."""
LONGEST_WARM_POOL = 60
"""Minutes for which SageMaker keeps machines at most (``KeepAlivePeriodInSeconds``)."""


def _any_gpu(types: tuple[str, ...]) -> bool:
    # AWS names families with GPUs g and p; Trainium and Inferentia are no GPUs.
    return any(name.startswith(("ml.g", "ml.p")) for name in types)


def _condition_values(written: object) -> object:
    # IAM compares text; what YAML reads as a number or a truth value is text to it as well.
    values = written if isinstance(written, list | tuple) else [written]
    return tuple(str(value).lower() if isinstance(value, bool | int) else value for value in values)


ConditionValues = Annotated[
    tuple[str, ...],
    BeforeValidator(
        _condition_values, json_schema_input_type=str | int | bool | tuple[str | int | bool, ...]
    ),
]


class ExtraStatement(Model):
    """One statement of a policy that opens something to every seat of the profile."""

    sid: Annotated[str, rules.SID] = Field(examples=["ReadPrices"])
    """Its name in the policy: letters and digits, another than every other statement's."""
    actions: tuple[Annotated[str, rules.ACTION], ...] = Field(
        min_length=1, max_length=20, examples=[["dynamodb:GetItem", "dynamodb:Query"]]
    )
    """Actions, each ``service:Name``; a name may end in a wildcard."""
    resources: tuple[Annotated[str, rules.RESOURCE], ...] = Field(
        min_length=1,
        max_length=20,
        examples=[["arn:aws:dynamodb:eu-west-1:123456789012:table/prices"]],
    )
    """ARNs, or "*" for all; IAM's own variables such as ``${aws:PrincipalTag/attendee}`` work."""
    conditions: dict[str, dict[str, ConditionValues]] = Field(default={})
    """Conditions as IAM writes them: operator, key, value or values."""


class Serverless(Model):
    """How large a serverless variant of an endpoint may be; how many there are, only quotas cap."""

    max_concurrency: Whole = Field(default=5, ge=1, le=200)
    """How many requests a variant may serve at once."""
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 3072
    """How much memory a variant may have in MB."""


class Access(Model):
    """What a seat may do."""

    mode: Literal["scoped", "managed"] = "scoped"
    """``scoped``: the seat's own things only. ``managed``: AWS's three broad policies, under the
    boundary, which keeps a seat out of others' buckets, repositories, notebooks, roles, logs and
    tagged things; an attendee then can use every instance type for any time, and change what
    carries no tags."""
    training_instance_types: InstanceTypes = ("ml.m5.large", "ml.g5.xlarge")
    """Instance types for training and tuning jobs, or families such as ``ml.m5.*``; in ``scoped``
    mode only."""
    processing_instance_types: InstanceTypes = ("ml.m5.large", "ml.m5.xlarge")
    """Instance types for processing and batch transform jobs; in ``scoped`` mode only."""
    endpoint_instance_types: InstanceTypes = ("ml.m5.large", "ml.g5.xlarge")
    """Instance types for endpoints; in ``scoped`` mode only."""
    max_runtime_hours: Whole = Field(default=24, ge=1, le=120)
    """The longest that a training, tuning or processing job may ask for; below 24 a job has to name
    its own limit, since SageMaker's default is 24. In ``scoped`` mode only."""
    warm_pools: Flag | Annotated[Whole, Field(ge=1, le=LONGEST_WARM_POOL)] = False
    """Whether training instances may be kept running between jobs, which costs: for as many minutes
    at most, or with ``true`` for 60; in ``scoped`` mode only."""
    serverless: Serverless | None = None
    """How large serverless endpoints may be; null for none. In ``scoped`` mode only."""
    autoscaling: Flag = False
    """Whether a seat may have its own endpoints scaled, and have alarms whose names begin with
    ``<workshop>-<seat>-``; AWS's role for it has to exist in the account. In ``scoped`` mode
    only."""
    managed_spot: Literal["allowed", "required"] = "allowed"
    """Whether training may use managed spot instances, or has to. IAM cannot require it:
    with ``required``, preflight refuses while a quota for training on demand is not 0."""
    feature_store: Flag = False
    """Whether a seat may have feature groups of its own, and read their offline stores by Athena;
    an offline store needs a name that begins with ``<workshop>-<seat>-``, for its table in AWS
    Glue. In ``scoped`` mode only."""
    search: Flag = True
    """Whether a seat may search SageMaker's records, which shows those of all seats (parameters,
    paths); without it, runs of experiments in the Python SDK fail. In ``scoped`` mode only."""
    logs: Literal["own", "shared"] = "own"
    """``own``: the logs of jobs and endpoints whose names begin with ``<workshop>-<seat>-``, and of
    the seat's notebook. ``shared``: those of all jobs and endpoints of the account, whatever their
    names."""
    model_prefix: Flag = True
    """Whether a seat's models have to be named ``<workshop>-<seat>-...``, and only such may be
    served; without it, a seat can serve any other model of the account, yours and a neighbour's,
    and its container runs with the role that the model names."""
    model_packages: Flag = False
    """Whether a seat may register versions of models. A registration may ask for a validation on
    any instance type, and IAM is not told: only the account's quotas for batch transform cap it."""
    public_buckets: tuple[Annotated[str, rules.PUBLIC_BUCKET], ...] = Field(
        default=(), max_length=10, examples=[["sagemaker-sample-files"]]
    )
    """Buckets of other accounts, of any Region, that a seat may list and read as far as their
    owners let everybody. In ``scoped`` mode only."""
    extra_statements: tuple[ExtraStatement, ...] = Field(default=(), max_length=10)
    """What else every seat of the profile may do. The boundary lets these actions through, but
    what it denies stays denied; ``workshop check`` says what is opened."""
    console_principals: tuple[Annotated[str, rules.PRINCIPAL], ...] = Field(
        default=(), max_length=10, examples=[["arn:aws:iam::123456789012:role/workshop-entrance"]]
    )
    """ARNs of users and roles that may take on the console role of the one seat whose id they, or
    their sessions, carry as the tag ``attendee``; where each seat has an account of its own, whose
    account they carry."""
    console_organisers: tuple[Annotated[str, rules.PRINCIPAL], ...] = Field(
        default=(), max_length=10, examples=[["arn:aws:iam::123456789012:role/organisers"]]
    )
    """ARNs of users and roles that may take on the console role of every seat, whatever their tags.
    Without these and ``console_principals`` there is no console role."""

    @property
    def warm_pool_minutes(self) -> int:
        """For how many minutes training instances may be kept running."""
        kept = self.warm_pools
        return (LONGEST_WARM_POOL if kept else 0) if isinstance(kept, bool) else kept

    @property
    def extra_actions(self) -> tuple[str, ...]:
        """The actions that ``extra_statements`` open."""
        return tuple(action for extra in self.extra_statements for action in extra.actions)

    @property
    def has_console(self) -> bool:
        """Whether a seat has a role for AWS's console."""
        return bool(self.console_principals or self.console_organisers)

    @property
    def training_gpu(self) -> bool:
        """Whether a training job can have a GPU; ``managed`` caps no instance types."""
        return self.mode == "managed" or _any_gpu(self.training_instance_types)

    @property
    def processing_gpu(self) -> bool:
        """Whether a processing job can have a GPU."""
        return self.mode == "managed" or _any_gpu(self.processing_instance_types)


class Vpc(Model):
    """Puts the notebook into a subnet of yours instead of SageMaker's own network."""

    subnet_id: Annotated[str, rules.SUBNET] = Field(examples=["subnet-0abc12345"])
    """The subnet; attendees reach the notebook through SageMaker whatever its route."""
    security_group_ids: Annotated[
        tuple[Annotated[str, rules.SECURITY_GROUP], ...], AfterValidator(each_once)
    ] = Field(min_length=1, max_length=5, examples=[["sg-0abc12345"]])
    """One to five security groups of the subnet's VPC."""
    direct_internet: Flag = False
    """Also keep SageMaker's own way to the internet beside the VPC."""


def _network_kind(value: object) -> str:
    return "vpc" if isinstance(value, dict | Vpc) else "direct"


class SavedFiles(Model):
    """Which files of a notebook are saved to the seat's bucket every few minutes."""

    file_mb: Whole = Field(default=200, ge=1, le=5_000)
    """Files above so many MB are not saved."""
    total_gb: Whole = Field(default=5, ge=1, le=100)
    """Of all files of a seat, so many GB are saved; the largest are left out."""
    leave_out: tuple[Annotated[str, rules.PATTERN], ...] = Field(
        default=(), max_length=20, examples=[["*.ckpt", "data/*"]]
    )
    """Patterns of what is not saved, counted from the notebook's files; ``*`` is also for slashes.
    Links, caches and environments are never saved."""


class Notebook(Model):
    """The notebook instance of a seat."""

    enabled: Flag = True
    """Whether a seat has one; false where ``ec2`` takes its place."""
    instance_type: InstanceType = "ml.t3.medium"
    """The instance type; a roster row may name another."""
    fallback_instance_types: tuple[InstanceType, ...] = Field(default=(), max_length=5)
    """Types that ``workshop deploy`` tries in turn when AWS has none of the first to give."""
    volume_gb: VolumeGb = 20
    """Size of the notebook's disk in GB; it can grow later but never shrink."""
    platform: Annotated[
        str, AfterValidator(_creatable), Field(json_schema_extra={"enum": [CREATABLE_PLATFORM]})
    ] = CREATABLE_PLATFORM
    """The operating system; changing it replaces the notebook and its disk."""
    root_access: Flag = False
    """Whether attendees are root on their notebook."""
    idle_stop_minutes: Whole | None = Field(default=60, ge=10, le=1440)
    """Stop the notebook after so many minutes in which nobody used it and nothing worked on it: no
    busy kernel, no used terminal, no process of any user or container, no GPU; null never."""
    busy_stop_hours: Whole | None = Field(default=12, ge=1, le=168)
    """Stop it also when it was in use for so many hours without a pause of a quarter of an hour: a
    cell that never ends, an ``input()`` that nobody answers; null for no such bound."""
    keep_running_hours: Whole = Field(default=24, ge=0, le=168)
    """The longest that an attendee keeps it running with a file ``KEEP-RUNNING``, counted from when
    the file was written; 0 for no such file."""
    save: SavedFiles = SavedFiles()
    """Which of its files are saved, and so outlive it."""
    content: Contents = None
    """Material to bring, one source or a list of them; null for none."""
    tokens: dict[Annotated[str, rules.TOKEN], Literal["shared", "per_seat"]] = Field(
        default={}, max_length=10, examples=[{"HF_TOKEN": "per_seat"}]
    )
    """Variables that hold a secret, such as ``HF_TOKEN``: one for each seat or one for all. The
    values come from you, by ``workshop token set``, and are in no file of the workshop."""
    packages: tuple[Annotated[str, rules.REQUIREMENT], ...] = ()
    """Python packages that are installed in the background at each start of the notebook."""
    network: Annotated[
        Annotated[Literal["direct"], Tag("direct")] | Annotated[Vpc, Tag("vpc")],
        Discriminator(_network_kind),
    ] = "direct"
    """``direct``, or the subnet and security groups to use."""

    @property
    def contents(self) -> tuple[Content, ...]:
        """Return the sources of ``content``."""
        if isinstance(self.content, tuple):
            return self.content
        return () if self.content is None else (self.content,)

    @property
    def vpc(self) -> Vpc | None:
        """The VPC's part of ``network``, None for SageMaker's own network."""
        return self.network if isinstance(self.network, Vpc) else None


class Dashboard(Model):
    """The CloudWatch dashboard of a seat."""

    period_seconds: Literal[60, 300, 900, 3600] = 60
    """The width of one data point."""
    gpu: Flag = True
    """Show GPU use and GPU memory."""
    logs: Flag = True
    """Show the latest lines of the seat's training jobs."""


class SharedMlflow(Model):
    """An MLflow App or tracking server that you run, for all seats of the profile together."""

    shared: Annotated[str, rules.MLFLOW] = Field(
        examples=["arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/class"]
    )
    """Its ARN, in the account and Region of the seats; every seat reads, changes and deletes what
    all seats keep there."""


def _mlflow_kind(value: object) -> str:
    return "shared" if isinstance(value, dict | SharedMlflow) else "app"


class Profile(Model):
    """A named variant of the workbench."""

    storage: Storage = Storage()
    """The buckets of a seat."""
    registry: Registry = Registry()
    """The container repositories of a seat."""
    access: Access = Access()
    """What a seat may do."""
    notebook: Notebook = Notebook()
    """The notebook instance of a seat, and what its machines hold."""
    ec2: Ec2 | None = None
    """An EC2 instance beside the notebook or, with ``notebook: {enabled: false}``, in its place;
    null for none."""
    dashboard: Dashboard = Dashboard()
    """The CloudWatch dashboard of a seat."""
    mlflow: (
        Annotated[
            Annotated[Literal["app"], Tag("app")] | Annotated[SharedMlflow, Tag("shared")],
            Discriminator(_mlflow_kind),
        ]
        | None
    ) = None
    """``app`` for a serverless MLflow App of each seat's own, which costs nothing by the hour; or
    the one that all share; null for none. In ``scoped`` mode only."""

    @property
    def has_notebook(self) -> bool:
        """Whether a seat has a notebook instance."""
        return self.notebook.enabled

    @property
    def has_box(self) -> bool:
        """Whether a seat has an EC2 instance."""
        return self.ec2 is not None

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks of a seat, in the order in which they can be created."""
        absent = {"notebook": not self.has_notebook, "box": not self.has_box}
        return tuple(kind for kind in SEAT_STACKS if not absent.get(kind))

    @property
    def shared_mlflow(self) -> str | None:
        """The ARN of the MLflow that all seats of the profile share."""
        return self.mlflow.shared if isinstance(self.mlflow, SharedMlflow) else None

    @model_validator(mode="after")
    def _mlflow_app_has_a_stack(self) -> Self:
        if self.mlflow == "app" and not self.has_notebook:
            raise ValueError(
                "has an MLflow App of each seat's own, which a notebook's stack makes, and no"
                " notebook; remove mlflow, or share one: 'mlflow: {shared: ARN}'"
            )
        return self

    @model_validator(mode="after")
    def _content_can_be_read(self) -> Self:
        for content in self.notebook.contents:
            bucket = (
                content.s3.removeprefix("s3://").partition("/")[0] if content.s3 else "datasets"
            )
            if bucket == "datasets" or bucket in self.access.public_buckets:
                continue
            if self.access.mode == "scoped":
                raise ValueError(
                    f"its seats cannot read {shown(bucket)}, of which notebook.content is to come;"
                    " name it in access.public_buckets if everybody may read it, or bring it to"
                    f" the datasets with: workshop data push {content.s3}"
                )
        return self
