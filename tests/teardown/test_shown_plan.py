"""The plan that was shown: who may have written it, and what it allows when it is done."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from tests.support.teardown_demo import HERE, RESOURCE_TYPES
from workshop.aws.clients import Clients
from workshop.config.models import Keep
from workshop.errors import GuardError
from workshop.teardown.discovery import Discovery
from workshop.teardown.holders import STACK
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource, ScanCache, ScanContext, Scope
from workshop.teardown.scan_target import Unknown
from workshop.teardown.shown_plan import FILE, PlanSubject, ShownPlan, check_options, plan_to_hold

SUBJECT = PlanSubject(HERE.account, "demo", "demo")
AGAIN = "workshop teardown -e demo"
CREATED = datetime(2026, 5, 1, tzinfo=UTC)


def resource(
    resource_type: str, name: str, ownership: Ownership = Ownership.OWNED, seat: str = "ada"
) -> Resource:
    return Resource(resource_type, name, HERE, ownership, "a test", seat, created=CREATED)


def plan(
    resources: Iterable[Resource],
    choices: Choices | None = None,
    *,
    unknown: tuple[Unknown, ...] = (),
    seats: tuple[str, ...] = ("ada", "ben"),
) -> TeardownPlan:
    scope = Scope("demo", "demo", HERE, frozenset(seats), whole=True)
    discovery = Discovery(
        resources={one.key: one for one in resources},
        stacks={},
        stack_resources={},
        contexts={HERE: ScanContext(cast("Clients", None), scope, memory=ScanCache())},
        unknown=unknown,
        not_offered=(),
    )
    return TeardownPlan(discovery, RESOURCE_TYPES, choices or Choices())


MODEL = resource("model", "fit")
CLAIM = resource("model", "demo-ada-x", Ownership.CLAIMED)
FOREIGN = resource("model", "theirs", Ownership.FOREIGN, seat="")
ROLE_STACK = resource(STACK, "demo-ada-access")
UNREAD = resource("endpoint", "headless", Ownership.UNKNOWN, seat="")
SHOWN = (MODEL, CLAIM, FOREIGN, UNREAD, ROLE_STACK)


def later(one: Resource) -> Resource:
    return replace(one, created=datetime(2026, 5, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("new", "goes"),
    [
        (resource("model", "late"), True),
        (resource("endpoint", "late", seat="ben"), True),
        (resource("model", "of-nobody-known", seat=""), True),
        (later(MODEL), True),
        (resource("model", "late", Ownership.CLAIMED), False),
        (later(CLAIM), False),
        (replace(CLAIM, ownership=Ownership.OWNED), True),
        (replace(UNREAD, ownership=Ownership.OWNED, seat="ada"), True),
        (resource("model", "late", Ownership.UNKNOWN), False),
        (resource("model", "late", Ownership.FOREIGN), False),
    ],
)
@pytest.mark.parametrize("include_claimed", [False, True])
def test_what_seats_make_meanwhile_refuses_nothing_and_goes_if_it_is_owned(
    new: Resource, *, goes: bool, include_claimed: bool
) -> None:
    choices = Choices(include_claimed=include_claimed)
    shown = ShownPlan.of(plan(SHOWN, choices), SUBJECT)
    present = plan({one.key: one for one in (*SHOWN, new)}.values(), choices)
    assert plan_to_hold(shown, None, present, SUBJECT, AGAIN) == shown
    assert shown.allows(new) is goes
    assert shown.allows(MODEL)
    assert shown.allows(CLAIM) is include_claimed


@pytest.mark.parametrize(
    "new",
    [
        resource(STACK, "demo-ada-notebook"),
        later(ROLE_STACK),
        resource("role", "demo-zoe-us-east-1-execution", seat="zoe"),
        resource("model", "of-a-new-seat", seat="zoe"),
        replace(CLAIM, ownership=Ownership.OWNED, seat="ben"),
        replace(FOREIGN, ownership=Ownership.OWNED, seat="ada"),
    ],
    ids=["stack", "stack made anew", "role", "seat", "claimed for another", "foreign before"],
)
def test_what_only_the_organiser_can_bring_about_is_refused(new: Resource) -> None:
    shown = ShownPlan.of(plan(SHOWN), SUBJECT)
    present = plan({one.key: one for one in (*SHOWN, new)}.values())
    with pytest.raises(GuardError, match="the plan is stale: ") as caught:
        plan_to_hold(shown, None, present, SUBJECT, AGAIN)
    assert f"{new.resource_type} {new.id} was not " in str(caught.value)
    assert str(caught.value).endswith(f"look at it again with: {AGAIN}")


def test_what_has_gone_is_no_reason_to_refuse() -> None:
    shown = ShownPlan.of(plan(SHOWN), SUBJECT)
    assert plan_to_hold(shown, None, plan([MODEL]), SUBJECT, AGAIN) is shown


OPTIONS = (
    Choices(only=("ada",)),
    Choices(include_claimed=True),
    Choices(abandon=True),
    Choices(stacks=False),
    Choices(contents=False),
    Choices(accept_unknown=("feature table",)),
    Choices(save=Keep(to="saved")),
    Choices(save=Keep(to="elsewhere")),
    Choices(save=Keep(to="saved", prefixes=("models/",))),
    Choices(save=Keep(to="saved", logs=False)),
)


def test_every_option_has_its_own_digest_and_is_refused_without_a_plan_of_its_own() -> None:
    digests = {plan(SHOWN, one).digest for one in (Choices(), *OPTIONS)}
    assert len(digests) == 1 + len(OPTIONS)
    shown = ShownPlan.of(plan(SHOWN), SUBJECT)
    check_options(shown, None, Choices(), AGAIN)
    for other in OPTIONS:
        for digest in (None, shown.digest):
            with pytest.raises(GuardError, match="had other options than this command"):
                check_options(shown, digest, other, AGAIN)
            with pytest.raises(GuardError, match="had other options than this command"):
                plan_to_hold(shown, digest, plan(SHOWN, other), SUBJECT, AGAIN)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    shown = ShownPlan.of(plan(SHOWN, OPTIONS[6]), SUBJECT)
    before = os.umask(0)
    try:
        shown.write(tmp_path / "demo")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "demo" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "demo").stat().st_mode) == 0o700
    read = ShownPlan.read(tmp_path / "demo", SUBJECT)
    assert read == shown
    assert read is not None
    assert read.proven([HERE]) == {MODEL.identity: "ada", ROLE_STACK.identity: "ada"}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_plan_that_others_could_have_written_is_not_read(tmp_path: Path, mode: int) -> None:
    ShownPlan.of(plan(SHOWN), SUBJECT).write(tmp_path)
    (tmp_path / FILE).chmod(mode)
    assert ShownPlan.read(tmp_path, SUBJECT) is None
    (tmp_path / FILE).chmod(0o600)
    assert ShownPlan.read(tmp_path, SUBJECT) is not None


def test_a_plan_of_another_user_or_behind_a_link_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ShownPlan.of(plan(SHOWN), SUBJECT).write(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / FILE).symlink_to(tmp_path / "one" / FILE)
    assert ShownPlan.read(tmp_path / "two", SUBJECT) is None
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    assert ShownPlan.read(tmp_path / "one", SUBJECT) is None


@pytest.mark.parametrize(
    "of", [PlanSubject("111122223333", "demo", "demo"), replace(SUBJECT, workshop="x")]
)
def test_a_plan_about_something_else_is_not_read(tmp_path: Path, of: PlanSubject) -> None:
    ShownPlan.of(plan(SHOWN), of).write(tmp_path)
    assert ShownPlan.read(tmp_path, SUBJECT) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"subject": {}}'])
def test_what_is_no_plan_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    (tmp_path / FILE).chmod(0o600)
    assert ShownPlan.read(tmp_path, SUBJECT) is None


def test_a_cost_of_which_something_was_not_read_is_never_zero() -> None:
    unread = (Unknown("endpoint", HERE, "AccessDenied"),)
    assert plan(SHOWN).cost.per_hour == "0.000 USD per hour"
    assert plan(SHOWN, unknown=unread).cost.per_hour == "an unknown sum per hour"
    assert plan(SHOWN, unknown=unread).cost.known is None
    accepted = Choices(accept_unknown=("endpoint",))
    assert plan(SHOWN, accepted, unknown=unread).cost.per_hour == "an unknown sum per hour"


def test_a_sweep_leaves_what_all_seats_share() -> None:
    shared = replace(resource("bucket", "demo-cohort-datasets", seat="cohort"), stack="demo-cohort")
    own = replace(resource("bucket", "demo-ada-data"), stack="demo-ada-storage")
    swept = plan([shared, own], Choices(stacks=False, contents=True))
    assert swept.actions == ((own, PlannedAction.EMPTY),)
