"""What a local cloud keeps, and its secret, are for its owner alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud import environment, process, record
from localcloud.authentication import keys
from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud, root
from tests.support.workshop_command import run

SNOOPER = """
import json, os, pathlib, sys, urllib.request
state, endpoint = pathlib.Path(sys.argv[1]), sys.argv[2]
opener, served = urllib.request.build_opener(urllib.request.ProxyHandler({})), []
try:
    opener.open(endpoint + "/_localcloud/health", timeout=60)
except urllib.error.HTTPError as error:
    error.close()
if os.geteuid() == 0:  # All that is imported is read by now: the interpreter may be root's alone.
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
readable = []
for path in [state, *(state / name for name in sys.argv[3:])]:
    try:
        path.read_bytes() if path.is_file() else list(path.iterdir())
        readable.append(str(path))
    except OSError:
        pass
for target in ("/", "/?Action=ListUsers&Version=2010-05-08", "/kept/a", "/_localcloud/health"):
    try:
        served.append(opener.open(endpoint + target, timeout=60).status)
    except urllib.error.HTTPError as error:
        error.status in (400, 403) or served.append(error.status)
        error.close()
commands = pathlib.Path("/proc").glob("[0-9]*/cmdline")
seen = [path.read_bytes().decode(errors="replace") for path in commands if path.exists()]
print(json.dumps({"readable": readable, "served": served, "seen": seen, "user": os.geteuid()}))
"""
"""What another user of the machine may try: read the files, call the cloud, read command lines."""


@pytest.fixture(scope="module")
def restarted() -> Iterator[tuple[Cloud, Cloud]]:
    """A cloud that keeps its state, of somebody careless of modes, before and after a restart."""
    before = os.umask(0)
    # Not below pytest's own folder, which other users cannot enter in any case.
    folder = tempfile.TemporaryDirectory(prefix="localcloud-")
    state_dir = Path(folder.name) / "state"
    state_dir.mkdir()
    for path in (state_dir, state_dir.parent):
        path.chmod(0o777)
    try:
        cloud = Cloud(process.start(state_dir, persist=True).running, state_dir)
        cloud.client("s3").create_bucket(Bucket="kept")
        cloud.client("s3").put_object(Bucket="kept", Key="a", Body=b"of a")
        user = cloud.client("iam").create_user(UserName="teacher")["User"]["UserName"]
        cloud.client("iam").create_access_key(UserName=user)
        process.stop(state_dir)
        started = process.start(state_dir, persist=True, port=cloud.running.port)
        yield cloud, Cloud(started.running, state_dir)
    finally:
        os.umask(before)
        process.stop(state_dir)
        folder.cleanup()


@pytest.fixture
def kept(restarted: tuple[Cloud, Cloud]) -> Cloud:
    return restarted[1]


def test_all_that_is_written_is_its_owner_s_alone(kept: Cloud) -> None:
    written = [kept.state_dir, *kept.state_dir.rglob("*")]
    names = {path.name for path in written}
    assert {record.FILE, record.LOG, "lock", "iam.json", "s3.json", "objects"} <= names
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_secret_is_in_the_record_and_in_what_env_prints_and_nowhere_else(kept: Cloud) -> None:
    running, where = kept.running, ("--state-dir", str(kept.state_dir))
    secrets = [running.secret, keys.control_token(running.secret)]
    secrets.append(root(running)["aws_secret_access_key"])
    printed = [run("cloud", word, "--json", *where) for word in ("status", "start")]
    public = "".join(output.out + output.err for output in printed)
    for name in ("cmdline", "environ"):
        public += Path(f"/proc/{running.pid}/{name}").read_text(encoding="utf-8")
    for path in kept.state_dir.rglob("*"):
        if path.is_file() and path.name != record.FILE:
            public += path.read_text(encoding="utf-8", errors="replace")
    assert [secret for secret in secrets if secret in public + repr(running)] == []
    assert json.loads((kept.state_dir / record.FILE).read_text())["secret"] == running.secret
    told = environment.variables(running, kept.state_dir)
    assert run("cloud", "env", *where).out.count(told["AWS_SECRET_ACCESS_KEY"]) == 1
    other = run("cloud", "env", "--account", "111122223333", *where).out
    assert keys.account_secret(running.secret, "111122223333") in other


def test_each_start_makes_another_secret_and_the_old_one_ends(
    restarted: tuple[Cloud, Cloud],
) -> None:
    before, again = restarted
    assert again.running.secret != before.running.secret
    with pytest.raises(LocalCloudError, match="who has its token alone"):
        process.reset(before.running)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        before.client("s3").list_buckets()
    assert [bucket["Name"] for bucket in again.client("s3").list_buckets()["Buckets"]] == ["kept"]


@pytest.mark.parametrize("what", ["directory", "record"])
def test_another_user_s_cloud_is_neither_used_nor_started_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Who owns the directory could lead us to a cloud of theirs, and take what we put there."""
    theirs = record.Running("i", 1, 9, "0" * 12, "us-east-1", persist=False, started=0)
    record.write(tmp_path, theirs)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(LocalCloudError, match="belongs to another user"):
        process.start(tmp_path) if what == "directory" else process.require(tmp_path)


def test_another_user_of_the_machine_reads_and_reaches_nothing(kept: Cloud) -> None:
    """Where a test may be another user, as one; elsewhere the same calls without the secret."""
    files = [str(path.relative_to(kept.state_dir)) for path in kept.state_dir.rglob("*")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", SNOOPER, str(kept.state_dir), kept.endpoint, *files],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    told = json.loads(done.stdout)
    assert told["served"] == []
    assert [line for line in told["seen"] if kept.running.secret in line] == []
    if told["user"] != os.geteuid():
        assert told["readable"] == []
