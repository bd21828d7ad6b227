"""A call that another's change of the same resource refused is made again, for all who call."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import retries
from workshop.aws.clients import Clients

HERE = AccountRegion("111122223333", "eu-west-1")


class Body:
    """A response's body, as urllib3 gives it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def stream(self) -> Any:
        yield self.text.encode()


def answer(status: int, body: str) -> AWSResponse:
    return AWSResponse(
        "https://aws.example", status, cast(Any, {"content-type": "text/xml"}), Body(body)
    )


def refusal(code: str) -> AWSResponse:
    inner = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    return answer(409, f"<ErrorResponse>{inner}</ErrorResponse>")


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(retries, "LONGEST_WAIT", 0)
    return Clients(HERE).client("iam", HERE, attempts=4)


def answering(client: Any, *answers: AWSResponse) -> list[AWSResponse]:
    """Let the client get these answers instead of a server's; return those that are left."""
    left = list(answers)
    client.meta.events.register("before-send.iam", lambda **_: left.pop(0))
    return left


def test_a_change_that_met_another_one_is_made_again(iam: Any) -> None:
    done = answer(200, "<AttachRolePolicyResponse></AttachRolePolicyResponse>")
    left = answering(iam, refusal("ConcurrentModification"), refusal("OperationAborted"), done)
    iam.attach_role_policy(RoleName="ada", PolicyArn="arn:aws:iam::111122223333:policy/freeze")
    assert left == []


def test_it_ends_with_the_last_attempt_and_says_what_aws_said(iam: Any) -> None:
    left = answering(iam, *[refusal("ConcurrentModification")] * 5)
    with pytest.raises(ClientError, match="ConcurrentModification"):
        iam.delete_role(RoleName="ada")
    assert len(left) == 1


def test_a_refusal_of_another_kind_is_not_repeated(iam: Any) -> None:
    left = answering(iam, refusal("DeleteConflict"), refusal("DeleteConflict"))
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_role(RoleName="ada")
    assert len(left) == 1
