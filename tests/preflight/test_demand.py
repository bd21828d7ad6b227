"""Need, use and quota as plain numbers, and names of checks that may be accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import config_folder
from tests.support.preflights import HOME, THREE
from tests.support.usual_stacks import USUAL_STACKS
from workshop.account_region import AccountRegion
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import COHORT
from workshop.preflight import Check, CheckState, PreflightReport, demand, quotas, run
from workshop.preflight.checks import unknown, waived
from workshop.preflight.demand import ConcurrentUse
from workshop.preflight.quotas import AppliedQuota, applied
from workshop.pricing.billing import Machines

PLACE = AccountRegion("111122223333", "eu-west-1")
STACKS = AppliedQuota(quotas.STACKS, "L-0485CB21", 2000)
NO = Unavailable("ListX: AccessDenied: no")
NUMBERS = st.integers(0, 5000)
START = datetime(2027, 3, 8, 9, tzinfo=UTC)
END = datetime(2027, 3, 9, 17, tzinfo=UTC)
GPU = ConcurrentUse(
    quotas.of_machines("training", "ml.g5.xlarge", spot=False),
    10,
    ("attendee",),
    "access.training_instance_types",
)


def counted(need: Any, used: Any, quota: Any) -> Check:
    return demand.check_count(PLACE, quotas.STACKS, need=need, used=used, quota=quota)


@given(need=NUMBERS, used=NUMBERS, value=NUMBERS)
def test_it_fails_exactly_if_something_is_to_be_made_that_does_not_fit(
    need: int, used: int, value: int
) -> None:
    check = counted(need, used, replace(STACKS, value=value))
    fails = need > 0 and need + used > value
    assert check.state == (CheckState.FAILED if fails else CheckState.OK)
    assert (check.need, check.used, check.quota) == (need, used, value)
    assert bool(check.request) == fails
    if fails:
        raised = counted(need, used, replace(STACKS, value=need + used))
        assert f"--desired-value {need + used} " in check.request
        assert raised.state == CheckState.OK


@given(
    need=st.one_of(st.just(NO), NUMBERS),
    used=st.one_of(st.just(NO), NUMBERS),
    quota=st.one_of(st.just(NO), st.just(STACKS)),
)
def test_it_is_unknown_exactly_if_something_is_to_be_made_and_a_number_is_missing(
    need: int | Unavailable, used: int | Unavailable, quota: AppliedQuota | Unavailable
) -> None:
    check = counted(need, used, quota)
    assert (check.state == CheckState.UNKNOWN) == (need != 0 and NO in (need, used, quota))
    if check.state == CheckState.UNKNOWN:
        assert check.message == (
            "ListX: AccessDenied: no; find it out, or go on without: --accept-unknown L-0485CB21"
        )


def test_a_quota_that_nobody_gets_raised_has_no_request_but_another_cure() -> None:
    check = counted(1, 2000, replace(STACKS, adjustable=False))
    assert check.request == ""
    assert check.message == (
        "you need 2001 (1 more, 2000 there), AWS allows 2000: 1 too few; AWS raises this"
        " quota for nobody: move seats to another account or Region"
    )


def test_a_value_that_is_only_a_default_is_called_so() -> None:
    check = counted(1, 0, replace(STACKS, default=True))
    assert check.message == "you need 1 (1 more, 0 there), AWS allows 2000 (AWS's default)"


def at_once(
    use: ConcurrentUse = GPU, *, used: Any = 0, quota: int | Unavailable, making: bool = True
) -> Check:
    told = quota if isinstance(quota, Unavailable) else AppliedQuota(use.limit, "L-1", quota)
    return demand.check_concurrent(PLACE, use, used=used, quota=told, making=making)


@given(
    value=NUMBERS,
    seats=st.integers(1, 500),
    used=NUMBERS,
    making=st.booleans(),
    optional=st.booleans(),
)
def test_a_class_and_the_others_pass_exactly_if_all_fit_and_fail_without_a_machine(
    value: int, seats: int, used: int, *, making: bool, optional: bool
) -> None:
    use = replace(GPU, seats=seats, optional=optional)
    check = at_once(use, used=used, quota=value, making=making)
    if value >= seats + used:
        assert check.state == CheckState.OK
    elif not making or optional:
        assert check.state == CheckState.WARNING
    else:
        assert check.state == (CheckState.SHORT if value else CheckState.FAILED)
    assert (check.need, check.used, check.quota) == (seats, used, value)
    assert bool(check.request) == (check.state != CheckState.OK)
    if check.request:
        assert f"--desired-value {seats + used} " in check.request
        assert at_once(use, used=used, quota=seats + used).state == CheckState.OK


def test_too_few_for_all_says_by_how_much_and_how_to_take_turns() -> None:
    check = at_once(used=2, quota=8)
    assert check.message == (
        "you need 12 (10 seats of attendee, 2 used by others), AWS allows 8: 4 too few; ask AWS for"
        " 12, or have seats take turns: --accept-short L-1"
    )
    assert at_once(used=2, quota=8, making=False).message.endswith("or have seats take turns")


@pytest.mark.parametrize(
    ("making", "optional", "state"),
    [
        (True, False, CheckState.UNKNOWN),
        (False, False, CheckState.WARNING),
        (True, True, CheckState.WARNING),
    ],
)
def test_an_unknown_type_refuses_only_new_seats_that_need_it(
    state: CheckState, *, making: bool, optional: bool
) -> None:
    use = replace(GPU, optional=optional)
    check = at_once(use, quota=NO, making=making)
    assert (check.state, check.need, check.used, check.quota) == (state, 10, 0, None)
    unused = at_once(use, used=NO, quota=500, making=making)
    assert (unused.state, unused.need, unused.used, unused.quota) == (state, 10, None, 500)


def test_of_a_type_of_which_there_is_none_nothing_else_has_to_be_known() -> None:
    assert at_once(used=NO, quota=0).state == CheckState.FAILED


def test_a_quota_counts_its_own_machines() -> None:
    machines = [
        Machines("training", "ml.g5.xlarge", 2),
        Machines("training", "ml.g5.xlarge", 4, spot=True),
        Machines("training", "ml.m5.large", 8),
        Machines("endpoint", "ml.g5.xlarge", 16),
    ]
    assert quotas.of_machines("training", "ml.g5.xlarge", spot=False).counted(machines) == 2
    assert quotas.of_machines("training", "ml.g5.xlarge", spot=True).counted(machines) == 4
    assert quotas.ALL_TRAINING.counted(machines) == 14
    assert quotas.of_machines("endpoint", "ml.g5.xlarge").counted(machines) == 16
    assert quotas.of_machines("processing", "ml.g5.xlarge").counted(machines) == 0


@pytest.mark.parametrize(
    ("value", "making", "state"),
    [
        (0, True, CheckState.OK),
        (1, True, CheckState.FAILED),
        (1, False, CheckState.WARNING),
        (NO, True, CheckState.UNKNOWN),
        (NO, False, CheckState.WARNING),
    ],
)
def test_spot_alone_needs_a_quota_on_demand_that_is_known_to_be_0(
    value: int | Unavailable, state: CheckState, *, making: bool
) -> None:
    quota = value if isinstance(value, Unavailable) else AppliedQuota(GPU.limit, "L-1", value)
    check = demand.check_spot_only(PLACE, GPU.limit, ("attendee",), quota, making=making)
    assert (check.state, check.request) == (state, "")
    assert check.subject == "ml.g5.xlarge for training job usage (has to be 0)"


# --- notebooks by type --------------------------------------------------------------------------


def test_a_notebook_keeps_a_fallback_type_and_needs_a_new_machine_for_any_other() -> None:
    wanted = {
        "ada": ("ml.t3.medium", "ml.t3.large"),
        "ben": ("ml.t3.medium", "ml.t3.large"),
        "cho": ("ml.t3.medium", "ml.t3.large"),
    }
    there = [
        NotebookState("ada", "", "InService", "ml.t3.large", START, START),
        NotebookState("ben", "", "Stopped", "ml.c5.xlarge", START, START),
        NotebookState("theirs", "", "InService", "ml.t3.medium", START, START),
        NotebookState("asleep", "", "Stopped", "ml.t3.medium", START, START),
    ]
    assert list(demand.machines(wanted, there)) == [("ml.t3.medium", 2, 1)]


# --- seats and their stacks ---------------------------------------------------------------------


def found(name: str, status: str) -> StackSummary:
    return StackSummary(name, "arn", status, "", START, None, protected=False, tags={})


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("CREATE_COMPLETE", 0),
        ("CREATE_IN_PROGRESS", 0),
        ("UPDATE_ROLLBACK_COMPLETE", 0),
        ("ROLLBACK_COMPLETE", 1),
        ("DELETE_FAILED", 1),
        ("REVIEW_IN_PROGRESS", 1),
    ],
)
def test_a_stack_without_its_resources_is_made_again(
    tmp_path: Path, status: str, more: int
) -> None:
    config_folder.write(tmp_path, THREE)
    loaded = config_folder.load(tmp_path)
    seats = loaded.seats[:1]
    names = loaded.names(seats[0])
    stacks = {
        names.stack(kind): found(names.stack(kind), "CREATE_COMPLETE") for kind in USUAL_STACKS
    }
    stacks[names.stack("access")] = found(names.stack("access"), status)
    assert len(demand.to_be_made(loaded, seats, stacks)) == more
    wanted = demand.desired(loaded, HOME, seats)
    assert demand.made_by(wanted.roles, stacks) == more + 1  # and the watch's
    # The cohort's stack, which is not there, would make all of its policies.
    assert (
        demand.made_by(wanted.policies, stacks) == wanted.policies[names.cohort.stack(COHORT)] > 1
    )


@pytest.mark.parametrize("who", ["console_principals", "console_organisers"])
def test_a_seat_with_a_console_role_needs_two_roles(tmp_path: Path, who: str) -> None:
    access = f'{{access: {{{who}: ["arn:aws:iam::000000000000:role/entrance"]}}}}'
    config_folder.write(tmp_path, f"{THREE}profiles: {{attendee: {access}}}\n")
    loaded = config_folder.load(tmp_path)
    assert sum(demand.desired(loaded, HOME, loaded.seats).roles.values()) == 7


# --- waivers ------------------------------------------------------------------------------------


def test_only_what_is_unknown_or_short_is_waived_by_code_or_subject_in_any_case() -> None:
    first = counted(1, 2, Unavailable("why"))
    second = unknown(PLACE, "permissions", "why")
    failed = counted(1, 2000, STACKS)
    report = PreflightReport(waived([first, second, failed], {"l-0485cb21", "Permissions", ""}))
    assert [check.state for check in report.checks] == [
        CheckState.WAIVED,
        CheckState.WAIVED,
        CheckState.FAILED,
    ]
    assert not report.passed
    assert PreflightReport(report.checks[:2]).passed
    assert report.unmatched(["Stacks", "stack", ""]) == ("stack", "")
    short = at_once(quota=9)
    assert [check.state for check in waived([short], {"L-1"})] == [CheckState.WAIVED]
    assert [check.state for check in waived([short], {"L-2"})] == [CheckState.SHORT]
    assert not PreflightReport((short,)).passed


# --- the moment and the Region ------------------------------------------------------------------


def far_ahead(folder: Path, **machines: Any) -> tuple[LoadedEnvironment, list[Seat]]:
    """A workshop of one seat, between the two moments."""
    config_folder.write(folder, THREE)
    loaded = config_folder.load(folder)
    settings = loaded.settings.model_copy(update={"start": START, "end": END})
    return replace(loaded, settings=settings), [replace(loaded.seats[0], **machines)]


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (START - timedelta(days=7, seconds=1), CheckState.WARNING),
        (START - timedelta(days=7), CheckState.OK),
        (START + timedelta(hours=1), CheckState.OK),
        (END - timedelta(seconds=1), CheckState.OK),
        (END, CheckState.FAILED),
    ],
)
def test_a_workshop_that_is_over_fails_and_one_far_ahead_warns(
    tmp_path: Path, now: datetime, state: CheckState
) -> None:
    assert run.check_time(*far_ahead(tmp_path), now).state == state


@pytest.mark.parametrize(
    ("machines", "named"),
    [
        ({}, "notebooks"),
        ({"instance_type": "", "box_type": "g5.xlarge"}, "EC2 instances"),
        ({"box_type": "g5.xlarge"}, "notebooks and EC2 instances"),
    ],
)
def test_the_moment_says_what_costs_and_what_to_do(
    tmp_path: Path, machines: dict[str, Any], named: str
) -> None:
    early = run.check_time(*far_ahead(tmp_path, **machines), START - timedelta(days=30))
    assert early.message == (
        "the workshop begins in 30 days, on 2027-03-08T09:00:00+00:00, and disks and running"
        f" {named} cost from now on; deploy later, or stop the {named} until then"
    )


def test_a_workshop_without_machines_may_be_deployed_early(tmp_path: Path) -> None:
    loaded, seats = far_ahead(tmp_path, instance_type="")
    early = run.check_time(loaded, seats, START - timedelta(days=30))
    assert early.state == CheckState.OK


def test_a_workshop_that_is_over_is_told_with_what_to_do(tmp_path: Path) -> None:
    late = run.check_time(*far_ahead(tmp_path), END)
    assert late.message == (
        "the workshop is over since 2027-03-09T17:00:00+00:00; set a later 'end', or tear it down"
    )


def test_a_region_that_is_not_enabled_fails_with_the_command_that_enables_it() -> None:
    check = run.check_region(PLACE, {"eu-west-1": "not-opted-in"}, "arn:...")
    assert check.state == CheckState.FAILED
    assert check.message == (
        "eu-west-1 is not enabled for the account; enable it with:"
        " aws account enable-region --region-name eu-west-1"
    )
    assert run.check_region(PLACE, {"eu-west-1": "opted-in"}, "arn:...").state == CheckState.OK
    assert run.check_region(PLACE, NO, NO).state == CheckState.UNKNOWN


class PlayedListing:
    """EC2 as it lists Regions: those that are not enabled only if asked for all."""

    def client(self, service: str, account_region: AccountRegion) -> PlayedListing:
        assert (service, account_region) == ("ec2", PLACE)
        return self

    def describe_regions(self, *, AllRegions: bool = False) -> dict[str, Any]:  # noqa: N803
        found = [{"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"}]
        if AllRegions:
            found.append({"RegionName": "eu-west-1", "OptInStatus": "not-opted-in"})
        return {"Regions": found}


def test_regions_that_are_not_enabled_are_listed_as_such() -> None:
    found = run.opt_in_status(PlayedListing(), PLACE)  # type: ignore[arg-type]
    assert found == {"us-east-1": "opt-in-not-required", "eu-west-1": "not-opted-in"}


# --- applied values and defaults ----------------------------------------------------------------


class QuotaRows:
    """Service Quotas with these rows, in pages of one, and a note of what was asked."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self.asked: list[str] = []

    def client(self, service: str, account_region: AccountRegion) -> QuotaRows:
        assert (service, account_region) == ("service-quotas", PLACE)
        return self

    def get_paginator(self, operation: str) -> QuotaRows:
        self.asked.append(operation)
        return self

    def paginate(self, ServiceCode: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's name
        assert ServiceCode == "sagemaker"
        return [{"Quotas": [row]} for row in self._rows[self.asked[-1]]]


NAMED = quotas.of_machines("notebook", "ml.t3.medium")


def row(name: str, code: str, value: float | None, **more: Any) -> dict[str, Any]:
    found = {"QuotaName": name, "QuotaCode": code, **more}
    return found if value is None else {**found, "Value": value}


def test_applied_values_are_found_by_code_and_by_name_without_asking_for_defaults() -> None:
    told = QuotaRows(
        list_service_quotas=[
            row("renamed", "L-04CE2E67", 50.0),
            row(NAMED.name, "L-9", 20.0, Adjustable=False),
        ]
    )
    found: Any = applied(told, PLACE, (quotas.NOTEBOOKS, NAMED))  # type: ignore[arg-type]
    assert found == {
        quotas.NOTEBOOKS: AppliedQuota(quotas.NOTEBOOKS, "L-04CE2E67", 50),
        NAMED: AppliedQuota(NAMED, "L-9", 20, adjustable=False),
    }
    assert told.asked == ["list_service_quotas"]


def test_a_quota_without_a_value_of_its_own_has_the_default_and_one_in_neither_is_unknown() -> None:
    told = QuotaRows(
        list_service_quotas=[row("other", "L-1", 1.0)],
        list_aws_default_service_quotas=[row(NAMED.name, "L-9", 8.0)],
    )
    found = applied(told, PLACE, (quotas.NOTEBOOKS, NAMED))  # type: ignore[arg-type]
    assert found[NAMED] == AppliedQuota(NAMED, "L-9", 8, default=True)
    assert found[quotas.NOTEBOOKS] == Unavailable("Service Quotas has no such quota in eu-west-1")


@pytest.mark.parametrize(
    "broken",
    [
        row(NAMED.name, "L-9", None),
        row(NAMED.name, "L-9", 5.0, ErrorReason={"ErrorCode": "DEPENDENCY_SERVICE_ERROR"}),
    ],
)
def test_a_value_that_aws_cannot_tell_is_unknown_and_no_default(broken: dict[str, Any]) -> None:
    told = QuotaRows(list_service_quotas=[broken])
    found = applied(told, PLACE, (NAMED,))[NAMED]  # type: ignore[arg-type]
    assert isinstance(found, Unavailable)
    assert found.reason.startswith("Service Quotas cannot tell it (")
