"""A rehearsal on a seat's own notebook: its agent runs it for real, with IAM enforced."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.requests.conftest import ENVIRONMENT
from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.preflights import calling
from tests.support.rehearsals import PACKAGES, write_notebook
from tests.support.seats import ADA, BEN, IMAGE, Seats
from tests.support.workshop_command import Ran
from workshop.agent import rehearsing
from workshop.rehearse import on_aws
from workshop.rehearse.workbench import deployed_script
from workshop.requests import ask

FIRST = """
import boto3, os, sys, time
s3 = boto3.client("s3")
assert "placeholder".startswith("demo-ada-")
s3.put_object(Bucket="placeholder", Key="out/rehearsed", Body=os.getcwd().encode())
assert type(time.sleep).__name__ == type(time.time).__name__ == "builtin_function_or_method"
assert "PYTHONPATH" in os.environ and "notebooks" not in sys.modules
"""
DENIED = """
boto3.client("sagemaker").create_training_job(
    TrainingJobName="large", RoleArn=os.environ["WORKSHOP_ROLE_ARN"],
    AlgorithmSpecification={"TrainingImage": "an-image", "TrainingInputMode": "File"},
    OutputDataConfig={"S3OutputPath": "s3://" + os.environ["WORKSHOP_BUCKET"] + "/out"},
    ResourceConfig={"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
    StoppingCondition={"MaxRuntimeInSeconds": 3600})
""".replace("an-image", IMAGE)
BENS = f"s3.get_object(Bucket='{BEN.bucket('data')}', Key='own')"


@pytest.fixture(scope="module")
def ada(seats: Seats, tmp_path_factory: pytest.TempPathFactory) -> LiveWorkbench:
    """Ada's notebook, with Jupyter's own environment and one for kernels."""
    made = LiveWorkbench(tmp_path_factory.mktemp("notebooks") / "ada", seats, ADA)
    for name in ("JupyterSystemEnv", "python3"):
        made.sandbox.environment(name, str(PACKAGES))
    done = made.sandbox.run(deployed_script(seats.root.client("sagemaker"), ADA))
    assert (done.returncode, done.stderr) == (0, "")
    return made


@pytest.fixture
def organiser(seats: Seats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asker]:
    (tmp_path / "rosters").mkdir()
    (tmp_path / "demo.yaml").write_text(ENVIRONMENT)
    (tmp_path / "rosters/demo.csv").write_text("id,name\nada,Ada\nben,Ben\n")
    monkeypatch.setattr(ask, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(on_aws, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(on_aws, "NOTEBOOK_POLL_SECONDS", 0.1)
    monkeypatch.chdir(tmp_path)
    with calling(seats.root, **seats.root.environment()):
        yield Asker(tmp_path)


@contextmanager
def at_each_pause(do: Callable[[], object]) -> Iterator[None]:
    """Let the organiser's pauses take as long as ``do`` does."""
    wait = threading.Event.wait

    def pause(event: threading.Event, seconds: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread() and seconds == 0.01:
            do()
            return False
        return wait(event, seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Event, "wait", pause)
        yield


def rehearse(organiser: Asker, *more: str) -> Ran:
    return organiser.command(
        *("rehearse", "--content", "labs", "--on-aws", "--seat", "ada", "--run", *more)
    )


def left(ada: LiveWorkbench) -> tuple[list[str], list[Path]]:
    """Give what of rehearsals is in the seat's bucket, and on its notebook."""
    listed = ada.cloud.client("s3").list_objects_v2(
        Bucket=ADA.bucket("data"), Prefix=rehearsing.PREFIX
    )
    folder = ada.sandbox.root / rehearsing.FOLDER
    kept = ada.sandbox.home.glob("KEEP-RUNNING*")
    return [one["Key"] for one in listed.get("Contents", [])], [*folder.glob("*"), *kept]


def test_each_cell_is_told_with_what_denied_it_and_nothing_of_it_stays(
    ada: LiveWorkbench, organiser: Asker, seats: Seats, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "labs/lab1.ipynb", FIRST, DENIED, BENS, "1 / 0", "job = 1")
    with at_each_pause(ada.round):
        ran = rehearse(organiser, "--replace", "placeholder=$WORKSHOP_BUCKET", "--json")
    document: dict[str, Any] = json.loads(ran.out)
    assert ran.code == 1
    cells = {one["cell"]: one for one in document["cells"]}
    results = [one["result"] for one in cells.values()]
    assert results == ["ok", "denied", "denied", "failed", "ok"], cells[2]
    [large] = cells[2]["refusals"]
    assert large["action"] == "sagemaker:CreateTrainingJob"
    assert large["by"].startswith("TrainingInstanceTypes (")
    assert large["opened_by"] == "access.training_instance_types: ml.p3.2xlarge"
    assert "ml.p3.2xlarge is not open for training here" in cells[2]["calls"][0]["message"]
    [bens] = cells[3]["refusals"]
    assert (bens["by"], bens["opened_by"]) == ("BucketsOfOthers (boundary)", "")
    body = seats.root.client("s3").get_object(Bucket=ADA.bucket("data"), Key="out/rehearsed")
    assert f"/{rehearsing.FOLDER}/" in body["Body"].read().decode()
    while left(ada)[1]:  # the last that the notebook does
        ada.round()
    assert left(ada) == ([], [])


def test_deleting_what_was_sent_ends_what_runs(
    ada: LiveWorkbench, organiser: Asker, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "labs/lab1.ipynb", "import time\ntime.sleep(600)")

    def interrupt() -> None:
        ada.round()
        if any((ada.sandbox.root / rehearsing.FOLDER).glob("*/calls.jsonl")):
            raise KeyboardInterrupt

    with at_each_pause(interrupt):
        assert rehearse(organiser).code == 130
    while left(ada)[1]:
        ada.round()
    assert left(ada) == ([], [])


def test_what_is_for_the_local_cloud_alone_is_refused(organiser: Asker, tmp_path: Path) -> None:
    write_notebook(tmp_path / "labs/lab1.ipynb", "1")
    ran = rehearse(organiser, "--made-up-data")
    assert (ran.code, ran.out) == (2, "")
    assert "--made-up-data is for the local cloud; leave it out with --on-aws" in ran.err


def test_a_seat_without_an_agent_is_told_how_to_get_one(organiser: Asker, tmp_path: Path) -> None:
    write_notebook(tmp_path / "labs/lab1.ipynb", "1")
    ran = organiser.command(
        *("rehearse", "--content", "labs", "--on-aws", "--seat", "ben", "--run", "--replace"),
        "nowhere=1",
    )
    assert "'nowhere' is nowhere in the content; leave its --replace out" in ran.err


def test_nobody_who_does_not_agree_runs_anything(organiser: Asker, tmp_path: Path) -> None:
    write_notebook(tmp_path / "labs/lab1.ipynb", "1")
    ran = organiser.command("rehearse", "--content", "labs", "--on-aws", "--seat", "ada")
    assert ran.code == 3
    assert "on the notebook of ada in account 000000000000, us-east-1" in ran.err
    assert "what the labs make costs money, and stays until it is deleted" in ran.err
