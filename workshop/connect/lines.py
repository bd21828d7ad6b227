"""Lines that lead from somebody's own machine to an EC2 instance, without a call of AWS.

Nothing is opened at the instance: every way is a session of Systems Manager, which the AWS CLI and
its session plug-in carry. For SSH, EC2 Instance Connect gives the instance a public key for a
minute (https://docs.aws.amazon.com/ec2/latest/userguide/ec2-instance-connect-methods.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workshop.naming import BOX_USER

System = Literal["linux", "macos", "windows"]
SYSTEMS: tuple[System, ...] = ("linux", "macos", "windows")

FOLDER = f"/home/{BOX_USER}/SageMaker"
"""Where the content of the workshop is, as on a notebook."""
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
"""Part of Windows; AWS's own lines for ``ssh`` on Windows begin so
(https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-enable-ssh-connections.html)."""


@dataclass(frozen=True)
class IdeServer:
    """A server on the instance's loopback interface, and the port that it gets at home.

    The ports differ, since many a machine has a JupyterLab of its own.
    """

    port: int
    local_port: int
    path: str

    @property
    def address(self) -> str:
        """What a browser opens while the port is forwarded."""
        return f"http://localhost:{self.local_port}{self.path}"


JUPYTER = IdeServer(8888, 18888, "/lab")
CODE = IdeServer(8080, 18080, f"/?folder={FOLDER}")
THROUGH_NOTEBOOK = "workshop-box"
"""The command of a seat's notebook that forwards ``CODE`` to it and says what to open there."""


@dataclass(frozen=True)
class BoxAddress:
    """An instance as its lines name it: ``host`` is what people type, ``profile`` who they are.

    ``profile`` is one of the AWS CLI, empty for whoever calls in any case.
    """

    host: str
    instance: str
    region: str
    profile: str = ""

    @property
    def _who(self) -> str:
        profile = f" --profile {self.profile}" if self.profile else ""
        return f"--region {self.region}{profile}"

    def forwarding(self, server: IdeServer) -> str:
        """Return the command that brings a server's port to the machine at which it runs."""
        # Without quotes PowerShell would make two arguments of it.
        ports = f'"portNumber={server.port},localPortNumber={server.local_port}"'
        return (
            f"aws ssm start-session --target {self.instance}"
            f" --document-name AWS-StartPortForwardingSession --parameters {ports} {self._who}"
        )

    @property
    def shell(self) -> str:
        """Return the command for a shell without SSH."""
        return f"aws ssm start-session --target {self.instance} {self._who}"

    @property
    def key(self) -> str:
        """Return the command that makes the key pair; one line for ``sh`` and for PowerShell."""
        return f'ssh-keygen -t ed25519 -f "$HOME/.ssh/{self.host}"'

    @property
    def remote(self) -> str:
        """Return the command that opens the workshop's folder in VS Code."""
        return f"code --remote ssh-remote+{self.host} {FOLDER}"

    def ssh_config(self, system: System, *, key: str = "") -> str:
        """Return the block of ``~/.ssh/config``; ``key`` is another file than that of ``key``."""
        identity = key or f"~/.ssh/{self.host}"
        lines = {
            "HostName": self.instance,
            "User": BOX_USER,
            "IdentityFile": identity,
            "IdentitiesOnly": "yes",
            # The name is that of the instance, which IAM has proven to be the right one.
            "StrictHostKeyChecking": "accept-new",
            "ServerAliveInterval": "30",
            "ProxyCommand": self._proxy(system, identity),
        }
        return "\n".join(
            [f"Host {self.host}", *(f"    {key} {value}" for key, value in lines.items())]
        )

    def _proxy(self, system: System, identity: str) -> str:
        # The AWS CLI reads '~' itself, on each system.
        send = (
            "aws ec2-instance-connect send-ssh-public-key --instance-id %h --instance-os-user %r"
            f" --ssh-public-key file://{identity}.pub {self._who}"
        )
        start = (
            "aws ssm start-session --target %h --document-name AWS-StartSSHSession"
            f" --parameters portNumber=%p {self._who}"
        )
        if system == "windows":
            # OpenSSH for Windows runs it without a shell: quotes are added around the program, up
            # to ".exe", and the rest is passed on as it is (build_commandline_string in
            # contrib/win32/win32compat/misc.c of PowerShell/openssh-portable). So the script is one
            # argument for as long as it has no quote of its own.
            # PowerShell 5.1, which Windows has, knows no '&&'.
            once_sent = f"{send} | Out-Null; if ($LASTEXITCODE -eq 0) {{ {start} }}"
            return f'{POWERSHELL} -NoProfile -Command "{once_sent}"'
        # Without a shell of its own, 'exec' before the line would end it at '&&'.
        return f'sh -c "{send} >/dev/null && exec {start}"'


def cli_section(name: str, role: str, region: str) -> str:
    """Return the section of ``~/.aws/config`` that takes on a role from the profile ``default``."""
    return f"[profile {name}]\nrole_arn = {role}\nsource_profile = default\nregion = {region}"
