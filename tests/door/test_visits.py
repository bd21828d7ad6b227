"""What people do at the door: open, start, wait, claim, raise a hand, download."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.support.door_visits import ADA, END, PROFILE, Door, door_without_stacks
from tests.support.local_cloud import Cloud
from workshop.door.codes import CLASS, spelled
from workshop.door.state import CLAIMS, OPENED


@pytest.fixture
def door(cloud: Cloud) -> Door:
    return door_without_stacks(cloud, "ada", "ben")


def test_a_code_opens_the_seat_and_its_button_leads_into_jupyterlab(door: Door) -> None:
    ada = door.visitor()
    assert "Open your notebook" in ada.get().words
    code = door.code("seat:ada")
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:].replace('0', 'o')}"
    assert ada.post("/code", code=typed).to == "/"
    page = ada.get()
    assert "Seat ada" in page.words
    assert "It is running." in page.words
    opened = ada.post("/open", view="lab")
    assert opened.status == 303
    assert re.fullmatch(
        r"http://demo-ada-notebook-\w+\.notebook\.us-east-1\.sagemaker\.localhost:\d+"
        r"\?authToken=.+&view=lab",
        opened.to,
    )
    assert ada.post("/open", view="tree").to.endswith("&view=tree")
    assert door.state.names(OPENED) == ["ada"]


def test_an_address_with_a_code_opens_the_seat_as_well(door: Door) -> None:
    ada = door.visitor()
    moved = ada.get(f"/c/{door.code('seat:ada')}")
    assert (moved.status, moved.headers["Refresh"]) == (200, "0;url=/")
    assert "Seat ada" in ada.get().words


def test_a_wrong_code_says_so_and_opens_nothing(door: Door) -> None:
    nobody = door.visitor()
    for wrong in ("0" * 13, "", door.code("seat:ada")[:-1], "<script>"):
        answer = nobody.post("/code", code=wrong)
        assert answer.status == 403
        assert "No seat has this code." in answer.words
        assert answer.cookies == []
    assert nobody.get("/c/nothing").status == 403
    assert nobody.post("/open").to == "/?say=no_session"


def test_a_stopped_notebook_is_started_and_the_page_says_how_long_that_takes(
    door: Door, cloud: Cloud
) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.stop_notebook_instance(NotebookInstanceName=ADA.notebook)
    cloud.advance(1)
    cloud.freeze()
    cloud.delays(notebook=60)
    ada = door.visitor("seat:ada")
    assert "It is stopped." in ada.get().words
    assert ada.post("/open").to == "/?say=not_open"
    assert ada.post("/start").to == "/"
    page = ada.get()
    assert "It is starting. That usually takes 3 to 6 minutes" in page.words
    assert page.headers["Refresh"] == "15;url=/"
    assert "Refresh" not in ada.get("/?still=1").headers
    cloud.advance(61)
    door.pass_by(seconds=61)
    page = ada.get()
    assert "It is running." in page.words
    assert "Refresh" not in page.headers


def test_two_people_who_claim_the_last_seat_at_once_get_one_seat(door: Door) -> None:
    door.let_claim("ben")
    people = [door.visitor(CLASS) for _ in range(8)]
    for one in people:
        one.memory = dict(door.memory)  # functions of their own, as when all ask at once
    tokens = [one.get().token for one in people]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda pair: pair[0].post("/claim", pair[1]), zip(people, tokens, strict=True))
        )
    got = sorted(answer.to for answer in answers)
    assert got == ["/?say=claim_none"] * 7 + ["/?say=claimed"]
    assert door.state.names(CLAIMS) == ["ben"]


def test_a_claimed_seat_shows_its_code_and_the_code_works_elsewhere(door: Door) -> None:
    door.let_claim("ben")
    late = door.visitor(CLASS)
    assert "Claim a free seat" in late.get().words
    assert late.post("/claim").to == "/?say=claimed"
    page = late.get("/?say=claimed")
    assert "Seat ben" in page.words
    found = re.search(r"come back: ([0-9A-Z-]{15})", page.words)
    assert found is not None
    phone = door.visitor()
    assert phone.post("/code", code=found[1]).to == "/"
    assert "Seat ben" in phone.get().words


def test_a_claim_that_is_sent_twice_gives_one_seat(door: Door) -> None:
    door.let_claim("ada", "ben")
    late = door.visitor(CLASS)
    token, cookies = late.get().token, dict(late.cookies)
    first = late.post("/claim", token)
    seat = door.state.names(CLAIMS)
    late.cookies = cookies
    assert (first.to, late.post("/claim", token).to) == ("/?say=claimed", "/?say=claimed")
    assert door.state.names(CLAIMS) == seat
    assert len(seat) == 1


def test_who_has_a_seat_and_reads_the_class_code_again_takes_no_second_one(door: Door) -> None:
    door.let_claim("ada", "ben")
    late = door.visitor(CLASS)
    late.post("/claim")
    for _ in range(2):
        late.get(f"/c/{door.code(CLASS)}")
        late.post("/code", code=door.code(CLASS))
        assert late.post("/claim").to == "/?say=claim_closed"
    assert len(door.state.names(CLAIMS)) == 1
    late.post("/leave")
    late.post("/code", code=door.code(CLASS))
    assert late.post("/claim").to == "/?say=claimed"


def test_a_seat_that_somebody_opened_by_a_slip_is_nobody_elses_to_claim(door: Door) -> None:
    """Rosters without names have slips for everybody: two people in one notebook see all of it."""
    door.let_claim("ada", "ben")
    ada = door.visitor("seat:ada")
    ada.post("/open")
    assert door.visitor(CLASS).post("/claim").to == "/?say=claimed"
    assert door.visitor(CLASS).post("/claim").to == "/?say=claim_none"
    assert door.state.names(CLAIMS) == ["ben"]
    door.state.undo("ada")
    door.pass_by(seconds=6)
    other = door.visitor(CLASS)
    assert other.post("/claim").to == "/?say=claimed"
    other.post("/open")
    assert door.state.names(OPENED) == ["ada"]


def test_a_seat_that_is_claimed_right_after_an_undo_shows_its_new_code(door: Door) -> None:
    """Other visitors may be told of the undo some seconds later; the claimer is not sent away."""
    door.let_claim("ben")
    late = door.visitor(CLASS)
    late.get()  # what is known of generations is from before
    door.state.undo("ben")
    assert late.post("/claim").to == "/?say=claimed"
    assert spelled(door.code("seat:ben")) in late.get("/?say=claimed").words


def test_nobody_claims_after_the_organiser_closed_it_or_its_time_is_over(door: Door) -> None:
    late = door.visitor(CLASS)
    assert "Seats cannot be claimed at the moment" in late.get().words
    door.let_claim("ben")
    token = late.get().token
    door.pass_by(minutes=16)
    assert late.post("/claim", token).to == "/?say=claim_closed"
    assert door.state.names(CLAIMS) == []


def test_an_undone_claim_frees_the_seat_and_its_code_opens_nothing_any_more(door: Door) -> None:
    door.let_claim("ben")
    greedy = door.visitor(CLASS)
    greedy.post("/claim")
    greedy.post("/hand", up="1", word="for myself alone")
    old = door.code("seat:ben")
    assert door.state.undo("ben")
    door.pass_by(seconds=6)
    assert "Open your notebook" in greedy.get().words
    assert door.visitor().post("/code", code=old).status == 403
    other = door.visitor(CLASS)
    assert other.post("/claim").to == "/?say=claimed"
    page = other.get().words
    assert "Seat ben" in page
    assert "for myself alone" not in page


def test_a_hand_is_raised_seen_taken_and_lowered(door: Door) -> None:
    ada, helper = door.visitor("seat:ada"), door.visitor("helper:2")
    ada.post("/hand", up="1", word="  my  kernel dies " + "x" * 200)
    assert "Your hand is up since 10:00." in ada.get().words
    page = helper.get()
    assert "Helper 2" in page.words
    assert "my kernel dies x" in page.words
    assert "x" * 141 not in page.words
    assert page.words.index("ada") < page.words.index("ben InService")
    assert helper.post("/taken", seat="ada").to == "/"
    assert "Your hand was seen" in ada.get().words
    assert "seen by helper 2" in helper.get().words
    assert not door.state.take_hand("ada", "3")
    ada.post("/hand", up="0")
    assert "my kernel" not in helper.get().words


def test_helpers_see_seats_states_and_hands_and_open_nothing(door: Door) -> None:
    helper = door.visitor("helper:1")
    assert helper.post("/open").to == "/"
    assert helper.post("/start").to == "/"
    assert helper.get("/files").to == "/"
    assert helper.post("/file", path="x").to == "/"
    assert "Open JupyterLab" not in helper.get().words
    ada = door.visitor("seat:ada")
    ada.post("/hand", up="1", word="help")
    ada.post("/taken", seat="ada")
    assert "taken" not in door.state.hands()["ada"]


def test_messages_to_all_and_to_the_seat_are_shown_with_the_money(cloud: Cloud) -> None:
    door = door_without_stacks(cloud, "ada", "ben", cap=25)
    inbox = {
        "messages": [
            {"id": "1", "time": door.now.timestamp(), "text": "Lunch <i>until</i> 13:15"},
            {"id": "2", "time": door.now.timestamp(), "text": "Ben only", "seats": ["ben"]},
        ]
    }
    spending = {"usd": {"ada": {"notebook": 1.5, "training": 2.0}}}
    for bucket, key, body in (
        (ADA.datasets_bucket, "workshop/inbox.json", inbox),
        (ADA.watch_bucket, "spending.json", spending),
    ):
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode())
    page = door.visitor("seat:ada").get()
    assert "Lunch <i>until</i> 13:15" in page.words
    assert "<i>" not in page.body
    assert "Ben only" not in page.words
    assert "3.50 of 25.00 USD" in page.words
    assert "04.12. 17:00 (UTC+01:00), in 31 h 0 min" in page.words
    assert "s3://demo-ada-data-000000000000-us-east-1/" in page.words
    assert "Ben only" in door.visitor("seat:ben").get().words


def test_saved_files_are_downloaded_by_their_seat_alone(door: Door, cloud: Cloud) -> None:
    bucket, name = ADA.bucket("data"), "notes & <b>plots</b>/été 1.txt"
    cloud.client("s3").put_object(Bucket=bucket, Key=f"saved/files/{name}", Body=b"work")
    cloud.client("s3").put_object(Bucket=bucket, Key="train/secret.csv", Body=b"data")
    ada = door.visitor("seat:ada")
    page = ada.get("/files")
    assert f"Download {name}" in page.words
    assert "secret" not in page.words
    assert "<b>" not in page.body
    link = ada.post("/file", path=name).to
    with urlopen(link) as download:  # noqa: S310 - the local cloud's
        assert download.read() == b"work"
        assert download.headers["Content-Disposition"].startswith("attachment")
    assert "X-Amz-Expires=60" in link or "Expires=" in link
    assert "Nothing is saved yet." in door.visitor("seat:ben").get("/files").words


def test_after_the_end_a_code_opens_saved_work_alone(door: Door) -> None:
    ada = door.visitor("seat:ada")
    token = ada.get().token
    door.now = END
    page = ada.get()
    assert "Sign" not in page.words
    door.visitor("seat:ada")
    ada = door.visitor("seat:ada")
    page = ada.get()
    assert "The workshop is over. Your saved work can still be downloaded here." in page.words
    assert "Open JupyterLab" not in page.words
    for path in ("/open", "/start", "/hand"):
        assert ada.post(path).to == "/"
    assert ada.post("/open", token).status == 403
    assert ada.get("/files").status == 200
    assert door.state.names(OPENED) == []


def test_after_the_last_day_of_saved_work_the_door_is_closed(cloud: Cloud) -> None:
    until = END + timedelta(days=3)
    door = door_without_stacks(cloud, "ada", notebooks=False, saved_until=until.isoformat())
    door.now = until - timedelta(seconds=1)
    ada = door.visitor("seat:ada")
    assert ada.get("/files").status == 200
    door.now = until
    for answer in (ada.get(), ada.get("/files"), ada.post("/code", code=door.code("seat:ada"))):
        assert answer.status == 410
        assert "this page is closed" in answer.words
    assert ada.get("/check").status == 200


def test_whoever_leaves_has_no_session(door: Door) -> None:
    ada = door.visitor("seat:ada")
    assert ada.post("/leave").to == "/?say=left"
    assert "You have left." in ada.get("/?say=left").words
    assert ada.post("/open").to == "/?say=no_session"


def test_the_page_of_the_network_names_the_domain_of_notebooks(door: Door) -> None:
    page = door.visitor().get("/check")
    port = urlsplit(door.cloud.endpoint).port
    domain = f"notebook.us-east-1.sagemaker.localhost:{port}"
    assert f"ask its administrators for *.{domain}" in page.words
    assert f'href="http://demo-check.{domain}"' in page.body


def test_it_speaks_the_language_that_was_chosen_or_that_the_browser_asks_for(door: Door) -> None:
    visitor = door.visitor()
    visitor.headers["accept-language"] = "fr-FR,fr;q=0.9,de-CH;q=0.8,en;q=0.7"
    page = visitor.get()
    assert '<html lang="de">' in page.body
    assert "Notebook öffnen" in page.words
    visitor.get("/?lang=en")
    assert '<html lang="en">' in visitor.get().body
    visitor.headers["accept-language"] = "fr"
    visitor.cookies.clear()
    assert '<html lang="en">' in visitor.get("/?lang=xx").body


def test_a_notebook_is_opened_though_it_cannot_be_counted(door: Door, cloud: Cloud) -> None:
    ada = door.visitor("seat:ada")
    token = ada.get().token
    cloud.faults({"effect": "throttle", "operation": "s3:PutObject"})
    assert "authToken" in ada.post("/open", token).to
    cloud.faults()
    assert door.state.names(OPENED) == []
    ada.post("/open", token)
    assert door.state.names(OPENED) == ["ada"]


def test_what_aws_cannot_do_now_is_said_without_a_traceback(door: Door, cloud: Cloud) -> None:
    ada = door.visitor("seat:ada")
    token = ada.get().token
    cloud.faults(
        {"effect": "throttle", "operation": "sagemaker:CreatePresignedNotebookInstanceUrl"}
    )
    answer = ada.post("/open", token)
    assert answer.status == 503
    assert "AWS is busy." in answer.words


def test_a_seat_without_a_notebook_has_a_page_without_one(cloud: Cloud) -> None:
    bare = {**PROFILE, "notebook": False}
    door = door_without_stacks(cloud, "ada", notebooks=False, profiles={"attendee": bare})
    page = door.visitor("seat:ada").get().words
    assert "Your notebook" not in page
    assert "Open JupyterLab" not in page
    assert "s3://demo-ada-data-" in page
