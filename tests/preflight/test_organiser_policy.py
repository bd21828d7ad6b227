"""With exactly the policy that is handed out, the whole life of a workshop goes well."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support import config_folder
from tests.support.local_cloud import Cloud
from tests.support.preflights import THREE
from tests.support.small_workshop import REGION, SCARCE, Fleet
from workshop.naming import Names
from workshop.policies.documents import MANAGED_LIMIT, characters
from workshop.preflight import organiser_page, organiser_policy
from workshop.preflight.organiser_policy import OrganiserScope
from workshop.requests.ask import AgentWaits

SCOPE = OrganiserScope("demo", "000000000000", (REGION,))
SIDS = [statement["Sid"] for statement in organiser_policy.statements(SCOPE)]


@dataclass
class OrganisersFleet(Fleet):
    """Commands of a user who has the policies that were attached last, and no other right."""

    key: tuple[str, str] = ("", "")

    def variables(self) -> dict[str, str]:
        identity, secret = self.key
        mine = {"AWS_ACCESS_KEY_ID": identity, "AWS_SECRET_ACCESS_KEY": secret}
        return {**super().variables(), **mine}

    def allow(self, documents: list[dict[str, Any]]) -> None:
        """Let the user do what these policies say."""
        iam = self.cloud.client("iam")
        for name in iam.list_user_policies(UserName="organiser")["PolicyNames"]:
            iam.delete_user_policy(UserName="organiser", PolicyName=name)
        for number, document in enumerate(documents):
            iam.put_user_policy(
                UserName="organiser",
                PolicyName=f"part{number}",
                PolicyDocument=json.dumps(document),
            )


@pytest.fixture
def organiser(enforcing: Cloud, tmp_path: Path) -> OrganisersFleet:
    enforcing.reset()
    enforcing.quotas(region=REGION, sagemaker=dict.fromkeys(SCARCE, 500))
    iam = enforcing.client("iam")
    iam.create_user(UserName="organiser")
    key = iam.create_access_key(UserName="organiser")["AccessKey"]
    fleet = OrganisersFleet(enforcing, tmp_path, key=(key["AccessKeyId"], key["SecretAccessKey"]))
    fleet.write(2)
    return fleet


def _reaches_agents(organiser: OrganisersFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is allowed that agents are asked with; there are none here, and so no answers."""
    ada, silent = Names("demo", "ada", "000000000000", REGION), "its agent has never reported"
    s3, saved = organiser.cloud.client("s3"), {"Bucket": ada.bucket("data")}
    manifest = {"files": {"a.txt": [1, 1, "", 0o644]}}
    s3.put_object(Key="saved/manifest.json", Body=json.dumps(manifest).encode(), **saved)
    s3.put_object(Key="saved/files/a.txt", Body=b"a", **saved)
    assert organiser.run("tell", "Lunch").code == 0
    assert organiser.run("share", str(organiser.config / "people.csv")).code == 0
    dataset = organiser.config / "dataset"
    dataset.mkdir(exist_ok=True)
    (dataset / "a.csv").write_text("1")
    for more in ((), ("--prefix", "b"), ("--delete", "--yes", "demo")):
        ran = organiser.run("data push", str(dataset), *more)
        assert ran.code == 0, ran.err
    ran = organiser.run("token remove", "HF_TOKEN")
    assert ran.code == 0, ran.err
    ticks = partial(next, count(step=60.0))
    for module in ("cli.save", "cli.ready", "swap.swapping"):
        waits = partial(AgentWaits, clock=ticks)
        monkeypatch.setattr(f"workshop.{module}.AgentWaits", waits)
    for words in (("save",), ("ready",), ("swap", "ada", "spare01", "--yes")):
        ran = organiser.run(*words, "--minutes", "0.1")
        assert ran.code == 1
        assert silent in ran.out + ran.err, (words, ran.out, ran.err)
        assert "AccessDenied" not in ran.out + ran.err
    ran = organiser.run("reopen")
    assert ran.code == 0, ran.out
    spare = Names("demo", "spare01", "000000000000", REGION).bucket("data")
    assert s3.get_object(Bucket=spare, Key="saved/from-ada/files/a.txt")["Body"].read() == b"a"
    assert (organiser.config / "people.csv").read_text() == "id,name\nspare01,Ada\n"


def test_with_exactly_this_policy_a_whole_workshop_goes_well(
    organiser: OrganisersFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    organiser.allow(organiser_policy.documents(SCOPE))
    organiser.write(roster="roster: {file: people.csv, spares: 1}")
    (organiser.config / "people.csv").write_text("id,name\nada,Ada\n")
    for command in ("plan", "preflight", "deploy", "status", "stop", "start", "handout"):
        ran = organiser.run(command)
        assert ran.code == 0, (command, ran.out, ran.err)
    assert organiser.run("preflight").out == ""
    _reaches_agents(organiser, monkeypatch)
    ran = organiser.run("bill", "--reconcile")
    assert (ran.code, "AccessDenied" in ran.err) == (0, False), ran.err
    assert organiser.run("teardown", "--early").code == 0
    ran = organiser.run("teardown", "--early", "--apply", "--yes", "demo", "--interval", "0.01")
    assert ran.code == 0, (ran.out, ran.err)
    assert organiser.statuses() == {}


@pytest.mark.parametrize(
    "sid",
    [
        pytest.param(sid, marks=[pytest.mark.long] * (number % 4 != 0))
        for number, sid in enumerate(SIDS)
    ],
)
def test_without_any_of_its_statements_that_is_told_before_anything_is_made(
    organiser: OrganisersFleet, sid: str
) -> None:
    organiser.allow(organiser_policy.documents(SCOPE, without=sid))
    ran = organiser.run("preflight")
    assert ran.code == 3 or "not allowed to you, by service" in ran.out, sid
    assert organiser.statuses() == {}


def test_no_document_is_larger_than_iam_takes_and_each_action_is_in_one() -> None:
    scope = OrganiserScope("w" * 12, "0" * 12, tuple(f"eu-west-{n}" for n in range(1, 10)))
    made = organiser_policy.documents(scope)
    assert all(characters(document) <= MANAGED_LIMIT for document in made)
    named = [s["Sid"] for document in made for s in document["Statement"]]
    assert len(named) == len({*named})
    actions = {a for document in made for s in document["Statement"] for a in s["Action"]}
    assert actions == {a for s in organiser_policy.statements(scope) for a in s["Action"]}


def test_the_page_names_files_services_regions_dates_and_costs(tmp_path: Path) -> None:
    config_folder.write(tmp_path, THREE)
    loaded = config_folder.load(tmp_path)
    expected = ["what it is expected to cost"]
    made = organiser_page.files(loaded, loaded.seats, partition="aws", expected=expected)
    page = made.pop(organiser_page.PAGE)
    assert made.keys() == {"organiser-000000000000-1.json", "organiser-000000000000-2.json"}
    for text in made.values():
        assert json.loads(text)["Version"] == "2012-10-17"
    assert "- 000000000000: organiser-000000000000-1.json, organiser-000000000000-2.json" in page
    assert "From Saturday 08 March 2098 09:00 +0100 to" in page
    assert "They must not deny these services, in eu-west-1: application-autoscaling," in page
    assert "- 3 notebooks ml.t3.medium with 60 GB in all: USD 0." in page
    assert "- what it is expected to cost\n" in page
    assert "whoever makes roles and\npolicies can make one that allows more" in page
