"""The door at the start of class: 300 attendees open their notebooks within one minute.

``door-load``: each attendee asks for the front page, types their code, sees their seat's page and
opens the notebook, as browsers without a script do, through the function's URL of a deployed door;
they arrive evenly over 60 seconds. ours is the 95th percentile of a whole way in, from the first
request to the link of the notebook, in seconds; the floor is that of as many ways of the same
number of requests to ``/healthz``, for which the function calls nothing. Nobody looks at the pages
in between: people take longer than this.

``door-load-errors``: ways that did not end with a link, and answers of 500 and above.

``door-load s3:*`` and so on: calls that the door made of each service, and of its two operations of
SageMaker, a second of that minute.

The stacks are those of ``workshop deploy`` for one seat; the other notebooks are made by plain
boto3, since the door knows no difference.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3

from bench import environment
from bench.measure import Result, process
from localcloud import environment as cloud_environment
from localcloud import process as local_cloud
from localcloud.record import Running
from workshop import tags
from workshop.door.codes import code_of, seat_subject
from workshop.door.state import DoorState
from workshop.environments import loader
from workshop.naming import DOOR, DOOR_ADDRESS

ATTENDEES = 300
MINUTE = 60.0
AT_ONCE = 100
"""Attendees who are on their way at one time, at the most."""
PERCENTILE = 95
ACCOUNT, REGION = "111122223333", "eu-west-1"
COUNTED = (
    "s3:*",
    "sagemaker:*",
    "sagemaker:ListNotebookInstances",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
)
ENVIRONMENT = f"""\
workshop: bench
account: "{ACCOUNT}"
region: {REGION}
start: 2026-01-01T09:00:00+00:00
end: 2099-12-31T17:00:00+00:00
roster: {{seats: {ATTENDEES}}}
door: {{}}
profiles:
  attendee:
    access: {{training_instance_types: [ml.m5.large], endpoint_instance_types: [ml.m5.large]}}
"""
QUOTAS = (
    "Total number of notebook instances",
    "ml.t3.medium for notebook instance usage",
    "ml.m5.large for training job usage",
    "ml.m5.large for endpoint usage",
)
_TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')


@dataclass
class AttendeesWay:
    """One browser on its way in, and how each of its requests was answered."""

    url: str
    cookie: str = ""
    statuses: list[int] = field(default_factory=list)

    def open(self, code: str) -> str:
        """Return the link of the notebook, empty where the way did not lead there."""
        self.ask("GET", "/")
        self.ask("POST", "/code", code=code)
        _, page = self.ask("GET", "/")
        token = _TOKEN.search(page)
        link, _ = self.ask("POST", "/open", token=token[1] if token else "", view="lab")
        return link if "notebook" in link else ""

    def wait(self, _code: str) -> str:
        """Ask as often for nothing, and return what it was asked of."""
        for _ in range(4):
            self.ask("GET", "/healthz")
        return self.url

    def ask(self, method: str, path: str, **form: str) -> tuple[str, str]:
        """Return where an answer leads, and its page."""
        parts = urlsplit(self.url)
        headers = {"Host": parts.netloc, "Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        connection = HTTPConnection("127.0.0.1", parts.port, timeout=60)
        try:
            connection.request(method, path, urlencode(form), headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        except (OSError, HTTPException):
            self.statuses.append(HTTPStatus.SERVICE_UNAVAILABLE)
            return "", ""
        finally:
            connection.close()
        self.statuses.append(answer.status)
        self.cookie = answer.headers.get("Set-Cookie", self.cookie).partition(";")[0]
        return answer.headers.get("Location", ""), page


@dataclass(frozen=True)
class LoadMinute:
    """What attendees saw: seconds of each way, and how many failed."""

    seconds: list[float]
    errors: int

    @property
    def percentile(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[PERCENTILE - 1]


def load() -> Iterator[Result]:
    """Results of one minute: the ways, errors, and calls a second."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="bench-door-")))
        running = ends.enter_context(
            environment.running_cloud(
                folder / "cloud",
                account=ACCOUNT,
                region=REGION,
                enforce_iam=True,
                delays={"notebook": 0},
            )
        )
        url, codes, peak_mb = _class(folder, running)
        floor = minute(url, codes, AttendeesWay.wait)
        local_cloud.set_faults(running, *map(_counting, COUNTED))
        ours = minute(url, codes, AttendeesWay.open)
        calls = local_cloud.post(running, "/_localcloud/faults", {})["rules"]
    yield _result("door-load", "s", ours.percentile, peak_mb, floor.percentile)
    yield _result("door-load-errors", "errors", ours.errors, peak_mb)
    for rule in calls:
        yield _result(f"door-load {rule['operation']}", "calls/s", rule["seen"] / MINUTE, peak_mb)


def minute(url: str, codes: list[str], way: Callable[[AttendeesWay, str], str]) -> LoadMinute:
    """Let one attendee for each code begin their way, evenly over a minute."""
    began = time.monotonic()

    def attend(number: int) -> tuple[float, bool]:
        time.sleep(max(0.0, began + number * MINUTE / len(codes) - time.monotonic()))
        attendee = AttendeesWay(url)
        start = time.monotonic()
        link = way(attendee, codes[number])
        failed = any(status >= HTTPStatus.BAD_REQUEST for status in attendee.statuses)
        return time.monotonic() - start, failed or not link

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ways = [*pool.map(attend, range(len(codes)))]
    return LoadMinute([seconds for seconds, _ in ways], sum(failed for _, failed in ways))


def _counting(operation: str) -> dict[str, Any]:
    """Return a rule of the fault plan that counts calls and never applies."""
    return {"effect": "latency", "operation": operation, "seconds": 1, "after": 1_000_000_000}


def _class(folder: Path, running: Running) -> tuple[str, list[str], float]:
    """Deploy the door, make a notebook for each seat, and return its address and all codes."""
    chosen = cloud_environment.variables(running, folder / "cloud")
    variables = cloud_environment.applied(os.environ, chosen)
    local_cloud.set_quotas(running, sagemaker=dict.fromkeys(QUOTAS, 2 * ATTENDEES))
    (folder / "bench.yaml").write_text(ENVIRONMENT, encoding="utf-8")
    loaded = loader.load("bench", folder)
    program = Path(sys.executable).with_name("workshop")
    first = loaded.seats[0]
    command = [str(program), "deploy", "-e", "bench", "--config-dir", str(folder)]
    run = process([*command, "--only", first.id], cwd=str(folder), variables=variables)
    session = boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    client = partial(session.client, endpoint_url=running.endpoint)
    sagemaker = client("sagemaker")
    for seat in loaded.seats[1:]:
        names = loaded.names(seat)
        sagemaker.create_notebook_instance(
            NotebookInstanceName=names.notebook,
            InstanceType="ml.t3.medium",
            RoleArn=loaded.names(first).role_arn,
            Tags=[
                {"Key": tags.WORKSHOP, "Value": names.workshop},
                {"Key": tags.ATTENDEE, "Value": names.seat},
            ],
        )
    cohort = loaded.cohort_names(first.account_region)
    [stack] = client("cloudformation").describe_stacks(StackName=cohort.stack(DOOR))["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    key = DoorState(client("s3"), cohort.watch_bucket, ACCOUNT).key()
    codes = [code_of(key, seat_subject(seat.id)) for seat in loaded.seats]
    return outputs[DOOR_ADDRESS], codes, run.peak_mb


def _result(
    name: str, unit: str, ours: float, peak_mb: float, floor: float | None = None
) -> Result:
    return Result(
        name=name,
        unit=unit,
        size=ATTENDEES,
        ours=ours,
        floor=floor,
        peer=None,
        ours_to_floor=ours / floor if floor else None,
        peer_to_ours=None,
        peak_mb=peak_mb,
        runs=1,
    )
