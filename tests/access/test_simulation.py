"""The cell of every seat, asked of two policy engines over the templates as synthesized."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support import boxes, simulation
from tests.support.assemblies import (
    ENVIRONMENTS,
    Synthesized,
    exemplars,
    shipped,
    synthesize,
)
from tests.support.config_folder import HEAD, write
from tests.support.config_folder import load as written
from workshop.access import matrix, permissions
from workshop.access.permissions import AccessQuestion
from workshop.naming import Names
from workshop.policies import layout, people, trust
from workshop.policies.actions import CONSOLE_VIEWS

SEATS = ("ada", "adam")
"""Two seats; the id of one begins the other's. ``test_access_properties`` asks of any two."""
SEATS_OF_TWO = "roster: {seats: 2}\n"


OPENED = f"""{HEAD}roster: {{file: people.csv, profile: features}}
profiles:
  features:
    mlflow: app
    access:
      autoscaling: true
      feature_store: true
      logs: shared
      max_runtime_hours: 4
      model_packages: true
      public_buckets: [sagemaker-sample-files, sagemaker-examples]
      serverless: {{max_concurrency: 3, memory_mb: 2048}}
      training_instance_types: [ml.m5.*, ml.g5.xlarge]
      warm_pools: true
  network:
    access: {{model_prefix: false, search: false, warm_pools: 10}}
    mlflow: {{shared: "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-tracking-server/class"}}
    notebook:
      network: {{subnet_id: subnet-0abc12345, security_group_ids: [sg-0abc12345, sg-0abc12346]}}
  managed:
    access: {{mode: managed}}
"""
"""Every opening of the YAML; the seats of all three profiles share one boundary."""


@pytest.mark.parametrize(
    "environment",
    [pytest.param(name, marks=[pytest.mark.long] * (name != "dev")) for name in ENVIRONMENTS],
)
def test_a_seat_can_do_its_workshop_and_nothing_to_a_neighbour(environment: str) -> None:
    """Of every profile of a shipped environment; what is the same in two is asked once."""
    assembly = shipped(environment)
    for profile in exemplars(assembly.loaded):
        check(assembly, profile)


@pytest.mark.parametrize(
    "profiles", [["features"], pytest.param(["network", "managed"], marks=pytest.mark.long)]
)
def test_what_the_yaml_opens_opens_that_and_no_more(tmp_path: Path, profiles: list[str]) -> None:
    write(tmp_path, OPENED)
    rows = "id,name,profile\nada,Ada,features\nadam,Adam,network\nseat01,Sam,managed\n"
    (tmp_path / "people.csv").write_text(rows, encoding="utf-8")
    assembly = synthesize(written(tmp_path))
    for profile in profiles:
        check(assembly, profile)


MACHINES = """\
roster: {file: people.csv, profile: machine}
profiles:
  machine:
    ec2: {instance_types: [g5.xlarge]}
    notebook: {enabled: false}
  managed:
    access: {mode: managed}
    ec2: {instance_types: [g5.xlarge]}
  plain:
    access: {mode: managed}
"""
"""Seats with an instance in either mode, and one without under the same boundary."""


@pytest.mark.parametrize(
    "profiles", [["machine"], pytest.param(["managed", "plain"], marks=pytest.mark.long)]
)
def test_a_seat_with_an_ec2_instance_uses_its_own_and_nothing_else_of_ec2(
    tmp_path: Path, profiles: list[str]
) -> None:
    rows = "id,name,profile\nada,Ada,machine\nadam,Adam,managed\nseat01,Sam,plain\n"
    assembly = synthesize(written(boxes.write(tmp_path, MACHINES, rows)))
    for profile in profiles:
        check(assembly, profile)


def check(assembly: Synthesized, profile_name: str, seats: tuple[str, ...] = SEATS) -> None:
    """Ask every case of a profile, for all ordered pairs of seats, of both engines."""
    settings = assembly.loaded.settings
    profile = settings.profiles[profile_name]
    exemplar = exemplars(assembly.loaded)[profile_name]
    names = {
        seat: Names(settings.workshop, seat, settings.account, settings.region) for seat in seats
    }
    roles = {seat: simulation.role(assembly, exemplar, names[seat]) for seat in seats}
    cells = {seat: permissions.cell(names[seat], profile, settings) for seat in seats}

    told: list[str] = []
    asked: list[tuple[bool, bool, dict[str, Any]]] = []
    for mine, theirs in permutations(seats, 2):
        for wanted, some in ((True, matrix.allowed(profile)), (False, matrix.denied(profile))):
            for case in some:
                question = case.question(names[mine], names[theirs])
                ours = cells[mine].decide(question).allowed
                told.append(f"{mine} {case.about} ({theirs}): {case.action}")
                asked.append((wanted, ours, roles[mine].simulation(question)))
    answers = simulation.ask([one for _, _, one in asked])

    assert len(answers) == len(asked) > 120
    wrong = [
        f"{what}: wanted {wanted}, ours says {ours}, iam-simulate says {answer}"
        for what, (wanted, ours, _), answer in zip(told, asked, answers, strict=True)
        if not (wanted == ours == (answer == "Allowed")) or answer.startswith("error")
    ]
    assert wrong == []


def test_a_console_role_is_taken_on_by_those_of_its_seat_and_by_organisers() -> None:
    """Asked of the trust policy as AWS does: of what the caller's tags are."""
    ada = Names("vision", "ada", "111122223333", "eu-west-1")
    door, staff = (f"arn:aws:iam::111122223333:role/{name}" for name in ("door", "staff"))
    given = {"principals": [door], "organisers": [staff]}
    trust = people.console_trust_policy(ada, **given, alone=False)
    tag = "aws:PrincipalTag/"
    asked: list[tuple[bool, str, dict[str, str]]] = [
        (True, door, {f"{tag}attendee": "ada"}),
        (True, door, {f"{tag}attendee": "ada", f"{tag}workshop": "vision"}),
        (False, door, {}),
        (False, door, {f"{tag}attendee": "adam"}),
        (False, door, {f"{tag}attendee": "ada", f"{tag}workshop": "speech"}),
        (True, staff, {}),
        (False, "arn:aws:iam::111122223333:role/other", {f"{tag}attendee": "ada"}),
    ]
    answers = simulation.ask(
        [simulation.assuming(ada.console_role_arn, trust, who, tags) for _, who, tags in asked]
    )
    assert [answer == "Allowed" for answer in answers] == [wanted for wanted, _, _ in asked]


def test_a_console_role_sees_each_of_its_lists_and_is_in_the_cell(tmp_path: Path) -> None:
    staff = "{console_organisers: ['arn:aws:iam::111122223333:role/staff']}"
    write(tmp_path, f"{HEAD}{SEATS_OF_TWO}profiles: {{attendee: {{access: {staff}}}}}\n")
    assembly = synthesize(written(tmp_path), ["seat01"])
    settings = assembly.loaded.settings
    me = Names(settings.workshop, "seat01", settings.account, settings.region)
    console = permissions.console_cell(me, settings.profiles["attendee"], settings)
    role = simulation.role(assembly, "seat01", me, "console")
    bucket = AccessQuestion(
        "s3:GetObject", f"{me.bucket_arn('data')}/a", {"aws:ResourceAccount": me.account}
    )
    neighbours = replace(bucket, resource=bucket.resource.replace("seat01", "seat02"))
    views = [case.question(me, me) for case in matrix.console()]
    assert {one.action for one in views} == set(CONSOLE_VIEWS)
    wanted = [*(True for _ in views), True, False, False]
    asked = [*views, bucket, neighbours, replace(views[0], by_nobody=True)]
    answers = simulation.ask([role.simulation(one) for one in asked])
    assert [console.decide(one).allowed for one in asked] == wanted
    assert [answer == "Allowed" for answer in answers] == wanted


def test_a_permission_set_under_its_boundary_is_in_the_cell_in_either_mode(tmp_path: Path) -> None:
    """Without the boundary that it names, AWS's managed policies would leave the cell open."""
    write(tmp_path, OPENED)
    (tmp_path / "people.csv").write_text("id,name,profile\nada,Ada,features\n", encoding="utf-8")
    settings = written(tmp_path).settings
    me, other = (
        Names(settings.workshop, seat, settings.account, settings.region) for seat in SEATS
    )
    for name in ("features", "managed"):
        profile = settings.profiles[name]
        managed = profile.access.mode == "managed"
        made: Any = people.permission_set(
            replace(me, seat=""),
            profile=name,
            parts=layout.attached(name, profile),
            managed=managed,
        )
        reference = made["PermissionsBoundary"]["CustomerManagedPolicyReference"]
        path = f"{reference['Path']}{reference['Name']}"
        assert f"arn:aws:iam::{me.account}:policy{path}" == me.boundary_arn
        cohort = {
            me.cohort_policy(part): document
            for part, document in layout.cohort_policies(
                me, settings.profiles, end=settings.end, tag_keys=settings.tags
            ).items()
        }
        documents = {
            one["Name"]: cohort[one["Name"]] for one in made["CustomerManagedPolicyReferences"]
        } | {"set": made["InlinePolicy"]}
        if managed:
            assert made["ManagedPolicies"] == list(trust.managed_policy_arns(me))
            documents["managed"] = permissions.EVERYTHING
        tried = permissions.EffectivePermissions(me, documents, permissions.boundary(me, settings))
        for wanted, some in ((True, matrix.allowed(profile)), (False, matrix.denied(profile))):
            leaks = [c.about for c in some if tried.decide(c.question(me, other)).allowed != wanted]
            assert leaks == [], json.dumps(documents)
        open_cell = permissions.EffectivePermissions(me, documents, permissions.EVERYTHING)
        notebook = AccessQuestion("sagemaker:StartNotebookInstance", other.notebook_arn)
        assert open_cell.decide(notebook).allowed is managed


def test_no_order_of_models_hides_a_neighbours() -> None:
    """The other engine reads the first of several, since the reference gives the key one value."""
    settings = shipped("dev").loaded.settings
    me, other = (
        Names(settings.workshop, seat, settings.account, settings.region) for seat in SEATS
    )
    asked = permissions.cell(me, settings.profiles["attendee"], settings)
    own, theirs, free = (
        me.sagemaker_arn("model", name)
        for name in (f"{me.job_prefix}a", f"{other.job_prefix}a", "free")
    )
    context: dict[str, str | list[str]] = {
        "aws:RequestTag/attendee": me.seat,
        "aws:RequestTag/workshop": me.workshop,
        "sagemaker:InstanceTypes": ["ml.m5.large"],
    }

    def serves(*models: str) -> bool:
        given: dict[str, str | list[str]] = {**context, "sagemaker:ModelArn": list(models)}
        account_region = me.sagemaker_arn("endpoint-config", "thing")
        return asked.decide(
            AccessQuestion("sagemaker:CreateEndpointConfig", account_region, given)
        ).allowed

    assert serves(own)
    assert serves(own, own)
    assert not serves(free)
    for models in ([theirs], [own, theirs], [theirs, own], [free, theirs], [theirs, free]):
        assert not serves(*models), models
