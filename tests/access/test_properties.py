"""For any two seats, no pattern in the policies of one covers anything of the other."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop.config.ec2 import Ec2
from workshop.config.profiles import Access, Notebook, Profile, Vpc
from workshop.naming import SEAT_PATTERN, Names, is_seat_id
from workshop.policies import layout
from workshop.policies.boundary import Openings, boundary_policy
from workshop.policies.documents import OWN_ATTENDEE

SHARED = (
    ":log-group:/aws/sagemaker/*",
    "Jobs:*",
    ":log-group:*",
    "Jobs:log-stream:*",
    "/Endpoints/*",
    ":endpoint/*",
    ":ecr:*:*:repository/*",
    ":instance/*",
    ":session/*",
)
"""How patterns end that are over things of all seats: log groups, to write to; the logs that
``access.logs: shared`` opens; endpoints, EC2 instances and sessions, which go by their tags; and
the base images of AWS, which go by the account that owns them."""

ids = st.from_regex(re.compile(SEAT_PATTERN), fullmatch=True).filter(is_seat_id)
workshops = st.sampled_from(["vision", "v2", "abcdefghijkl"])
profiles = st.builds(
    Profile,
    ec2=st.sampled_from([None, Ec2()]),
    access=st.builds(
        Access,
        feature_store=st.booleans(),
        model_prefix=st.booleans(),
        logs=st.sampled_from(["own", "shared"]),
        public_buckets=st.sampled_from([(), ("sagemaker-sample-files",)]),
    ),
    notebook=st.builds(
        Notebook,
        network=st.sampled_from(
            ["direct", Vpc(subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345",))]
        ),
    ),
)


def covered(patterns: list[str], things: list[str]) -> list[tuple[str, str]]:
    return [(one, thing) for one in patterns for thing in things if fnmatchcase(thing, one)]


def things_of(names: Names) -> list[str]:
    """The ARNs of everything that goes by a name of the seat's own."""
    logs = f"arn:aws:logs:{names.region}:{names.account}:log-group:/aws/sagemaker"
    return [
        names.bucket_arn("data"),
        f"{names.bucket_arn('results')}/models/a.tar.gz",
        names.repository_arn("training"),
        names.role_arn,
        names.console_role_arn,
        names.notebook_arn,
        f"arn:aws:cloudwatch::{names.account}:dashboard/{names.dashboard}",
        f"{logs}/TrainingJobs:log-stream:{names.job_prefix}train/algo-1-1",
        f"{logs}/NotebookInstances:log-stream:{names.notebook}/jupyter.log",
        f"{logs}/Endpoints/{names.job_prefix}digits",
        f"{logs}/Endpoints/{names.job_prefix}digits:log-stream:AllTraffic/i-0abc",
        names.sagemaker_arn("model", f"{names.job_prefix}digits"),
        names.sagemaker_arn("pipeline", f"{names.job_prefix}train/execution/abc123"),
        *(
            f"arn:aws:glue:{names.region}:{names.account}:table/sagemaker_featurestore/{table}"
            for table in (f"{names.job_prefix}clicks_17", f"{names.workshop}_{names.seat}_clicks")
        ),
    ]


def patterns_of(document: dict[str, Any], member: str) -> list[str]:
    return [
        text
        for statement in document["Statement"]
        for text in statement.get(member, [])
        if text != "*" and not text.endswith(SHARED)
    ]


@untimed
@given(workshops, ids, ids, profiles)
def test_no_resource_of_one_seat_covers_anything_of_another(
    workshop: str, one: str, other: str, profile: Profile
) -> None:
    """What it is allowed, and what its own denials spare."""
    assume(one != other)
    mine = Names(workshop, one, "111122223333", "eu-west-1")
    documents = layout.seat_policies(mine, "attendee", profile)
    patterns = [
        text
        for each in documents.values()
        for member in ("Resource", "NotResource")
        for text in patterns_of(each, member)
    ]
    assert covered(patterns, things_of(mine))
    assert covered(patterns, things_of(replace(mine, seat=other))) == []


@untimed
@given(workshops, ids, ids)
def test_what_the_boundary_spares_for_one_seat_spares_nothing_of_another(
    workshop: str, one: str, other: str
) -> None:
    assume(one != other)
    mine = Names(workshop, one, "111122223333", "eu-west-1")
    boundary = boundary_policy(mine, Openings(feature_store=True))
    spared = [
        text.replace(OWN_ATTENDEE, one)
        for text in (
            *patterns_of(boundary, "NotResource"),
            *(text for text in patterns_of(boundary, "Resource") if ":glue:" in text),
        )
    ]
    assert covered(spared, things_of(mine))
    assert covered(spared, things_of(replace(mine, seat=other))) == []
