"""Which command lines start the CDK app before they are read."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from workshop.cli.head_start import head_start
from workshop.deploy import app_process


def _started(*arguments: str) -> bool:
    with (
        mock.patch.object(app_process, "begin_early") as begin,
        mock.patch.object(app_process, "stop_early") as stop,
        head_start(arguments),
    ):
        assert not stop.called
    assert stop.called
    return begin.called


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("config", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "config" / "dev.yaml").touch()
    (tmp_path / "other" / "lab.yaml").touch()


@pytest.mark.parametrize(
    "arguments",
    [
        "deploy -e dev",
        "deploy -edev",
        "plan --only ada --env dev",
        "plan --env=dev --json",
        "deploy -e lab --config-dir other",
        "deploy --config-dir=other -e lab",
    ],
)
def test_a_first_deployment_has_the_app_load_at_once(arguments: str) -> None:
    assert _started(*arguments.split())


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "status -e dev",
        "deploy",
        "deploy -e",
        "deploy -e dev --help",
        "deploy -e lab",
        "deploy -e dev --config-dir other",
    ],
)
def test_a_command_that_makes_no_templates_or_will_be_refused_starts_none(arguments: str) -> None:
    assert not _started(*arguments.split())


def test_where_templates_were_kept_they_are_probably_used() -> None:
    Path(".workshop/dev/synthesis").mkdir(parents=True)
    assert not _started("deploy", "-e", "dev")


def test_where_cdk_is_not_installed_the_command_says_so() -> None:
    with mock.patch("workshop.extras.is_installed", return_value=False):
        assert not _started("deploy", "-e", "dev")
