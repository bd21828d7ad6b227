"""What an environment file may say: frozen models, checked before anything is built.

The models hold rules and defaults only; reading the file and naming the line of a mistake is the
work of :mod:`workshop.environments.loader`. Descriptions end up in ``config/schema.json``, where
editors show them, and in ``docs/configuration.md``.

A rule that looks at two values sits on the later field, not on the model: pydantic checks a field
although another one is wrong, so that one run shows all mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from workshop import tags as tag_rules
from workshop.config import rules, time_zones
from workshop.config.accounts import Accounts
from workshop.config.diagnostics import listing, suggestion
from workshop.config.model import Flag, Model, Whole
from workshop.config.profiles import Profile
from workshop.config.rules import shown
from workshop.naming import COHORT_STACKS, DOOR, ORGANISER

DEFAULT_PROFILE = "attendee"


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


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if value is None:
        raise ValueError("is empty; give it a value")
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{shown(str(value))} is no day; write one such as 2027-03-25") from None


def _different(languages: tuple[str, ...]) -> tuple[str, ...]:
    if len({*languages}) < len(languages):
        raise ValueError("names a language twice; name each once")
    return languages


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


def _class_hours(text: str) -> str:
    opens, closes = text.split("-")
    if closes <= opens:
        raise ValueError(f"{shown(text)} ends before it begins; write the earlier time first")
    return text


AccountId = Annotated[str, rules.ACCOUNT, BeforeValidator(_plain_text)]
Region = Annotated[str, rules.REGION]
Instant = Annotated[datetime, BeforeValidator(_instant)]
TagKey = Annotated[str, rules.TAG_KEY, AfterValidator(_own_tag_key)]
TagValue = Annotated[str, rules.TAG_VALUE, BeforeValidator(_plain_text)]
ProfileName = Annotated[str, rules.PROFILE]


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
            which = "both 'file' and 'seats' are" if seats else "neither 'file' nor 'seats' is"
            raise ValueError(f"{which} given; name one of them")
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
    # A prefix of plain words behind the bucket's name, or a folder's path.
    rf"s3://{rules.BUCKET_PATTERN}(?:/[A-Za-z0-9._-]+)*/?|(?!s3:)[^\x00-\x1f]+",
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


class PlanOfUse(Model):
    """How much the workshop is expected to use, by which its cost is estimated; it caps nothing."""

    hours_per_day: Whole = Field(default=8, ge=1, le=24)
    """Hours for which each notebook runs on a day of the workshop."""
    stopped_at_night: Flag = True
    """Whether notebooks are stopped outside of these hours; if not, they run until the end."""
    job_hours: Whole = Field(default=1, ge=0, le=240)
    """Hours of training that each seat uses on a day, on the first of its training instance
    types."""
    endpoint_hours: Whole = Field(default=1, ge=0, le=240)
    """Hours for which each seat has an endpoint on a day, on the first of its endpoint instance
    types."""


class Budget(Model):
    """What each seat may cost at list prices; the watch counts it every five minutes."""

    per_seat_usd: Whole | None = Field(default=None, ge=1, le=100_000, examples=[25])
    """Whole USD for a seat's notebook, jobs and endpoints until the end; null for no cap."""
    per_hour_usd: Whole | None = Field(default=None, ge=1, le=10_000, examples=[4])
    """Whole USD an hour for what runs of a seat at one time; null for no cap."""
    max_instances: Whole | None = Field(default=None, ge=1, le=1000, examples=[4])
    """Instances that a seat's jobs and endpoints may have at one time, all together; null for no
    cap."""
    warn_percent: Whole = Field(default=80, ge=1, le=100)
    """The part of ``per_seat_usd`` at which the attendee is warned, once."""
    on_cap: Literal["freeze", "stop", "tell"] = "freeze"
    """What is done to a seat above a cap. ``freeze``: its role is frozen, and what bills is
    stopped. ``stop``: what bills is stopped, again and again. ``tell``: organiser and attendee are
    told, no more."""
    notify: Annotated[str, rules.VARIABLE] | None = Field(
        default=None, examples=["WORKSHOP_NOTIFY"]
    )
    """The environment variable that holds the e-mail addresses of those who are told by the watch,
    up to three with commas between them; null for nobody. No address is ever in this file, in a
    template or a tag."""

    @property
    def is_capped(self) -> bool:
        """Whether there is any cap."""
        caps = (self.per_seat_usd, self.per_hour_usd, self.max_instances)
        return any(cap is not None for cap in caps)


class Door(Model):
    """The page in AWS that opens notebooks to attendees, without an account of theirs."""

    languages: Annotated[
        tuple[Literal["en", "de"], ...], AfterValidator(_different), Field(min_length=1)
    ] = ("en",)
    """The languages that it speaks; the first is that of browsers that ask for none of them."""
    saved_work_until: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None, examples=["2026-12-10"]
    )
    """The last day, after the end, on which a code still gives out saved work; null until the
    teardown."""
    concurrency: Whole | None = Field(default=None, ge=1, le=1000, examples=[5])
    """Lambda executions that are reserved for it, and that it cannot exceed; null reserves none. A
    new account has 10, of which none can be reserved."""


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
    timezone: Annotated[str, AfterValidator(time_zones.named)] | None = Field(
        default=None, examples=["Europe/Berlin"]
    )
    """The time zone of start, end and hours by its name, for a workshop during which clocks are
    changed; null for the offset of the start on every day."""
    hours: Annotated[str, rules.HOURS, AfterValidator(_class_hours)] | None = Field(
        default=None, examples=["08:30-18:00"]
    )
    """Between which notebooks run on each day, in the time zone of the start: the watch starts
    them in the half hour before and stops them after; null when nobody does."""
    roster: Roster = Field(examples=[{"seats": 20}])
    """Who comes."""
    tags: Annotated[dict[TagKey, TagValue], AfterValidator(_own_tags)] = Field(
        default={}, max_length=40
    )
    """Your own tags for everything that is made; no personal data."""
    cohort: Cohort = Cohort()
    """What all seats share."""
    accounts: Accounts = Accounts()
    """In which accounts the seats are."""
    deploy: Deploy = Deploy()
    """How ``workshop deploy`` drives CloudFormation."""
    keep: Keep = Keep()
    """What ``workshop teardown`` copies away first."""
    use: PlanOfUse = PlanOfUse()
    """How much it is expected to use, for the estimate of what it costs."""
    budget: Budget = Budget()
    """What each seat may cost, and what happens when it costs more."""
    door: Door | None = None
    """The page that opens notebooks to attendees; null makes none."""
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

    @field_validator("timezone")
    @classmethod
    def _has_the_offsets(cls, name: str | None, info: ValidationInfo) -> str | None:
        given = (info.data.get("start"), info.data.get("end"))
        for moment in given if name else ():
            if moment is not None and (message := time_zones.offset_mistake(str(name), moment)):
                raise ValueError(message)
        return name

    @field_validator("door")
    @classmethod
    def _gives_saved_work_after_the_end(
        cls, door: Door | None, info: ValidationInfo
    ) -> Door | None:
        end = info.data.get("end")
        until = door.saved_work_until if door else None
        if end is not None and until is not None and until < end.date():
            raise ValueError(
                f"gives saved work until {until}, before the end, {end.isoformat()}; give a later"
                " 'saved_work_until'"
            )
        return door

    @property
    def has_mlflow(self) -> bool:
        """Whether seats of a profile have MLflow Apps of their own."""
        return any(profile.mlflow == "app" for profile in self.profiles.values())

    @property
    def has_boxes(self) -> bool:
        """Whether seats of a profile have EC2 instances."""
        return any(profile.has_box for profile in self.profiles.values())

    @property
    def zone(self) -> tzinfo | None:
        """In which the workshop's days and hours are."""
        return ZoneInfo(self.timezone) if self.timezone else self.start.tzinfo

    @property
    def cohort_stacks(self) -> tuple[str, ...]:
        """The stacks that all seats share, in the order in which they are made."""
        absent = {
            kind
            for kind, there in (
                (ORGANISER, self.accounts.makes_role),
                (DOOR, self.door is not None),
            )
            if not there
        }
        return tuple(kind for kind in COHORT_STACKS if kind not in absent)

    @property
    def saved_work_ends(self) -> datetime | None:
        """When the door stops to give out saved work, None for not before the teardown."""
        if self.door is None or self.door.saved_work_until is None:
            return None
        day = self.door.saved_work_until + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=self.end.tzinfo).astimezone(UTC)

    @model_validator(mode="after")
    def _known_default_profile(self) -> Self:
        message = default_profile_mistake(self.roster.profile, self.profiles)
        if message:
            raise ValueError(message)
        return self


# The two rules over several values stand apart from the model, so that they are reported although
# something else in the file is wrong.


def default_profile_mistake(profile: str, profiles: Iterable[str]) -> str | None:
    """Return why ``roster.profile`` cannot be ``profile``, or None."""
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
