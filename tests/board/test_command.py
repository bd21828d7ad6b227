"""``workshop board`` and ``workshop handout --serve`` as processes, from the address to Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.boards import Visitor
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import of_seats

WORKSHOP = Path(sys.executable).with_name("workshop")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["board"], "open this address in a browser of this machine; Ctrl-C ends the board"),
        (
            ["handout", "--serve"],
            "open this address in a browser of this machine; Ctrl-C ends the handout",
        ),
    ],
)
def test_it_prints_an_address_serves_it_to_this_machine_and_ends_with_ctrl_c(
    command: list[str], told: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_seats(cloud, tmp_path, monkeypatch, 1).notebooks([1])
    serving = subprocess.Popen(
        [WORKSHOP, *command, "-e", "room"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=cloud.environment(),
    )
    with serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        parts = urlsplit(address)
        assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
        visitor = Visitor(int(parts.port or 0), parts.path.rstrip("/"))
        assert "seat01" in visitor.get("/").text
        serving.send_signal(signal.SIGINT)
        _, said = serving.communicate()
    assert serving.returncode == 0
    assert said == told + "\n"
