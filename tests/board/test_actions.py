"""Buttons of the board do what the commands do, after somebody has agreed."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.boards import (
    COHORT_NAMES,
    DATASETS,
    WATCH,
    ServedBoard,
    board_of,
    class_of,
    has_door,
    result,
)
from tests.support.local_cloud import TRUST, Cloud
from workshop.agent.inbox import KEY
from workshop.board.actions import ACTIONS, ActionWork
from workshop.door.state import CLAIMS, FIRST, SOURCES, DoorState
from workshop.errors import UsageError
from workshop.ledger import Ledger
from workshop.naming import FREEZE, Names
from workshop.notebooks import start_stop
from workshop.teardown import session
from workshop.teardown.resources import ALL

SWEPT = ("training job", "trial component", "endpoint", "notebook", "bucket")
"""Resource types that are looked for: that each is found is tested elsewhere."""
ADA = Names("vision", "seat01", "000000000000", "us-east-1")


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedBoard]:
    """The board of three people with notebooks, roles and the policy that freezes them."""
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 0.01)
    monkeypatch.setattr(session, "ALL", [one for one in ALL if one.name in SWEPT])
    room = class_of(cloud, tmp_path, monkeypatch, ("Ada", "Ben", "Cy"))
    room.notebooks([1, 2, 3])
    for number in (1, 2, 3):
        room.stacks(number)
    iam = cloud.client("iam")
    iam.create_policy(
        PolicyName=COHORT_NAMES.cohort_policy(FREEZE),
        Path="/ws/vision/",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Deny", "Action": "sagemaker:Create*", "Resource": "*"}],
            }
        ),
    )
    for number in (1, 2, 3):
        iam.create_role(
            RoleName=Names("vision", f"seat0{number}", "000000000000", "us-east-1").role,
            Path="/ws/vision/",
            AssumeRolePolicyDocument=json.dumps(TRUST),
        )
    with board_of(room) as made:
        yield made


def test_notebooks_are_stopped_and_started_and_only_those_that_were_chosen(
    served: ServedBoard,
) -> None:
    page = served.does("stop", "seat01", "seat03")
    assert result(page) == "done"
    assert "<li>seat01: stopped</li>" in page
    statuses = served.room.statuses()
    assert [statuses[f"vision-seat0{at}-notebook"] for at in (1, 2, 3)] == [
        "Stopped",
        "InService",
        "Stopped",
    ]
    served.organiser().event_when(
        lambda view: (
            [tile["fields"]["state"] for tile in view["tiles"]]
            == ["Stopped", "InService", "Stopped"]
        )
    )
    page = served.does("start", "seat01", "seat02")
    assert "<li>seat01: started</li>" in page
    assert "<li>seat02: started already</li>" in page


def test_a_confirmation_names_the_seats_the_effect_and_the_command(served: ServedBoard) -> None:
    page = served.organiser().get("/confirm/stop?seat=seat01&seat=seat02").text
    assert "Stop 2 seats" in page
    assert "<strong>seat01, seat02</strong>" in page
    assert "what was not saved in an open program is lost" in page
    assert "<code>workshop stop -e room --only seat01,seat02</code>" in page
    assert set(served.room.statuses().values()) == {"InService"}


def test_a_seat_is_frozen_shown_so_and_reopened(served: ServedBoard) -> None:
    def frozen() -> bool:
        attached = served.room.cloud.client("iam").list_attached_role_policies(RoleName=ADA.role)
        return bool(attached["AttachedPolicies"])

    assert "<li>seat01: frozen</li>" in served.does("freeze", "seat01")
    assert frozen()
    sagemaker = served.room.cloud.client("sagemaker")
    arn = sagemaker.describe_notebook_instance(NotebookInstanceName=ADA.notebook)
    tagged = sagemaker.list_tags(ResourceArn=arn["NotebookInstanceArn"])["Tags"]
    assert {"Key": "frozen", "Value": "true"} in tagged  # the door is denied what has it
    served.organiser().event_when(
        lambda view: view["tiles"][0]["fields"]["state"] == "InService, frozen"
    )
    page = served.does("reopen", "seat01", "seat02")
    assert "<li>seat01: reopened</li>" in page
    assert "<li>seat02: was not frozen</li>" in page
    assert not frozen()


def test_a_message_goes_to_everybody_and_an_empty_one_to_nobody(served: ServedBoard) -> None:
    page = served.does("tell", text="  Lunch   until 13:15 ")
    assert "machines of 3 seats show it within two minutes" in page
    body = served.room.cloud.client("s3").get_object(Bucket=DATASETS, Key=KEY)["Body"].read()
    assert [one["text"] for one in json.loads(body)["messages"]] == ["Lunch until 13:15"]
    empty = served.does("tell", text=" ")
    assert result(empty) == "failed"
    assert "the message is empty; write what everybody is to read" in empty
    assert "everybody was told: Lunch until 13:15" in served.organiser().get("/day").text


def test_saving_says_which_notebooks_do_not_run(served: ServedBoard) -> None:
    served.does("stop", "seat02")
    page = served.does("save", "seat02")
    assert result(page) == "done"
    assert "seat02: not running: its notebook is Stopped" in page


def test_a_swap_that_cannot_be_is_refused_where_it_is_asked_for(served: ServedBoard) -> None:
    organiser = served.organiser()
    fields = organiser.forms("/confirm/swap?seat=seat01")["/do/swap"]
    given = [pair for pair in fields if pair[0] != "spare"]
    taken = organiser.post("/do/swap", [*given, ("spare", "seat02")])
    assert taken.status == 400
    assert "seat02 is in use: a row of the roster has it; choose another spare" in taken.text
    unknown = organiser.post("/do/swap", [*given, ("spare", "nobody")])
    assert "is no seat of this workshop; name a spare" in unknown.text


def test_a_sweep_shows_its_plan_and_takes_the_workshops_name_before_it_deletes(
    served: ServedBoard,
) -> None:
    room = served.room
    room.cloud.delays(training=600)
    room.role = room.cloud.client("iam").get_role(RoleName=ADA.role)["Role"]["Arn"]
    room.trains("vision-seat01-fit")

    def jobs() -> list[str]:
        listed = room.cloud.client("sagemaker").list_training_jobs(StatusEquals="InProgress")
        return [one["TrainingJobName"] for one in listed["TrainingJobSummaries"]]

    organiser = served.organiser()
    shown = served.does("sweep", "seat01", "seat02", "seat03")
    assert "this deletes" in shown
    assert "seat01: training job vision-seat01-fit: delete" in shown
    assert jobs() == ["vision-seat01-fit"]
    follow = shown.partition("/confirm/sweep-apply")[2].partition('"')[0]
    where = f"/confirm/sweep-apply{follow.replace('&amp;', '&')}"
    fields = organiser.forms(where)["/do/sweep-apply"]
    given = [pair for pair in fields if pair[0] != "name"]
    refused = organiser.post("/do/sweep-apply", [*given, ("name", "visoin")])
    assert refused.status == 400
    assert "is not the workshop&#39;s name" in refused.text
    assert jobs() == ["vision-seat01-fit"]
    begun = organiser.post("/do/sweep-apply", [*given, ("name", "vision")])
    page = served.done(organiser, begun.leads_to)
    assert "the report: " in page
    (swept,) = [run for run in Ledger("room").runs() if run.command == "sweep"]
    assert swept.ended is not None
    assert jobs() == []


def test_of_two_swaps_at_once_the_second_is_refused(served: ServedBoard) -> None:
    """Else the files of two people could be laid into one spare."""
    done = threading.Event()

    def does(_: ActionWork) -> None:
        done.wait()

    waits = dataclasses.replace(ACTIONS["swap"], does=does)
    runs, (ada, ben, cy) = served.board.runs, served.board.source.known.seats
    first = runs.begin("swap", waits, (ada,), {"spare": cy.id})
    try:
        assert runs.begin("swap", waits, (ada,), {"spare": cy.id}) is first
        with pytest.raises(UsageError, match="seat01: swap is under way; wait until it is done"):
            runs.begin("swap", waits, (ben,), {"spare": cy.id})
    finally:
        done.set()
    first.ended.wait()
    assert runs.begin("swap", waits, (ben,), {"spare": cy.id}) is not first


def test_a_sweep_is_of_the_plan_that_its_page_names_and_of_no_other(served: ServedBoard) -> None:
    served.room.trains("vision-seat01-fit")
    organiser = served.organiser()
    served.does("sweep", "seat01", "seat02", "seat03")  # the plan that was shown last
    everybody = "?seat=seat01&seat=seat02&seat=seat03"
    for digest in ("", "&digest=", f"&digest={'0' * 12}"):
        fields = organiser.forms(f"/confirm/sweep-apply{everybody}{digest}")
        given = [pair for pair in fields["/do/sweep-apply"] if pair[0] != "name"]
        begun = organiser.post("/do/sweep-apply", [*given, ("name", "vision")])
        page = served.done(organiser, begun.leads_to) if begun.leads_to else begun.text
        assert "look at" in page
        assert "the report: " not in page
    listed = served.room.cloud.client("sagemaker").list_training_jobs(StatusEquals="InProgress")
    assert len(listed["TrainingJobSummaries"]) == 1


def test_opening_leads_to_a_fresh_link_and_a_stopped_notebook_says_why_not(
    served: ServedBoard,
) -> None:
    organiser = served.organiser()
    page = organiser.get("/")
    token = organiser.forms("/")["/open"][0]
    opened = organiser.post("/open", [token, ("seat", "seat01")])
    assert opened.status == 303
    at_home = f"notebook.us-east-1.sagemaker.localhost:{served.room.cloud.running.port}"
    assert f".{at_home}?authToken=" in opened.leads_to
    policy = page.headers["content-security-policy"]
    assert f"form-action 'self' http://*.{at_home};" in policy
    again = organiser.post("/open", [token, ("seat", "seat01")])
    assert again.leads_to != opened.leads_to
    served.does("stop", "seat01")
    stopped = organiser.post("/open", [token, ("seat", "seat01")])
    assert stopped.status == 409
    assert "seat01: the notebook is Stopped" in stopped.text


def test_what_was_done_is_on_the_day_and_nowhere_a_link(served: ServedBoard) -> None:
    organiser = served.organiser()
    token = organiser.forms("/")["/open"][0]
    link = organiser.post("/open", [token, ("seat", "seat01")]).leads_to
    served.does("stop", "seat01")
    day = organiser.get("/day").text
    assert "board stop begins" in day
    assert "board stop ends: result done" in day
    assert "Stop: seat01</a>, done" in organiser.get("/actions").text
    kept = [path for path in Path.cwd().rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        text = path.read_text(encoding="utf-8")
        assert link.partition("authToken=")[2] not in text
        assert served.board.keys.token not in text
    assert [run.command for run in Ledger("room").runs()] == ["board stop"]


def test_what_was_done_at_a_board_before_is_still_told(served: ServedBoard) -> None:
    served.does("stop", "seat01")
    Ledger("room").begin("board start", only=["seat02"])  # and its board was killed
    with board_of(served.room) as later:
        page = later.organiser().get("/actions").text
    now, _, before = page.partition("<h2>Before</h2>")
    assert "none yet" in now
    lines = [" ".join(line.split()[3:]) for line in before.splitlines() if "<li>" in line]
    assert lines == ["Start: seat02, broken off with its board</li>", "Stop: seat01, done</li>"]
    assert "Before" not in served.organiser().get("/actions").text


def test_claims_are_seen_at_their_pace_and_undone_together(served: ServedBoard) -> None:
    has_door(served.room)
    state = DoorState(served.room.cloud.client("s3"), WATCH, "000000000000")
    for seat in ("seat02", "seat03"):
        assert state.write(f"{SOURCES}3f2a1/{seat}", b"", FIRST)
        assert state.claim(seat, seat, f"3f2a1/{seat}")
    served.board.live.changed()
    told = "2 seats claimed, 2 in the last minute; 1 network address, at most 2 seats from one"
    organiser = served.organiser()
    organiser.event_when(lambda view: view["claims"] == told)
    assert told in organiser.get("/").text
    page = served.does("undo", since="0:00")
    assert result(page) == "done"
    assert "<li>seat02: free again, with a new code</li>" in page
    assert "2 claims undone; claiming is closed" in page
    assert state.names(CLAIMS) == []
    organiser.event_when(lambda view: view["claims"] == "")
    assert "is no time of today" in served.does("undo", since="noon")
    asked = organiser.get("/confirm/undo").text
    assert "<code>workshop door undo -e room" in asked
    assert "--since 10:05</code>" in asked
