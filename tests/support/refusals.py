"""How a cloud refuses a call: what tests assert of botocore's ``ClientError``."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused_answer(call: Any, *given: Any, **request: Any) -> dict[str, Any]:
    """Return the whole answer with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(*given, **request)
    return {**caught.value.response}


def refusal(call: Any, *given: Any, **request: Any) -> tuple[int, str, str]:
    """Return status, code and message with which a call is refused."""
    answer = refused_answer(call, *given, **request)
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def code_of(call: Any, *given: Any, **request: Any) -> str:
    """Return the code with which a call is refused."""
    return refusal(call, *given, **request)[1]


def message_of(call: Any, *given: Any, **request: Any) -> str:
    """Return the message with which a call is refused."""
    return refusal(call, *given, **request)[2]
