"""The notebook's lifecycle scripts: as texts for ``Fn::Sub``, and run for real in a folder."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench import lifecycle
from workshop import tags as tag_rules
from workshop.errors import WorkshopError
from workshop.naming import Names

NAMES = Names.placeholders("vision")
VALUES = {
    "AttendeeId": "ada",
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
TAGS = tag_rules.seat_tags(
    workshop="vision",
    environment="prod",
    attendee=NAMES.seat,
    profile="attendee",
    ends=datetime(2026, 12, 4, 17, tzinfo=UTC),
    extra={"cost-center": "4711", "team": "on"},
)
CONTENT = "https://git.example.org/ml/hands-on.git"


def on_start(**changes: Any) -> str:
    """The on-start script of an ordinary seat, with some arguments changed."""
    arguments: dict[str, Any] = {
        "tags": TAGS,
        "role_arn": NAMES.role_arn,
        "bucket": NAMES.bucket("data"),
        "prefixes": ("train/", "val/", "models/", "raw/images/"),
        "datasets_bucket": NAMES.datasets_bucket,
        "repositories": {"training": NAMES.repository_uri("training")},
        "job_prefix": f"{NAMES.seat}-",
        "packages": ("xgboost==3.1.0", "shap>=0.48"),
        "idle_stop_minutes": 45,
    }
    return lifecycle.on_start(**(arguments | changes))


def on_create(repository: str | None = CONTENT, branch: str = "main") -> str:
    return lifecycle.on_create(content_repository=repository, content_branch=branch)


def substituted(script: str, values: dict[str, str] = VALUES) -> str:
    """What ``Fn::Sub`` makes of it."""
    names = "|".join(values)
    text = re.sub(rf"\$\{{({names})\}}", lambda found: values[found[1]], script)
    return text.replace("${!", "${")


@dataclass
class Sandbox:
    """A folder that stands for the notebook's file system, with commands that only take notes."""

    root: Path

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.root / "bin").mkdir()
        # As ec2-user means as whoever runs the tests; what was asked for is noted.
        self.command("sudo", '[ "$1 $2 $3" = "-H -u ec2-user" ] || exit 99; shift 3; exec "$@"')
        for name in ("systemctl", "systemd-run", "git"):
            self.command(name)

    @property
    def home(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    def command(self, name: str, body: str = "exit 0") -> None:
        """Lay a command on the PATH; it notes its arguments, one call a line, and runs ``body``."""
        file = self.root / "bin" / name
        note = f"printf '%s\\n' \"{name} $(printf '%q ' \"$@\")\" >>{self.root}/calls"
        file.write_text(f"#!/bin/bash\n{note}\n{body}\n")
        file.chmod(0o755)

    def calls(self, name: str) -> list[list[str]]:
        notes = self.root / "calls"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [words[1:] for words in map(shlex.split, lines) if words[0] == name]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run it as the notebook would, with the PATH that SageMaker gives."""
        file = self.root / "script"
        file.write_text(substituted(script))
        return subprocess.run(
            ["/bin/bash", file],
            env={
                "PATH": f"{self.root}/bin:/sbin:/bin:/usr/sbin:/usr/bin",
                "HOME": str(self.root),
                "WORKSHOP_ROOT": str(self.root),
            },
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


SCRIPTS = [
    pytest.param(on_create(), id="on-create"),
    pytest.param(on_create(None), id="on-create without content"),
    pytest.param(on_start(), id="on-start"),
    pytest.param(on_start(packages=(), idle_stop_minutes=None), id="on-start with the least"),
]


# The texts


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_sound_shell(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run(
        [shellcheck, "--exclude=SC1091", "-"],  # what it sources, it has written itself
        input=substituted(script),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_holds_no_dollar_brace_but_known_placeholders(script: str) -> None:
    found = set(re.findall(r"\$\{[^}]*\}?", script))
    assert found <= {f"${{{name}}}" for name in lifecycle.PLACEHOLDERS}


def test_a_dollar_brace_in_a_value_reaches_the_notebook_as_it_was() -> None:
    address = "https://git.example.org/${HOME}/${!x}/material"
    assert "${HOME}" not in on_create(address)
    assert address in substituted(on_create(address))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_fits_into_a_lifecycle_configuration(script: str) -> None:
    lifecycle.check_size(script, "the script")
    longest = {name: "x" * length for name, length in lifecycle.PLACEHOLDERS.items()}
    assert len(base64.b64encode(substituted(script, longest).encode())) <= 16_384


def test_the_largest_script_that_sagemaker_takes_passes_and_one_more_character_does_not() -> None:
    # The three placeholders are counted with 12, 15 and 10 characters.
    start = "${AttendeeId}${AWS::Region}${AWS::Partition}${!HOME}"
    largest = start + "x" * (12_288 - 12 - 15 - 10 - len("${HOME}"))
    lifecycle.check_size(largest, "the script")
    with pytest.raises(WorkshopError) as refused:
        lifecycle.check_size(largest + "x", "profiles.attendee: the on-start script")
    assert str(refused.value) == (
        "profiles.attendee: the on-start script has 16,388 characters in base64 and SageMaker"
        " takes 16,384; use fewer or shorter tags, prefixes, repositories or packages"
    )


def test_room_is_left_for_twenty_more_tags() -> None:
    extra = {f"organisation:tag-{number:02}": "a-value-of-some-length" for number in range(20)}
    lifecycle.check_size(on_start(tags=TAGS | extra), "the script")


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "data\nWORKSHOP\ntouch pwned"},
        {"tags": TAGS | {"owner": "a\x07b"}, "job_prefix": "\x07"},
        {"packages": ("shap\ntouch pwned",)},
        {"role_arn": "ärn"},
    ],
)
def test_a_value_that_could_end_a_here_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WorkshopError, match=r"cannot be part of a notebook's script; use one line"):
        on_start(**change)


def test_two_prefixes_that_would_share_a_variable_are_refused() -> None:
    with pytest.raises(WorkshopError) as refused:
        on_start(prefixes=("raw-images/", "train/", "raw_images/"))
    assert str(refused.value) == (
        "'raw-images/' and 'raw_images/' would both be WORKSHOP_S3_RAW_IMAGES in the notebook;"
        " rename one"
    )


# On-create


def test_on_create_clones_the_content_as_the_notebooks_user_in_bounded_time(
    sandbox: Sandbox,
) -> None:
    done = sandbox.run(on_create(branch="2026"))
    assert done.returncode == 0
    (clone,) = sandbox.calls("sudo")
    assert clone == [
        *("-H", "-u", "ec2-user", "env", "GIT_TERMINAL_PROMPT=0", "timeout", "-k", "10", "180"),
        *("git", "clone", "--quiet", "--depth", "1", "--branch=2026", "--", CONTENT),
        f"{sandbox.home}/hands-on",
    ]
    assert not (sandbox.home / "WORKSHOP-SETUP.txt").exists()


def test_on_create_clones_a_real_repository(sandbox: Sandbox) -> None:
    (sandbox.root / "bin/git").unlink()
    source = sandbox.root / "hands-on.git"
    source.mkdir()
    (source / "lesson.ipynb").write_text("{}")
    known = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for step in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*known, "commit", "--quiet", "--message=first"],
    ):
        subprocess.run(["/usr/bin/env", "git", "-C", str(source), *step], check=True)
    done = sandbox.run(on_create(f"file://{source}"))
    assert done.returncode == 0
    assert (sandbox.home / "hands-on/lesson.ipynb").read_text() == "{}"
    assert "cloned the content into hands-on" in done.stdout


def test_a_failed_clone_leaves_a_note_and_never_fails_the_notebook(sandbox: Sandbox) -> None:
    partial = f'mkdir -p "{sandbox.home}/hands-on"'
    sandbox.command("git", f"{partial}; echo 'fatal: repository not found' >&2; exit 128")
    done = sandbox.run(on_create(branch="2026"))
    assert done.returncode == 0
    assert not (sandbox.home / "hands-on").exists()
    assert (sandbox.home / "WORKSHOP-SETUP.txt").read_text() == (
        "The workshop's content could not be cloned: fatal: repository not found\n"
        "Open a terminal and run this to try again:\n"
        f"  cd ~/SageMaker && git clone --branch=2026 -- {CONTENT} hands-on\n"
    )
    assert "repository not found" in done.stdout


def test_a_clone_that_takes_too_long_says_so(sandbox: Sandbox) -> None:
    sandbox.command("timeout", "exit 124")
    assert sandbox.run(on_create()).returncode == 0
    note = (sandbox.home / "WORKSHOP-SETUP.txt").read_text()
    assert "could not be cloned: it took more than 3 minutes\n" in note


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_in_an_address_or_a_branch_is_run(sandbox: Sandbox, *, fails: bool) -> None:
    address = "https://git.example.org/a;touch${IFS}pwned/$(touch${IFS}pwned)/`touch<pwned`'\".git"
    branch = "$(touch pwned)"
    sandbox.command("git", f"exit {128 if fails else 0}")
    assert sandbox.run(on_create(address, branch)).returncode == 0
    (call,) = sandbox.calls("git")
    assert call[4:] == [f"--branch={branch}", "--", address, f"{sandbox.home}/content"]
    assert not list(sandbox.root.rglob("pwned*"))
    if fails:
        repeat = (sandbox.home / "WORKSHOP-SETUP.txt").read_text().splitlines()[-1]
        assert shlex.split(repeat)[3:] == [
            *("git", "clone", f"--branch={branch}", "--", address, "content")
        ]


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://git.example.org/ml/hands-on", "hands-on"),
        ("https://git.example.org/ml/hands-on.git/", "hands-on"),
        ("https://git.example.org/ml/..", "content"),
        ("https://git.example.org/ml/.git", "content"),
        ("https://git.example.org/ml/-x", "content"),
    ],
)
def test_the_content_lies_where_git_would_put_it(
    sandbox: Sandbox, address: str, folder: str
) -> None:
    sandbox.run(on_create(address))
    assert sandbox.calls("git")[0][-1] == f"{sandbox.home}/{folder}"


# On-start

SECTIONS = {
    # Sections that every release of the SDK from 2.173 to 3 knows, and their keys.
    "AutoMLJob": {"RoleArn", "Tags"},
    "CompilationJob": {"RoleArn", "Tags"},
    "EdgePackagingJob": {"RoleArn", "Tags"},
    "Endpoint": {"Tags"},
    "EndpointConfig": {"Tags"},
    "FeatureGroup": {"RoleArn", "Tags"},
    "Model": {"ExecutionRoleArn", "Tags"},
    "MonitoringSchedule": {"Tags"},
    "Pipeline": {"RoleArn", "Tags"},
    "ProcessingJob": {"RoleArn", "Tags"},
    "TrainingJob": {"RoleArn", "Tags"},
    "TransformJob": {"Tags"},
}
ROLE = "arn:aws:iam::123456789012:role/ws/vision/vision-ada-eu-west-1-execution"
BUCKET = "vision-ada-data-123456789012-eu-west-1"
TAG_LIST = [
    {"Key": "attendee", "Value": "ada"},
    {"Key": "cost-center", "Value": "4711"},
    {"Key": "ends", "Value": "2026-12-04T17:00:00+00:00"},
    {"Key": "environment", "Value": "prod"},
    {"Key": "managed-by", "Value": "workshop-provisioner"},
    {"Key": "profile", "Value": "attendee"},
    {"Key": "team", "Value": "on"},
    {"Key": "workshop", "Value": "vision"},
]
ENVIRONMENT = {
    "WORKSHOP_SEAT": "ada",
    "WORKSHOP_ROLE_ARN": ROLE,
    "WORKSHOP_BUCKET": BUCKET,
    "WORKSHOP_DATASETS": "s3://vision-cohort-datasets-123456789012-eu-west-1/",
    "WORKSHOP_JOB_PREFIX": "ada-",
    "WORKSHOP_TAGS": json.dumps(TAG_LIST, separators=(",", ":")),
    "WORKSHOP_S3_TRAIN": f"s3://{BUCKET}/train/",
    "WORKSHOP_S3_VAL": f"s3://{BUCKET}/val/",
    "WORKSHOP_S3_MODELS": f"s3://{BUCKET}/models/",
    "WORKSHOP_S3_RAW_IMAGES": f"s3://{BUCKET}/raw/images/",
    "WORKSHOP_REPOSITORY_TRAINING": (
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vision/ada/training"
    ),
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


def kernel_environment(sandbox: Sandbox) -> dict[str, str]:
    """The same as a Python kernel gets it, from IPython's own configuration."""
    program = sandbox.read("etc/ipython/ipython_config.py")
    profile = str(sandbox.root / "etc/profile.d/workshop.sh")
    assert program.count("/etc/profile.d/workshop.sh") == 1
    program = program.replace("/etc/profile.d/workshop.sh", profile)
    kernel = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json\nprint(json.dumps(dict(os.environ)))"],
        env={},
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
    assert file.read_text().startswith("first = 1\nimport os")


def test_nothing_in_a_tag_or_a_name_is_run_or_lost(sandbox: Sandbox) -> None:
    nasty = 'it\'s $(touch pwned) `touch pwned` "quoted" \\ ${HOME} $HOME; touch pwned #'
    done = sandbox.run(
        on_start(
            tags=TAGS | {"nasty": nasty},
            job_prefix=nasty,
            prefixes=(f"{nasty}/",),
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
    sandbox.run(on_start(packages=(), idle_stop_minutes=None))
    page = sandbox.read("home/ec2-user/SageMaker/WORKSHOP.md")
    assert "workshop-packages.log" not in page
    assert "stops after" not in page


def test_the_idle_stop_is_a_timer_that_runs_the_program_as_the_notebooks_user(
    sandbox: Sandbox,
) -> None:
    sandbox.run(on_start())
    service = sandbox.read("etc/systemd/system/workshop-idle-stop.service").splitlines()
    command = "/usr/bin/env python3 /opt/workshop/idle_stop.py --minutes 45"
    assert f"ExecStart={command}" in service
    assert "User=ec2-user" in service
    timer = sandbox.read("etc/systemd/system/workshop-idle-stop.timer").splitlines()
    assert "OnCalendar=*:0/5" in timer
    assert sandbox.calls("systemctl") == [
        ["daemon-reload"],
        ["enable", "--now", "workshop-idle-stop.timer"],
        ["--no-block", "try-restart", "jupyter-server.service"],
    ]
    program = sandbox.root / "opt/workshop/idle_stop.py"
    told = subprocess.run(
        [sys.executable, program, "--help"], capture_output=True, text=True, check=True
    )
    assert "--minutes" in told.stdout


def test_a_notebook_that_never_stops_by_itself_has_no_timer(sandbox: Sandbox) -> None:
    sandbox.run(on_start(idle_stop_minutes=None))
    assert not list(sandbox.root.rglob("*idle*"))
    assert ["enable", "--now", "workshop-idle-stop.timer"] not in sandbox.calls("systemctl")


def test_a_failed_step_is_noted_and_never_fails_the_notebook(sandbox: Sandbox) -> None:
    sandbox.command("systemctl", '[ "$1" != enable ]')
    done = sandbox.run(on_start())
    note = sandbox.home / "WORKSHOP-START.txt"
    assert done.returncode == 0
    assert done.stderr == ("workshop: failed: systemctl enable --now workshop-idle-stop.timer\n")
    assert note.read_text().splitlines()[-1] == "  systemctl enable --now workshop-idle-stop.timer"
    assert sandbox.calls("systemctl")[-1][1] == "try-restart"
    sandbox.command("systemctl")
    sandbox.run(on_start())
    assert not note.exists()


def test_a_server_of_another_name_is_no_failure(sandbox: Sandbox) -> None:
    sandbox.command("systemctl", '[ "$2" != try-restart ]')
    done = sandbox.run(on_start())
    assert "no jupyter-server.service" in done.stdout
    assert not (sandbox.home / "WORKSHOP-START.txt").exists()


def test_root_never_writes_below_the_home_folder_itself() -> None:
    for script in (on_create(), on_start()):
        written = [line for line in script.splitlines() if '"$home' in line]
        assert written
        assert [line for line in written if "as_user" not in line and "git clone" not in line] == []
        assert not re.search(r'>\s*"\$home', script)


# Packages


def packages_of(script: str, folder: Path, kernels: Sequence[str]) -> tuple[Path, str]:
    """Run the installer in a home folder with such environments; that folder and its log."""
    installer = folder / "install_packages.sh"
    shipped = re.search(
        r"install_packages\.sh\" <<'WORKSHOP'\n(.*?)\nWORKSHOP\n", script, re.DOTALL
    )
    assert shipped
    installer.write_text(substituted(shipped[1]))
    (folder / "SageMaker").mkdir()
    for name in ("JupyterSystemEnv", "R", "python3", "pytorch"):
        python = folder / "anaconda3/envs" / name / "bin/python"
        python.parent.mkdir(parents=True)
        body = f'echo "$@" >>{folder}/{name}.calls; [ "$1" = -m ] || exit {name not in kernels:d}'
        python.write_text(f"#!/bin/bash\n{body}\n[ ! -e {folder}/broken ]\n")
        python.chmod(0o755)
    subprocess.run(
        ["/bin/bash", installer],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return folder, (folder / "SageMaker/workshop-packages.log").read_text()


def test_packages_are_installed_in_a_unit_of_their_own_behind_the_start(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    assert sandbox.calls("systemd-run") == [
        [
            *("--no-block", "--unit=workshop-packages", "--uid=ec2-user"),
            *("--setenv=HOME=/home/ec2-user", "/bin/bash"),
            f"{sandbox.root}/opt/workshop/install_packages.sh",
        ]
    ]


def test_a_notebook_without_packages_starts_nothing_for_them(sandbox: Sandbox) -> None:
    sandbox.run(on_start(packages=()))
    assert sandbox.calls("systemd-run") == []
    assert not list(sandbox.root.rglob("install_packages*"))


def test_every_python_kernel_gets_the_packages_and_jupyter_itself_does_not(tmp_path: Path) -> None:
    folder, log = packages_of(on_start(), tmp_path, kernels=("python3", "pytorch"))
    asked = ["-c import ipykernel", "-m pip install xgboost==3.1.0 shap>=0.48"]
    assert (folder / "python3.calls").read_text().splitlines() == asked
    assert (folder / "pytorch.calls").read_text().splitlines() == asked
    assert (folder / "R.calls").read_text().splitlines() == asked[:1]
    assert not (folder / "JupyterSystemEnv.calls").exists()
    assert log.splitlines()[-1] == "== done"


def test_nothing_in_a_package_is_run(tmp_path: Path) -> None:
    nasty = "it's $(touch pwned) `touch pwned` ${HOME}; touch pwned #"
    folder, _ = packages_of(on_start(packages=(nasty,)), tmp_path, kernels=("python3",))
    assert (folder / "python3.calls").read_text().splitlines()[-1] == f"-m pip install {nasty}"
    assert not list(folder.glob("pwned*"))


def test_a_failed_installation_is_said_in_the_log_with_the_command_to_repeat(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken").touch()
    _, log = packages_of(on_start(), tmp_path, kernels=("python3",))
    installer = tmp_path / "install_packages.sh"
    assert log.splitlines()[-1] == f"== failed; see above, then run: bash {installer}"
