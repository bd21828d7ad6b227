"""The CDK command line and ``workshop`` on the same stacks, in turn."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest import mock

import pytest

from tests.support.assemblies import ROOT
from tests.support.cdk_command import Cdk
from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import quick_deploys, synthesized
from tests.support.workshop_command import run
from workshop.deploy import app_process, assembly
from workshop.deploy.synthesis_cache import SynthesisCache
from workshop.environments import loader


@pytest.mark.long  # the README has cdk find nothing changed, and test_exemplar_rule the same texts
def test_stacks_of_either_tool_are_unchanged_for_the_other(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    cdk = Cdk(cloud.environment(), tmp_path / "cdk.out", {"env": "demo", "config": str(config)})
    common = ("-e", "demo", "--config-dir", str(config))

    # The ledger is kept where the command is run.
    monkeypatch.chdir(tmp_path)
    with calling(cloud), quick_deploys():
        deployed = run("deploy", *common, "--only", "ada")
    assert deployed.code == 0, deployed.err
    cdk.succeed(
        *("deploy", "demo-alan-*", "--require-approval", "never", "--concurrency", "4"),
        attendee="ada,alan",
    )
    same = cdk.succeed("diff", "--fail", "--app", str(tmp_path / "cdk.out"))
    assert "Number of stacks with differences: 0" in same
    assert same.count("There were no differences") == 13
    with calling(cloud), synthesized():
        planned = run("plan", *common, "--only", "ada,alan", "--json")
    told = json.loads(planned.out)
    assert {seat["seat"]: seat["action"] for seat in told["seats"]} == {
        "cohort": "unchanged",
        "ada": "unchanged",
        "alan": "unchanged",
    }

    # What cdk sent as YAML reads like what it wrote as JSON: only the change itself is told.
    demo = config / "demo.yaml"
    demo.write_text(demo.read_text().replace("volume_gb: 20", "volume_gb: 25"))
    with calling(cloud), synthesized():
        changed = run("plan", *common, "--only", "alan", "--json")
    stacks = [one for seat in json.loads(changed.out)["seats"] for one in seat["stacks"]]
    changes = [(one["name"], each["property"]) for one in stacks for each in one["changes"]]
    assert changes == [("demo-alan-notebook", "VolumeSizeInGB")]
    assert {one["name"] for one in stacks if one["action"] != "unchanged"} == {"demo-alan-notebook"}


@pytest.mark.long
def test_an_update_that_cdk_left_as_it_failed_is_rolled_back_and_made(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    cdk = Cdk(cloud.environment(), tmp_path / "cdk.out", {"env": "demo", "config": str(config)})
    common = ("-e", "demo", "--config-dir", str(config), "--only", "ada")
    monkeypatch.chdir(tmp_path)
    with calling(cloud), quick_deploys():
        assert run("deploy", *common).code == 0
    demo = config / "demo.yaml"
    wanted = demo.read_text()
    demo.write_text(wanted.replace("volume_gb: 20", "volume_gb: 10"))
    left = cdk.run(
        *("deploy", "demo-ada-notebook", "--exclusively", "--no-rollback"),
        *("--require-approval", "never"),
        attendee="ada",
    )
    assert left.code == 1, left.text
    assert cloud.settled("demo-ada-notebook") == "UPDATE_FAILED"
    demo.write_text(wanted)
    with calling(cloud), quick_deploys():
        deployed = run("deploy", *common)
    assert deployed.code == 0, deployed.err
    assert "roll back and update" in deployed.out
    assert cloud.settled("demo-ada-notebook").endswith("_COMPLETE")


def test_cdk_runs_once_for_the_same_inputs_and_what_is_kept_is_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    cache = SynthesisCache("demo")
    ran = mock.Mock(wraps=app_process.run)

    def texts() -> dict[tuple[str, str], str]:
        loaded = loader.load("demo", config)
        made, said = assembly.synthesize(loaded, loaded.seats[:1], cache)
        assert bool(loaded.warnings) == (ran.call_count == 2)
        assert not said  # the command has told the warnings, in its own words
        return {of: each.text(loaded.seats[0]) for of, each in made.exemplars.items()}

    with mock.patch.object(app_process, "run", ran):
        written, kept = texts(), texts()
        assert (ran.call_count, kept) == (1, written)
        demo = config / "demo.yaml"
        text = demo.read_text().replace("period_seconds: 300", "period_seconds: 900")
        demo.write_text(f"{text}\n  unused: {{}}\n")
        changed = texts()
    assert ran.call_count == 2
    assert {of[1] for of in written if changed[of] != written[of]} == {"monitoring"}
