"""The process of the local cloud: how it starts, what it keeps to itself, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud import environment, process, record
from localcloud.errors import LocalCloudError
from tests.support import machines
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import on_the_path

ELSEWHERE = "http://127.0.0.1:9"
CALLER = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Iterator[None]:
    """Let each ``workshop`` start at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(on_the_path()), prepend=os.pathsep)
        yield


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    """A state directory whose cloud, if a test starts one, is stopped afterwards."""
    yield tmp_path
    process.stop(tmp_path)


def run(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def workshop(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run("workshop", "cloud", *arguments)


def listening(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports on which a process listens, from Linux's own tables."""
    owned = {
        str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
    }
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in owned:
                address, port = fields[1].split(":")
                packed = b"".join(
                    bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)
                )
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def test_the_cloud_listens_on_the_loopback_address_and_nowhere_else(running_cloud: Cloud) -> None:
    running = running_cloud.running
    assert listening(running.pid) == {("127.0.0.1", running.port)}


def test_exceptions_from_a_proxy_that_are_set_already_stay(running_cloud: Cloud) -> None:
    chosen = environment.variables(running_cloud.running, running_cloud.state_dir)
    applied = environment.applied({"NO_PROXY": "intranet"}, chosen)
    assert applied["NO_PROXY"] == "127.0.0.1,localhost,intranet"
    shell = f'NO_PROXY=intranet; {environment.shell_lines({}, chosen)}; echo "$NO_PROXY $no_proxy"'
    answer = run("/bin/sh", "-c", shell.replace("\n", ";"), env={})
    assert answer.stdout == "127.0.0.1,localhost,intranet 127.0.0.1,localhost\n"


def test_nothing_of_the_users_environment_reaches_the_cloud(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "precious")
    monkeypatch.setenv("PERSIST_STATE", "1")
    monkeypatch.setenv("BIND_HOST", "0.0.0.0")  # noqa: S104
    running = process.start(state_dir).running
    seen = Path(f"/proc/{running.pid}/environ").read_text()
    assert not [line for line in seen.split("\0") if line.startswith(("AWS_", "PERSIST", "BIND"))]
    assert listening(running.pid) == {("127.0.0.1", running.port)}


def test_a_client_in_the_clouds_environment_never_uses_the_users_profile(
    running_cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile production]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:9\n"
        "aws_access_key_id = 999999999999\naws_secret_access_key = precious\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", ELSEWHERE)
    answer = run(sys.executable, "-c", CALLER, env=running_cloud.environment())
    assert (answer.stdout, answer.stderr) == ("000000000000\n", "")
    other = running_cloud.environment(account="123456789012")
    assert run(sys.executable, "-c", CALLER, env=other).stdout == "123456789012\n"


def test_the_command_line_starts_shows_points_at_empties_and_stops_a_cloud(
    state_dir: Path,
) -> None:
    where = ("--state-dir", str(state_dir))
    started = workshop("start", *where, "--account", "123456789012", "--json")
    shown = json.loads(started.stdout)
    assert (started.returncode, shown["running"], shown["already"]) == (0, True, False)
    assert json.loads(workshop("status", *where, "--json").stdout)["pid"] == shown["pid"]
    again = workshop("start", *where)
    assert f"local cloud already runs: {shown['endpoint']} (account 123456789012" in again.stderr
    assert again.stderr.splitlines()[1:] == [
        "it keeps its own settings; to apply yours, run: workshop cloud stop --state-dir"
        f" {state_dir}",
        f'point a shell at it with: eval "$(workshop cloud env --state-dir {state_dir})"',
    ]

    told = f'eval "$(workshop cloud env --state-dir {state_dir})"'
    users = {**os.environ, "AWS_PROFILE": "production", "AWS_ENDPOINT_URL_STS": ELSEWHERE}
    seen = run("/bin/sh", "-c", f'{told}; {sys.executable} -c "{CALLER}"', env=users)
    assert (seen.stdout, seen.stderr) == ("123456789012\n", "")
    document = json.loads(run("workshop", "cloud", "env", *where, "--json", env=users).stdout)
    assert document["set"]["AWS_ENDPOINT_URL"] == shown["endpoint"]
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_STS"} <= set(document["unset"])
    assert "AWS_ENDPOINT_URL" not in document["unset"]

    cloud = Cloud(record.Running(**json.loads((state_dir / record.FILE).read_text())), state_dir)
    cloud.client("s3").create_bucket(Bucket="some-bucket")
    assert workshop("reset", *where).returncode == 0
    assert cloud.client("s3").list_buckets()["Buckets"] == []

    assert workshop("stop", *where).stderr == "local cloud stopped\n"
    assert workshop("status", *where).stdout == "not running\n"
    assert json.loads(workshop("status", *where, "--json").stdout) == {"running": False}
    assert workshop("stop", *where).stderr == "no local cloud was running\n"


@pytest.mark.parametrize("command", ["env", "reset"])
def test_a_command_that_needs_a_cloud_says_how_to_start_one(tmp_path: Path, command: str) -> None:
    answer = workshop(command, "--state-dir", str(tmp_path))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        "workshop: no local cloud is running; start one with: workshop cloud start --state-dir"
        f" {tmp_path}\n"
    )


@pytest.mark.parametrize("account", ["12345678901", "12345678901x"])
def test_an_account_that_is_no_account_id_is_a_usage_error(tmp_path: Path, account: str) -> None:
    answer = workshop("start", "--state-dir", str(tmp_path), "--account", account)
    assert answer.returncode == 2
    assert answer.stderr == f"workshop: '{account}' is no account id; give 12 digits\n"


def test_the_environment_survives_a_shell_whatever_the_directory_is_called(tmp_path: Path) -> None:
    odd = tmp_path / "it's $HOME `x`"
    running = record.Running("i", 1, 2, "000000000000", "us-east-1", persist=False, started=0.0)
    lines = environment.shell_lines({}, environment.variables(running, odd))
    shell = f'{lines}\nprintf %s "$AWS_CONFIG_FILE"'
    assert run("/bin/sh", "-c", shell).stdout == str(odd / environment.EMPTY_CONFIG)


def test_only_names_that_a_shell_takes_reach_the_shell(tmp_path: Path) -> None:
    running = record.Running("i", 1, 2, "000000000000", "us-east-1", persist=False, started=0.0)
    chosen = environment.variables(running, tmp_path)
    base = {"AWS_ENDPOINT_URL_S3": "a", "AWS_ENDPOINT_URL_X; echo caught; :": "b"}
    lines = environment.shell_lines(base, chosen)
    answer = run("/bin/sh", "-c", f'{lines}\necho "left: $AWS_ENDPOINT_URL_S3"', env=base)
    assert (answer.stdout, answer.stderr) == ("left: \n", "")


def test_two_clouds_run_side_by_side_and_know_nothing_of_each_other(
    running_cloud: Cloud, state_dir: Path
) -> None:
    running_cloud.reset()
    running_cloud.client("s3").create_bucket(Bucket="some-bucket")
    second = Cloud(process.start(state_dir, account="111111111111").running, state_dir)
    assert second.running.port != running_cloud.running.port
    assert second.client("s3", account="000000000000").list_buckets()["Buckets"] == []
    process.stop(state_dir)
    assert process.status(running_cloud.state_dir) == running_cloud.running


def test_starting_twice_starts_once(state_dir: Path) -> None:
    first = process.start(state_dir)
    second = process.start(state_dir)
    assert (first.already, second.already) == (False, True)
    assert second.running == first.running


def test_a_killed_cloud_is_noticed_and_started_anew(state_dir: Path) -> None:
    killed = process.start(state_dir).running
    os.kill(killed.pid, signal.SIGKILL)
    process._children[killed.instance].wait()
    assert process.status(state_dir) is None
    assert process.stop(state_dir) is None
    assert not (state_dir / record.FILE).exists()
    assert process.start(state_dir).already is False


def test_a_stale_file_never_leads_to_somebody_elses_process(state_dir: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stale = record.Running(
        "other", bystander.pid, 9, "000000000000", "us-east-1", persist=False, started=0.0
    )
    record.write(state_dir, stale)
    try:
        assert process.stop(state_dir) is None
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.communicate()


def test_a_damaged_file_is_as_good_as_none(state_dir: Path) -> None:
    for content in ("", "{", "[]", '{"pid": 1}'):
        (state_dir / record.FILE).write_text(content)
        assert process.status(state_dir) is None
    assert process.start(state_dir).already is False


def test_a_cloud_that_does_not_answer_is_not_doubled_but_can_be_stopped(state_dir: Path) -> None:
    running = process.start(state_dir).running
    os.kill(running.pid, signal.SIGSTOP)
    try:
        with pytest.raises(
            LocalCloudError, match=r"does not answer; end it with: workshop cloud stop --state-dir"
        ):
            process.start(state_dir)
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert process.stop(state_dir) == running


def test_a_port_that_is_taken_is_said_in_one_sentence(
    running_cloud: Cloud, state_dir: Path
) -> None:
    port = running_cloud.running.port
    with pytest.raises(LocalCloudError) as caught:
        process.start(state_dir, port=port)
    assert str(caught.value).startswith("the local cloud ended with code 1 while starting:\n")
    assert f"port {port} cannot be opened (Address already in use)" in str(caught.value)


def test_a_cloud_takes_the_port_it_is_told(state_dir: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    assert process.start(state_dir, port=port).running.port == port


def test_what_is_kept_is_there_after_a_restart_and_gone_after_a_reset(state_dir: Path) -> None:
    options: dict[str, Any] = {"persist": True, "delays": {"notebook": 0}}
    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    cloud.advance(3600)
    role = cloud.role()
    sagemaker = cloud.client("sagemaker")
    tags = [{"Key": "a", "Value": "b"}]
    sagemaker.create_notebook_instance(
        NotebookInstanceName="nb", InstanceType="ml.t3.medium", RoleArn=role, Tags=tags
    )
    made = sagemaker.describe_notebook_instance(NotebookInstanceName="nb")
    cloud.client("s3").create_bucket(Bucket="some-bucket")
    cloud.client("s3").put_object(Bucket="some-bucket", Key="a", Body=b"x")
    process.stop(state_dir)

    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    sagemaker = cloud.client("sagemaker")
    seen = sagemaker.describe_notebook_instance(NotebookInstanceName="nb")
    assert seen["CreationTime"] == made["CreationTime"]
    assert sagemaker.list_tags(ResourceArn=seen["NotebookInstanceArn"])["Tags"] == tags
    assert cloud.client("s3").get_object(Bucket="some-bucket", Key="a")["Body"].read() == b"x"
    assert process.set_clock(cloud.running)["now"] > made["CreationTime"].timestamp()
    cloud.reset()
    process.stop(state_dir)

    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    assert cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"] == []
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_an_instance_goes_on_where_it_was_after_a_restart(state_dir: Path) -> None:
    options: dict[str, Any] = {"persist": True, "delays": {"instance": 3600}}
    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    name = machines.run(cloud.client)
    assert machines.state(cloud.client, name) == "pending"
    process.stop(state_dir)
    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    assert machines.state(cloud.client, name) == "pending"
    cloud.advance(3600)
    assert machines.state(cloud.client, name) == "running"


def test_a_cloud_stops_while_a_stack_waits_for_a_notebook(state_dir: Path) -> None:
    cloud = Cloud(process.start(state_dir, delays={"notebook": 3600}).running, state_dir)
    given = {
        "NotebookInstanceName": "nb",
        "InstanceType": "ml.t3.medium",
        "RoleArn": cloud.role(),
    }
    resource = {"Type": "AWS::SageMaker::NotebookInstance", "Properties": given}
    cloud.client("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps({"Resources": {"N": resource}})
    )
    assert process.stop(state_dir) == cloud.running
    assert process._children[cloud.running.instance].returncode == 0


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("clock", {"advance": -1}),
        ("clock", {"back": 1}),
        ("clock", {"advance": "soon"}),
        ("delays", {"notebook": -1}),
        ("delays", {"baking": 1}),
        ("nothing", {}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(
    cloud: Cloud, path: str, document: dict[str, Any]
) -> None:
    with pytest.raises(LocalCloudError, match=f"refused /_localcloud/{path}"):
        process.post(cloud.running, f"/_localcloud/{path}", document)
