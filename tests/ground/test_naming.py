"""Names keep to AWS's own rules for any sound configuration, and none covers another's."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import assume, event, given
from hypothesis import strategies as st

from tests.support.config_folder import HEAD, write, write_roster
from tests.support.properties import untimed
from workshop import naming
from workshop.config import rules
from workshop.environments import loader
from workshop.naming import BOUNDARY, COHORT, COHORT_STACKS, SEAT_STACKS, Names


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
    # Up to the 15 characters that the rule allows, without throwing most of them away.
    st.from_regex(
        r"[a-z]{2}-[a-z]{1,10}-[0-9]|[a-z]{4}-[a-z]{1,3}-[a-z]{1,4}-[0-9]", fullmatch=True
    ),
)
BUCKETS = matching(rules.BUCKET_KEY)
REPOSITORIES = matching(rules.REPOSITORY_KEY, 100)
# Short words of few letters: where names could run into each other, these make them do so.
ALIKE = st.from_regex(r"[ab][ab1]{1,3}", fullmatch=True)


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
        "bucket": [names.datasets_bucket, names.watch_bucket],
        "role": [names.watch_role, names.door_role],
        "policy": [names.cohort_policy(BOUNDARY)],
        "dashboard": [names.cohort.dashboard],
        "stack": [names.cohort.stack(kind) for kind in COHORT_STACKS],
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
    assert keeps("iam", "policyNameType", names.cohort_policy(BOUNDARY))
    assert keeps("iam", "pathType", names.iam_path)
    assert keeps("sagemaker", "NotebookInstanceName", names.notebook)
    assert keeps("sagemaker", "NotebookInstanceLifecycleConfigName", names.lifecycle_config)
    for dashboard in made["dashboard"]:
        assert re.fullmatch(DASHBOARD_RULE, dashboard)
    for stack in made["stack"]:
        assert re.fullmatch(STACK_RULE, stack)
    for kind, of_kind in made.items():
        assert len(set(of_kind)) == len(of_kind), kind


ROWS = st.lists(
    st.tuples(
        st.one_of(SEATS, ALIKE, st.sampled_from(["", "cohort", "a", "A1", "a-b"])),
        st.sampled_from(["", "Zoë Müller", "Zoe Muller", "李", "Seat 1", "Cohort", "No"]),
        st.one_of(st.just(""), ACCOUNTS),
        st.one_of(st.just(""), REGIONS),
    ),
    min_size=1,
    max_size=6,
)


@untimed
@given(rows=ROWS, spares=st.integers(0, 3))
def test_any_roster_that_passes_gives_names_within_the_rules_all_distinct(
    rows: list[tuple[str, ...]], spares: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = [",".join(row) for row in (("id", "name", "account", "region"), *rows)]
        roster = write_roster(folder, "\n".join(lines))
        write(folder, f"{HEAD}roster: {{file: {roster.name}, spares: {spares}}}\n")
        seats = loader.draft("dev", folder).seats
        event("passes" if seats else "is refused")
    every: dict[str, list[str]] = {}
    for seat in seats:
        made = own(Names("vision", seat.id, seat.account, seat.region), ["data"], ["training"])
        assert all(re.fullmatch(BUCKET_RULE, bucket) for bucket in made["bucket"])
        assert keeps("ecr", "RepositoryName", *made["repository"])
        assert keeps("iam", "roleNameType", *made["role"])
        assert keeps("sagemaker", "NotebookInstanceName", *made["notebook"])
        for kind, of_kind in made.items():
            every.setdefault(kind, []).extend(of_kind)
    for kind, of_kind in every.items():
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
    workshops=st.lists(ALIKE, min_size=2, max_size=3, unique=True),
    seats=st.lists(ALIKE, min_size=2, max_size=8, unique=True),
    account=ACCOUNTS,
    region=REGIONS,
    keys=st.lists(ALIKE, min_size=1, max_size=4, unique=True),
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
    mine=st.tuples(ALIKE, ALIKE),
    theirs=st.tuples(ALIKE, ALIKE),
    account=ACCOUNTS,
    region=REGIONS,
    key=BUCKETS,
)
def test_the_pattern_of_a_seat_covers_its_own_names_and_never_another_s(
    mine: tuple[str, str], theirs: tuple[str, str], account: str, region: str, key: str
) -> None:
    assume(mine != theirs)
    other = Names(*theirs, account, region)
    foreign = all_names(other, [key], [key])
    of_my_cohort = shared(Names(mine[0], COHORT, account, region))
    for of_kind in (*foreign.values(), *of_my_cohort.values()):
        assert not any(_is_covered(name, mine) for name in of_kind)
    for of_kind in own(Names(*mine, account, region), [key], [key]).values():
        assert all(_is_covered(name, mine) for name in of_kind)


def _is_covered(name: str, seat: tuple[str, str]) -> bool:
    """Whether a policy for the names of one seat, as workshop and id, covers ``name``."""
    return fnmatchcase(name, f"{seat[0]}-{seat[1]}-*") or fnmatchcase(
        name, f"{seat[0]}/{seat[1]}/*"
    )


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
