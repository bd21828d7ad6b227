"""``workshop swap``: whoever has a broken seat goes on at a spare, with the saved work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.accessibility import violations
from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.local_cloud import IAM
from tests.support.seats import ADA, Seats, registering
from tests.support.teardown_demo import is_marked
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran
from workshop.board import server
from workshop.board.guard import address
from workshop.cli.board import made_for
from workshop.cli.context import opened
from workshop.environments import loader
from workshop.naming import FREEZE, Names
from workshop.notebooks import start_stop
from workshop.requests import ask
from workshop.requests.ask import AgentWaits
from workshop.swap import swapping as command

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SPARE = Names("demo", "spare01", ADA.account, ADA.region)
ROSTER = 'id,name,email\nada,"Ada ""A"" Example",a@example.com\nben,Ben,\n'
PREFIX = "saved/from-ada"


@pytest.fixture(scope="module")
def spare(seats: Seats, tmp_path_factory: pytest.TempPathFactory) -> LiveWorkbench:
    text = registering().text
    seat = {"Parameters": [{"ParameterKey": "AttendeeId", "ParameterValue": SPARE.seat}]}
    for kind in USUAL_STACKS:
        made = seats.root.deploy(SPARE.stack(kind), text(ADA.stack(kind)), **seat, **IAM)
        assert made == "CREATE_COMPLETE"
    notebook = LiveWorkbench(tmp_path_factory.mktemp("notebooks") / "spare", seats, SPARE)
    assert notebook.start().returncode == 0
    notebook.round()
    return notebook


class Swaps:
    """``workshop swap`` in played time: both agents' rounds come while the command waits."""

    def __init__(
        self, organiser: Asker, seats: Seats, ada: LiveWorkbench, spare: LiveWorkbench
    ) -> None:
        self._organiser, self.seats, self.ada, self.spare = organiser, seats, ada, spare
        self.rounds: list[Callable[[], object]] = [ada.round, spare.round]
        self.config = organiser.config
        self.now = self.next_round = 0.0
        self.roster = organiser.config / "rosters/demo.csv"
        self.roster.write_text(ROSTER)
        environment = organiser.config / "demo.yaml"
        text = environment.read_text().replace("  file:", "  spares: 2\n  file:")
        environment.write_text(text)

    def waits(self, _: object, minutes: float) -> AgentWaits:
        return AgentWaits(self._pause, minutes, clock=lambda: self.now)

    def _pause(self, seconds: float) -> bool:
        self.now += seconds
        if self.now >= self.next_round:
            for round_ in self.rounds:
                round_()
            # systemd waits half a minute after a round has ended, and takes up to five seconds.
            self.next_round = self.now + 35
        return False

    def command(self, *arguments: str) -> Ran:
        return self._organiser.command("swap", *arguments)

    def is_frozen(self) -> bool:
        iam = self.seats.root.client("iam")
        attached = iam.list_attached_role_policies(RoleName=ADA.role)["AttachedPolicies"]
        return ADA.cohort_policy(FREEZE) in [policy["PolicyName"] for policy in attached]


@pytest.fixture
def swaps(
    organiser: Asker,
    seats: Seats,
    ada: LiveWorkbench,
    spare: LiveWorkbench,
    monkeypatch: pytest.MonkeyPatch,
) -> Swaps:
    made = Swaps(organiser, seats, ada, spare)
    monkeypatch.setattr(command, "AgentWaits", made.waits)
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(ask, "POLL_SECONDS", 5.0)
    thaw(seats)
    return made


def thaw(seats: Seats) -> None:
    """Take the freeze off ada's role."""
    iam = seats.root.client("iam")
    attached = iam.list_attached_role_policies(RoleName=ADA.role)["AttachedPolicies"]
    for policy in attached:
        if policy["PolicyName"] == ADA.cohort_policy(FREEZE):
            iam.detach_role_policy(RoleName=ADA.role, PolicyArn=policy["PolicyArn"])
    seats.root.client("sagemaker").delete_tags(ResourceArn=ADA.notebook_arn, TagKeys=["frozen"])


def test_nobody_agrees_and_nothing_is_done(swaps: Swaps) -> None:
    ran = swaps.command("ada", "spare01")
    assert ran.code == 3
    assert "nobody is there to agree, and nothing was done; agree with --yes" in ran.err
    assert swaps.roster.read_text() == ROSTER
    assert not swaps.is_frozen()


def test_the_row_and_the_saved_work_go_to_the_spare_and_the_broken_seat_is_frozen(
    swaps: Swaps,
) -> None:
    swaps.ada.write("answers/nine-o-five.ipynb", "what she had")
    swaps.spare.write("same.txt", "of the spare")
    swaps.ada.write("same.txt", "of ada")
    ran = swaps.command("ada", "spare01", "--yes")
    assert ran.code == 0, ran.err
    assert swaps.roster.read_text() == ROSTER.replace("\nada,", "\nspare01,")
    assert swaps.spare.read("answers/nine-o-five.ipynb") == "what she had"
    assert swaps.spare.read("same.txt") == "of the spare"
    (beside,) = swaps.spare.sandbox.home.glob("restored-*/same.txt")
    assert beside.read_text() == "of ada"
    assert swaps.is_frozen()
    assert is_marked(swaps.seats.root, ADA)
    assert not is_marked(swaps.seats.root, SPARE)
    assert f"copied into {PREFIX}/ of the bucket of spare01: " in ran.err
    assert "spare01 is ready; its link is in: workshop handout -e demo " in ran.err
    again = swaps.command("ada", "spare01", "--yes")
    assert again.code == 0, again.err
    assert swaps.roster.read_text() == ROSTER.replace("\nada,", "\nspare01,")
    taken = swaps.command("ben", "spare01", "--yes")
    assert taken.code == 3
    assert "spare01 is in use: a row of the roster has it; choose another spare" in taken.err


def test_a_swap_of_the_boards_button_ends_well_in_a_browser(swaps: Swaps, browser: Browser) -> None:
    swaps.ada.write("at-the-board.ipynb", "what she had")
    work = opened("demo", swaps.config)
    made = made_for(work, lambda: loader.load("demo", swaps.config), every=1, readonly=False)
    listening = server.bound(0)
    port = server.port_of(listening)
    with server.served(made.app(), listening):
        page = browser.new_page()
        page.goto(address(port, made.keys))
        page.get_by_text("Act on ada").click()
        page.get_by_role("link", name="Swap ada").click()
        page.get_by_label("The spare").fill("spare01")
        page.get_by_role("button", name="Swap: 1 seat").click()
        page.locator('[data-result="done"]').wait_for()
        assert page.get_by_text("spare01 is ready; its link is in: ").is_visible()
        assert violations(page) == []
        page.get_by_role("link", name="Back to the seats").click()
        page.locator('[data-seat="spare01"] [data-field="name"]', has_text="Example").wait_for()
        assert page.locator('[data-seat="ada"]').count() == 0
        page.close()
    made.runs.close()
    assert swaps.roster.read_text() == ROSTER.replace("\nada,", "\nspare01,")
    assert swaps.spare.read("at-the-board.ipynb") == "what she had"
    assert swaps.is_frozen()


def test_a_broken_seat_that_does_not_answer_and_a_stopped_spare_are_no_hindrance(
    swaps: Swaps,
) -> None:
    swaps.ada.write("old.ipynb", "saved before")
    swaps.ada.round("--save")
    swaps.rounds = [swaps.spare.round]
    sagemaker = swaps.seats.root.client("sagemaker")
    sagemaker.stop_notebook_instance(NotebookInstanceName=SPARE.notebook)
    ran = swaps.command("ada", "spare01", "--yes")
    assert ran.code == 0, ran.err
    assert "ada did not save once more: its agent did not answer in time" in ran.err
    assert swaps.spare.read("old.ipynb") == "saved before"


def test_a_broken_seat_is_replaced_within_a_minute_whenever_agents_look(swaps: Swaps) -> None:
    """Nobody answers at the broken seat, and the spare's agent has just looked when it is asked."""
    swaps.ada.write("in-a-minute.ipynb", "saved before")
    swaps.ada.round()
    swaps.ada.round("--save")
    swaps.rounds, swaps.next_round = [swaps.spare.round], 60 * command.SAVE_MINUTES
    ran = swaps.command("ada", "spare01", "--yes")
    assert ran.code == 0, ran.err
    assert swaps.spare.read("in-a-minute.ipynb") == "saved before"
    assert swaps.now <= 60


def test_what_a_broken_seat_saves_too_late_comes_after_the_rest(swaps: Swaps) -> None:
    swaps.ada.write("early.ipynb", "saved before")
    swaps.ada.round()
    swaps.ada.round("--save")
    swaps.ada.write("late.ipynb", "of the last minutes")
    swaps.next_round = 60 * command.SAVE_MINUTES + 5
    ran = swaps.command("ada", "spare01", "--yes")
    assert ran.code == 0, ran.err
    first, _, later = ran.err.partition("spare01 is ready; its link is in: ")
    assert "ada did not save once more: its agent did not answer in time" in first
    assert "ada has saved once more" in later
    assert swaps.spare.read("early.ipynb") == "saved before"
    assert swaps.spare.read("late.ipynb") == "of the last minutes"


def test_a_spare_that_does_not_answer_is_told_and_the_command_goes_on_later(swaps: Swaps) -> None:
    swaps.ada.write("later.ipynb", "x")
    swaps.rounds = [swaps.ada.round]
    ran = swaps.command("ada", "spare01", "--yes", "--minutes", "1")
    assert ran.code == 1
    assert "spare01 has not laid the files there yet: its agent did not answer" in ran.err
    assert "go on with: workshop swap -e demo " in ran.err
    assert swaps.is_frozen()
    swaps.rounds = [swaps.spare.round]
    assert swaps.command("ada", "spare01", "--yes").code == 0
    assert swaps.spare.read("later.ipynb") == "x"


def test_what_is_no_spare_or_nobodys_seat_is_refused(swaps: Swaps) -> None:
    in_use = swaps.command("ada", "ben", "--yes")
    assert in_use.code == 3
    assert "ben is in use" in in_use.err
    nobodys = swaps.command("spare02", "spare01", "--yes")
    assert nobodys.code == 2
    assert "spare02 is on no row of the roster, so that nobody has it: whoever sits there goes" in (
        nobodys.err
    )
    assert "--only spare01)" in nobodys.err
    assert swaps.command("eve", "spare01", "--yes").code == 2
    assert swaps.roster.read_text() == ROSTER


def test_a_spare_of_another_profile_is_refused(swaps: Swaps) -> None:
    text = ROSTER.replace("email", "email,region").replace(".com", ".com,eu-west-1")
    swaps.roster.write_text(text)
    ran = swaps.command("ada", "spare01", "--yes")
    assert ran.code == 3
    assert "choose a spare that is alike" in ran.err
    assert swaps.roster.read_text() == text
