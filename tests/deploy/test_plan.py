"""What is to be done with a stack, by what CloudFormation says of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest

from tests.support.small_workshop import HOME, desired, found
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import strays
from workshop.aws.stacks import StackSummary
from workshop.deploy import plan as planning
from workshop.deploy.diff import Effect, PropertyChange
from workshop.deploy.plan import REVIEWED_WITHIN, SeatPlan, StackAction, StackPlan

NOW = datetime(2098, 3, 8, 9, tzinfo=UTC)

DECIDED = {
    "CREATE_IN_PROGRESS": StackAction.WAIT,
    "CREATE_FAILED": StackAction.CLEAR,
    "CREATE_COMPLETE": StackAction.UNCHANGED,
    "ROLLBACK_IN_PROGRESS": StackAction.WAIT,
    "ROLLBACK_FAILED": StackAction.CLEAR,
    "ROLLBACK_COMPLETE": StackAction.CLEAR,
    "DELETE_IN_PROGRESS": StackAction.WAIT,
    "DELETE_FAILED": StackAction.CLEAR,
    "DELETE_COMPLETE": StackAction.CREATE,
    "UPDATE_IN_PROGRESS": StackAction.WAIT,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": StackAction.WAIT,
    "UPDATE_COMPLETE": StackAction.UNCHANGED,
    "UPDATE_FAILED": StackAction.ROLL_BACK,
    "UPDATE_ROLLBACK_IN_PROGRESS": StackAction.WAIT,
    "UPDATE_ROLLBACK_FAILED": StackAction.REFUSED,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": StackAction.WAIT,
    "UPDATE_ROLLBACK_COMPLETE": StackAction.UNCHANGED,
    "REVIEW_IN_PROGRESS": StackAction.CLEAR,  # one that has waited for too long; see below
    "IMPORT_IN_PROGRESS": StackAction.WAIT,
    "IMPORT_COMPLETE": StackAction.UNCHANGED,
    "IMPORT_ROLLBACK_IN_PROGRESS": StackAction.WAIT,
    "IMPORT_ROLLBACK_FAILED": StackAction.REFUSED,
    "IMPORT_ROLLBACK_COMPLETE": StackAction.UNCHANGED,
}
"""Of a stack that carries the desired tags and template."""

MODEL = botocore.session.get_session().get_service_model("cloudformation")
STATUSES: tuple[str, ...] = tuple(MODEL.shape_for("StackStatus").metadata["enum"])


def decide(status: str, **more: object) -> StackPlan:
    one = desired()
    return planning.decide(one, found(one, status, **more), NOW)


def test_every_status_that_cloudformation_has_is_decided() -> None:
    assert set(STATUSES) == DECIDED.keys()


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_leads_to_one_action(status: str) -> None:
    assert decide(status).action == DECIDED[status]


def test_a_stack_that_is_not_there_is_created() -> None:
    assert planning.decide(desired(), None, NOW).action == StackAction.CREATE


def test_what_is_done_is_told_with_the_status_and_its_reason() -> None:
    assert decide("CREATE_COMPLETE").message == ""
    assert decide("CREATE_IN_PROGRESS").message == "CREATE_IN_PROGRESS"
    message = decide("ROLLBACK_COMPLETE", reason="it failed").message
    assert message == "ROLLBACK_COMPLETE: it failed"


def test_a_stack_that_nothing_can_be_done_about_tells_its_own_cure() -> None:
    assert decide("UPDATE_ROLLBACK_FAILED").message == (
        "UPDATE_ROLLBACK_FAILED; repair it with: aws cloudformation continue-update-rollback"
        " --stack-name demo-seat1-storage --region us-east-1"
    )
    assert decide("IMPORT_ROLLBACK_FAILED").message == (
        "IMPORT_ROLLBACK_FAILED; tear it down, then deploy it again:"
        " workshop teardown -e dev --early --only seat1 --save-to FOLDER"
    )


@pytest.mark.parametrize("status", STATUSES)
def test_only_clearing_a_stack_tells_of_the_work_that_it_may_hold(status: str) -> None:
    one = desired("demo-seat1-registry")
    old = {**found(one).tags, tags.TEMPLATE: "of an earlier edition"}
    plan = planning.decide(one, found(one, status, tags=old, created=NOW - timedelta(days=1)), NOW)
    cleared = DECIDED[status] == StackAction.CLEAR and status != "REVIEW_IN_PROGRESS"
    assert bool(plan.loses_work) == cleared
    assert plan.message.endswith("and the images in them") == cleared
    assert not decide(status).loses_work


def test_a_first_change_set_is_waited_for_but_not_for_ever() -> None:
    young = decide("REVIEW_IN_PROGRESS", created=NOW - REVIEWED_WITHIN)
    old = decide("REVIEW_IN_PROGRESS", created=NOW - REVIEWED_WITHIN - timedelta(seconds=1))
    assert (young.action, old.action) == (StackAction.WAIT, StackAction.CLEAR)


@pytest.mark.parametrize(
    ("changed", "whose"),
    [
        ({tags.ENVIRONMENT: "other"}, "environment 'other'"),
        ({tags.WORKSHOP: "other"}, "environment 'dev'"),
        ({tags.MANAGED_BY: "hand"}, "environment 'dev'"),
        (None, "something else"),
    ],
)
def test_a_stack_of_somebody_else_is_never_touched(
    changed: dict[str, str] | None, whose: str
) -> None:
    one = desired()
    theirs = {} if changed is None else {**one.tagged(one.templates[0]), **changed}
    for status in DECIDED.keys() - {"DELETE_COMPLETE"}:
        plan = planning.decide(one, found(one, status, tags=theirs), NOW)
        assert plan.action == StackAction.REFUSED, status
        assert plan.message == (
            f"a stack of this name belongs to {whose}; rename the workshop, or remove the stack"
        )


def test_another_template_or_tag_is_an_update() -> None:
    one = desired()
    carried = found(one).tags
    for difference in (
        {"tags": {**carried, tags.TEMPLATE: "old"}},
        {"tags": {**carried, "cost-centre": "4711"}},
        {"tags": {key: value for key, value in carried.items() if key != tags.PROFILE}},
    ):
        assert decide("UPDATE_COMPLETE", **difference).action == StackAction.UPDATE


def test_protection_is_changed_only_where_the_yaml_speaks_of_it() -> None:
    for said, protected in itertools.product((True, False, None), (True, False)):
        one = replace(desired(), protected=said)
        plan = planning.decide(one, found(one, protected=protected), NOW)
        stays = said is None or said == protected
        assert plan.action == (StackAction.UNCHANGED if stays else StackAction.UPDATE)


def test_a_notebook_on_a_fallback_type_is_as_good_and_keeps_its_type() -> None:
    one = desired(variants=3)
    second = found(one, tags=one.tagged(one.templates[1]))
    plan = planning.decide(one, second, NOW)
    assert (plan.action, planning.current_template(plan)) == (StackAction.UNCHANGED, 1)
    other_tags = planning.decide(one, replace(second, tags={**second.tags, "more": "1"}), NOW)
    assert (other_tags.action, planning.current_template(other_tags)) == (StackAction.UPDATE, 1)
    older = planning.decide(one, replace(second, tags={**second.tags, "template": "old"}), NOW)
    assert planning.current_template(older) == 0
    assert planning.current_template(planning.decide(one, None, NOW)) == 0


def change(effect: Effect, name: str = "PlatformIdentifier") -> PropertyChange:
    return PropertyChange("Notebook", "AWS::SageMaker::NotebookInstance", name, 1, 2, effect)


def test_changes_that_cannot_be_made_refuse_the_stack_and_name_them() -> None:
    plan = StackPlan(desired(), found(desired()), StackAction.UPDATE)
    harmless = planning.with_changes(plan, (change(Effect.RESTART),))
    assert (harmless.action, len(harmless.changes)) == (StackAction.UPDATE, 1)
    refused = planning.with_changes(
        plan,
        (change(Effect.REFUSED), change(Effect.IN_PLACE), change(Effect.REFUSED, "SubnetId")),
    )
    assert refused.action == StackAction.REFUSED
    assert refused.message == (
        "the notebook's platform identifier, the notebook's subnet id cannot be changed in place,"
        " and"
        " CloudFormation replaces nothing that has a name; tear seat1 down first (whatever is on a"
        " notebook's disk is lost), or take the change back"
    )
    assert len(refused.changes) == 3


def test_a_refused_removal_holds_back_what_tells_of_the_work_and_nothing_else() -> None:
    def update(seat: str, kind: str) -> StackPlan:
        wanted = desired(f"demo-{seat}-{kind}", seat=seat)
        return StackPlan(wanted, found(wanted), StackAction.UPDATE)

    bucket = PropertyChange(
        resource="Results",
        type="AWS::S3::Bucket",
        property="",
        before="demo-ada-results-000000000000-us-east-1",
        after=None,
        effect=Effect.REMOVED,
    )
    kinds = ("registry", "access", "notebook", "monitoring")
    plans = [
        planning.with_changes(update("ada", "storage"), (bucket,)),
        *(update("ada", kind) for kind in kinds),
        update("ben", "notebook"),
    ]
    held = {one.desired.name: one for one in planning.held_back(plans)}
    assert {name for name, one in held.items() if one.action == StackAction.UPDATE} == {
        "demo-ada-registry",
        "demo-ben-notebook",
    }
    for kind in ("access", "notebook", "monitoring"):
        assert held[f"demo-ada-{kind}"].message == "goes with its seat's storage, which is refused"
    asked = replace(plans[0], action=StackAction.UPDATE, message="")
    assert planning.held_back([asked, *plans[1:]]) == [asked, *plans[1:]]


def test_what_needs_a_refused_stack_of_its_seat_is_refused_and_nothing_else() -> None:
    def plan(name: str, action: StackAction, needs: str = "", seat: str = "ada") -> StackPlan:
        return StackPlan(replace(desired(name, seat=seat), needs=needs), None, action)

    access = plan("access", StackAction.REFUSED)
    storage = plan("storage", StackAction.CREATE)
    notebook = plan("notebook", StackAction.CREATE, "access")
    made = plan("monitoring", StackAction.UNCHANGED, "notebook")
    last = plan("last", StackAction.UPDATE, "notebook")
    bens = plan("notebook", StackAction.CREATE, "access", seat="ben")
    found = [*planning.without_needs([access, storage, notebook, made, last, bens])]
    assert [(one.action.value, one.message) for one in found] == [
        ("refused", ""),
        ("create", ""),
        ("refused", "needs access, which is refused"),
        ("unchanged", ""),
        ("refused", "needs notebook, which is refused"),
        ("create", ""),
    ]


def test_a_seat_is_told_by_the_most_that_is_done_with_it() -> None:
    def seat(*actions: StackAction) -> StackAction:
        stacks = tuple(StackPlan(desired(), None, action) for action in actions)
        return SeatPlan("seat1", HOME, stacks).action

    assert seat(StackAction.UNCHANGED, StackAction.UNCHANGED) == StackAction.UNCHANGED
    assert seat(StackAction.UPDATE, StackAction.WAIT) == StackAction.UPDATE
    assert seat(StackAction.CREATE, StackAction.CLEAR, StackAction.UPDATE) == StackAction.CLEAR
    assert seat(StackAction.REFUSED, StackAction.CLEAR) == StackAction.REFUSED


def test_totals_count_seats_and_not_cohorts() -> None:
    stacks = [
        StackPlan(desired("demo-cohort", seat="cohort"), None, StackAction.CREATE),
        StackPlan(desired("demo-a-storage", seat="a"), None, StackAction.CREATE),
        StackPlan(desired("demo-a-access", seat="a"), None, StackAction.UNCHANGED),
        StackPlan(desired("demo-b-storage", seat="b"), None, StackAction.UNCHANGED),
    ]
    plan = planning.DeployPlan(planning.seats(stacks), ())
    assert [one.seat for one in plan.seats] == ["cohort", "a", "b"]
    assert len(list(plan.stacks)) == 4
    totals = {action: count for action, count in plan.totals.items() if count}
    assert totals == {StackAction.CREATE: 1, StackAction.UNCHANGED: 1}


def test_strays_are_stacks_of_this_environment_whose_seat_is_not_known() -> None:
    away = AccountRegion("111122223333", "eu-west-1")

    def stack(name: str, seat: str, **more: str) -> StackSummary:
        one = desired(name, seat=seat)
        return found(one, tags={**one.tags, **more})

    here = [
        stack("demo-a-storage", "a"),
        stack("demo-z-storage", "z"),
        stack("demo-z-access", "z"),
        stack("demo-y-access", "y", environment="prod"),
        stack("demo-x-access", "x", **{"managed-by": "hand"}),
    ]
    looked = {
        HOME: {one.name: one for one in here},
        away: {"demo-a-storage": stack("demo-a-storage", "a")},
    }
    left = strays.strays(looked, [(HOME, "a")], workshop="demo", environment="dev")
    assert [(one.seat, one.account_region, one.stacks) for one in left] == [
        ("z", HOME, ("demo-z-access", "demo-z-storage")),
        ("a", away, ("demo-a-storage",)),
    ]
