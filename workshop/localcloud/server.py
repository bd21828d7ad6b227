"""The process of the local cloud: ``python -m workshop.localcloud.server``, started by ``process``.

The socket is bound to 127.0.0.1 before ministack is imported, because its modules read their port
from the environment at import. All of it is loaded and corrected before the first request is
taken, so nothing ever sees the emulator as it comes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from workshop.errors import LocalCloudError
from workshop.localcloud import emulator, record
from workshop.localcloud.clock import Clock
from workshop.localcloud.cloudformation.mount import mount
from workshop.localcloud.control import Control, clock_knob, delays_knob
from workshop.localcloud.sagemaker.service import SageMakerService, build_engine
from workshop.localcloud.settings import Delays, delays

HOST = "127.0.0.1"


def options(argv: list[str]) -> argparse.Namespace:
    """Give the server's own command line; people use ``workshop cloud start`` instead."""
    parser = argparse.ArgumentParser(prog="python -m workshop.localcloud.server")
    parser.add_argument("--instance", required=True, help="the id this process must answer with")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account", default="000000000000")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--persist", action="store_true")
    parser.add_argument("--delays", type=json.loads, default={}, help="seconds by passage, as JSON")
    return parser.parse_args(argv)


def emulator_environment(
    port: int, account: str, region: str, state_dir: Path, *, persist: bool
) -> dict[str, str]:
    """Give what ministack reads from the environment, closed to everything outside this machine."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        # Any AWS-managed policy can be attached; its document is ministack's stand-in.
        "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        # Its start and stop remove containers by label: never look for a Docker daemon.
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "PERSIST_STATE": "1" if persist else "0",
        "STATE_DIR": str(state_dir / "services"),
        "S3_PERSIST": "1" if persist else "0",
        "S3_DATA_DIR": str(state_dir / "objects"),
    }


def bound_socket(port: int) -> socket.socket:
    """Give a listening socket on the loopback interface; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise LocalCloudError(
            f"port {port} cannot be opened ({error.strerror}); choose another with --port"
        ) from error
    return listener


def build(clock: Clock, waits: Delays, instance: str) -> Control:
    """Give the ASGI application: ministack with our services, types, corrections and controls."""
    engine = build_engine(clock, waits)
    waits.changed = engine.statuses.reschedule
    emulator.add_json_service("sagemaker", "SageMaker", SageMakerService(engine))
    mount(engine)
    knobs = {
        "clock": clock_knob(clock),
        "delays": delays_knob(waits),
    }
    return Control(emulator.module("app").app, instance, clock, knobs, engine.statuses.run_due)


async def serve(application: Control, listener: socket.socket, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    # Idle keep-alive connections are what is waited for: a request takes milliseconds.
    config.graceful_timeout = 0.2
    try:
        await hypercorn_serve(application, config, shutdown_trigger=stop.wait)
    finally:
        # Threads that wait for a notebook hold the loop open until they end.
        clock.close()


def main(argv: list[str]) -> int:
    """Run one local cloud in the foreground; the exit code of the process."""
    chosen = options(argv)
    state_dir: Path = chosen.state_dir.resolve()
    try:
        emulator.check_release()
        listener = bound_socket(chosen.port)
    except LocalCloudError as error:
        print(f"local cloud: {error}", file=sys.stderr)
        return error.exit_code
    port = int(listener.getsockname()[1])
    os.environ.update(
        emulator_environment(port, chosen.account, chosen.region, state_dir, persist=chosen.persist)
    )
    clock = Clock()
    application = build(clock, delays(chosen.delays), chosen.instance)
    record.write(
        state_dir,
        record.Running(
            instance=chosen.instance,
            pid=os.getpid(),
            port=port,
            account=chosen.account,
            region=chosen.region,
            persist=chosen.persist,
            started=clock.now(),
        ),
    )
    try:
        asyncio.run(serve(application, listener, clock))
    finally:
        record.remove(state_dir, chosen.instance)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
