"""The local clouds of tests start at once: all of a run are forks of one process.

Most of a cloud's start is Python's imports and botocore's models. Tests of the start itself have
``process.start`` run the real server.
"""

from __future__ import annotations

import io
import sys
from functools import cache
from unittest import mock

import botocore.session

from localcloud import functions, server
from localcloud.protocol.models import service_model
from tests.support import function_worker
from tests.support.local_cloud_inside import WatchedAdmin
from tests.support.shared import OFTEN


def prepare() -> None:
    """Read what every local cloud reads, and have one process for the functions of all."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    session = botocore.session.get_session()
    for service in OFTEN:
        session.get_service_model(service)
        service_model(service)
    function_worker.program()


def main() -> None:
    """Run a local cloud, as ``python -m localcloud.server`` does."""
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)
    mock.patch.object(server, "AdminInterface", WatchedAdmin).start()
    patched = function_worker.patch_workers(functions.patch_functions)
    mock.patch.object(server, "patch_functions", patched).start()
    words = sys.argv[sys.argv.index("--instance") :]
    raise SystemExit(server.main(words))
