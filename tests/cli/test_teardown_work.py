"""No work is lost by a printed line, and nothing is deleted after Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.played_time import played_waits
from tests.support.teardown_demo import ADA, BEN, HERE, serves
from tests.support.workshop_command import Ran, run
from workshop import cli
from workshop.aws.clients import Clients
from workshop.cli import sweep as sweep_command
from workshop.cli import teardown as teardown_command
from workshop.cli import teardown_view
from workshop.naming import COHORT, Names
from workshop.teardown import file_counts
from workshop.teardown.events import DeletionOutcome, TeardownEvent
from workshop.teardown.run import Teardown
from workshop.teardown.save_checks import MARK

Workshop = Callable[..., Ran]

DATASETS = Names("demo", COHORT, HERE.account, HERE.region).datasets_bucket


@pytest.fixture
def workshop(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """The seat ada of the shipped environment ``demo``: a bucket and a role, and some files."""
    cloud.delays(training=3600, endpoint=0, stopping=0, tick=0)
    teardown_demo.connect(cloud, monkeypatch)
    teardown_demo.deploy(cloud)
    for resource_type in ("storage", "access"):
        teardown_demo.deploy_stack(cloud, ADA, resource_type)
    for key in ("notes.txt", "train/a", "models/m"):
        cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key=key, Body=b"12345")
    cloud.client("s3").put_object(Bucket=DATASETS, Key="d", Body=b"1")
    with teardown_demo.in_folder(tmp_path, monkeypatch) as run_:
        yield run_


def printed(ran: Ran) -> list[str]:
    """The words of the line that a plan prints, as a shell reads them."""
    found = re.search(r"to do this: workshop (.*)$", ran.err, re.MULTILINE)
    assert found is not None, ran.err
    return shlex.split(found[1])


def model(cloud: Cloud, name: str, role: str | None = ADA.role_arn) -> None:
    by = {} if role is None else {"ExecutionRoleArn": role}
    cloud.client("sagemaker").create_model(
        ModelName=name, PrimaryContainer={"Image": teardown_demo.IMAGE}, **by
    )


def models(cloud: Cloud) -> set[str]:
    return {one["ModelName"] for one in cloud.client("sagemaker").list_models()["Models"]}


# --- the line that a plan prints --------------------------------------------------------------


TEARDOWN = (
    ("--only", "ada"),
    ("--config-dir", "my config"),
    ("--early",),
    ("--include-claimed",),
    ("--abandon",),
    ("--interval", "2.5"),
    ("--accept-unknown", "feature table", "--accept-unknown", "tag"),
    ("--save-to", "s3://archive/a b"),
)
SWEEP = (TEARDOWN[0], TEARDOWN[1], ("--include-claimed",), ("--contents",), *TEARDOWN[6:])


@pytest.mark.parametrize(("word", "options"), [("teardown", TEARDOWN), ("sweep", SWEEP)])
def test_every_printed_line_asks_for_all_that_was_asked_for(
    word: str, options: Sequence[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for module in (teardown_command, sweep_command):
        monkeypatch.setattr(module, "run", lambda *given, **more: asked.append((given, more)))
    app = typer.main.get_command(cli.application(word))  # once: it takes longer than its use
    for chosen in product((False, True), repeat=len(options)):
        words = [part for one, on in zip(options, chosen, strict=True) if on for part in one]
        app.main([word, "-e", "demo", *words], standalone_mode=False)
        given, more = asked.pop()
        of_line = {name: more[name] for name in ("verb", "flags", "save_to")}
        shown = teardown_command.command_line(*given, **of_line)
        line = [*shlex.split(shown), "--apply", "0123456789ab"]
        app.main(line[1:], standalone_mode=False)
        assert asked.pop() == (given, {**more, "apply": True, "digest": "0123456789ab"})


def test_the_printed_line_saves_what_its_plan_has_said(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    options = ("--early", "--interval", "0", "--include-claimed", "--save-to", "to keep")
    plan = workshop("teardown", "-e", "demo", *options)
    whose = "4 files (16 bytes) of 1 person and of the shared datasets"
    assert f"{whose} are saved to to keep, and then deleted" in plan.err
    assert "NOT saved" not in plan.err
    done = run(*printed(plan), "--yes", "demo")
    assert done.code == 0, done.err
    assert teardown_demo.stack_names(cloud) == set()
    kept = tmp_path / "to keep" / "ada" / ADA.bucket("data")
    assert {one.name for one in kept.rglob("*") if one.is_file()} == {"notes.txt", "a", "m"}
    assert re.search("this deletes 1 seat, [0-9]+ resources, 4 files, 3 stacks", done.err)
    assert "save: ada: 3 files, 15 bytes" in done.err
    assert "saved: ada 3 files, 15 bytes" in done.out
    assert "saved in all: 4 files (16 bytes) and 0 logs of 2 seats, to to keep" in done.out
    gone = "gone: two scans found nothing of workshop 'demo'"
    assert done.out.endswith(f"{gone}; what was saved is kept in to keep\n")
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    saved = {one["seat"]: one for one in json.loads(told.read_text())["saved"]}
    assert (saved["ada"]["files"], saved["ada"]["bytes"], saved["ada"]["complete"]) == (3, 15, True)
    assert "3 files, 15 bytes" in told.with_suffix(".html").read_text()


def test_the_line_of_another_plan_is_refused_before_aws_is_asked(
    cloud: Cloud, workshop: Workshop
) -> None:
    line = printed(workshop("teardown", "-e", "demo", "--early", "--save-to", "saved"))
    without = [one for one in line if one not in ("--save-to", "saved")]
    cloud.faults({"effect": "denied", "operation": "sagemaker:*"})
    ran = run(*without, "--yes", "demo")
    assert (ran.code, "had other options than this command" in ran.err) == (3, True)
    assert not teardown_demo.is_frozen(cloud, ADA)


def test_a_plan_says_what_is_deleted_and_not_saved(
    cloud: Cloud, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for resource_type in ("storage", "access"):
        teardown_demo.deploy_stack(cloud, BEN, resource_type)
    cloud.client("s3").put_object(Bucket=BEN.bucket("data"), Key="a", Body=1500 * b"1")
    plan = workshop("teardown", "-e", "demo")
    lost = "4 files (1.5 kB) of 2 people and of the shared datasets"
    assert "5 files (1.5 kB) of 2 people and of the shared datasets" in plan.err
    assert lost not in plan.err
    assert "to save files first, name a place with --save-to" in plan.err
    assert "that is refused without --early" in plan.err
    document = json.loads(workshop("teardown", "-e", "demo", "--early", "--json").out)
    assert document["apply"].endswith(f"--early --apply {document['digest']}")
    work = document["work"]
    assert (work["files"], work["files_not_saved"], work["people"]) == (5, 5, 2)
    monkeypatch.setattr(file_counts, "MOST", 2)
    bounded = workshop("teardown", "-e", "demo", "--early")
    assert "at least " in bounded.err
    assert "that is refused" not in bounded.err
    cloud.faults({"effect": "denied", "operation": "s3:ListObjectsV2"})
    assert "files that could not be counted: bucket" in workshop("teardown", "-e", "demo").err


def test_what_the_yaml_leaves_out_is_told_as_not_saved_and_is_not(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    del workshop
    (tmp_path / "config").mkdir()
    text = (teardown_demo.CONFIG / "demo.yaml").read_text()
    narrowed = f"{text}\nkeep: {{to: saved, prefixes: [models/]}}\n"
    (tmp_path / "config" / "demo.yaml").write_text(narrowed)
    shutil.copytree(teardown_demo.CONFIG / "rosters", tmp_path / "config" / "rosters")
    plan = run("teardown", "-e", "demo", "--early", "--interval", "0")
    assert "1 file (5 bytes) of 1 person is saved to saved, and then deleted" in plan.err
    lost = "3 files (11 bytes) of 1 person and of the shared datasets are deleted and NOT saved"
    assert lost in plan.err
    done = run(*printed(plan), "--yes", "demo")
    assert (done.code, "4 files (3 NOT saved)" in done.err) == (0, True), done.err
    saved = tmp_path / "saved" / "ada" / ADA.bucket("data")
    assert [one.name for one in saved.rglob("*") if one.is_file()] == ["m"]
    assert teardown_demo.stack_names(cloud) == set()


def test_a_plan_of_many_rows_is_a_summary_which_hides_nothing_that_stays_or_is_lost(
    cloud: Cloud, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workshop.cli.teardown_plan_view._SHOWN", 5)
    for number in range(12):
        cloud.client("sagemaker").create_model(
            ModelName=f"demo-ada-claimed{number}", PrimaryContainer={"Image": teardown_demo.IMAGE}
        )
    whole = workshop("teardown", "-e", "demo", "--all")
    short = workshop("teardown", "-e", "demo")
    assert len(short.out.splitlines()) <= 6 < len(whole.out.splitlines())  # the head, and five rows
    assert short.err.count("stays: model demo-ada-claimed") == 12
    assert "files (" in short.err
    assert "NOT saved" in short.err
    assert ADA.bucket("data") in whole.out
    assert ADA.bucket("data") not in short.out
    assert re.search(r"^ +2 +1 +everything in it is deleted +2 buckets$", short.out, re.MULTILINE)
    assert "every row is shown with --all" in short.err


# --- where work goes is looked at first --------------------------------------------------------


def test_a_place_that_cannot_be_written_to_is_named_once_and_before_anything_is_frozen(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    words = ("teardown", "-e", "demo", "--early", "--interval", "0", "--save-to")
    for to, why in (("s3://nowhere/x", "NoSuchBucket"), ("file/x", "a file of that name")):
        plan = workshop(*words, to)
        assert (plan.code, f"warning: work cannot be saved to {to}: " in plan.err) == (0, True)
        ran = run(*printed(plan), "--yes", "demo")
        assert ran.code == 3
        assert ran.err.count(to) == 1
        assert why in ran.err
    cloud.client("s3").create_bucket(Bucket="archive")
    plan = workshop(*words, "s3://archive")
    cloud.faults({"effect": "denied", "operation": "s3:PutObject"})
    ran = run(*printed(plan), "--yes", "demo")
    assert (ran.code, "s3://archive: AccessDenied" in ran.err) == (3, True)
    assert not teardown_demo.is_frozen(cloud, ADA)
    cloud.faults()
    assert run(*printed(plan), "--yes", "demo").code == 0
    listed = cloud.client("s3").list_objects_v2(Bucket="archive")["Contents"]
    assert {MARK, f"ada/{ADA.bucket('data')}/notes.txt"} <= {one["Key"] for one in listed}


@pytest.mark.parametrize("claimed", [False, True])
def test_nothing_is_saved_to_what_is_deleted_itself(
    cloud: Cloud, workshop: Workshop, *, claimed: bool
) -> None:
    bucket = "demo-archive" if claimed else ADA.bucket("data")
    if claimed:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=bucket)
        tags = {"workshop": "demo", "environment": "demo", "attendee": "ada"}
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_set})
    words = ("--early", "--save-to", f"s3://{bucket}/x", "--include-claimed")
    ran = workshop("teardown", "-e", "demo", *words)
    assert (ran.code, "is one of those that are torn down" in ran.err) == (2, True)


# --- what seats go on making ---------------------------------------------------------------------


@pytest.mark.parametrize("word", ["teardown", "sweep"])
def test_what_seats_go_on_making_keeps_nothing_from_beginning(
    cloud: Cloud, workshop: Workshop, word: str
) -> None:
    more = ("--early", "--interval", "0") if word == "teardown" else ()
    model(cloud, "first")
    plan = workshop(word, "-e", "demo", *more)
    model(cloud, "late")
    model(cloud, "demo-ada-claimed", role=None)
    ran = run(*printed(plan), "--yes", "demo")
    assert ran.code == (4 if word == "teardown" else 0), ran.err
    assert models(cloud) == {"demo-ada-claimed"}
    claimed = workshop(word, "-e", "demo", *more, "--include-claimed")
    model(cloud, "demo-ada-not-shown", role=None)
    assert run(*printed(claimed), "--yes", "demo").code in (0, 4)
    assert models(cloud) == {"demo-ada-not-shown"}


# --- Ctrl-C --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["delete", "stacks"])
def test_after_ctrl_c_no_new_deletion_is_begun(
    cloud: Cloud, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for number in range(80):
        model(cloud, f"m{number}")
    teardown_demo.deploy_stack(cloud, ADA, "registry")
    plan = workshop("teardown", "-e", "demo", "--early", "--only", "ada", "--abandon")
    ended = threading.Event()
    sent: list[str] = []
    happened, client, interrupt = (
        teardown_view.TeardownView.happened,
        Clients.client,
        Clients.interrupt,
    )

    def note(model: Any, **_: Any) -> None:
        if ended.is_set() and model.name.startswith(("Delete", "BatchDelete", "Put")):
            sent.append(model.name)

    def noting(self: Clients, *given: Any, **more: Any) -> Any:
        made = client(self, *given, **more)
        made.meta.events.register("before-call", note, unique_id="noted")
        return made

    def interrupt_and_tell(self: Clients) -> None:
        interrupt(self)
        ended.set()

    def hear(view: teardown_view.TeardownView, event: TeardownEvent) -> None:
        happened(view, event)
        if not ended.is_set() and event.step == step and event.outcome == DeletionOutcome.DELETED:
            os.kill(os.getpid(), signal.SIGINT)
            assert ended.wait(60)

    monkeypatch.setattr(Clients, "client", noting)
    monkeypatch.setattr(Clients, "interrupt", interrupt_and_tell)
    monkeypatch.setattr(teardown_view.TeardownView, "happened", hear)
    cloud.faults({"effect": "latency", "operation": "sagemaker:DeleteModel", "seconds": 0.3})
    before = signal.getsignal(signal.SIGINT)
    ran = run(*printed(plan), "--yes", "demo")
    assert signal.getsignal(signal.SIGINT) is before
    assert ended.is_set()
    assert ran.code == 4, ran.err
    assert sent == []
    if step == "delete":
        assert models(cloud)
        assert ADA.stack("registry") in teardown_demo.stack_names(cloud)
    assert ADA.stack("access") in teardown_demo.stack_names(cloud)
    config = teardown_demo.CONFIG
    words = f"workshop teardown -e demo --config-dir {config} --only ada --early --abandon"
    assert ran.err.splitlines()[-1].endswith(f"To go on from here: {words} --apply")
    monkeypatch.undo()


def test_a_run_by_the_number_of_its_plan_can_be_gone_on_with_where_it_was_not_shown(
    cloud: Cloud, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = partial(Teardown, **played_waits(cloud))
    monkeypatch.setattr("workshop.teardown.session.Teardown", waiting)
    model(cloud, "first")
    words = printed(workshop("teardown", "-e", "demo", "--early", "--interval", "0"))
    (tmp_path / ".workshop" / "demo" / "teardown-plan.json").unlink()
    cloud.faults({"effect": "denied", "operation": "sagemaker:DeleteModel"})
    assert run(*words, "--yes", "demo").code == 4
    cloud.faults()
    assert run(*words, "--yes", "demo").code == 0
    assert models(cloud) == set()


# --- what cannot be listed -----------------------------------------------------------------------


def test_what_can_never_be_listed_is_accepted_by_name_and_told_as_not_looked_at(
    cloud: Cloud, workshop: Workshop, tmp_path: Path
) -> None:
    denied = {"effect": "denied", "operation": "glue:GetTables"}
    cloud.faults(denied)
    words = ("teardown", "-e", "demo", "--early", "--interval", "0")
    plan = workshop(*words)
    assert "go on without it: --accept-unknown 'feature table'" in plan.err
    assert "it costs an unknown sum per hour" in plan.err
    accepting = workshop(*words, "--accept-unknown", "feature table")
    assert "accepted as you asked: feature tables in" in accepting.err
    ran = run(*printed(accepting), "--yes", "demo")
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-2:] == [
        "still billed: an unknown sum per hour",
        "gone, but for feature tables, which were not looked at: two scans found nothing else of"
        " workshop 'demo'",
    ]
    [told] = (tmp_path / ".workshop" / "demo").glob("teardown-2*.json")
    document = json.loads(told.read_text())
    assert (document["exit"], document["proven"]) == (0, True)
    assert document["still_billed_usd_per_hour"] is None
    assert [one["resource_type"] for one in document["scans"][-1]["not_looked_at"]] == [
        "feature table"
    ]
    for ending in (".md", ".html"):
        page = told.with_suffix(ending).read_text()
        assert "not looked at, as was asked" in page
        assert "0.000" not in page
    plain = workshop(*words)
    assert plain.code == 0
    ran = run(*words, "--config-dir", str(teardown_demo.CONFIG), "--apply", "--yes", "demo")
    assert ran.code == 4
    assert "--accept-unknown 'feature table'" in ran.out
    assert "still billed: an unknown sum per hour" in ran.out


def test_what_can_never_be_described_is_accepted_by_name_as_well(
    cloud: Cloud, workshop: Workshop
) -> None:
    theirs = cloud.role("somebody")
    serves(cloud, "theirs", theirs)
    cloud.faults({"effect": "denied", "operation": "sagemaker:DescribeEndpointConfig"})
    words = ("teardown", "-e", "demo", "--early", "--interval", "0")
    plan = workshop(*words)
    cure = "--accept-unknown endpoint --accept-unknown 'endpoint configuration'"
    assert plan.err.count(f"go on without it: {cure}") == 1, plan.err
    accepting = workshop(*words, *shlex.split(cure))
    assert "accepted as you asked: endpoints in" in accepting.err
    ran = run(*printed(accepting), "--yes", "demo")
    assert ran.code == 0, ran.out
    assert "gone, but for endpoint configurations and endpoints" in ran.out.splitlines()[-1]
    assert ran.out.splitlines()[-2] == "still billed: an unknown sum per hour"
    assert [one["EndpointName"] for one in cloud.client("sagemaker").list_endpoints()["Endpoints"]]


def test_no_printed_command_accepts_what_cannot_be_accepted(
    cloud: Cloud, workshop: Workshop
) -> None:
    cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    plan = workshop("teardown", "-e", "demo", "--early")
    assert "stacks in" in plan.err
    assert "--accept-unknown" not in plan.err


def test_a_type_that_reads_well_is_not_affected_and_others_are_not_accepted(
    cloud: Cloud, workshop: Workshop
) -> None:
    model(cloud, "first")
    words = ("teardown", "-e", "demo", "--early", "--interval", "0", "--accept-unknown", "model")
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListPipelines"})
    ran = run(*printed(workshop(*words)), "--yes", "demo")
    assert (ran.code, models(cloud)) == (4, set())
    assert ran.out.splitlines()[-1].startswith("NOT PROVEN")
    ran = workshop(*words[:-1], "feature tabel")
    assert ran.code == 2
    assert "no resource type 'feature tabel'; did you mean 'feature table'? known: " in ran.err
    assert workshop(*words[:-1], "stack").code == 2
