"""Runs notebooks cell by cell and prints what became of each cell, as lines of JSON.

Run by its file inside an enclosure, with nbclient: ``python -I notebooks.py SPEC.json``. A cell
that fails ends nothing: the next ones follow, so that all that is denied is seen.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import math
import os
import re
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

TEXT = 2_000
"""Characters of an error that are told."""
SOURCE = 50_000
CALLS = 1_000
"""Calls of a cell that are told."""
NOT_DUMPABLE = 4
NO_ANSWER = """
def _answer(kernel):
    kind = type(kernel)
    kind.raw_input = lambda self, prompt="": ""
    kind.getpass = lambda self, prompt="", stream=None, **more: ""
_answer(get_ipython().kernel)
del _answer
"""
INSTALLS = re.compile(r"\b(?:pip3?|conda|mamba) +install\b")
"""In the code of cells that may take all the time that is left."""
RESTARTS = re.compile(
    r"^[^#\n]*(?:\.do_shutdown\(\s*(?:restart\s*=\s*)?True|\bos\._exit\()", re.MULTILINE
)
"""In the code of cells that end the kernel on purpose, so that a new one sees new packages."""
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class OneKernel(AsyncKernelManager):
    """Starts one Python, whatever kernel a notebook was saved with; with ``variables``."""

    python = ""
    variables: dict[str, str] = {}  # noqa: RUF012 - set for each

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(
            argv=command, env=self.variables, display_name="Python 3", language="python"
        )


class Rehearsal:
    """The notebooks of one workshop; ``out`` takes the lines."""

    def __init__(self, spec: dict[str, Any], out: Any) -> None:
        self.spec, self.out = spec, out
        self.calls = Path(spec["calls"])
        self.read = 0
        self.why = ("", "")
        self.deadline = time.monotonic() + float(spec["seconds"])

    def tell(self, **event: Any) -> None:
        self.out.write(json.dumps(event) + "\n")
        self.out.flush()

    def new_calls(self) -> list[Any]:
        """Return the calls since this was asked last."""
        with self.calls.open("rb") as file:
            file.seek(self.read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.read += len(whole)
        found = []
        for line in whole.splitlines()[:CALLS]:
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def raised(self, execute_reply: dict[str, Any], **_: Any) -> None:
        """Remember what ended a cell: libraries that draw tracebacks keep it from its outputs."""
        content = execute_reply["content"]
        text = ESCAPES.sub("", str(content.get("evalue", "")))
        self.why = (str(content.get("ename", "")) or "Error", text)

    def left(self) -> float:
        return self.deadline - time.monotonic()

    async def run(self) -> None:
        for name in self.spec["notebooks"]:
            if self.left() <= 0:
                self.tell(notebook=name, event="not reached")
                continue
            self.tell(notebook=name, event="began")
            try:
                await self.notebook(name)
            except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
                self.tell(
                    notebook=name, event="broken", why=f"{type(error).__name__}: {error}"[:TEXT]
                )

    async def notebook(self, name: str) -> None:
        path = Path(self.spec["content"], name)
        book = read(path)
        cells = [(index, cell) for index, cell in enumerate(book.cells) if is_code(cell)]
        numbers = {index: at + 1 for at, (index, _) in enumerate(cells)}
        rest = [(index, cell) for index, cell in cells if cell.source.strip()]
        alive = True
        while rest:
            manager = OneKernel()
            client = self.client(book, path, manager)
            try:
                async with client.async_setup_kernel():
                    await self.answer_nothing(client)
                    self.new_calls()
                    while rest:
                        index, cell = rest.pop(0)
                        facts = {"notebook": name, "cell": numbers[index]}
                        facts["source"] = cell.source[:SOURCE]
                        restarts = RESTARTS.search(cell.source) is not None
                        if alive and self.left() > 0:
                            alive = await self.cell(facts, client, cell, index) or restarts
                        else:
                            self.tell(**facts, event="cell", status="not reached")
                        if restarts:
                            break  # as the notebook's server does, which then has a new kernel
            finally:
                # Nbclient leaves a kernel that it was given a manager for, with all its memory.
                await manager.shutdown_kernel(now=True)

    def client(self, book: Any, path: Path, manager: OneKernel) -> NotebookClient:
        manager.python = self.spec["python"]
        kernels = self.spec.get("kernels")
        if kernels is not None:  # of a notebook of AWS's
            saved_with = book.metadata.get("kernelspec", {}).get("name")
            manager.python = kernels.get(saved_with, manager.python)
            folder = str(Path(manager.python).parent)
            manager.variables = {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
        return NotebookClient(
            book,
            km=manager,
            allow_errors=True,
            interrupt_on_timeout=True,
            startup_timeout=60,
            store_widget_state=False,
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_error=self.raised,
        )

    async def answer_nothing(self, client: Any) -> None:
        """Let questions of the code (``input``, ``getpass``) be answered as by Enter alone."""
        client.kc.execute(NO_ANSWER, silent=True, store_history=False)
        with suppress(Exception):
            await client.kc.wait_for_ready(timeout=60)

    async def cell(self, known: dict[str, Any], client: Any, cell: Any, index: int) -> bool:
        """Run a cell, tell what became of it; return whether the kernel is still there."""
        installs = INSTALLS.search(cell.source) is not None
        most = self.left() if installs else min(self.spec["cell_seconds"], self.left())
        seconds = max(1.0, most)
        client.timeout = math.ceil(seconds)
        began, status, self.why = time.time(), "ok", ("", "")
        try:
            await client.async_execute_cell(cell, index)
            status = "error" if self.why[0] else "ok"
        except CellTimeoutError:
            status = "timeout"
        except DeadKernelError:
            status = "ok" if RESTARTS.search(cell.source) else "dead"
        if status != "dead" and time.time() - began >= seconds:
            status = "timeout"
        self.tell(
            **known,
            event="cell",
            status=status,
            name=self.why[0][:200],
            text=self.why[1][:TEXT],
            began=began,
            ended=time.time(),
            kernel=getattr(client.km.provisioner, "pid", None),
            calls=self.new_calls(),
        )
        cell.outputs = []
        return status != "dead"


def is_code(cell: Any) -> bool:
    return bool(cell.cell_type == "code")


def read(path: Path) -> Any:
    """Return a notebook in the form that nbclient runs."""
    as_read: Any = nbformat
    return as_read.reads(path.read_text(encoding="utf-8"), as_version=4)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if sys.platform == "linux":
        # The notebooks' code, which runs as the same user, may not look into this process.
        ctypes.CDLL(None).prctl(NOT_DUMPABLE, 0, 0, 0, 0)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    warnings.simplefilter("ignore")
    asyncio.run(Rehearsal(spec, out).run())


if __name__ == "__main__":
    main()
