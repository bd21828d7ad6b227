"""Sample data of other accounts: what code of a rehearsal reads of it, and where it comes from."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from tests.support.rehearsals import Rehearsed, rehearse, write_notebook
from tests.support.seats import ADA, SAMPLES, Seats
from workshop.rehearse import enclosed, samples
from workshop.rehearse.judging import MADE_UP, CellOutcome
from workshop.rehearse.samples import Samples

JOB = """
boto3.client("sagemaker").create_training_job(
    TrainingJobName="NAME", RoleArn=os.environ["WORKSHOP_ROLE_ARN"],
    AlgorithmSpecification={
        "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/demo/any/training:1",
        "TrainingInputMode": "File"},
    InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://" + FROM}}}],
    OutputDataConfig={"S3OutputPath": "s3://" + os.environ["WORKSHOP_BUCKET"] + "/out"},
    ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    StoppingCondition={"MaxRuntimeInSeconds": 3600})
"""
CELLS = (
    "import boto3, os\ns3 = boto3.client('s3')\n"
    f"s3.download_file('{SAMPLES}', 'tables/houses.csv', 'houses.csv')\n"
    "import csv\nassert len(next(csv.reader(open('houses.csv')))) == 3",
    # what reads it: pd.read_csv('houses.csv', names=['a', 'b', 'c'])
    "s3.download_file('samples-of-nobody', 'tables/houses.csv', 'others.csv')",
    "from botocore import UNSIGNED\nfrom botocore.config import Config\n"
    "anonymous = boto3.client('s3', config=Config(signature_version=UNSIGNED))\n"
    "assert anonymous.get_object(Bucket='fast-ai-nlp', Key='a.txt')['Body'].read()",
    f"assert s3.list_objects_v2(Bucket='{SAMPLES}', Prefix='images/')['KeyCount'] == 1",
    JOB.replace("FROM", f"'{SAMPLES}/train'").replace("NAME", "on-samples"),
    "s3.get_object(Bucket=os.environ['WORKSHOP_BUCKET'], Key='never-made.csv')",
    "from urllib.request import urlopen\n"
    "assert urlopen('https://nowhere.invalid/data/a.csv').read()",
    "urlopen('https://nowhere.invalid/api/of/something')",
    "own = os.environ['WORKSHOP_BUCKET']\n"
    + JOB.replace("FROM", "own + '/brought'").replace("NAME", "on-own"),
    "assert s3.get_object(Bucket=own, Key='out/on-own/scores.csv')['Body'].read()",
)
READER = "pd.read_csv('houses.csv', names=['a', 'b', 'c'])"


def client(seats: Seats) -> Any:
    return seats.root.client("s3", account=samples.OWNER, region="us-east-1")


@pytest.fixture(scope="module")
def rehearsed(seats: Seats, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    folder = tmp_path_factory.mktemp("content")
    write_notebook(folder / "lab.ipynb", *CELLS)
    own = frozenset({ADA.bucket("data")})
    made = Samples(client(seats), [READER], of_seat=seats.root.client("s3"), own=own)
    root = tmp_path_factory.mktemp("bench") / "notebook"
    confined = not enclosed.namespaces()
    return rehearse(seats, root, folder, ["lab.ipynb"], confined=confined, given=made)


def results(rehearsed: Rehearsed) -> dict[int, str]:
    return {one.number: one.result for one in rehearsed.outcomes}


def made_up(outcome: CellOutcome) -> tuple[str, ...]:
    """The addresses of sample data that was made up for a cell."""
    return tuple(call.operation for call in outcome.calls if call.service == MADE_UP)


def test_data_of_a_bucket_that_the_seat_may_read_is_there(rehearsed: Rehearsed) -> None:
    first = rehearsed.outcomes[0]
    assert (first.result, made_up(first)) == ("ok", (f"s3://{SAMPLES}/tables/houses.csv",))
    assert first.why == f"on made-up data: s3://{SAMPLES}/tables/houses.csv"
    assert (results(rehearsed)[4], results(rehearsed)[5]) == ("ok", "ok"), rehearsed.outcomes[4]


def test_a_bucket_that_the_yaml_does_not_name_stays_closed(rehearsed: Rehearsed) -> None:
    assert results(rehearsed)[2] == "denied"


def test_data_that_needs_no_credentials_is_there_whatever_the_yaml_says(
    rehearsed: Rehearsed,
) -> None:
    assert results(rehearsed)[3] == "ok"


def test_what_no_job_reads_or_writes_is_not_made_up_in_the_seats_own_bucket(
    rehearsed: Rehearsed,
) -> None:
    own = rehearsed.outcomes[5]
    assert own.result == "failed"
    assert own.calls[-1].code == "NoSuchKey"


def test_what_a_job_reads_in_the_seats_bucket_is_there_and_so_is_what_it_would_have_written(
    rehearsed: Rehearsed,
) -> None:
    bucket = ADA.bucket("data")
    job, written = rehearsed.outcomes[8:]
    assert (job.result, made_up(job)) == ("ok", (f"s3://{bucket}/brought",))
    assert (written.result, made_up(written)) == ("ok", (f"s3://{bucket}/out/on-own/scores.csv",))


def test_a_file_that_is_out_of_reach_is_made_up_and_a_service_is_not(rehearsed: Rehearsed) -> None:
    assert not rehearsed.outcomes[6].calls_aws
    assert made_up(rehearsed.outcomes[6])
    assert (results(rehearsed)[7], results(rehearsed)[8]) == ("ok", "failed")


class _S3(BaseHTTPRequestHandler):
    """Answers as S3 does for one public object, and notes the headers."""

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))  # type: ignore[attr-defined]
        body = b"as it is on S3"
        if "list-type" in self.path:
            body = (
                b"<ListBucketResult><Contents><Key>a/b.csv</Key><Size>14</Size></Contents>"
                b"</ListBucketResult>"
            )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def s3() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _S3) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def anonymous(port: int) -> Any:
    return boto3.client(
        "s3",
        "us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(signature_version=UNSIGNED, proxies={}, retries={"total_max_attempts": 1}),
    )


def test_what_is_in_reach_is_fetched_once_without_anybodys_credentials(
    seats: Seats, s3: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebodys")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for bucket in ("fetched-samples", "fetched-samples"):
        fetched = Samples(client(seats), [], anonymous(s3.server_port), tmp_path / "kept")
        fetched.give(bucket, "a/b.csv")
        body = client(seats).get_object(Bucket=bucket, Key="a/b.csv")["Body"].read()
        assert body == b"as it is on S3"
    asked = s3.asked  # type: ignore[attr-defined]
    assert len(asked) == 2
    assert not [one for one in asked if "Authorization" in one]


def test_where_s3_is_out_of_reach_data_is_made_up(seats: Seats, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _S3) as closed:
        port = closed.server_port
    given = Samples(client(seats), [], anonymous(port), tmp_path)
    assert given.give("unreachable-samples", "a.csv") == "made up"
    assert given.given == {"s3://unreachable-samples/a.csv": "made up"}


@pytest.mark.parametrize("bucket", ["demo-ada-111122223333", "UPPER", "a/../b", ""])
def test_no_bucket_of_the_workshops_or_of_another_form_is_made(seats: Seats, bucket: str) -> None:
    given = Samples(client(seats), [], closed=lambda name: name.startswith("demo-"))
    assert given.give(bucket, "a.csv") == ""


def test_a_question_that_is_a_link_or_nonsense_is_answered_with_nothing(
    seats: Seats, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted"
    outside = tmp_path / "outside.json"
    outside.write_text('{"bucket": "linked-samples", "key": "a.csv"}', encoding="utf-8")
    given = Samples(client(seats), [])
    with ExitStack() as stack:
        stack.enter_context(samples.given(given, wanted))
        (wanted / "a.wanted").symlink_to(outside)
        (wanted / "b.wanted").write_text("[" * 3000, encoding="utf-8")
        os.mkfifo(wanted / "c.wanted")
        answers = [wanted / f"{name}.done" for name in "abc"]
        while not all(answer.exists() for answer in answers):
            threading.Event().wait(0.01)
    assert [answer.read_text(encoding="utf-8") for answer in answers] == ['{"is": ""}'] * 3
    assert given.given == {}
    assert outside.exists()


def test_what_kept_data_from_being_asked_for_is_told_and_the_call_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(enclosed.PROGRAMS))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    sample_data = import_module("sample_data")
    sample_data.look(AWSRequest("GET", "http://127.0.0.1:1/sagemaker-sample-files/a.csv"), None)
    said = "the rehearsal asked for no sample data: KeyError('AWS_ENDPOINT_URL')\n"
    assert capsys.readouterr().err == said
