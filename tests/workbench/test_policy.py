"""A policy of the cohort is written once for all seats, and the boundary is deleted first."""

from __future__ import annotations

from typing import Any

from tests.support.single_construct import resources
from workbench.policy import CohortPolicy

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:${AWS::Partition}:s3:::vision-${aws:PrincipalTag/attendee}-*"],
        }
    ],
}


def two() -> list[dict[str, Any]]:
    def make(stack: Any) -> None:
        boundary, data = (
            CohortPolicy(
                stack,
                part,
                policy_name=f"vision-cohort-{part}",
                path="/ws/vision/",
                description="one",
                document=DOCUMENT,
            )
            for part in ("boundary", "data")
        )
        boundary.is_deleted_before(data)

    return resources(make)


def test_iams_variables_stay_iams_and_cloudformations_are_filled_in() -> None:
    """And a list of one is a value: as YAML, each list costs a line more."""
    policy = two()[0]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::vision-${!aws:PrincipalTag/attendee}-*"
    }


def test_the_boundary_depends_on_the_others_so_that_it_refuses_to_go_before_they_do() -> None:
    boundary, data = two()
    assert len(boundary["DependsOn"]) == 1
    assert "DependsOn" not in data
