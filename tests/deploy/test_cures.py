"""Every command that a message names as a cure is run where it is named, and mends it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass

import pytest

from tests.deploy import test_boxes
from tests.deploy.test_kept import RESULTS, deploy_two
from tests.deploy.test_kept_cures import KEEPING, kept_names, without_keep
from tests.deploy.test_lost_notebooks import delete_notebook, fail_notebook, notebooks
from tests.support import machines
from tests.support.cures import COMMAND, SEAT, Situation, follow
from tests.support.small_workshop import REGION, Fleet, repository
from tests.support.stack_states import Hand, put
from tests.support.workshop_command import Ran, on_the_path
from workshop.watch.spending import SPENDING

FOLDER = ("--config-dir", "mine")
"""Where the environment is: not where a command looks by itself."""
SLOW = 3600.0
"""Seconds that a notebook takes, unless a test says that they are over."""


def deployed(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good


def a_rollback_failed(fleet: Fleet) -> None:
    fleet.write(1)
    assert Hand(fleet, SEAT).roll_back() == "UPDATE_ROLLBACK_FAILED"


def a_shared_stack_is_not_deleted(fleet: Fleet) -> None:
    deployed(fleet)
    put(fleet, "demo-cohort-watch", "DELETE_FAILED")


def a_deletion_failed(fleet: Fleet) -> None:
    fleet.write(1)
    assert Hand(fleet, SEAT).delete() == "DELETE_FAILED"


def a_notebook_is_missing(fleet: Fleet) -> None:
    deployed(fleet)
    delete_notebook(fleet.cloud, SEAT)


def a_notebook_is_being_deleted(fleet: Fleet) -> None:
    deployed(fleet)
    fleet.cloud.faults({"effect": "stuck", "noun": "NotebookInstance", "status": "Deleting"})
    delete_notebook(fleet.cloud, SEAT)


def a_notebook_failed(fleet: Fleet) -> None:
    deployed(fleet)
    fail_notebook(fleet.cloud, SEAT)


def a_notebook_is_stopped(fleet: Fleet) -> None:
    deployed(fleet)
    stop(fleet)


def a_notebook_is_stopping(fleet: Fleet) -> None:
    deployed(fleet)
    fleet.cloud.delays(notebook=SLOW)
    stop(fleet)
    assert notebooks(fleet.cloud)[f"demo-{SEAT}-notebook"] == "Stopping"


def a_key_is_removed(fleet: Fleet) -> None:
    deploy_two(fleet)
    fleet.cloud.client("s3").delete_object(Bucket=RESULTS, Key="work")


def a_template_is_unread(fleet: Fleet) -> None:
    deploy_two(fleet)
    fleet.cloud.client("s3").delete_object(Bucket=RESULTS, Key="work")
    fleet.cloud.faults({"effect": "denied", "operation": "cloudformation:GetTemplate"})


def a_bucket_is_left_outside(fleet: Fleet) -> None:
    deploy_two(fleet)


def ec2_has_no_machine(fleet: Fleet) -> None:
    fleet.cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
    test_boxes.write(fleet, test_boxes.profiles("[g5.xlarge]"))
    fleet.cloud.faults(*test_boxes.lacking("g5.xlarge", test_boxes.HERE, test_boxes.THERE))


def ec2_has_machines(fleet: Fleet) -> None:
    fleet.cloud.faults()


def a_name_is_taken(fleet: Fleet) -> None:
    fleet.write(1)
    fleet.take(SEAT)


registry_was_kept = KEEPING[1]


def a_repository_was_kept(fleet: Fleet) -> None:
    """By an edition that was torn down; it came after the preflight had looked."""
    registry_was_kept(fleet)
    fleet.taken.add(repository(SEAT))


def put_back(fleet: Fleet) -> None:
    """Nothing was removed by whoever could not see it."""
    assert RESULTS in kept_names(fleet)
    fleet.cloud.faults()
    plan = fleet.plan()
    assert {stack.action.value for stack in plan.stacks} == {"unchanged", "refused"}
    fleet.run("deploy", *BOTH.split())


def stop(fleet: Fleet) -> None:
    client = fleet.cloud.client("sagemaker")
    client.stop_notebook_instance(NotebookInstanceName=f"demo-{SEAT}-notebook")


def time_passes(fleet: Fleet) -> None:
    """What is on its way arrives, and what was in the way is gone."""
    fleet.cloud.faults()
    fleet.cloud.delays(notebook=0)
    for _ in range(5000):
        if not {"Deleting", "Stopping"} & set(notebooks(fleet.cloud).values()):
            return
    raise AssertionError("a notebook is on its way for ever")


def by_hand(fleet: Fleet) -> None:
    fleet.free(SEAT)


@dataclass(frozen=True)
class Cured:
    """A message with a cure: where it is printed, in which file it stands, and what it says."""

    situation: Situation
    printed_by: str
    source: str
    command: str
    then: str = ""
    """What has to be done afterwards, as the message says too."""
    before: Situation = time_passes


BOTH = "--remove bucket:results --remove repository:serving"
PLAN, START = "workshop/deploy/plan.py", "workshop/notebooks/start_stop.py"
STATUS, HANDOUT = "workshop/cli/status.py", "workshop/cli/handout.py"
MACHINES, REOPENING = "workshop/deploy/machines.py", "workshop/notebooks/reopening.py"
NAMES = "workshop/preflight/existing_names.py"
SUMMARY, SAY = "workshop/cli/deploy_summary.py", "workshop/cli/start_stop.py"
DEPLOY_IT, START_IT = "workshop deploy -e dev --only seat01", "workshop start -e dev --only seat01"
CURES = [
    Cured(
        *(a_rollback_failed, "plan", PLAN, "aws cloudformation continue-update-rollback "),
        then="deploy",
    ),
    Cured(a_deletion_failed, "deploy", PLAN, "workshop teardown -e dev --early --only", "deploy"),
    Cured(a_notebook_is_being_deleted, "plan", PLAN, DEPLOY_IT),
    Cured(a_notebook_failed, "plan", PLAN, START_IT),
    Cured(a_template_is_unread, f"deploy {BOTH}", PLAN, "workshop deploy -e dev", before=put_back),
    Cured(a_key_is_removed, "plan", PLAN, f"workshop deploy -e dev {BOTH}"),
    Cured(a_bucket_is_left_outside, f"deploy {BOTH}", PLAN, "workshop teardown -e dev", "deploy"),
    Cured(
        *(a_repository_was_kept, "deploy", PLAN, f"workshop teardown -e dev --early --only {SEAT}"),
        then="deploy",
        before=without_keep,
    ),
    *(
        Cured(
            *(keeping, "preflight", NAMES, "workshop teardown -e dev --early"),
            then="deploy",
            before=without_keep,
        )
        for keeping in KEEPING
    ),
    Cured(a_notebook_is_missing, "status", STATUS, DEPLOY_IT),
    Cured(a_shared_stack_is_not_deleted, "status", STATUS, "workshop plan -e dev", "deploy"),
    Cured(a_notebook_failed, "status", STATUS, START_IT),
    Cured(a_notebook_is_missing, "start", START, DEPLOY_IT),
    Cured(a_notebook_is_missing, "handout", HANDOUT, DEPLOY_IT),
    Cured(a_notebook_failed, "handout", HANDOUT, START_IT),
    Cured(a_notebook_is_stopped, "handout", HANDOUT, START_IT),
    Cured(a_notebook_is_stopping, "handout", HANDOUT, START_IT),
    Cured(a_notebook_is_stopping, "start --no-wait", SAY, "workshop start -e dev"),
    Cured(ec2_has_no_machine, "deploy", MACHINES, DEPLOY_IT, before=ec2_has_machines),
    Cured(a_name_is_taken, "deploy", SUMMARY, "workshop deploy -e dev", before=by_hand),
]


REPEATED = {
    # Kept by stacks of another kind, and cured as a repository is.
    (KEEPING[0], "preflight"),
    (KEEPING[2], "preflight"),
    # The same cure of the same situation, printed by another command.
    (a_notebook_failed, "status"),
    (a_notebook_failed, "handout"),
    (a_notebook_is_missing, "start"),
    (a_notebook_is_missing, "handout"),
    (a_notebook_is_stopping, "handout"),
}
"""Situations and commands that printed a cure which others of every run are like."""


@pytest.mark.parametrize(
    "cure",
    [
        pytest.param(
            cure,
            marks=[pytest.mark.long] * ((cure.situation, cure.printed_by) in REPEATED),
            id=f"{cure.situation.__name__}-{cure.printed_by.split()[0]}",
        )
        for cure in CURES
    ],
)
def test_a_cure_mends_what_it_is_printed_for(fleet: Fleet, cure: Cured) -> None:
    cure.situation(fleet)
    fleet.config.rename(fleet.folder / FOLDER[1])
    printed = fleet.run(*cure.printed_by.split(), *FOLDER)
    said = COMMAND.findall(f"{printed.out}\n{printed.err}")
    assert [command for command in said if " -e dev" in command] == [
        command for command in said if f" -e dev {' '.join(FOLDER)}" in command
    ]
    expected = cure.command.replace("-e dev", f"-e dev {' '.join(FOLDER)}")
    named = [command for command in said if command.startswith(expected)]
    assert named, f"{printed.out}{printed.err}"
    (fleet.folder / FOLDER[1]).rename(fleet.config)
    cure.before(fleet)
    fleet.config.rename(fleet.folder / FOLDER[1])
    follow(fleet, named[0])
    if cure.then:
        assert fleet.run(*cure.then.split(), *FOLDER).code == 0
    for command in ("status", "deploy", "handout"):
        assert fleet.run(command, *FOLDER).code == 0, command


def test_what_goes_on_after_the_end_is_ended_by_what_status_names(fleet: Fleet) -> None:
    deployed(fleet)
    file = fleet.config / "dev.yaml"
    before = file.read_text()
    file.write_text(before.replace("end: 2099-12-31T17:00:00+00:00", "end: 2026-01-02T17:00:00Z"))
    assert file.read_text() != before
    goes_on = fleet.run("status")
    assert goes_on.code == 1
    (cure,) = [
        one
        for one in COMMAND.findall(goes_on.out + goes_on.err)
        if one.startswith("workshop teardown")
    ]
    follow(fleet, cure)
    assert (fleet.statuses(), fleet.run("status").code) == ({}, 0)


def test_instances_that_are_protected_are_told_with_what_lets_a_teardown_be_proven(
    fleet: Fleet,
) -> None:
    """One that a stack holds, and one that somebody has made with a seat's instance profile."""
    fleet.cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
    test_boxes.write(fleet, test_boxes.profiles("[g5.xlarge]"))
    assert fleet.run("deploy").code == 0
    stacks, _, _ = test_boxes.machines(fleet)[f"demo-{SEAT}-box"]
    profile = {"Name": f"demo-{SEAT}-{REGION}-box"}
    made = machines.run(fleet.cloud.client, IamInstanceProfile=profile)
    ec2 = fleet.cloud.client("ec2")
    for one in (made, stacks):
        ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": True})

    def torn_down() -> Ran:
        assert fleet.run("teardown", "--early").code == 0
        return fleet.run("teardown", "--early", "--apply", "--yes", "demo", "--interval", "0")

    refused = torn_down()
    assert refused.code == 4
    said = dict.fromkeys(COMMAND.findall(refused.out))
    cures = [one for one in said if one.startswith("aws ec2 modify-instance-attribute")]
    assert {one.split()[5] for one in cures} == {made, stacks}
    for cure in cures:
        follow(fleet, cure)
    gone = torn_down()
    assert gone.code == 0, gone.out
    assert fleet.statuses() == {}


def test_a_seat_above_its_cap_is_reopened_once_a_higher_one_is_deployed(fleet: Fleet) -> None:
    fleet.write(1, "budget: {per_seat_usd: 25}")
    assert fleet.run("deploy").code == 0
    assert fleet.run("freeze", "--only", SEAT).code == 0
    spent = json.dumps({"usd": {SEAT: {"endpoint": 26.1}}, "resources": {}}).encode()
    bucket = fleet.loaded().cohort_names(fleet.loaded().home).watch_bucket
    fleet.cloud.client("s3").put_object(Bucket=bucket, Key=SPENDING, Body=spent)
    refused = fleet.run("reopen", "--json")
    assert refused.code == 1
    assert "run workshop deploy -e dev, and reopen it then" in refused.out
    fleet.write(1, "budget: {per_seat_usd: 27}")
    assert [fleet.run(one).code for one in ("deploy", "reopen")] == [0, 0]


def test_a_local_cloud_of_another_account_is_replaced_by_one_of_the_right_account(
    fleet: Fleet,
) -> None:
    """With the commands as they are printed, by a shell; the cloud is none of the usual folder."""
    fleet.write(1)
    file = fleet.config / "dev.yaml"
    file.write_text(file.read_text().replace('"000000000000"', '"111122223333"'))
    path = os.pathsep.join([str(on_the_path()), os.environ["PATH"]])
    replaced(fleet, {**fleet.variables(), "PATH": path})


def replaced(fleet: Fleet, variables: dict[str, str]) -> None:
    """Follow in a shell what ``workshop plan`` says of a local cloud of another account."""

    def shell(*lines: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/bash", "-c", "\n".join(lines)],
            env=variables,
            cwd=fleet.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    elsewhere = " --state-dir elsewhere"
    use, plan = f'eval "$(workshop cloud env{elsewhere})"', "workshop plan -e dev"
    named = f" --state-dir {fleet.folder.resolve() / 'elsewhere'}"
    again = f'eval "$(workshop cloud env{named})"'
    try:
        refused = shell(f"workshop cloud start{elsewhere}", use, plan)
        assert refused.returncode == 3
        said = [one.rstrip(",") for one in COMMAND.findall(refused.stderr.rpartition(";")[2])]
        assert said[:2] == [
            f"workshop cloud stop{named}",
            f"workshop cloud start --account 111122223333 --region us-east-1{named}",
        ]
        assert again in refused.stderr
        for command in ("preflight -e dev", "leftovers -e dev"):
            told = shell(use, f"workshop {command}")
            assert f"{said[0]}, start one of that account with: {said[1]}" in " ".join(
                f"{told.stdout}{told.stderr}".split()
            ), command
        cured = shell(use, *said[:2], again, plan)
        assert cured.returncode == 0, cured.stderr
    finally:
        shell(f"workshop cloud stop --yes{elsewhere}")
