"""Content and tokens on their whole way: the organiser's commands, the cloud, a seat's agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.requests.conftest import ENVIRONMENT
from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.repositories import Repository
from tests.support.seats import ADA, BEN, Seats
from workshop.aws.clients import Clients
from workshop.environments import loader
from workshop.requests import refreshing
from workshop.requests.inbox import CohortInbox
from workshop.teardown import s3_copy

PUBLIC = "https://git.example.org/ml/open.git"
PRIVATE = "git@git.example.org:ml/closed.git"
PROFILES = f"""
profiles:
  attendee:
    notebook:
      content:
        - repository: {PUBLIC}
        - repository: {PRIVATE}
          private: true
          folder: solutions
        - s3: datasets/extra/
      tokens: {{HF_TOKEN: per_seat, WANDB_API_KEY: shared}}
"""
KEY = ".workshop/tokens.json"


@pytest.fixture
def teacher(
    organiser: Asker, tmp_path: Path, ada: LiveWorkbench, monkeypatch: pytest.MonkeyPatch
) -> Asker:
    (tmp_path / "demo.yaml").write_text(ENVIRONMENT + PROFILES)
    monkeypatch.setitem(ada.exported, "WORKSHOP_TOKENS", "HF_TOKEN WANDB_API_KEY")
    return organiser


def _objects(seats: Seats, bucket: str, prefix: str = "") -> dict[str, bytes]:
    s3 = seats.root.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed
    }


def test_three_sources_come_into_three_folders_and_again_beside_what_was_changed(
    seats: Seats,
    ada: LiveWorkbench,
    teacher: Asker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    public = Repository(tmp_path / "open", PUBLIC)
    private = Repository(tmp_path / "closed", PRIVATE)
    public.commit(lab="1")
    private.commit(answer="1")
    for name, value in public.variables.items():
        monkeypatch.setitem(ada.exported, name, value)
    for name, value in private.variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra/a.csv").write_text("1")
    assert teacher.command("data", "push", "extra", "--prefix", "extra").code == 0

    ran = teacher.command("content", "refresh")
    assert ran.code == 0, ran.err
    assert ada.round() == ""
    assert [ada.read(f"{path}") for path in ("open/lab.ipynb", "solutions/answer.ipynb")] == [
        *("1", "1")
    ]
    assert ada.read("extra/a.csv") == "1"

    ada.write("solutions/answer.ipynb", "mine")
    private.commit(answer="2")
    (tmp_path / "extra/a.csv").write_text("2")
    assert teacher.command("data", "push", "extra", "--prefix", "extra").code == 0
    ran = teacher.command("content", "refresh")
    assert ran.code == 0, ran.err
    assert ada.round() == ""
    assert ada.read("solutions/answer.ipynb") == "mine"
    (beside,) = (ada.sandbox.home / "solutions").glob("answer.2*.ipynb")
    assert beside.read_text() == "2"
    assert ada.read("extra/a.csv") == "2"
    assert "its new version lies beside it" in ada.read("00-MESSAGES.txt")

    shown = json.loads(teacher.command("content", "show", "--json").out)
    of_ada = {row["folder"]: row["beside"] for row in shown if row["seat"] == "ada"}
    assert of_ada == {"extra": 0, "open": 0, "solutions": 1}
    sent = _objects(seats, ADA.datasets_bucket, "workshop/")
    assert not any(b"git.example.org:ml/closed" in body for body in sent.values())


def test_one_folder_alone_is_brought_and_an_unknown_one_named(
    teacher: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = teacher.command("content", "refresh", "extra")
    assert (ran.code, " of extra comes to every" in ran.err) == (0, True), ran.err
    ran = teacher.command("content", "refresh", "nothing")
    assert ran.code == 2
    assert "no content has the folder nothing; there are: extra, open, solutions" in ran.err
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.file:///user:secret@nowhere/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "git@git.example.org:")
    ran = teacher.command("content", "refresh", "solutions")
    assert ran.code == 1
    assert "closed.git, branch or tag main, could not be cloned" in ran.err
    assert "secret" not in ran.err


def test_a_seat_has_its_own_token_in_its_terminals_and_no_neighbour_reads_it(
    seats: Seats,
    ada: LiveWorkbench,
    teacher: Asker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tokens.csv").write_text("id,token\nada,hf_of_ada\nben,hf_of_ben\n")
    monkeypatch.setenv("WANDB_API_KEY", "wb_of_all")
    given = teacher.command("token", "set", "HF_TOKEN", "--file", "tokens.csv")
    assert (given.code, "share a token" in given.err) == (0, False), given.err
    given = teacher.command("token", "set", "WANDB_API_KEY")
    assert given.code == 0, given.err
    assert "2 seats share a token: whoever has it can copy it" in given.err
    assert ada.round() == ""
    file = ada.sandbox.root / "run/workshop-agent/tokens.sh"
    assert file.read_text() == "export HF_TOKEN=hf_of_ada\nexport WANDB_API_KEY=wb_of_all\n"
    terminal = (ada.sandbox.root / "etc/profile.d/workshop-tokens.sh").read_text()
    assert ". /run/workshop-agent/tokens.sh" in terminal

    as_ben = seats.root.as_role(BEN.role_arn).client("s3")
    with pytest.raises(ClientError, match="AccessDenied"):
        as_ben.get_object(Bucket=ADA.bucket("data"), Key=KEY)
    assert as_ben.get_object(Bucket=BEN.bucket("data"), Key=KEY)["Body"].read()

    shown = teacher.command("token", "show", "--json")
    assert [row["tokens"] for row in json.loads(shown.out)] == [["HF_TOKEN", "WANDB_API_KEY"]] * 2
    everything = "".join(
        (path.read_text() if path.name != "tokens.csv" else "")
        for path in tmp_path.rglob("*")
        if path.is_file() and path.suffix in {".yaml", ".csv", ".json", ".jsonl"}
    )
    for kept in (shown.out, given.out, given.err, everything):
        assert "hf_of" not in kept
        assert "wb_of" not in kept
    bodies = _objects(seats, ADA.bucket("data"))
    saved = s3_copy.Source(seats.root.client("s3"), ADA.bucket("data"), ADA.account).entries("")
    assert [entry.key for entry in saved] == sorted(bodies.keys() - {KEY})
    assert bodies.pop(KEY)
    assert not any(b"hf_of_ada" in body for body in bodies.values())


def test_a_rotated_or_removed_token_leaves_no_earlier_version(
    seats: Seats, ada: LiveWorkbench, teacher: Asker, tmp_path: Path
) -> None:
    (tmp_path / "tokens.csv").write_text("id,token\nada,hf_old\nben,hf_ben\n")
    assert teacher.command("token", "set", "HF_TOKEN", "--file", "tokens.csv").code == 0
    (tmp_path / "tokens.csv").write_text("id,token\nada,hf_new\n")
    rotated = teacher.command("token", "set", "HF_TOKEN", "--file", "tokens.csv", "--only", "ada")
    assert rotated.code == 0, rotated.err
    s3, where = seats.root.client("s3"), {"Bucket": ADA.bucket("data"), "Prefix": KEY}
    assert len(s3.list_object_versions(**where)["Versions"]) == 1
    assert ada.round() == ""
    file = ada.sandbox.root / "run/workshop-agent/tokens.sh"
    assert "hf_new" in file.read_text()
    for name in ("HF_TOKEN", "WANDB_API_KEY"):
        assert teacher.command("token", "remove", name).code == 0
    left = s3.list_object_versions(**where)
    assert (left.get("Versions", []), left.get("DeleteMarkers", [])) == ([], [])
    assert ada.round() == ""
    assert file.read_text() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,token\nada,x\n", "has no token for ben; add a line for each"),
        ("id,token\nada,x\nada,y\n", "line 3: ada is there twice; keep one"),
        ("id,token\nada,x\nben,y\neve,z\n", "eve: no seat of this id has a token HF_TOKEN"),
        ("id,token\nada,hf_secret é\n", "line 2: what stands for ada is no token"),
        ("ada,hf_secret\n", "has no line 'id,token' at its top"),
    ],
)
def test_a_wrong_file_of_tokens_is_told_without_a_value(
    teacher: Asker, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "tokens.csv").write_text(text)
    ran = teacher.command("token", "set", "HF_TOKEN", "--file", "tokens.csv")
    assert (ran.code, said in ran.err, "hf_secret" in ran.err) == (2, True, False), ran.err


def test_a_token_that_the_yaml_does_not_name_or_nobody_gave_is_told(teacher: Asker) -> None:
    ran = teacher.command("token", "set", "OTHER_TOKEN")
    assert (ran.code, "no seat has a token OTHER_TOKEN; write 'tokens:" in ran.err) == (2, True)
    ran = teacher.command("token", "set", "WANDB_API_KEY")
    assert (ran.code, "this terminal has no such variable" in ran.err) == (2, True)


def test_content_that_nothing_brings_yet_is_known(
    teacher: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = loader.load("demo", teacher.config)
    documents = {"content": [{"profile": "attendee", "folder": "solutions", "version": "1"}]}
    monkeypatch.setattr(CohortInbox, "read", lambda _: documents)
    assert refreshing.unsent(Clients(loaded.home), loaded, [loaded.home]) == ["extra"]
    documents.clear()
    assert refreshing.unsent(Clients(loaded.home), loaded, [loaded.home]) == ["extra", "solutions"]
