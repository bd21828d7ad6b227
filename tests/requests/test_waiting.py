"""How long agents are waited for: as long as was said, and not for those that are not there."""

from __future__ import annotations

from itertools import count

from workshop.aws.agent_reports import AgentReport
from workshop.aws.machine_kinds import machines_of
from workshop.aws.reads import Unavailable
from workshop.config.roster import Seat
from workshop.requests import ask
from workshop.requests.ask import AgentAnswer, AgentWaits

ADA, BEN = (
    Seat(one, "attendee", "000000000000", "us-east-1", "ml.t3.medium", 5) for one in ("ada", "ben")
)


def waited(minutes: float, **reports: AgentReport | Unavailable) -> dict[str, tuple[int, str]]:
    """Wait a minute at a time; return at which minute each seat's answer came, and its reason."""
    clock, ends = count(step=60), dict[str, tuple[int, str]]()
    passed = -1

    def now() -> float:
        nonlocal passed
        passed += 1
        return next(clock)

    def end(answer: AgentAnswer) -> None:
        ends[answer.seat.id] = (passed, answer.reason)

    waits = AgentWaits(lambda _: False, minutes, clock=now)
    asked = machines_of([ADA, BEN])
    ask.wait_for(lambda one: reports[one.seat.id], asked, "request", waits, end)
    return ends


def test_an_agent_that_has_never_reported_is_given_up_after_five_minutes() -> None:
    reported = AgentReport(time=1.0)
    assert waited(15, ada=AgentReport(), ben=reported) == {
        "ada": (5, "its agent has never reported"),
        "ben": (15, "its agent did not answer in time"),
    }


def test_what_cannot_be_read_is_no_agent_that_is_not_there() -> None:
    ends = waited(15, ada=AgentReport(), ben=Unavailable("AccessDenied"))
    assert ends["ben"] == (15, "its report: AccessDenied")


def test_a_shorter_time_holds_for_all() -> None:
    ends = waited(2, ada=AgentReport(), ben=AgentReport(time=1.0))
    assert [minute for minute, _ in ends.values()] == [2, 2]
