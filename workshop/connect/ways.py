"""The ways from a machine of some system into a seat's instance, each in steps that people take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workshop.connect.lines import (
    CODE,
    FOLDER,
    JUPYTER,
    THROUGH_NOTEBOOK,
    BoxAddress,
    IdeServer,
    System,
)

AWS_CLI = "the AWS CLI"
PLUGIN = "its Session Manager plug-in"
SSH = "an OpenSSH client"
INSTALLING = {
    AWS_CLI: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    PLUGIN: "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html",
    SSH: "part of Linux and macOS, and an optional feature of Windows",
}
"""What has to be on a machine, and where it comes from."""


class Ide(StrEnum):
    """What people work with."""

    JUPYTER = "jupyter"
    CODE = "code"
    VSCODE = "vscode"
    JETBRAINS = "jetbrains"
    SSH = "ssh"
    SHELL = "shell"


SERVERS: dict[Ide, IdeServer] = {Ide.JUPYTER: JUPYTER, Ide.CODE: CODE}
"""What is a page in the browser."""
OVER_SSH = (Ide.VSCODE, Ide.JETBRAINS, Ide.SSH)


@dataclass(frozen=True)
class ConnectStep:
    """Something to do: a ``text`` to type, or for a ``file`` in which it stands once."""

    about: str
    text: str
    file: str = ""


@dataclass(frozen=True)
class ConnectWay:
    """All steps of one way; ``address`` is what a browser opens meanwhile."""

    ide: Ide
    needs: tuple[str, ...]
    steps: tuple[ConnectStep, ...]
    address: str = ""


def way(ide: Ide, address: BoxAddress, system: System) -> ConnectWay:
    """Return the way into an instance with an IDE, but for who people are to AWS."""
    needs = (AWS_CLI, PLUGIN)
    if ide in SERVERS:
        server = SERVERS[ide]
        about = f"{_NAMES[ide]}: leave this running, and open {server.address}"
        step = ConnectStep(about, address.forwarding(server))
        return ConnectWay(ide, needs, (step,), server.address)
    if ide is Ide.SHELL:
        step = ConnectStep("A shell without SSH", address.shell)
        return ConnectWay(ide, needs, (step,))
    once = (
        ConnectStep("Once: a key pair of your own, which needs no passphrase", address.key),
        ConnectStep("Once", address.ssh_config(system), "~/.ssh/config"),
    )
    return ConnectWay(ide, (*needs, SSH), (*once, _over_ssh(ide, address)))


def through_notebook() -> ConnectStep:
    """Return the way of a seat that has a notebook as well: nothing is installed at home."""
    about = (
        "Through the notebook, without any installation: in a terminal of it, which then says what"
        " to open"
    )
    return ConnectStep(about, THROUGH_NOTEBOOK)


def _over_ssh(ide: Ide, address: BoxAddress) -> ConnectStep:
    if ide is Ide.VSCODE:
        return ConnectStep("VS Code, with its extension Remote - SSH", address.remote)
    if ide is Ide.JETBRAINS:
        about = (
            "JetBrains Gateway, SSH: as host this, with 'OpenSSH config and authentication agent',"
            f" and the folder {FOLDER}"
        )
        return ConnectStep(about, address.host)
    return ConnectStep("A terminal", f"ssh {address.host}")


_NAMES = {Ide.JUPYTER: "JupyterLab", Ide.CODE: "VS Code in the browser"}
