"""Conformance: experiments, trials, trial components and what belongs to what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.conformance import Aws

PARTS = {"TrialComponentName": "part", "TrialName": "try"}


def make(aws: Aws) -> Any:
    """Make one experiment with one trial and one component in it; the client."""
    client = aws.sagemaker
    client.create_experiment(ExperimentName="exp", Description="d")
    client.create_trial(TrialName="try", ExperimentName="exp")
    client.create_trial_component(TrialComponentName="part")
    client.associate_trial_component(**PARTS)
    return client


def test_each_says_who_made_it(aws: Aws) -> None:
    client = make(aws)
    for found in (
        client.describe_experiment(ExperimentName="exp"),
        client.describe_trial(TrialName="try"),
        client.describe_trial_component(TrialComponentName="part"),
    ):
        assert found["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::")


@pytest.mark.parametrize(
    ("operation", "request_", "refusal"),
    [
        (
            "delete_experiment",
            {"ExperimentName": "exp"},
            "ValidationException: Experiment 'exp' cannot be deleted: it still has trials (try).",
        ),
        (
            "delete_trial",
            {"TrialName": "try"},
            "ValidationException: Trial 'try' cannot be deleted: it still has trial components "
            "(part).",
        ),
        (
            "delete_trial_component",
            {"TrialComponentName": "part"},
            "ValidationException: Trial component 'part' cannot be deleted: it is still associated "
            "with trials (try).",
        ),
        ("describe_trial", {"TrialName": "no"}, "ResourceNotFound: Trial 'no' does not exist."),
        ("list_trials", {"ExperimentName": "no"}, "ResourceNotFound: Experiment 'no' does not"),
        ("create_trial", {"TrialName": "t", "ExperimentName": "no"}, "ResourceNotFound: Exp"),
        ("create_trial", {"TrialName": "try", "ExperimentName": "exp"}, "ValidationException: Tr"),
    ],
)
def test_what_cannot_be_done_is_refused(
    aws: Aws, operation: str, request_: dict[str, str], refusal: str
) -> None:
    make(aws)
    assert aws.refusal(operation, **request_).startswith(refusal)


def test_taken_apart_from_below_everything_goes(aws: Aws) -> None:
    client = make(aws)
    client.disassociate_trial_component(**PARTS)
    assert aws.refusal("disassociate_trial_component", **PARTS).startswith("ValidationException")
    client.delete_trial_component(TrialComponentName="part")
    assert client.delete_trial(TrialName="try")["TrialArn"].endswith(":experiment-trial/try")
    client.delete_experiment(ExperimentName="exp")
    assert client.list_experiments()["ExperimentSummaries"] == []
    assert client.list_trials()["TrialSummaries"] == []
    assert client.list_trial_components()["TrialComponentSummaries"] == []


def test_lists_follow_what_belongs_to_what(aws: Aws) -> None:
    client = make(aws)
    client.create_experiment(ExperimentName="other")
    client.create_trial(TrialName="second", ExperimentName="other")
    client.create_trial_component(TrialComponentName="loose")

    def trials(**request: str) -> list[str]:
        return [summary["TrialName"] for summary in client.list_trials(**request)["TrialSummaries"]]

    def components(**request: str) -> list[str]:
        found = client.list_trial_components(**request)["TrialComponentSummaries"]
        return [component["TrialComponentName"] for component in found]

    assert trials(ExperimentName="exp") == ["try"]
    assert trials(TrialComponentName="part") == ["try"]
    assert trials(TrialComponentName="loose") == []
    assert components(TrialName="try") == ["part"]
    assert components(ExperimentName="exp") == ["part"]
    assert components(ExperimentName="other") == []
    assert sorted(components()) == ["loose", "part"]


def test_updates_change_entries_of_a_component_and_take_others_away(aws: Aws) -> None:
    client = make(aws)
    client.update_experiment(ExperimentName="exp", DisplayName="Experiment")
    client.update_trial(TrialName="try", DisplayName="Trial")
    part = {"TrialComponentName": "part"}
    client.update_trial_component(
        **part, Parameters={"rate": {"NumberValue": 0.1}, "kind": {"StringValue": "tree"}}
    )
    client.update_trial_component(
        **part, Parameters={"rate": {"NumberValue": 0.2}}, ParametersToRemove=["kind"]
    )
    assert client.describe_experiment(ExperimentName="exp")["DisplayName"] == "Experiment"
    assert client.describe_trial(TrialName="try")["DisplayName"] == "Trial"
    assert client.describe_trial_component(**part)["Parameters"] == {"rate": {"NumberValue": 0.2}}


def test_creation_time_filters_leave_out_what_was_made_at_other_times(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_experiment(ExperimentName="early")
    aws.pass_time()
    client.create_experiment(ExperimentName="late")
    made = client.describe_experiment(ExperimentName="late")["CreationTime"]
    before = client.list_experiments(CreatedBefore=made)["ExperimentSummaries"]
    assert [experiment["ExperimentName"] for experiment in before] == ["early"]
    after = client.list_experiments(CreatedAfter=datetime.fromtimestamp(0, UTC))
    assert [summary["ExperimentName"] for summary in after["ExperimentSummaries"]] == [
        "late",
        "early",
    ]
