"""What a function has written when it answers is its log, and nothing waits for more."""

from __future__ import annotations

import base64
import json
import os
import queue
import threading
from collections.abc import Iterator
from typing import IO

import pytest

from localcloud.function_logs import LogPipe
from tests.support.local_cloud import IAM, Cloud, template

LINES = 200


class Pipe:
    """A pipe, and the lines that were read of it."""

    def __init__(self, file: IO[str], end: int) -> None:
        self.end, self._lines = end, queue.Queue[str]()
        self.log = LogPipe(file, self._lines)

    def write(self, text: str) -> None:
        os.write(self.end, text.encode())

    @property
    def lines(self) -> list[str]:
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    begin, end = os.pipe()
    with os.fdopen(begin) as file:
        yield Pipe(file, end)


def test_what_is_there_is_read_and_nothing_waits_for_more(pipe: Pipe) -> None:
    assert pipe.log.take()
    assert pipe.lines == []
    pipe.write("one\ntwo\nhalf")
    assert pipe.log.take()
    assert pipe.lines == ["one", "two"]
    pipe.write(" a line\n")
    assert pipe.log.take()
    assert pipe.lines == ["half a line"]


def test_the_end_of_a_process_ends_its_last_line(pipe: Pipe) -> None:
    pipe.write("one\nlast words")
    os.close(pipe.end)
    assert not pipe.log.take()
    assert pipe.lines == ["one", "last words"]


def test_each_line_is_read_once_and_in_order_by_whichever_thread(pipe: Pipe) -> None:
    """One follows, as while a function runs, and one takes what is there, as when it answers."""
    following = threading.Thread(target=pipe.log.follow)
    following.start()
    seen: list[str] = []
    for number in range(LINES):
        pipe.write(f"{number}\n")
        pipe.log.take()
        seen += pipe.lines
        assert seen[-1] == f"{number}", "all that was written by now"
    os.close(pipe.end)
    following.join()
    assert seen == [f"{number}" for number in range(LINES)]


def test_a_functions_log_is_all_that_it_wrote_and_not_what_an_earlier_run_did(cloud: Cloud) -> None:
    source = "def handler(event, context):\n    print(event['say'])\n    print('x' * 100_000)\n"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    body = template(
        {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": document},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": "talks",
                    "Runtime": "python3.11",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": source + "    print('end of', event['say'])\n"},
                },
            },
        }
    )
    assert cloud.deploy("talks", body, **IAM) == "CREATE_COMPLETE"
    for number in range(5):
        answer = cloud.client("lambda").invoke(
            FunctionName="talks", Payload=json.dumps({"say": f"{number}"}), LogType="Tail"
        )
        tail = base64.b64decode(answer["LogResult"]).decode()
        assert f"end of {number}" in tail
        assert f"end of {number - 1}" not in tail
