"""What AWS was recorded to answer, as the product judges it: each answer has one verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop.aws import errors
from workshop.deploy import cloudformation, failures
from workshop.deploy.cloudformation import Answer

RECORDED: dict[str, Mapping[str, Any]] = {
    answer["id"]: answer
    for answer in yaml.load(
        (Path(__file__).parents[1] / "data" / "aws_answers.yaml").read_text("utf-8"),
        yaml.CSafeLoader,
    )
}

FIRST = settings(untimed, database=None, derandomize=True, max_examples=1, phases=[Phase.generate])

VERDICTS = {
    # There is no such resource, or not yet.
    "gone": """
        sm-01 sm-02 sm-03 sm-04 sm-05 sm-06 sm-07 sm-08 sm-09 sm-10 sm-12 sm-13 sm-14 sm-18 sm-20
        sm-23 sm-24 sm-25 sm-26 sm-27 smr-01 cfn-01 cfn-03 cfn-04 cfn-05 iam-01 iam-02 iam-03
        iam-05 iam-06 iam-07 iam-09 iam-10 iam-24 s3-03 s3-07 s3-08 s3-09 s3-10 s3-11 s3-27 cw-01
        cw-02 logs-03 ev-04 ev-06 sch-01 sq-01 sq-02 sq-31
    """,
    # The caller may not, or is not known; no repetition helps.
    "denied": """
        s3-01 s3-04 s3-05 s3-06 s3-14 s3-15 sts-03 any-01 any-02
    """,
    # The same call may go well later.
    "passing": "cfn-34 iam-11 iam-22 s3-24 logs-06 logs-07",
    # Another has changed the stack since it was planned for; it is looked at again.
    "overtaken": "cfn-08 cfn-10 cfn-12 cfn-14 cfn-47",
    "nothing to do": "cfn-09",
    # It hangs on what was asked or on a state; told as it is, or asked again after a look.
    "refused": """
        sm-19 sm-21 sm-22 sm-28 sm-37 sm-41 sm-43 sm-45 sm-46 sm-47 sm-48 sm-49 sm-50 sm-51 sm-52
        sm-53 sm-54 sm-66 sm-71 sm-72 sm-73 cfn-15 cfn-17 cfn-40 cfn-44 cfn-46 cfn-48 iam-13
        iam-16 iam-17 iam-18 iam-19 iam-20 iam-21 iam-23 s3-02 s3-13 s3-18 s3-19 ecr-01 cw-03
        cw-04 cw-07 logs-01 logs-04 ev-02 sts-01
    """,
    # It is there, without the part that was asked for.
    "has none": "s3-28 s3-29 s3-30 s3-31 s3-32 s3-33 s3-34 s3-35 s3-36 ecr-02 ecr-03",
    # Reasons of failed stacks and notebooks: another attempt, another type, or neither.
    "transient": "sm-44 cfn-35 cfn-36 cfn-37 cfn-54",
    "capacity": "sm-67 sm-68",
    "permanent": "sm-69 cfn-19 cfn-29 cfn-38 cfn-49 cfn-50 cfn-51 cfn-52 cfn-53",
    # What events say beside reasons; see the tests of failures for what is made of it.
    "no reason": "cfn-21 cfn-22 cfn-23 cfn-24 cfn-33",
    "reason on the rollback": "cfn-25",
}
EXPECTED = {fact: verdict for verdict, facts in VERDICTS.items() for fact in facts.split()}


def is_judged(answer: Mapping[str, Any]) -> bool:
    """Whether an answer refuses or explains something; others show statuses and members."""
    return "code" in answer or "message" in answer


def example(pattern: str) -> str:
    """Return the simplest text that a recorded pattern matches: the first that comes to mind."""
    return find(st.from_regex(pattern), lambda _: True, settings=FIRST)


def verdict(answer: Mapping[str, Any]) -> str:
    message = example(answer["message"]) if "message" in answer else ""
    if "field" in answer:
        return _of_reason(message, answer)
    parsed: Any = {
        "Error": {"Code": answer.get("code", ""), "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": answer.get("status", 400)},
    }
    error = ClientError(parsed, answer["operation"])
    if errors.is_gone(error):
        return "gone"
    if answer["service"] == "cloudformation":
        return _of_stack(error)
    if errors.is_denied(error):
        return "denied"
    if errors.is_passing(error):
        return "passing"
    return "has none" if re.search("NotFound|NoSuch", parsed["Error"]["Code"]) else "refused"


def _of_stack(error: ClientError) -> str:
    sent = cloudformation._refusal(error)
    if sent.answer != Answer.REFUSED:
        return str(sent.answer)
    assert sent.cause is not None
    return "passing" if sent.cause.kind == failures.FailureClass.TRANSIENT else "refused"


def _of_reason(message: str, answer: Mapping[str, Any]) -> str:
    states = answer.get("states", ["CREATE_FAILED"])
    own = any(state.startswith(("ROLLBACK", "REVIEW")) for state in states)
    event = {
        "StackId": "stack",
        "PhysicalResourceId": "stack" if own else "resource",
        "ResourceType": "AWS::S3::Bucket",
        "ResourceStatus": states[0],
        "ResourceStatusReason": message,
    }
    cause = failures.root([event])
    if cause is None:
        return "no reason"
    return "reason on the rollback" if own else str(cause.kind)


def test_every_recorded_refusal_and_reason_has_a_verdict() -> None:
    judged = {fact for fact, answer in RECORDED.items() if is_judged(answer)}
    assert judged == EXPECTED.keys()


@pytest.mark.parametrize("fact", EXPECTED)
def test_a_recorded_answer_is_judged_for_what_it_is(fact: str) -> None:
    assert verdict(RECORDED[fact]) == EXPECTED[fact]
