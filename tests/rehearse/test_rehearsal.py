"""Notebooks of our own, run as a seat: what is said of each cell."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.support.rehearsals import Rehearsed, rehearse, write_notebook
from tests.support.seats import ADA, Seats
from workshop.rehearse import enclosed, rehearsal
from workshop.rehearse.judging import CellOutcome

TRAINING = """
job = boto3.client("sagemaker").create_training_job(
    TrainingJobName="{name}", RoleArn=os.environ["WORKSHOP_ROLE_ARN"],
    AlgorithmSpecification={{"TrainingImage": image, "TrainingInputMode": "File"}},
    OutputDataConfig={{"S3OutputPath": "s3://" + os.environ["WORKSHOP_BUCKET"] + "/out"}},
    ResourceConfig={{"InstanceType": "{type}", "InstanceCount": 1, "VolumeSizeInGB": 5}},
    StoppingCondition={{"MaxRuntimeInSeconds": 3600}})
"""
CELLS = (
    # 1: what the notebook gives without being asked
    "import os, time, boto3\n"
    "image = '000000000000.dkr.ecr.us-east-1.amazonaws.com/demo/any/training:1'\n"
    "boto3.client('s3').put_object(Bucket=os.environ['WORKSHOP_BUCKET'], Key='a', Body=b'1')",
    TRAINING.format(name="abalone", type="ml.m5.large"),
    TRAINING.format(name="large", type="ml.p3.2xlarge").replace("job =", "big ="),
    "print(big['TrainingJobArn'])",
    # 5: longer than a cell may take, if it were not played
    "began = time.time()\nwhile time.time() - began < 120: time.sleep(20)\nassert True",
    "!docker build -t x . && docker push "
    "000000000000.dkr.ecr.us-east-1.amazonaws.com/demo/ben/training:lab",
    "import a_module_that_nobody_has",
    "boto3.client('athena').list_work_groups()",
    "from botocore.config import Config\nonce = Config(retries={'total_max_attempts': 1})\n"
    "boto3.client('textract', config=once).detect_document_text(Document={'Bytes': b'a'})",
    # 10
    "try:\n    boto3.client('iam').list_roles()\nexcept Exception as error:\n    print(error)",
    "1 / 0",
    "sts = boto3.client('sts', endpoint_url='https://sts.us-east-1.amazonaws.com')\n"
    "arn = sts.get_caller_identity()['Arn']\n"
    "open('arn.txt', 'w').write(arn)\nopen('labs.txt', 'w').write('edited')",
    "",
    "import getpass\nassert input('your name? ') == getpass.getpass('token: ') == ''",
    "print(sts, arn, job)",
    "import subprocess\nsubprocess.run('docker compose version | grep v2 && docker run x', "
    "shell=True, check=True)",
)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    write_notebook(folder / "lab2.ipynb", *CELLS)
    (folder / "labs.txt").write_text("as published", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rehearsed(seats: Seats, content: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    root = tmp_path_factory.mktemp("bench") / "notebook"
    confined = not enclosed.namespaces()
    return rehearse(seats, root, content, ["lab2.ipynb"], confined=confined)


def cell(rehearsed: Rehearsed, number: int) -> CellOutcome:
    return next(one for one in rehearsed.outcomes if one.number == number)


def test_each_cell_has_a_result_and_an_empty_one_none(rehearsed: Rehearsed) -> None:
    assert {one.number: one.result for one in rehearsed.outcomes} == {
        **dict.fromkeys((1, 2, 5, 10, 12, 14, 15), "ok"),
        **dict.fromkeys((3, 6, 8), "denied"),
        **dict.fromkeys((9, 16), "not played"),
        **dict.fromkeys((4, 7, 11), "failed"),
    }, rehearsed.events


def test_a_denial_names_its_statement_and_the_key_that_opens_it(rehearsed: Rehearsed) -> None:
    (refusal,) = cell(rehearsed, 3).refusals
    assert refusal.question.action == "sagemaker:CreateTrainingJob"
    assert refusal.by.startswith("TrainingInstanceTypes (")
    assert refusal.key == "access.training_instance_types: ml.p3.2xlarge"


def test_what_nothing_opens_says_so(rehearsed: Rehearsed) -> None:
    (refusal,) = cell(rehearsed, 6).refusals
    assert refusal.question.resource.endswith("repository/demo/ben/training")
    assert (refusal.by, refusal.key) == ("RepositoriesOfOthers (boundary)", "")


def test_a_cell_that_lacks_what_an_earlier_one_should_have_made_names_that_one(
    rehearsed: Rehearsed,
) -> None:
    assert cell(rehearsed, 4).because == 3
    assert cell(rehearsed, 4).why == "big is missing because of cell 3"
    assert cell(rehearsed, 11).because is None
    assert cell(rehearsed, 11).why == "ZeroDivisionError: division by zero"


def test_what_is_missing_on_this_machine_is_told_from_what_is_wrong(rehearsed: Rehearsed) -> None:
    assert cell(rehearsed, 7).why == "module missing: a_module_that_nobody_has"


def test_calls_are_noted_as_they_are_made_also_those_of_programs(rehearsed: Rehearsed) -> None:
    (put,) = cell(rehearsed, 1).calls
    assert (put.name, put.code, put.by_kernel) == ("s3:PutObject", "", True)
    assert [call.name for call in cell(rehearsed, 2).calls] == ["sagemaker:CreateTrainingJob"]
    (asked,) = cell(rehearsed, 6).calls
    assert asked.denied
    assert not asked.by_kernel
    assert not cell(rehearsed, 5).calls_aws
    assert not cell(rehearsed, 16).calls_aws
    assert cell(rehearsed, 16).why == "docker:run"


def test_a_denial_that_the_code_lives_with_is_no_failure(rehearsed: Rehearsed) -> None:
    assert cell(rehearsed, 10).why == "the code goes on without iam:ListRoles"


def test_an_address_of_aws_leads_to_the_local_cloud_as_the_seat(rehearsed: Rehearsed) -> None:
    role = ADA.role_arn.rpartition("/")[2]
    assert rehearsed.file("arn.txt").endswith(f":assumed-role/{role}/SageMaker")


def test_the_content_is_copied_and_stays_as_it_was(rehearsed: Rehearsed, content: Path) -> None:
    assert rehearsed.file("labs.txt") == "edited"
    assert (content / "labs.txt").read_text(encoding="utf-8") == "as published"
    assert sorted(path.name for path in content.iterdir()) == ["lab2.ipynb", "labs.txt"]


def test_a_cell_that_restarts_its_kernel_is_followed_by_a_new_one(
    seats: Seats, tmp_path: Path
) -> None:
    restart = "import IPython\nIPython.Application.instance().kernel.do_shutdown(True)"
    write_notebook(
        tmp_path / "labs" / "lab.ipynb",
        *("import os\nx = os.getpid()", restart, "assert 'x' not in dir()\nimport os\ny = 1"),
        *(
            "os._exit(0)",
            "assert 'y' not in dir()\nimport os\nprint(os.getpid(), file=open('pid', 'w'))",
        ),
    )
    # A kernel ends with its notebook: all of them together would take the memory of the rest.
    alone = "import os\ntry:\n    os.kill(int(open('pid').read()), 0)\nexcept ProcessLookupError:"
    write_notebook(tmp_path / "labs" / "next.ipynb", f"{alone}\n    pass\nelse:\n    1 / 0")
    confined = not enclosed.namespaces()
    root = tmp_path / "bench" / "notebook"
    notebooks = ["lab.ipynb", "next.ipynb"]
    found = rehearse(seats, root, tmp_path / "labs", notebooks, confined=confined)
    assert [one.result for one in found.outcomes] == ["ok"] * 6, found.outcomes


@pytest.mark.parametrize(
    ("source", "installs"),
    [
        ("%pip install -q sagemaker", True),
        ("!{sys.executable} -m pip install a", True),
        ("%%bash\nconda install -y b", True),
        ("!pip list", False),
        ("print('install')", False),
    ],
)
def test_a_cell_that_installs_may_take_what_is_left(source: str, *, installs: bool) -> None:
    program = runpy.run_path(str(enclosed.PROGRAMS / "notebooks.py"))
    assert bool(program["INSTALLS"].search(source)) is installs


def test_what_the_next_cell_is_refused_already_is_that_ones() -> None:
    refused = [{"at": 1.0, "number": 1}, {"at": 3.0, "number": 2}]
    assert rehearsal.until(2.0, refused) == (refused[:1], refused[1:])
    assert rehearsal.until(4.0, refused[1:]) == (refused[1:], [])
