"""Conformance: Search over the kinds that AWS lets one search."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conformance import Aws


def fill(aws: Aws) -> Any:
    """Make experiments and components of two teams; the client."""
    client = aws.sagemaker
    for team, number in (("red", 1), ("red", 2), ("blue", 3)):
        client.create_experiment(
            ExperimentName=f"exp-{number}",
            Description=f"of {team}",
            Tags=[{"Key": "team", "Value": team}],
        )
        client.create_trial_component(
            TrialComponentName=f"part-{number}",
            Parameters={"rate": {"NumberValue": number / 10}},
        )
        aws.pass_time()
    return client


def names(found: dict[str, Any]) -> list[str]:
    return [result["Experiment"]["ExperimentName"] for result in found["Results"]]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"Name": "ExperimentName", "Value": "exp-1"}, ["exp-1"]),
        ({"Name": "Tags.team", "Operator": "Equals", "Value": "red"}, ["exp-2", "exp-1"]),
        ({"Name": "Tags.team", "Operator": "NotEquals", "Value": "red"}, ["exp-3"]),
        ({"Name": "Tags.other", "Operator": "Exists"}, []),
        ({"Name": "Tags.other", "Operator": "NotExists"}, ["exp-3", "exp-2", "exp-1"]),
        ({"Name": "Description", "Operator": "Contains", "Value": "BLUE"}, ["exp-3"]),
        ({"Name": "ExperimentName", "Operator": "In", "Value": "exp-1,exp-3"}, ["exp-3", "exp-1"]),
    ],
)
def test_a_filter_finds_what_has_the_property(
    aws: Aws, filter_: dict[str, str], expected: list[str]
) -> None:
    client = fill(aws)
    found = client.search(Resource="Experiment", SearchExpression={"Filters": [filter_]})
    assert names(found) == expected


def test_numbers_compare_as_numbers(aws: Aws) -> None:
    client = fill(aws)
    filter_ = {"Name": "Parameters.rate.NumberValue", "Operator": "GreaterThan", "Value": "0.15"}
    found = client.search(
        Resource="ExperimentTrialComponent", SearchExpression={"Filters": [filter_]}
    )
    parts = [result["TrialComponent"]["TrialComponentName"] for result in found["Results"]]
    assert parts == ["part-3", "part-2"]


def test_parts_of_an_expression_are_joined_as_it_says(aws: Aws) -> None:
    client = fill(aws)
    first = {"Filters": [{"Name": "ExperimentName", "Value": "exp-1"}]}
    third = {"Filters": [{"Name": "ExperimentName", "Value": "exp-3"}]}
    either = {"SubExpressions": [first, third], "Operator": "Or"}
    both = {"SubExpressions": [first, third], "Operator": "And"}
    assert names(client.search(Resource="Experiment", SearchExpression=either)) == [
        "exp-3",
        "exp-1",
    ]
    assert names(client.search(Resource="Experiment", SearchExpression=both)) == []


def test_pages_follow_each_other_in_the_order_asked_for(aws: Aws) -> None:
    client = fill(aws)
    asked = {"Resource": "Experiment", "SortBy": "CreationTime", "SortOrder": "Ascending"}
    first = client.search(**asked, MaxResults=2)
    second = client.search(**asked, MaxResults=2, NextToken=first["NextToken"])
    assert names(first) + names(second) == ["exp-1", "exp-2", "exp-3"]
    assert "NextToken" not in second
    assert second["TotalHits"]["Value"] == 3


@pytest.mark.parametrize(
    ("how", "moment", "expected"),
    [
        ("GreaterThan", "2020-01-01T00:00:00Z", ["exp-3", "exp-2", "exp-1"]),
        ("LessThan", "2020-01-01T00:00:00Z", []),
    ],
)
def test_moments_compare_as_moments(aws: Aws, how: str, moment: str, expected: list[str]) -> None:
    client = fill(aws)
    filter_ = {"Name": "CreationTime", "Operator": how, "Value": moment}
    found = client.search(Resource="Experiment", SearchExpression={"Filters": [filter_]})
    assert names(found) == expected


def test_a_moment_that_is_none_is_refused(aws: Aws) -> None:
    fill(aws)
    filter_ = {"Name": "CreationTime", "Operator": "GreaterThan", "Value": "yesterday"}
    refusal = aws.refusal("search", Resource="Experiment", SearchExpression={"Filters": [filter_]})
    assert refusal == "ValidationException: 'yesterday' is neither a number nor a date and time."


def test_components_are_found_by_the_experiment_that_they_are_part_of(aws: Aws) -> None:
    client = aws.sagemaker
    for experiment in ("lab", "other"):
        client.create_experiment(ExperimentName=experiment)
        client.create_trial(TrialName=f"{experiment}-trial", ExperimentName=experiment)
        client.create_trial_component(TrialComponentName=f"{experiment}-run")
        client.associate_trial_component(
            TrialName=f"{experiment}-trial", TrialComponentName=f"{experiment}-run"
        )
    of_lab = {"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": "lab"}
    found = client.search(
        Resource="ExperimentTrialComponent", SearchExpression={"Filters": [of_lab]}
    )
    (component,) = [result["TrialComponent"] for result in found["Results"]]
    assert component["TrialComponentName"] == "lab-run"
    assert component["Parents"] == [{"TrialName": "lab-trial", "ExperimentName": "lab"}]
