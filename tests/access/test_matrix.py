"""The isolation table as a file: no row of it is out of reach, and none says nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from workshop.access import matrix
from workshop.config.ec2 import Ec2
from workshop.config.profiles import Access, Notebook, Profile, Serverless, SharedMlflow, Vpc
from workshop.naming import Names

ME = Names("vision", "ada", "111122223333", "eu-west-1")
SHARED = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-tracking-server/class"
VPC = Vpc(subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345",))
STAFF = ("arn:aws:iam::111122223333:role/staff",)
PROFILES = [
    Profile(),
    Profile(
        ec2=Ec2(), access=Access(mode="managed", max_runtime_hours=4, console_organisers=STAFF)
    ),
    Profile(
        access=Access(
            autoscaling=True,
            feature_store=True,
            logs="shared",
            max_runtime_hours=4,
            model_packages=True,
            model_prefix=False,
            public_buckets=("sagemaker-sample-files",),
            search=False,
            serverless=Serverless(),
            warm_pools=True,
        ),
        mlflow="app",
        notebook=Notebook(network=VPC),
    ),
    Profile(ec2=Ec2(), mlflow=SharedMlflow(shared=SHARED)),
]
"""Between them, every condition of the table is met, and is not."""


def test_every_section_is_asked_of_some_profile_and_says_why() -> None:
    table = matrix._table()
    asked = {
        case.about.replace("{each}", "")
        for profile in PROFILES
        for case in (
            *(*matrix.allowed(profile), *matrix.denied(profile), *matrix.console()),
            *matrix.denied(profile, own_account=True),
        )
    }
    for section in table.sections:
        assert len(section.why) > 10, section
        for about, *_ in section.cases:
            pattern = re.compile(re.escape(about).replace(re.escape("{each}"), ".+"))
            assert any(pattern.fullmatch(text) for text in asked), about


@pytest.mark.parametrize("profile", PROFILES)
def test_every_placeholder_is_filled_and_no_question_is_asked_twice(profile: Profile) -> None:
    questions = [
        case.question(ME, replace(ME, seat="adam"))
        for case in (*matrix.allowed(profile), *matrix.denied(profile), *matrix.console())
    ]
    assert len(questions) > 250
    assert "{" not in repr([(one.action, one.resource) for one in questions])
    assert all("{" not in str(value) for one in questions for value in one.context.values())


def test_a_condition_that_no_profile_knows_is_refused_rather_than_never_met() -> None:
    with pytest.raises(KeyError, match="serach"):
        matrix._holds("serach", Profile())
