"""Rules for single words of the configuration: a pattern, and what to do when it is broken.

The environment file and the roster share them. A broken rule reads ``'<value>' <message>`` for the
environment file and goes without the value for the roster, whose cells may be personal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from workshop import naming, tags

_SHOWN = 60
"""Characters of a wrong value that a message repeats; the line shows the rest."""


def shown(value: str | int) -> str:
    """Return ``value`` as a message repeats it: quoted if text, and cut when it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


@dataclass(frozen=True, slots=True)
class Rule:
    """Text must match ``pattern`` as a whole, be at most ``longest`` characters; else ``message``.

    Used as an annotation, ``Annotated[str, Rule(...)]``, it checks and appears in JSON Schema.
    """

    pattern: str
    message: str
    longest: int | None = None

    def holds(self, text: str) -> bool:
        """Return whether ``text`` keeps the rule."""
        return re.fullmatch(self.pattern, text) is not None and (
            self.longest is None or len(text) <= self.longest
        )

    def check(self, text: str) -> str:
        """Return ``text``; raise ValueError with the rule's sentence."""
        if not self.holds(text):
            raise ValueError(f"{shown(text)} {self.message}")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shown = {**handler(schema), "pattern": self.pattern}
        return shown if self.longest is None else {**shown, "maxLength": self.longest}


VARIABLE = Rule(
    r"[A-Z][A-Z0-9_]{0,63}",
    "is no name of an environment variable; write one such as 'WORKSHOP_NOTIFY', and the addresses"
    " into the variable: this file is shared",
)
ACCOUNT = Rule(naming.ACCOUNT_PATTERN, "is not an account id; write its 12 digits in quotes")
ACCOUNT_CELL = (
    "is not an account id; write its 12 digits (spreadsheets drop leading zeros: format the column"
    " as text)"
)
"""What is said of an account in a cell, where quotes are none."""
REGION = Rule(
    naming.REGION_PATTERN,
    "is not a Region; write its code, such as 'eu-west-1'",
    # What the other words leave of a bucket name's 63 characters; the longest today has 14.
    longest=15,
)
WORKSHOP = Rule(
    # S3 refuses buckets that begin with 'sthree-' or 'amzn-s3-demo-'.
    rf"(?!(?:sthree|amzn)$){naming.WORKSHOP_PATTERN}",
    "cannot be a workshop's name; use 2 to 12 lower-case letters and digits, a letter first,"
    " no hyphen (sthree and amzn are reserved by S3)",
)
HOURS = Rule(
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]",
    "is no span of a day; write when class begins and ends, such as '08:30-18:00'",
)
SID = Rule(
    r"[A-Za-z][A-Za-z0-9]{0,63}",
    "cannot name a statement; use letters and digits, a letter first",
)
ACTION = Rule(
    # No wildcard for the service: a statement has to say what it opens.
    r"[a-z][a-z0-9-]{1,62}:[A-Za-z][A-Za-z0-9]*\*?",
    "is not an action; write service and name, such as 'dynamodb:GetItem' or 'dynamodb:Get*'",
)
RESOURCE = Rule(
    r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:[0-9*]*:.+",
    "is not an ARN; write 'arn:aws:...', or '*' for all",
    longest=1_600,
)
PRINCIPAL = Rule(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|(?:user|role)/(?:[A-Za-z0-9_+=,.@-]+/)*"
    r"[A-Za-z0-9_+=,.@-]{1,64})",
    "is no IAM user, role or account; write its ARN, such as"
    " 'arn:aws:iam::123456789012:role/entrance'",
    longest=600,
)
SEAT = Rule(
    naming.SEAT_PATTERN,
    "cannot be an id; use 2 to 12 lower-case letters and digits, a letter first",
)
EMAIL = Rule(
    r"^[^@\s<>,;\"]+@[^@\s<>,;\"]+$",
    "is not an e-mail address; write one, and nothing else",
    longest=254,
)
BUCKET_KEY = Rule(
    naming.BUCKET_KEY_PATTERN,
    "cannot name a bucket; use 2 to 8 lower-case letters and digits, a letter first",
)
BUCKET_PATTERN = (
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    r"(?!xn--|sthree-)(?![0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/|$))"
    r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]"
    r"(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)"
)
"""The name of any general purpose bucket of S3."""

PUBLIC_BUCKET = Rule(
    f"^{BUCKET_PATTERN}$",
    "is no bucket's name; write it alone, such as 'sagemaker-sample-files'",
)
REPOSITORY_KEY = Rule(
    naming.REPOSITORY_KEY_PATTERN,
    "cannot name a repository; use up to 100 lower-case letters and digits, words joined by '-',"
    " each with a letter first",
    longest=100,
)
PROFILE = Rule(
    r"^[a-z][a-z0-9]{1,19}$",
    "cannot name a profile; use 2 to 20 lower-case letters and digits, a letter first",
)
INSTANCE_TYPE = Rule(
    r"^ml\.[a-z0-9-]+\.[a-z0-9]+$",
    "is not a SageMaker instance type; write one such as 'ml.t3.medium'",
)
INSTANCE_TYPES = Rule(
    r"^ml\.[a-z0-9-]+\.(?:[a-z0-9]+|\*)$",
    "is neither a SageMaker instance type nor a family of them; write one such as 'ml.m5.xlarge' or"
    " 'ml.m5.*'",
)
EC2_TYPE = Rule(
    r"^(?!ml\.)[a-z][a-z0-9-]*\.[a-z0-9-]+$",
    "is not an EC2 instance type; write one such as 'g5.xlarge', without 'ml.'",
    longest=60,
)
MACHINE_TYPE = Rule(
    r"^(?:ml\.)?[a-z][a-z0-9-]*\.[a-z0-9-]+$",
    "is not an instance type; write one of SageMaker's such as 'ml.t3.medium', or one of EC2's such"
    " as 'g5.xlarge'",
    longest=60,
)
IMAGE = Rule(
    r"^(?:ami-[0-9a-f]{8,17}|/aws/service/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+)$",
    "is no image; write the name of one of AWS's, a public parameter such as '/aws/service/...', or"
    " an id such as 'ami-0abc1234567890def'",
    longest=500,
)
AMI = Rule(r"^ami-[0-9a-f]{8,17}$", "is no image's id; write one such as 'ami-0abc1234567890def'")
DEVICE = Rule(r"^/dev/[a-z0-9]{2,12}$", "is no device; write one such as '/dev/sda1'")
DAY = Rule(r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$", "is no day; write one such as '2026-11-02'")
CAPACITY_RESERVATION = Rule(
    r"^cr-[0-9a-f]{8,17}$",
    "is not a capacity reservation; write its id, such as 'cr-0abc1234567890def'",
)
VPC = Rule(r"^vpc-[0-9a-f]{8,17}$", "is not a VPC's id; write one such as 'vpc-0abc12345'")
MLFLOW = Rule(
    r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:(?:mlflow-app/app-[A-Z0-9]{1,40}"
    r"|mlflow-tracking-server/[A-Za-z0-9](?:-*[A-Za-z0-9]){0,255})$",
    "is no MLflow App or tracking server; write its ARN, such as"
    " 'arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/class'",
)
TAG_KEY = Rule(
    tags.KEY_PATTERN,
    "cannot be a tag's key; use letters, digits, spaces and _.:/=+-@, and no 'aws:' in front",
)
TAG_VALUE = Rule(
    tags.VALUE_PATTERN,
    "cannot be a tag's value; use letters, digits, spaces and _.:/=+-@, and not spaces alone",
)
PATTERN = Rule(
    r"[A-Za-z0-9_.*?/-]+",
    "is no pattern of files; use letters, digits and _.*?/- such as 'data/*' or '*.ckpt'",
    longest=100,
)
REQUIREMENT = Rule(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,._-]+\])?"
    r"(?:(?:==|>=|<=|~=|<|>)[A-Za-z0-9.*+!_-]+)?$",
    "is not a package; write its name and at most one version rule, such as 'xgboost==3.1.0'",
    longest=100,
)
ROLE = Rule(
    r"^(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$",
    "is not a role; write its name, with its path if it has one, such as 'WorkshopDeployer'",
    longest=512,
)
UNIT = Rule(
    r"^(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$",
    "is not an organizational unit; write its id, such as 'ou-ab12-cd345678', or that of the root",
)
EXTERNAL_ID = Rule(
    r"^[A-Za-z0-9+=,.@:/_-]{2,1224}$",
    "is not an external id; write 2 to 1,224 letters, digits and '+=,.@:/_-'",
)
SUBNET = Rule(
    r"^subnet-[0-9a-f]{8,17}$", "is not a subnet's id; write one such as 'subnet-0abc12345'"
)
SECURITY_GROUP = Rule(
    r"^sg-[0-9a-f]{8,17}$", "is not a security group's id; write one such as 'sg-0abc12345'"
)
PREFIX = Rule(
    r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)+$",
    "is not a prefix; use letters, digits, '.', '_', '-' and end it with '/'",
    longest=200,
)
# The address and the branch end up in a root script: nothing that a shell or git could read as
# more than a word.
CONTENT_ADDRESS = Rule(
    r"^https://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%+-]+)+/?$",
    "is not an address to clone from; write one such as"
    " 'https://github.com/example/material.git', without a user or password",
    longest=1024,
)
PRIVATE_ADDRESS = Rule(
    # Never part of a script: the organiser's own git gets it, behind "--".
    r"^(?:https://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?|ssh://(?:[A-Za-z0-9._-]+@)?"
    r"[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?|[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:"
    r"[A-Za-z0-9._~%+-]+)(?:/[A-Za-z0-9._~%+-]+)+/?$",
    "is not an address to clone from; write one such as 'git@github.com:example/material.git' or"
    " an https address, without a password",
    longest=1024,
)
S3_SOURCE = Rule(
    # workshop/ of the datasets is the tool's own.
    rf"^(?:s3://(?:{BUCKET_PATTERN})|datasets(?=/.)(?!/workshop/))/"
    r"(?:[A-Za-z0-9_][A-Za-z0-9._ =+-]*/)*$",
    "is no source; write 's3://bucket/prefix/', or 'datasets/prefix/' for what is in the cohort's"
    " datasets, with a '/' at its end",
    longest=900,
)
FOLDER = Rule(
    r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
    "cannot be a folder; use letters, digits, '.', '_' and '-', and no '.' or '-' in front",
    longest=64,
)
TOKEN = Rule(
    # Nothing that a shell, Python or AWS goes by.
    r"^(?!AWS_|WORKSHOP_)[A-Z][A-Z0-9_]{0,50}_(?:TOKEN|KEY)$",
    "cannot be a token's variable; use capital letters that end in _TOKEN or _KEY, such as"
    " 'HF_TOKEN', and begin with neither AWS_ nor WORKSHOP_",
)
BRANCH = Rule(
    r"^[A-Za-z0-9_](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?$",
    "cannot be a branch or tag; use letters, digits, '.', '_', '/' and '-'",
    longest=255,
)
ROSTER_FILE = Rule(
    r"^.+\.(?:csv|tsv|yaml|yml)$",
    "is not a roster; name a file that ends in .csv, .tsv, .yaml or .yml",
)
INSTANT = Rule(
    r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})$",
    "is not a time with its zone; write it as 2026-12-01T09:00:00+01:00",
)
TITLE = Rule(r"^[^\x00-\x1f\x7f]*$", "is too long or has line breaks; use up to 100 characters",
             longest=100)  # fmt: skip
