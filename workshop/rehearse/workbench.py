"""A seat's notebook instance in a folder: its files, its set-up, and the Python of its kernels.

What a seat's notebook does when it starts is what was deployed: the on-start script and its
parameters, read from the cloud and run in the enclosure, with stand-ins for what only a machine of
AWS's has. Attendees' code then finds the variables, the defaults of the SageMaker Python SDK and
the hook that it finds on AWS.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop import files
from workshop.errors import UsageError, WorkshopError
from workshop.naming import Names
from workshop.rehearse import content, enclosed, interpreters, ways_out
from workshop.rehearse.enclosed import EnclosureLimits, EnclosureMounts

PROXY_PORT = 3128
CALLS = "opt/rehearsal/calls.jsonl"
ENVIRONMENT = "home/ec2-user/anaconda3/envs/python3"
_EXPORT = re.compile(r"export ([A-Za-z_][A-Za-z0-9_]*=.*)")

_STAND_INS = {
    "sudo": '[ "$1 $2 $3" = "-H -u ec2-user" ] && shift 3 && exec "$@"\n'
    'echo "sudo: there is none in a rehearsal" >&2; exit 1',
    "systemctl": "exit 0",
    "systemd-run": "exit 0",
}
_PASSWD = "ec2-user:x:1000:1000::/home/ec2-user:/bin/bash\n"  # noqa: S105 - nobody's password
_SETTINGS = {
    "passwd": f"root:x:0:0:root:/root:/bin/sh\n{_PASSWD}",
    "group": "root:x:0:\nec2-user:x:1000:\n",
    "hosts": "127.0.0.1 localhost notebook\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
}


@dataclass(frozen=True)
class Workbench:
    """The folder of one seat's notebook; ``confined`` is whether it is all that its code sees."""

    root: Path
    confined: bool
    base: Path
    """The packages of its kernels, see :mod:`workshop.rehearse.interpreters`."""
    index: interpreters.PackageIndex
    ways: EnclosureMounts
    command_line: Path | None = None
    """The packages of the AWS CLI, where the content runs it."""

    def seen(self, path: str) -> str:
        """Return a path of the notebook as its code sees it."""
        return f"/{path}" if self.confined else str(self.root / path)

    @property
    def home(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    @property
    def python(self) -> str:
        return self.seen(f"{ENVIRONMENT}/bin/python")

    def room(self) -> EnclosureMounts:
        """Return what the notebook's code sees."""
        opened = [
            (self.root / "home/ec2-user", "/home/ec2-user", True),
            (self.root / "etc", "/etc", True),
            (self.root / "opt", "/opt", True),
            *interpreters.system(),
            *((path, str(path), False) for path in self.index.shown),
        ]
        kept = [(path, self._packages(name), False) for name, path in self._kept().items()]
        programs = [(enclosed.PROGRAMS, "/opt/rehearsal/programs", False)]
        shown = [*opened, *enclosed.settings(), *kept, *programs, *self.ways.shown]
        return EnclosureMounts(shown, self.ways.ways)

    def _kept(self) -> dict[str, Path]:
        named = {"python3": self.base, "aws": self.command_line}
        return {name: path for name, path in named.items() if path}

    def _packages(self, name: str) -> str:
        return f"/opt/rehearsal/packages/{name}" if self.confined else str(self._kept()[name])

    @property
    def programs(self) -> str:
        return "/opt/rehearsal/programs" if self.confined else str(enclosed.PROGRAMS)

    # --- making it ----------------------------------------------------------------------------

    def make(self, source: Path, folder: str) -> None:
        """Lay the notebook's files: the content in ``folder``, Python, settings, stand-ins."""
        for name in ("etc", "opt/rehearsal/packages", "opt/rehearsal/bin", "home/ec2-user"):
            files.make_folder(self.root / name, root=self.root)
        self.home.mkdir(exist_ok=True)
        (self.root / "home/ec2-user/tmp").mkdir(exist_ok=True)
        content.copy(source, self.home / folder)
        for name, text in _SETTINGS.items():
            (self.root / "etc" / name).write_text(text, encoding="utf-8")
        (self.root / CALLS).write_text("", encoding="utf-8")
        self._interpreter()
        for name, body in _STAND_INS.items():
            self._command(name, body)
        python = shlex.quote(self.python)
        self._command("pip", f'exec {python} -m pip "$@"')
        self._command("pip3", f'exec {python} -m pip "$@"')
        played = shlex.quote(f"{self.programs}/uv_command.py")
        self._command("uv", f'exec {python} {played} "$@"')
        played = shlex.quote(f"{self.programs}/played_docker.py")
        self._command("docker", f'exec {python} {played} "$@"')
        for name in ("curl", "wget"):
            played = shlex.quote(f"{self.programs}/download.py")
            self._command(name, f'exec {python} {played} {name} "$@"')
        self._command("python3", f'exec {python} "$@"')
        if self.command_line:
            played = shlex.quote(f"{self.programs}/aws_command.py")
            packages = shlex.quote(self._packages("aws"))
            bare = shlex.quote(str(interpreters.base_python()))
            self._command("aws", f'exec {bare} -I {played} {packages} "$@"')

    def _interpreter(self) -> None:
        """Make an environment that finds the packages of the kept one behind its own."""
        folder = self.root / ENVIRONMENT
        subprocess.run(
            [interpreters.base_python(), "-m", "venv", "--without-pip", "--symlinks", folder],
            check=True,
            capture_output=True,
            env={},
        )
        site = self._site()
        packages = self._packages("python3")
        lines = {
            # A path alone would leave out the .pth files there.
            "packages.pth": f"import site; site.addsitedir({packages!r})\n",
            "rehearsal.pth": f"{self.programs}\nimport workshop_rehearsal\n",
        }
        for name, text in lines.items():
            (site / name).write_text(text, encoding="utf-8")

    def _site(self) -> Path:
        return next((self.root / ENVIRONMENT).glob("lib/python3*/site-packages"))

    def _command(self, name: str, body: str) -> None:
        file = self.root / "opt/rehearsal/bin" / name
        file.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        file.chmod(0o755)

    # --- its set-up ---------------------------------------------------------------------------

    def start(self, script: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run the on-start script as the notebook does, with the parameters that it reads."""
        answer = self.root / "opt/rehearsal/parameters.json"
        answer.write_text(json.dumps({"Parameters": list(parameters)}), encoding="utf-8")
        (self.root / "opt/rehearsal/on_start").write_text(script, encoding="utf-8")
        bin_ = self.root / "opt/rehearsal/bin"
        kept = bin_ / "aws"
        later = kept.read_bytes() if kept.exists() else None
        self._command("aws", f"cat {shlex.quote(self.seen('opt/rehearsal/parameters.json'))}")
        variables = {
            "PATH": f"{self.seen('opt/rehearsal/bin')}:/sbin:/bin:/usr/sbin:/usr/bin",
            "HOME": self.seen("home/ec2-user"),
            "WORKSHOP_ROOT": "" if self.confined else str(self.root),
        }
        command = ["/bin/bash", self.seen("opt/rehearsal/on_start")]
        with enclosed.running(
            command,
            variables,
            self.root / "start",
            room=self.room(),
            limits=EnclosureLimits(seconds=60),
            confined=self.confined,
            folder=self.seen("home/ec2-user"),
        ) as started:
            for _ in started.lines():
                pass
            code = started.process.wait()
            if code or not (self.root / "etc/profile.d/workshop.sh").exists():
                raise WorkshopError(
                    "the seat's notebook could not be set up here as it is on AWS:",
                    details=started.ended or started.said(),
                )
        kept.unlink()
        if later is not None:
            kept.write_bytes(later)
            kept.chmod(0o755)

    def constrained(self, requirement: str) -> dict[str, str]:
        """Keep pip to a requirement, which may be empty; return the variables for it.

        It is also kept from bringing what is left out of a rehearsal's Python.
        """
        file = "opt/rehearsal/constraints.txt"
        kept = interpreters.stand_for_left_out(self._site(), self.base)
        (self.root / file).write_text("\n".join([requirement, *kept, ""]), encoding="utf-8")
        return {"PIP_CONSTRAINT": self.seen(file)}

    def variables(self, cloud: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment of the notebook's code; ``cloud`` leads to the cloud."""
        own = self.seen(f"{ENVIRONMENT}/bin")
        stand_ins = self.seen("opt/rehearsal/bin")
        given = {
            "HOME": self.seen("home/ec2-user"),
            "USER": "ec2-user",
            "LOGNAME": "ec2-user",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "PATH": f"{stand_ins}:{own}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": "/tmp" if self.confined else self.seen("home/ec2-user/tmp"),  # noqa: S108
            "VIRTUAL_ENV": self.seen(ENVIRONMENT),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            # Where no index is in reach, that is soon clear.
            "PIP_RETRIES": "1",
            "PIP_DEFAULT_TIMEOUT": "15",
            "WORKSHOP_REHEARSAL_CALLS": self.seen(CALLS),
            **self.index.variables,
            **interpreters.proxies(self.ways),
            **exported((self.root / "etc/profile.d/workshop.sh").read_text(encoding="utf-8")),
            **cloud,
        }
        if not self.confined:
            folder = self.root / "etc/xdg/sagemaker/config.yaml"
            given["SAGEMAKER_ADMIN_CONFIG_OVERRIDE"] = str(folder)
        return given


def exported(script: str) -> dict[str, str]:
    """Return the variables that a script of the notebook exports, each by a line of its own."""
    found: dict[str, str] = {}
    for line in script.splitlines():
        matched = _EXPORT.fullmatch(line)
        if matched:
            name, _, value = shlex.split(matched[1])[0].partition("=")
            found[name] = value
    return found


def deployed_script(sagemaker: Any, names: Names) -> str:
    """Return the on-start script that the seat's notebook has in the cloud."""
    found = sagemaker.describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=names.lifecycle_config
    )
    return script(found)


def script(lifecycle_config: Mapping[str, Any]) -> str:
    """Return the on-start script of a lifecycle configuration, as SageMaker describes it."""
    return base64.b64decode(lifecycle_config["OnStart"][0]["Content"]).decode()


def deployed_parameters(ssm: Any, names: Names) -> list[dict[str, Any]]:
    """Return the parameters that the script reads, as SSM lists them."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=names.start_parameters)
    return [
        {"Name": parameter["Name"], "Value": parameter["Value"]}
        for page in pages
        for parameter in page["Parameters"]
    ]


def lay_data(s3: Any, bucket: str, data: Path | None, *, prefixes: Sequence[str]) -> None:
    """Put files into the seat's bucket under their paths; without any, one below each prefix.

    Jobs refuse to start without data, and what is in it nobody reads in a rehearsal.
    """
    if data is None:
        for prefix in prefixes:
            s3.put_object(Bucket=bucket, Key=f"{prefix}played.csv", Body=b"0,1\n")
        return
    if not data.is_dir():
        raise UsageError(f"{data} is no folder; name the one that holds the data")
    for path in sorted(data.rglob("*")):
        if path.is_file():
            s3.upload_file(str(path), bucket, path.relative_to(data).as_posix())


def ways(folder: Path, cloud_port: int, *, confined: bool) -> EnclosureMounts:
    """Return the ways out of an enclosure, whose sockets are in ``folder``, if it needs any."""
    if not confined:
        return EnclosureMounts()
    there = "/run/ways"
    return EnclosureMounts(
        [(folder, there, False)],
        [
            (cloud_port, f"{there}/{ways_out.CLOUD}"),
            (PROXY_PORT, f"{there}/{ways_out.INTERNET}"),
        ],
    )


def folder_of(source: Path) -> str:
    """Return the name of the content's folder on the notebook, kept to harmless characters."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", source.resolve().name).strip(".") or "content"
