"""From how a cell ended and what it called to what is said of it."""

from __future__ import annotations

import pytest

from workshop.rehearse import judging
from workshop.rehearse.judging import CellRun, NotebookJudge, RecordedCall

DENIED = RecordedCall("sagemaker", "CreateModel", "AccessDeniedException", 400, "not authorized")
LISTED = RecordedCall("s3", "ListBuckets", "AccessDenied", 403)
UNPLAYED = RecordedCall("athena", "StartQueryExecution", "NotPlayedHere", 400)
FINE = RecordedCall("sts", "GetCallerIdentity", "", 200)


def run(number: int, status: str = "ok", error: str = "", **more: object) -> CellRun:
    name, _, text = error.partition(": ")
    return CellRun("lab.ipynb", number, status, name, text, **more)  # type: ignore[arg-type]


def test_a_cell_is_denied_by_the_call_that_ended_it_and_not_by_those_it_lived_with() -> None:
    error = "ClientError: An error occurred (AccessDenied) when calling the CreateModel operation"
    outcome = NotebookJudge().judge(run(1, "error", error, calls=(LISTED, DENIED, FINE)))
    assert (outcome.result, outcome.why) == ("denied", "sagemaker:CreateModel")


def test_an_error_of_the_labs_own_after_a_denial_that_it_lived_with_is_no_denial() -> None:
    outcome = NotebookJudge().judge(run(1, "error", "KeyError: 'x'", calls=(LISTED,)))
    assert (outcome.result, outcome.why) == ("failed", "KeyError: 'x'")


def test_a_program_of_a_cell_that_is_denied_or_not_played_counts_though_nothing_is_raised() -> None:
    program = RecordedCall("ecr", "CreateRepository", "AccessDeniedException", 400, by_kernel=False)
    assert NotebookJudge().judge(run(1, calls=(program,))).result == "denied"
    program = RecordedCall("athena", "GetQueryResults", "NotPlayedHere", 400, by_kernel=False)
    assert NotebookJudge().judge(run(1, calls=(program,))).result == "not played"


def test_not_played_is_told_from_denied() -> None:
    error = "ClientError: An error occurred (NotPlayedHere) when calling the Start operation"
    outcome = NotebookJudge().judge(run(1, "error", error, calls=(UNPLAYED,)))
    assert (outcome.result, outcome.why) == ("not played", "athena:StartQueryExecution")


@pytest.mark.parametrize("code", ["403", "AccessDenied", "AccessDeniedException", "Forbidden"])
def test_every_way_to_say_denied_is_known(code: str) -> None:
    assert RecordedCall("s3", "HeadBucket", code, 403, "Forbidden").denied


def test_cells_that_lack_what_a_failed_one_defines_count_to_the_first_cause() -> None:
    judge = NotebookJudge()
    judge.judge(run(1, "error", "X: y", source="%pip install a\nimport os\nmodel = fit()"))
    second = run(2, "error", "NameError: name 'model' is not defined", source="live = model()")
    assert judge.judge(second).because == 1
    third = judge.judge(run(3, "error", "NameError: name 'live' is not defined"))
    assert (third.because, third.why) == (1, "live is missing because of cell 1")
    typo = judge.judge(run(4, "error", "NameError: name 'modle' is not defined"))
    assert (typo.because, typo.result) == (None, "failed")
    # Defined again, it is lost no more.
    judge.judge(run(5, source="model = 1"))
    assert judge.judge(run(6, "error", "NameError: name 'model' is not defined")).because is None


def test_cells_that_go_on_with_what_a_failed_one_left_half_made_count_to_that_one() -> None:
    judge = NotebookJudge()
    judge.judge(run(1, source="import pandas\nestimator = PyTorch()"))
    error = "ClientError: An error occurred (ValidationException): no"
    judge.judge(run(2, "error", error, source="name = 'hpo'\nestimator.fit(job_name=name)"))
    nothing = "AttributeError: 'NoneType' object has no attribute 'name'"
    job = judge.judge(run(3, "error", nothing, source="job = estimator.latest_training_job.name"))
    assert (job.because, job.why) == (2, "estimator is not what cell 2 should have made it")
    absent = "ResourceNotFound: can't find a tuning job with the name hpo"
    assert judge.judge(run(4, "error", absent, source="Analytics(name).frame()")).because == 2
    # Of another thing that no failed cell had to do with, and of the lab's own arithmetic.
    assert judge.judge(run(5, "error", nothing, source="other.name")).because is None
    assert judge.judge(run(6, "error", "KeyError: 'x'", source="estimator['x']")).because is None
    judge.judge(run(7, source="estimator = PyTorch()"))
    again = judge.judge(run(8, "error", nothing, source="estimator.latest_training_job.name"))
    assert again.because is None


def test_what_aws_closed_says_so_and_what_to_do_instead() -> None:
    error = "ClientError: An error occurred (MethodNotAllowed) when calling the S"
    select = RecordedCall("s3", "SelectObjectContent", "MethodNotAllowed", 405)
    outcome = NotebookJudge().judge(run(1, "error", error, calls=(select,)))
    assert (outcome.result, outcome.why) == (
        "denied",
        "s3:SelectObjectContent: AWS closed S3 Select to new customers; read the object instead",
    )


def test_data_that_is_not_there_says_how_to_bring_some() -> None:
    error = 'ClientError: No S3 objects found under S3 URL "s3://mine/train" given in input'
    outcome = NotebookJudge().judge(run(1, "error", error))
    assert (
        outcome.why == "no data at s3://mine/train; --data DIR puts samples into the seat's bucket"
    )


def test_time_kernels_and_cells_never_reached_are_told_apart() -> None:
    judge = NotebookJudge()
    assert judge.judge(run(1, "timeout", seconds=60.2)).why == "it took more than 60 s"
    assert judge.judge(run(2, "dead")).why.startswith("the kernel died")
    assert judge.judge(run(3, "not reached")).result == "not reached"
    assert judge.judge(run(4, "anything forged")).result == "not reached"


def test_names_are_those_that_a_cell_defines_outside_of_what_is_no_python() -> None:
    source = "!ls\nimport a.b, c as d\nfrom e import f\nx, (y, *z) = 1\ndef g(): pass"
    assert judging.defined(source) == {"a", "d", "f", "x", "y", "z", "g"}
    assert judging.defined("%%bash\necho $HOME") == set()
    # Of a newer Python.
    source = "import os\nimport a.b as c\nx = f'{d(\"e\")'\nif y == 1: pass\n  z = ("
    assert judging.defined(source) == {"os", "c", "x"}


def test_the_summary_counts_cells_that_call_aws_apart() -> None:
    judge = NotebookJudge()
    outcomes = [
        judge.judge(run(1, calls=(FINE,))),
        judge.judge(run(2)),
        judge.judge(run(3, "error", "ClientError: AccessDenied", calls=(DENIED,))),
    ]
    counts = judging.summary(outcomes)
    assert (counts["cells"], counts["ok"], counts["denied"]) == (3, 2, 1)
    assert (counts["calling AWS"], counts["calling AWS and ok"]) == (2, 1)
