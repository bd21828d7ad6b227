"""VS Code of an EC2 instance through a notebook: real JupyterLab, real proxy, real browser.

The releases are those that machines install. A session of Systems Manager is played by a relay of
TCP, and code-server, which no registry has ready to run, by a page that asks the same of a proxy.
"""

from __future__ import annotations

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

from tests.support.box_class import box_stack
from tests.support.box_notebook import COMMAND, Notebook
from tests.support.local_cloud import Cloud
from workbench import packed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.long
JUPYTER = Path(__file__).parents[2] / ".venv-jupyter"
ANYWHERE = ("--allow-root", "--ServerApp.port=0")
"""Tests run as root, too, and beside other servers."""
PAGE = """\
import tornado.ioloop, tornado.web, tornado.websocket

class Front(tornado.web.RequestHandler):
    def get(self):
        if not self.get_query_argument("folder", ""):
            return self.redirect("./?folder=/home/ec2-user/SageMaker")
        self.write('<!DOCTYPE html><p id="said"></p><script src="./static/page.js"></script>')

class Script(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/javascript")
        self.write('''
            const at = location.href.replace(/^http/, "ws").replace(/[?].*/, "at");
            const socket = new WebSocket(at);
            socket.onopen = () => socket.send("typed");
            socket.onmessage = (event) => {
                document.getElementById("said").textContent = event.data;
            };
        ''')

class Socket(tornado.websocket.WebSocketHandler):  # which takes none of another origin
    def on_message(self, text):
        self.write_message(f"{text} in a terminal")

handlers = [("/", Front), ("/static/page.js", Script), ("/at", Socket)]
[opened] = tornado.web.Application(handlers).listen(0, "127.0.0.1")._sockets.values()
print("port", opened.getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
"""
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


def test_a_page_and_its_web_socket_reach_a_browser_through_the_notebook(
    box_notebook: Notebook, cloud: Cloud, browser: Browser, tmp_path: Path
) -> None:
    own, local, env = box_stack(cloud, "ada"), free_port(), box_notebook.plugin.environment
    serving = (JUPYTER / "bin/python", "-c", PAGE)
    with (
        running(r"port (\d+)", *serving, env=home(tmp_path / "box"), cwd=tmp_path) as of_page,
        jupyter_of_a_notebook(tmp_path / "jupyter") as outer,
    ):
        plugin = box_notebook.plugin.home / "bin/session-manager-plugin"
        plugin.write_text(RELAY.format(python=sys.executable, port=of_page[1]))
        root = box_notebook.sandbox.root
        given = {"WORKSHOP_ROOT": str(root), "HOME": str(root / "home/ec2-user")}
        command = (root / COMMAND, str(local))
        opening = rf"VS Code of {own}: leave this running, and open https://(\S+)\n.*Waiting for"
        with running(opening, *command, env={**env, **given}, cwd=root) as told:
            address = urlsplit(f"http://{told[1]}")
            assert address.path == f"/proxy/{local}/"
            page = browser.new_page()
            page.goto(f"http://{address.hostname}:{outer}{address.path}")
            page.get_by_text("typed in a terminal").wait_for()
            assert page.url.endswith(f"{address.path}?folder=/home/ec2-user/SageMaker")
            page.close()


def test_jupyterlab_of_an_instance_runs_as_its_unit_says_and_answers_to_its_own_names_alone(
    tmp_path: Path,
) -> None:
    """So nobody is led to it by a name of theirs, and it does not go through a notebook."""
    line = re.findall(
        r'^ *server jupyter-server JupyterLab "([^"]*)"', packed.set_up(), re.MULTILINE
    )[0]
    program, *options = line.replace("\\\n", "").split()
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
