"""Names keep to AWS's own rules for any sound configuration, and none covers another's."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties import untimed
from workshop import naming, rules
from workshop.naming import COHORT, SEAT_STACKS, Names


def matching(rule: rules.Rule, longest: int = 64) -> st.SearchStrategy[str]:
    """Words that keep a rule."""
    pattern = rule.pattern.removeprefix("^").removesuffix("$")
    words = st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
    return words.filter(lambda word: rule.holds(word) and len(word) <= longest)


WORKSHOPS = matching(rules.WORKSHOP)
SEATS = matching(rules.SEAT).filter(naming.is_seat_id)
ACCOUNTS = matching(rules.ACCOUNT)
REGIONS = st.one_of(
    st.sampled_from(["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1"]),
    matching(rules.REGION),
)
BUCKETS = matching(rules.BUCKET_KEY)
REPOSITORIES = matching(rules.REPOSITORY_KEY, 100)


@cache
def shape(service: str, name: str) -> dict[str, Any]:
    """The length and pattern that AWS itself publishes for a kind of name."""
    model = Loader().load_service_model(service, "service-2")
    found: dict[str, Any] = model["shapes"][name]
    return found


def keeps(service: str, kind: str, name: str) -> bool:
    """Whether ``name`` is within the published bounds."""
    rule = shape(service, kind)
    pattern = rule.get("pattern", r"[\s\S]*")
    bounds = range(rule.get("min", 1), rule.get("max", 10_000) + 1)
    return len(name) in bounds and re.fullmatch(pattern, name) is not None


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; botocore has none.
BUCKET_RULE = r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
# CloudFormation's CreateStack: letters, digits, hyphens, a letter first, at most 128.
STACK_RULE = r"[A-Za-z][A-Za-z0-9-]{0,127}"
# CloudWatch's PutDashboard: A-Z, a-z, 0-9, "-" and "_", at most 255.
DASHBOARD_RULE = r"[A-Za-z0-9_-]{1,255}"


def own(names: Names, buckets: list[str], repositories: list[str]) -> dict[str, list[str]]:
    """Every physical name of one seat, by kind."""
    return {
        "bucket": [names.bucket(key) for key in buckets],
        "repository": [names.repository(key) for key in repositories],
        "role": [names.role],
        "policy": [],
        "notebook": [names.notebook],
        "lifecycle": [names.lifecycle_config],
        "dashboard": [names.dashboard],
        "stack": [names.stack(kind) for kind in SEAT_STACKS],
    }


def shared(names: Names) -> dict[str, list[str]]:
    """Every physical name of the cohort, by kind."""
    return {
        "bucket": [names.datasets_bucket],
        "policy": [names.boundary],
        "dashboard": [names.cohort.dashboard],
        "stack": [names.cohort.stack(COHORT)],
    }


def all_names(names: Names, buckets: list[str], repositories: list[str]) -> dict[str, list[str]]:
    """Every physical name of one seat and its cohort, by kind."""
    of_cohort = shared(names)
    return {
        kind: [*of_seat, *of_cohort.get(kind, [])]
        for kind, of_seat in own(names, buckets, repositories).items()
    }


@untimed
@given(
    names=st.builds(Names, WORKSHOPS, SEATS, ACCOUNTS, REGIONS),
    buckets=st.lists(BUCKETS, min_size=1, max_size=5, unique=True),
    repositories=st.lists(REPOSITORIES, min_size=1, max_size=10, unique=True),
)
def test_every_name_keeps_to_the_rules_of_its_service(
    names: Names, buckets: list[str], repositories: list[str]
) -> None:
    made = all_names(names, buckets, repositories)
    for bucket in made["bucket"]:
        assert re.fullmatch(BUCKET_RULE, bucket)
    for repository in made["repository"]:
        assert keeps("ecr", "RepositoryName", repository)
    assert keeps("iam", "roleNameType", names.role)
    assert keeps("iam", "policyNameType", names.boundary)
    assert keeps("iam", "pathType", names.iam_path)
    assert keeps("sagemaker", "NotebookInstanceName", names.notebook)
    assert keeps("sagemaker", "NotebookInstanceLifecycleConfigName", names.lifecycle_config)
    for dashboard in made["dashboard"]:
        assert re.fullmatch(DASHBOARD_RULE, dashboard)
    for stack in made["stack"]:
        assert re.fullmatch(STACK_RULE, stack)
    for kind, of_kind in made.items():
        assert len(set(of_kind)) == len(of_kind), kind


def test_the_longest_names_possible_just_fit() -> None:
    names = Names("w" * 12, "s" * 12, "1" * 12, "ap-southeastx-1")
    assert rules.REGION.holds(names.region)
    assert len(names.region) == 15
    assert len(names.bucket("b" * 8)) == 63
    assert keeps("iam", "roleNameType", names.role)
    assert keeps("ecr", "RepositoryName", names.repository("r" * 100))


@untimed
@given(
    workshops=st.lists(WORKSHOPS, min_size=1, max_size=2, unique=True),
    seats=st.lists(SEATS, min_size=2, max_size=6, unique=True),
    account=ACCOUNTS,
    region=REGIONS,
    keys=st.lists(BUCKETS, min_size=1, max_size=3, unique=True),
)
def test_names_of_different_seats_and_workshops_differ(
    workshops: list[str], seats: list[str], account: str, region: str, keys: list[str]
) -> None:
    every: dict[str, list[str]] = {}
    for workshop in workshops:
        cohort = shared(Names(workshop, COHORT, account, region))
        of_seats = [own(Names(workshop, seat, account, region), keys, keys) for seat in seats]
        for made in (cohort, *of_seats):
            for kind, of_kind in made.items():
                every.setdefault(kind, []).extend(of_kind)
    for kind, of_kind in every.items():
        assert len(set(of_kind)) == len(of_kind), kind


@untimed
@given(
    mine=st.tuples(WORKSHOPS, SEATS),
    theirs=st.tuples(WORKSHOPS, st.one_of(SEATS, st.just(COHORT))),
    account=ACCOUNTS,
    region=REGIONS,
    key=BUCKETS,
)
def test_the_pattern_of_one_seat_never_matches_a_name_of_another(
    mine: tuple[str, str], theirs: tuple[str, str], account: str, region: str, key: str
) -> None:
    assume(mine != theirs)
    other = Names(*theirs, account, region)
    foreign = all_names(other, [key], [key])
    for of_kind in shared(Names(mine[0], COHORT, account, region)).values():
        foreign["stack"].extend(of_kind)
    for of_kind in foreign.values():
        for name in of_kind:
            assert not fnmatchcase(name, f"{mine[0]}-{mine[1]}-*")
            assert not fnmatchcase(name, f"{mine[0]}/{mine[1]}/*")


@untimed
@given(workshop=WORKSHOPS, seat=SEATS, account=ACCOUNTS, region=REGIONS, key=BUCKETS)
def test_placeholders_become_the_same_names_when_they_are_filled_in(
    workshop: str, seat: str, account: str, region: str, key: str
) -> None:
    inside = all_names(Names.placeholders(workshop), [key], [key])
    filled = {
        "${AttendeeId}": seat,
        "${AWS::AccountId}": account,
        "${AWS::Region}": region,
    }
    for kind, of_kind in all_names(Names(workshop, seat, account, region), [key], [key]).items():
        for template, name in zip(inside[kind], of_kind, strict=True):
            text = template
            for placeholder, value in filled.items():
                text = text.replace(placeholder, value)
            assert text == name, kind


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("ada", True),
        ("a1", True),
        ("abcdefghijkl", True),
        ("a", False),
        ("abcdefghijklm", False),
        ("Ada", False),
        ("1ada", False),
        ("a-b", False),
        ("ada\n", False),
        ("ädä", False),
        ("", False),
        ("cohort", False),
    ],
)
def test_the_rule_of_seat_ids(text: str, *, valid: bool) -> None:
    assert naming.is_seat_id(text) is valid


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-3", "us-gov-east-1", "il-central-1"])
def test_regions_are_known_by_their_form(region: str) -> None:
    assert rules.REGION.holds(region)


def test_every_region_that_aws_publishes_is_accepted() -> None:
    endpoints: dict[str, Any] = Loader().load_data("endpoints")
    regions = {region for part in endpoints["partitions"] for region in part["regions"]}
    assert len(regions) > 30
    assert {region for region in regions if not rules.REGION.holds(region)} == set()
