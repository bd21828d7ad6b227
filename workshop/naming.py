"""Every physical name, made in one place, with AWS's rules for it.

A name is built from hyphen-free words, ``<workshop>-<seat>-...``: neither the workshop's name nor
a seat's id may hold a hyphen, so a pattern such as ``vision-ada-*`` can never cover another seat
or another workshop.

The same functions serve two uses. With real values they give the name itself; with
:meth:`Names.placeholders` they give the text for CloudFormation's ``Fn::Sub``, so that one
template serves every seat.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

WORKSHOP_PATTERN = r"^[a-z][a-z0-9]{1,11}$"
SEAT_PATTERN = r"^[a-z][a-z0-9]{1,11}$"
BUCKET_KEY_PATTERN = r"^[a-z][a-z0-9]{1,7}$"
# Each word begins with a letter, so that two keys never give the same logical id.
REPOSITORY_KEY_PATTERN = r"^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
# Two or more words, then a number: us-east-1, us-gov-west-1, eusc-de-east-1.
REGION_PATTERN = r"^[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]$"

COHORT = "cohort"
"""Takes a seat's place in the names of what all seats share; hence no seat may be called so."""

ALONE = "seat"
"""Takes a seat's place in the names of what it has in an account of its own: the stacks of all such
accounts are made from the same template with the same parameters, so that none tells whose it is.
"""

WATCH = "watch"
"""The other stack that all seats share: what ends the workshop, from inside AWS."""
START = "start"
"""The third: what notebooks do when they start."""
DOOR = "door"
"""The fourth, where the YAML asks for it: the page that opens notebooks to attendees."""
ORGANISER = "organiser"
"""The fifth, in accounts that are a seat's own: the role by which the organiser reads and acts."""
COHORT_STACKS = (ORGANISER, START, COHORT, WATCH, DOOR)
"""The stacks that seats can share, in the order in which they are told.

Which of them an environment has, its settings say (``Environment.cohort_stacks``). They are made
side by side, but for the door; in the CDK app the cohort waits for all others, so that whoever
destroys it while seats use it fails, and leaves what their notebooks need to start.
"""
WATCH_MAKES = (
    *("AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Events::Rule"),
    *("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"),
)
"""The resource types that the watch's stack makes, besides a log group."""
ORGANISER_ACCOUNT, ORGANISER_PRINCIPALS = "OrganiserAccount", "OrganiserPrincipals"
"""Parameters of the organiser's stack: who may take on its role, by account and ARNs."""
PRICES = "Prices"
NOTIFY = tuple(f"Notify{number}" for number in range(1, 4))
"""Parameters of the watch's stack: the prices by which it counts, as JSON, and e-mail addresses."""
DOOR_ADDRESS = "Address"
"""The output of the door's stack that holds its URL."""
DOOR_MAKES = ("AWS::Lambda::Url",)
"""The resource type that the door's stack makes and no other."""

MLFLOW_APP = "AWS::SageMaker::MlflowApp"
"""The resource type that a seat's stack makes if its profile has an MLflow App."""
MLFLOW = "Mlflow"
"""Its logical id, by which the notebook's scripts name its ARN."""

SAVED_BESIDE_NOTEBOOK = "saved/box/"
"""Where the agent of an EC2 instance saves and reports whose seat has a notebook as well."""

BOX_USER = "ec2-user"
"""Who people are on an EC2 instance, whatever its image: the user data makes that user."""

BOUNDARY = "boundary"
FREEZE = "freeze"
END = "end"
"""The cohort's policies that are no part of what a seat may do: over each role, put on it when it
is frozen, and on it from the beginning for the moment at which the workshop ends."""


@dataclass(frozen=True, slots=True)
class StackKind:
    """One of a seat's stacks: the resource types that it makes, and what has to be there before it.

    ``needs`` is another kind, or the cohort; ``because`` says what it needs of that.
    """

    name: str
    makes: tuple[str, ...]
    needs: str = ""
    because: str = ""


SEAT_STACKS = {
    kind.name: kind
    for kind in (
        StackKind("storage", ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")),
        StackKind("registry", ("AWS::ECR::Repository",)),
        StackKind("access", ("AWS::IAM::Role",), COHORT, "the role's boundary and policies"),
        StackKind(
            "notebook",
            (
                "AWS::SageMaker::NotebookInstance",
                "AWS::SageMaker::NotebookInstanceLifecycleConfig",
                MLFLOW_APP,
            ),
            "access",
            "the notebook's role",
        ),
        StackKind(
            "box",
            (
                "AWS::EC2::Instance",
                "AWS::EC2::SecurityGroup",
                "AWS::EC2::LaunchTemplate",
                "AWS::IAM::InstanceProfile",
            ),
            "access",
            "the role of its instance",
        ),
        StackKind("monitoring", ("AWS::CloudWatch::Dashboard",)),
    )
}
"""The stacks of a seat by the last word of their names, in the order in which they can be created.

Which of them the seats of a profile have, ``Profile.stacks`` says.

Here and in ``stacks/`` a stack is added; a resource type that is new goes into ``ACTIONS`` of
``workshop/preflight/called_actions.py`` as well.
"""


def needed_by(kind: str) -> str:
    """Return which of the cohort's stacks one of them needs, empty for none."""
    return WATCH if kind == DOOR else ""  # the bucket in which the door keeps what it knows


def kinds_of(seat: str) -> tuple[str, ...]:
    """Return the stacks that a seat, or what all seats share, can have under any profile."""
    return COHORT_STACKS if seat == COHORT else tuple(SEAT_STACKS)


def stack_that_makes(resource_type: str) -> str:
    """Return which of a seat's stacks makes resources of a type of CloudFormation's."""
    return next(kind.name for kind in SEAT_STACKS.values() if resource_type in kind.makes)


PLACEHOLDERS = {
    "AttendeeId": 12,
    "AWS::AccountId": 12,
    "AWS::Region": 15,
    "AWS::Partition": 10,
    "AWS::URLSuffix": 16,
    f"{MLFLOW}.Arn": 110,
}
"""What stands for the variable parts of names in a template, and the most characters of each."""


def at_longest(text: str) -> str:
    """Return a text for ``Fn::Sub`` with each placeholder as long as its value can be."""
    known = "|".join(PLACEHOLDERS)
    return re.sub(rf"\$\{{({known})\}}", lambda found: "x" * PLACEHOLDERS[found[1]], text)


def seat_of_name(workshop: str, name: str) -> str | None:
    """Return the seat whose prefix a name has: ``ada`` of ``vision-ada-fit`` or ``vision/ada/fit``.

    It may be the cohort, or no seat that there is.
    """
    found = re.match(rf"{re.escape(workshop)}([-/])({SEAT_PATTERN.strip('^$')})\1", name)
    return found[2] if found else None


FROM_STACK_SET = "StackSet-"
"""How the names of the stacks begin that a stack set makes."""
_OF_STACK_SET = re.compile(
    FROM_STACK_SET + r"(?P<set>.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_WORDS_OF_SET = 4


def stack_of_set(name: str) -> str:
    """Return the name by which the workshop knows a stack: of one that a stack set made, its own.

    CloudFormation calls such a stack ``StackSet-<name of the set>-<UUID>``; what a set is called
    says :meth:`Names.stack_set`.
    """
    found = _OF_STACK_SET.fullmatch(name)
    words = found["set"].split("-") if found else []
    if len(words) != _WORDS_OF_SET:
        return name
    workshop, seat, kind, _ = words
    return Names(workshop, seat, "", "").stack(kind)


def seat_of_stack(name: str) -> str:
    """Return the seat, or the cohort, whose stack a name is: ``ada`` of ``vision-ada-storage``."""
    return name.split("-")[1]


@dataclass(frozen=True)
class Names:
    """The names of one seat (or of the cohort) of one workshop in one account and Region."""

    workshop: str
    seat: str
    account: str
    region: str
    partition: str = "aws"
    domain: str = "amazonaws.com"

    @classmethod
    def placeholders(cls, workshop: str, *, seat: str = "${AttendeeId}") -> Self:
        """Names whose variable parts are ``Fn::Sub`` references, for use in a template."""
        return cls(
            workshop=workshop,
            seat=seat,
            account="${AWS::AccountId}",
            region="${AWS::Region}",
            partition="${AWS::Partition}",
            domain="${AWS::URLSuffix}",
        )

    @property
    def cohort(self) -> Names:
        """The names of what this seat shares with the others."""
        return replace(self, seat=COHORT)

    # Stacks: 128 characters, letters, digits and hyphens.
    def stack(self, kind: str) -> str:
        """``vision-ada-storage``; of the cohort ``vision-cohort`` and ``vision-cohort-watch``."""
        if self.seat == COHORT and kind == COHORT:
            return f"{self.workshop}-{COHORT}"
        return f"{self.workshop}-{self.seat}-{kind}"

    # Stack sets: 128 characters as well; 46 of these go to what CloudFormation adds for a stack.
    def stack_set(self, kind: str, profile: str) -> str:
        """``vision-seat-storage-attendee``, of the profile ``attendee``."""
        return f"{self.workshop}-{self.seat}-{kind}-{profile}"

    # Buckets: 3 to 63 characters, one namespace for the whole partition, hence account and Region.
    # 12 + 12 + 8 + 12 + 15 letters and 4 hyphens are exactly 63.
    def bucket(self, key: str) -> str:
        """``vision-ada-data-123456789012-eu-west-1``."""
        return f"{self.workshop}-{self.seat}-{key}-{self.account}-{self.region}"

    def bucket_arn(self, key: str) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket(key)}"

    @property
    def datasets_bucket(self) -> str:
        """The cohort's shared, read-only dataset bucket."""
        return self.cohort.bucket("datasets")

    @property
    def datasets_bucket_arn(self) -> str:
        return self.cohort.bucket_arn("datasets")

    @property
    def watch_bucket(self) -> str:
        """Where the watch keeps what it knows; no seat reads it."""
        return self.cohort.bucket(WATCH)

    @property
    def watch_bucket_arn(self) -> str:
        return self.cohort.bucket_arn(WATCH)

    # Repositories: 2 to 256 characters, lower case, slashes allowed.
    def repository(self, key: str) -> str:
        """``vision/ada/training``."""
        return f"{self.workshop}/{self.seat}/{key}"

    def repository_arn(self, key: str) -> str:
        return (
            f"arn:{self.partition}:ecr:{self.region}:{self.account}"
            f":repository/{self.repository(key)}"
        )

    def repository_uri(self, key: str) -> str:
        """Return what ``docker push`` takes."""
        return f"{self.account}.dkr.ecr.{self.region}.{self.domain}/{self.repository(key)}"

    # IAM: roles 64, policies 128 characters, one namespace for the account, hence the Region.
    @property
    def iam_path(self) -> str:
        return f"/ws/{self.workshop}/"

    @property
    def role(self) -> str:
        """``vision-ada-eu-west-1-execution``, under the path ``/ws/vision/``."""
        return f"{self.workshop}-{self.seat}-{self.region}-execution"

    @property
    def role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.iam_path}{self.role}"

    @property
    def console_role(self) -> str:
        """``vision-ada-eu-west-1-console``, under the same path; only if the YAML asks for it."""
        return f"{self.workshop}-{self.seat}-{self.region}-console"

    @property
    def console_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.iam_path}{self.console_role}"

    def cohort_policy(self, part: str) -> str:
        """``vision-cohort-eu-west-1-freeze``: a policy that the cohort's stack makes for all seats.

        ``part`` is ``boundary``, ``freeze`` or one of :mod:`workshop.policies.layout`.
        """
        return f"{self.workshop}-{COHORT}-{self.region}-{part}"

    def cohort_policy_arn(self, part: str) -> str:
        policy = f"{self.iam_path}{self.cohort_policy(part)}"
        return f"arn:{self.partition}:iam::{self.account}:policy{policy}"

    @property
    def boundary_arn(self) -> str:
        """The permissions boundary of every seat."""
        return self.cohort_policy_arn(BOUNDARY)

    @property
    def organiser_role(self) -> str:
        """``vision-cohort-organiser``, under the same path: a seat's own account has one Region."""
        return f"{self.workshop}-{COHORT}-{ORGANISER}"

    # SSM parameters: 1,011 characters of an ARN, at most 15 levels.
    @property
    def start_parameters(self) -> str:
        """``/ws/vision/on-start``: below it is what every notebook does when it starts."""
        return f"{self.iam_path}on-start"

    @property
    def start_parameters_arn(self) -> str:
        parameter = f"parameter{self.start_parameters}"
        return f"arn:{self.partition}:ssm:{self.region}:{self.account}:{parameter}"

    # Functions 64 characters, rules 64, topics 256: all of the watch begins with its stack's name.
    @property
    def watch(self) -> str:
        """``vision-cohort-watch``: the function and the topic; its rules add a word."""
        return self.cohort.stack(WATCH)

    @property
    def watch_arn(self) -> str:
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.watch}"

    @property
    def watch_topic_arn(self) -> str:
        return f"arn:{self.partition}:sns:{self.region}:{self.account}:{self.watch}"

    @property
    def watch_log_group(self) -> str:
        return f"/aws/lambda/{self.watch}"

    @property
    def watch_role(self) -> str:
        """``vision-cohort-eu-west-1-watch``, under the same path."""
        return f"{self.workshop}-{COHORT}-{self.region}-{WATCH}"

    @property
    def watch_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.iam_path}{self.watch_role}"

    @property
    def door(self) -> str:
        """``vision-cohort-door``: the function; its URL is AWS's to name."""
        return self.cohort.stack(DOOR)

    @property
    def door_arn(self) -> str:
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.door}"

    @property
    def door_log_group(self) -> str:
        return f"/aws/lambda/{self.door}"

    @property
    def door_role(self) -> str:
        """``vision-cohort-eu-west-1-door``, under the same path."""
        return f"{self.workshop}-{COHORT}-{self.region}-{DOOR}"

    @property
    def door_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.iam_path}{self.door_role}"

    # SageMaker: 63 characters, letters, digits and hyphens.
    @property
    def mlflow(self) -> str:
        """The name of the seat's MLflow App, which is no part of its ARN."""
        return f"{self.job_prefix}mlflow"

    @property
    def notebook(self) -> str:
        return f"{self.workshop}-{self.seat}-notebook"

    @property
    def notebook_arn(self) -> str:
        return self.sagemaker_arn("notebook-instance", self.notebook)

    # EC2's instances have ids of EC2's own; the name is a tag, and that of their security group.
    @property
    def box(self) -> str:
        """``vision-ada-box``: the name of the seat's EC2 instance."""
        return f"{self.workshop}-{self.seat}-box"

    @property
    def security_group(self) -> str:
        """``box-vision-ada``: that of the instance; EC2 refuses names that begin with ``sg-``."""
        return f"box-{self.workshop}-{self.seat}"

    @property
    def instance_profile(self) -> str:
        """``vision-ada-eu-west-1-box``, under the path of the roles: IAM has no Regions."""
        return f"{self.workshop}-{self.seat}-{self.region}-box"

    @property
    def instance_profile_arn(self) -> str:
        path = f"{self.iam_path}{self.instance_profile}"
        return f"arn:{self.partition}:iam::{self.account}:instance-profile{path}"

    @property
    def job_prefix(self) -> str:
        """What the names of a seat's jobs should begin with; SageMaker leaves them free."""
        return f"{self.workshop}-{self.seat}-"

    @property
    def lifecycle_config(self) -> str:
        return f"{self.workshop}-{self.seat}-lifecycle"

    def sagemaker_arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{kind}/{name}"

    # Dashboards: 255 characters, letters, digits, hyphen and underscore; their ARN has no Region.
    @property
    def dashboard(self) -> str:
        return f"{self.workshop}-{self.seat}-{self.region}"

    @property
    def dashboard_arn(self) -> str:
        return f"arn:{self.partition}:cloudwatch::{self.account}:dashboard/{self.dashboard}"


def is_seat_id(text: str) -> bool:
    """Whether ``text`` may be a seat's id: 2 to 12 lower-case letters and digits, letter first."""
    return re.fullmatch(SEAT_PATTERN, text) is not None and text != COHORT
