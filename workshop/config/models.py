"""What an environment file may say: frozen models, checked before anything is built.

The models hold rules and defaults only; reading the file and naming the line of a mistake is the
work of :mod:`workshop.environments.loader`. Descriptions end up in ``config/schema.json``, where
editors show them, and in ``docs/configuration.md``.

A rule that looks at two values sits on the later field, not on the model: pydantic checks a field
although another one is wrong, so that one run shows all mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from workshop import tags as tag_rules
from workshop.config import rules
from workshop.config.diagnostics import listing, suggestion
from workshop.config.rules import shown

CREATABLE_PLATFORM = "notebook-al2023-v1"
"""The only platform on which a notebook instance can be created since 2026-07-01."""

DEFAULT_PROFILE = "attendee"

MIN_VOLUME_GB, MAX_VOLUME_GB = 5, 16384
"""SageMaker's bounds for ``VolumeSizeInGB`` of a notebook instance (botocore's service model)."""


class Model(BaseModel):
    """Root of all models: nothing unknown gets in and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


# Lax pydantic would also take "no", 1 and "20"; the file would not say what it looks like.
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]


def _account_text(value: object) -> object:
    # An unquoted id reads as a number in YAML; it is only unharmed when all 12 digits are there.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _instant(value: object) -> datetime:
    # pydantic alone would also read 20261201 as seconds since 1970, and a day as its midnight.
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if value is None:
        raise ValueError("is empty; give it a value")
    if isinstance(value, datetime) or not rules.INSTANT.holds(str(value)):
        raise ValueError(f"{shown(str(value))} {rules.INSTANT.message}")
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(
            f"{shown(str(value))} is not in the calendar; correct the date or hour"
        ) from None


def _creatable(platform: str) -> str:
    if platform != CREATABLE_PLATFORM:
        known = platform.startswith(("notebook-al1", "notebook-al2-"))
        reason = "can no longer be created" if known else "is not a platform that can be created"
        raise ValueError(f"{shown(platform)} {reason}; use {CREATABLE_PLATFORM!r}")
    return platform


def _own_tag_key(key: str) -> str:
    # IAM compares keys without regard to case, hence so do we.
    if key.casefold() in tag_rules.RESERVED:
        raise ValueError(f"{shown(key)} is set by the provisioner; remove it")
    if key.casefold().startswith("aws:"):
        raise ValueError(f"{shown(key)} is reserved by AWS; begin it otherwise")
    return key


def _own_tags(tags: dict[str, str]) -> dict[str, str]:
    if message := tag_keys_mistake(tags):
        raise ValueError(message)
    return tags


def _plain_text(value: object) -> object:
    # A tag's value is text to AWS; a number is its digits.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


AccountId = Annotated[str, rules.ACCOUNT, BeforeValidator(_plain_text)]
Region = Annotated[str, rules.REGION]
InstanceType = Annotated[str, rules.INSTANCE_TYPE]
VolumeGb = Annotated[Whole, Field(ge=MIN_VOLUME_GB, le=MAX_VOLUME_GB)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
TagKey = Annotated[str, rules.TAG_KEY, AfterValidator(_own_tag_key)]
TagValue = Annotated[str, rules.TAG_VALUE, BeforeValidator(_plain_text)]
ProfileName = Annotated[str, rules.PROFILE]


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

    immutable_tags: Flag = True
    """A tag, once pushed, always means the same image."""
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


InstanceTypes = Annotated[tuple[InstanceType, ...], Field(min_length=1)]


def _any_gpu(types: tuple[str, ...]) -> bool:
    # AWS names families with GPUs g and p; Trainium and Inferentia are no GPUs.
    return any(name.startswith(("ml.g", "ml.p")) for name in types)


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
    conditions: dict[str, dict[str, str | tuple[str, ...]]] = {}
    """Conditions as IAM writes them: operator, key, value or values."""


class Access(Model):
    """What a seat may do."""

    mode: Literal["scoped", "managed"] = "scoped"
    """``scoped``: the seat's own things only. ``managed``: AWS's three broad policies, under the
    boundary, which keeps a seat out of others' buckets, repositories, notebooks, roles, logs and
    tagged things; an attendee then can use every instance type for any time, and change what
    carries no tags."""
    training_instance_types: InstanceTypes = ("ml.m5.large", "ml.g5.xlarge")
    """Instance types for training and tuning jobs; in ``scoped`` mode only."""
    processing_instance_types: InstanceTypes = ("ml.m5.large", "ml.m5.xlarge")
    """Instance types for processing and batch transform jobs; in ``scoped`` mode only."""
    endpoint_instance_types: InstanceTypes = ("ml.m5.large", "ml.g5.xlarge")
    """Instance types for endpoints; in ``scoped`` mode only."""
    max_runtime_hours: Whole = Field(default=24, ge=1, le=120)
    """The longest that a training, tuning or processing job may ask for; below 24 a job has to name
    its own limit, since SageMaker's default is 24. In ``scoped`` mode only."""
    warm_pools: Flag = False
    """Whether training instances may be kept running between jobs, which costs; in ``scoped`` mode
    only."""
    managed_spot: Literal["allowed", "required"] = "allowed"
    """Whether training may use managed spot instances, or has to. IAM cannot require it:
    with ``required``, preflight refuses while a quota for training on demand is not 0."""
    feature_store: Flag = False
    """Whether a seat may have feature groups of its own; an offline store needs a name that begins
    with ``<workshop>-<seat>-``, for its table in AWS Glue. In ``scoped`` mode only."""
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
    their sessions, carry as the tag ``attendee``."""
    console_organisers: tuple[Annotated[str, rules.PRINCIPAL], ...] = Field(
        default=(), max_length=10, examples=[["arn:aws:iam::123456789012:role/organisers"]]
    )
    """ARNs of users and roles that may take on the console role of every seat, whatever their tags.
    Without these and ``console_principals`` there is no console role."""

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


class Content(Model):
    """The workshop's material, cloned into each notebook when it is created."""

    repository: Annotated[str, rules.CONTENT_ADDRESS] = Field(
        examples=["https://github.com/example/material.git"]
    )
    """An https address that can be cloned without credentials."""
    branch: Annotated[str, rules.BRANCH] = "main"
    """The branch or tag to clone."""


class Vpc(Model):
    """Puts the notebook into a subnet of yours instead of SageMaker's own network."""

    subnet_id: Annotated[str, rules.SUBNET] = Field(examples=["subnet-0abc12345"])
    """The subnet; attendees reach the notebook through SageMaker whatever its route."""
    security_group_ids: tuple[Annotated[str, rules.SECURITY_GROUP], ...] = Field(
        min_length=1, max_length=5, examples=[["sg-0abc12345"]]
    )
    """One to five security groups of the subnet's VPC."""
    direct_internet: Flag = False
    """Also keep SageMaker's own way to the internet beside the VPC."""


def _network_kind(value: object) -> str:
    return "vpc" if isinstance(value, dict | Vpc) else "direct"


class Notebook(Model):
    """The notebook instance of a seat."""

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
    content: Content | None = None
    """Material to clone; null for none."""
    packages: tuple[Annotated[str, rules.REQUIREMENT], ...] = ()
    """Python packages that are installed in the background at each start of the notebook."""
    network: Annotated[
        Annotated[Literal["direct"], Tag("direct")] | Annotated[Vpc, Tag("vpc")],
        Discriminator(_network_kind),
    ] = "direct"
    """``direct``, or the subnet and security groups to use."""

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


class Profile(Model):
    """A named variant of the workbench."""

    storage: Storage = Storage()
    """The buckets of a seat."""
    registry: Registry = Registry()
    """The container repositories of a seat."""
    access: Access = Access()
    """What a seat may do."""
    notebook: Notebook = Notebook()
    """The notebook instance of a seat."""
    dashboard: Dashboard = Dashboard()
    """The CloudWatch dashboard of a seat."""


class Roster(Model):
    """Who comes: a file, or just a number of seats while people are not known yet."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["file"]}, {"required": ["seats"]}]}
    )

    file: Annotated[str, rules.ROSTER_FILE] | None = None
    """A CSV or YAML roster, relative to this file."""
    seats: Whole | None = Field(default=None, ge=1, le=2000)
    """A number of nameless seats: seat01, seat02, ..."""
    spares: Whole = Field(default=0, ge=0, le=200)
    """Further seats for late arrivals: spare01, spare02, ..."""
    profile: str = DEFAULT_PROFILE
    """The profile of seats that name none."""

    @field_validator("seats")
    @classmethod
    def _one_source(cls, seats: int | None, info: ValidationInfo) -> int | None:
        if "file" in info.data and (info.data["file"] is None) == (seats is None):
            some = "both 'file' and 'seats' are" if seats else "neither 'file' nor 'seats' is"
            raise ValueError(f"{some} given; name one of them")
        return seats


class Cohort(Model):
    """What all seats share."""

    keep_datasets: Flag = False
    """Leave the shared dataset bucket behind when the cohort's stack is deleted."""
    termination_protection: Flag = False
    """Refuse to delete the cohort's stack until the protection is taken off by hand."""


class Deploy(Model):
    """How ``workshop deploy`` drives CloudFormation, in each account and Region."""

    role: Annotated[str, rules.ROLE] | None = Field(default=None, examples=["WorkshopDeployer"])
    """The role to take on in every other account that the roster names; null when there is none."""
    concurrency: Whole = Field(default=50, ge=1, le=500)
    """How many stacks may be in progress at once."""
    failure_percent: Whole = Field(default=30, ge=0, le=100)
    """Begin no new seats once more than this part of all seats has failed."""
    stack_minutes: Whole = Field(default=30, ge=5, le=240)
    """Minutes after which a stack that is still in progress counts as stuck."""


SAVED_TO = rules.Rule(
    # A bucket's name as in rules.PUBLIC_BUCKET; a prefix of plain words, or a folder's path.
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9._-]+)*/?|(?!s3:)[^\x00-\x1f]+",
    "is no place to save to; write 's3://bucket/prefix' or the path of a folder",
    longest=900,
)


class Keep(Model):
    """What of attendees' work a teardown copies away, and verifies, before it deletes anything."""

    to: Annotated[str, SAVED_TO] | None = Field(
        default=None, examples=["s3://archive-bucket/vision"]
    )
    """Where to: ``s3://bucket/prefix`` or a folder; ``--save-to`` names another. Null saves
    nothing unless ``--save-to`` is given."""
    prefixes: tuple[Annotated[str, rules.PREFIX], ...] | None = Field(
        default=None, examples=[["models/", "output/"]]
    )
    """Only these prefixes of a seat's buckets; null saves all that is in them. In the newest
    version; what lies elsewhere is deleted unsaved."""
    artifacts: Flag = True
    """With prefixes: also the artefacts of a seat's models and training jobs, wherever in its
    buckets they are."""
    logs: Flag = True
    """Also the log streams of a seat's jobs, as text."""


class Environment(Model):
    """One workshop in one account and Region: ``config/<name>.yaml``."""

    workshop: Annotated[str, rules.WORKSHOP] = Field(examples=["vision"])
    """The workshop's name: the first word of every name it makes; one account holds it once."""
    title: Annotated[str, rules.TITLE] = ""
    """The workshop's name for people."""
    account: AccountId = Field(examples=["111122223333"])
    """The AWS account, 12 digits in quotes."""
    region: Region = Field(examples=["eu-west-1"])
    """The AWS Region."""
    start: Instant = Field(examples=["2026-12-01T09:00:00+01:00"])
    """When the workshop begins, with its time zone."""
    end: Instant = Field(examples=["2026-12-03T17:00:00+01:00"])
    """When the workshop ends, with its time zone."""
    roster: Roster = Field(examples=[{"seats": 20}])
    """Who comes."""
    tags: Annotated[dict[TagKey, TagValue], AfterValidator(_own_tags)] = Field(
        default={}, max_length=40
    )
    """Your own tags for everything that is made; no personal data."""
    cohort: Cohort = Cohort()
    """What all seats share."""
    deploy: Deploy = Deploy()
    """How ``workshop deploy`` drives CloudFormation."""
    keep: Keep = Keep()
    """What ``workshop teardown`` copies away first."""
    profiles: dict[ProfileName, Profile] = Field(
        default={DEFAULT_PROFILE: Profile()}, min_length=1, max_length=10
    )
    """The variants of the workbench, by name."""

    @field_validator("end")
    @classmethod
    def _ends_after_it_starts(cls, end: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise ValueError(
                f"{end.isoformat()} is not after the start, {start.isoformat()}; give a later end"
            )
        return end

    @model_validator(mode="after")
    def _known_default_profile(self) -> Self:
        message = default_profile_mistake(self.roster.profile, self.profiles)
        if message:
            raise ValueError(message)
        return self


# The two rules over several values stand apart from the model, so that they are reported although
# something else in the file is wrong.


def default_profile_mistake(profile: str, profiles: Iterable[str]) -> str | None:
    """Why ``roster.profile`` cannot be ``profile``, or None."""
    known = sorted(profiles)
    if profile in known:
        return None
    return (
        f"{shown(profile)} is no profile of this file; {suggestion(profile, known)}{listing(known)}"
    )


def tag_keys_mistake(keys: Iterable[str]) -> str | None:
    """Why these keys cannot be tags together, or None: IAM takes 'Team' and 'team' for one."""
    seen: dict[str, str] = {}
    for key in keys:
        if (first := seen.setdefault(key.casefold(), key)) != key:
            return f"{shown(first)} and {shown(key)} are one key to AWS IAM; keep one of them"
    return None
