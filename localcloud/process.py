"""Start, find, reset and stop a local cloud from another process.

A process is sent a signal only after it proved to be ours: its command line must carry the instance
it was started with. What is not proven is left alone, and reported.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from localcloud import environment, process_identity, record, state_files
from localcloud.authentication import keys
from localcloud.errors import LocalCloudError
from localcloud.record import LOG, Running

DEFAULT_STATE_DIR = Path(".workshop/localcloud")
"""Of the ``workshop cloud`` commands too, so that they find a cloud that a program has started."""
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
START_DEADLINE = 30.0
STOP_DEADLINE = 10.0
_POLL = 0.02
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

_children: dict[str, subprocess.Popen[bytes]] = {}
"""Instance -> its process, of the local clouds that this process has started."""


@dataclass(frozen=True)
class Started:
    """``already`` is true when the cloud ran before and nothing was started."""

    running: Running
    already: bool
    seconds: float


def start(
    state_dir: Path = DEFAULT_STATE_DIR,
    *,
    port: int = 0,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
    persist: bool = False,
    enforce_iam: bool = False,
    delays: Mapping[str, float] | None = None,
) -> Started:
    """Start a local cloud unless one runs for ``state_dir``, and wait until it answers.

    Raises ``LocalCloudError`` with the end of its log if it does not come up.
    """
    began = time.monotonic()
    record.make_private(state_dir)
    with _exclusive(state_dir):
        running = status(state_dir)
        if running is not None:
            return Started(running, already=True, seconds=time.monotonic() - began)
        _refuse_silent(state_dir)
        (state_dir / record.FILE).unlink(missing_ok=True)
        state_files.write(state_dir / environment.EMPTY_CONFIG, "")
        instance = secrets.token_hex(12)
        arguments = [
            *("--state-dir", str(state_dir.resolve())),
            *("--port", str(port), "--account", account, "--region", region),
            *("--delays", json.dumps(dict(delays or {}))),
            *(["--persist"] if persist else []),
            *(["--enforce-iam"] if enforce_iam else []),
        ]
        child = _spawn(state_dir, instance, arguments)
        try:
            running = _wait_for(state_dir, instance, child)
        except BaseException:
            # After an interrupt here nothing else knows of the server.
            child.kill()
            child.wait()
            raise
    return Started(running, already=False, seconds=time.monotonic() - began)


def command(name: str, state_dir: Path) -> str:
    """Return the command line of ``start``, ``fault clear`` and so on for that state directory."""
    where = () if state_dir == DEFAULT_STATE_DIR else ("--state-dir", str(state_dir))
    return shlex.join(("workshop", "cloud", *name.split(), *where))


def status(state_dir: Path = DEFAULT_STATE_DIR) -> Running | None:
    """Return the local cloud of ``state_dir`` if it runs and answers, else None."""
    running = record.read(state_dir)
    if running is None:
        return None
    return running if _answers(running) else None


def require(state_dir: Path = DEFAULT_STATE_DIR) -> Running:
    """Return the running local cloud, or a ``LocalCloudError`` that says how to start one."""
    running = status(state_dir)
    if running is None:
        raise LocalCloudError(
            f"no local cloud is running; start one with: {command('start', state_dir)}"
        )
    return running


def stop(state_dir: Path = DEFAULT_STATE_DIR) -> Running | None:
    """Stop the local cloud of ``state_dir``; None when none ran (a stale file is removed).

    Raises ``LocalCloudError`` if its process does not end or is not proven to be the local cloud.
    """
    if not state_dir.is_dir():
        return None
    with _exclusive(state_dir):
        running = record.read(state_dir)
        if running is None:
            return None
        found = process_identity.find(running.pid, running.instance)
        if found is not None:
            _end(running)
        elif _answers(running):
            raise LocalCloudError(
                f"process {running.pid} is not proven to be the local cloud at "
                f"{running.endpoint} and is left alone; end the local cloud where it was "
                f"started, then delete {state_dir / record.FILE}"
            )
        record.remove(state_dir, running.instance)
        return running if found is not None else None


def reset(running: Running) -> None:
    """Empty a running local cloud."""
    post(running, "/_ministack/reset", {})


def stacks(running: Running) -> list[dict[str, Any]]:
    """Return the stacks of all accounts and Regions: account, region, name and tags."""
    listed: list[dict[str, Any]] = post(running, "/_localcloud/stacks", {})["stacks"]
    return listed


def set_clock(running: Running, **wanted: Any) -> dict[str, Any]:
    """Change its clock: ``freeze=True`` or ``False``, ``advance=seconds``."""
    return post(running, "/_localcloud/clock", wanted)


def set_delays(running: Running, **seconds: float) -> dict[str, Any]:
    """Change how long transitions take: ``notebook=0``."""
    return post(running, "/_localcloud/delays", seconds)


def set_faults(running: Running, *rules: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the fault plan: see ``faults.rules``.

    ``{"effect": "throttle", "operation": "sagemaker:*", "times": 2}``; no rules, no faults.
    """
    return post(running, "/_localcloud/faults", {"rules": [dict(rule) for rule in rules]})


def set_quotas(running: Running, **wanted: Any) -> dict[str, Any]:
    """Change applied quotas: ``sagemaker={"ml.g5.xlarge for training job usage": 2}``.

    ``account`` and ``region`` default to the cloud's own; ``show="all"`` returns all
    quotas instead of those that were changed.
    """
    return post(running, "/_localcloud/quotas", wanted)


def set_billing(running: Running, **wanted: Any) -> dict[str, Any]:
    """Replace what the price list and Cost Explorer say: see ``billing``.

    ``products=[{"regionCode": "eu-west-1", "usagetype": "EU-Notebk:ml.t3.medium", "unit": "Hrs",
    "usd": "0.05"}]``, and ``costs=[{"day": "2026-12-01", "usd": "1.5", "tags": {"workshop":
    "x"}, "account": "111122223333"}]``.
    """
    return post(running, "/_localcloud/billing", wanted)


def shut_down(running: Running, instance: str, *, account: str = "", region: str = "") -> None:
    """Shut an EC2 instance down from inside, as ``shutdown`` on it does."""
    where = {"account": account or running.account, "region": region or running.region}
    post(running, "/_localcloud/instances", {"shut_down": instance, **where})


def refusals(running: Running, after: int = 0) -> list[dict[str, Any]]:
    """Return what IAM refused, later than the refusal with the number ``after``.

    Each has its ``number``, ``at`` in seconds since the epoch by the machine's clock, and what was
    asked: ``principal``, ``action``, ``resource``, ``region`` and ``context``, the condition keys.
    """
    told: list[dict[str, Any]] = post(running, "/_localcloud/refusals", {"after": after})[
        "refusals"
    ]
    return told


def role_credentials(running: Running, role_arn: str) -> dict[str, str]:
    """Return the temporary credentials that a notebook instance with this role has.

    ``AccessKeyId``, ``SecretAccessKey``, ``SessionToken`` and ``Expiration``. Raises
    ``LocalCloudError`` unless the role exists and trusts SageMaker.
    """
    given: dict[str, str] = post(running, "/_localcloud/credentials", {"role": role_arn})
    return given


def instance_credentials(
    running: Running, instance: str, *, account: str = "", region: str = ""
) -> dict[str, str]:
    """Return the temporary credentials that a running EC2 instance has of its role.

    The same members as ``role_credentials``. Raises ``LocalCloudError`` unless it runs with a
    profile whose role exists and trusts EC2.
    """
    where = {"account": account or running.account, "region": region or running.region}
    asked = {"instance": instance, **where}
    given: dict[str, str] = post(running, "/_localcloud/instance_credentials", asked)
    return given


def sign_in(running: Running, state_dir: Path, account: str | None = None) -> Path:
    """Sign in to a running local cloud as with a browser; return the file with the token.

    The profile is written into ``state_dir``, the token to where the AWS CLI keeps those of its
    sign-ins: programs look for it nowhere else.
    """
    here = account or running.account
    token = post(running, "/_localcloud/sign-ins", {"account": here})
    name = environment.SSO_PROFILE
    profile = (
        f"[profile {name}]\nsso_session = {name}\nsso_account_id = {here}\n"
        f"sso_role_name = {token['permissionSet']}\nregion = {running.region}\n\n"
        f"[sso-session {name}]\nsso_region = {running.region}\n"
        f"sso_start_url = {token['startUrl']}\n"
    )
    state_files.write(state_dir / environment.SSO_CONFIG, profile)
    cache = Path.home() / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json"  # noqa: S324 - as botocore
    state_files.write(kept, json.dumps(token))
    return kept


def post(running: Running, path: str, document: dict[str, Any]) -> dict[str, Any]:
    """Call an admin endpoint; raise ``LocalCloudError`` if it refuses."""
    request = urllib.request.Request(  # noqa: S310 - always http to 127.0.0.1
        running.endpoint + path,
        data=json.dumps(document).encode(),
        headers=authorization(running),
        method="POST",
    )
    try:
        with _DIRECT.open(request, timeout=STOP_DEADLINE) as answer:
            given: dict[str, Any] = json.load(answer)
            return given
    except urllib.error.HTTPError as error:
        with error:  # it is the answer, which Python warns of from 3.14 on if nobody closes it
            reason = _reason(error.read())
        raise LocalCloudError(f"the local cloud refused {path}: {reason}") from error
    except OSError as error:
        raise LocalCloudError(
            f"the local cloud at {running.endpoint} does not answer ({error}); "
            "stop it and start it again"
        ) from error


def authorization(running: Running) -> dict[str, str]:
    """Return the header that the admin endpoints ask for."""
    return {"Authorization": f"Bearer {keys.control_token(running.secret)}"}


def _reason(refusal: bytes) -> str:
    """Return the sentence in a refusal of an admin endpoint, or the whole of any other."""
    text = refusal.decode(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, LookupError, TypeError):
        return text


def _refuse_silent(state_dir: Path) -> None:
    silent = record.read(state_dir)
    if silent is not None and process_identity.find(silent.pid, silent.instance) is not None:
        raise LocalCloudError(
            f"the local cloud (process {silent.pid}) does not answer; "
            f"end it with: {command('stop', state_dir)}"
        )


def _spawn(state_dir: Path, instance: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    with state_files.open_private(state_dir / LOG, "wb") as log:
        child = subprocess.Popen(
            [sys.executable, *process_identity.command(instance), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_server_environment(),
            start_new_session=True,
        )
    _children[instance] = child
    return child


def _server_environment() -> dict[str, str]:
    """Return an environment without the user's settings for AWS, Docker or the emulator."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
    chosen = {name: os.environ[name] for name in kept if name in os.environ}
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        # Compiling the emulator at every start takes seconds: keep the result away from the
        # sources, in the user's cache, as the variable asks.
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        chosen.setdefault("PYTHONPYCACHEPREFIX", str(cache / "localcloud" / "pycache"))
    return {**chosen, "PYTHONUNBUFFERED": "1"}


def _wait_for(state_dir: Path, instance: str, child: subprocess.Popen[bytes]) -> Running:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        running = record.read(state_dir)
        if running is not None and running.instance == instance and _answers(running):
            return running
        if child.poll() is not None:
            raise LocalCloudError(
                f"the local cloud ended with code {child.returncode} while starting:",
                details=_log_tail(state_dir),
            )
        time.sleep(_POLL)
    raise LocalCloudError(
        f"the local cloud did not answer within {START_DEADLINE:.0f} s:",
        details=_log_tail(state_dir),
    )


def _log_tail(state_dir: Path, lines: int = 15) -> str:
    text = (state_dir / LOG).read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"


def _answers(running: Running) -> bool:
    request = urllib.request.Request(  # noqa: S310 - always http to 127.0.0.1
        f"{running.endpoint}/_localcloud/health", headers=authorization(running)
    )
    try:
        with _DIRECT.open(request, timeout=2) as answer:
            return bool(json.load(answer)["instance"] == running.instance)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _end(running: Running) -> None:
    """Terminate, then kill; the process is proven before each signal, since ids are used again."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        found = process_identity.find(running.pid, running.instance)
        if found is not None:
            with suppress(psutil.NoSuchProcess):
                found.send_signal(sign)
        if _ends(running):
            break
    else:
        raise LocalCloudError(
            f"process {running.pid} of the local cloud does not end; end it by hand"
        )
    child = _children.get(running.instance)
    if child is not None:
        child.wait()


def _ends(running: Running) -> bool:
    deadline = time.monotonic() + STOP_DEADLINE
    while process_identity.find(running.pid, running.instance) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _exclusive(state_dir: Path) -> FileLock:
    """Return the lock that allows one start or stop at a time per state directory."""
    return FileLock(state_dir / "lock", mode=0o600)
