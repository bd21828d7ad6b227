"""The local cloud with 100, 1,000 and 10,000 resources: Describe calls, List pages, start-up.

- ours: calls a second from one process and from two at once, milliseconds a page, seconds until a
  new cloud answers;
- floor: the same server answering its health path, which is HTTP alone; of the start, a process
  that only imports the emulator and the HTTP server;
- peer: moto's server doing the same, where it is installed (it is a development tool). It lists no
  lifecycle configurations, and to make 10,000 of them takes it too long.

Calls go over bare connections that are kept (``calls``): boto3 itself manages some hundred a
second. The resources are notebook lifecycle configurations, whose number no quota limits. A page
holds 20 of them; the middle one starts at half of all.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from bench import calls, environment
from bench.calls import MeasuredCall
from bench.measure import Measure, Result, process, side_by_side
from localcloud import process as local_cloud
from localcloud.record import Running
from localcloud.server import bound_socket

SIZES = (100, 1_000, 10_000)
MOST_FOR_PEER = 1_000
CLIENTS = (1, 2)
PAGE = 20
RUNS = 3
STARTS = 5
PEER_STARTS = 2
SECONDS = 0.5
"""How long each rate is measured."""
LISTINGS = 60
"""Calls of which a page's time is the median."""
DEADLINE = 30.0

NAME = "NotebookInstanceLifecycleConfigName"
CREATE = "CreateNotebookInstanceLifecycleConfig"
LIST = partial(calls.sagemaker, "ListNotebookInstanceLifecycleConfigs", MaxResults=PAGE)
DESCRIBE = calls.sagemaker("DescribeNotebookInstanceLifecycleConfig", **{NAME: "config-00050"})
MOTO_HEALTH = calls.get("/moto-api/")


@dataclass(frozen=True)
class BenchServer:
    """One server under measurement."""

    port: int
    pid: int
    running: Running | None = None
    """Ours; moto's has no secret and looks at no signature."""

    def request(self, call: MeasuredCall) -> bytes:
        """Return a call as this server takes it."""
        return call.to(self.port, self.running.secret if self.running else "")

    @property
    def health(self) -> bytes:
        """Return the request of our health path."""
        assert self.running is not None
        return calls.get("/_localcloud/health", **local_cloud.authorization(self.running))

    def resident_mb(self) -> float:
        """Return its memory in MB; it hardly ever shrinks, so this is about the peak."""
        listing = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.pid)],  # noqa: S607 - wherever POSIX puts it
            capture_output=True,
            text=True,
            check=True,
        )
        return int(listing.stdout) / 1024


def results() -> Iterator[Result]:
    """The start, then four results a size."""
    yield side_by_side(
        "start",
        size=1,
        runs=STARTS,
        ours=_start_ours,
        floor=_import_alone,
        peer=_start_moto if find_spec("moto") else None,
        peer_runs=PEER_STARTS,
    )
    with ExitStack() as stack:
        ours = stack.enter_context(_cloud())
        peer = stack.enter_context(_moto()) if find_spec("moto") else None
        context = get_context("spawn")
        clients = stack.enter_context(ProcessPoolExecutor(max(CLIENTS), mp_context=context))
        filled = 0
        for size in SIZES:
            compared = peer if size <= MOST_FOR_PEER else None
            for server in filter(None, (ours, compared)):
                _fill(clients, server, filled, size)
            filled = size
            yield from _describes(clients, size, ours, compared)
            yield from _lists(size, ours)


def _describes(
    clients: ProcessPoolExecutor, size: int, ours: BenchServer, peer: BenchServer | None
) -> Iterator[Result]:
    for number in CLIENTS:

        def rate(server: BenchServer, request: bytes, number: int = number) -> float:
            tasks = [
                clients.submit(calls.rate, server.port, request, SECONDS) for _ in range(number)
            ]
            return sum(task.result() for task in tasks)

        yield _in_turns(
            f"describe, {number} client{'s' if number > 1 else ''}",
            "/s",
            size,
            ours,
            mine=lambda: rate(ours, ours.request(DESCRIBE)),
            floor=lambda: rate(ours, ours.health),
            peer=None if peer is None else partial(rate, peer, peer.request(DESCRIBE)),
        )


def _lists(size: int, ours: BenchServer) -> Iterator[Result]:
    for which, request in (("first", ours.request(LIST())), ("middle", _middle(ours, size))):
        yield _in_turns(
            f"list, {which} page",
            "ms",
            size,
            ours,
            mine=partial(_milliseconds, ours, request),
            floor=partial(_milliseconds, ours, ours.health),
        )


def _in_turns(
    name: str,
    unit: str,
    size: int,
    server: BenchServer,
    *,
    mine: Callable[[], float],
    floor: Callable[[], float],
    peer: Callable[[], float] | None = None,
) -> Result:
    """Return medians of figures taken by turns, as ``side_by_side`` does of whole processes."""
    turns = [(mine(), floor(), peer() if peer else None) for _ in range(RUNS)]
    ours, least = (statistics.median(column) for column in list(zip(*turns, strict=True))[:2])
    others = [figure for _, _, figure in turns if figure is not None]
    theirs = statistics.median(others) if others else None
    return Result(
        name=name,
        unit=unit,
        size=size,
        ours=ours,
        floor=least,
        peer=theirs,
        ours_to_floor=ours / least,
        peer_to_ours=None if theirs is None else theirs / ours,
        peak_mb=server.resident_mb(),
        runs=RUNS,
    )


def _milliseconds(server: BenchServer, request: bytes) -> float:
    connection = calls.Connection(server.port)
    taken = []
    for _ in range(LISTINGS):
        began = time.perf_counter()
        connection.call(request)
        taken.append(time.perf_counter() - began)
    connection.close()
    return statistics.median(taken) * 1000


def _middle(server: BenchServer, size: int) -> bytes:
    """Return the request for the page at half of all; it takes all pages before to find."""
    connection = calls.Connection(server.port)
    request = server.request(LIST())
    for _ in range(size // PAGE // 2):
        page = json.loads(connection.call(request))
        assert len(page["NotebookInstanceLifecycleConfigs"]) == PAGE
        request = server.request(LIST(NextToken=page["NextToken"]))
    connection.close()
    return request


def _fill(clients: ProcessPoolExecutor, server: BenchServer, already: int, size: int) -> None:
    requests = [
        server.request(calls.sagemaker(CREATE, **{NAME: f"config-{number:05}"}))
        for number in range(already, size)
    ]
    shares = [requests[share :: max(CLIENTS)] for share in range(max(CLIENTS))]
    for task in [clients.submit(calls.every, server.port, share) for share in shares]:
        task.result()


@contextmanager
def _cloud() -> Iterator[BenchServer]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-localcloud-") as folder,
        environment.running_cloud(Path(folder), region=calls.REGION) as running,
    ):
        yield BenchServer(running.port, running.pid, running)


@contextmanager
def _moto() -> Iterator[BenchServer]:
    with bound_socket(0) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", calls.HOST, "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as child:
        try:
            _wait_for(port, child)
            yield BenchServer(port, child.pid)
        finally:
            child.terminate()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE
    while child.poll() is None and time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            calls.Connection(port).call(MOTO_HEALTH)
            return
        time.sleep(0.02)
    raise RuntimeError("moto's server did not start")


def _start_ours() -> Measure:
    with tempfile.TemporaryDirectory(prefix="bench-localcloud-") as folder:
        started = local_cloud.start(Path(folder))
        run = Measure(
            started.seconds, BenchServer(started.running.port, started.running.pid).resident_mb()
        )
        local_cloud.stop(Path(folder))
    return run


def _import_alone() -> Measure:
    command = [sys.executable, "-c", "import ministack.app, uvicorn"]
    return process(command, cwd=tempfile.gettempdir(), variables=os.environ)


def _start_moto() -> Measure:
    began = time.perf_counter()
    with _moto() as server:
        return Measure(time.perf_counter() - began, server.resident_mb())
