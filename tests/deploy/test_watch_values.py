"""Who is told by e-mail, and by which prices the watch counts: values that no template has."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import process
from tests.support import small_workshop
from tests.support.assemblies import synthesize
from tests.support.config_folder import HEAD, SEATS, mistakes, write
from tests.support.local_cloud import IAM, Cloud
from workshop import tags
from workshop.aws import subscriptions
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary, stacks
from workshop.config.environment import LoadedEnvironment
from workshop.deploy import desired as wanting
from workshop.deploy import planner, watch_values
from workshop.deploy.assembly import Assembly, CohortTemplate
from workshop.deploy.cloudformation import Answer, CloudFormation
from workshop.deploy.desired import DesiredStack
from workshop.deploy.plan import StackAction, StackPlan
from workshop.deploy.templates import Template, of_text
from workshop.environments import loader
from workshop.errors import UsageError
from workshop.naming import COHORT, NOTIFY, PRICES, WATCH
from workshop.pricing import prices

HOME = small_workshop.HOME
LINE = "budget: {per_seat_usd: 25, notify: WORKSHOP_NOTIFY}"
ANN, BEA = "ann@example.org", "bea@example.org"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedEnvironment:
    """A workshop with caps and with somebody to be told."""
    folder = tmp_path_factory.mktemp("config")
    write(folder, small_workshop.text(1, LINE))
    return loader.load("dev", folder)


@pytest.fixture(scope="module")
def template(loaded: LoadedEnvironment) -> Template:
    return of_text(synthesize(loaded).text(f"demo-{COHORT}-{WATCH}"))


def assembly(loaded: LoadedEnvironment, template: Template) -> Assembly:
    made = small_workshop.assembly(loaded)
    shared = {**made.cohorts, (HOME, WATCH): CohortTemplate(template, protected=False)}
    return Assembly(made.exemplars, shared)


def desired(loaded: LoadedEnvironment, template: Template) -> DesiredStack:
    made = wanting.stacks(loaded, assembly(loaded, template), loaded.seats)
    return next(one for one in made if one.kind == WATCH)


def proposed(
    loaded: LoadedEnvironment,
    template: Template,
    found: Mapping[str, StackSummary],
    notify: Collection[str] | None = None,
    subscribed: Collection[str] | None = (),
) -> StackPlan:
    """What is planned for the watch's stack, beside others that are as they should be."""
    every = wanting.stacks(loaded, assembly(loaded, template), loaded.seats)
    there = {one.name: small_workshop.found(one) for one in every if one.kind != WATCH}
    plan = planner.propose(
        loaded,
        assembly(loaded, template),
        loaded.seats,
        {HOME: {**there, **found}},
        lambda *_: template.document,
        notify=notify,
        subscribed=lambda _: subscribed,
    )
    changed = [one.desired.kind for one in plan.stacks if one.action != StackAction.UNCHANGED]
    assert set(changed) <= {WATCH}
    return next(one for one in plan.stacks if one.desired.kind == WATCH)


def deployed(
    loaded: LoadedEnvironment, template: Template, **parameters: str
) -> dict[str, StackSummary]:
    one = desired(loaded, template)
    default = template.document["Parameters"][PRICES]["Default"]
    secret = dict.fromkeys(NOTIFY, "****")
    return {
        one.name: small_workshop.found(one, parameters={PRICES: default, **secret, **parameters})
    }


def read_prices(date: str, **types: str) -> None:
    listed = prices.shipped_list("us-east-1")
    prices.use({"us-east-1": {**listed, "date": date, "types": {**listed["types"], **types}}})


@pytest.fixture(autouse=True)
def _shipped_prices() -> Any:
    yield
    prices.use({})


# --- addresses ------------------------------------------------------------------------------------


def test_addresses_come_from_the_variable_that_the_yaml_names() -> None:
    given = {"WORKSHOP_NOTIFY": f"{ANN}, {BEA};{ANN}"}
    assert watch_values.addresses("WORKSHOP_NOTIFY", given) == (ANN, BEA)
    assert watch_values.addresses("WORKSHOP_NOTIFY", {"WORKSHOP_NOTIFY": ""}) == ()
    assert watch_values.addresses("WORKSHOP_NOTIFY", {}) is None
    assert watch_values.addresses(None, given) is None


def test_what_is_no_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as error:
        watch_values.addresses("SOME", {"SOME": f"{ANN} secret-key"})
    assert str(error.value) == (
        "SOME: no. 2 of 2 is not an e-mail address; write addresses with commas between them"
    )
    many = ",".join(f"a{number}@example.org" for number in range(4))
    with pytest.raises(UsageError, match="has 4 addresses and the watch takes 3"):
        watch_values.addresses("SOME", {"SOME": many})


def test_an_address_in_the_yaml_is_refused_with_the_cure(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}budget: {{notify: {ANN}}}\n")
    (found,) = mistakes(tmp_path)
    assert "is no name of an environment variable; write one such as 'WORKSHOP_NOTIFY'" in found


def test_addresses_are_in_no_template_tag_or_text_of_the_plan(
    loaded: LoadedEnvironment, template: Template
) -> None:
    plan = proposed(loaded, template, {}, [ANN])
    assert plan.action == StackAction.CREATE
    assert plan.desired.parameters["Notify1"] == ANN
    texts = [repr(plan), template.body, json.dumps(plan.desired.tagged(template)), plan.message]
    assert not any("example.org" in text for text in texts)
    parameters = template.document["Parameters"]
    assert all(parameters[name]["NoEcho"] and not parameters[name]["Default"] for name in NOTIFY)


def test_a_deployment_without_the_variable_keeps_the_addresses(
    loaded: LoadedEnvironment, template: Template
) -> None:
    found = deployed(loaded, template)
    plan = proposed(loaded, template, found)
    assert plan.action == StackAction.UNCHANGED
    sent = plan.desired.values(found[plan.desired.name].parameters)
    assert [one for one in sent if one["ParameterKey"] in NOTIFY] == [
        {"ParameterKey": name, "UsePreviousValue": True} for name in NOTIFY
    ]


def test_the_same_addresses_change_nothing_and_others_update_one_stack(
    loaded: LoadedEnvironment, template: Template
) -> None:
    found = deployed(loaded, template)
    assert proposed(loaded, template, found, [ANN, BEA], {BEA, ANN}).action == StackAction.UNCHANGED
    plan = proposed(loaded, template, found, [BEA], {BEA, ANN})
    assert plan.action == StackAction.UPDATE
    assert plan.message == "others are told by e-mail, each of whom AWS asks to confirm it"
    assert plan.desired.parameters.keys() >= {*NOTIFY}
    assert plan.desired.parameters["Notify2"] == ""
    nobody = proposed(loaded, template, found, [], {BEA, ANN})
    assert nobody.message == "nobody is told by e-mail any more"


def test_addresses_are_given_where_nobody_knows_who_is_subscribed(
    loaded: LoadedEnvironment, template: Template
) -> None:
    plan = proposed(loaded, template, deployed(loaded, template), [ANN], None)
    assert plan.action == StackAction.UPDATE


# --- prices ---------------------------------------------------------------------------------------


def test_newer_prices_of_aws_update_the_watch_alone(
    loaded: LoadedEnvironment, template: Template
) -> None:
    read_prices("2026-11-20", **{"ml.m5.large": "0.2"})
    plan = proposed(loaded, template, deployed(loaded, template))
    assert (plan.action, plan.message) == (
        StackAction.UPDATE,
        "newer prices by which the watch counts",
    )
    told = json.loads(plan.desired.parameters[PRICES])
    assert told["basis"] == "AWS's price list for us-east-1, read on 2026-11-20"
    assert told["prices"]["ml.m5.large"] == 0.2


def test_a_machine_that_knows_no_newer_prices_leaves_the_deployed_ones(
    loaded: LoadedEnvironment, template: Template
) -> None:
    read_prices("2026-11-20", **{"ml.m5.large": "0.2"})
    newer = proposed(loaded, template, {}).desired.parameters[PRICES]
    prices.use({})
    there = deployed(loaded, template, **{PRICES: newer})
    assert proposed(loaded, template, there).action == StackAction.UNCHANGED
    read_prices("2026-05-01", **{"ml.m5.large": "0.3"})
    assert proposed(loaded, template, there).action == StackAction.UNCHANGED


def test_deployed_prices_that_lack_a_type_are_replaced(
    loaded: LoadedEnvironment, template: Template
) -> None:
    there = deployed(
        loaded, template, **{PRICES: '{"date":"2027-01-01","prices":{"ml.m5.large":0.1}}'}
    )
    plan = proposed(loaded, template, there)
    assert plan.action == StackAction.UPDATE
    assert plan.desired.parameters[PRICES] == template.document["Parameters"][PRICES]["Default"]


# --- on the local cloud ---------------------------------------------------------------------------


def test_an_address_is_pending_until_its_owner_confirms_and_survives_an_update(
    cloud: Cloud, loaded: LoadedEnvironment, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    clients = Clients(HOME)
    aws, names = CloudFormation(clients, HOME), loaded.cohort_names(HOME)
    assert cloud.deploy("demo-cohort", small_workshop.cohort_text(), **IAM) == "CREATE_COMPLETE"
    plan = proposed(loaded, template, {}, [ANN, BEA])
    assert aws.create(plan.desired, template).answer == Answer.ACCEPTED
    assert cloud.settled(names.watch) == "CREATE_COMPLETE"

    def mails() -> dict[str, bool]:
        return {one.address: one.confirmed for one in subscriptions.of_watch(clients, HOME, names)}

    assert mails() == {ANN: False, BEA: False}
    process.post(cloud.running, "/_localcloud/subscriptions", {"confirm": ANN})
    assert mails() == {ANN: True, BEA: False}

    there = stacks(clients, HOME)[names.watch]
    assert {there.parameters[name] for name in NOTIFY} == {"****"}
    assert there.tags[tags.TEMPLATE] == template.digest
    read_prices("2026-11-20", **{"ml.m5.large": "0.2"})
    plan = proposed(loaded, template, {names.watch: there})
    assert aws.update(plan.desired, template, there).answer == Answer.ACCEPTED
    assert cloud.settled(names.watch) == "UPDATE_COMPLETE"
    assert mails() == {ANN: True, BEA: False}
    variables = cloud.client("lambda").get_function_configuration(FunctionName=names.watch)
    assert '"ml.m5.large":0.2' in variables["Environment"]["Variables"]["PRICES"]

    there = stacks(clients, HOME)[names.watch]
    assert proposed(loaded, template, {names.watch: there}, [BEA, ANN], mails()).action == (
        StackAction.UNCHANGED
    )
    plan = proposed(loaded, template, {names.watch: there}, [], mails())
    assert aws.update(plan.desired, template, there).answer == Answer.ACCEPTED
    assert cloud.settled(names.watch) == "UPDATE_COMPLETE"
    assert mails() == {}
