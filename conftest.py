"""Rules for every test run: the layout is sound and nobody's AWS account is ever reached."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.support import connections, lanes, shared, shared_folder
from workshop.aws import speedups

pytest_plugins = [
    "tests.support.browser",
    "tests.support.lifecycle_scripts",
    "tests.support.local_cloud",
    "tests.support.conformance",
    "tests.support.idle_machine",
    "tests.support.packages",
    "tests.support.box_notebook",
]

ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a layout that cannot work, in words, before an import fails in riddles."""
    for folder in ("constructs", "tests/constructs"):
        marker = ROOT / folder / "__init__.py"
        if marker.exists():
            pytest.exit(
                f"{marker.relative_to(ROOT)} must not exist: it turns the folder into a package"
                " named 'constructs', which hides the library of that name that aws-cdk-lib"
                " imports. Remove the file; our constructs are imported as 'workbench'.",
                returncode=4,
            )
    gc.set_threshold(20_000, 20, 20)
    _isolate()
    shared.share_models()
    shared.share_events()
    speedups.share_names()
    speedups.share_endpoints()
    connections.carry_requests()
    config.add_cleanup(shared_folder.share_folder())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave out of every search for garbage what stays to the end: a sixth of the time."""
    gc.disable()
    found = yield
    gc.collect()
    gc.freeze()
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark what ``tests/slow.txt`` names, and let every worker begin with what takes longest."""
    known = lanes.slow()
    for item in items:
        if lanes.is_slow(item.nodeid, known):
            item.add_marker("slow")
    yield  # what is not chosen is left out
    if hasattr(config, "workerinput"):
        by_id = {item.nodeid: item for item in items}
        order = lanes.dealt(list(by_id), config.workerinput["workercount"], known)
        items[:] = [by_id[name] for name in order]


def _isolate() -> None:
    """Node from the virtual environment, an AWS configuration that leads nowhere, a Ctrl-C."""
    # Shells have what they start in the background ignore Ctrl-C, and whatever that starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="000000000000",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        # Whoever forgets to name the local cloud meets a closed port, not AWS.
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        CDK_DISABLE_CLI_TELEMETRY="true",
    )
