"""The process of the local cloud: ``python -m localcloud.server``, started by ``process``.

The socket is bound to 127.0.0.1 before ministack is imported, because its modules read their port
from the environment at import. All of it is loaded and corrected before the first request is
taken, so no client ever meets the unpatched emulator.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uvicorn import Config, Server

from localcloud import (
    application_auto_scaling,
    billing,
    bucket_requests,
    dashboards,
    ministack_adapter,
    protections,
    record,
    registries,
    rules,
    supported_operations,
    wordings,
)
from localcloud.admin import (
    AdminEndpoint,
    AdminInterface,
    AsyncEndpoint,
    clock_endpoint,
    delays_endpoint,
)
from localcloud.authentication import keys, owners, public
from localcloud.authentication.gate import Gate
from localcloud.clock import Clock
from localcloud.closed_accounts import patch_closed_accounts
from localcloud.cloudformation.listings import stacks_endpoint
from localcloud.cloudformation.patches import patch_cloudformation
from localcloud.concurrency import patch_concurrency
from localcloud.ec2 import service as ec2_service
from localcloud.ec2.world import Ec2World
from localcloud.errors import LocalCloudError
from localcloud.faults.deletions import patch_deletions
from localcloud.faults.handlers import patch_handlers
from localcloud.faults.middleware import FaultLayer
from localcloud.faults.plan import FaultPlan, faults_endpoint
from localcloud.function_urls.serving import FunctionUrls
from localcloud.functions import patch_functions
from localcloud.iam import credentials
from localcloud.iam.guard import Guard
from localcloud.iam.patches import patch_permissions
from localcloud.iam.refusals import patch_refusals
from localcloud.iam.trust_policies import patch_trust_policies
from localcloud.identity_center.service import add_identity_center
from localcloud.mail_subscriptions import patch_mail_subscriptions, subscriptions_endpoint
from localcloud.missing_resources import patch_missing_resources
from localcloud.notebook_pages import NotebookPages
from localcloud.object_keys import patch_object_keys
from localcloud.partitions import Partitions
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.service import SageMakerService, build_engine
from localcloud.service_quotas import limits
from localcloud.service_quotas import service as quota_service
from localcloud.service_quotas.admin import quotas_endpoint
from localcloud.service_quotas.applied import AppliedQuotas
from localcloud.session_manager.service import SessionManager
from localcloud.stacksets.patches import patch_stacksets
from localcloud.tag_search import patch_tag_search
from localcloud.transitions import Delays, delays

HOST = "127.0.0.1"
NOT_NEEDED = ("cryptography", "docker")
"""Packages that the emulator uses where it finds them, which here are development tools at most.

Without them the cloud is the same on every machine; with them a start costs 0.2 s more, for a
key that is never needed and for the client of a daemon that must not be looked for."""

GARBAGE = 50_000
"""New objects after which Python looks for garbage; it would after 700, several times a request."""


def options(argv: list[str]) -> argparse.Namespace:
    """Return the options of the server's command line, which ``process.start`` writes."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.server")
    parser.add_argument("--instance", required=True, help="the id this process must answer with")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account", default="000000000000")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--persist", action="store_true")
    parser.add_argument("--enforce-iam", action="store_true")
    parser.add_argument(
        "--delays", type=json.loads, default={}, help="seconds by transition, as JSON"
    )
    return parser.parse_args(argv)


def emulator_environment(
    port: int, account: str, region: str, state_dir: Path, *, persist: bool, enforce_iam: bool
) -> dict[str, str]:
    """Return the environment of ministack, closed to everything outside this machine."""
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
        "AUTH": "true" if enforce_iam else "false",
        # Its start and stop remove containers by label: never look for a Docker daemon.
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "PERSIST_STATE": "1" if persist else "0",
        "STATE_DIR": str(state_dir / "services"),
        "S3_PERSIST": "1" if persist else "0",
        "S3_DATA_DIR": str(state_dir / "objects"),
    }


def bound_socket(port: int) -> socket.socket:
    """Return a listening socket on the loopback interface; port 0 takes a free one."""
    # The protocol is named because asyncio looks at it: without, each answer waits 40 ms for the
    # client to acknowledge its first packet.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise LocalCloudError(
            f"port {port} cannot be opened ({error.strerror}); choose another with --port"
        ) from error
    return listener


def build(clock: Clock, waits: Delays, instance: str, secret: str, *, enforce_iam: bool) -> Gate:
    """Return the ASGI application: ministack with our services, types, corrections and controls.

    ``secret`` is what signatures and the token are derived from.
    """
    quotas = AppliedQuotas(clock)
    plan = FaultPlan()
    engine = build_engine(clock, waits, quotas=quotas, faults=plan)
    machines = ec2_service.Ec2Service(Ec2World(clock, waits, quotas, plan))

    def reschedule() -> None:
        engine.statuses.reschedule()
        machines.states.again()

    waits.changed = reschedule
    guard = Guard(engine) if enforce_iam else None
    ministack_adapter.add_json_service("sagemaker", "SageMaker", SageMakerService(engine, guard))
    ministack_adapter.add_json_service(
        quota_service.SIGNING_NAME,
        quota_service.TARGET_PREFIX,
        quota_service.ServiceQuotasService(quotas),
    )
    ministack_adapter.add_json_service(
        application_auto_scaling.SIGNING_NAME,
        application_auto_scaling.TARGET_PREFIX,
        application_auto_scaling.ScalingService(engine, guard),
    )
    billing_endpoint = billing.add_services()
    SessionManager(machines).patch()
    patch_cloudformation(engine, machines)
    _correct(engine, clock)
    refusals_endpoint = patch_refusals()
    machines.patch(engine)
    patch_missing_resources()
    limits.enforce(quotas)
    patch_stacksets(clock)
    supported_operations.close_the_rest()
    patch_functions(secret)
    patch_concurrency(quotas)
    invocations, messages = rules.Invocations(), rules.Messages()
    fire_due = rules.patch_rules(clock, invocations)
    rules.send_events(engine, machines)
    messages.patch()
    patch_mail_subscriptions()
    ministack_adapter.add_state("messages", messages)
    ministack_adapter.add_state("faults", plan)
    ministack_adapter.add_state("machines", machines)
    patch_deletions(plan)
    patch_handlers(plan)
    passing: dict[str, Collection[str]] = {
        noun: kind.steps for noun, kind in engine.kinds.items() if kind.steps
    }
    signed_in = add_identity_center(plan)
    served = signed_in.before(ministack_adapter.module("app").app)
    faulty = Partitions(FaultLayer(served, plan, clock))

    async def emulated(scope: Any, receive: Any, send: Any) -> None:
        # Whatever is due by now happens before any service answers.
        engine.statuses.run_due()
        machines.states.run_due()
        await faulty(scope, receive, send)

    def moved() -> None:
        engine.statuses.run_due()
        machines.states.run_due()
        fire_due()

    endpoints: dict[str, AdminEndpoint | AsyncEndpoint] = {
        "clock": clock_endpoint(clock, moved),
        "instances": machines.endpoint(),
        "functions": rules.functions_endpoint(invocations),
        "messages": messages.endpoint,
        "credentials": credentials.answer,
        "instance_credentials": credentials.of_instance(machines),
        "delays": delays_endpoint(waits),
        "stacks": stacks_endpoint,
        "faults": faults_endpoint(plan, {**passing, **ec2_service.PASSING}),
        "quotas": quotas_endpoint(quotas),
        "billing": billing_endpoint,
        "refusals": refusals_endpoint,
        "sign-ins": signed_in.sign_in,
        "subscriptions": subscriptions_endpoint,
    }
    admin = AdminInterface(emulated, instance, clock, endpoints)
    hosts = public.PublicHosts(
        FunctionUrls(clock), NotebookPages(engine, guard), engine.statuses.run_due
    )
    return Gate(secret, admin, emulated, hosts, owners.is_owners)


def _correct(engine: SageMakerEngine, clock: Clock) -> None:
    """Correct services of ministack's own."""
    patch_tag_search(engine)
    patch_object_keys()
    bucket_requests.patch_bucket_requests()
    registries.patch_registries()
    patch_trust_policies()
    patch_closed_accounts()
    owners.patch_credentials()
    protections.patch_protections()
    dashboards.patch_dashboards()
    wordings.patch_wordings()
    patch_permissions(clock)


class _Server(Server):
    """Stops by itself at SIGTERM or SIGINT, where uvicorn would pass the signal on afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


async def serve(application: Gate, listener: socket.socket, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress then have a second to end."""
    config = Config(
        application,
        interface="asgi3",
        http="httptools",
        ws="none",
        lifespan="on",
        # After a large body asyncio would hand the account and the caller of one request on to
        # the next of the same connection.
        reset_contextvars=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        # AWS names no server, and the emulator dates its answers itself.
        server_header=False,
        date_header=False,
    )
    try:
        await _Server(config).serve([listener])
    finally:
        # Threads that wait for a notebook hold the loop open until they end.
        clock.close()


def main(argv: list[str]) -> int:
    """Run a local cloud in the foreground; return the exit code of the process."""
    # All files are readable by their owner alone.
    os.umask(0o077)
    chosen = options(argv)
    state_dir: Path = chosen.state_dir.resolve()
    try:
        ministack_adapter.check_release()
        listener = bound_socket(chosen.port)
    except LocalCloudError as error:
        print(f"local cloud: {error}", file=sys.stderr)
        return 1
    port = int(listener.getsockname()[1])
    os.environ.update(
        emulator_environment(
            port,
            chosen.account,
            chosen.region,
            state_dir,
            persist=chosen.persist,
            enforce_iam=chosen.enforce_iam,
        )
    )
    for package in NOT_NEEDED:
        sys.modules.setdefault(package, None)  # type: ignore[arg-type]
    clock = Clock()
    secret = keys.new_secret()
    # What is loaded here stays: the collector need not look through it now or ever after.
    gc.disable()
    application = build(
        clock, delays(chosen.delays), chosen.instance, secret, enforce_iam=chosen.enforce_iam
    )
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
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
            enforce_iam=chosen.enforce_iam,
            secret=secret,
        ),
    )
    try:
        asyncio.run(serve(application, listener, clock))
    finally:
        record.remove(state_dir, chosen.instance)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
