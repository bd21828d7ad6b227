"""The lines for people's own machines, read by the programs that they are for."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.machines import online_box
from tests.support.session_plugin import SessionPlugin
from workshop.connect.lines import (
    CODE,
    JUPYTER,
    SYSTEMS,
    BoxAddress,
    System,
    cli_section,
)

SSH = shutil.which("ssh") or "ssh"
ADA = BoxAddress("vision-ada-box", "i-0abc1234567890def", "us-east-1", "vision-ada")
KEYS = ("aws_access_key_id", "aws_secret_access_key")
AWS_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
ORGANISER = BoxAddress("vision-ada-box", "i-0abc1234567890def", "eu-west-1")


def parsed(folder: Path, block: str, host: str = "vision-ada-box") -> dict[str, str]:
    """Return what OpenSSH makes of a block of its configuration."""
    file = folder / "config"
    file.write_text(f"{block}\n", encoding="utf-8")
    done = subprocess.run(
        [SSH, "-T", "-G", "-F", str(file), host], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("system", SYSTEMS)
def test_openssh_reads_the_block_of_each_system(tmp_path: Path, system: System) -> None:
    read = parsed(tmp_path, ADA.ssh_config(system))
    assert read["hostname"] == ADA.instance
    assert read["user"] == "ec2-user"
    assert read["identityfile"] == "~/.ssh/vision-ada-box"
    assert read["identitiesonly"] == "yes"
    assert read["stricthostkeychecking"] == "accept-new"
    assert parsed(tmp_path, ADA.ssh_config(system), "elsewhere")["hostname"] == "elsewhere"


@pytest.mark.parametrize("system", ["linux", "macos"])
def test_the_proxy_command_is_two_commands_of_the_aws_cli_for_any_shell(
    tmp_path: Path, system: System
) -> None:
    words = shlex.split(parsed(tmp_path, ADA.ssh_config(system))["proxycommand"])
    assert words[:2] == ["sh", "-c"]
    (line,) = words[2:]
    send, start = line.split(" >/dev/null && exec ")
    who = ["--region", "us-east-1", "--profile", "vision-ada"]
    assert shlex.split(send) == [
        *("aws", "ec2-instance-connect", "send-ssh-public-key", "--instance-id", "%h"),
        *("--instance-os-user", "%r", "--ssh-public-key", "file://~/.ssh/vision-ada-box.pub"),
        *who,
    ]
    assert shlex.split(start) == [
        *("aws", "ssm", "start-session", "--target", "%h"),
        *("--document-name", "AWS-StartSSHSession", "--parameters", "portNumber=%p", *who),
    ]


def test_on_windows_powershell_runs_the_same_commands_without_what_it_does_not_know(
    tmp_path: Path,
) -> None:
    unix = parsed(tmp_path, ADA.ssh_config("linux"))["proxycommand"]
    line = parsed(tmp_path, ADA.ssh_config("windows"))["proxycommand"]
    found = re.fullmatch(
        r"C:\\Windows\\System32\\WindowsPowerShell\\v1\.0\\powershell\.exe -NoProfile -Command"
        r' "(.*) \| Out-Null; if \(\$LASTEXITCODE -eq 0\) \{ (.*) \}"',
        line,
    )
    assert found
    assert unix == f'sh -c "{found[1]} >/dev/null && exec {found[2]}"'
    # A quote within the quotes, or an apostrophe, would end the argument.
    assert not {'"', "'", "&"} & {*f"{found[1]}{found[2]}"}


def test_openssh_for_windows_gives_powershell_the_script_as_one_argument(tmp_path: Path) -> None:
    """It starts the program without a shell, whose runtime splits the line at blanks and quotes."""
    line = parsed(tmp_path, ADA.ssh_config("windows"))["proxycommand"]
    filled = line.replace("%h", ADA.instance).replace("%r", "ec2-user").replace("%p", "22")
    assert "%" not in filled
    program, _, rest = filled.partition(" ")
    assert program.endswith(".exe")
    # A backslash means nothing by itself to the runtime but before a quote.
    assert '\\"' not in rest
    words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', rest)]
    assert words[:2] == ["-NoProfile", "-Command"]
    [script] = words[2:]
    send, _, start = script.partition(" | Out-Null; ")
    assert send.startswith("aws ec2-instance-connect send-ssh-public-key --instance-id i-")
    # Not piped on, so that its bytes go past PowerShell.
    assert re.fullmatch(
        r"if \(\$LASTEXITCODE -eq 0\) \{ aws ssm start-session [^|]* --profile vision-ada \}", start
    )


def test_a_forwarded_port_is_one_argument_in_every_shell() -> None:
    for server, port, local in ((JUPYTER, "8888", "18888"), (CODE, "8080", "18080")):
        command = ORGANISER.forwarding(server)
        assert f' --parameters "portNumber={port},localPortNumber={local}" ' in command
        assert shlex.split(command)[-2:] == ["--region", "eu-west-1"]
        assert server.address.startswith(f"http://localhost:{local}/")


@pytest.fixture
def home(cloud: Cloud, tmp_path: Path) -> SessionPlugin:
    """A machine with the AWS CLI, a stub of its session plug-in, and a key pair."""
    plugin = SessionPlugin(tmp_path, cloud.environment())
    (tmp_path / ".ssh").mkdir()
    made = run(plugin, f"{ADA.key} -q -N ''")
    assert made.returncode == 0, made.stderr
    return plugin


def run(plugin: SessionPlugin, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env=plugin.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def ssh(
    plugin: SessionPlugin, box: str, system: System = "linux", shell: str = "/bin/sh"
) -> subprocess.CompletedProcess[str]:
    """``ssh`` with the block of its configuration; the stub does not speak SSH."""
    config = plugin.home / ".ssh" / "config"
    block = BoxAddress("vision-ada-box", box, "us-east-1").ssh_config(system)
    config.write_text(f"{block}\n", encoding="utf-8")
    return run(plugin, f"SHELL={shell} ssh -T -F '{config}' vision-ada-box true")


@pytest.mark.parametrize(("system", "shell"), [("linux", "/bin/sh"), ("macos", "/bin/bash")])
def test_ssh_sends_its_key_and_begins_a_session_with_a_running_instance(
    cloud: Cloud, home: SessionPlugin, system: System, shell: str
) -> None:
    """The proxy command is run by the shell in which somebody works."""
    box = online_box(cloud)
    ran = ssh(home, box, system, shell)
    assert ran.returncode == 255
    assert "the stub of the session plug-in" not in ran.stdout
    [session] = home.sessions
    assert session["request"] == {
        "Target": box,
        "DocumentName": "AWS-StartSSHSession",
        "Parameters": {"portNumber": ["22"]},
    }
    [begun] = cloud.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert (begun["Target"], begun["SessionId"]) == (box, session["response"]["SessionId"])


def test_both_files_together_begin_the_session_as_the_seat(
    cloud: Cloud, home: SessionPlugin
) -> None:
    """As somebody has them who signs in to AWS: the seat's role, and the block that names it."""
    box, role = online_box(cloud), cloud.role("vision-ada-console")
    keys = {name: home.environment[name.upper()] for name in KEYS}
    (home.home / ".aws").mkdir()
    for name, text in {
        "aws/config": cli_section(ADA.profile, role, ADA.region),
        "aws/credentials": "\n".join(["[default]", *(f"{key} = {keys[key]}" for key in KEYS)]),
        "ssh/config": replace(ADA, instance=box).ssh_config("linux"),
    }.items():
        (home.home / f".{name}").write_text(f"{text}\n", encoding="utf-8")
    own = (f"{name}={home.home}/.aws/{file}" for name, file in AWS_FILES.items())
    ran = run(home, f"{' '.join(own)} ssh -T -F '{home.home}/.ssh/config' {ADA.host} true")
    assert home.sessions, ran.stderr
    [begun] = cloud.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert begun["Target"] == box
    assert ":assumed-role/vision-ada-console/" in begun["Owner"]


def test_without_a_key_no_session_is_begun(cloud: Cloud, home: SessionPlugin) -> None:
    box = online_box(cloud)
    (home.home / ".ssh" / "vision-ada-box.pub").unlink()
    ran = ssh(home, box)
    assert "No such file or directory" in ran.stderr
    assert home.sessions == []


def test_a_stopped_instance_takes_neither_a_key_nor_a_session(
    cloud: Cloud, home: SessionPlugin
) -> None:
    box = online_box(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[box])
    ran = ssh(home, box)
    assert "EC2InstanceStateInvalidException" in ran.stderr
    ran = run(home, BoxAddress("vision-ada-box", box, "us-east-1").forwarding(JUPYTER))
    assert "TargetNotConnected" in ran.stderr
    assert home.sessions == []


def test_a_port_is_forwarded_by_the_aws_cli(cloud: Cloud, home: SessionPlugin) -> None:
    box = online_box(cloud)
    address = BoxAddress("vision-ada-box", box, "us-east-1")
    for server in (JUPYTER, CODE):
        ran = run(home, address.forwarding(server))
        assert (ran.returncode, ran.stderr) == (0, "")
    assert run(home, address.shell).returncode == 0
    assert [one["request"] for one in home.sessions] == [
        {
            "Target": box,
            "DocumentName": "AWS-StartPortForwardingSession",
            "Parameters": {"portNumber": [port], "localPortNumber": [local]},
        }
        for port, local in (("8888", "18888"), ("8080", "18080"))
    ] + [{"Target": box}]
