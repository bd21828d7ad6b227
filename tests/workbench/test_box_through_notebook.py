"""VS Code of an EC2 instance through a notebook: real JupyterLab, real proxy, real browser.

JupyterLab, its proxy and code-server are of the releases that machines install, with the options of
their units. A session of Systems Manager is played by a relay of TCP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit

import pytest

from tests.support.accessibility import picture
from tests.support.box_class import box_stack
from tests.support.box_notebook import COMMAND, Notebook
from tests.support.local_cloud import Cloud
from workbench import packed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
JUPYTER = ROOT / ".venv-jupyter"
CODE_SERVER = ROOT / ".venv-code-server/node_modules/code-server"
ANYWHERE = ("--allow-root", "--ServerApp.port=0")
"""Tests run as root, too, and beside other servers."""
RELAY = """\
#!{python}
import asyncio, json, sys

async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

async def joined(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", {port})
    await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)

async def main():
    port = int(json.loads(sys.argv[5])["Parameters"]["localPortNumber"][0])
    async with await asyncio.start_server(joined, "127.0.0.1", port) as server:
        print("Waiting for connections...", flush=True)
        await server.serve_forever()

if sys.argv[1:] == ["--version"]:
    print("1.2.9999.0")
else:
    asyncio.run(main())
"""


@contextmanager
def running(
    ready: str, *command: str | Path, env: dict[str, str], cwd: Path
) -> Iterator[re.Match[str]]:
    """Run a program until the end of the block, which begins when what it says fits ``ready``."""
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # the AWS CLI leaves its plug-in behind when it is ended alone
    )
    with process:
        output = cast(IO[str], process.stdout)
        said: list[str] = []
        try:
            for line in output:
                said.append(line)
                if found := re.search(ready, "".join(said), re.DOTALL):
                    break
            else:
                raise AssertionError("".join(said))
            Thread(target=output.read).start()  # or its pipe would fill
            yield found
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def home(folder: Path) -> dict[str, str]:
    """Make a home of its own for a server, and return the environment that names it."""
    folder.mkdir()
    return {"HOME": str(folder), "PATH": f"{JUPYTER}/bin:/usr/bin:/bin"}


def of_unit(name: str) -> list[str]:
    """Return the command of a unit of an instance, program and options."""
    line = re.search(rf'^ *server {name} \S+ "([^"]*)"', packed.set_up(), re.MULTILINE)
    assert line
    return line[1].replace("\\\n", "").split()


@contextmanager
def jupyter(folder: Path, *options: str) -> Iterator[int]:
    """Run JupyterLab with these options and return its port."""
    program, ready = JUPYTER / "bin/jupyter-lab", r"ServerApp\] http://[^:]+:(\d+)/lab"
    given = ("--no-browser", *options, *ANYWHERE)
    with running(ready, program, *given, env=home(folder), cwd=folder) as found:
        yield int(found[1])


@contextmanager
def jupyter_of_a_notebook(folder: Path) -> Iterator[int]:
    """Run JupyterLab as SageMaker has it: whom it lets in is decided before it."""
    whoever = ("--IdentityProvider.token=", "--ServerApp.allow_remote_access=True")
    with jupyter(folder, "--ServerApp.ip=127.0.0.1", *whoever) as port:
        yield port


def status(port: int, path: str, host: str) -> int:
    """Return what a server answers that is asked by a name of the machine's."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def code_server(folder: Path) -> Iterator[int]:
    """Run code-server as an instance's unit does, in a folder with a file, and return its port."""
    env = home(folder)
    content = folder / "SageMaker"
    content.mkdir()
    (content / "lab.ipynb").touch()
    program, *options = of_unit("code-server")
    assert program.endswith("/code-server/bin/code-server")
    options[options.index("127.0.0.1:8080")] = "127.0.0.1:0"
    node, entry = ROOT / ".venv/bin/node", CODE_SERVER / "out/node/entry.js"
    ready = r"HTTP server listening on http://127.0.0.1:(\d+)/"
    with running(ready, node, entry, *options, env=env, cwd=content) as found:
        yield int(found[1])


def test_vs_code_of_an_instance_lists_its_files_in_a_browser_through_the_notebook(
    box_notebook: Notebook, cloud: Cloud, browser: Browser, tmp_path: Path
) -> None:
    own, local, env = box_stack(cloud, "ada"), free_port(), box_notebook.plugin.environment
    with (
        code_server(tmp_path / "box") as of_code,
        jupyter_of_a_notebook(tmp_path / "jupyter") as outer,
    ):
        plugin = box_notebook.plugin.home / "bin/session-manager-plugin"
        plugin.write_text(RELAY.format(python=sys.executable, port=of_code))
        root = box_notebook.sandbox.root
        given = {"WORKSHOP_ROOT": str(root), "HOME": str(root / "home/ec2-user")}
        command = (root / COMMAND, str(local))
        opening = rf"VS Code of {own}: leave this running, and open https://(\S+)\n.*Waiting for"
        with running(opening, *command, env={**env, **given}, cwd=root) as told:
            address = urlsplit(f"http://{told[1]}")
            assert address.path == f"/proxy/{local}/"
            page = browser.new_page()
            page.goto(f"http://{address.hostname}:{outer}{address.path}")
            # Files are told through a web socket.
            page.get_by_role("treeitem", name="lab.ipynb").wait_for()
            assert page.url.endswith(f"{address.path}?folder={tmp_path}/box/SageMaker")
            picture(page, "box-through-notebook")
            page.close()


def test_jupyterlab_of_an_instance_runs_as_its_unit_says_and_answers_to_its_own_names_alone(
    tmp_path: Path,
) -> None:
    """So nobody is led to it by a name of theirs, and it does not go through a notebook."""
    program, *options = of_unit("jupyter-server")
    assert program.endswith("/envs/JupyterSystemEnv/bin/jupyter-lab")
    options.remove("--no-browser")
    options.remove("--ServerApp.port=8888")
    name = "vision-ada-notebook-abcd.notebook.eu-west-1.sagemaker.aws"
    with (
        jupyter(tmp_path / "box", *options) as inner,
        jupyter_of_a_notebook(tmp_path / "notebook") as outer,
    ):
        for host in (f"localhost:{inner}", f"127.0.0.1:{inner}"):
            assert status(inner, "/lab", host) == 200
        assert status(inner, "/lab", name) == 403
        assert status(outer, "/lab", name) == 200
        assert status(outer, f"/proxy/{inner}/lab", name) == 403


def test_what_is_tested_here_is_what_machines_install() -> None:
    listed = subprocess.run(
        [
            JUPYTER / "bin/python",
            "-c",
            "import importlib.metadata as m\nfor d in m.distributions():"
            " print(d.metadata['Name'].replace('_', '-') + '==' + d.version)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    texts = packed.bare("box.sh") + packed.bare("workshop_box.sh")
    pinned = re.findall(r"\b(?:ipykernel|jupyterlab|jupyter-server-proxy)==[\d.]+", texts)
    assert len(pinned) == 3
    assert set(pinned) <= set(listed)
    package = json.loads((CODE_SERVER / "package.json").read_text(encoding="utf-8"))
    assert re.findall(r"^version=(\S+)$", texts, re.MULTILINE) == [package["version"]]
