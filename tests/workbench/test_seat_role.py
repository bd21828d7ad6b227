"""A seat's role: the cohort's policies under the cohort's boundary, and nothing of its own."""

from __future__ import annotations

from typing import Any

from tests.support.assemblies import exemplars, shipped
from tests.support.single_construct import only
from workbench.seat_role import SeatRole
from workshop.naming import Names
from workshop.policies import layout, trust

NAMES = Names.placeholders("vision")


def role() -> dict[str, Any]:
    def make(stack: Any) -> SeatRole:
        return SeatRole(
            stack,
            "Execution",
            role_name=NAMES.role,
            path=NAMES.iam_path,
            description="What a notebook and its jobs do.",
            trust_policy=trust.trust_policy(NAMES),
            boundary_arn=NAMES.boundary_arn,
            managed_policy_arns=[NAMES.cohort_policy_arn("data")],
        )

    made = only(make, "AWS::IAM::Role")["Properties"]
    assert isinstance(made, dict)
    return made


def test_it_stays_inside_the_boundary_whatever_is_attached_to_it() -> None:
    boundary = role()["PermissionsBoundary"]["Fn::Sub"]
    assert boundary.endswith(":policy/ws/vision/vision-cohort-${AWS::Region}-boundary")


def test_it_has_no_policy_of_its_own_that_a_change_would_have_to_reach() -> None:
    made = role()
    assert "Policies" not in made
    assert [arn["Fn::Sub"].rpartition("-")[2] for arn in made["ManagedPolicyArns"]] == ["data"]


def test_sagemaker_takes_it_on_for_this_account_alone() -> None:
    (statement,) = role()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {
        "Fn::Sub": "${AWS::AccountId}"
    }


def test_a_day_of_work_needs_no_second_sign_in() -> None:
    assert role()["MaxSessionDuration"] == 12 * 3600


def test_each_profiles_seats_carry_what_all_carry_and_their_own_profiles_policies() -> None:
    assembly = shipped("prod")
    settings = assembly.loaded.settings
    for profile, seat in exemplars(assembly.loaded).items():
        template = assembly.template(f"{settings.workshop}-{seat}-access")
        (made,) = template["Resources"].values()
        attached = [arn["Fn::Sub"] for arn in made["Properties"]["ManagedPolicyArns"]]
        expected = layout.attached(profile, settings.profiles[profile])
        assert [arn.rpartition("${AWS::Region}-")[2] for arn in attached] == list(expected)
        assert {f"{profile}-caps", f"{profile}-opened"} <= set(expected)
