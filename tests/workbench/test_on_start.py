"""The on-start script, run for real: SDK defaults, environment, idle stop."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.support.lifecycle_scripts import OPEN, TAG_LIST, TAGS, Sandbox, on_create, on_start
from workbench import packed

SECTIONS = {
    # Sections that every release of the SDK from 2.173 to 3 knows, and their keys.
    "Endpoint": {"Tags"},
    "EndpointConfig": {"Tags"},
    "FeatureGroup": {"RoleArn", "Tags"},
    "Model": {"ExecutionRoleArn", "Tags"},
    "Pipeline": {"RoleArn", "Tags"},
    "ProcessingJob": {"RoleArn", "Tags"},
    "TrainingJob": {"RoleArn", "Tags"},
    "TransformJob": {"Tags"},
}
ROLE = "arn:aws:iam::123456789012:role/ws/vision/vision-ada-eu-west-1-execution"
BUCKET = "vision-ada-data-123456789012-eu-west-1"
ENVIRONMENT = {
    "WORKSHOP_SEAT": "ada",
    "WORKSHOP_ROLE_ARN": ROLE,
    "WORKSHOP_BUCKET": BUCKET,
    "WORKSHOP_DATASETS": "s3://vision-cohort-datasets-123456789012-eu-west-1/",
    "WORKSHOP_JOB_PREFIX": "vision-ada-",
    "WORKSHOP_TAGS": json.dumps(TAG_LIST, separators=(",", ":")),
    "WORKSHOP_S3_TRAIN": f"s3://{BUCKET}/train/",
    "WORKSHOP_S3_VAL": f"s3://{BUCKET}/val/",
    "WORKSHOP_S3_MODELS": f"s3://{BUCKET}/models/",
    "WORKSHOP_S3_RAW_IMAGES": f"s3://{BUCKET}/raw/images/",
    "WORKSHOP_BUCKET_RESULTS": "vision-ada-results-123456789012-eu-west-1",
    "WORKSHOP_S3_RESULTS_REPORTS": "s3://vision-ada-results-123456789012-eu-west-1/reports/",
    "WORKSHOP_REPOSITORY_TRAINING": (
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vision/ada/training"
    ),
    "WORKSHOP_MODEL_PREFIX": "vision-ada-",
    **{f"WORKSHOP_{name}": value for name, value in OPEN.items()},
}


def sdk_config(sandbox: Sandbox) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(sandbox.read("etc/xdg/sagemaker/config.yaml"))
    return loaded


def terminal_environment(sandbox: Sandbox) -> dict[str, str]:
    """The WORKSHOP variables that a login shell gets from profile.d."""
    shell = subprocess.run(
        ["/bin/bash", "-c", '. "$0" && env -0', sandbox.root / "etc/profile.d/workshop.sh"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.partition("=") for line in shell.stdout.split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("WORKSHOP_")}


def kernel_environment(sandbox: Sandbox, **already: str) -> dict[str, str]:
    """The same as a Python kernel gets it, from IPython's own configuration."""
    program = sandbox.read("etc/ipython/ipython_config.py")
    told = "import json, os\nprint(json.dumps(dict(os.environ)))"
    kernel = subprocess.run(
        [sys.executable, "-c", f"{program}\n{told}"],
        env=already,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(kernel.stdout)
    return {name: value for name, value in found.items() if name.startswith("WORKSHOP_")}


def test_on_start_ends_well_and_leaves_no_complaint(sandbox: Sandbox) -> None:
    done = sandbox.run(on_start())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (sandbox.home / "WORKSHOP-START.txt").exists()


def test_the_sdk_gets_role_and_tags_in_every_section_that_takes_them(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    config = sdk_config(sandbox)
    assert config["SchemaVersion"] == "1.0"
    sections = config["SageMaker"]
    assert sections.keys() == SECTIONS.keys() | {"PythonSDK"}
    for name, keys in SECTIONS.items():
        section = sections[name]
        assert section.keys() == keys, name
        assert section["Tags"] == TAG_LIST, name
        assert {section[key] for key in keys - {"Tags"}} <= {ROLE}, name


def test_the_sdk_gets_the_seats_bucket_and_the_modules_that_every_release_knows(
    sandbox: Sandbox,
) -> None:
    sandbox.run(on_start())
    config = sdk_config(sandbox)["SageMaker"]
    assert config["PythonSDK"]["Modules"] == {
        "Session": {"DefaultS3Bucket": BUCKET},
        "RemoteFunction": {"RoleArn": ROLE, "Tags": TAG_LIST},
    }


def test_terminals_and_kernels_get_the_same_environment(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    assert terminal_environment(sandbox) == ENVIRONMENT
    assert kernel_environment(sandbox) == ENVIRONMENT


def test_an_ipython_configuration_that_was_there_stays(sandbox: Sandbox) -> None:
    file = sandbox.root / "etc/ipython/ipython_config.py"
    file.parent.mkdir(parents=True)
    file.write_text("first = 1\n")
    sandbox.run(on_start())
    assert file.read_text().startswith("first = 1\nimport sys")


def test_a_seat_without_a_rule_has_no_variable_for_it(sandbox: Sandbox) -> None:
    sandbox.run(on_start(open_to_seats={}))
    rules = {f"WORKSHOP_{name}" for name in OPEN}
    assert terminal_environment(sandbox).keys() == ENVIRONMENT.keys() - rules
    assert "- machines" not in sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")


def test_a_seat_that_may_name_models_as_it_likes_has_no_variable_for_it(sandbox: Sandbox) -> None:
    sandbox.run(on_start(model_prefix=False))
    assert terminal_environment(sandbox).keys() == ENVIRONMENT.keys() - {"WORKSHOP_MODEL_PREFIX"}


def test_a_variable_that_is_set_stays_in_a_kernel(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    assert kernel_environment(sandbox, WORKSHOP_BUCKET="mine") == ENVIRONMENT | {
        "WORKSHOP_BUCKET": "mine"
    }


def test_nothing_in_a_tag_or_a_name_is_run_or_lost(sandbox: Sandbox) -> None:
    nasty = 'it\'s $(touch pwned) `touch pwned` "quoted" \\ ${HOME} $HOME; touch pwned #'
    done = sandbox.run(
        on_start(
            tags=TAGS | {"nasty": nasty},
            job_prefix=nasty,
            buckets={"data": (BUCKET, (f"{nasty}/",))},
            repositories={nasty: nasty},
        )
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sdk_config(sandbox)["SageMaker"]["Endpoint"]["Tags"][-1] == {
        "Key": "nasty",
        "Value": nasty,
    }
    terminal = terminal_environment(sandbox)
    assert terminal == kernel_environment(sandbox)
    assert terminal["WORKSHOP_JOB_PREFIX"] == nasty
    assert nasty in terminal.values()
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert f"    WORKSHOP_JOB_PREFIX={shlex.quote(nasty)}\n" in page
    assert not list(sandbox.root.rglob("pwned*"))


def test_attendees_find_what_they_have_in_a_page_of_their_own(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert f"    WORKSHOP_S3_TRAIN='s3://{BUCKET}/train/'\n" in page
    assert "see workshop-packages.log" in page
    assert "stops after 45 minutes" in page
    assert "also stops after 10 hours of use" in page
    assert "6 hours (at most\n20)" in page
    assert "the same name finds\nthe same thing again" in page
    sandbox.run(on_start(busy_stop_hours=None, keep_running_hours=0))
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert "stops after 45 minutes" in page
    assert "also stops" not in page
    assert "KEEP-RUNNING" not in page
    sandbox.run(on_start(packages=(), idle_stop_minutes=None))
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert "workshop-packages.log" not in page
    assert "stops after" not in page
    assert "KEEP-RUNNING" not in page


def test_the_page_says_what_is_open(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert page.partition("What is open to you:\n\n")[2].splitlines()[:7] == [
        "- machines for training: ml.m5.large, ml.g5.*",
        "- machines for processing and batch transform: ml.m5.large",
        "- machines for endpoints: ml.m5.large, ml.g5.xlarge",
        "- the longest job, in hours: 24",
        "- warm pools, in minutes: none",
        f"- buckets to write to: {BUCKET}",
        "- buckets of sample data, to read: sagemaker-sample-files, jumpstart-cache-prod-eu-west-1",
    ]


def test_the_idle_stop_is_a_timer_that_runs_the_program_as_the_notebooks_user(
    sandbox: Sandbox,
) -> None:
    sandbox.run(on_start())
    service = sandbox.read("etc/systemd/system/workshop-idle-stop.service").splitlines()
    options = ["--minutes", "45", "--busy-hours", "10", "--keep-hours", "20"]
    first = '--first "/bin/bash /opt/workshop/agent.sh --save --wait 30"'
    command = " ".join(["/usr/bin/env python3 /opt/workshop/idle_stop.py", *options, first])
    assert f"ExecStart={command}" in service
    assert "User=ec2-user" in service
    timer = sandbox.read("etc/systemd/system/workshop-idle-stop.timer").splitlines()
    assert "OnCalendar=*:0/5" in timer
    assert sandbox.calls("systemctl") == [
        ["daemon-reload"],
        ["enable", "--now", "workshop-agent.timer", "workshop-last-save.service"],
        ["enable", "--now", "workshop-idle-stop.timer"],
        ["--no-block", "try-restart", "jupyter-server.service"],
    ]
    program = sandbox.root / "opt/workshop/idle_stop.py"
    told = subprocess.run(
        [sys.executable, program, *options, "--help"], capture_output=True, text=True, check=True
    )
    assert "--minutes" in told.stdout


def test_a_notebook_that_never_stops_by_itself_has_no_timer(sandbox: Sandbox) -> None:
    sandbox.run(on_start(idle_stop_minutes=None))
    assert not list(sandbox.root.rglob("*idle*"))
    assert ["enable", "--now", "workshop-idle-stop.timer"] not in sandbox.calls("systemctl")


def test_a_seat_without_bounds_hands_nought_to_the_idle_stop(sandbox: Sandbox) -> None:
    sandbox.run(on_start(busy_stop_hours=None, keep_running_hours=0))
    service = sandbox.read("etc/systemd/system/workshop-idle-stop.service")
    assert "idle_stop.py --minutes 45 --busy-hours 0 --keep-hours 0 --first" in service


def test_a_failed_step_is_noted_and_never_fails_the_notebook(sandbox: Sandbox) -> None:
    sandbox.command("systemctl", '[ "$3" != workshop-idle-stop.timer ]')
    done = sandbox.run(on_start())
    note = sandbox.home / "WORKSHOP-START.txt"
    assert done.returncode == 0
    assert done.stderr == ("workshop: failed: systemctl enable --now workshop-idle-stop.timer\n")
    assert note.read_text().splitlines()[-1] == "  systemctl enable --now workshop-idle-stop.timer"
    assert sandbox.calls("systemctl")[-1][1] == "try-restart"
    sandbox.command("systemctl")
    sandbox.run(on_start())
    assert not note.exists()


def test_a_notebook_that_cannot_read_its_set_up_starts_and_says_so(sandbox: Sandbox) -> None:
    sandbox.command("aws", "echo 'AccessDenied: not allowed' >&2; exit 254")
    done = sandbox.run(on_start())
    assert done.returncode == 0
    told = "could not be read from /ws/vision/on-start: AccessDenied: not allowed"
    assert done.stderr == f"workshop: the set-up {told}\n"
    note = (sandbox.home / "WORKSHOP-START.txt").read_text()
    assert "nothing is saved, and it does not stop by itself" in note
    assert "AccessDenied: not allowed" in note
    assert terminal_environment(sandbox) == ENVIRONMENT
    assert len(sandbox.calls("aws")) == 3
    assert sandbox.calls("systemctl") == []
    sandbox.parameters(packed.parameters())
    sandbox.run(on_start())
    assert not (sandbox.home / "WORKSHOP-START.txt").exists()


@pytest.mark.parametrize("damage", ["a part too few", "parts of two scripts", "a changed part"])
def test_a_set_up_that_is_not_whole_is_never_run(sandbox: Sandbox, damage: str) -> None:
    first, *others = packed.parameters()
    values = {
        "a part too few": others,
        "parts of two scripts": ["0" * 16 + first[16:], *others],
        "a changed part": [first[:-1] + ("a" if first[-1] != "a" else "b"), *others],
    }[damage]
    sandbox.parameters(values)
    done = sandbox.run(on_start())
    assert done.returncode == 0
    assert (sandbox.home / "WORKSHOP-START.txt").exists()
    assert sandbox.calls("systemctl") == []


def test_parts_of_an_older_script_beside_a_whole_one_do_no_harm(sandbox: Sandbox) -> None:
    sandbox.parameters([*packed.parameters(), "0123456789abcdef 7 9 older"])
    done = sandbox.run(on_start())
    assert (done.returncode, done.stderr) == (0, "")
    assert not (sandbox.home / "WORKSHOP-START.txt").exists()


def test_the_set_up_is_read_as_the_notebooks_user_from_the_cohorts_parameters(
    sandbox: Sandbox,
) -> None:
    sandbox.run(on_start())
    (call,) = sandbox.calls("aws")
    assert call[:6] == [
        *("ssm", "get-parameters-by-path", "--region", "eu-west-1"),
        *("--path", "/ws/vision/on-start"),
    ]
    assert any("aws" in words for words in sandbox.calls("sudo"))


def test_the_agent_runs_twice_a_minute_and_once_more_when_the_notebook_stops(
    sandbox: Sandbox,
) -> None:
    sandbox.run(on_start())
    units = "etc/systemd/system/workshop-"
    agent = "/bin/bash /opt/workshop/agent.sh"
    assert "OnUnitInactiveSec=30" in sandbox.read(f"{units}agent.timer")
    for unit, does in (("agent", f"ExecStart={agent}"), ("last-save", f"ExecStop={agent} --save")):
        service = sandbox.read(f"{units}{unit}.service")
        assert does in service
        assert "User=ec2-user\n" in service
    values = sandbox.read("opt/workshop/agent.values")
    assert values == "export WORKSHOP_CONTENT='hands-on' WORKSHOP_PACKAGES='yes'\n"


def test_a_server_of_another_name_is_no_failure(sandbox: Sandbox) -> None:
    sandbox.command("systemctl", '[ "$2" != try-restart ]')
    done = sandbox.run(on_start())
    assert "no jupyter-server.service" in done.stdout
    assert not (sandbox.home / "WORKSHOP-START.txt").exists()


def test_root_never_writes_below_the_home_folder_itself() -> None:
    for script in (on_create(), packed.set_up()):
        written = [line for line in script.splitlines() if '"$home' in line]
        assert written
        assert [line for line in written if "as_user" not in line and "git clone" not in line] == []
        assert not re.search(r'>\s*"\$home', script)


# Packages
